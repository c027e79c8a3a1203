"""What holds of every environment."""

import dataclasses
import json
import pathlib
import pickle

import numpy as np
import pydantic
import pytest

from bandits import Oracle, PersonaOracle, Random
from bandits.answers import Misbehaviour
from bandits.description import Description, identity, label_of, table_of
from bandits.errors import InputError
from bandits.protocol import BlockLearner, Choice, Choices, Needs
from bandits.registry import from_table
from environments import ENVIRONMENTS, Batched, LoggedReplay, Scenario
from environments.registry import environment_from
from environments.shop.changes import Incident, Promotion, Season
from experiments.runner import run_cell
from tests.stochastic import detectable_gap, proportions, same_mean

SMALL = {"kind": "Storefront", "scenario": "acme", "customers": 100, "days": 40, "labelled": 20}
GROUPS = [{"name": "near", "share": 0.7}, {"name": "far", "share": 0.3, "distance": 2.0}]
DATA = pathlib.Path(__file__).parents[1] / "data"
PLANTS = {"kind": "Tabular", "path": f"{DATA}/plants.csv", "cohort": "region"}
LOG = {"kind": "LoggedReplay", "path": f"{DATA}/log.csv", "cohort": "kind"}
SHOP = SMALL | {"objective": "kept_margin", "customers": 60, "days": 30}
CLOTHES = {"kind": "ClothingReviews", "horizon": 300, "block": 64}
ACME = Scenario.load("acme")
CHANGING = ACME.model_copy(
    update={
        "items": (
            *ACME.items[:-1],
            ACME.items[-1].model_copy(update={"launch": 4, "retire": 30, "out_of_stock": ((10, 13),)}),
        ),
        "personas": tuple(
            p.model_copy(update={"season": Season(amplitude=0.5, peak=8.0, period=20.0)}) for p in ACME.personas
        ),
        "incidents": (Incident(item="party_lights", day=15, until=25, defect=3.0),),
        "promotions": (Promotion(**{"item": "centrepiece", "from": 6, "until": 18, "price": 100.0}),),
    }
)
"""What is on sale, prices, quality and visit rates change."""

