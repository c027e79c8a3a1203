"""Policies without features that draw each action in proportion to an exponential: of its mean, or of its weight.

N visits, K arms.
"""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat

from bandits.assembly import assembled
from bandits.compiled import compiled, pasted
from bandits.counts import Means, correct_means, count_visit, estimate_means, learn_means, means
from bandits.inputs import Scale, needs_bounds, none_at_all
from bandits.player import Player
from bandits.policy import BuiltIn
from bandits.protocol import BlockLearner, Bools, Floats, Problem
from bandits.ties import best_of


@compiled
def exponential(scores: Floats, candidates: Bools, steepness: float, pmf: Floats) -> None:
    """Write chances (K,) in proportion to exp(steepness · score), whatever the size of the scores."""
    best, total = scores[best_of(scores, candidates, 0.0)], 0.0
    for k in range(len(pmf)):
        pmf[k] = 0.0
        if candidates[k]:
            # the best are told apart since 0 · ∞ is no number
            pmf[k] = 1.0 if scores[k] == best else math.exp(steepness * (scores[k] - best))
        total += pmf[k]
    for k in range(len(pmf)):
        pmf[k] /= total


class Heat(NamedTuple):
    """Hyper-parameters of softmax."""

    temperature: float
    decay: float


@pasted
def _boltzmann(
    state: Means,
    how: Heat,
    mean: Floats,
    sd: Floats,
    scores: Floats,
    candidates: Bools,
    nothing: int,
    pmf: Floats,
) -> None:
    exponential(scores, candidates, (1.0 + how.decay * state.played[0]) / how.temperature, pmf)


SOFTMAX = assembled(
    estimate=estimate_means,
    chances=_boltzmann,
    show=count_visit,
    learn=learn_means,
    correct=correct_means,
)


class Softmax(BuiltIn):
    """Show actions the more often the more they have earned, the same for everybody: no features.

    Boltzmann exploration: an arm is drawn with probability in proportion to exp(mean / temperature); at visit
    t = 0, 1, … the temperature is temperature / (1 + decay · t). Arms that were never tried have mean 0. Unlike
    `EpsilonGreedy` it seldom shows what is far worse than the best. Its propensity is exact. Rewards already learnt can
    be corrected.

    Not as the best of its kind: it heeds how much an arm earns and not how often it was tried, so that no temperature
    suits every world (Cesa-Bianchi, Gentile, Lugosi & Neu 2017).

    Args:
        temperature: at the first visit, in units of the typical reward: an arm that is one temperature behind another
            is shown 1/e times as often.
        decay: how fast it falls; 0 keeps it, and exploration never ends.

    Source: Sutton & Barto 1998, section 2.3; Vermorel & Mohri 2005, section 2.2 (decreasing softmax).
    """

    corrects: ClassVar[bool] = True

    temperature: PositiveFloat = 0.1
    decay: NonNegativeFloat = 0.0

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        return Player(
            "Softmax",
            problem,
            SOFTMAX,
            means(len(problem.actions)),
            Heat(self.temperature, self.decay),
            scale=Scale.typical(problem),
            rng=rng,
            features=none_at_all,
        )


class Weights(NamedTuple):
    """What EXP3 has learnt.

    Args:
        log_w: (K,) logarithms of the weights; they grow as visits do, and the weights would overflow.
        played: (1,) visits at which it has chosen.
    """

    log_w: Floats
    played: Floats


class Mixture(NamedTuple):
    """Hyper-parameters of EXP3.

    Args:
        gamma: share of visits that are split equally.
        step: what one unit of estimated reward adds to the logarithm of a weight.
        origin: the reward that adds nothing.
    """

    gamma: float
    step: float
    origin: float


@pasted
def _estimate(state: Weights, how: Mixture, x: Floats, z: Floats, cohort: int, mean: Floats, sd: Floats) -> None:
    """Mean reward a visit, by importance weighting; no notion of its uncertainty."""
    for k in range(len(mean)):
        mean[k] = how.origin + state.log_w[k] / (how.step * max(state.played[0], 1.0))
        sd[k] = 0.0


@pasted
def _mix(
    state: Weights,
    how: Mixture,
    mean: Floats,
    sd: Floats,
    scores: Floats,
    candidates: Bools,
    nothing: int,
    pmf: Floats,
) -> None:
    """(1 − gamma) w_k / Σ w + gamma / candidates, the sum over the candidates."""
    exponential(state.log_w, candidates, 1.0, pmf)
    share = how.gamma / candidates.sum()
    for k in range(len(pmf)):
        if candidates[k]:
            pmf[k] = (1.0 - how.gamma) * pmf[k] + share


@pasted
def _weigh(
    state: Weights, how: Mixture, x: Floats, z: Floats, cohort: int, action: int, reward: float, propensity: float
) -> None:
    """Multiply the weight of the arm by exp(step · (reward − origin) / propensity)."""
    state.log_w[action] += how.step * (reward - how.origin) / propensity


EXP_3 = assembled(estimate=_estimate, chances=_mix, show=count_visit, learn=_weigh)


class EXP3(BuiltIn):
    """Show actions in proportion to weights that hold whatever rewards do, even if somebody sets them to mislead you.

    An arm is drawn with p_k = (1 − gamma) w_k / Σ w + gamma / K; then w_k ← w_k exp(gamma (r / p_k) / K), r the reward
    mapped to 0 … 1 by the world's bounds. Assumes nothing of the rewards but the bounds. Its propensity is exact, and a
    late reward is weighted by that with which its action was chosen, so that it learns only where that is known.

    Where some actions are not available, weights and gamma are shared among the others. The proof does not cover that:
    a weight grows only while its arm can be shown, so that one that is often away falls behind. Where nothing can be
    shown, its reward is known to be 0: r is measured from there, in units that keep it within −1 … 1, and the weight of
    nothing stays 1.

    Not where rewards are drawn from distributions that stay as they are: `KLUCB` and `BetaThompson` lose far less.
    It cannot correct a reward: the propensity that it was weighted by is not handed back with a correction.

    Args:
        gamma: share of visits that are split equally, above 0 and up to 1; also the pace of learning. For T visits the
            paper's is √(K ln K / ((e − 1) T)).

    Source: Auer, Cesa-Bianchi, Freund & Schapire 2002, Figure 1 and Corollary 3.2.
    """

    gamma: float = Field(default=0.1, gt=0, le=1)

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_bounds(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        K, scale = len(problem.actions), Scale.within_bounds(problem)
        zero = 0.0 if problem.nothing is None else -scale.low / scale.span
        width = max(1.0, zero) - min(0.0, zero)
        return Player(
            "EXP3",
            problem,
            EXP_3,
            Weights(np.zeros(K), np.zeros(1)),
            Mixture(self.gamma, self.gamma / (K * width), zero),
            scale=scale,
            rng=rng,
            features=none_at_all,
            weighs=True,
        )
