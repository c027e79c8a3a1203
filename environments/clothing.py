"""A world of real data: visitors of real ages are recommended a class of clothing, and real reviews say how it went.

N visits, K actions, D features, C age bands, R reviews. For a visitor of band c who is recommended class k:

    p[c, k]  = share of the reviews of k by band c that recommend it
    reward   = recommended − (1 − bound),  recommended ~ Bernoulli(p[c, k]): a review of the cell, drawn uniformly
    expected = welfare = p[c, k] − (1 − bound);  nothing shown earns 0
    bad      iff the share that does not recommend, 1 − p[c, k], exceeds bound
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from bandits.description import Description, identity
from bandits.errors import Fault, InputError
from bandits.protocol import Floats, Ints, Problem
from bandits.streams import stream
from environments.ages import band_of, names_of_nearness, nearness
from environments.clothing_reviews import BAND_KEYS, BAND_STARTS, SHIPPED, Cells, cards, load, notes, points
from environments.drawn import BLOCK, Block, Horizon
from environments.population import NOTHING, Population, PopulationWorld, drawn, labelled_sample, with_nothing
from environments.protocol import About

CENTRES = (25, 35, 45, 55, 65)
FEATURES = ("constant", *names_of_nearness(CENTRES))


def features_of(ages: Ints) -> Floats:
    """What a policy sees of visitors (N, D): a constant, and nearness to the middles of the age bands."""
    return np.column_stack([np.ones(len(ages)), nearness(ages, CENTRES)])


@lru_cache(maxsize=1)
def writers() -> tuple[Floats, Ints]:
    """Features (R, D) and age band (R,) of those who wrote the reviews, who are the visitors; once a process."""
    ages = load(SHIPPED, 1).ages
    return features_of(ages), band_of(ages, BAND_STARTS)


class ClothingReviews(Description):
    """Visitors of real ages are recommended a class of clothing; outcomes are real reviews by their age band.

    Args:
        horizon: visits in a replication.
        bound: largest tolerable share of an age band's reviewers who would not recommend a class; above, it is bad.
        min_reviews: a class with fewer reviews in any age band is left out.
        block: visits that are served together.
        show_nothing: whether a policy may show no recommendation.
        observe_cohort: whether a policy that asks is told the visitor's age band.
    """

    horizon: Horizon = 20_000
    bound: Annotated[float, Field(gt=0, lt=1)] = 0.20
    min_reviews: Annotated[int, Field(ge=1)] = 20
    block: Block = BLOCK
    show_nothing: bool = True
    observe_cohort: bool = True

    @model_validator(mode="after")
    def _leaves_a_choice(self) -> ClothingReviews:
        left = len(self._cells.classes)
        if left < 2:  # noqa: PLR2004  with fewer there is nothing to choose between
            fewest = load(SHIPPED, 1).reviews.min(axis=0)
            most = int(np.sort(fewest)[-2])
            what = f"must leave at least two classes, got {self.min_reviews}, which leaves {left}; take at most {most}"
            raise InputError(Fault(what, ("min_reviews",)))
        return self

    @property
    def _cells(self) -> Cells:
        return load(SHIPPED, self.min_reviews)

    @property
    def problem(self) -> Problem:
        """What is public, with a labelled sample of its own; each replication has another."""
        return self._problem(seed=0, replication=0)

    def _problem(self, seed: int, replication: int) -> Problem:
        classes = self._cells.classes
        rng = stream(seed, replication, "clothing: labelled sample")
        return Problem(
            actions=(*classes, NOTHING) if self.show_nothing else classes,
            features=FEATURES,
            nothing=len(classes) if self.show_nothing else None,
            reward_range=(self.bound - 1, self.bound),
            # The standard deviation of the reward of a class that is just tolerable.
            reward_scale=float(np.sqrt(self.bound * (1 - self.bound))),
            cohorts=BAND_KEYS if self.observe_cohort else None,
            sample=labelled_sample(self._population, BAND_KEYS, "visit", rng),
            typical=True,
        )

    @property
    def _population(self) -> Population:
        typical = points(self._cells, self.bound)
        return Population(*writers(), with_nothing(typical) if self.show_nothing else typical)

    def open(self, seed: int, replication: int) -> PopulationWorld:
        """Make the world of one replication."""
        cells, population = self._cells, self._population
        share, moods = cells.recommending / cells.reviews, stream(seed, replication, "clothing: moods")

        def truth(rows: Ints) -> tuple[Floats, Floats, Floats]:
            band, mood = population.cohort.take(rows), moods.random(len(rows))
            # With the reviews of a cell in order, those that recommend first, the mood picks one for every class.
            recommended = mood[:, None] < share.take(band, axis=0)
            rewards = np.where(recommended, self.bound, self.bound - 1)
            expected = population.typical.take(band, axis=0)
            return with_nothing(rewards) if self.show_nothing else rewards, expected, expected

        return PopulationWorld(
            problem=self._problem(seed, replication),
            population=population,
            order=drawn(len(cells.ages), stream(seed, replication, "clothing: visitors")),
            truth=truth,
            horizon=self.horizon,
            block=self.block,
        )

    @property
    def about(self) -> About:
        """How it is presented, and what the ledger must know."""
        cells = self._cells
        percent = f"{100 * self.bound:.6g} %"
        return About(
            title="Clothing reviews",
            scenario=identity(self),
            objective="recommended",
            objective_text=(
                "One point where a reviewer recommends what was shown, minus the smallest share of recommending "
                f"reviewers that is tolerable ({1 - self.bound:.6g}); nothing shown earns 0."
            ),
            cohorts=cards(cells, self.bound),
            outcomes=(),
            tolerance=0.0,
            bad_means=(
                f"A recommendation is bad where more than {percent} of the reviewers in the visitor's age band would "
                "not recommend that class of clothing."
            ),
            clock="visit",
            horizon=self.horizon,
            people=False,
            reward_unit="points",
            real=True,
            estimated=True,
            notes=notes(cells, self.min_reviews),
        )
