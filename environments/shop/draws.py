"""Everything that luck decides in one replication of a storefront, drawn at once, before anybody is shown anything.

U users, V variants, T visits on the calendar, D features. Where that would not fit into a process's memory, it is drawn
day by day (`environments.shop.daily_draws`): the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bandits.cards import LabelledSample
from bandits.protocol import Floats, Ints
from bandits.streams import stream
from environments.shop.calendar import calendar, customers, tastes, visits_by_persona
from environments.shop.daily_draws import DayByDay
from environments.shop.features import draw_sample, draw_user_level, draw_visit_level
from environments.shop.luck import Day, Luck, lags, patience
from environments.shop.rewards import truth_of
from environments.shop.scenario import Scenario
from environments.shop.shelves import shelves_of
from environments.shop.truth import Truth
from environments.shop.utility import anticipated

MOST = 2**25
"""Numbers that a process may remember of a replication: 256 MiB of them."""


@dataclass(frozen=True, slots=True)
class Draws:
    """The luck of one replication.

    Args:
        cohort: (U,) persona of each user.
        arrival: (U,) day on which each user becomes a customer.
        v: (U, V) anticipated net utility of each variant [logits].
        truth: (U, V) expectations of a visit in which the variant is shown.
        user: (T,) who visits, day by day.
        first: (days + 1,) where each day's visits begin.
        x: (T, D) features.
        mood: (T,) see `Day`.
        trial: (T,) see `Day`.
        patience: (T,) see `Day`.
        lag: (T,) see `Day`.
        sample: users whose persona is known from a survey.
    """

    cohort: Ints
    arrival: Ints
    v: Floats
    truth: Truth
    user: Ints
    first: Ints
    x: Floats
    mood: Floats
    trial: Floats
    patience: Floats
    lag: Ints
    sample: LabelledSample

    def days(self) -> Iterator[Day]:
        """The days, from the first."""
        for begin, end in zip(self.first[:-1].tolist(), self.first[1:].tolist(), strict=True):
            day = slice(begin, end)
            yield Day(
                begin, self.user[day], self.x[day], self.mood[day], self.trial[day], self.patience[day], self.lag[day]
            )

    def truths(self) -> Iterator[tuple[slice, Truth]]:
        """The expectations of all users in one piece."""
        yield slice(0, len(self.cohort)), self.truth


@lru_cache(maxsize=1)
def draw(scenario: Scenario, labelled: int, seed: int, replication: int) -> Luck:
    """Draw a replication. Cells that follow one another in the same replication share it.

    Args:
        scenario: the shop and its customers.
        labelled: how many users' personas are known from a survey.
        seed: of the experiment.
        replication: its number.
    """
    kind = draw_at_once if _numbers(scenario) <= MOST else DayByDay
    return kind(scenario, labelled, seed, replication)


def _numbers(scenario: Scenario) -> float:
    """How many numbers it would take to remember a replication: a rule that depends on the scenario alone."""
    users = scenario.customers + scenario.new_customers * scenario.days
    a_user = 2 + 7 * len(shelves_of(scenario).variants)
    a_visit = 5 + len(scenario.feature_names)
    return users * a_user + float(visits_by_persona(scenario).sum()) * a_visit


def draw_at_once(scenario: Scenario, labelled: int, seed: int, replication: int) -> Draws:
    """Draw a replication as a whole; see `draw`."""

    def rng(purpose: str) -> np.random.Generator:
        return stream(seed, replication, f"storefront:{purpose}")

    cohort, arrival = customers(scenario, rng("customers"))
    variants = shelves_of(scenario).variants
    v = anticipated(scenario.personas, variants, cohort, tastes(scenario, cohort, rng("tastes")))
    days = list(calendar(scenario, cohort, arrival, rng("calendar")))
    user, first = np.concatenate(days), np.concatenate([[0], np.cumsum([len(day) for day in days])])
    own = draw_user_level(scenario, cohort, rng("user features"))
    x = draw_visit_level(scenario, cohort[user], own[user], rng("visit features"))
    T = len(user)
    return Draws(
        cohort=cohort,
        arrival=arrival,
        v=v,
        truth=truth_of(scenario, variants, cohort, v),
        user=user,
        first=first,
        x=x,
        mood=rng("mood").logistic(size=T),
        trial=rng("trial").standard_normal(T),
        patience=patience(rng("patience"), T),
        lag=lags(scenario, rng("return lag"), T),
        sample=draw_sample(scenario, labelled, rng("survey")),
    )
