"""Linear policies with a ridge regression for each arm (disjoint arms).

A (D, D) Gram matrix, b (D,), theta = A⁻¹ b, x (D,) features; one of each an arm, A = ridge · I at the start.
Rewards are learnt in units of `Problem.reward_scale`, so that alpha and scale mean the same in every world.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Protocol

import numpy as np
from pydantic import Field, NonNegativeFloat

from bandits.description import Description
from bandits.protocol import Block, BlockLearner, Choices, Floats, Problem
from bandits.ridge import correct_ridge, learn_ridge, play_ridge

# A⁻¹ is kept by rank-one updates, which lose about log₁₀(x² / ridge) of their 16 digits for good
Ridge = Annotated[float, Field(ge=1e-6)]


class Bonus(Protocol):
    """What is added to the mean of each arm, in standard deviations: it tells the policies apart."""

    def draw(self, N: int, K: int) -> Floats:
        """The bonus (N, K) of the arms at each visit of a block."""
        ...

    def propensity(self, share: Floats) -> Floats:
        """The probability (N,) of each choice, NaN if it is not known; share (N,) is 1 / the number of actions tied."""
        ...


@dataclass(frozen=True, slots=True)
class Optimism:
    """The same bonus, `alpha`, for every arm: with it nothing is left to chance but ties."""

    alpha: float

    def draw(self, N: int, K: int) -> Floats:
        """Alpha everywhere (N, K)."""
        return np.full((N, K), self.alpha)

    def propensity(self, share: Floats) -> Floats:
        """The share (N,) itself."""
        return share


@dataclass(frozen=True, slots=True)
class NormalDraws:
    """A standard normal bonus for each visit and arm: the probability that an arm comes out best is not known."""

    rng: np.random.Generator

    def draw(self, N: int, K: int) -> Floats:
        """Standard normal draws (N, K)."""
        return self.rng.standard_normal((N, K))

    def propensity(self, share: Floats) -> Floats:
        """Not known (N,)."""
        return np.full(len(share), np.nan)


def of_the_visitor(block: Block) -> Floats:
    """All features that a block shows (N, D)."""
    return np.ascontiguousarray(block.x)


def none_but_a_constant(block: Block) -> Floats:
    """The same for everybody (N, 1)."""
    return np.ones((len(block), 1))


class RidgeLearner(BlockLearner):
    """One ridge regression an arm.

    Args:
        problem: of the world.
        ridge: A = ridge · I before the first visit.
        bonus: in standard deviations.
        noise: standard deviation of a reward about its mean [units].
        rng: breaks ties.
        features: block ↦ x (N, D), as many as `problem.features`.
    """

    def __init__(
        self,
        problem: Problem,
        ridge: float,
        bonus: Bonus,
        noise: float,
        rng: np.random.Generator,
        features: Callable[[Block], Floats] = of_the_visitor,
    ) -> None:
        K, D = len(problem.actions), len(problem.features)
        self.A_inv = np.broadcast_to(np.eye(D) / ridge, (K, D, D)).copy()
        self.theta = np.zeros((K, D))
        self._nothing = -1 if problem.nothing is None else problem.nothing
        self._unit = problem.reward_scale
        self._bonus, self._noise, self._rng, self._x = bonus, noise, rng, features

    def play(self, block: Block) -> Choices:
        """See `bandits.ridge.play_ridge`."""
        N, K = len(block), block.available.shape[1]
        action, share = np.empty(N, dtype=np.int64), np.empty(N)
        play_ridge(
            self.A_inv,
            self.theta,
            self._x(block),
            block.available,
            np.empty((0, K)) if block.rewards is None else block.rewards,
            self._bonus.draw(N, K),
            self._rng.random(N),
            np.full(N, -np.inf) if block.caution is None else block.caution,
            self._noise,
            self._nothing,
            self._unit,
            action,
            share,
        )
        return Choices(action, self._bonus.propensity(share))

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        """See `bandits.ridge.learn_ridge`."""
        learn_ridge(self.A_inv, self.theta, self._x(block), choices.action, rewards, self._nothing, self._unit)

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        """See `bandits.ridge.correct_ridge`."""
        correct_ridge(self.A_inv, self.theta, self._x(block), choices.action, deltas, self._nothing, self._unit)


def needs_features(problem: Problem) -> str | None:
    """Why a policy that works on features does not fit, if it does not."""
    return None if problem.features else "needs features of the visitor, and this world has none"


class LinUCB(Description):
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

    def start(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        """Make a fresh learner."""
        return RidgeLearner(problem, self.ridge, Optimism(self.alpha), 1.0, rng)


class LinearThompson(Description):
    """Show each action as often as it is likely to be best, judging by what is known of the visitor.

    Linear Thompson sampling with disjoint arms: each arm's mean reward is drawn from its posterior, the highest wins.
    theta_k | data ~ Normal(A_k⁻¹ b_k, scale² A_k⁻¹). Only x·theta_k matters, so it is drawn directly: one normal an
    arm, Normal(x·theta_k, scale² xᵀA_k⁻¹x), exact since the arms are independent.

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

    def start(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        """Make a fresh learner."""
        return RidgeLearner(problem, self.ridge, NormalDraws(rng), self.scale, rng.spawn(1)[0])


class GaussianThompson(Description):
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

    def misfit(self, problem: Problem) -> str | None:  # noqa: ARG002  fits every world
        """Why the policy does not fit a world, or None."""
        return None

    def start(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        """Make a fresh learner."""
        alike = replace(problem, features=("constant",))
        return RidgeLearner(
            alike, self.ridge, NormalDraws(rng), self.scale, rng.spawn(1)[0], features=none_but_a_constant
        )
