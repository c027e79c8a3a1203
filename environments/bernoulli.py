"""The textbook's multi-armed bandit: each action is a success with a probability of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Unpack

import numpy as np
from pydantic import BeforeValidator, Field

from bandits.protocol import Floats, Problem
from environments.arms import Arms, ArmsCohort, listed
from environments.drawn import BLOCK, Block, Horizon
from environments.testbed import HORIZON, Common, numbered
from environments.testbed_cohorts import each

Probability = Annotated[float, Field(ge=0, le=1)]
Probabilities = Annotated[tuple[Probability, ...], BeforeValidator(listed)]


class BernoulliCohort(ArmsCohort):
    """A cohort of `Bernoulli`.

    Args:
        name: as in tables and sentences.
        share: of the visits.
        means: of its rewards, one an action; those that all have in common without it.
    """

    means: Probabilities | None = None


class Bernoulli(Arms):
    """Each action is a success with a probability of its own: the textbook's multi-armed bandit.

    reward_a = 1 if u < mu_ca else 0, with one uniform u a visit for all actions, and c the visitor's cohort.

    Args:
        means: probability of a success, one an action.
        cohorts: tables of name, share and means, where these differ from the common ones.
        horizon: visits in a replication.
        block: visits that are served together.
        observe_cohort: whether a policy that asks is told the visitor's cohort.
        bad_below: a shown action is a bad recommendation where its probability is below this; None: nothing is bad.

    Source: Lai & Robbins 1985.
    """

    title: ClassVar[str] = "Bernoulli bandit"
    objective_text: ClassVar[str] = "One point for a success."

    means: Annotated[Probabilities, Field(examples=[[0.9, 0.8]])]
    cohorts: Annotated[tuple[BernoulliCohort, ...], each(BernoulliCohort)] = ()
    horizon: Horizon = HORIZON
    block: Block = BLOCK
    observe_cohort: bool = True
    bad_below: float | None = None

    def __init__(self, means: Sequence[float], **common: Unpack[Common]) -> None:
        super().__init__(means=means, **common)

    @property
    def lai_robbins(self) -> float:
        """C, the floor of regret: no policy that is good everywhere has less than C ln T after many visits T.

        C = Σ_a (mu* − mu_a) / kl(mu_a, mu*), over the actions with mu_a < mu*; 0 where mu* = 1. Where there are
        cohorts, mu are the means over all visitors, and regret is that against `best_action`: the floor of a policy
        that is not told cohorts.

        Source: Lai & Robbins 1985, Theorem 1.
        """
        mu = self.mean_over_cohorts
        best = float(mu.max())
        return math.fsum((best - mean) / divergence(mean, best) for mean in mu.tolist() if mean < best)

    @property
    def problem(self) -> Problem:
        """What is public; a unit of reward is its largest possible standard deviation, 1/2."""
        return Problem(
            actions=numbered(len(self.means)),
            features=("constant",),
            reward_range=(0.0, 1.0),
            reward_scale=0.5,
            cohorts=self.shown_cohorts,
            typical=True,
        )

    def _rewards(self, expected: Floats, luck: np.random.Generator) -> Floats:
        return (luck.random(len(expected))[:, None] < expected).astype(np.float64)


def divergence(p: float, q: float) -> float:
    """kl(p, q) = p ln(p/q) + (1 − p) ln((1 − p)/(1 − q)) of two successes with p < q; infinite where q = 1."""
    if q == 1.0:
        return math.inf
    return (p * math.log(p / q) if p > 0.0 else 0.0) + (1.0 - p) * math.log((1.0 - p) / (1.0 - q))
