"""A world of real data: visitors of real ages are recommended a class of clothing, and real reviews say how it went.

N visits, K actions, D features, C age bands, R reviews. For a visitor of band c who is recommended class k:

    p[c, k]  = share of the reviews of k by band c that recommend it
    reward   = recommended − (1 − bound),  recommended ~ Bernoulli(p[c, k]): a review of the cell, drawn uniformly
    expected = welfare = p[c, k] − (1 − bound);  nothing shown earns 0
    bad      iff the share that does not recommend, 1 − p[c, k], exceeds bound
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from bandits.cards import LabelledSample
from bandits.description import Description, identity
from bandits.errors import Fault, InputError
from bandits.protocol import Floats, Ints, Problem
from bandits.streams import stream
from environments.protocol import About, Outcome, Visits
from environments.reviews import BAND_KEYS, SHIPPED, Cells, band_of, cards, load, notes, points

NOTHING = "nothing"
CENTRES = (25, 35, 45, 55, 65)
FEATURES = ("constant", *(f"age near {centre}" for centre in CENTRES[1:]))
LEVELS: tuple[Literal["visit"], ...] = tuple("visit" for _ in FEATURES)
SAMPLE = 200


def features_of(ages: Ints) -> Floats:
    """What a policy sees of visitors (N, D): a constant, and nearness to the middles of the age bands.

    Nearness to a middle is 1 at it, falls in straight lines to 0 at the middles before and after, and stays 1 beyond
    the last one. So a linear policy can have any value at each middle and interpolates between them; the first one is
    left out, being the constant minus the others.
    """
    near = [np.interp(ages, CENTRES, np.eye(len(CENTRES))[c]) for c in range(1, len(CENTRES))]
    return np.stack([np.ones(len(ages)), *near], axis=1)


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

    horizon: Annotated[int, Field(ge=1)] = 20_000
    bound: Annotated[float, Field(gt=0, lt=1)] = 0.20
    min_reviews: Annotated[int, Field(ge=1)] = 20
    block: Annotated[int, Field(ge=1, le=1_000_000)] = 1_024
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
        cells = self._cells
        ages = stream(seed, replication, "clothing: labelled sample").choice(cells.ages, SAMPLE)
        sample = LabelledSample(features_of(ages), band_of(ages), BAND_KEYS, LEVELS)
        classes = cells.classes
        return Problem(
            actions=(*classes, NOTHING) if self.show_nothing else classes,
            features=FEATURES,
            nothing=len(classes) if self.show_nothing else None,
            reward_range=(self.bound - 1, self.bound),
            # The standard deviation of the reward of a class that is just tolerable.
            reward_scale=float(np.sqrt(self.bound * (1 - self.bound))),
            cohorts=BAND_KEYS if self.observe_cohort else None,
            sample=sample,
            typical=True,
        )

    def open(self, seed: int, replication: int) -> ReviewWorld:
        """Make the world of one replication."""
        return ReviewWorld(self, self._cells, self._problem(seed, replication), seed, replication)

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


class ReviewWorld:
    """The visits of one replication: whoever comes, and the mood of each visit, are drawn whatever is shown."""

    users = None

    def __init__(
        self, description: ClothingReviews, cells: Cells, problem: Problem, seed: int, replication: int
    ) -> None:
        self.problem = problem
        self._bound = description.bound
        self._left = description.horizon
        self._block = description.block
        self._served = 0
        self._ages = cells.ages
        self._visitors = stream(seed, replication, "clothing: visitors")
        self._moods = stream(seed, replication, "clothing: moods")
        every_age = np.arange(cells.ages.max() + 1)
        self._features = features_of(every_age)
        self._band = band_of(every_age)
        self._share = cells.recommending / cells.reviews
        self._points = points(cells, description.bound)
        if problem.nothing is not None:
            self._points = np.pad(self._points, ((0, 0), (0, 1)))
        self._rewards = np.empty((0, len(problem.actions)))

    def next_block(self, most: int | None = None) -> Visits | None:
        """Serve the next visits; None when the horizon is reached."""
        size = min(self._block if most is None else most, self._left)
        if size == 0:
            return None
        # Both streams give the same numbers in however many pieces they are asked for, so block length is no luck.
        age = self._ages.take(self._visitors.integers(len(self._ages), size=size))
        mood = self._moods.random(size)
        cohort = self._band.take(age)
        # With the reviews of a cell in order, those that recommend first, its mood picks one of them for every class.
        recommended = mood[:, None] < self._share.take(cohort, axis=0)
        self._rewards = np.zeros((size, len(self.problem.actions)))
        self._rewards[:, : recommended.shape[1]] = np.where(recommended, self._bound, self._bound - 1)
        index = np.arange(self._served, self._served + size)
        self._served += size
        self._left -= size
        expected = self._points.take(cohort, axis=0)
        return Visits(
            index=index,
            time=index,
            end=self._served,
            x=self._features.take(age, axis=0),
            available=np.ones(expected.shape, dtype=np.bool_),
            rewards=self._rewards,
            cohort=cohort,
            user=None,
            expected=expected,
            welfare=expected,
            typical=expected,
        )

    def respond(self, actions: Ints) -> Outcome:
        """Close the block with the actions that were shown (N,)."""
        size = len(actions)
        return Outcome(
            reward=self._rewards[np.arange(size), actions],
            values=np.empty((size, 0)),
            left=np.zeros(size, dtype=np.bool_),
            lost=np.empty(0, dtype=np.int64),
        )