TABLES = {
    "long_term": SMALL | {"objective": "long_term"},
    "low_returns": SMALL | {"objective": "low_returns"},
    "cart_value": SMALL | {"objective": "cart_value", "show_nothing": False, "observe_persona": True},
    "wait": SMALL | {"objective": "kept_margin", "feedback": "wait"},
    "correct": SMALL | {"objective": "kept_margin", "feedback": "correct", "observe_persona": True},
    "wrong cards": SMALL | {"objective": "kept_margin", "card_error": 0.5},
    "one day": SMALL | {"objective": "kept_margin", "days": 1, "customers": 1},
    "changing": SMALL | {"scenario": CHANGING, "objective": "kept_margin", "feedback": "correct"},
    "clothing": {"kind": "ClothingReviews", "horizon": 700, "block": 64},
    "all clothing": {"kind": "ClothingReviews", "horizon": 500, "show_nothing": False, "observe_cohort": False},
    "bernoulli": {"kind": "Bernoulli", "means": [0.9, 0.8], "horizon": 150},
    "bernoulli groups": {
        "kind": "Bernoulli",
        "means": [0.9, 0.8],
        "cohorts": [{"name": "few", "share": 0.2, "means": [0.1, 0.5]}, {"name": "most", "share": 0.8}],
        "bad_below": 0.2,
        "horizon": 150,
        "block": 64,
    },
    "gaussian": {"kind": "Gaussian", "means": [-1.0, 0.0, 2.0], "sd": 2.0, "bad_below": -0.5, "horizon": 150},
    "gaussian groups": {
        "kind": "Gaussian",
        "means": [-1.0, 0.0, 2.0],
        "cohorts": [{"name": "few", "share": 0.2, "means": [2.0, 0.0, -1.0]}, {"name": "most", "share": 0.8}],
        "observe_cohort": False,
        "horizon": 150,
    },
    "linear": {"kind": "Linear", "features": 4, "actions": 3, "horizon": 150, "block": 64},
    "linear groups": {"kind": "Linear", "features": 4, "cohorts": GROUPS, "separation": 2.0, "horizon": 150},
    "logistic": {"kind": "Logistic", "features": 1, "horizon": 150},
    "logistic groups": {"kind": "Logistic", "features": 4, "cohorts": GROUPS, "horizon": 150, "block": 64},
    "wheel": {"kind": "Wheel", "delta": 0.5, "horizon": 150},
    "wheel groups": {
        "kind": "Wheel",
        "cohorts": [{"name": "rim", "share": 0.5}, {"name": "hub", "share": 0.5, "delta": 0.2}],
        "bad_below": 1.1,
        "horizon": 150,
    },
    "classes": PLANTS | {"label": "kind", "features": ["size", "soil", "shade"], "bad_below": 0.5, "horizon": 150},
    "rewards": PLANTS | {"rewards": ["water", "prune", "feed"], "show_nothing": True, "observe_cohort": False},
    "films": {"kind": "MovieLens", "folder": f"{DATA}/films", "actions": 4, "horizon": 300, "block": 64},
    "genres": {"kind": "MovieLens", "folder": f"{DATA}/films", "actions": "genres", "cohort": "gender", "horizon": 300},
    "open bandit": {"kind": "OpenBandit", "horizon": 700, "block": 64},
    "log": LOG | {"bad_below": 0.5, "block": 50},
    "log in order": LOG | {"order": "log", "observe_cohort": False},
    "delayed shop": {
        "kind": "Delayed",
        "world": SHOP | {"feedback": "wait"},
        "by": {"kind": "geometric", "mean": 3.0},
        "lost": 0.2,
    },
    "delayed clothing": {"kind": "Delayed", "world": CLOTHES, "by": {"kind": "weibull", "scale": 40.0, "shape": 0.5}},
    "batched shop": {"kind": "Batched", "world": SHOP | {"feedback": "correct", "observe_persona": True}, "visits": 25},
    "drifting shop": {"kind": "Drifting", "world": SHOP, "how": "gradual", "at": [5, 20], "over": 10},
    "drifting clothing": {"kind": "Drifting", "world": CLOTHES, "how": "seasonal", "period": 50, "moves": 0.5},
    "launches": {
        "kind": "Launches",
        "world": SHOP,
        "schedule": {"Office case": {"from": 10}, "Bargain bin": {"until": 20, "out": [[2, 3]]}},
    },
    "eligible": {
        "kind": "Eligible",
        "world": CLOTHES | {"show_nothing": False},
        "rule": {
            "Jeans": {"feature": "age near 35", "at_most": 0.5},
            "Pants": {"cohorts": ["18-29", "60+"], "share": 0.5},
        },
    },
    "noisy": {
        "kind": "Noisy",
        "world": SHOP,
        "features": {"last_basket": {"sd": 0.5, "missing": 0.2}, "coupon": {"flip": 0.1}, "mobile": {"dropped": True}},
    },
    "holdout": {"kind": "Holdout", "world": SHOP, "share": 0.3},
}
ENVIRONMENT = {name: from_table(table, ENVIRONMENTS, "environment") for name, table in TABLES.items()}


def every(condition):
    """Every environment of which a condition holds."""
    chosen = {name: environment for name, environment in ENVIRONMENT.items() if condition(environment)}
    return pytest.mark.parametrize("environment", chosen.values(), ids=chosen.keys())


each = every(lambda _: True)
busy = every(lambda environment: environment is not ENVIRONMENT["one day"])
"""One day with one customer may well have no visit at all."""


def played(environment, seed=1, replication=0, actions="random"):
    """Every block of a replication with its outcome, under actions that are always the same, or random."""
    world, rng = environment.open(seed, replication), np.random.default_rng(99)
    blocks = []
    while (visits := world.next_block()) is not None:
        size, K = len(visits), len(world.problem.actions)
        shown = rng.integers(0, K, size) if actions == "random" else np.full(size, actions)
        blocks.append((visits, shown, world.respond(shown)))
    return world, blocks


