import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from bandits import LinUCB, Random
from bandits.description import identity
from bandits.errors import InputError
from bandits.fit import start
from bandits.protocol import Choice, Needs
from environments.delay import DelayedWorld
from environments.logged_replay import LoggedReplay
from environments.protocol import Visits
from environments.replay import Replay
from environments.replay_faults import unlikely_if_uniform
from environments.wrapping import LuckByNumber
from experiments.runner import run_cell
from tests.logs import LOGGED, TRUTH, made, online, table
from tests.stochastic import detectable_gap, proportions, same_mean

SIX = pl.DataFrame(
    {
        "hour": [1, 2, 3, 4, 5, 6],
        "action": ["a", "b", "a", "a", "b", "b"],
        "reward": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "propensity": [0.5] * 6,
        "plan": ["pro", "free", "free", "pro", "pro", "free"],
    }
)


def written(frame, folder, name="log.csv"):
    path = folder / name
    frame.write_csv(path) if name.endswith("csv") else frame.write_parquet(path)
    return str(path)


@pytest.fixture
def six(tmp_path):
    return written(SIX, tmp_path)


def faults(path, **parameters):
    with pytest.raises(InputError) as refused:
        LoggedReplay(path=path, **{"min_visits": 1} | parameters)
    return refused.value.lines


LEARNT = []


class Always:
    """Shows one action, and notes what it is taught."""

    def __init__(self, action):
        self.action = action

    def start(self, problem, rng):
        LEARNT.clear()
        return AlwaysLearner(self.action)


class AlwaysLearner:
    def __init__(self, action):
        self.action = action

    def choose(self, visit):
        return Choice(self.action, 1.0)

    def learn(self, visit, choice, reward):
        LEARNT.append((visit.x.tolist(), reward))


def world(log, order="shuffled", seed=1, replication=0, horizon=None, bad_below=None):
    horizon = len(log) if horizon is None else horizon
    how = {"horizon": horizon, "order": order, "block": 1_000_000, "bad_below": bad_below}
    return Replay(log, log.problem(None), **how, seed=seed, replication=replication)


def test_a_policy_that_always_shows_a_meets_the_events_of_a(six):
    """Events 1, 3 and 4 of six, with rewards 1, 3 and 4; hours 1, 3 and 4 less 3.5, over √(35 / 12)."""
    environment = LoggedReplay(path=six, order="log", features=["hour"], min_visits=1, block=4)
    curves = run_cell(environment, Always(0), 1, 0).curves.filter(cohort="all")
    assert [reward for _, reward in LEARNT] == [1.0, 3.0, 4.0]
    hours = [(hour - 3.5) / np.sqrt(35 / 12) for hour in (1, 3, 4)]
    np.testing.assert_allclose([x for x, _ in LEARNT], [(1.0, hour) for hour in hours])
    assert curves["time"].to_list() == [1, 2, 3, 4, 5, 6]
    assert curves["visits"].to_list() == [1, 1, 2, 3, 3, 3]
    assert curves["reward"].to_list() == [1.0, 1.0, 4.0, 8.0, 8.0, 8.0]
    run_cell(environment, Always(1), 1, 0)
    assert [reward for _, reward in LEARNT] == [2.0, 5.0, 6.0]


def test_a_visit_has_no_reward_but_of_what_was_shown(six):
    (visits, outcome), *rest = _blocks(LoggedReplay(path=six, order="log", min_visits=1), [0, 0, 0, 1, 1, 1])
    assert rest == []
    nan = np.nan
    np.testing.assert_array_equal(visits.rewards, [[1, nan], [nan, 2], [3, nan], [4, nan], [nan, 5], [nan, 6]])
    np.testing.assert_array_equal(outcome.reward, [1, nan, 3, nan, 5, 6])
    np.testing.assert_array_equal(outcome.happened, [True, False, True, False, True, True])


def _blocks(environment, actions):
    opened = environment.open(1, 0)
    blocks = []
    while (visits := opened.next_block()) is not None:
        blocks.append((visits, opened.respond(np.array(actions)[: len(visits)])))
    return blocks


