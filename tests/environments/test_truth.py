"""The truth tables against adaptive quadrature, and against the lifecycle itself."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit, ndtr

from bandits.streams import stream
from environments.shop.draws import draw
from environments.shop.lifecycle import VALUES, live
from environments.shop.objective import OUTCOMES, Objective
from environments.shop.rewards import expected_rewards, prizes_of, truth_of
from environments.shop.scenario import Scenario
from environments.shop.truth import truth
from environments.shop.utility import misperception
from tests.stochastic import detectable_gap, same_mean

ACME = Scenario.load("acme")
DRAWS = 1_000_000
MOOD = 60
"""No mood, and no trial, of any draw is further from 0: a false alarm once in 1e20 draws."""

EVERYTHING = Objective(
    key="everything",
    asks="All outcomes at once.",
    weights={name: 1.0 + 0.5 * i for i, name in enumerate(OUTCOMES)},
    scale=1.0,
    unit="points",
)
GOALS = (*ACME.objectives, EVERYTHING)
LOOKS = 6 + len(GOALS)


def truth_at(v, m, patience, annoyance, hassle, trial_sd, loss_aversion):
    """The truth of one customer and one item, as plain floats."""
    person = {"patience": patience, "annoyance": annoyance, "hassle": hassle}
    person |= {"trial_sd": trial_sd, "loss_aversion": loss_aversion}
    t = truth(np.array([[v]]), np.array([[m]]), **{key: np.array([float(a)]) for key, a in person.items()})
    return {name: float(getattr(t, name)[0, 0]) for name in t.__slots__}


def quadrature(v, m, patience, annoyance, hassle, trial_sd, loss_aversion):
    """The same, integrated over the mood by adaptive quadrature, in pieces that no peak can hide in.

    Given the mood, x = v + eps and d ~ Normal(x − m, trial_sd²):
        P(d < a) = Phi((a − x + m) / trial_sd),    E[(a − d)⁺] = trial_sd (phi(z) + z Phi(z)) at the same z
        E[w] = x − m + E[(−hassle − d)⁺],          E[w⁻] = E[(−d)⁺] − E[(−hassle − d)⁺]
    """

    def below(x, a):
        return ndtr((a - x + m) / trial_sd)

    def short(x, a):
        z = (a - x + m) / trial_sd
        return trial_sd * (math.exp(-z * z / 2) / math.sqrt(2 * math.pi) + z * ndtr(z))

    def over_buyers(outcome):
        middles = ((v, 1.0), (m, trial_sd), (m - hassle, trial_sd))
        cuts = {middle + step * width for middle, width in middles for step in (-40, -12, -4, -1, 0, 1, 4, 12, 40)}
        end = max(v, 0) + 40
        cuts = sorted({0.0, end, *(round(cut, 3) for cut in cuts if 0 < cut < end)})
        return sum(
            quad(lambda x: expit(x - v) * expit(v - x) * outcome(x), a, b, epsabs=1e-11, epsrel=1e-9)[0]
            for a, b in itertools.pairwise(cuts)
        )

    irritated = expit(-patience - v)
    gain = over_buyers(lambda x: x - m + short(x, -hassle))
    loss = over_buyers(lambda x: short(x, 0.0) - short(x, -hassle)) + annoyance * irritated
    welfare = gain - annoyance * irritated
    return {
        "buy": over_buyers(lambda _: 1.0),
        "returned": over_buyers(lambda x: below(x, -hassle)),
        "regretted": over_buyers(lambda x: below(x, 0.0)),
        "irritated": irritated,
        "welfare": welfare,
        "felt": welfare + loss - loss_aversion * loss,
    }


LUKE_AND_HIS_CARTON = {"v": 0.35, "m": 0.0, "patience": 2.5, "annoyance": 0.6, "hassle": 0.8}
LUKE_AND_HIS_CARTON |= {"trial_sd": 0.6, "loss_aversion": 2.0}


@given(
    v=st.floats(-20, 20),
    m=st.floats(0, 30),
    patience=st.floats(0, 10),
    annoyance=st.floats(0, 5),
    hassle=st.floats(0, 5),
    trial_sd=st.floats(math.log(0.01), math.log(100)).map(math.exp),
    loss_aversion=st.floats(0, 4),
)
@example(**LUKE_AND_HIS_CARTON)
@example(**LUKE_AND_HIS_CARTON | {"trial_sd": 0.01})
@example(**LUKE_AND_HIS_CARTON | {"v": 20.0, "m": 20.0, "trial_sd": 0.01})
@example(**LUKE_AND_HIS_CARTON | {"v": 20.0, "m": 25.0, "trial_sd": 100.0})
@example(**LUKE_AND_HIS_CARTON | {"v": -20.0, "m": 5.0, "hassle": 0.0, "trial_sd": 0.01})
@settings(max_examples=40, deadline=None)
def test_truth_equals_adaptive_quadrature(**parameters):
    assert truth_at(**parameters) == pytest.approx(quadrature(**parameters), rel=0, abs=2e-6)


@pytest.mark.slow
@given(
    v=st.floats(-20, 20),
    m=st.floats(0, 30),
    hassle=st.floats(0, 5),
    trial_sd=st.floats(math.log(0.01), math.log(100)).map(math.exp),
)
@settings(max_examples=2000, deadline=None)
def test_truth_equals_adaptive_quadrature_far_and_wide(**parameters):
    parameters |= {"patience": 2.0, "annoyance": 1.0, "loss_aversion": 2.0}
    assert truth_at(**parameters) == pytest.approx(quadrature(**parameters), rel=0, abs=2e-6)


def lived(c, j, v, seed):
    """What 1e6 visits of a customer of persona c with utility v bring who is shown item j: outcomes, and rewards."""
    shop, persona = ACME, ACME.personas[c]
    names = ("patience", "annoyance", "hassle", "trial_sd", "loss_aversion", "rho", "b0", "b1")
    person = np.array([[float(getattr(p, name)) for name in names] for p in shop.personas])
    reward, values = {}, np.empty((DRAWS, len(VALUES)))
    mood, trial = stream(seed, 0, "mood").logistic(size=DRAWS), stream(seed, 0, "trial").standard_normal(DRAWS)
    for goal in GOALS:
        prizes, feelings = prizes_of(goal, shop.items, shop.handling)
        reward[goal.key] = np.empty(DRAWS)
        live(
            np.arange(DRAWS),
            np.zeros(DRAWS, dtype=np.int64),
            np.array([c]),
            np.arange(len(shop.items)),
            np.full((1, len(shop.items)), v),
            misperception(shop.personas, shop.items),
            mood,
            trial,
            np.zeros(DRAWS),
            person,
            np.array([[item.price, item.margin] for item in shop.items]),
            shop.handling,
            np.zeros(len(shop.personas)),
            prizes,
            prizes,
            feelings,
            np.full(DRAWS, j),
            np.zeros(1),
            np.zeros(len(shop.personas)),
            np.zeros(1, dtype=np.bool_),
            reward[goal.key],
            np.empty(DRAWS),
            values,
            np.empty(DRAWS, dtype=np.bool_),
        )
    outcomes = {name: values[:, q] for q, name in enumerate(VALUES)}
    outcomes["felt"] = np.where(outcomes["welfare"] < 0, persona.loss_aversion, 1.0) * outcomes["welfare"]
    return outcomes, reward


def check_against_life(c, j, v, seed):
    """Every expectation is the mean of 1e6 visits; a gap of 0.01 in a probability, or 0.01 sd, would be found."""
    assert detectable_gap(DRAWS, looks=LOOKS) < 0.01
    t = truth_of(ACME, ACME.items, np.array([c]), np.full((1, len(ACME.items)), v))
    outcomes, reward = lived(c, j, v, seed)
    same = {"buy": "purchases", "returned": "returns", "regretted": "regretted", "irritated": "irritated"}
    same |= {"welfare": "welfare", "felt": "felt"}
    for name, outcome in same.items():
        reach = 1.0 if name in {"buy", "returned", "regretted", "irritated"} else MOOD
        same_mean(outcomes[outcome], getattr(t, name)[0, j], -reach, reach, looks=LOOKS)
    for goal in GOALS:
        prizes, feelings = prizes_of(goal, ACME.items, ACME.handling)
        reach = np.abs(prizes[j]).sum() + MOOD * np.abs(feelings).sum()
        same_mean(
            reward[goal.key], expected_rewards(goal, ACME.items, ACME.handling, t)[0, j], -reach, reach, looks=LOOKS
        )


@pytest.mark.parametrize(("c", "item", "v"), [(0, "smart_widget_pro", 0.4), (1, "limited_edition", -1.0)])
def test_truth_equals_what_customers_live_through(c, item, v):
    j = [i.key for i in ACME.items].index(item)
    check_against_life(c, j, v, seed=j)


@pytest.mark.slow
@pytest.mark.parametrize("c", range(3))
@pytest.mark.parametrize("j", range(12))
def test_truth_equals_what_customers_live_through_for_every_persona_and_item(c, j):
    check_against_life(c, j, v=0.5 * (c - j % 5), seed=100 * c + j)


def test_an_item_that_cannot_be_bought_only_irritates():
    """v = −50, patience 2, annoyance 0.5: W = −0.5, felt at twice that; nothing is bought, so nothing comes back."""
    t = truth_at(v=-50.0, m=1.0, patience=2.0, annoyance=0.5, hassle=1.0, trial_sd=1.0, loss_aversion=2.0)
    expected = {"buy": 0, "returned": 0, "regretted": 0, "irritated": 1, "welfare": -0.5, "felt": -1.0}
    assert t == pytest.approx(expected, abs=1e-12)


def test_an_honest_item_without_surprises_is_worth_its_surplus():
    """m = 0 and (almost) no trial: d = x > 0 for every buyer, so W = softplus(0) − annoyance · sigmoid(−patience).

    softplus(0) = ln 2 = 0.6931; sigmoid(−ln 3) = 1/4; W = 0.6931 − 0.8 · 0.25 = 0.4931; felt = 0.6931 − 2 · 0.2.
    """
    t = truth_at(v=0.0, m=0.0, patience=math.log(3), annoyance=0.8, hassle=1.0, trial_sd=0.01, loss_aversion=2.0)
    assert t["buy"] == 0.5
    assert t["irritated"] == pytest.approx(0.25)
    assert t["returned"] == pytest.approx(0, abs=1e-12)
    assert t["welfare"] == pytest.approx(math.log(2) - 0.2, abs=1e-4)
    assert t["felt"] == pytest.approx(math.log(2) - 0.4, abs=1e-4)


def test_a_hyped_item_without_surprises_comes_back_from_those_who_wanted_it_least():
    """v = 0, m = 3, hassle 1: those with 0 < x < 2 send it back, those with 0 < x < 3 regret it.

    P(returned) = sigmoid(2) − 1/2 = 0.3808;  P(regretted) = sigmoid(3) − 1/2 = 0.4526.
    """
    t = truth_at(v=0.0, m=3.0, patience=2.0, annoyance=0.0, hassle=1.0, trial_sd=0.01, loss_aversion=1.0)
    assert t["returned"] == pytest.approx(0.3808, abs=1e-4)
    assert t["regretted"] == pytest.approx(0.4526, abs=1e-4)


@given(v=st.floats(-20, 20), m=st.floats(0, 30), trial_sd=st.floats(0.01, 100))
@settings(max_examples=100, deadline=None)
def test_a_free_return_is_all_that_regret_can_be(v, m, trial_sd):
    """Without hassle everybody who regrets sends it back, and nobody is worse off than by an irritation."""
    t = truth_at(v=v, m=m, patience=2.0, annoyance=0.5, hassle=0.0, trial_sd=trial_sd, loss_aversion=2.0)
    assert t["returned"] == t["regretted"]
    assert 0 <= t["returned"] <= t["buy"] + 1e-6
    assert t["welfare"] >= -0.5 * t["irritated"] - 1e-6


def test_the_tables_of_a_replication_are_the_truth_of_each_customer():
    draws = draw(ACME, 0, 3, 0)
    m = misperception(ACME.personas, ACME.items)
    for u in (0, 17, 500):
        persona = ACME.personas[draws.cohort[u]]
        names = ("patience", "annoyance", "hassle", "trial_sd", "loss_aversion")
        for j in (0, 4, 10):
            t = truth_at(draws.v[u, j], m[draws.cohort[u], j], **{name: getattr(persona, name) for name in names})
            assert t == {name: getattr(draws.truth, name)[u, j] for name in t}


def test_misperception_is_hype_plus_shortfall():
    """Tianqi and the smart widget pro: 1.4 · 2.6 + 1.0 = 4.64; Luke and the bargain bin: 0.2 · 0.6 + 1.0 = 1.12."""
    m, keys = misperception(ACME.personas, ACME.items), [item.key for item in ACME.items]
    assert m[2, keys.index("smart_widget_pro")] == pytest.approx(4.64)
    assert m[0, keys.index("bargain_bin")] == pytest.approx(1.12)