def test_every_environment_has_an_instance_here():
    assert {type(environment).__name__ for environment in ENVIRONMENT.values()} == set(ENVIRONMENTS)


@each
def test_same_seed_same_world_and_luck_whatever_is_shown(environment):
    """A visit that takes place under two policies has the same visitor, the same truth and the same luck under both."""
    last = len(environment.problem.actions) - 1
    fields = ("x", "available", "cohort", "user", "expected", "welfare", "rewards", "typical")
    seen, constant = {}, {}
    for actions in ("random", 0, last, "random"):
        for visits, _, _ in played(environment, actions=actions)[1]:
            day = visits.end if environment is ENVIRONMENT["changing"] else None  # there the prices change
            z = None if visits.z is None else visits.z.tobytes()
            assert constant.setdefault(day, z) == z
            for n, index in enumerate(visits.index.tolist()):
                row = [None if (a := getattr(visits, field)) is None else a[n].tobytes() for field in fields]
                assert seen.setdefault(index, row) == row


@busy
def test_another_seed_or_replication_is_another_world(environment):
    def first(seed, replication):
        return played(environment, seed, replication)[1][0][0]

    one = first(1, 0)
    for other in (first(2, 0), first(1, 1)):
        assert len(other) != len(one) or not (
            np.array_equal(one.cohort, other.cohort)
            and np.array_equal(one.x, other.x)
            and np.array_equal(one.rewards, other.rewards)
        )


@each
def test_shapes_and_order(environment):
    world, blocks = played(environment)
    about, problem = environment.about, world.problem
    K, D, C = len(problem.actions), len(problem.features), len(about.cohorts)
    now, served = 0, -1
    for visits, _, outcome in blocks:
        N = len(visits)
        assert visits.x.shape == (N, D)
        assert visits.available.shape == visits.expected.shape == visits.welfare.shape == (N, K)
        assert visits.rewards is None or visits.rewards.shape == (N, K)
        assert visits.available.any(axis=1).all()
        assert visits.cohort.shape == outcome.reward.shape == outcome.left.shape == (N,)
        assert outcome.values.shape == (N, len(about.outcomes))
        assert ((visits.cohort >= 0) & (visits.cohort < C)).all()
        assert np.isfinite(visits.x).all()
        assert np.isfinite(visits.expected).all()
        assert np.isfinite(visits.welfare).all()
        assert (visits.z is None) == (not problem.action_features)
        if visits.z is not None:
            assert visits.z.shape == (K, len(problem.action_features))
            assert np.isfinite(visits.z).all()
        assert (visits.typical is not None) == problem.typical
        if visits.typical is not None:
            assert visits.typical.shape == (N, K)
            assert np.isfinite(visits.typical).all()
        assert (np.diff(visits.time) >= 0).all()
        cut = isinstance(environment, Batched) and N > 0  # a batch may end within a day
        assert ((visits.time >= now) & (visits.time < visits.end + cut)).all()
        assert (np.diff(visits.index) > 0).all()
        assert N == 0 or visits.index[0] > served
        assert now < visits.end + cut
        assert visits.end <= about.horizon
        assert outcome.satisfaction is None or outcome.satisfaction.shape == (C,)
        if world.users is not None:
            assert np.array_equal(world.users.cohort[visits.user], visits.cohort)
            assert (world.users.arrival[visits.user] <= visits.time).all()
            assert problem.users == len(world.users.cohort)
        now, served = visits.end, visits.index[-1] if N else served


@each
def test_the_horizon_is_exact(environment):
    world, blocks = played(environment)
    assert blocks[-1][0].end == environment.about.horizon
    assert world.next_block() is None
    assert world.next_block() is None
    if environment.about.clock == "visit":
        served = sum(len(visits) for visits, _, _ in blocks)
        assert served <= environment.about.horizon
        assert served == environment.about.horizon or type(environment) is LoggedReplay  # which thins its log