def test_the_log_is_replayed_in_the_order_of_time(tmp_path):
    """Rows of hours 6, 5, … are met from hour 1 on, be they numbers, texts or dates; without time, as they stand."""
    turned = SIX.reverse()
    said = turned.with_columns(time=pl.format("2026-01-01T{}:00:00", pl.col("hour").cast(pl.String).str.zfill(2)))
    zoned = said.with_columns(time=pl.col("time") + "+01:00")
    dated = said.with_columns(time=pl.col("time").str.to_datetime())
    for frame, how, first in (
        (turned, {"time": "hour"}, 1.0),
        (said.drop("hour"), {"time": "time"}, 1.0),
        (zoned.drop("hour"), {"time": "time"}, 1.0),
        (dated.drop("hour"), {"time": "time"}, 1.0),
        (turned, {}, 6.0),
    ):
        path = written(frame, tmp_path, "log.parquet")
        (visits, _), *_ = _blocks(LoggedReplay(path=path, order="log", min_visits=1, **how), [0] * 6)
        assert np.nansum(visits.rewards, axis=1)[0] == first


def test_a_shuffled_log_is_another_order_in_each_replication():
    """Each of six events is the first in a sixth of 3,000 replications; a gap of 0.1 would be found."""
    log = replace(made(6, np.random.default_rng(1)), propensity=np.full(6, 0.5), reward=np.arange(6.0))
    first = [np.nansum(world(log, replication=r).next_block().rewards[0]) for r in range(3_000)]
    assert detectable_gap(len(first), looks=6) < 0.1
    proportions(np.bincount(np.array(first, dtype=np.int64), minlength=6), np.full(6, 1 / 6))


def test_events_are_kept_as_rarely_as_the_rarest_action():
    """Propensities 0.2, 0.4, 0.8, 0.2: kept with 1, 1/2, 1/4, 1. Of four events 2.75 / 2 = 1.375 count on average."""
    log = replace(made(4, np.random.default_rng(1)), propensity=np.array([0.2, 0.4, 0.8, 0.2]))
    np.testing.assert_allclose(log.keep, [1, 0.5, 0.25, 1])
    assert log.counted == pytest.approx(1.375)
    kept = np.zeros((3_000, 4), dtype=np.bool_)
    for r in range(len(kept)):
        visits = world(log, "log", replication=r).next_block()
        kept[r, visits.time] = True
    assert detectable_gap(len(kept), looks=2) < 0.1
    assert kept[:, [0, 3]].all()
    for event, due in ((1, 0.5), (2, 0.25)):
        proportions([kept[:, event].sum(), (~kept[:, event]).sum()], [due, 1 - due], looks=2)


def test_which_events_are_kept_does_not_depend_on_their_order():
    log = replace(made(200, np.random.default_rng(1)), reward=np.arange(200.0))
    shuffled, logged = (world(log, order).next_block() for order in ("shuffled", "log"))
    assert sorted(np.nansum(shuffled.rewards, axis=1)) == sorted(np.nansum(logged.rewards, axis=1))
    assert not np.array_equal(shuffled.time, logged.time)


def test_kept_events_come_at_their_place_and_the_clock_runs_to_the_end_of_the_log():
    """The third event (p = 0.9, kept 1 time in 900) is not kept, nor is the last, and still the clock says 4."""
    log = replace(made(4, np.random.default_rng(1)), propensity=np.array([0.001, 0.001, 0.9, 0.9]))
    opened = world(log, "log")
    visits = opened.next_block()
    assert (visits.time.tolist(), visits.end) == ([0, 1], 4)
    assert opened.next_block() is None


def test_who_asks_for_few_visits_is_led_through_as_much_time():
    """Events 0 and 3 of five are kept (p = 0.001); the others (p = 0.9) 1 time in 900. In steps of two events."""
    log = replace(made(5, np.random.default_rng(1)), propensity=np.array([0.001, 0.9, 0.9, 0.001, 0.9]))
    opened = world(log, "log")
    parts = [opened.next_block(2) for _ in range(3)]
    assert [(part.time.tolist(), part.end) for part in parts] == [([0], 2), ([3], 4), ([], 5)]
    assert opened.next_block(2) is None


