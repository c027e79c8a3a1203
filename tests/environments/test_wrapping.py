"""What holds of every stack of wrappers, in any order, around any world."""

import json
import pathlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits import Oracle, Random
from bandits.description import identity, table_of
from bandits.errors import InputError
from environments import (
    Batched,
    ClothingReviews,
    Delayed,
    Drifting,
    Eligible,
    Holdout,
    Launches,
    LoggedReplay,
    Noisy,
    Relay,
    Storefront,
    Wrapped,
)
from environments.registry import environment_from
from environments.wrapping import LuckByNumber
from experiments.runner import run_cell
from experiments.spec import Experiment
from tests.environments.tiny_world import Tiny, all_rewards, played

FEEDBACK = ("at once", "wait", "correct")
SHOPS = [
    Storefront.load("acme", objective="kept_margin", customers=30, days=20, labelled=10, feedback=feedback)
    for feedback in FEEDBACK
]
CLOTHES = ClothingReviews(horizon=120, block=50)
LOG = LoggedReplay(
    path=str(pathlib.Path(__file__).parents[1] / "data" / "log.csv"), cohort="kind", horizon=200, min_visits=1
)
"""Of which about a fifth of the events is kept."""
WORLDS = (*SHOPS, CLOTHES)


def wrappers(world):
    """Ways to wrap a world, as functions of the world inside."""
    action, feature = world.problem.actions[1], world.problem.features[-1]
    cohort = world.about.cohorts[0].key
    return st.one_of(
        st.builds(
            lambda by, lost, every: lambda w: Delayed(w, by=by, lost=lost, news_every=every),
            st.sampled_from(
                [0, 3, {"kind": "geometric", "mean": 2.0}, {"kind": "weibull", "scale": 2.0, "shape": 0.5}]
            ),
            st.sampled_from([0.0, 0.3]),
            st.sampled_from([1, 4]),
        ),
        st.builds(lambda n: lambda w: Batched(w, visits=n), st.integers(1, 40)),
        st.sampled_from(
            [
                lambda w: Drifting(w, how="abrupt", every=7),
                lambda w: Drifting(w, how="gradual", at=[4, 12], over=6, moves=0.4),
                lambda w: Drifting(w, how="seasonal", period=9),
                lambda w: Launches(w, schedule={action: {"from": 5, "out": [[8, 9]]}}),
                lambda w: Eligible(w, rule={action: {"cohorts": [cohort], "share": 0.7}}),
                lambda w: Noisy(w, features={feature: {"sd": 1.0, "missing": 0.2}}),
                *([] if world.problem.nothing is None else [lambda w: Holdout(w, share=0.3)]),
            ]
        ),
    )


@st.composite
def stacks(draw, worlds=WORLDS):
    """A world in up to four wrappers."""
    world = draw(st.sampled_from(worlds))
    for wrap in draw(st.lists(wrappers(world), min_size=1, max_size=4)):
        world = wrap(world)
    return world


def shows(number):
    """Of what is available, always the first, always the last, or anything, depending on the visit alone."""

    def show(visits):
        K = visits.available.shape[1]
        rank = np.arange(K) * (1 if number == 0 else -1)
        if number == 2:
            rank = (visits.index[:, None] * 7919 + np.arange(K) * 104_729) % 1_009
        return np.where(visits.available, rank, np.iinfo(np.int64).max).argmin(axis=1)

    return show


@settings(deadline=None, max_examples=20)
@given(stacks())
def test_the_luck_of_a_visit_does_not_depend_on_what_is_shown(environment):
    """A visit that takes place under two policies is the same visit under both, and so are two runs of one."""
    seen, outcomes = {}, []
    for number in (0, 1, 2, 2):
        outcomes.append([])
        for visits, _, outcome in played(environment, shows(number)):
            outcomes[-1].append(outcome.reward.tolist())
            for n, index in enumerate(visits.index.tolist()):
                fields = ("time", "x", "available", "cohort", "user", "expected", "welfare", "rewards", "typical")
                row = [None if (a := getattr(visits, field)) is None else a[n].tobytes() for field in fields]
                assert seen.setdefault(index, row) == row
    assert outcomes[2] == outcomes[3]


