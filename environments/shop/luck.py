"""What luck decides in a replication of a storefront, as its world asks for it: who there is, and day by day who comes.

N visits of a day, U users, V variants, T visits on the calendar, D features. No draw depends on an action, so every
policy meets the same customers, on the same days, in the same mood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bandits.cards import LabelledSample
from bandits.protocol import Floats, Ints
from environments.shop.scenario import Scenario
from environments.shop.truth import Truth


@dataclass(frozen=True, slots=True)
class Day:
    """The visits of one day, if nobody has left.

    Args:
        begin: how many visits the calendar has before them.
        user: (N,) who visits.
        x: (N, D) features.
        mood: (N,) eps, standard logistic: one draw for all items [logits].
        trial: (N,) standard normal: how the experience turns out.
        patience: (N,) log(−log(1 − uniform)): how much it takes to leave after this visit.
        lag: (N,) days until a return would be known.
    """

    begin: int
    user: Ints
    x: Floats
    mood: Floats
    trial: Floats
    patience: Floats
    lag: Ints


class Luck(Protocol):
    """Everything that is drawn in a replication."""

    @property
    def cohort(self) -> Ints:
        """(U,) persona of each user."""
        ...

    @property
    def arrival(self) -> Ints:
        """(U,) day on which each user becomes a customer."""
        ...

    @property
    def v(self) -> Floats:
        """(U, V) anticipated net utility of each variant [logits]."""
        ...

    @property
    def sample(self) -> LabelledSample:
        """Users whose persona is known from a survey."""
        ...

    def days(self) -> Iterator[Day]:
        """The days, from the first; each call begins anew."""
        ...

    def truths(self) -> Iterator[tuple[slice, Truth]]:
        """The expectations of a visit in which a variant is shown: some users, and their rows (any, V)."""
        ...


def patience(rng: np.random.Generator, n: int) -> Floats:
    """How much it takes to leave after each of n visits: log(−log(1 − uniform))."""
    uniform = rng.random(n)
    drawn: Floats = np.log(-np.log1p(-uniform))
    return drawn


def lags(scenario: Scenario, rng: np.random.Generator, n: int) -> Ints:
    """Days until a return of each of n visits would be known."""
    geometric: Ints = rng.geometric(1.0 / scenario.return_lag_mean, n)
    return scenario.return_lag_min + geometric