def test_late_news_of_a_thinned_log_comes_in_its_time():
    """About a fifth of the events is kept. By 20: a reward is known before whoever comes 21 events later or more."""
    log = made(2_000, np.random.default_rng(1))
    delayed = DelayedWorld(world(log, "log"), LuckByNumber(lambda n: np.full(n, 20.0)), 1, by_visit=True)
    news, began, end = [], {}, 0
    while (visits := delayed.next_block()) is not None:
        began |= dict.fromkeys(visits.time.tolist(), end)
        end = visits.end
        for late in delayed.respond(np.zeros(len(visits), dtype=np.int64)).late:
            news += [(int(time), end) for time in late.visits.time]
    assert len(news) > 100
    assert all(known == time + 21 for time, known in news)
    assert all(start >= time + 21 for time, _ in news for later, start in began.items() if later >= time + 21)


def test_a_log_of_which_nothing_is_kept_still_takes_its_time():
    """The first event is kept 1 time in 1e12."""
    log = replace(made(2, np.random.default_rng(1)), propensity=np.array([1.0, 1e-12]))
    opened = world(log, "log", horizon=1)
    visits = opened.next_block()
    assert (len(visits), visits.end, visits.x.shape, visits.rewards.shape) == (0, 1, (0, 2), (0, 2))
    assert opened.next_block() is None


def test_a_horizon_takes_the_first_events_or_a_random_part():
    log = replace(made(100, np.random.default_rng(1)), propensity=np.full(100, 0.5), reward=np.arange(100.0))
    first = world(log, "log", horizon=30).next_block()
    assert (np.nansum(first.rewards, axis=1).tolist(), first.end) == (list(range(30)), 30)
    parts = [world(log, horizon=30, replication=r).next_block() for r in range(2)]
    one, other = (set(np.nansum(part.rewards, axis=1)) for part in parts)
    assert len(one) == len(other) == 30
    assert one != other


STOCHASTIC = np.array([[0.9, 0.1], [0.6, 0.4]])
"""P(action | x) of a policy that knows its visitors too."""


def rewards_of(visits, shown):
    reward = visits.rewards[np.arange(len(visits)), shown]
    return reward[~np.isnan(reward)]


def without_propensities(log):
    """The same log, taken for uniform: nothing is thinned."""
    return replace(log, propensity=np.full(len(log), 0.5))


def test_the_value_of_a_policy_is_unbiased_which_it_is_not_without_propensities():
    """0.1 of 100,000 events count; a gap of 0.05 would be found.

    Value (0.9 · 0.9 + 0.1 · 0.6 + 0.6 · 0.3 + 0.4 · 0.1) / 2 = 0.545. Without thinning a visit counts with p π, and
    the mean is Σ p π r / Σ p π = (0.729 + 0.006 + 0.018 + 0.036) / (0.81 + 0.01 + 0.06 + 0.36) = 0.636.
    """
    rng = np.random.default_rng(1)
    log = made(100_000, rng)
    value = float((STOCHASTIC * TRUTH).mean(axis=0).sum())
    wrong = float((LOGGED * STOCHASTIC * TRUTH).sum() / (LOGGED * STOCHASTIC).sum())
    assert (value, wrong) == pytest.approx((0.545, 0.789 / 1.24))
    for replay, due in ((log, value), (without_propensities(log), wrong)):
        visits = world(replay).next_block()
        reward = rewards_of(visits, (rng.random(len(visits)) >= STOCHASTIC[visits.x[:, 1].astype(int), 0]).astype(int))
        assert detectable_gap(len(reward), looks=2) < 0.05
        same_mean(reward, due, looks=2)
    assert wrong - value > 0.05


