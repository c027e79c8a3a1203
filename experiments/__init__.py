"""Experiments: which policies play in which worlds, how often; what came of it, for whom."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.result import Result
    from experiments.spec import Experiment
    from experiments.sweep import run

__all__ = ["Experiment", "Result", "run"]

_HOMES = {"Experiment": "experiments.spec", "Result": "experiments.result", "run": "experiments.sweep"}


def __getattr__(name: str) -> object:
    """Import each name when it is first asked for: the help of the command line must not wait for all of them."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """What there is to ask for, in a notebook's completion too."""
    return sorted({*globals(), *__all__})
