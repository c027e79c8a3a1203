"""Linear policies with a ridge regression for each arm (disjoint arms).

A (D, D) Gram matrix, b (D,), theta = A⁻¹ b, x (D,) features; one of each an arm, A = ridge · I at the start.
Rewards are learnt in units of `Problem.reward_scale`, so that alpha and scale mean the same in every world.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from pydantic import Field, NonNegativeFloat

from bandits.assembly import assembled
from bandits.compiled import pasted
from bandits.inputs import Scale, a_constant, needs_features, normals, of_the_visitor
from bandits.player import Normal, Player
from bandits.policy import BuiltIn
from bandits.protocol import Block, BlockLearner, Floats, Problem
from bandits.ridge import Bank, Room, bank, believe_in, fold_in, room_for, shift

# A⁻¹ is kept by rank-one updates, which lose about log₁₀(x² / ridge) of their 16 digits for good
Ridge = Annotated[float, Field(ge=1e-6)]


class How(NamedTuple):
    """What tells the ridge policies apart.

    Args:
        noise: standard deviation of a reward about its mean [units].
        alpha: standard deviations of optimism.
        room: scratch.
    """

    noise: float
    alpha: float
    room: Room


@pasted
def estimate_ridge(state: Bank, how: How, x: Floats, z: Floats, cohort: int, mean: Floats, sd: Floats) -> None:
    """Mean x·theta and sd = noise · √(xᵀA⁻¹x) of every arm (K,)."""
    believe_in(state.A_inv, state.theta, x, how.noise, how.room, mean, sd)


@pasted
def learn_ridge(
    state: Bank, how: How, x: Floats, z: Floats, cohort: int, action: int, reward: float, propensity: float
) -> None:
    """A ← A + x xᵀ, b ← b + reward · x, of the arm that was chosen."""
    fold_in(state.A_inv, state.theta, action, x, reward, 1.0, how.room)


@pasted
def correct_ridge(state: Bank, how: How, x: Floats, z: Floats, cohort: int, action: int, delta: float) -> None:
    """Change a reward that the arm has learnt: b ← b + delta · x."""
    shift(state.A_inv, state.theta, action, x, delta, how.room)


@pasted
def optimism(state: Bank, how: How, luck: Floats, n: int, mean: Floats, sd: Floats, scores: Floats) -> None:
    """The upper confidence bound, mean + alpha · sd."""
    for k in range(len(mean)):
        scores[k] = mean[k] + how.alpha * sd[k]


@pasted
def a_normal_draw(state: Bank, how: How, luck: Floats, n: int, mean: Floats, sd: Floats, scores: Floats) -> None:
    """A draw from the posterior of each arm's mean reward, mean + normal · sd."""
    for k in range(len(mean)):
        scores[k] = mean[k] + luck[n, k] * sd[k]


UCB = assembled(estimate=estimate_ridge, score=optimism, learn=learn_ridge, correct=correct_ridge)
THOMPSON = assembled(estimate=estimate_ridge, score=a_normal_draw, learn=learn_ridge, correct=correct_ridge)


class LinUCB(BuiltIn):
    """Show the action that might plausibly be best, judging by what is known of the visitor: optimism, learnt from.

    LinUCB with disjoint arms: the highest upper confidence bound, x·theta + alpha √(xᵀA⁻¹x), wins.
    Deterministic but for ties, so it explores the same way for everybody alike; its propensity is 1 (ties: shared).
    Assumes that an arm's expected reward is linear in x. Pooled over all users: a small cohort that x does not tell
    apart is served what the others like.

    Args:
        alpha: width of the confidence bound, in standard deviations; the noise of a reward is taken to be one unit.
        ridge: regularisation, at least 1e-6; the prior standard deviation of a coefficient is 1/√ridge units.

    Source: Li, Chu, Langford & Schapire 2010, Algorithm 1.
    """

    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = True

    alpha: NonNegativeFloat = 1.0
    ridge: Ridge = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_features(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        D = len(problem.features)
        state, how = bank(len(problem.actions), D, self.ridge), How(1.0, self.alpha, room_for(D))
        return Player("LinUCB", problem, UCB, state, how, scale=Scale.typical(problem), rng=rng)


class LinearThompson(BuiltIn):
    """Show each action as often as it is likely to be best, judging by what is known of the visitor.

    Linear Thompson sampling with disjoint arms: each arm's mean reward is drawn from its posterior, the highest wins.
    theta_k | data ~ Normal(A_k⁻¹ b_k, scale² A_k⁻¹). Only x·theta_k matters, so it is drawn directly: one normal an
    arm, Normal(x·theta_k, scale² xᵀA_k⁻¹x), exact since the arms are independent. Its propensity is told by quadrature.

    Args:
        scale: standard deviation of the noise, in units of the typical reward.
        ridge: at least 1e-6; the prior standard deviation of a coefficient is scale/√ridge units.

    Source: Agrawal & Goyal 2013 (one regression an arm); Russo et al. 2018, section 4.
    """

    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = True

    scale: NonNegativeFloat = 1.0
    ridge: Ridge = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_features(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        return thompson_player("LinearThompson", problem, len(problem.features), self.scale, self.ridge, rng)


class GaussianThompson(BuiltIn):
    """Show each action as often as it is likely to be best, the same for everybody: no features.

    Thompson sampling of a mean reward an arm, for normal rewards of known spread.
    mean_k | data ~ Normal(Σr / (n + ridge), scale² / (n + ridge)), n visits of arm k.

    Args:
        scale: standard deviation of the noise, in units of the typical reward.
        ridge: at least 1e-6; the prior standard deviation of a mean is scale/√ridge units.

    Source: Agrawal & Goyal 2013, "Further optimal regret bounds for Thompson sampling", Algorithm 2.
    """

    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = True

    scale: NonNegativeFloat = 1.0
    ridge: Ridge = 1.0

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        return thompson_player("GaussianThompson", problem, 1, self.scale, self.ridge, rng, a_constant)


def thompson_player(
    policy: str,
    problem: Problem,
    D: int,
    scale: float,
    ridge: float,
    rng: np.random.Generator,
    features: Callable[[Block], Floats] = of_the_visitor,
) -> Player:
    """A learner that draws the mean of each arm from the posterior of a ridge regression on D features."""
    state, how = bank(len(problem.actions), D, ridge), How(scale, 0.0, room_for(D))
    return Player(
        policy,
        problem,
        THOMPSON,
        state,
        how,
        scale=Scale.typical(problem),
        rng=rng,
        luck=normals,
        law=Normal(),
        features=features,
    )
