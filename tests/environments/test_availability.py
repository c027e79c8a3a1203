"""Actions that come and go, people who may not be shown everything, and people who are shown nothing."""

import numpy as np
import pytest

from bandits import Oracle, Random
from bandits.errors import InputError
from environments import ClothingReviews, Eligible, Holdout, Launches, Noisy, Storefront
from environments.registry import environment_from
from experiments.runner import run_cell
from tests.environments.tiny_world import Tiny, every_visit, played
from tests.stochastic import detectable_gap, proportions


def available(environment, action=None):
    """Which visits may be shown each action, or one of them."""
    table = every_visit(environment, "available", most=4_000).astype(int)
    return (table if action is None else table[:, action]).tolist()


def test_a_schedule_by_hand():
    """a from 2 on; b until 5, and neither at 1 nor at 3; times are half-open."""
    environment = Launches(Tiny(7), schedule={"a": {"from": 2}, "b": {"until": 5, "out": [[1, 2], [3, 4]]}})
    assert available(environment, 0) == [0, 0, 1, 1, 1, 1, 1]
    assert available(environment, 1) == [1, 0, 1, 0, 1, 0, 0]
    assert available(environment, 2) == [1] * 7


def test_a_report_is_told_when_something_comes_or_goes():
    """a is new at 2 and b gone at 5, after two breaks; c has one break, and is away again until the end."""
    schedule = {"a": {"from": 2}, "b": {"until": 5, "out": [[1, 2], [3, 4]]}, "c": {"out": [[2, 3], [6, 9]]}}
    assert [(c.time, c.label) for c in Launches(Tiny(7), schedule=schedule).about.changes] == [
        (1, "out of stock: b"),
        (2, "new: a"),
        (2, "back: b"),
        (2, "out of stock: c"),
        (3, "out of stock: b"),
        (3, "back: c"),
        (4, "back: b"),
        (5, "gone: b"),
        (6, "gone: c"),
    ]
    assert Holdout(Launches(Tiny(7, nothing=True), schedule={"a": {"from": 2}}), share=0.4).about.changes[0].time == 2


def test_a_schedule_goes_by_days_where_the_clock_does():
    """Days of 2, 1, 0 and 3 visits; a from day 1 on."""
    assert available(Launches(Tiny(6, days=[2, 1, 0, 3]), schedule={"a": {"from": 1}}), 0) == [0, 0, 1, 1, 1, 1]


def test_regret_compares_with_what_is_available_at_the_time():
    """c, the best, is there from visit 3 on; whoever shows a then loses 1, 1, 1, 2, 2 = 7."""
    environment = Launches(Tiny(5), schedule={"c": {"from": 3}})

    class ShowsA:
        def start(self, problem, rng):
            return self

        def choose(self, visit):
            from bandits import Choice  # noqa: PLC0415

            return Choice(0, 1.0)

        def learn(self, visit, choice, reward):
            pass

    assert run_cell(environment, ShowsA(), 1, 0).curves.filter(cohort="all")["regret"].to_list() == [1, 2, 3, 5, 7]
    assert set(run_cell(environment, Oracle(), 1, 0).curves["regret"]) == {0.0}


def test_schedules_add_up():
    """a from 2 on inside, and until 4 outside."""
    inner = Launches(Tiny(6), schedule={"a": {"from": 2}})
    assert available(Launches(inner, schedule={"a": {"until": 4}}), 0) == [0, 0, 1, 1, 0, 0]


ALL = {"a": {"until": 4}, "b": {"from": 2, "out": [[5, 6]]}, "c": {"out": [[0, 3], [5, 7]]}}


def test_at_every_time_something_must_be_on_offer():
    """a on 0–3, b on 2–4 and from 6, c on 3–4 and from 7: none at 5."""
    with pytest.raises(
        InputError, match=r"schedule: must leave at least one action at every time, got none at visit 5"
    ):
        Launches(Tiny(9), schedule=ALL)
    Launches(Tiny(9, nothing=True), schedule={key: ALL[key] for key in "ab"})
    Launches(Tiny(9), schedule=ALL | {"c": {"out": [[0, 3], [6, 7]]}})


def test_a_visit_for_which_nothing_is_left_is_named():
    """Inside a and b go at 4, outside c does."""
    inner = Launches(Tiny(8), schedule={"a": {"until": 4}, "b": {"until": 4}})
    with pytest.raises(InputError) as refused:
        every_visit(Launches(inner, schedule={"c": {"until": 6}}), "available")
    (line,) = refused.value.lines
    assert line.startswith("visit 6 (time 6): must have at least one action available, got none of 3")
    assert line.endswith("in the schedule of Launches, or use a world in which nothing may be shown")