@each
def test_a_world_is_what_its_description_says_in_public(environment):
    world, _ = played(environment)
    told, true = environment.problem, world.problem
    same = ("actions", "features", "nothing", "action_features", "reward_range", "reward_scale", "cohorts", "typical")
    assert {name: getattr(told, name) for name in same} == {name: getattr(true, name) for name in same}
    if environment is not ENVIRONMENT["wrong cards"]:  # each replication errs in its own way
        assert told.cards == true.cards
    assert [card.name for card in told.cards] == [card.name for card in true.cards]
    assert (told.users is None) == (true.users is None) == (world.users is None) == (not environment.about.people)


class Piecemeal:
    """Serves another environment's worlds in blocks of seven visits at most."""

    def __init__(self, environment):
        self.environment, self.about, self.problem = environment, environment.about, environment.problem

    def open(self, seed, replication):
        return ServedInPieces(self.environment.open(seed, replication))


class ServedInPieces:
    def __init__(self, world):
        self.world, self.problem, self.users, self.respond = world, world.problem, world.users, world.respond

    def next_block(self, most=None):
        visits = self.world.next_block(7)
        assert visits is None or len(visits) <= 7
        return visits


@each
def test_the_length_of_blocks_makes_no_difference(environment):
    pieces = Piecemeal(environment)
    one, other = run_cell(environment, Random(), 3, 1, what="one"), run_cell(pieces, Random(), 3, 1, what="one")
    np.testing.assert_allclose(  # sums of rewards in another order
        other.curves.drop("cohort").to_numpy(), one.curves.drop("cohort").to_numpy(), rtol=1e-9, atol=1e-9
    )
    assert one.users.equals(other.users)


@every(lambda environment: not environment.problem.corrections)
def test_what_is_revealed_is_what_comes(environment):
    for visits, shown, outcome in played(environment)[1]:
        if visits.rewards is not None:
            np.testing.assert_array_equal(visits.rewards[np.arange(len(shown)), shown], outcome.reward)
        if outcome.happened is not None:
            np.testing.assert_array_equal(outcome.happened, ~np.isnan(outcome.reward))


@each
def test_rewards_stay_within_their_range(environment):
    bounds = environment.problem.reward_range
    for visits, _, outcome in played(environment)[1]:
        low, high = (-np.inf, np.inf) if bounds is None else bounds
        came = outcome.reward if outcome.happened is None else outcome.reward[outcome.happened]
        assert ((came >= low) & (came <= high)).all()
        assert ((visits.expected >= low) & (visits.expected <= high)).all()
        assert np.isfinite(came).all()


@every(lambda environment: environment.problem.nothing is not None)
def test_nothing_earns_0_and_harms_nobody(environment):
    nothing = environment.problem.nothing
    for visits, _, outcome in played(environment, actions=nothing)[1]:
        assert (visits.expected[:, nothing] == 0).all()
        assert (visits.welfare[:, nothing] == 0).all()
        assert visits.typical is None or (visits.typical[:, nothing] == 0).all()
        assert visits.z is None or (visits.z[nothing] == 0).all()
        assert visits.rewards is None or (visits.rewards[:, nothing] == 0).all()
        assert (outcome.reward == 0).all()


@each
def test_regret_is_never_negative_and_the_oracle_has_none(environment):
    for column in ("regret", "user_regret"):
        curve = run_cell(environment, Random(), 1, 0).curves.filter(cohort="all")[column]
        if column == "user_regret" and not environment.about.bad_means:
            assert curve.is_null().all()
        else:
            assert (np.diff(curve.to_numpy(), prepend=0.0) >= 0).all()
    assert set(run_cell(environment, Oracle(), 1, 0).curves["regret"]) == {0.0}


@every(lambda environment: environment.problem.typical)
def test_knowing_the_cohort_alone_costs_something_only_where_people_differ(environment):
    """Where all visits of a cohort are alike, the persona oracle is the oracle."""
    curve = run_cell(environment, PersonaOracle(), 1, 0).curves.filter(cohort="all")["regret"].to_numpy()
    assert (np.diff(curve, prepend=0.0) >= 0).all()
    if all(np.array_equal(visits.typical, visits.expected) for visits, _, _ in played(environment)[1]):
        assert set(curve) == {0.0}


