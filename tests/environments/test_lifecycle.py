"""What comes of a visit, by hand, against a day written in numpy, and against the hazard that is stated."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from environments import Storefront
from environments.shop.lifecycle import VALUES, Feelings, Nature, Prize, felt_of, live, reward_of, welfare_of
from environments.shop.objective import OUTCOMES, Objective
from environments.shop.rewards import prizes_of
from environments.shop.scenario import Scenario
from environments.shop.serving import present, serve
from environments.shop.utility import misperception
from tests.stochastic import detectable_gap, same_mean

NATURE = Nature(patience=2.0, annoyance=0.5, hassle=0.75, loss_aversion=2.0)
PRIZE = Prize(sold=10.0, kept=4.0, returned=-8.0)
FEELINGS = Feelings(regret=-1.0, irritation=-3.0, welfare=100.0, felt=1000.0)

CASES = {
    # name: x, d, w, felt, reward = sold + kept | returned + regret + irritation + 100 w + 1000 felt
    "bought, kept and liked": (1.0, 0.5, 0.5, 0.5, 10 + 4 + 50 + 500),
    "bought and worth nothing": (1.0, 0.0, 0.0, 0.0, 10 + 4),
    "bought, kept and regretted": (1.0, -0.5, -0.5, -1.0, 10 + 4 - 1 - 50 - 1000),
    "worth just what returning costs, so kept": (1.0, -0.75, -0.75, -1.5, 10 + 4 - 1 - 75 - 1500),
    "bought and returned": (1.0, -2.0, -0.75, -1.5, 10 - 8 - 1 - 75 - 1500),
    "ignored": (-1.0, -9.0, 0.0, 0.0, 0.0),
    "not wanted enough to buy": (0.0, 5.0, 0.0, 0.0, 0.0),
    "irritated": (-2.5, 1.0, -0.5, -1.0, -3 - 50 - 1000),
    "irritated, at the end of patience": (-2.0, 1.0, -0.5, -1.0, -3 - 50 - 1000),
}


@pytest.mark.parametrize("case", CASES)
def test_reaction_by_hand(case):
    x, d, w, felt, reward = CASES[case]
    assert welfare_of(x, d, NATURE) == w
    assert felt_of(w, NATURE) == felt
    assert reward_of(x, d, NATURE, PRIZE, FEELINGS) == reward


PERSON = np.array([[2.0, 0.5, 0.75, 1.0, 2.0, 0.8, math.log(-math.log1p(-0.01)), 2.0]])
"""patience, annoyance, hassle, trial_sd, loss_aversion, rho, b0 (1 % a visit), b1"""


def lived(v, action, *, mood, trial=0.0, m=0.0, patience=10.0, satisfaction=0.0, person=PERSON):
    """One visit of one customer in a shop with one item (price 30, margin 12; a return costs 8; 7 are organic)."""
    state = {"satisfaction": np.array([satisfaction]), "total": np.array([satisfaction]), "gone": np.zeros(1, bool)}
    out = {"reward": np.empty(1), "credited": np.empty(1), "values": np.empty((1, 8)), "left": np.empty(1, bool)}
    prizes = np.array([[0.0, 12.0, -8.0]])
    live(
        np.array([0]),
        np.array([0]),
        np.array([0]),
        np.array([0]),
        np.array([[v]]),
        np.array([[m]]),
        np.array([mood]),
        np.array([trial]),
        np.array([patience]),
        person,
        np.array([[30.0, 12.0]]),
        8.0,
        np.array([7.0]),
        prizes,
        prizes[:, [0, 1, 1]],
        np.zeros(4),
        np.array([action]),
        *state.values(),
        *out.values(),
    )
    values = dict(zip(VALUES, out["values"][0], strict=True))
    return values | {name: a[0] for name, a in (state | out).items() if name != "values"}


def outcomes(**told):
    return dict.fromkeys(VALUES, 0.0) | {"organic": 7.0} | told


def test_a_sale_that_is_kept_by_hand():
    """x = 0.5 + 1 = 1.5 > 0; d = 1.5 − 0.25 + 1 · 0.5 = 1.75 ≥ 0; s = 0.8 · 0.5 + 0.2 · 1.75 = 0.75."""
    a = lived(0.5, 0, mood=1.0, trial=0.5, m=0.25, satisfaction=0.5)
    assert {name: a[name] for name in VALUES} == outcomes(welfare=1.75, purchases=1, revenue=30, margin=12)
    assert a["satisfaction"] == pytest.approx(0.75)
    assert (a["reward"], a["credited"], a["left"]) == (12, 12, False)


def test_a_sale_that_is_regretted_by_hand():
    """d = 1.5 − 2 = −0.5, less than 0 but not less than −0.75: kept; felt −1; s = 0.8 · 0 + 0.2 · (−1) = −0.2."""
    a = lived(0.5, 0, mood=1.0, m=2.0)
    assert {name: a[name] for name in VALUES} == outcomes(welfare=-0.5, purchases=1, revenue=30, margin=12, regretted=1)
    assert a["satisfaction"] == pytest.approx(-0.2)
    assert (a["reward"], a["credited"]) == (12, 12)


def test_a_sale_that_comes_back_by_hand():
    """d = 1.5 − 3 = −1.5 < −0.75: returned at a welfare of −0.75, felt −1.5; s = −0.3; the shop pays 8, and got 30."""
    a = lived(0.5, 0, mood=1.0, m=3.0)
    assert {name: a[name] for name in VALUES} == outcomes(
        welfare=-0.75, purchases=1, revenue=30, margin=-8, returns=1, regretted=1
    )
    assert a["satisfaction"] == pytest.approx(-0.3)
    assert (a["reward"], a["credited"]) == (-8, 12)


def test_an_item_that_is_ignored_by_hand():
    """x = 0.5 − 1 = −0.5 > −2: nothing happens, and satisfaction fades: s = 0.8 · 0.5."""
    a = lived(0.5, 0, mood=-1.0, satisfaction=0.5)
    assert {name: a[name] for name in VALUES} == outcomes()
    assert a["satisfaction"] == pytest.approx(0.4)
    assert a["reward"] == 0


def test_an_irritation_by_hand():
    """x = 0.5 − 3 = −2.5 ≤ −2: welfare −0.5, felt −1; s = 0.8 · 0.5 − 0.2 = 0.2."""
    a = lived(0.5, 0, mood=-3.0, satisfaction=0.5)
    assert {name: a[name] for name in VALUES} == outcomes(welfare=-0.5, irritated=1)
    assert a["satisfaction"] == pytest.approx(0.2)
    assert a["reward"] == 0


@pytest.mark.parametrize("mood", [-9.0, 0.0, 9.0])
def test_nothing_shown_by_hand(mood):
    """Whatever the mood: nothing is bought, nobody is irritated, the organic margin comes, and satisfaction fades."""
    a = lived(0.5, 1, mood=mood, satisfaction=0.5)
    assert {name: a[name] for name in VALUES} == outcomes()
    assert a["satisfaction"] == pytest.approx(0.4)
    assert (a["reward"], a["credited"]) == (0, 0)


def test_satisfaction_is_an_average_that_forgets():
    """Three good visits in a row, w = 1 each, from 0: 1 − 0.8³ = 0.488."""
    s = 0.0
    for _ in range(3):
        s = lived(0.0, 0, mood=1.0, satisfaction=s)["satisfaction"]
    assert s == pytest.approx(0.488)


def test_who_leaves_decides_after_the_visit():
    """A loss of 0.75, felt twice: s' = −0.3; leaves iff patience < b0 − b1 s' = log(−log 0.99) + 0.6 = −4.0001."""
    limit = math.log(-math.log(0.99)) + 0.6
    assert lived(0.5, 0, mood=1.0, m=3.0, patience=limit - 1e-9)["left"]
    assert not lived(0.5, 0, mood=1.0, m=3.0, patience=limit + 1e-9)["left"]


N = 200_000


@pytest.mark.parametrize("s", [-0.5, 0.0, 0.4])
def test_the_share_who_leave_is_the_hazard(s):
    """At satisfaction s the hazard is 1 − exp(−exp(b0 − b1 s)). 200,000 visits: 0.02 off would be found."""
    assert detectable_gap(N) < 0.02
    person = PERSON.copy()
    person[0, 5:7] = 0.0, math.log(-math.log1p(-0.1))  # no memory, and 10 % a visit at s = 0
    hazard = 1 - math.exp(-math.exp(person[0, 6] - 2 * s))
    left, d = np.empty(N, dtype=np.bool_), s if s >= 0 else s / 2  # a loss is felt twice
    live(
        np.arange(N),
        np.arange(N),
        np.zeros(N, dtype=np.int64),
        np.array([0]),
        np.zeros((N, 1)),
        np.array([[1.0 - d]]),
        np.ones(N),
        np.zeros(N),
        np.log(-np.log1p(-np.random.default_rng(7).random(N))),
        person,
        np.array([[30.0, 12.0]]),
        8.0,
        np.array([7.0]),
        np.zeros((1, 3)),
        np.zeros((1, 3)),
        np.zeros(4),
        np.zeros(N, dtype=np.int64),
        np.zeros(N),
        np.zeros(1),
        np.zeros(N, dtype=np.bool_),
        np.empty(N),
        np.empty(N),
        np.empty((N, 8)),
        left,
    )
    same_mean(left, hazard)


ACME = Scenario.load("acme")
EVERYTHING = Objective(
    key="everything",
    asks="All outcomes at once.",
    weights={name: 0.3 + 0.7 * i for i, name in enumerate(OUTCOMES)},
    scale=1.0,
    unit="points",
)
SHOP = ACME.model_copy(update={"objectives": (*ACME.objectives, EVERYTHING), "customers": 300})


def opened(objective="everything", days=60, **how):
    environment = Storefront(scenario=SHOP, objective=objective, days=days, **how)
    return environment.open(11, 0)


def numpy_day(world, visits, actions, satisfaction):
    """The same day, a line an equation: reward as it becomes known at last, values, who leaves; satisfaction changes.

    The draws of the world, no more, are looked up in it.
    """
    draws, t, u, c = world._luck, visits.index, visits.user, visits.cohort
    personas, J = SHOP.personas, len(SHOP.items)
    shown = actions < J
    j = np.minimum(actions, J - 1)

    def of(name):
        return np.array([float(getattr(persona, name)) for persona in personas])[c]

    def item(name):
        return np.array([float(getattr(i, name)) for i in SHOP.items])[j]

    x = draws.v[u, j] + draws.mood[t]
    d = x - misperception(SHOP.personas, SHOP.items)[c, j] + of("trial_sd") * draws.trial[t]
    bought = shown & (x > 0)
    irritated = shown & (x <= -of("patience"))
    returned, regretted = bought & (d < -of("hassle")), bought & (d < 0)
    w = np.where(bought, np.maximum(d, -of("hassle")), np.where(irritated, -of("annoyance"), 0.0))
    felt = np.where(w >= 0, w, of("loss_aversion") * w)
    satisfaction[u] = of("rho") * satisfaction[u] + (1 - of("rho")) * felt
    values = [w, bought, bought * item("price"), bought * np.where(returned, -SHOP.handling, item("margin"))]
    values += [returned, regretted, irritated, of("organic_margin")]
    left = draws.patience[t] < of("b0") - of("b1") * satisfaction[u]
    weight = dict(EVERYTHING.weights)
    sold = weight["purchases"] + weight["revenue"] * item("price")
    paid = sold + np.where(
        returned, weight["returns"] + weight["return_cost"] * SHOP.handling, weight["margin"] * item("margin")
    )
    reward = weight["welfare"] * w + weight["felt_welfare"] * felt
    reward = reward + np.where(bought, paid, 0.0) + np.where(regretted, weight["regretted"], 0.0)
    reward = reward + np.where(irritated, weight["irritated"], 0.0)
    return reward, np.stack(values, axis=1).astype(np.float64), left


def test_whole_days_equal_numpy_bit_for_bit():
    world, rng = opened(), np.random.default_rng(3)
    satisfaction = np.zeros(len(world.users.cohort))
    gone, served = np.zeros(len(satisfaction), dtype=np.bool_), 0
    while (visits := world.next_block()) is not None:
        assert not gone[visits.user].any()
        actions = rng.integers(0, 13, len(visits))
        outcome = world.respond(actions)
        reward, values, left = numpy_day(world, visits, actions, satisfaction)
        assert np.array_equal(outcome.reward, reward)
        assert np.array_equal(outcome.values, values)
        assert np.array_equal(outcome.left, left)
        assert gone[outcome.lost].all()
        gone[visits.user[left]] = True
        own = [satisfaction[world.users.cohort == c].mean() for c in range(3)]
        assert outcome.satisfaction == pytest.approx(own, rel=1e-12, abs=1e-15)
        served += len(visits)
    assert gone.sum() > 20
    assert served > 1000


@pytest.mark.parametrize("objective", [o.key for o in SHOP.objectives])
def test_what_an_item_would_bring_is_what_it_brings(objective):
    """The table that is served before the action, at the shown item, equals the reward that follows, bit for bit."""
    for action in range(12):
        world = opened(objective, days=10)
        while (visits := world.next_block()) is not None:
            outcome = world.respond(np.full(len(visits), action))
            assert np.array_equal(visits.rewards[:, action], outcome.reward)


def test_the_table_of_nothing_is_0():
    visits = opened().next_block()
    assert (visits.rewards[:, -1] == 0).all()
    assert (visits.expected[:, -1] == 0).all()
    assert (visits.welfare[:, -1] == 0).all()


@given(st.lists(st.booleans(), min_size=1, max_size=20), st.randoms())
@settings(max_examples=50)
def test_a_day_is_split_into_visits_and_losses(gone, random):
    user = np.array(random.sample(range(len(gone)), random.randint(0, len(gone))), dtype=np.int64)
    here, lost = np.empty(len(user), dtype=np.int64), np.empty(len(user), dtype=np.int64)
    n = present(user, np.array(gone), here, lost)
    assert here[:n].tolist() == [n for n, u in enumerate(user.tolist()) if not gone[u]]
    assert lost[: len(user) - n].tolist() == [u for u in user.tolist() if gone[u]]


def test_prizes_by_hand():
    """kept_margin = margin · kept − handling · returned; cart_value = price · bought; low_returns = −returned."""
    goals = {goal.key: prizes_of(goal, ACME.items, ACME.handling) for goal in ACME.objectives}
    carton = [item.key for item in ACME.items].index("refill_carton")  # 45 $, of which 10 $ are margin
    assert goals["cart_value"][0][carton].tolist() == [45, 0, 0]
    assert goals["low_returns"][0][carton].tolist() == [0, 0, -1]
    assert goals["kept_margin"][0][carton].tolist() == [0, 10, -8]
    assert goals["long_term"][0][carton].tolist() == [0, 10, -8]
    assert [goals[key][1].tolist() for key in goals] == [[0] * 4] * 3 + [[0, 0, 0, 15]]


def test_gathering_looks_up_the_variants_that_stand_on_the_shelves():
    """One visit by user 1, of persona 0; item 0 stands there as variant 2, and item 1, as listed, is out of stock."""
    table = np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 5.0]])
    group, available, rows = np.empty(1, np.int64), np.empty((1, 3), np.bool_), np.empty((3, 1, 3))
    shelves = np.array([2, 1]), np.array([True, False])
    serve(np.array([1]), np.array([1, 0]), *shelves, table, -table, 10 * table[1:], group, available, *rows)
    assert group[0] == 0
    assert available.tolist() == [[True, False, True]]
    assert rows.tolist() == [[[5, 4, 0]], [[-5, -4, 0]], [[50, 40, 0]]]


def test_reactions_are_ordered_in_the_mood():
    """The better the mood, the more: irritated, then ignored, then bought, with no gap between."""
    moods = np.linspace(-6, 6, 241)
    kinds = [lived(0.5, 0, mood=mood) for mood in moods]
    told = ["irritated" if a["irritated"] else "bought" if a["purchases"] else "ignored" for a in kinds]
    assert [kind for kind, _ in itertools.groupby(told)] == ["irritated", "ignored", "bought"]
