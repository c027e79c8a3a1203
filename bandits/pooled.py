"""Policies that keep cohorts apart, or pool them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from bandits.answers import Misbehaviour
from bandits.fit import misfit_of
from bandits.loops import in_blocks
from bandits.protocol import Block, BlockLearner, Choices, Floats, Ints, Policy, Problem
from bandits.shown import numbered
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

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        return _PerCohort([in_blocks(self.policy.start(problem, r)) for r in rng.spawn(len(problem.cohorts or ()))])


class _PerCohort(BlockLearner):
    def __init__(self, learners: list[BlockLearner]) -> None:
        self._learners = learners

    def _split(self, block: Block) -> list[tuple[BlockLearner, Ints]]:
        cohort = numbered(block.cohort, len(self._learners), "cohort", "PerCohort")
        parts = [(learner, np.flatnonzero(cohort == c)) for c, learner in enumerate(self._learners)]
        return [(learner, rows) for learner, rows in parts if len(rows)]

    def play(self, block: Block) -> Choices:
        parts = []
        for learner, rows in self._split(block):
            with _among(rows):
                parts.append((rows, learner.play(block.rows(rows))))
        return merged(len(block), parts)

    def estimates(self, block: Block) -> tuple[Floats, Floats]:
        mean, sd = np.empty(block.available.shape), np.empty(block.available.shape)
        for learner, rows in self._split(block):
            mean[rows], sd[rows] = learner.estimates(block.rows(rows))
        return mean, sd

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        for learner, rows in self._split(block):
            with _among(rows):
                learner.learn_many(block.rows(rows), choices.rows(rows), rewards[rows])

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        for learner, rows in self._split(block):
            with _among(rows):
                learner.correct_many(block.rows(rows), choices.rows(rows), deltas[rows])


def merged(N: int, parts: list[tuple[Ints, Choices]]) -> Choices:
    """The choices of N visits, from those of some of them each."""

    def whole(of: Callable[[Choices], npt.NDArray[Any] | None], missing: object) -> Any:  # noqa: ANN401  of any type
        known = [(rows, values) for rows, part in parts if (values := of(part)) is not None]
        if not known:
            return None
        stacked = np.full((N, *known[0][1].shape[1:]), missing, dtype=known[0][1].dtype)
        for rows, values in known:
            stacked[rows] = values
        return stacked

    if not parts:
        return Choices(np.empty(0, dtype=np.int64), np.empty(0))
    return Choices(
        action=whole(lambda part: part.action, 0),
        propensity=whole(lambda part: part.propensity, np.nan),
        memo=whole(lambda part: part.memo, np.nan),
        error=whole(lambda part: part.error, 0.0),
        explored=whole(lambda part: part.explored, False),
    )


@contextmanager
def _among(rows: Ints) -> Iterator[None]:
    """Count the visit in which a cohort's learner misbehaved among the visits of all."""
    try:
        yield
    except Misbehaviour as error:
        if error.row is not None:
            error.row = int(rows[error.row])
        raise
