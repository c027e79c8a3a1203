"""Optimism without features: the arm wins that might plausibly be best.

n (K,): visits learnt from; total (K,): sum of their rewards, each mapped to 0 … 1; t: rewards learnt; N visits, K arms.
"""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import NonNegativeFloat

from bandits.assembly import assembled
from bandits.compiled import compiled, pasted
from bandits.counts import learn_means
from bandits.inputs import Scale, needs_bounds, none_at_all
from bandits.player import Player
from bandits.policy import BuiltIn
from bandits.protocol import BlockLearner, Floats, Problem

TOO_MUCH = 1e-6
"""Rounding may take back a little more than was given, but nothing else may."""
SMALL = 1e-8
"""After a step of Newton's of this share of the way to either end, the next one would be of its square."""
NO_MORE = 2.0**-52
"""Less than this share of a number is lost when it is taken from it."""


class Tally(NamedTuple):
    """What has been learnt.

    Args:
        n: (K,) visits learnt from.
        total: (K,) sums of rewards.
    """

    n: Floats
    total: Floats


class Width(NamedTuple):
    """Hyper-parameters of UCB1.

    Args:
        alpha: multiple of the paper's width.
        untried: the mean of an arm that was never tried.
    """

    alpha: float
    untried: float


class Level(NamedTuple):
    """Hyper-parameters of KL-UCB.

    Args:
        c: multiple of ln ln t.
        untried: as in `Width`.
    """

    c: float
    untried: float


def untried(problem: Problem) -> float:
    """What an arm counts for before it is tried: no more than nothing does, so that nobody cautious is shown it.

    It is a reward of 0 on the scale of the bounds, or the nearest reward that can be paid.
    """
    scale = Scale.within_bounds(problem)
    return min(max(-scale.low / scale.span, 0.0), 1.0)


@pasted
def estimate_within_bounds(
    state: Tally, how: Width | Level, x: Floats, z: Floats, cohort: int, mean: Floats, sd: Floats
) -> None:
    """Mean reward, and 1 / 2√n: no mean of n rewards within 0 … 1 has a larger standard deviation."""
    for k in range(len(mean)):
        n = state.n[k]
        mean[k] = state.total[k] / n if n > 0.0 else how.untried
        sd[k] = 0.5 / math.sqrt(max(n, 1.0))


@pasted
def upper_bounds(state: Tally, how: Width, luck: Floats, visit: int, mean: Floats, sd: Floats, scores: Floats) -> None:
    """Write mean + alpha √(2 ln t / n) of every arm (K,), t = Σ n; those that were never tried come first."""
    n, budget = state.n, 2.0 * math.log(max(state.n.sum(), 1.0))
    for k in range(len(mean)):
        scores[k] = mean[k] + how.alpha * math.sqrt(budget / n[k]) if n[k] > 0.0 else math.inf


@compiled
def kl_bound(p: float, budget: float) -> float:
    """The largest q at which a Bernoulli mean of p is still plausible: kl(p, q) = budget.

    kl(p, q) = p ln(p / q) + (1 − p) ln((1 − p) / (1 − q)), convex in q, so that Newton's steps from above come down to
    the root and never pass it. Two upper bounds of it are known: p + √(budget / 2) (Pinsker), and
    1 − exp(−(budget + h(p)) / (1 − p)), h the entropy, which leaves at least 1/e of what the root leaves up to 1. The
    unknown is q − p, which loses no digits where q is close to p.

    Args:
        p: mean, 0 to 1.
        budget: at least 0.

    Source: Garivier & Cappé 2011, section 2 (Newton's method).
    """
    room = 1.0 - p
    if budget <= 0.0 or room <= 0.0:
        return p
    if p <= 0.0:
        return -math.expm1(-budget)
    entropy = -p * math.log(p) - room * math.log1p(-p)
    left = math.exp(-(budget + entropy) / room)
    if left < NO_MORE * room:
        return 1.0
    above = min(math.sqrt(budget / 2.0), room - left)
    while True:
        excess = -p * math.log1p(above / p) - room * math.log1p(-above / room) - budget
        step = excess * (p + above) * (room - above) / above
        closer = above - step
        if not 0.0 < closer < above:
            return p + above
        above = closer
        if step < SMALL * min(above, room - above):
            return p + above