def test_eligibility_by_hand():
    """a from t = 3 on, b where t is between 2 and 4 and the visit even, c for everybody."""
    rule = {
        "a": {"feature": "t", "at_least": 3},
        "b": {"feature": "t", "at_least": 2.0, "at_most": 4.0, "cohorts": ["even"]},
    }
    environment = Eligible(Tiny(6), rule=rule)
    assert available(environment) == [[0, 0, 1], [0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1], [1, 0, 1]]


def test_eligibility_goes_by_what_is_seen_where_the_rule_stands():
    """t is always missing, so told as 0. Inside of that the rule knows better; outside, nobody reaches 3."""
    rule, blur = {"a": {"feature": "t", "at_least": 3}}, {"t": {"missing": 1.0}}
    true, measured = (
        Noisy(Eligible(Tiny(5), rule=rule), features=blur),
        Eligible(Noisy(Tiny(5), features=blur), rule=rule),
    )
    assert available(true, 0) == [0, 0, 0, 1, 1]
    assert available(measured, 0) == [0, 0, 0, 0, 0]
    assert every_visit(true, "x")[:, 1].tolist() == every_visit(measured, "x")[:, 1].tolist() == [0] * 5


def test_a_rule_that_leaves_nothing_names_the_visit():
    """Only odd visits may be shown anything; the first is 0."""
    rule = {action: {"cohorts": ["odd"]} for action in "abc"}
    with pytest.raises(InputError, match=r"visit 0 \(time 0\): must have .* let everybody see at least one"):
        every_visit(Eligible(Tiny(5), rule=rule), "available")
    silent = Eligible(Tiny(5, nothing=True), rule={key: rule[key] for key in "ab"})
    assert available(silent)[:2] == [[0, 0, 1], [1, 1, 1]]


N = 30_000


def test_a_share_of_the_visits_is_eligible_where_nobody_is_known():
    """0.3; 0.03 off would be found, and the shares of two actions are drawn apart: 0.09 may be shown both."""
    environment = Eligible(Tiny(N), rule={"a": {"share": 0.3}, "b": {"share": 0.3}})
    table = every_visit(environment, "available", most=4_000)
    assert detectable_gap(N, looks=4) < 0.03
    pairs = np.bincount(2 * table[:, 0] + table[:, 1], minlength=4)
    proportions(pairs, [0.49, 0.21, 0.21, 0.09])


def test_a_share_of_the_users_is_eligible_where_they_are_known():
    """The same user always is, or never is; 0.3 of 5,000 users, 0.07 off would be found."""
    environment = Eligible(Tiny(15_000, customers=5_000), rule={"a": {"share": 0.3}})
    thrice = np.array(available(environment, 0)).reshape(3, 5_000)
    assert (thrice == thrice[0]).all()
    assert detectable_gap(5_000, looks=2) < 0.07
    proportions(np.bincount(thrice[0]), [0.7, 0.3])


@pytest.mark.parametrize("customers", [None, 5_000])
def test_a_share_is_held_out_and_shown_nothing(customers):
    """0.4 of 5,000 visits, or users (each twice); 0.07 off would be found. Nothing is all that is left to them."""
    visits = 5_000 if customers is None else 10_000
    environment = Holdout(Tiny(visits, nothing=True, customers=customers), share=0.4)
    table = np.array(available(environment)).reshape(-1, 5_000, 3)
    assert (table == table[0]).all()
    assert (table[0, :, 2] == 1).all()
    assert (table[0, :, 0] == table[0, :, 1]).all()
    assert detectable_gap(5_000, looks=2) < 0.07
    proportions(np.bincount(table[0, :, 0]), [0.4, 0.6])


def test_whoever_is_held_out_is_never_harmed():
    shop = Holdout(Storefront.load("acme", objective="kept_margin", customers=100, days=40), share=0.5)
    world = shop.open(1, 0)
    held = world._luck.of(np.arange(world.problem.users)) < 0.5
    assert 0 < held.sum() < 100
    users = run_cell(shop, Random(), 1, 0).users
    assert users["bad"].to_numpy()[held].sum() == 0
    assert users["visits"].to_numpy()[held].sum() > 0
    assert users["bad"].to_numpy()[~held].sum() > 0
    for visits, actions, _ in played(shop, show=lambda visits: np.argmax(visits.available, axis=1)):
        best = np.where(visits.available, visits.expected, -np.inf).max(axis=1)
        out = held[visits.user]
        assert (best[out] == visits.expected[out, actions[out]]).all()


def test_the_held_out_are_the_same_for_a_larger_share():
    """So that two shares can be compared person by person."""
    shop = Storefront.load("acme", objective="kept_margin", customers=100, days=30)
    few, many = (np.array(available(Holdout(shop, share=share), 0)) for share in (0.2, 0.5))
    assert (few >= many).all()
    assert (few > many).any()


