"""Experiments: which policies play in which worlds, how often; what came of it, for whom."""

from experiments.result import Result
from experiments.spec import Experiment
from experiments.sweep import run

__all__ = ["Experiment", "Result", "run"]