def test_the_visitors_that_count_are_those_who_come():
    """Half of them are x = 0, whatever the logging policy showed to whom; without thinning 0.87 / 1.24 · … are not."""
    visits = world(made(100_000, np.random.default_rng(2))).next_block()
    came = ~np.isnan(visits.rewards[:, 0])
    proportions(np.bincount(visits.x[came, 1].astype(np.int64), minlength=2), [0.5, 0.5])


def test_one_in_k_kept_events_counts_whatever_is_shown():
    """Under a policy that shows a to all, b to all, or either by x: 1/2. A gap of 0.04 would be found."""
    visits = world(made(100_000, np.random.default_rng(3))).next_block()
    x = visits.x[:, 1].astype(np.int64)
    assert detectable_gap(len(x), looks=3) < 0.04
    for shown in (np.zeros_like(x), np.ones_like(x), x):
        same_mean(np.isfinite(visits.rewards[np.arange(len(x)), shown]), 0.5, looks=3)


T = 10
PUBLIC = made(100, np.random.default_rng(0)).problem(None)


def learnt(policy, block, rng):
    """The mean reward of the first T visits that take place, for a learner that starts with nothing."""
    block = block.shown_to(Needs()) if isinstance(block, Visits) else block
    shown = start(policy, PUBLIC, rng).play(block).action
    rewards = rewards_of(block, shown)
    assert len(rewards) >= T
    return rewards[:T].mean()


def test_a_learner_earns_in_the_replay_what_it_earns_online():
    """LinUCB over its first 10 visits, in 1,200 logs of 400 events each, of which 40 count, and online.

    The difference of the means lies in [−1, 1], and 0.29 would be found. Without thinning the replay has more visitors
    x = 0 to whom a is shown, since LinUCB finds out that a is good; that is found.
    """
    policy, rng = LinUCB(), np.random.default_rng(5)
    right, wrong = [], []
    for r in range(1_200):
        log = made(400, rng)
        earned = learnt(policy, online(T, rng), np.random.default_rng(r))
        right.append(learnt(policy, world(log, replication=r).next_block(), np.random.default_rng(r)) - earned)
        unthinned = world(without_propensities(log), replication=r).next_block()
        wrong.append(learnt(policy, unthinned, np.random.default_rng(r)) - earned)
    assert detectable_gap(len(right), -1, 1) < 0.29
    same_mean(right, 0.0, -1, 1)
    with pytest.raises(AssertionError, match="off"):
        same_mean(wrong, 0.0, -1, 1)


def test_a_log_says_all_that_is_wrong_at_once(tmp_path):
    log = table(2_000, 1).with_columns(
        propensity=pl.when(pl.int_range(pl.len()) % 700 == 3).then(1.5).otherwise(pl.col("propensity")),
        reward=pl.when(pl.int_range(pl.len()) == 16).then(float("inf")).otherwise(pl.col("reward")),
        someone=pl.int_range(pl.len()),
        plan=pl.when(pl.int_range(pl.len()) == 0).then(None).otherwise(pl.lit("pro")),
    )
    path = written(log, tmp_path, "log.parquet")
    known = "known: action, age, kind, plan, propensity, reward, someone"
    what = {"features": ["kynd", "age", "age", "action", "plan"], "cohort": "someone", "time": "wen"}
    assert faults(path, actions=["a", "c"], **what) == [
        f"LoggedReplay: features[1]: unknown column 'kynd' ({known}); did you mean 'kind'?",
        "LoggedReplay: features[3]: column 'age' is named twice; name it once",
        "LoggedReplay: features[4]: column 'action' is the action, which nobody knows before choosing",
        "LoggedReplay: features[5]: column 'plan': 1 of 2000 rows has no value; fill them in, or drop these rows",
        "LoggedReplay: actions[2]: 'c' was never shown, so a replay can say nothing of it; leave it out",
        f"LoggedReplay: action: unknown action 'b' (known: a, c) in {_first(log, 'b')}; add it, or drop these rows",
        "LoggedReplay: reward: column 'reward' must be finite, got inf in row 17; mend them, or drop these rows",
        "LoggedReplay: propensity: column 'propensity' must lie in (0, 1], got 1.5 in row 4 and 2 more rows; mend them",
        "LoggedReplay: cohort: column 'someone' has 2000 different values, and 50 at most can be cohorts; bin it first",
        f"LoggedReplay: time: unknown column 'wen' ({known})",
    ]