BAD = [
    (
        "Launches",
        {"schedule": {"aa": {"from": 3}}},
        ["schedule.aa: unknown action 'aa' (known: a, b); did you mean 'a'?"],
    ),
    ("Launches", {"schedule": {"nothing": {"from": 3}}}, ["schedule.nothing: may always be shown; take it out"]),
    ("Launches", {"schedule": {"a": {"form": 3}}}, ["schedule.a.form: unknown field 'form'", "did you mean 'from'?"]),
    ("Launches", {"schedule": {"a": {"from": -3}}}, ["schedule.a.from: must be greater than or equal to 0, got -3"]),
    (
        "Launches",
        {"schedule": {"a": {"from": 3, "until": 3}}},
        ["schedule.a.until: must be later than `from`, 3, got 3"],
    ),
    ("Launches", {"schedule": {"a": {"from": 8}}}, ["schedule.a.from: must lie before the horizon, 8, got 8"]),
    (
        "Launches",
        {"schedule": {"a": {"out": [[1, 2], [3, 3]]}}},
        ["schedule.a.out[2]: must be a span [from, until] with until after from, got [3, 3]"],
    ),
    (
        "Launches",
        {"schedule": {"a": {"out": [3, 4]}}},
        ["schedule.a.out: must be a list of spans [from, until] such as [[5, 7], [20, 21]], got [3, 4]"],
    ),
    ("Launches", {"schedule": {"a": 3}}, ["schedule.a: must be a table (from, until, out), got 3"]),
    ("Launches", {"schedule": {}}, ["schedule: must name at least one action, got none; add one"]),
    ("Launches", {"schedule": 3}, ["schedule: must be a table of tables"]),
    ("Eligible", {"rule": {"d": {"share": 0.5}}}, ["rule.d: unknown action 'd'"]),
    ("Eligible", {"rule": {"a": {"share": 1.5}}}, ["rule.a.share: must be less than 1, got 1.5"]),
    ("Eligible", {"rule": {"a": {}}}, ["rule.a: must say who may be shown it"]),
    ("Eligible", {"rule": {"a": {"feature": "t"}}}, ["rule.a.feature: must be given together with at_least"]),
    ("Eligible", {"rule": {"a": {"at_most": 2.0}}}, ["rule.a.feature: must be given together with at_least"]),
    (
        "Eligible",
        {"rule": {"a": {"feature": "tt", "at_most": 2}}},
        ["rule.a.feature: unknown feature 'tt'", "mean 't'?"],
    ),
    ("Eligible", {"rule": {"a": {"cohorts": ["evn"]}}}, ["rule.a.cohorts: unknown cohort 'evn'", "mean 'even'?"]),
    ("Eligible", {"rule": {"a": {"cohorts": []}}}, ["rule.a.cohorts: must name at least one cohort"]),
    (
        "Eligible",
        {"rule": {"a": {"feature": "t", "at_least": 3, "at_most": 2}}},
        ["rule.a.at_least: must not be above"],
    ),
    ("Holdout", {"share": 0.0}, ["share: must be greater than 0, got 0.0"]),
]


@pytest.mark.parametrize(("kind", "fields", "says"), BAD)
def test_bad_rules_are_refused_in_one_line(kind, fields, says):
    with pytest.raises(InputError) as refused:
        environment_from({"kind": kind, "world": Tiny(nothing=True)} | fields)
    (line,) = refused.value.lines
    assert all(part in line for part in says), line


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(InputError) as refused:
        Eligible(Tiny(), rule={"aa": {"share": 0.5}, "b": {"feature": "tt", "at_most": 1, "cohorts": ["evn", "odd"]}})
    assert len(refused.value.lines) == 3
    with pytest.raises(InputError) as refused:
        Launches(Tiny(), schedule={"a": {"form": 3, "until": -1}, "b": {"out": 3}})
    assert len(refused.value.lines) == 3


def test_each_span_without_its_two_ends_is_named():
    with pytest.raises(InputError) as refused:
        Launches(Tiny(), schedule={"a": {"out": [[5], [1, 2], [], [5, 6, 7]]}})
    assert refused.value.lines == [
        f"Launches: schedule.a.out[{number}]: must be a span [from, until] such as [5, 7], got {got}"
        for number, got in ((1, [5]), (3, []), (4, [5, 6, 7]))
    ]


def test_nobody_is_held_out_where_something_must_be_shown():
    with pytest.raises(InputError, match="world: must be a world in which nothing may be shown"):
        Holdout(ClothingReviews(show_nothing=False), share=0.1)
