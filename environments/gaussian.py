"""The multi-armed bandit without bounds: each action has a normal reward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Unpack

import numpy as np
from pydantic import BeforeValidator, Field

from bandits.protocol import Floats, Problem
from environments.arms import Arms, ArmsCohort, listed
from environments.drawn import BLOCK, Block, Horizon
from environments.testbed import HORIZON, Common, numbered
from environments.testbed_cohorts import each

Mean = Annotated[float, Field(ge=-1e9, le=1e9)]
Means = Annotated[tuple[Mean, ...], BeforeValidator(listed)]


class GaussianCohort(ArmsCohort):
    """A cohort of `Gaussian`.

    Args:
        name: as in tables and sentences.
        share: of the visits.
        means: of its rewards, one an action; those that all have in common without it.
    """

    means: Means | None = None


class Gaussian(Arms):
    """Each action has a normal reward: the multi-armed bandit without bounds.

    reward_a = mu_ca + sd · eps, with one standard normal eps a visit for all actions, and c the visitor's cohort.

    Args:
        means: of the rewards, one an action.
        sd: standard deviation of a reward.
        cohorts: tables of name, share and means, where these differ from the common ones.
        horizon: visits in a replication.
        block: visits that are served together.
        observe_cohort: whether a policy that asks is told the visitor's cohort.
        bad_below: a shown action is a bad recommendation where its mean is below this; None: nothing is bad.

    Source: Sutton & Barto 2018, section 2.3, whose testbed is one of these with drawn means.
    """

    title: ClassVar[str] = "Gaussian bandit"
    objective_text: ClassVar[str] = "The reward, which is normal about a mean of each action."

    means: Annotated[Means, Field(examples=[[0.0, 1.0]])]
    sd: Annotated[float, Field(gt=0, le=1e9)] = 1.0
    cohorts: Annotated[tuple[GaussianCohort, ...], each(GaussianCohort)] = ()
    horizon: Horizon = HORIZON
    block: Block = BLOCK
    observe_cohort: bool = True
    bad_below: float | None = None

    def __init__(self, means: Sequence[float], sd: float = 1.0, **common: Unpack[Common]) -> None:
        super().__init__(means=means, sd=sd, **common)

    @property
    def problem(self) -> Problem:
        """What is public; a unit of reward is its standard deviation."""
        return Problem(
            actions=numbered(len(self.means)),
            features=("constant",),
            reward_scale=self.sd,
            cohorts=self.shown_cohorts,
            typical=True,
        )

    def _rewards(self, expected: Floats, luck: np.random.Generator) -> Floats:
        return expected + self.sd * luck.standard_normal(len(expected))[:, None]