def _first(log, action):
    rows = np.flatnonzero(log["action"].to_numpy() == action)
    return f"row {rows[0] + 1} and {len(rows) - 1} more rows"


EVENTS = pl.int_range(pl.len())
BAD = {
    "no propensities": (pl.lit(1).alias("one"), {"propensity": "p"}, "propensity: unknown column 'p'"),
    "propensity of 0": (pl.lit(0.0).alias("propensity"), {}, "must lie in (0, 1], got 0 in row 1 and 599 more rows"),
    "negative propensity": (pl.lit(-0.1).alias("propensity"), {}, "must lie in (0, 1], got -0.1 in row 1"),
    "propensity as text": (pl.lit("half").alias("propensity"), {}, "a propensity must be a number in (0, 1]"),
    "reward as text": (pl.lit("yes").alias("reward"), {}, "reward: column 'reward' holds text"),
    "one reward": (pl.lit(1.0).alias("reward"), {}, "is always the same; there is nothing to learn"),
    "reward missing": (
        pl.when(EVENTS > 1).then("reward").alias("reward"),
        {},
        "reward: column 'reward': 2 of 600 rows",
    ),
    "one action": (pl.lit("a").alias("action"), {}, "must name at least two actions, got 'a' alone"),
    "action of fractions": (pl.lit(0.5).alias("action"), {}, "has fractions, so it names no actions"),
    "blank cohort": (pl.lit(" ").alias("kind"), {"cohort": "kind"}, "cohort: column 'kind': 600 of 600 rows"),
    "tiny cohort": ((EVENTS < 3).cast(pl.Int8).alias("kind"), {"cohort": "kind"}, "cohort '1' has 3 rows"),
    "cohort of all": (pl.lit("all").alias("kind"), {"cohort": "kind"}, "'all' is how tables call everybody"),
    "two roles": (pl.lit(1).alias("one"), {"cohort": "action"}, "cohort: column 'action' is the action already"),
    "no time": (pl.lit("noon").alias("at"), {"time": "at"}, "time: column 'at' tells no time in row 1 and 599 more"),
    "feature with gaps": (pl.when(EVENTS > 0).then("age").alias("age"), {}, "features: column 'age': 1 of 600 rows"),
    "another constant": (EVENTS.alias("constant"), {}, "features: must all be different, got 'constant' twice"),
    "long horizon": (pl.lit(1).alias("one"), {"horizon": 601}, "horizon: must be at most 600"),
    "few that count": (pl.lit(1).alias("one"), {"min_visits": 300}, "min_visits: of 600 events"),
    "not uniform": (
        (EVENTS > 20).cast(pl.String).alias("action"),
        {"propensity": ""},
        "'false' was shown 21 times of 600",
    ),
    "another file": (pl.lit(1).alias("one"), {"sha256": "00"}, "has another SHA-256"),
}


@pytest.mark.parametrize(("column", "how", "says"), BAD.values(), ids=BAD)
def test_a_bad_log_is_refused_in_one_line(column, how, says, tmp_path):
    (line,) = faults(written(table(600, 1).with_columns(column), tmp_path, "log.parquet"), **how)
    assert says in line


def test_a_log_that_is_not_there_is_named():
    assert faults("/nowhere/log.csv") == ["LoggedReplay: path: /nowhere/log.csv is not there; check the path"]


def test_a_log_is_called_uniform_unless_chance_says_no():
    """Of 1,000 events of two actions, l = ln(4e9) = 22.1: |n − 500| ≤ 7.37 + √(54.3 + 500 · 22.1) = 112.7."""
    assert unlikely_if_uniform(np.array([612, 388])) is None
    assert unlikely_if_uniform(np.array([613, 387])) == 0
    assert unlikely_if_uniform(np.array([2, 4])) is None


