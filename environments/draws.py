"""Everything that luck decides in one replication of a storefront, drawn before anybody is shown anything.

U users, C personas, J items, A attributes, T visits on the calendar, D features. No draw depends on an action, so
every policy meets the same customers, on the same days, in the same mood.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bandits.cards import LabelledSample
from bandits.protocol import Floats, Ints
from bandits.streams import stream
from environments.features import draw_user_level, draw_visit_level
from environments.scenario import Scenario
from environments.truth import Truth, truth
from environments.utility import anticipated, misperception


@dataclass(frozen=True, slots=True)
class Draws:
    """The luck of one replication.

    Args:
        cohort: (U,) persona of each user.
        arrival: (U,) day on which each user becomes a customer.
        v: (U, J) anticipated net utility of each item [logits].
        truth: (U, J) expectations of a visit in which the item is shown.
        user: (T,) who visits, day by day.
        first: (days + 1,) where each day's visits begin.
        x: (T, D) features.
        mood: (T,) eps, standard logistic: one draw for all items [logits].
        trial: (T,) standard normal: how the experience turns out.
        patience: (T,) log(−log(1 − uniform)): how much it takes to leave after this visit.
        lag: (T,) days until a return would be known.
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


@lru_cache(maxsize=1)
def draw(scenario: Scenario, labelled: int, seed: int, replication: int) -> Draws:
    """Draw a replication. Cells that follow one another in the same replication share it.

    Args:
        scenario: the shop and its customers.
        labelled: how many users' personas are known from a survey.
        seed: of the experiment.
        replication: its number.
    """

    def rng(purpose: str) -> np.random.Generator:
        return stream(seed, replication, f"storefront:{purpose}")

    cohort, arrival = _customers(scenario, rng("customers"))
    v = anticipated(scenario.personas, scenario.items, cohort, _tastes(scenario, cohort, rng("tastes")))
    user, first = _calendar(scenario, cohort, arrival, rng("calendar"))
    own = draw_user_level(scenario, cohort, rng("user features"))
    x = draw_visit_level(scenario, cohort[user], own[user], rng("visit features"))
    T = len(user)
    uniform = rng("patience").random(T)
    geometric = rng("return lag").geometric(1.0 / scenario.return_lag_mean, T)
    return Draws(
        cohort=cohort,
        arrival=arrival,
        v=v,
        truth=truth_of(scenario, cohort, v),
        user=user,
        first=first,
        x=x,
        mood=rng("mood").logistic(size=T),
        trial=rng("trial").standard_normal(T),
        patience=np.log(-np.log1p(-uniform)),
        lag=scenario.return_lag_min + geometric,
        sample=draw_sample(scenario, labelled, rng("survey")),
    )


def draw_sample(scenario: Scenario, labelled: int, rng: np.random.Generator) -> LabelledSample:
    """Ask people who are no customers yet who they are, and look at one visit of each."""
    share = np.array([persona.share for persona in scenario.personas])
    cohort = rng.choice(len(share), size=labelled, p=share / share.sum()).astype(np.int64)
    own = draw_user_level(scenario, cohort, rng)
    x = draw_visit_level(scenario, cohort, own, rng)
    x.flags.writeable = cohort.flags.writeable = False  # policies of the same replication share it
    return LabelledSample(
        x=x,
        cohort=cohort,
        cohorts=tuple(persona.name for persona in scenario.personas),
        level=("visit", *(feature.level for feature in scenario.features)),
    )


def truth_of(scenario: Scenario, cohort: Ints, v: Floats) -> Truth:
    """The expectations (U, J) of users with utilities v (U, J)."""

    def each(attribute: str) -> Floats:
        values: Floats = np.array([getattr(persona, attribute) for persona in scenario.personas], dtype=np.float64)
        return values.take(cohort)

    names = ("patience", "annoyance", "hassle", "trial_sd", "loss_aversion")
    m = misperception(scenario.personas, scenario.items)[cohort]
    return truth(v, m, **{name: each(name) for name in names})


def _customers(scenario: Scenario, rng: np.random.Generator) -> tuple[Ints, Ints]:
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


def _tastes(scenario: Scenario, cohort: Ints, rng: np.random.Generator) -> Floats:
    """What each customer values (U, A): theta_i = taste_c + taste_sd_c N(0, I)."""
    taste = np.array([persona.taste for persona in scenario.personas])
    spread = np.array([persona.taste_sd for persona in scenario.personas])
    theta: Floats = taste[cohort] + spread[cohort, None] * rng.standard_normal((len(cohort), taste.shape[1]))
    return theta


def _calendar(scenario: Scenario, cohort: Ints, arrival: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Who would visit on which day: each customer once a day at most, with the visit rate of the persona."""
    rate = np.array([persona.visit_rate for persona in scenario.personas])[cohort]
    days = [np.flatnonzero((rng.random(len(rate)) < rate) & (arrival <= day)) for day in range(scenario.days)]
    first = np.concatenate([[0], np.cumsum([len(day) for day in days])])
    return np.concatenate(days), first
