"""What the testbeds in which features tell which action is best have in common: visitors, and parameters.

C cohorts, K actions, D features, N visits. x (N, D), theta (C, K, D).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from bandits.cards import FeatureCard, PersonaCard
from bandits.compiled import compiled
from bandits.errors import Fault
from bandits.protocol import Floats, Ints
from bandits.streams import stream
from environments.cohort_cards import plainly
from environments.drawn import Drawn
from environments.testbed import Common, Testbed
from environments.testbed_cohorts import Group, each, visitors

FAR = "Its own: the parameters of each action lie {} from the common ones, whose length is 1."
SEEN = " Its visitors show it: the mean of their x1 is {}."


@compiled
def inner_products(x: Floats, theta: Floats, cohort: Ints, out: Floats) -> None:
    """x·theta_ck of each visit and action, written into out (N, K).

    Each is summed in order of the features, so that its bits do not depend on how many visits are served together, as
    those of a matrix product do.
    """
    N, D = x.shape
    for n in range(N):
        own = theta[cohort[n]]
        for k in range(own.shape[0]):
            total = 0.0
            for d in range(D):
                total += x[n, d] * own[k, d]
            out[n, k] = total


Features = Annotated[int, Field(ge=1, le=1_000)]
Actions = Annotated[int, Field(ge=2, le=1_000)]
Separation = Annotated[float, Field(ge=0, le=100)]


class LinearCohort(Group):
    """A cohort of `Linear` or `Logistic`.

    Args:
        name: as in tables and sentences.
        share: of the visits.
        distance: how far its parameters lie from the common ones, of which each action's have length 1.
    """

    distance: Annotated[float, Field(ge=0, le=100)] = 0.0


Cohorts = Annotated[tuple[LinearCohort, ...], each(LinearCohort)]


class ContextualCommon(Common, total=False):
    """What can be said of these testbeds by keyword."""

    separation: float


class Contextual(Testbed):
    """Visitors show a constant and features − 1 normal features; the parameters of actions are drawn anew each time.

    x = (1, m_c, 0, …) + (0, standard normals), of a visitor of cohort c. theta_k is uniform on the unit sphere;
    theta_ck = theta_k + distance_c · delta_ck, with delta_ck uniform on the unit sphere too. The cohorts' first normal
    feature has means m_c that lie `separation` apart, in the order of their tables, and 0 in the middle.
    """

    if TYPE_CHECKING:  # declared by each, see `Testbed`
        features: int
        actions: int
        cohorts: tuple[LinearCohort, ...]
        separation: float

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)  # said once more for the type checker, which makes one up from the fields else

    def _faults(self) -> Iterator[Fault]:
        """What is wrong with the separation."""
        if self.separation > 0.0 and self.features == 1:
            what = "must be 0 where a constant is the only feature, got"
            yield Fault(f"{what} {self.separation:g}; take 2 features or more", ("separation",))
        if self.separation > 0.0 and len(self.cohorts) < 2:  # noqa: PLR2004  one cannot be told from itself
            what = f"must be 0 where there are not two cohorts to tell apart, got {self.separation:g}; declare cohorts"
            yield Fault(what, ("separation",))

    @property
    def paragraphs(self) -> tuple[tuple[str, str], ...]:
        """What is each declared cohort's own: how far its parameters lie from the common ones, and what shows it."""
        taste = [
            FAR.format(plainly(cohort.distance)) if cohort.distance else "The common one." for cohort in self.cohorts
        ]
        seen = [SEEN.format(plainly(mean[1])) if self.separation else "" for mean in self.mean_features]
        # without cohorts there is one mean
        return tuple(("Taste", own + shown) for own, shown in zip(taste, seen, strict=False))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """D names of the columns of x: a constant first."""
        return ("constant", *(f"x{d}" for d in range(1, self.features)))

    @property
    def mean_features(self) -> Floats:
        """Means of the features of each cohort's visitors (C, D)."""
        C = max(1, len(self.cohorts))
        means = np.zeros((C, self.features))
        means[:, 0] = 1.0
        if self.separation:
            means[:, 1] = self.separation * (np.arange(C) - (C - 1) / 2)
        return means

    def theta(self, seed: int, replication: int) -> Floats:
        """Parameters of each cohort and action (C, K, D) in a replication."""
        kind, shape = type(self).__name__, (self.actions, self.features)
        common = _on_the_sphere(stream(seed, replication, f"{kind}: theta").standard_normal(shape))
        distance = np.array([cohort.distance for cohort in self.cohorts] or [0.0])
        own = stream(seed, replication, f"{kind}: theta of cohorts").standard_normal((len(distance), *shape))
        return common + distance[:, None, None] * _on_the_sphere(own)

    @property
    def cards(self) -> tuple[PersonaCard, ...]:
        """How the features of each cohort are distributed."""
        return tuple(
            PersonaCard(
                name=cohort.name,
                share=cohort.share,
                visit_rate=1.0,
                features=tuple(
                    FeatureCard(name, "number", "visit", float(mean))
                    for name, mean in zip(self.feature_names[1:], means[1:], strict=True)
                ),
            )
            for cohort, means in zip(self.cohorts, self.mean_features, strict=False)
        )

    def draws(self, seed: int, replication: int) -> Callable[[int], Drawn]:
        """Make the function n ↦ the next n visits of a replication."""
        kind, D, K = type(self).__name__, self.features, self.actions
        who = visitors(self.cohorts, stream(seed, replication, f"{kind}: visitors"))
        features, luck = (stream(seed, replication, f"{kind}: {what}") for what in ("features", "luck"))
        theta, centre = self.theta(seed, replication), self.mean_features
        typical = self._typical(theta)

        def draw(size: int) -> Drawn:
            cohort = who(size)
            x = np.empty((size, D))
            x[:, 0] = 1.0
            x[:, 1:] = features.standard_normal((size, D - 1))
            if self.separation:
                x[:, 1] += centre[:, 1].take(cohort)
            score = np.empty((size, K))
            inner_products(x, theta, cohort, score)
            expected, rewards = self._outcomes(score, luck)
            return Drawn(
                expected, rewards, x, cohort, typical=None if typical is None else typical.take(cohort, axis=0)
            )

        return draw

    @abstractmethod
    def _outcomes(self, score: Floats, luck: np.random.Generator) -> tuple[Floats, Floats]:
        """What to expect of each action, and what it would bring (N, K each), from x·theta (N, K)."""

    @abstractmethod
    def _typical(self, theta: Floats) -> Floats | None:
        """Mean expected rewards over each cohort (C, K), where they are known exactly."""


def _on_the_sphere(normals: Floats) -> Floats:
    """Vectors of length 1, along the last axis."""
    unit: Floats = normals / np.linalg.norm(normals, axis=-1, keepdims=True)
    return unit