@settings(deadline=None, max_examples=40)
@given(stacks((*WORLDS, LOG)), st.integers(1, 30))
def test_what_comes_and_when_it_is_known_does_not_depend_on_the_length_of_blocks(environment, most):
    def story(most):
        rewards, news = {}, []
        served = 0
        for visits, _, outcome in played(environment, shows(2), most):
            served += len(visits)
            rewards |= dict(zip(visits.index.tolist(), np.nan_to_num(outcome.reward, nan=-99.0).tolist(), strict=True))
            for kind in ("late", "corrections"):
                for late in getattr(outcome, kind):
                    told = zip(late.visits.index.tolist(), late.values.tolist(), strict=True)
                    news += [(kind, served, visits.end, *what) for what in told]
        return rewards, news

    assert story(most) == story(None)


@settings(deadline=None, max_examples=40)
@given(stacks())
def test_news_comes_at_most_once_after_its_visit_and_adds_up(environment):
    """What is learnt of a visit, at once, late and by corrections, is never more than once, and in the end, where all
    is told, it is what came of it. What is told is what was seen.
    """
    came, learnt, corrected, seen, closed = {}, {}, {}, {}, 0
    for visits, actions, outcome in played(environment, shows(2)):
        assert visits.available[np.arange(len(visits)), actions].all()
        came |= dict(zip(visits.index.tolist(), outcome.reward.tolist(), strict=True))
        if visits.rewards is not None:
            at_once = visits.rewards[np.arange(len(visits)), actions]
            learnt |= dict(zip(visits.index.tolist(), at_once.tolist(), strict=True))
        parts = ("x", "available", "expected", "cohort")
        for n, index in enumerate(visits.index.tolist()):
            seen[index] = [getattr(visits, part)[n].tobytes() for part in parts]
        for late in outcome.late:
            assert late.visits.rewards is None
            for n, (index, value) in enumerate(zip(late.visits.index.tolist(), late.values.tolist(), strict=True)):
                assert index in came
                assert index not in learnt
                assert seen[index] == [getattr(late.visits, part)[n].tobytes() for part in parts]
                learnt[index] = value
        for late in outcome.corrections:
            for index, value in zip(late.visits.index.tolist(), late.values.tolist(), strict=True):
                assert index in learnt
                assert index not in corrected  # a storefront corrects once
                corrected[index] = value
        closed = visits.end
    assert closed == environment.about.horizon
    if not environment.problem.corrections:
        late_returns = "feedback=wait" in environment.label  # settled without returns after the attribution window
        assert late_returns or all(came[index] == value for index, value in learnt.items())
    for index, value in corrected.items():
        assert learnt[index] + value == pytest.approx(came[index])


@settings(deadline=None, max_examples=15)
@given(stacks((*WORLDS, LOG)))
def test_regret_is_exact_under_every_stack(environment):
    """Never negative, and none for whoever shows the best that is available now."""
    for number in (0, 2):
        for visits, actions, _ in played(environment, shows(number)):
            assert visits.available.any(axis=1).all()
            best = np.where(visits.available, visits.expected, -np.inf).max(axis=1)
            assert (best >= visits.expected[np.arange(len(visits)), actions]).all()
    curves = run_cell(environment, Oracle(), 1, 0).curves
    assert set(curves["regret"]) == {0.0}
    assert (np.diff(run_cell(environment, Random(), 1, 0).curves.filter(cohort="all")["regret"]) >= 0).all()


@settings(deadline=None, max_examples=40)
@given(stacks())
def test_a_stack_is_a_description_like_any_other(environment):
    table = table_of(environment)
    assert json.loads(json.dumps(table)) == table
    assert hash(environment) == hash(environment.model_copy())
    assert identity(environment) == identity(environment.model_copy(update={"name": "mine"}))
    assert environment.model_copy(update={"name": "mine"}).label == "mine"
    depth, inner = 0, environment
    while isinstance(inner, Wrapped):
        depth, inner = depth + 1, inner.world
    assert len(environment.about.notes) == len(inner.about.notes) + depth
    about, own = environment.about, {"scenario": "", "notes": (), "changes": ()}
    assert replace(about, **own) == replace(inner.about, **own)
    times = [change.time for change in about.changes]
    assert times == sorted(times)
    assert {change.time for change in inner.about.changes} <= set(times) <= set(range(1, about.horizon))
    assert environment.label.endswith(")")


