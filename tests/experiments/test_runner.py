"""The runner enters what took place, and nothing else."""

import dataclasses

import numpy as np
import polars as pl
import pytest

from bandits import Always
from bandits.protocol import Choice, Problem
from environments.protocol import About, Cohort, Outcome, Visits
from experiments import Experiment, run
from experiments.runner import run_cell

LOGGED = (0, 1, 1, 0, 2, 1)
"""What a log of six visits shows; it says only what came of these actions."""
BROUGHT = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
ABOUT = About(
    title="A log",
    scenario="log",
    objective="points",
    objective_text="Points.",
    cohorts=(Cohort("even", "even", 0.5), Cohort("odd", "odd", 0.5)),
    outcomes=("revenue",),
    tolerance=0.0,
    bad_means="",
    clock="visit",
    horizon=6,
    people=False,
)
PROBLEM = Problem(
    actions=("a", "b", "c", "d"), features=("constant",), nothing=None, reward_range=None, reward_scale=1.0
)


@dataclasses.dataclass(frozen=True)
class Log:
    """The six visits, in blocks of so many; `told` says whether the world says which visits took place."""

    block: int = 6
    label = "log"
    about = ABOUT
    problem = PROBLEM

    def open(self, seed, replication):
        return _Replay(self.block)


class _Replay:
    problem = PROBLEM
    users = None

    def __init__(self, block):
        self._block, self._at = block, 0
        self._rows = np.empty(0, dtype=np.int64)

    def next_block(self, most=None):
        self._rows = np.arange(self._at, min(self._at + self._block, len(LOGGED)))
        self._at += len(self._rows)
        if not len(self._rows):
            return None
        N = len(self._rows)
        rewards = np.full((N, 4), np.nan)
        rewards[np.arange(N), np.array(LOGGED)[self._rows]] = np.array(BROUGHT)[self._rows]
        expected = np.tile([1.0, 2.0, 4.0, 0.5], (N, 1))
        return Visits(
            index=self._rows,
            time=self._rows,
            end=self._at,
            x=np.ones((N, 1)),
            available=np.ones((N, 4), dtype=np.bool_),
            rewards=rewards,
            cohort=self._rows % 2,
            user=None,
            expected=expected,
            welfare=np.zeros((N, 4)),
        )

    def respond(self, actions):
        N = len(actions)
        happened = actions == np.array(LOGGED)[self._rows]
        reward = np.where(happened, np.array(BROUGHT)[self._rows], np.nan)
        return Outcome(
            reward, reward[:, None], np.zeros(N, dtype=np.bool_), np.empty(0, dtype=np.int64), happened=happened
        )


class Watched:
    """Shows "b" at each visit, and writes down what it is taught."""

    def __init__(self):
        self.taught = []

    def start(self, problem, rng):
        return self

    def __deepcopy__(self, memo):
        return self

    def choose(self, visit):
        return Choice(1, 1.0)

    def learn(self, visit, choice, reward):
        self.taught.append(reward)


@pytest.mark.parametrize("block", [1, 4, 6])
def test_visits_that_do_not_take_place_count_nowhere(block):
    """Under "b" visits 1, 2 and 5 take place: rewards 2 + 4 + 32; regret 3 · (4 − 2); visit 2 is even."""
    books = run_cell(Log(block), Always(action="b"), 0, 0)
    last = {row["cohort"]: row for row in books.curves.filter(time=6).to_dicts()}
    assert [last[name]["visits"] for name in ("even", "odd", "all")] == [1, 2, 3]
    assert [last[name]["reward"] for name in ("even", "odd", "all")] == [4.0, 34.0, 38.0]
    assert last["all"]["regret"] == 6.0
    assert last["all"]["revenue"] == 38.0
    assert books.curves.filter(cohort="all")["visits"].to_list() == [0, 1, 2, 2, 2, 3]
    assert books.cohorts["first_visits"].to_list() == [1, 2, 3]


def test_the_log_holds_the_visits_that_took_place_and_no_others(tmp_path):
    run_cell(Log(), Always(action="b"), 0, 0, log=tmp_path / "log")
    visits = pl.read_parquet(tmp_path / "log" / "*.parquet")
    assert visits["visit"].to_list() == [1, 2, 5]
    assert visits["reward"].to_list() == [2.0, 4.0, 32.0]
    assert set(visits["action"]) == {"b"}


def test_nothing_is_learnt_of_a_visit_that_does_not_take_place():
    policy = Watched()
    run_cell(Log(4), policy, 0, 0)
    assert policy.taught == [2.0, 4.0, 32.0]


def test_where_nothing_takes_place_the_books_are_empty_and_there_is_nothing_to_divide_by(tmp_path):
    """No visit of the log shows "d"."""
    result = run(Experiment(name="log", environments=[Log(1)], policies=[Always(action="d")], replications=2))
    assert result.curves()["visits"].to_list() == [0] * len(result.curves())
    told = {(row["cohort"], row["metric"]): row["mean"] for row in result.summary().to_dicts()}
    for cohort in ("even", "odd", "all"):
        assert [told[cohort, name] for name in ("visits", "reward", "regret")] == [0, 0, 0]
        assert {told[cohort, name] for name in ("reward_per_visit", "regret_per_visit", "basket")} == {None}
    run_cell(Log(), Always(action="d"), 0, 0, log=tmp_path / "log")
    assert len(pl.read_parquet(tmp_path / "log" / "*.parquet")) == 0
