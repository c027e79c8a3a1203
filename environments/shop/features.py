"""The features of a visit: how they are declared, how they are drawn, and how well they tell the personas apart.

N visits, U users, C personas, F declared features, D = 1 + F columns of x (a constant 1.0 first).

    x_f | c ~ Bernoulli(mean_cf)  for a yes-no feature,  Normal(mean_cf, sd_cf²)  for a number
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from bandits.cards import LabelledSample
from bandits.description import Description
from bandits.likelihood import Likelihoods, believe
from bandits.protocol import Floats, Ints
from environments.text import Key, Text

if TYPE_CHECKING:
    from environments.shop.scenario import Scenario

ROUNDING = 1e-9
PIECE = 2**16


class Feature(Description):
    """One thing that a policy may see of a visit.

    Args:
        name: as in the header of its table.
        kind: "yes-no" (0 or 1) or "number".
        level: "visit", drawn anew at each visit, or "user", a fact about the customer that every visit repeats.
        meaning: what it says, for people.
    """

    name: Key
    kind: Literal["yes-no", "number"]
    level: Literal["visit", "user"]
    meaning: Text


class Likelihood(Description):
    """How one feature is distributed among the visits (or the users) of one persona.

    Args:
        name: of the feature.
        mean: of a number; the probability of a yes.
        sd: of a number; unused for yes-no.
    """

    name: str
    mean: Annotated[float, Field(ge=-1e6, le=1e6)]
    sd: Annotated[float, Field(ge=1e-6, le=1e6)] = 1.0


def draw_user_level(scenario: Scenario, cohort: Ints, rng: np.random.Generator) -> Floats:
    """Draw the facts about each customer.

    Args:
        scenario: declares the features.
        cohort: (U,) index of each customer's persona.
        rng: one draw a customer and user-level feature, feature by feature.

    Returns:
        (U, F_user), the features of level "user" in their order.
    """
    return _draw(scenario, "user", cohort, rng)


def draw_visit_level(
    scenario: Scenario, cohort: Ints, own: Floats, rng: np.random.Generator | Sequence[np.random.Generator]
) -> Floats:
    """Draw what is new at each visit, and put it together with the facts about the visitors.

    Args:
        scenario: declares the features.
        cohort: (N,) index of each visitor's persona.
        own: (N, F_user) each visitor's row of `draw_user_level`.
        rng: one draw a visit and visit-level feature, feature by feature; or a generator for each such feature.

    Returns:
        x (N, D), columns as in `Scenario.feature_names`.
    """
    x = np.ones((len(cohort), 1 + len(scenario.features)))
    x[:, [d for d, feature in enumerate(scenario.features, 1) if feature.level == "user"]] = own
    new = _draw(scenario, "visit", cohort, rng)
    x[:, [d for d, feature in enumerate(scenario.features, 1) if feature.level == "visit"]] = new
    return x


def visit_level_streams(scenario: Scenario, visits: int, rng: np.random.Generator) -> list[np.random.Generator]:
    """Generators for `draw_visit_level` that together give, piece by piece, what `rng` gives of all visits at once."""
    streams = []
    for feature in scenario.features:
        if feature.level == "visit":
            streams.append(copy.deepcopy(rng))
            for begin in range(0, visits, PIECE):
                _noise(feature, min(PIECE, visits - begin), rng)
    return streams


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


def _noise(feature: Feature, n: int, rng: np.random.Generator) -> Floats:
    return rng.random(n) if feature.kind == "yes-no" else rng.standard_normal(n)


def _draw(
    scenario: Scenario, level: str, cohort: Ints, rng: np.random.Generator | Sequence[np.random.Generator]
) -> Floats:
    places = [f for f, feature in enumerate(scenario.features) if feature.level == level]
    rngs = [rng] * len(places) if isinstance(rng, np.random.Generator) else rng
    columns = []
    for f, own in zip(places, rngs, strict=True):
        feature = scenario.features[f]
        mean = np.array([persona.features[f].mean for persona in scenario.personas])[cohort]
        noise = _noise(feature, len(cohort), own)
        if feature.kind == "yes-no":
            columns.append((noise < mean).astype(np.float64))
        else:
            sd = np.array([persona.features[f].sd for persona in scenario.personas])[cohort]
            columns.append(mean + sd * noise)
    return np.column_stack(columns) if columns else np.empty((len(cohort), 0))


def bayes_recall(scenario: Scenario, rng: np.random.Generator, n: int) -> Floats:
    """How well the features tell the personas apart, at best.

    Args:
        scenario: declares the features.
        rng: for the visits.
        n: visits to draw for each persona; the standard error is at most 1 / (2 √n).

    Returns:
        (C,) share of each persona's visits that are recognised from that visit alone by whoever knows all declared
        distributions and how often each persona visits. Where several personas are equally likely, one is guessed.
    """
    like = Likelihoods(scenario.persona_cards(), scenario.feature_names)
    nobody = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_), np.empty((0, len(scenario.personas))))
    recall = np.empty(len(scenario.personas))
    for c in range(len(recall)):
        cohort = np.full(n, c)
        x = draw_visit_level(scenario, cohort, draw_user_level(scenario, cohort, rng), rng)
        belief = np.empty((n, len(recall)))
        believe(x, *nobody, like.log_prior, like.base, like.slope, like.curve, like.mean, belief)
        guessed = belief >= belief.max(axis=1, keepdims=True) - ROUNDING
        recall[c] = np.mean(guessed[:, c] / guessed.sum(axis=1))
    return recall
