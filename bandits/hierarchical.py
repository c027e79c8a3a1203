"""Cohorts that learn from each other: partial pooling.

C cohorts, K arms, D features; c is the visitor's cohort, phi = (between · x, within · e_c ⊗ x) (W,), W = D (1 + C).

    mu_k ~ Normal(0, between² I),  theta_ck ~ Normal(mu_k, within² I),  reward ~ Normal(x·theta_ck, scale²)

With mu_k = between · w_0 and theta_ck = mu_k + within · w_c, each w ~ Normal(0, I), the reward is phi·w + noise: one
Bayesian ridge regression an arm, on phi, with ridge = scale² (see `bandits.ridge`). It is exact, and it already is the
posterior with mu_k integrated out. Only 2 D of phi's entries are not 0, and an estimate looks at those alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from pydantic import Field, NonNegativeFloat

from bandits.assembly import assembled
from bandits.compiled import inlined, pasted
from bandits.inputs import Scale, a_constant, needs_features, normals, of_the_visitor
from bandits.linear import a_normal_draw
from bandits.player import Normal, Player
from bandits.policy import BuiltIn
from bandits.protocol import Block, BlockLearner, Floats, Problem
from bandits.ridge import Bank, Room, bank, fold_in, room_for, shift
from bandits.shown import numbered

# its square is the ridge, see `bandits.linear.Ridge`
Noise = Annotated[float, Field(ge=1e-3)]


class Pooling(NamedTuple):
    """How cohorts are pooled.

    Args:
        between: standard deviation of an arm's mean over all cohorts [units].
        within: standard deviation of a cohort about that mean [units].
        noise: standard deviation of a reward [units].
        seen: (2 D,) room for the entries of phi that are not 0: the shared ones, the cohort's own.
        phi: (W,) room for all of them.
        room: scratch.
    """

    between: float
    within: float
    noise: float
    seen: Floats
    phi: Floats
    room: Room


def labelled(features: Callable[[Block], Floats], cohorts: int, policy: str, block: Block) -> Floats:
    """The features (N, D) of visits whose cohorts are known."""
    numbered(block.cohort, cohorts, "cohort", policy)
    return features(block)


@inlined
def estimate_pooled(state: Bank, how: Pooling, x: Floats, z: Floats, cohort: int, mean: Floats, sd: Floats) -> None:
    """Mean phi·theta and sd = noise · √(phiᵀA⁻¹phi) of every arm (K,)."""
    D, W, seen, A_inv = len(x), len(state.theta), how.seen, state.A_inv
    skipped = D * cohort  # entries of phi between the shared ones and the cohort's own
    for k in range(len(mean)):
        mean[k] = sd[k] = 0.0
    for i in range(D):
        seen[i], seen[D + i] = how.between * x[i], how.within * x[i]
        for k in range(len(mean)):
            mean[k] += seen[i] * state.theta[i, k] + seen[D + i] * state.theta[D + skipped + i, k]
    for i in range(2 * D):
        row = i if i < D else skipped + i
        start = row * W - row * (row - 1) // 2 - row  # where the row would begin if it were whole
        for j in range(i, 2 * D):
            t = start + (j if j < D else skipped + j)
            pair = seen[i] * seen[j] if i == j else 2.0 * seen[i] * seen[j]
            for k in range(len(sd)):
                sd[k] += pair * A_inv[t, k]
    for k in range(len(sd)):
        sd[k] = how.noise * np.sqrt(max(sd[k], 0.0))


@inlined
def spread_out(how: Pooling, x: Floats, cohort: int) -> None:
    """Write (between · x, within · e_c ⊗ x) into how.phi."""
    D, phi = len(x), how.phi
    for i in range(len(phi)):
        phi[i] = 0.0
    for i in range(D):
        phi[i], phi[D * (1 + cohort) + i] = how.between * x[i], how.within * x[i]


@pasted
def learn_pooled(
    state: Bank, how: Pooling, x: Floats, z: Floats, cohort: int, action: int, reward: float, propensity: float
) -> None:
    """A ← A + phi phiᵀ, b ← b + reward · phi, of the arm that was chosen."""
    spread_out(how, x, cohort)
    fold_in(state.A_inv, state.theta, action, how.phi, reward, 1.0, how.room)


@pasted
def correct_pooled(state: Bank, how: Pooling, x: Floats, z: Floats, cohort: int, action: int, delta: float) -> None:
    """Change a reward that the arm has learnt: b ← b + delta · phi."""
    spread_out(how, x, cohort)
    shift(state.A_inv, state.theta, action, how.phi, delta, how.room)


POOLED = assembled(
    estimate=estimate_pooled,
    score=a_normal_draw,
    learn=learn_pooled,
    correct=correct_pooled,
)


class HierarchicalThompson(BuiltIn):
    """Let each cohort learn for itself, and begin where the others already are: partial pooling, without features.

    Hierarchical Thompson sampling for normal rewards: each arm's mean for the visitor's cohort is drawn from its
    posterior, the highest wins.
    mu_k ~ Normal(0, between²),  theta_ck ~ Normal(mu_k, within²),  reward ~ Normal(theta_ck, scale²)
    With within = 0 everything is pooled (GaussianThompson); with between = 0 nothing is (PerCohort). The arms are
    independent and mu_k is integrated out, so one normal an arm is exact; its propensity is told by quadrature.
    Assumes that cohorts are alike but for chance, and that between, within and scale are known. Rewards that were
    already learnt can be corrected.

    Not where one cohort is unlike all the others: it is drawn towards them until its own visits outweigh them, the
    longer the smaller `within` is (then PerCohort). Not without labels.

    Args:
        between: spread of an action's mean over all cohorts about 0, in units of the typical reward.
        within: spread of the cohorts about that mean, in the same units: the smaller, the more is pooled.
        scale: standard deviation of the noise of a reward, at least 1e-3, in the same units.

    Source: Hong, Kveton, Zaheer & Ghavamzadeh 2022, "Hierarchical Bayesian Bandits", Algorithm 1 (HierTS), for
    Gaussian bandits; theirs draws mu_k first and theta_ck then, which comes to the same distribution.
    """

    sees_cohort: ClassVar[bool] = True
    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = True

    between: NonNegativeFloat = 1.0
    within: NonNegativeFloat = 0.5
    scale: Noise = 1.0

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        return _pooling_player(self, problem, 1, rng, a_constant)


class HierarchicalLinearThompson(BuiltIn):
    """Let each cohort learn for itself, and begin where the others already are, judging by features too.

    Hierarchical linear Thompson sampling with disjoint arms: each arm's mean reward for this visitor is drawn from its
    posterior, the highest wins.
    mu_k ~ Normal(0, between² I),  theta_ck ~ Normal(mu_k, within² I),  reward ~ Normal(x·theta_ck, scale²)
    With within = 0 everything is pooled (LinearThompson); with between = 0 nothing is (PerCohort). The arms are
    independent and mu_k is integrated out, so one normal an arm is exact; its propensity is told by quadrature.
    Assumes that an arm's expected reward is linear in x, that cohorts are alike but for chance, and that between,
    within and scale are known. Rewards that were already learnt can be corrected.

    Not where one cohort is unlike all the others, nor without labels, as with HierarchicalThompson. Not with very many
    cohorts: a reward takes time quadratic in features times cohorts.

    Args:
        between: spread of an action's coefficients over all cohorts about 0, in units of the typical reward.
        within: spread of the cohorts about those, in the same units: the smaller, the more is pooled.
        scale: standard deviation of the noise of a reward, at least 1e-3, in the same units.

    Source: Hong, Kveton, Zaheer & Ghavamzadeh 2022, "Hierarchical Bayesian Bandits", Algorithm 1 (HierTS), for linear
    bandits with Gaussian rewards, one regression an arm.
    """

    sees_cohort: ClassVar[bool] = True
    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = True

    between: NonNegativeFloat = 1.0
    within: NonNegativeFloat = 0.5
    scale: Noise = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_features(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        return _pooling_player(self, problem, len(problem.features), rng, of_the_visitor)


def _pooling_player(
    policy: HierarchicalThompson | HierarchicalLinearThompson,
    problem: Problem,
    D: int,
    rng: np.random.Generator,
    features: Callable[[Block], Floats],
) -> Player:
    C = len(problem.cohorts or ())
    W, name = D * (1 + C), type(policy).__name__
    state = bank(len(problem.actions), W, policy.scale**2)
    how = Pooling(policy.between, policy.within, policy.scale, np.zeros(2 * D), np.zeros(W), room_for(W))
    return Player(
        name,
        problem,
        POOLED,
        state,
        how,
        scale=Scale.typical(problem),
        rng=rng,
        luck=normals,
        law=Normal(),
        features=partial(labelled, features, C, name),
    )
