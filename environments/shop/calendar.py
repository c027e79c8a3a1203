"""Who is a customer, from when, with which tastes, and who would come on which day.

U users, C personas, A attributes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bandits.protocol import Floats, Ints
from environments.shop.scenario import Scenario


def customers(scenario: Scenario, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Persona and day of arrival of every user; ids carry no information.

    On the first day the personas hold their declared shares exactly (largest remainders); later ones join by chance.
    """
    share = np.array([persona.share for persona in scenario.personas])
    share = share / share.sum()
    whole = np.floor(share * scenario.customers).astype(np.int64)
    rest = np.argsort(whole - share * scenario.customers, kind="stable")
    whole[rest[: scenario.customers - whole.sum()]] += 1
    cohort = rng.permutation(np.repeat(np.arange(len(share)), whole))
    joined = rng.poisson(scenario.new_customers, scenario.days)
    joined[0] = 0
    later = rng.choice(len(share), size=joined.sum(), p=share).astype(np.int64)
    arrival = np.concatenate([np.zeros(len(cohort), dtype=np.int64), np.repeat(np.arange(scenario.days), joined)])
    return np.concatenate([cohort, later]), arrival


def tastes(scenario: Scenario, cohort: Ints, rng: np.random.Generator) -> Floats:
    """What each customer values (U, A): theta_i = taste_c + taste_sd_c N(0, I)."""
    taste = np.array([persona.taste for persona in scenario.personas])
    spread = np.array([persona.taste_sd for persona in scenario.personas])
    theta: Floats = taste[cohort] + spread[cohort, None] * rng.standard_normal((len(cohort), taste.shape[1]))
    return theta


def rates(scenario: Scenario) -> Floats:
    """Visits of one customer of each persona on each day (C, days)."""
    return np.stack([persona.visit_rates(scenario.days) for persona in scenario.personas])


def calendar(scenario: Scenario, cohort: Ints, arrival: Ints, rng: np.random.Generator) -> Iterator[Ints]:
    """Who would visit, day by day: each customer once a day at most, with the visit rate of the persona."""
    rate = rates(scenario)
    for day in range(scenario.days):
        yield np.flatnonzero((rng.random(len(cohort)) < rate[:, day][cohort]) & (arrival <= day))


def visits_by_persona(scenario: Scenario) -> Floats:
    """About how often the customers of each persona visit in a replication (C,), if nobody leaves."""
    # counted as if those who join a day came in the middle of it: they are there for half of the time, on average
    there = scenario.customers + scenario.new_customers * (np.arange(scenario.days) + 0.5)
    share = np.array([persona.share for persona in scenario.personas])
    visits: Floats = share * (rates(scenario) @ there)
    return visits