def test_a_scenario_is_the_same_for_another_objective_and_not_for_another_wrapper():
    kept, returns = (Storefront.load("acme", objective=goal) for goal in ("kept_margin", "low_returns"))
    assert Delayed(kept, by=3).about.scenario == Delayed(returns, by=3).about.scenario
    others = [
        kept,
        Delayed(kept, by=3),
        Delayed(kept, by=4),
        Batched(kept, visits=3),
        Delayed(Delayed(kept, by=3), by=3),
    ]
    assert len({environment.about.scenario for environment in others}) == len(others)
    assert len({environment.label for environment in others}) == len(others)


def test_labels_stay_readable():
    shop = Storefront.load("acme", objective="kept_margin")
    assert Delayed(Batched(shop, visits=500), by=3).label == "Delayed(Batched(acme/kept_margin, visits=500), by=3)"
    launches = Launches(shop, schedule={"Office case": {"from": 10, "until": 90, "out": [[30, 40]]}})
    assert launches.label == "Launches(acme/kept_margin, Office case from 10 until 90 but not 30 to 40)"
    eligible = Eligible(shop, rule={"Bargain bin": {"feature": "coupon", "at_least": 1, "share": 0.5}})
    assert eligible.label == "Eligible(acme/kept_margin, Bargain bin for coupon ≥ 1 and a share of 0.5)"
    noisy = Noisy(shop, features={"coupon": {"flip": 0.1, "missing": 0.2}, "mobile": {"dropped": True}})
    assert noisy.label == "Noisy(acme/kept_margin, coupon flip=0.1 missing=0.2, mobile dropped)"
    assert Holdout(shop, share=0.1).label == "Holdout(acme/kept_margin, share=0.1)"
    drifting = Drifting(shop, kind="gradual", at=[30], over=20)
    assert drifting.label == "Drifting(acme/kept_margin, gradual, at=30, over=20)"


TOML = """
replications = 1

[[environment]]
kind = "Delayed"
by = { kind = "geometric", mean = 10 }
lost = 0.1

[environment.world]
kind = "Launches"
schedule = { "Jeans" = { from = 20, out = [[30, 40]] }, "Pants" = { until = 90 } }
world = { kind = "ClothingReviews", horizon = 100 }

[[environment]]
kind = "Drifting"
how = "gradual"
at = [20, 60]
over = 30
world = { kind = "Noisy", features = { "age near 35" = { sd = 0.2 } }, world = { kind = "own:Own", horizon = 90 } }

[[policy]]
kind = "Random"
"""

OWN = """
from environments import ClothingReviews

class Own:
    def __init__(self, horizon):
        self.inner = ClothingReviews(horizon=horizon)
        self.about, self.problem, self.open = self.inner.about, self.inner.problem, self.inner.open
"""


def test_wrappers_are_written_in_toml_and_wrap_worlds_of_ones_own(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "mine.toml").write_text(TOML)
    experiment = Experiment.load(str(tmp_path / "mine.toml"))
    clothes = Launches(
        ClothingReviews(horizon=100),
        schedule={"Jeans": {"from": 20, "out": [[30, 40]]}, "Pants": {"until": 90}},
    )
    assert experiment.environments[0] == Delayed(clothes, by={"kind": "geometric", "mean": 10}, lost=0.1)
    for environment in experiment.environments:
        assert run_cell(environment, Random(), 1, 0).curves["visits"].max() == environment.about.horizon


def test_faults_inside_are_told_with_their_place(tmp_path):
    (tmp_path / "mine.toml").write_text(TOML.replace("horizon = 100", "horizon = 0").replace("from = 20", "form = 20"))
    (tmp_path / "own.py").write_text(OWN)
    with pytest.raises(InputError) as refused:
        Experiment.load(str(tmp_path / "mine.toml"))
    assert [line.partition("mine.toml: ")[2].partition(" (known")[0] for line in refused.value.lines] == [
        "environment[1].world.world.horizon: must be greater than or equal to 1, got 0",
        "environment[1].world.schedule.Jeans.form: unknown field 'form'",
    ]


class Doubled(Wrapped):
    """A wrapper of one's own: everything counts twice."""

    def note(self, inner):
        return "Everything counts twice."

    def open(self, seed, replication):
        return DoubledWorld(self.world.open(seed, replication))


class DoubledWorld(Relay):
    def seen(self, visits):
        rewards = None if visits.rewards is None else 2 * visits.rewards
        return replace(visits, rewards=rewards, expected=2 * visits.expected, typical=2 * visits.typical)

    def respond(self, actions):
        outcome = super().respond(actions)
        return replace(outcome, reward=2 * outcome.reward)


