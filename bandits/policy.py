"""What all policies of ours have in common: they are descriptions that say whether they fit, and start learners."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from bandits.description import Description
from bandits.errors import InputError
from bandits.protocol import BlockLearner, Problem


class BuiltIn(Description):
    """A policy of ours.

    Class attributes say what it needs and what it can (see `bandits.protocol.Needs`), each False if absent: among them
    `uncertain`, whether it has estimates with standard deviations, so that others can be cautious for it.
    """

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)  # said once more for the type checker, which makes one up from the fields else

    def misfit(self, problem: Problem) -> str | None:  # noqa: ARG002  most fit every world
        """Why the policy does not fit a world, in words that follow its name, or None."""
        return None

    def start(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        """Make a fresh learner, whose only randomness is `rng`.

        Raises:
            InputError: when the policy does not fit, or `rng` is no generator.
        """
        if not isinstance(rng, np.random.Generator):
            what = f"needs a random generator, got {rng!r}; hand in numpy.random.default_rng(7)"
            raise InputError(f"policy {self.label!r} {what}")
        if why := self.misfit(problem):
            raise InputError(f"policy {self.label!r} {why}")
        learner = self._begin(problem, rng)
        learner.origin = self, problem
        return learner

    @abstractmethod
    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        """Make the learner, of a world that the policy fits."""
