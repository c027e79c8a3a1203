"""Policies that keep cohorts apart, or pool them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from bandits.answers import Misbehaviour
from bandits.fit import misfit_of
from bandits.loops import in_blocks
from bandits.protocol import Block, BlockLearner, Choices, Floats, Ints, Policy, Problem
from bandits.wrapper import Wrapper


class PerCohort(Wrapper):
    """One learner for each cohort: nothing is shared, so that a small cohort is not outvoted, and learns alone.

    It is told each visitor's cohort. Use it where labels exist; PersonaBelief where they must be inferred.

    Args:
        policy: what is started once for each cohort.
    """

    def __init__(self, policy: Policy, *, name: str | None = None) -> None:
        super().__init__(policy, name=name)

    @property
    def sees_cohort(self) -> bool:
        """Each learner has a cohort."""
        return True

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return misfit_of(self.policy, problem)

    def start(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        """Make a fresh learner for each cohort."""
        return _PerCohort([in_blocks(self.policy.start(problem, r)) for r in rng.spawn(len(problem.cohorts or ()))])


class _PerCohort(BlockLearner):
    def __init__(self, learners: list[BlockLearner]) -> None:
        self._learners = learners

    def _split(self, block: Block) -> list[tuple[BlockLearner, Ints]]:
        if block.cohort is None:
            raise ValueError("PerCohort needs cohort labels")
        parts = [(learner, np.flatnonzero(block.cohort == c)) for c, learner in enumerate(self._learners)]
        return [(learner, rows) for learner, rows in parts if len(rows)]

    def play(self, block: Block) -> Choices:
        action, propensity = np.empty(len(block), dtype=np.int64), np.empty(len(block))
        memo: Floats | None = None
        for learner, rows in self._split(block):
            with _among(rows):
                part = learner.play(block.rows(rows))
            action[rows], propensity[rows] = part.action, part.propensity
            if part.memo is not None:
                memo = np.full((len(block), part.memo.shape[1]), np.nan) if memo is None else memo
                memo[rows] = part.memo
        return Choices(action, propensity, memo)

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        for learner, rows in self._split(block):
            with _among(rows):
                learner.learn_many(block.rows(rows), choices.rows(rows), rewards[rows])

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        for learner, rows in self._split(block):
            with _among(rows):
                learner.correct_many(block.rows(rows), choices.rows(rows), deltas[rows])


@contextmanager
def _among(rows: Ints) -> Iterator[None]:
    """Count the visit in which a cohort's learner misbehaved among the visits of all."""
    try:
        yield
    except Misbehaviour as error:
        if error.row is not None:
            error.row = int(rows[error.row])
        raise
