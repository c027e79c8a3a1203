"""Linear policies that forget, for worlds that change: a discounted ridge regression for each arm (disjoint arms).

x (D,) features, theta, V and W as in `bandits.fading`. Rewards are learnt in units of `Problem.reward_scale`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, NonNegativeFloat

from bandits.assembly import assembled
from bandits.fading import estimate_fading, fading, how_to_forget, learn_fading
from bandits.inputs import Scale, needs_features, normals
from bandits.linear import Ridge, a_normal_draw, optimism
from bandits.player import Normal, Player
from bandits.policy import BuiltIn
from bandits.protocol import BlockLearner, Problem

Discount = Annotated[float, Field(gt=0, le=1)]

UCB = assembled(estimate=estimate_fading, score=optimism, learn=learn_fading)
THOMPSON = assembled(estimate=estimate_fading, score=a_normal_draw, learn=learn_fading)


class DiscountedLinUCB(BuiltIn):
    """Show the action that might plausibly be best for this visitor, judging by recent rewards: optimism that forgets.

    D-LinUCB with disjoint arms: the highest x·theta + alpha √(xᵀV⁻¹WV⁻¹x) wins, where the reward of a visit weighs
    discount^(rewards learnt since, of all arms) in theta and V, and the square of that in W; what has not been shown
    for long is as uncertain as at the start. With discount 1 it is LinUCB.

    Deterministic but for ties; its propensity is 1 (ties: shared). Assumes that an arm's expected reward is linear in
    x, and drifts or jumps. Data weigh exactly what they should, but the ridge of a coefficient wanders between `ridge`
    and discount^−(D − 1) · `ridge`, at most 1.1 · `ridge`, since exactly `ridge` costs D³ (see `bandits.fading`): told
    the same history, it chooses as the paper's algorithm does at 99 of 100 visits or more, and standard deviations are
    within 5 %. They never exceed those of the start, which fall short of the prior's by .12 % at most. The factor of
    the paper's bonus that grows with time is alpha here, as in LinUCB. A reward that was learnt cannot be corrected:
    how much it weighs by now depends on when it came. Not where nothing changes: it never stops exploring.

    Args:
        discount: of what was learnt, for each reward that comes in; it remembers about 1/(1 − discount) of them.
        alpha: width of the confidence bound, in standard deviations; the noise of a reward is taken to be one unit.
        ridge: regularisation, at least 1e-6; the prior standard deviation of a coefficient is 1/√ridge units.

    Source: Russac, Vernade & Cappé 2019, Algorithm 1.
    """

    uncertain: ClassVar[bool] = True

    discount: Discount = 0.999
    alpha: NonNegativeFloat = 1.0
    ridge: Ridge = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_features(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        K, D = len(problem.actions), len(problem.features)
        how = how_to_forget(K, D, self.discount, self.ridge, noise=1.0, alpha=self.alpha)
        state = fading(K, D, self.discount, self.ridge)
        return Player("DiscountedLinUCB", problem, UCB, state, how, scale=Scale.typical(problem), rng=rng)


class DiscountedLinearThompson(BuiltIn):
    """Show each action as often as it is likely to be best for this visitor, judging by recent rewards.

    D-LinTS with disjoint arms: each draws its score from Normal(x·theta, scale² xᵀV⁻¹WV⁻¹x), and the highest wins;
    theta, V and W discount what was learnt as DiscountedLinUCB does, with the same approximation of the ridge. Only
    x·theta matters, so one normal an arm is exact. With discount 1 it is LinearThompson. Its propensity is told by
    quadrature. Assumes that an arm's expected reward is linear in x, and drifts or jumps. A reward that was learnt
    cannot be corrected: how much it weighs by now depends on when it came. Not where nothing changes: it never stops
    exploring.

    Args:
        discount: of what was learnt, for each reward that comes in; it remembers about 1/(1 − discount) of them.
        scale: standard deviation of the noise, in units of the typical reward.
        ridge: at least 1e-6; the prior standard deviation of a coefficient is scale/√ridge units.

    Source: Kim & Tewari 2020, "Randomized exploration for non-stationary stochastic linear bandits", D-LinTS; Russac,
    Vernade & Cappé 2019 (V and W).
    """

    uncertain: ClassVar[bool] = True

    discount: Discount = 0.999
    scale: NonNegativeFloat = 1.0
    ridge: Ridge = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_features(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        K, D = len(problem.actions), len(problem.features)
        return Player(
            "DiscountedLinearThompson",
            problem,
            THOMPSON,
            fading(K, D, self.discount, self.ridge),
            how_to_forget(K, D, self.discount, self.ridge, noise=self.scale, alpha=0.0),
            scale=Scale.typical(problem),
            rng=rng,
            luck=normals,
            law=Normal(),
        )
