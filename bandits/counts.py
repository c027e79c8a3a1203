"""Policies without features that keep a count and a sum of rewards an arm.

n (K,): visits learnt from; total (K,): sum of their rewards [units of the policy]; N visits, K arms. Sums, since arms
that earned the same in another order must tie, and running means of theirs differ in the last bit.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field, NonNegativeFloat

from bandits.assembly import assembled
from bandits.compiled import compiled, pasted
from bandits.inputs import Scale, none_at_all
from bandits.player import Player
from bandits.policy import BuiltIn
from bandits.protocol import BlockLearner, Bools, Floats, Problem
from bandits.ties import best_of, ties_with


class Means(NamedTuple):
    """What a count policy has learnt.

    Args:
        n: (K,) visits learnt from.
        total: (K,) sums of rewards.
        played: (1,) visits at which it has chosen.
    """

    n: Floats
    total: Floats
    played: Floats


def means(K: int) -> Means:
    """Before the first visit."""
    return Means(np.zeros(K), np.zeros(K), np.zeros(1))


@pasted
def estimate_means(state: Means, how: NamedTuple, x: Floats, z: Floats, cohort: int, mean: Floats, sd: Floats) -> None:
    """The mean of each arm (K,), 0 of one that was never tried, and no notion of its uncertainty."""
    for k in range(len(mean)):
        mean[k] = state.total[k] / state.n[k] if state.n[k] > 0.0 else 0.0
        sd[k] = 0.0


@pasted
def learn_means(
    state: Means,
    how: NamedTuple,
    x: Floats,
    z: Floats,
    cohort: int,
    action: int,
    reward: float,
    propensity: float,
) -> None:
    """Count a reward of an arm."""
    state.n[action] += 1.0
    state.total[action] += reward


@pasted
def correct_means(
    state: Means,
    how: NamedTuple,
    x: Floats,
    z: Floats,
    cohort: int,
    action: int,
    delta: float,
) -> None:
    """Change a reward that the sum already contains."""
    state.total[action] += delta


class Exploration(NamedTuple):
    """Hyper-parameters of epsilon-greedy."""

    epsilon: float
    decay: float


@compiled
def epsilon_chances(epsilon: float, scores: Floats, candidates: Bools, pmf: Floats) -> None:
    """Write epsilon / candidates + (1 − epsilon) / tied (K,), the second term for the best alone."""
    best = best_of(scores, candidates, 0.0)
    tied, many = ties_with(scores, candidates, best), 0
    for k in range(len(pmf)):
        many += candidates[k]
    for k in range(len(pmf)):
        pmf[k] = epsilon / many if candidates[k] else 0.0
        if candidates[k] and scores[k] == scores[best]:
            pmf[k] += (1.0 - epsilon) / tied


@pasted
def count_visit(state: Means, how: NamedTuple, action: int) -> None:
    """One visit more, of a policy whose exploration depends on how long it has played."""
    state.played[0] += 1.0


@pasted
def _explore(
    state: Means,
    how: Exploration,
    mean: Floats,
    sd: Floats,
    scores: Floats,
    candidates: Bools,
    nothing: int,
    pmf: Floats,
) -> None:
    epsilon_chances(how.epsilon / (1.0 + how.decay * state.played[0]), scores, candidates, pmf)


EPSILON_GREEDY = assembled(
    estimate=estimate_means,
    chances=_explore,
    show=count_visit,
    learn=learn_means,
    correct=correct_means,
)


class EpsilonGreedy(BuiltIn):
    """Show the arm with the highest mean reward so far; with probability epsilon, any available one. No features.

    At visit t = 0, 1, … the probability is epsilon / (1 + decay · t). Arms that were never tried have mean 0. Without
    decay it explores for ever; and everybody alike.

    Args:
        epsilon: probability of a uniform draw at the first visit, 0 to 1.
        decay: how fast it falls; 0 keeps it.

    Source: Sutton & Barto 2018, section 2.4; Auer, Cesa-Bianchi & Fischer 2002, Figure 3 (decay).
    """

    corrects: ClassVar[bool] = True

    epsilon: float = Field(default=0.1, ge=0, le=1)
    decay: NonNegativeFloat = 0.0

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        return Player(
            "EpsilonGreedy",
            problem,
            EPSILON_GREEDY,
            means(len(problem.actions)),
            Exploration(self.epsilon, self.decay),
            scale=Scale.typical(problem),
            rng=rng,
            features=none_at_all,
        )