def test_a_wrapper_of_ones_own_takes_its_place_in_a_stack():
    assert all_rewards(Doubled(Tiny(4)), show=1) == [2, 22, 42, 62]
    assert all_rewards(Delayed(Doubled(Drifting(Tiny(4, nothing=True), how="abrupt", at=[2])), by=1)) == [0, 20, 42, 62]
    assert Doubled(Tiny(4)).about.notes == ("A toy.", "Everything counts twice.")


def test_a_world_that_serves_more_than_it_is_asked_for_is_refused():
    class Greedy(Tiny):
        def open(self, seed, replication):
            world = super().open(seed, replication)
            serve = world.next_block
            world.next_block = lambda most=None: serve()
            return world

    with pytest.raises(InputError, match=r"must serve at most as many visits as it is asked for \(3\), got 4"):
        list(played(Delayed(Greedy(), by=2)))


def test_a_world_whose_time_runs_away_is_not_delayed():
    """By 2, three visits are asked for, up to the news of the first; at 30 it is late."""

    class Sparse(Tiny):
        def open(self, seed, replication):
            world = super().open(seed, replication)
            serve = world.next_block
            world.next_block = lambda most=None: replace(serve(most), end=30)
            return world

    what = r"TinyWorld: must serve until 3 at most when it is asked for 3 visits at 0, got 30; mend next_block"
    with pytest.raises(InputError, match=what):
        list(played(Delayed(Sparse(), by=2)))


def test_an_answer_comes_after_a_block():
    for environment in (Delayed(Tiny(), by=1), Holdout(Tiny(nothing=True), share=0.5)):
        with pytest.raises(InputError, match="must serve a block before it is answered; call next_block first"):
            environment.open(0, 0).respond(np.array([0]))


def test_luck_is_the_same_whoever_asks_first():
    def luck():
        return LuckByNumber(np.random.default_rng(1).random)

    forward, backward, pieces = luck(), luck(), luck()
    number = np.arange(5_000)
    one = forward.of(number)
    np.testing.assert_array_equal(backward.of(number[::-1]), one[::-1])
    np.testing.assert_array_equal(np.concatenate([pieces.of(number[a : a + 7]) for a in range(0, 5_000, 7)]), one)
    np.testing.assert_array_equal(forward.of(number[3:5]), one[3:5])
    assert len(forward.of(number[:0])) == 0


@pytest.mark.parametrize("missing", [{"kind": "Batched"}, {"kind": "Delayed"}, {"kind": "Holdout"}])
def test_what_is_missing_hides_no_other_fault(missing):
    """The wrapper lacks a field, and the world inside of it has two faults: all three are told, each once."""
    (needed,) = {"Batched": ["visits"], "Delayed": ["by"], "Holdout": ["share"]}[missing["kind"]]
    with pytest.raises(InputError) as refused:
        environment_from(missing | {"world": {"kind": "ClothingReviews", "horizn": 5, "bound": 2.0}})
    places = [".".join(map(str, fault.where)) for fault in refused.value.faults]
    assert sorted(places) == sorted([needed, "world.horizn", "world.bound"])


def test_a_missing_world_hides_no_fault_of_the_wrapper():
    with pytest.raises(InputError) as refused:
        environment_from({"kind": "Delayed", "by": {"kind": "geometric", "mena": 3.0}, "lost": 2.0})
    assert refused.value.lines == [
        "world: is missing; add it",
        "by.mean: is missing; add it",
        "by.mena: unknown field 'mena' (known: kind, mean); did you mean 'mean'?",
        "lost: must be less than 1, got 2.0",
    ]


def test_what_is_no_environment_is_not_wrapped():
    with pytest.raises(InputError, match="world: must be an environment"):
        Delayed(3, by=2)
    with pytest.raises(InputError) as refused:
        environment_from({"kind": "Delayed", "by": 2, "world": "Storefront"})
    assert refused.value.lines[0].endswith(""", got 'Storefront'; write { kind = "Storefront" }""")
    for world in ("Shop", [{"kind": "ClothingReviews"}]):
        with pytest.raises(InputError) as refused:
            environment_from({"kind": "Delayed", "by": 2, "world": world})
        assert refused.value.lines[0].endswith(f'got {world!r}; write a table such as {{ kind = "ClothingReviews" }}')
    with pytest.raises(InputError, match="world: is missing; add it"):
        environment_from({"kind": "Delayed", "by": 3})
