"""Testbeds in which features tell which action is best: linear, and logistic.

C cohorts, K actions, D features, N visits. x (N, D), theta (C, K, D).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Unpack

import numpy as np
from pydantic import Field

from bandits.protocol import Floats, Problem
from environments.contextual import Actions, Cohorts, Contextual, ContextualCommon, Features, Separation
from environments.drawn import BLOCK, Block, Horizon
from environments.testbed import HORIZON, numbered


class Linear(Contextual):
    """Expected rewards are linear in the visitor's features: the world that LinUCB assumes.

    reward_k = x·theta_ck + noise · eps, with one standard normal eps a visit for all actions, and c the visitor's
    cohort. x is a constant 1 and features − 1 standard normals; theta_k, of length 1, is drawn anew in each
    replication (`theta`). So an expected reward has mean square 1 over visits and replications.
    theta_ck = theta_k + distance_c · delta_ck, delta_ck of length 1: cohorts differ by less than the noise, or by more
    than all else. What is best at a visit, and what that is worth, is in `Visits.expected`.

    Args:
        features: how many features a visitor has, the constant included (D).
        actions: how many there are (K).
        noise: standard deviation of a reward about what is expected.
        cohorts: tables of name, share and distance.
        separation: how far the means of the cohorts' first normal feature lie apart [standard deviations]: 0 hides
            who is of which cohort.
        horizon: visits in a replication.
        block: visits that are served together.
        observe_cohort: whether a policy that asks is told the visitor's cohort.
        bad_below: a shown action is a bad recommendation where its expected reward is below this; None: nothing is bad.

    Source: Li, Chu, Langford & Schapire 2010 (its assumption); Hong et al. 2022 (cohorts about a common mean).
    """

    title: ClassVar[str] = "Linear bandit"
    objective_text: ClassVar[str] = "The reward, whose mean is linear in the visitor's features."

    features: Features = 10
    actions: Actions = 5
    noise: Annotated[float, Field(gt=0, le=1e6)] = 0.5
    cohorts: Cohorts = ()
    separation: Separation = 0.0
    horizon: Horizon = HORIZON
    block: Block = BLOCK
    observe_cohort: bool = True
    bad_below: float | None = 0.0

    def __init__(
        self, features: int = 10, actions: int = 5, noise: float = 0.5, **common: Unpack[ContextualCommon]
    ) -> None:
        super().__init__(features=features, actions=actions, noise=noise, **common)

    @property
    def problem(self) -> Problem:
        """What is public; a unit of reward is the standard deviation of its noise."""
        return Problem(
            actions=numbered(self.actions),
            features=self.feature_names,
            reward_scale=self.noise,
            cohorts=self.shown_cohorts,
            cards=self.cards,
            typical=True,
        )

    def _outcomes(self, score: Floats, luck: np.random.Generator) -> tuple[Floats, Floats]:
        return score, score + self.noise * luck.standard_normal(len(score))[:, None]

    def _typical(self, theta: Floats) -> Floats:
        mean: Floats = np.einsum("ckd,cd->ck", theta, self.mean_features)
        return mean


class Logistic(Contextual):
    """Each action is a success with a probability that is logistic in the visitor's features.

    reward_k = 1 if u < 1/(1 + exp(−x·theta_ck)) else 0, with one uniform u a visit for all actions, and c the visitor's
    cohort. x and theta are as in `Linear`. What is best at a visit, and what that is worth, is in `Visits.expected`.
    Its mean over a cohort has no closed form, so this world says nothing to the persona oracle.

    Args:
        features: how many features a visitor has, the constant included (D).
        actions: how many there are (K).
        cohorts: tables of name, share and distance.
        separation: how far the means of the cohorts' first normal feature lie apart [standard deviations]: 0 hides
            who is of which cohort.
        horizon: visits in a replication.
        block: visits that are served together.
        observe_cohort: whether a policy that asks is told the visitor's cohort.
        bad_below: a shown action is a bad recommendation where its probability is below this; None: nothing is bad.

    Source: Chapelle & Li 2011 (its assumption).
    """

    title: ClassVar[str] = "Logistic bandit"
    objective_text: ClassVar[str] = "One point for a success, whose log-odds are linear in the visitor's features."

    features: Features = 10
    actions: Actions = 5
    cohorts: Cohorts = ()
    separation: Separation = 0.0
    horizon: Horizon = HORIZON
    block: Block = BLOCK
    observe_cohort: bool = True
    bad_below: float | None = 0.5

    def __init__(self, features: int = 10, actions: int = 5, **common: Unpack[ContextualCommon]) -> None:
        super().__init__(features=features, actions=actions, **common)

    @property
    def problem(self) -> Problem:
        """What is public; a unit of reward is its largest possible standard deviation, 1/2."""
        return Problem(
            actions=numbered(self.actions),
            features=self.feature_names,
            reward_range=(0.0, 1.0),
            reward_scale=0.5,
            cohorts=self.shown_cohorts,
            cards=self.cards,
        )

    def _outcomes(self, score: Floats, luck: np.random.Generator) -> tuple[Floats, Floats]:
        from scipy.special import expit  # noqa: PLC0415  heavy: imported where it is used

        p: Floats = expit(score)
        return p, (luck.random(len(p))[:, None] < p).astype(np.float64)

    def _typical(self, theta: Floats) -> None:
        del theta