def test_a_log_is_named_by_its_content_and_roles(tmp_path):
    one = LoggedReplay(path=written(table(600, 1), tmp_path, "one.parquet"))
    copy = LoggedReplay(path=written(table(600, 1), tmp_path, "copy.parquet"), sha256=one.sha256)
    other = LoggedReplay(path=written(table(600, 2), tmp_path, "other.parquet"))
    assert identity(one) == identity(copy) != identity(other)
    assert identity(one) != identity(LoggedReplay(path=one.path, cohort="kind"))
    assert one.label == "LoggedReplay(one.parquet)"
    named = LoggedReplay(path=one.path, actions=["b", "a"])
    assert named.label == "LoggedReplay(one.parquet, actions=('b', 'a'))"
    assert named.problem.actions == ("b", "a")


def test_estimates_and_harm_follow_the_log(tmp_path):
    """Of 20,000 events: a of new visitors, seen by half of them with p = 0.9, is worth 0.9; b of old ones 0.1.

    Bad below 0.5 are a and b of old visitors. The standard error of the smallest cell, 1,000 events, is 0.013.
    """
    environment = LoggedReplay(path=written(table(20_000, 1), tmp_path), cohort="kind", bad_below=0.5)
    visits = environment.open(1, 0).next_block()
    assert [cohort.key for cohort in environment.about.cohorts] == ["new", "old"]
    for cohort in range(2):
        (row,) = np.unique(visits.expected[visits.cohort == cohort], axis=0)
        np.testing.assert_allclose(row, TRUTH[cohort], atol=0.08)  # six standard errors
    np.testing.assert_allclose(visits.welfare, visits.expected - 0.5)
    curves = run_cell(environment, Random(), 1, 0).curves
    assert curves.filter(cohort="old")["bad"][-1] == curves.filter(cohort="old")["visits"][-1] > 0
    assert curves.filter(cohort="new")["bad"][-1] == 0


def test_where_nothing_is_declared_bad_no_harm_is_told(tmp_path):
    environment = LoggedReplay(path=written(table(600, 1), tmp_path))
    assert environment.about.bad_means == ""
    assert set(run_cell(environment, Random(), 1, 0).curves["bad"]) == {None}


def test_a_reader_is_told_how_little_counts_and_how_noisy_the_estimates_are(tmp_path):
    environment = LoggedReplay(path=written(table(2_000, 1), tmp_path), cohort="kind")
    log = environment._events.log
    notes = " ".join(environment.about.notes)
    assert f"about {log.counted:,.0f} count" in notes
    assert f"The smallest cell has {log.estimates.events.min()} events and a standard error of" in notes
    assert "with probability 0.1 / p" in notes
    assert json.dumps(environment.about.notes)
    uniform = LoggedReplay(path=written(SIX, tmp_path, "six.csv"), propensity=None, min_visits=1)
    assert "taken to be uniformly random: each of 2 actions with probability 1/2" in " ".join(uniform.about.notes)


def test_columns_that_make_no_feature_are_told(tmp_path):
    log = table(600, 1).with_columns(day=pl.date(2026, 1, 1), shop=pl.lit("ours"), id=EVENTS.cast(pl.String))
    about = LoggedReplay(path=written(log, tmp_path, "log.parquet")).about
    left_out = "day (holds Date); shop (always the same); id (600 different texts)"
    assert about.notes[-1] == f"Columns that make no feature: {left_out}."


@pytest.mark.parametrize("policy", [Random(), LinUCB()], ids=lambda policy: policy.label)
def test_as_many_visits_count_as_the_description_says(policy, tmp_path):
    """1 in 2 of the events kept, 0.1 / p of 2,000: 203 on average over the thinning, with a deviation of 13; five."""
    environment = LoggedReplay(path=written(table(2_000, 1), tmp_path))
    visits = [run_cell(environment, policy, 1, r).curves.filter(cohort="all")["visits"][-1] for r in range(4)]
    due = environment._events.log.counted
    assert abs(np.mean(visits) - due) < 6 * np.sqrt(due / 4)
