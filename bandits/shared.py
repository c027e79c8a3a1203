"""Linear policies with one ridge regression for all actions, on products of visitor and action features.

D visitor features, M action features, d = D · M, K actions; phi_k = x ⊗ z_k (d,), see `bandits.products`.
The kernels, and why an action costs but M² products, are in `bandits.tastes`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar

import numpy as np
from pydantic import NonNegativeFloat

from bandits.assembly import assembled
from bandits.inputs import Scale
from bandits.learner_state import Changing
from bandits.linear import Ridge, optimism
from bandits.player import Player
from bandits.policy import BuiltIn
from bandits.products import Products, needs_action_features
from bandits.protocol import BlockLearner, Bools, Floats, Ints, Problem
from bandits.tastes import a_joint_draw, correct_shared, estimate_shared, how_for, learn_shared, note_covariance
from bandits.whole import whole


class JointlyNormal(Changing):
    """Scores are drawn together from one normal distribution.

    Args:
        rng: luck of its own, so that asking for propensities moves no choice.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def chance(self, notes: Floats, candidates: Bools, action: Ints) -> tuple[Floats, Floats | None]:
        """Estimates (N,), and their standard errors (N,)."""
        from bandits.orthant import joint_propensity  # noqa: PLC0415  only the log asks for it

        mean, covariance = np.ascontiguousarray(notes[:, :, 0]), np.ascontiguousarray(notes[:, :, 1:])
        return joint_propensity(mean, covariance, candidates, action, self._rng)


def normals_each(M: int, rng: np.random.Generator, N: int, K: int) -> Floats:
    """Standard normals, one for each visit and action feature (N, M)."""
    return rng.standard_normal((N, M))


UCB = assembled(estimate=estimate_shared, score=optimism, learn=learn_shared, correct=correct_shared)


class SharedLinUCB(BuiltIn):
    """Show the action that might plausibly be best, where what is learnt of one action is learnt of all like it.

    LinUCB with one regression for all actions, on the products of visitor and action features, phi_k = x ⊗ z_k, each
    with a constant: the highest upper confidence bound, phi_k·theta + alpha √(phi_kᵀA⁻¹phi_k), wins.
    Deterministic but for ties, so its propensity is 1 (ties: shared). Assumes that an expected reward is linear in the
    products; an action then needs no visits of its own, so it suits large or changing catalogues. Not where actions
    differ in ways that their features do not tell: two with the same features are the same to it, for good; use
    HybridLinUCB, or LinUCB. Rewards can be corrected. A visit costs (D M)² + K M², in D visitor and M action features.

    Args:
        alpha: width of the confidence bound, in standard deviations; the noise of a reward is taken to be one unit.
        ridge: regularisation, at least 1e-6; the prior standard deviation of a coefficient is 1/√ridge units.

    Source: Li, Chu, Langford & Schapire 2010 (the framing); Chu, Li, Reyzin & Schapire 2011, Algorithm 1;
    Abbasi-Yadkori, Pál & Szepesvári 2011 (the bound).
    """

    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = True

    alpha: NonNegativeFloat = 1.0
    ridge: Ridge = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_action_features(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        products = Products("SharedLinUCB", problem)
        D, M = products.D, products.M
        return Player(
            "SharedLinUCB",
            problem,
            UCB,
            whole(D * M, self.ridge),
            how_for(len(problem.actions), D, M, 1.0, self.alpha),
            scale=Scale.typical(problem),
            rng=rng,
            features=products.visitors,
            actions=products.actions,
        )


THOMPSON = assembled(
    estimate=estimate_shared,
    score=a_joint_draw,
    note=note_covariance,
    learn=learn_shared,
    correct=correct_shared,
)


class SharedLinearThompson(BuiltIn):
    """Show each action as often as it is likely to be best, where what is learnt of one is learnt of all like it.

    Linear Thompson sampling with one regression for all actions, on the products of visitor and action features,
    phi_k = x ⊗ z_k, each with a constant: theta is drawn once a visit, and the highest phi_k·theta wins.
    theta | data ~ Normal(A⁻¹b, scale² A⁻¹). Of theta only v = Wᵀx (M,) matters, W (D, M) being theta in another shape.
    So v is drawn, by M normals, from its own distribution; scores are correlated, as those of one theta are.
    Its propensity is a Monte-Carlo estimate, unbiased and with its standard error (`bandits.orthant`), made when asked
    for. Assumes that an expected reward is linear in the products. Not where actions differ in ways that their features
    do not tell: use LinearThompson. Rewards can be corrected. A visit costs (D M)² + K M².

    Args:
        scale: standard deviation of the noise, in units of the typical reward.
        ridge: at least 1e-6; the prior standard deviation of a coefficient is scale/√ridge units.

    Source: Agrawal & Goyal 2013, "Thompson sampling for contextual bandits with linear payoffs", Algorithm 1.
    """

    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = True

    scale: NonNegativeFloat = 1.0
    ridge: Ridge = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_action_features(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        products = Products("SharedLinearThompson", problem)
        K, D, M = len(problem.actions), products.D, products.M
        return Player(
            "SharedLinearThompson",
            problem,
            replace(THOMPSON, notes=1 + K),
            whole(D * M, self.ridge),
            how_for(K, D, M, self.scale, 0.0),
            scale=Scale.typical(problem),
            rng=rng,
            luck=partial(normals_each, M),
            law=JointlyNormal(rng.spawn(1)[0]),
            features=products.visitors,
            actions=products.actions,
        )
