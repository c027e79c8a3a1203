import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from bandits import BetaThompson, LinUCB, Random
from bandits.description import identity
from bandits.errors import InputError
from bandits.fit import start
from bandits.protocol import Choice, Needs
from environments.estimates import Estimates
from environments.log_file import unlikely_if_uniform
from environments.logged import LoggedReplay
from environments.protocol import Visits
from environments.replay import Replay
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
    dated = said.with_columns(time=pl.col("time").str.to_datetime())
    for frame, how, first in (
        (turned, {"time": "hour"}, 1.0),
        (said.drop("hour"), {"time": "time"}, 1.0),
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
    """The last event (p = 0.9, kept 1 time in 900) is not kept, and still the clock says 4."""
    log = replace(made(4, np.random.default_rng(1)), propensity=np.array([0.001, 0.001, 0.9, 0.9]))
    opened = world(log, "log")
    first, second = opened.next_block(1), opened.next_block(1)
    assert (first.time.tolist(), first.end, second.time.tolist(), second.end) == ([0], 1, [1], 4)
    assert opened.next_block() is None


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
    """Under a policy that shows a to all, b to all, or either by x: 1/2; of 20,000 kept ones 0.04 off would be found."""
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
    """LinUCB over its first 10 visits, in 2,000 logs of 400 events each, of which 40 count, and online.

    The difference of the means lies in [−1, 1], and 0.22 would be found. Without thinning the replay has more visitors
    x = 0 to whom a is shown, since LinUCB finds out that a is good; that is found.
    """
    policy, rng = LinUCB(), np.random.default_rng(5)
    right, wrong = [], []
    for r in range(2_000):
        log = made(400, rng)
        earned = learnt(policy, online(T, rng), np.random.default_rng(r))
        right.append(learnt(policy, world(log, replication=r).next_block(), np.random.default_rng(r)) - earned)
        unthinned = world(without_propensities(log), replication=r).next_block()
        wrong.append(learnt(policy, unthinned, np.random.default_rng(r)) - earned)
    assert detectable_gap(len(right), -1, 1) < 0.22
    same_mean(right, 0.0, -1, 1)
    with pytest.raises(AssertionError, match="off"):
        same_mean(wrong, 0.0, -1, 1)