@pasted
def _kl_ucb(state: Tally, how: Level, luck: Floats, n: int, mean: Floats, sd: Floats, scores: Floats) -> None:
    log = math.log(state.n.sum() + 1.0)
    budget = max(log + how.c * math.log(log), 0.0) if log > 0.0 else 0.0
    for k in range(len(mean)):
        scores[k] = kl_bound(mean[k], budget / state.n[k]) if state.n[k] > 0.0 else math.inf


@pasted
def _correct(state: Tally, how: NamedTuple, x: Floats, z: Floats, cohort: int, action: int, delta: float) -> None:
    total = state.total[action] + delta
    if not -TOO_MUCH < total < state.n[action] + TOO_MUCH:
        raise ValueError
    state.total[action] = min(max(total, 0.0), state.n[action])


UCB_1 = assembled(estimate=estimate_within_bounds, score=upper_bounds, learn=learn_means, correct=_correct)
KL_UCB = assembled(estimate=estimate_within_bounds, score=_kl_ucb, learn=learn_means, correct=_correct)


class UCB1(BuiltIn):
    """Show the action that might plausibly be best, the same for everybody: no features, no luck, a proof.

    The highest mean + alpha √(2 ln t / n) wins, of rewards r mapped to 0 … 1 by the world's bounds, after n visits of
    the arm and t of all; arms that were never tried come first. Assumes bounded rewards whose means do not change.
    Deterministic but for ties: its propensity is 1 (ties: shared). Its uncertainty is the largest that bounded rewards
    can have, 1 / 2√n. Rewards already learnt can be corrected.

    Not where rewards are rare or bounds wide (a click-through rate of 1 %, a margin that may be −20 to 20): it takes
    them to be as uncertain as a coin's, and explores far longer than `KLUCB` and `BetaThompson`.

    Args:
        alpha: width of the bound as a multiple of the paper's; 1 is the paper's, 0 is greedy.

    Source: Auer, Cesa-Bianchi & Fischer 2002, Figure 1.
    """

    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = True

    alpha: NonNegativeFloat = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_bounds(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        K = len(problem.actions)
        return Player(
            "UCB1",
            problem,
            UCB_1,
            Tally(np.zeros(K), np.zeros(K)),
            Width(self.alpha, untried(problem)),
            scale=Scale.within_bounds(problem),
            rng=rng,
            features=none_at_all,
        )


class KLUCB(BuiltIn):
    """Show the action that might plausibly be best, the same for everybody, by a bound that is as tight as can be.

    The largest q with n kl(mean, q) ≤ ln t + c ln ln t wins, kl(p, q) = p ln(p / q) + (1 − p) ln((1 − p) / (1 − q)), of
    rewards mapped to 0 … 1 by the world's bounds, after n visits of the arm, at the t-th of all; arms that were never
    tried come first. Assumes bounded rewards whose means do not change. For rewards that are either bound no policy
    loses less in the long run (Lai & Robbins 1985); for those between, the bound holds and is wider than it need be.
    Deterministic but for ties: its propensity is 1 (ties: shared). Its uncertainty is that of `UCB1`. Rewards already
    learnt can be corrected.

    Not where rewards arrive in batches, if `BetaThompson` will do: until the next batch it shows everybody the same.

    Args:
        c: multiple of ln ln t; 0 is what the paper recommends, 3 what its proof asks for.

    Source: Garivier & Cappé 2011, Algorithm 1.
    """

    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = True

    c: NonNegativeFloat = 0.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_bounds(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        K = len(problem.actions)
        return Player(
            "KLUCB",
            problem,
            KL_UCB,
            Tally(np.zeros(K), np.zeros(K)),
            Level(self.c, untried(problem)),
            scale=Scale.within_bounds(problem),
            rng=rng,
            features=none_at_all,
        )
