"""LinUCB with a regression that all actions share, and one for each action on what the shared one leaves over.

D visitor features, M action features, d = D · M, K actions; phi_k = x ⊗ z_k (d,), see `bandits.products`.
The paper's matrices, an action: A (D, D), B (D, d), b (D,); shared: A₀ (d, d), b₀ (d,), beta = A₀⁻¹b₀. Kept are

    A⁻¹, theta = A⁻¹b, C = A⁻¹B (D, d) of each action;  A₀⁻¹, beta.

With u = phi_k − Cᵀx (d,), what of phi the action's own regression does not explain, and q = xᵀA⁻¹x,

    mean = x·theta + u·beta,  variance = q + uᵀA₀⁻¹u                    lines 12 and 13, their four terms collected
    A₀ ← A₀ + u uᵀ/(1 + q),  b₀ ← b₀ + u (reward − x·theta)/(1 + q)       lines 17, 18, 22 and 23 together
    C ← C + A⁻¹x uᵀ/(1 + q),  and A, theta as ridge regressions do         lines 19 to 21

so that a visit inverts nothing: A₀ is a Schur complement, of which a visit changes rank one.

Source: Li, Chu, Langford & Schapire 2010, Algorithm 2.
"""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import NonNegativeFloat

from bandits.assembly import assembled
from bandits.compiled import inlined, pasted
from bandits.inputs import Scale
from bandits.linear import Ridge, optimism
from bandits.player import Player
from bandits.policy import BuiltIn
from bandits.products import Products, needs_action_features
from bandits.protocol import BlockLearner, Floats, Problem
from bandits.ridge import Bank, Room, bank, fold_in, inner_products, quadratic_forms, room_for, shift
from bandits.whole import Whole, fold_into, form_of, fours, shift_whole, whole


class Hybrid(NamedTuple):
    """What has been learnt.

    Args:
        arms: A⁻¹ and theta of every action.
        C: (K, D, d) A⁻¹B of every action, d rounded up as in `bandits.whole`.
        shared: A₀⁻¹ and beta.
    """

    arms: Bank
    C: Floats
    shared: Whole


class How(NamedTuple):
    """Hyper-parameters.

    Args:
        alpha: standard deviations of optimism.
        room: scratch of an action's regression.
        u: (d,) of one action.
        g: (d,) A₀⁻¹u.
    """

    alpha: float
    room: Room
    u: Floats
    g: Floats


@inlined
def unexplained(C: Floats, x: Floats, z: Floats, k: int, u: Floats) -> None:
    """Write phi_k − C_kᵀx (d,) into u."""
    M = z.shape[1]
    for i in range(len(x)):
        for m in range(M):
            u[i * M + m] = x[i] * z[k, m]
    for i in range(len(x)):
        for p in range(len(u)):
            u[p] -= C[k, i, p] * x[i]


@inlined
def estimate_hybrid(state: Hybrid, how: How, x: Floats, z: Floats, cohort: int, mean: Floats, sd: Floats) -> None:
    """Mean x·theta + u·beta and sd = √(xᵀA⁻¹x + uᵀA₀⁻¹u) of every action (K,)."""
    u = how.u
    inner_products(state.arms.theta, x, mean)
    quadratic_forms(state.arms.A_inv, x, how.room, sd)
    for k in range(len(mean)):
        unexplained(state.C, x, z, k, u)
        for p in range(len(u)):
            mean[k] += u[p] * state.shared.theta[p]
        sd[k] = math.sqrt(max(sd[k] + form_of(state.shared.A_inv, u, how.g), 0.0))


@inlined
def learn_hybrid(
    state: Hybrid, how: How, x: Floats, z: Floats, cohort: int, action: int, reward: float, propensity: float
) -> None:
    """Fold a visit into the shared regression, and into that of the action that was chosen: see the module."""
    u, y, left, q = how.u, how.room.y, reward, 0.0
    unexplained(state.C, x, z, action, u)
    for i in range(len(x)):
        left -= x[i] * state.arms.theta[i, action]
    fold_in(state.arms.A_inv, state.arms.theta, action, x, reward, 1.0, how.room)
    for i in range(len(x)):
        q += x[i] * y[i]  # A⁻¹x before the visit
    weight = 1.0 / (1.0 + q)
    for i in range(len(x)):
        step = weight * y[i]
        for p in range(len(u)):
            state.C[action, i, p] += step * u[p]
    fold_into(state.shared.A_inv, state.shared.theta, u, left, weight, how.g)


@pasted
def correct_hybrid(state: Hybrid, how: How, x: Floats, z: Floats, cohort: int, action: int, delta: float) -> None:
    """Change a reward that was learnt: b ← b + delta · x and b₀ ← b₀ + delta · u, with u as it is now."""
    unexplained(state.C, x, z, action, how.u)
    shift_whole(state.shared.A_inv, state.shared.theta, how.u, delta, how.g)
    shift(state.arms.A_inv, state.arms.theta, action, x, delta, how.room)


HYBRID = assembled(estimate=estimate_hybrid, score=optimism, learn=learn_hybrid, correct=correct_hybrid)


class HybridLinUCB(BuiltIn):
    """Show the action that might plausibly be best: what actions have in common is learnt of all, the rest of each.

    LinUCB with hybrid arms: expected reward phi_k·beta + x·theta_k, phi_k = x ⊗ z_k the products of visitor and action
    features, each with a constant; the highest upper confidence bound wins. A new action starts from what its features
    promise, and is then known for what it is.
    Deterministic but for ties, so its propensity is 1 (ties: shared). Assumes that an expected reward is linear in the
    products and in x. Rewards can be corrected. A visit costs K ((D M)² + D² M), in D visitor and M action features.
    Not where either are many: use LinUCB where actions have many visits each, SharedLinUCB where they have few.

    Args:
        alpha: width of the confidence bound, in standard deviations; the noise of a reward is taken to be one unit.
        ridge: regularisation, at least 1e-6; the prior standard deviation of a coefficient is 1/√ridge units.

    Source: Li, Chu, Langford & Schapire 2010, Algorithm 2, without inverses (see the module).
    """

    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = True

    alpha: NonNegativeFloat = 1.0
    ridge: Ridge = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_action_features(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        products = Products("HybridLinUCB", problem)
        K, D, d = len(problem.actions), products.D, fours(products.D * products.M)
        return Player(
            "HybridLinUCB",
            problem,
            HYBRID,
            Hybrid(bank(K, D, self.ridge), np.zeros((K, D, d)), whole(d, self.ridge)),
            How(self.alpha, room_for(D), np.zeros(d), np.zeros(d)),
            scale=Scale.typical(problem),
            rng=rng,
            features=products.visitors,
            actions=products.actions,
        )