@each
def test_about_is_plain_data_and_its_shares_add_up(environment):
    about = environment.about
    assert json.loads(json.dumps(dataclasses.asdict(about)))["title"] == about.title
    assert sum(cohort.share for cohort in about.cohorts) == pytest.approx(1)
    assert len({cohort.key for cohort in about.cohorts}) == len(about.cohorts)
    assert "all" not in {cohort.key for cohort in about.cohorts}
    assert about.tolerance >= 0
    times = [change.time for change in about.changes]
    assert times == sorted(times)
    assert all(0 < time < about.horizon for time in times)


def test_cohort_shares_are_as_declared():
    """Of people, to within one; of strangers, by the exact binomial test (20,000 visits: 0.04 off would be found)."""
    shop = ENVIRONMENT["long_term"]
    world, _ = played(shop)
    counts = np.bincount(world.users.cohort, minlength=3)
    assert counts == pytest.approx([cohort.share * 100 for cohort in shop.about.cohorts], abs=1)
    clothes = from_table({"kind": "ClothingReviews"}, ENVIRONMENTS, "environment")
    seen = np.concatenate([visits.cohort for visits, _, _ in played(clothes)[1]])
    shares = [cohort.share for cohort in clothes.about.cohorts]
    assert detectable_gap(len(seen), looks=len(shares)) < 0.04
    proportions(np.bincount(seen, minlength=len(shares)), shares)


LOYAL = ACME.model_copy(
    update={"personas": tuple(p.model_copy(update={"base_hazard": 1e-12, "b1": 0.0}) for p in ACME.personas)}
)
GROUPED = [f"{kind} groups" for kind in ("bernoulli", "gaussian", "linear", "logistic", "wheel")]
DRAWN = {
    goal: {"kind": "Storefront", "scenario": LOYAL, "objective": goal, "customers": 820, "days": 180}
    for goal in ("cart_value", "low_returns", "kept_margin")
} | {name: TABLES[name] | {"horizon": 20_000, "block": 1024} for name in ("clothing", "films", "genres", *GROUPED)}


@pytest.mark.parametrize("name", DRAWN)
def test_expected_rewards_are_the_means_of_drawn_ones(name):
    """Of 20,000 visits, item by item: (drawn − expected) / range has mean 0; 0.08 off would be found for any item.

    Where rewards have no bounds, their noise is symmetric, and so tanh((drawn − expected) / scale) has mean 0. Nobody
    leaves this shop, so that who visits does not depend on the luck of earlier visits.
    """
    environment = from_table(DRAWN[name], ENVIRONMENTS, "environment")
    _, blocks = played(environment, actions=0)
    gaps = np.concatenate([visits.rewards - visits.expected for visits, _, _ in blocks])
    problem = environment.problem
    gaps = np.tanh(gaps / problem.reward_scale) if problem.reward_range is None else gaps / np.ptp(problem.reward_range)
    K = gaps.shape[1]
    assert detectable_gap(len(gaps), -1, 1, looks=K) < 0.08
    for k in range(K):
        same_mean(gaps[:, k], 0.0, -1, 1, looks=K)


@each
def test_descriptions_are_frozen_hashable_and_picklable(environment):
    table = TABLES[next(name for name, other in ENVIRONMENT.items() if other is environment)]
    twin = from_table(table, ENVIRONMENTS, "environment")
    environment.open(1, 0)  # whatever it remembers must not count
    assert twin == environment
    assert hash(twin) == hash(environment)
    copy = pickle.loads(pickle.dumps(environment))  # noqa: S301  our own
    assert copy == environment
    assert identity(copy) == identity(environment) == identity(twin)
    assert isinstance(environment, Description)
    with pytest.raises(pydantic.ValidationError):
        environment.name = "another"


@each
def test_a_copy_makes_the_same_world(environment):
    """As in a worker process."""
    copy = pickle.loads(pickle.dumps(environment))  # noqa: S301  our own
    one, other = run_cell(environment, Random(), 3, 1), run_cell(copy, Random(), 3, 1)
    assert one.curves.equals(other.curves)
    assert one.users.equals(other.users)


