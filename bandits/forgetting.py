"""Policies without features that forget, for worlds that change.

Time passes with each reward that is learnt, of whatever arm, and not while nothing is shown or rewards are awaited.
N visits, K arms.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat

from bandits.assembly import assembled
from bandits.beta import BetaScores, Record, a_beta_draw, estimate_beta, note_beta
from bandits.compiled import compiled, pasted
from bandits.inputs import Scale, needs_bounds, none_at_all, the_generator
from bandits.optimism import Width, estimate_within_bounds, untried, upper_bounds
from bandits.player import Player
from bandits.policy import BuiltIn
from bandits.protocol import BlockLearner, Floats, Ints, Problem


class Fading(NamedTuple):
    """Hyper-parameters: the prior, and what is left of a reward when the next one comes."""

    successes: float
    failures: float
    discount: float


@pasted
def _fade(
    state: Record, how: Fading, x: Floats, z: Floats, cohort: int, action: int, reward: float, propensity: float
) -> None:
    """Discount what was learnt of every arm, but not the prior; then count the reward."""
    for k in range(len(state.wins)):
        state.wins[k] = how.successes + how.discount * (state.wins[k] - how.successes)
        state.losses[k] = how.failures + how.discount * (state.losses[k] - how.failures)
    state.wins[action] += reward
    state.losses[action] += 1.0 - reward


DISCOUNTED_BETA = assembled(
    estimate=estimate_beta,
    score=a_beta_draw,
    note=note_beta,
    notes=3,
    learn=_fade,
)


class DiscountedBetaThompson(BuiltIn):
    """Show each action as often as it is likely to succeed most often now, where tastes change: no features.

    Thompson sampling of a success probability an arm, from Beta(successes + S_k, failures + F_k). With each reward r,
    mapped to 0 … 1 by the world's bounds, S and F of every arm are multiplied by the discount; then r is added to S and
    1 − r to F of its arm. So an arm that is not shown returns to the prior, and is tried again. The paper draws a
    success with probability r; here r counts as that fraction of one, with the same mean and less luck. Its propensity
    is told by quadrature; NaN while a candidate has less than .5 failures, or .03 successes, the prior's included.

    Not where nothing changes: it never stops exploring, and `BetaThompson` (which it is at discount 1) loses less. It
    cannot correct a reward: how much of it is forgotten by then is not known.

    Args:
        discount: what is left of a reward when the next one comes, above 0 and up to 1; it remembers about the last
            1 / (1 − discount) rewards of all arms together.
        successes: of the prior, a.
        failures: of the prior, b.

    Source: Raj & Kalyani 2017, "Taming non-stationary bandits: a Bayesian approach", Algorithm 1 (dTS).
    """

    uncertain: ClassVar[bool] = True

    discount: float = Field(default=0.999, gt=0, le=1)
    successes: PositiveFloat = 1.0
    failures: PositiveFloat = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_bounds(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        K = len(problem.actions)
        return Player(
            "DiscountedBetaThompson",
            problem,
            DISCOUNTED_BETA,
            Record(np.full(K, self.successes), np.full(K, self.failures)),
            Fading(self.successes, self.failures, self.discount),
            scale=Scale.within_bounds(problem),
            rng=rng,
            luck=the_generator,
            law=BetaScores(),
            features=none_at_all,
        )


class Window(NamedTuple):
    """What is remembered: the last W rewards, in a ring, and their sums.

    Args:
        n: (K,) how many of them are of each arm.
        total: (K,) their sums.
        arm: (W,) whose each is; −1 where there is none yet.
        reward: (W,).
        oldest: (1,) place of the one to be forgotten next.
    """

    n: Floats
    total: Floats
    arm: Ints
    reward: Floats
    oldest: Ints


@compiled
def _remember(
    state: Window, how: Width, x: Floats, z: Floats, cohort: int, action: int, reward: float, propensity: float
) -> None:
    """Put a reward in the place of the oldest one."""
    place, W = state.oldest[0], len(state.arm)
    forgotten = state.arm[place]
    if forgotten >= 0:
        state.n[forgotten] -= 1.0
        state.total[forgotten] -= state.reward[place]
    state.arm[place], state.reward[place] = action, reward
    state.n[action] += 1.0
    state.total[action] += reward
    state.oldest[0] = (place + 1) % W
    if state.oldest[0] == 0:
        # once a round, so that rounding does not pile up
        state.total[:] = 0.0
        for w in range(W):
            state.total[state.arm[w]] += state.reward[w]


SLIDING_WINDOW = assembled(estimate=estimate_within_bounds, score=upper_bounds, learn=_remember)


class SlidingWindowUCB(BuiltIn):
    """Show the action that might plausibly be best now, by the last rewards alone, where tastes change: no features.

    UCB1 on a window: the highest mean + alpha √(2 ln t / n) wins, of rewards mapped to 0 … 1 by the world's bounds, n
    and the mean of the arm and t of all within the last `window` rewards; arms that the window has no reward of come
    first, so that each is tried at least once a window. Assumes bounded rewards whose means change seldom and at once;
    for those that drift, see `DiscountedBetaThompson`. Deterministic but for ties: its propensity is 1 (ties: shared).
    Its uncertainty is that of `UCB1`.

    Not where nothing changes: what it forgets it must learn again. It cannot correct a reward: whether it is still
    within the window is not known.

    Args:
        window: how many rewards are remembered, of all arms together; several hundred an arm.
        alpha: width of the bound; the paper's √(ξ ln t / n) is ξ = 2 alpha², and its proof asks for alpha > 1/2.

    Source: Garivier & Moulines 2011, SW-UCB, equations 6 to 8.
    """

    uncertain: ClassVar[bool] = True

    window: int = Field(default=1000, ge=1, le=10_000_000)
    alpha: NonNegativeFloat = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_bounds(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        K, W = len(problem.actions), self.window
        return Player(
            "SlidingWindowUCB",
            problem,
            SLIDING_WINDOW,
            Window(np.zeros(K), np.zeros(K), np.full(W, -1), np.zeros(W), np.zeros(1, dtype=np.int64)),
            Width(self.alpha, untried(problem)),
            scale=Scale.within_bounds(problem),
            rng=rng,
            features=none_at_all,
        )
