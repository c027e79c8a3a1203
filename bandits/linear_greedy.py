"""Policies that show what a ridge regression an arm takes for the best, and spread the rest over the others.

K arms, D features; their regressions are those of `bandits.ridge`. Neither policy looks at how certain an estimate is,
and both state their propensities exactly.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field, NonNegativeFloat

from bandits.assembly import assembled
from bandits.compiled import compiled, pasted
from bandits.counts import count_visit, epsilon_chances
from bandits.inputs import Scale, needs_features
from bandits.linear import Ridge, correct_ridge, estimate_ridge, learn_ridge
from bandits.player import Player
from bandits.policy import BuiltIn
from bandits.protocol import BlockLearner, Bools, Floats, Problem
from bandits.ridge import Room, bank, room_for
from bandits.ties import best_of, ties_with


class Regressions(NamedTuple):
    """K ridge regressions, and how often somebody came.

    Args:
        A_inv: (T, K), see `bandits.ridge.Bank`.
        theta: (D, K).
        played: (1,) visits at which it has chosen.
    """

    A_inv: Floats
    theta: Floats
    played: Floats


def regressions(K: int, D: int, ridge: float) -> Regressions:
    """Before the first visit."""
    return Regressions(*bank(K, D, ridge), np.zeros(1))


class Epsilon(NamedTuple):
    """Hyper-parameters of epsilon-greedy.

    Args:
        epsilon: probability of a uniform draw at the first visit.
        decay: how fast it falls.
        noise: standard deviation of a reward about its mean [units].
        room: scratch.
    """

    epsilon: float
    decay: float
    noise: float
    room: Room


class Gaps(NamedTuple):
    """Hyper-parameters of inverse gap weighting.

    Args:
        gamma: greediness at the first visit.
        exponent: how it grows.
        noise: standard deviation of a reward about its mean [units].
        room: scratch.
    """

    gamma: float
    exponent: float
    noise: float
    room: Room


@pasted
def _explore(
    state: Regressions,
    how: Epsilon,
    mean: Floats,
    sd: Floats,
    scores: Floats,
    candidates: Bools,
    nothing: int,
    pmf: Floats,
) -> None:
    epsilon_chances(how.epsilon / (1.0 + how.decay * state.played[0]), scores, candidates, pmf)


@compiled
def inverse_gaps(gamma: float, scores: Floats, candidates: Bools, pmf: Floats) -> None:
    """Write 1 / (candidates + gamma · gap) (K,) for those that are not the best, which share what is left equally.

    The paper gives all that is left to one best arm and 1 / candidates to those that tie with it: where that one is
    drawn at random, the chances are these.
    """
    best = best_of(scores, candidates, 0.0)
    many, left = candidates.sum(), 1.0
    for k in range(len(pmf)):
        pmf[k] = 0.0
        if candidates[k] and scores[k] < scores[best]:
            pmf[k] = 1.0 / (many + gamma * (scores[best] - scores[k]))
            left -= pmf[k]
    tied = ties_with(scores, candidates, best)
    for k in range(len(pmf)):
        if candidates[k] and scores[k] == scores[best]:
            pmf[k] = left / tied


@pasted
def _weigh_gaps(
    state: Regressions,
    how: Gaps,
    mean: Floats,
    sd: Floats,
    scores: Floats,
    candidates: Bools,
    nothing: int,
    pmf: Floats,
) -> None:
    inverse_gaps(how.gamma * (state.played[0] + 1.0) ** how.exponent, scores, candidates, pmf)


EPSILON_GREEDY = assembled(
    estimate=estimate_ridge,
    chances=_explore,
    show=count_visit,
    learn=learn_ridge,
    correct=correct_ridge,
)
SQUARE_CB = assembled(
    estimate=estimate_ridge,
    chances=_weigh_gaps,
    show=count_visit,
    learn=learn_ridge,
    correct=correct_ridge,
)


class LinearEpsilonGreedy(BuiltIn):
    """Show what seems best for this visitor; with probability epsilon, any available action.

    Epsilon-greedy on ridge estimates with disjoint arms: x·theta_k, theta_k = (ridge · I + Σ x xᵀ)⁻¹ Σ r x. At visit
    t = 0, 1, … the probability of a uniform draw is epsilon / (1 + decay · t). Its propensity is exact,
    epsilon / candidates + (1 − epsilon) / tied for the best. Assumes that an arm's expected reward is linear in x.
    Rewards can be corrected, exactly. Not for those who count harm: without decay it explores for ever, and shows what
    is known to be bad as often as what is hardly known.

    Args:
        epsilon: probability of a uniform draw at the first visit, 0 to 1.
        decay: how fast it falls; 0 keeps it.
        ridge: regularisation, at least 1e-6; the prior standard deviation of a coefficient is 1/√ridge units.

    Source: Sutton & Barto 2018, section 2.4; Auer, Cesa-Bianchi & Fischer 2002, Figure 3 (decay); with regressions:
    Bietti, Agarwal & Langford 2021.
    """

    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = True

    epsilon: float = Field(default=0.1, ge=0, le=1)
    decay: NonNegativeFloat = 0.0
    ridge: Ridge = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_features(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        D = len(problem.features)
        state = regressions(len(problem.actions), D, self.ridge)
        how = Epsilon(self.epsilon, self.decay, 1.0, room_for(D))
        return Player("LinearEpsilonGreedy", problem, EPSILON_GREEDY, state, how, scale=Scale.typical(problem), rng=rng)


class SquareCB(BuiltIn):
    """Show what seems best for this visitor, and each other action the more rarely, the worse it seems.

    Inverse gap weighting on ridge estimates with disjoint arms: of K candidates, one whose estimate falls short of the
    best by a gap is shown with probability 1 / (K + gamma_t · gap), and the best with what is left (ties share it
    equally); gamma_t = gamma · t^exponent at visit t = 1, 2, … Its propensity is exact. Assumes that an arm's expected
    reward is linear in x; exploration does not shrink where estimates have become certain, but with t. Rewards can be
    corrected, exactly: estimates are then as if they had been right at once. Not for short runs: in the first visits,
    while gamma_t · gap is below K, it plays almost uniformly.

    Args:
        gamma: greediness, per unit of a gap [1 / typical reward]; 10 is what Vowpal Wabbit takes.
        exponent: how it grows; ½ is the schedule of practice, 0 the constant of the paper's theorem, which is
            √(K T / (regret of the regression + ln(2 / δ))) for T visits.
        ridge: regularisation, at least 1e-6; the prior standard deviation of a coefficient is 1/√ridge units.

    Source: Foster & Rakhlin 2020, Algorithm 1 with mu = K, and ridge regression as the oracle; Abe & Long 1999.
    """

    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = True

    gamma: NonNegativeFloat = 10.0
    exponent: float = Field(default=0.5, ge=0, le=1)
    ridge: Ridge = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_features(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        D = len(problem.features)
        state = regressions(len(problem.actions), D, self.ridge)
        how = Gaps(self.gamma, self.exponent, 1.0, room_for(D))
        return Player("SquareCB", problem, SQUARE_CB, state, how, scale=Scale.typical(problem), rng=rng)
