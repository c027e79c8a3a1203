"""The manifest of a result: what was asked, in plain data, so that a report needs nothing else."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

from bandits.description import table_of
from bandits.protocol import Needs
from experiments.cells import Cell
from experiments.provenance import versions
from experiments.spec import Experiment, label_of_any
from experiments.store import RESULT_FORMAT


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
                "informed": Needs.of(policy).sees_expected or Needs.of(policy).sees_typical,
            }
            for policy in experiment.policies
        ],
        "only": experiment.only,
        "cells": keys,
        "versions": versions(),
    }
