"""The manifest of a result: what was asked, in plain data, so that a report needs nothing else."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import inspect
import platform
from typing import Any

from bandits.description import table_of
from experiments.cells import Cell
from experiments.spec import Experiment, label_of_any
from experiments.store import RESULT_FORMAT

PACKAGES = ("personabandits", "numpy", "scipy", "numba", "polars", "pydantic", "vowpalwabbit")


def manifest_of(experiment: Experiment, cells: list[Cell]) -> dict[str, Any]:
    """Everything that was asked, by label; `cells` maps environment and policy to the keys of their replications."""
    keys: dict[str, dict[str, list[str]]] = {}
    for cell in cells:
        policies = keys.setdefault(label_of_any(cell.environment), {})
        policies.setdefault(label_of_any(cell.policy), []).append(cell.key)
    return {
        "format": RESULT_FORMAT,
        "name": experiment.name,
        "seed": experiment.seed,
        "replications": experiment.replications,
        "environments": [
            {
                "label": label_of_any(environment),
                "table": table_of(environment),
                "about": dataclasses.asdict(environment.about),
            }
            for environment in experiment.environments
        ],
        "policies": [
            {
                "label": label_of_any(policy),
                "table": table_of(policy),
                "summary": (inspect.getdoc(type(policy)) or "").partition("\n\n")[0].replace("\n", " "),
            }
            for policy in experiment.policies
        ],
        "only": experiment.only,
        "cells": keys,
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Of Python and of every package that a result may depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