@each
def test_a_table_says_all(environment):
    """The table that is stored with a result is plain data; a name is no part of what an environment is."""
    table = table_of(environment)
    assert json.loads(json.dumps(table)) == table
    named = environment.model_copy(update={"name": "mine"})
    assert identity(named) == identity(environment)
    assert environment_from(named).label == "mine"
    assert label_of(named) == "mine"


def test_labels_and_identities_differ_where_parameters_do():
    assert len({environment.label for environment in ENVIRONMENT.values()}) == len(ENVIRONMENT)
    assert len({identity(environment) for environment in ENVIRONMENT.values()}) == len(ENVIRONMENT)


BAD = [
    ({"objective": "long_turm"}, "objective: unknown objective 'long_turm'", "did you mean 'long_term'?"),
    ({"feedback": "later"}, "feedback: must be 'at once', 'wait' or 'correct', got 'later'", ""),
    ({"customers": 0}, "customers: must be greater than or equal to 1, got 0", ""),
    ({"days": 4000}, "days: must be less than or equal to 3650, got 4000", ""),
    ({"card_error": -0.1}, "card_error: must be greater than or equal to 0, got -0.1", ""),
    ({"labelled": -1}, "labelled: must be greater than or equal to 0, got -1", ""),
    ({"show_nothing": "yes"}, "show_nothing: must be true or false, got 'yes'", ""),
    ({"scenario": "acne"}, "unknown scenario 'acne'", "did you mean 'acme'?"),
    ({"feadback": "wait"}, "feadback: unknown field 'feadback'", "did you mean 'feedback'?"),
    ({"kind": "ClothingReviews", "bound": 1.0}, "bound: must be less than 1, got 1.0", ""),
    ({"kind": "ClothingReviews", "horizon": 0}, "horizon: must be greater than or equal to 1, got 0", ""),
    ({"kind": "ClothingReviews", "min_reviews": 9999}, "min_reviews: must leave at least two classes", ""),
    (PLANTS | {"label": "kin"}, "label: unknown column 'kin'", "did you mean 'kind'?"),
    (PLANTS | {"label": "kind", "lable": "kind"}, "lable: unknown field 'lable'", "did you mean 'label'?"),
    ({"kind": "MovieLens", "folder": "nowhere"}, "folder: nowhere is not there; check the path", ""),
    ({"kind": "OpenBandit", "campaign": "man"}, "campaign: must be 'all', 'men' or 'women', got 'man'", ""),
    (LOG | {"reward": "revard"}, "reward: unknown column 'revard'", "did you mean 'reward'?"),
    ({"kind": "Shopfront"}, "kind: unknown environment 'Shopfront'", "did you mean 'Storefront'?"),
]


@pytest.mark.parametrize(("change", "says", "hint"), BAD, ids=[" ".join(map(str, c.values())) for c, _, _ in BAD])
def test_a_bad_parameter_is_refused_in_one_line(change, says, hint):
    table = change if "kind" in change else TABLES["long_term"] | change
    with pytest.raises(InputError) as refused:
        environment_from(table)
    (line,) = refused.value.lines
    assert says in line
    assert hint in line


SEEN = []
"""Every visit that a spy was shown."""


class Spy:
    """Notes what it is shown, and chooses the first action that is available."""

    corrects = True

    def __init__(self, **needs):
        for name, value in needs.items():
            setattr(self, name, value)

    def start(self, problem, rng):
        SEEN.clear()
        return SpyingLearner()


class SpyingLearner:
    def choose(self, visit):
        SEEN.append(visit)
        return Choice(int(np.argmax(visit.available)), 1.0)

    def learn(self, visit, choice, reward):
        assert isinstance(choice, Choice)
        assert isinstance(reward, float)
        SEEN.append(visit)

    correct = learn


def test_a_visit_has_no_place_for_anything_hidden():
    """No reward, no welfare, no time at which others came: what a learner may see, and what it may ask for."""
    run_cell(ENVIRONMENT["correct"], Spy(), 1, 0)
    fields = {field.name for field in dataclasses.fields(SEEN[0])}
    assert fields == {"x", "available", "z", "cohort", "user", "expected", "caution", "levels", "greedy", "asks"}


