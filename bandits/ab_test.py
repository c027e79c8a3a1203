"""The controlled experiment that most teams run: split, then ship.

K arms.
"""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from bandits.assembly import assembled
from bandits.compiled import compiled, pasted
from bandits.counts import correct_means, estimate_means, learn_means
from bandits.inputs import Scale, none_at_all
from bandits.player import Player
from bandits.policy import BuiltIn
from bandits.protocol import BlockLearner, Bools, Floats, Problem
from bandits.ties import best_of


class Trial(NamedTuple):
    """What an A/B test has learnt.

    Args:
        n: (K,) as in `bandits.counts.Means`; so is total.
        total: (K,).
        shipped: (K,) the means at the end of the test, by which arms are ranked for good (−inf: never tested); NaN
            until then.
    """

    n: Floats
    total: Floats
    shipped: Floats


class Size(NamedTuple):
    """Hyper-parameters of an A/B test.

    Args:
        needed: how many visits end it.
        nothing: index of the action that shows nothing, which is not tested; −1 if there is none.
    """

    needed: int
    nothing: int


@pasted
def _rank(state: Trial, how: Size, luck: Floats, n: int, mean: Floats, sd: Floats, scores: Floats) -> None:
    """0 for everything while the test goes on; afterwards its result."""
    if math.isnan(state.shipped[0]) and state.n.sum() >= how.needed:
        for k in range(len(mean)):
            state.shipped[k] = mean[k] if state.n[k] > 0 or k == how.nothing else -math.inf
    for k in range(len(mean)):
        scores[k] = 0.0 if math.isnan(state.shipped[0]) else state.shipped[k]


@compiled
def _split_or_ship(
    state: Trial,
    how: Size,
    mean: Floats,
    sd: Floats,
    scores: Floats,
    candidates: Bools,
    nothing: int,
    pmf: Floats,
) -> None:
    """Equal shares for all items while the test goes on; afterwards all for the best."""
    split, many = math.isnan(state.shipped[0]), 0
    best = best_of(scores, candidates, 0.0)
    for k in range(len(pmf)):
        items_left = split and k == nothing and candidates.sum() > 1
        pmf[k] = 0.0
        if candidates[k] and not items_left and (split or scores[k] == scores[best]):
            pmf[k] = 1.0
            many += 1
    for k in range(len(pmf)):
        pmf[k] /= many


AB_TEST = assembled(
    estimate=estimate_means,
    score=_rank,
    chances=_split_or_ship,
    learn=learn_means,
    correct=correct_means,
)


class ABTest(BuiltIn):
    """Split visits equally over the actions, then ship the winner to everybody, for good: what most teams do today.

    The test ends when `visits_per_action` rewards an action have come in on average; then the action with the highest
    mean is shown (where it is unavailable, the next one; one that was never tested, last). Nothing is not an arm: it is
    shipped if all means are below 0.

    Args:
        visits_per_action: size of the test.

    Source: explore-then-commit, Lattimore & Szepesvári 2020, chapter 6 (there arms take turns; here visits are split at
    random, as in controlled experiments: Kohavi, Longbotham, Sommerfield & Henne 2009).
    """

    corrects: ClassVar[bool] = True

    visits_per_action: int = Field(default=100, ge=1)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        K, nothing = len(problem.actions), -1 if problem.nothing is None else problem.nothing
        return Player(
            "ABTest",
            problem,
            AB_TEST,
            Trial(np.zeros(K), np.zeros(K), np.full(K, np.nan)),
            Size(self.visits_per_action * (K - (nothing >= 0)), nothing),
            scale=Scale.typical(problem),
            rng=rng,
            features=none_at_all,
        )