@each
@pytest.mark.parametrize("asked", [(), ("sees_user",), ("sees_cohort",), ("sees_expected",), ("sees_typical",)])
def test_a_policy_sees_what_it_asks_for_and_no_more(environment, asked):
    problem, field = environment.problem, {"sees_user": "user", "sees_cohort": "cohort", "sees_expected": "expected"}
    spy = Spy(**dict.fromkeys(asked, True))
    missing = ("sees_user" in asked and problem.users is None) or ("sees_cohort" in asked and problem.cohorts is None)
    if missing or {"sees_expected", "sees_typical"}.intersection(asked):  # which the oracles alone are handed
        with pytest.raises(InputError):
            run_cell(environment, spy, 1, 0)
        return
    run_cell(environment, spy, 1, 0)
    assert len(SEEN) > 0 or environment is ENVIRONMENT["one day"]
    for visit in SEEN:
        shown = {name for name in field.values() if getattr(visit, name) is not None}
        assert shown == {field[name] for name in asked}


@each
def test_the_oracles_are_handed_what_to_expect_of_the_visitor_or_of_the_cohort(environment):
    for visits, _, _ in played(environment)[1]:
        assert visits.shown_to(Needs()).expected is None
        np.testing.assert_array_equal(visits.shown_to(Needs(sees_expected=True)).expected, visits.expected)
        typical = visits.shown_to(Needs(sees_typical=True)).expected
        if visits.typical is None:
            assert typical is None
        else:
            np.testing.assert_array_equal(typical, visits.typical)


class Writer(Spy):
    def start(self, problem, rng):
        return WritingLearner()


class WritingLearner(SpyingLearner):
    def choose(self, visit):
        visit.x[:] = 0.0
        return super().choose(visit)


@busy
def test_a_plain_learner_cannot_write_to_what_it_sees(environment):
    with pytest.raises(Misbehaviour, match="read-only"):
        run_cell(environment, Writer(), 1, 0)


class Vandal:
    """Overwrites every array that it gets hold of, once it has chosen."""

    corrects = sees_cohort = sees_user = True

    def __init__(self, problem):
        for ask, there in (("sees_cohort", problem.cohorts), ("sees_user", problem.users)):
            setattr(self, ask, there is not None)

    def start(self, problem, rng):
        if problem.sample is not None:
            for array in (problem.sample.x, problem.sample.cohort):
                spoil(array)
        return VandalLearner()


class VandalLearner(BlockLearner):
    def play(self, block):
        choices = Choices(np.argmax(block.available, axis=1), np.ones(len(block)))
        self.learn_many(block, choices, np.empty(0))
        return choices

    def learn_many(self, block, choices, rewards):
        for thing in (block, choices) if len(rewards) else (block,):
            for field in dataclasses.fields(thing):
                if isinstance(array := getattr(thing, field.name), np.ndarray):
                    spoil(array)
        spoil(rewards)

    correct_many = learn_many


def spoil(array):
    try:
        array[...] = 0
    except ValueError as error:
        assert "read-only" in str(error)  # noqa: PT017  it may raise, and need not


@each
def test_a_vandal_changes_nothing_for_the_next_policy(environment):
    before = run_cell(environment, Random(), 1, 0)
    sample = environment.open(1, 0).problem.sample
    copies = None if sample is None else (sample.x.copy(), sample.cohort.copy())
    run_cell(environment, Vandal(environment.problem), 1, 0)
    after = run_cell(environment, Random(), 1, 0)
    assert before.curves.equals(after.curves)
    assert before.users.equals(after.users)
    if copies is not None:
        again = environment.open(1, 0).problem.sample
        assert np.array_equal(again.x, copies[0])
        assert np.array_equal(again.cohort, copies[1])


@each
def test_a_vandal_earns_what_its_choices_earn(environment):
    """It may spoil what it was shown of the rewards; what comes of its choices is none of its business."""
    honest = run_cell(environment, Spy(), 1, 0).curves
    spoilt = run_cell(environment, Vandal(environment.problem), 1, 0).curves
    assert honest["reward"].equals(spoilt["reward"])
