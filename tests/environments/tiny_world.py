"""A world to reckon by hand: visit t pays 10 t + k for action k, and its one feature is t."""

from __future__ import annotations

import numpy as np

from bandits.protocol import Problem
from environments.protocol import About, Cohort, Late, Outcome, Users, Visits

COHORTS = (Cohort("even", "even visits", 0.5), Cohort("odd", "odd visits", 0.5))


class Tiny:
    """Three actions, a, b and c; or a, b and nothing.

    Args:
        horizon: visits; with `days`, it is their number.
        nothing: whether the third action shows nothing.
        days: visits on each day, for a clock of days.
        corrects: each reward is corrected by −1 when the next visit is over; blocks are of one visit then.
        customers: visit t is by user t mod so many, where users are recognised.
        replays: only the visits with the action t mod 3 take place.
    """

    def __init__(self, horizon=8, *, nothing=False, days=None, corrects=False, customers=None, replays=False):
        self.horizon, self.nothing, self.days, self.corrects = horizon, nothing, days, corrects
        self.customers, self.replays = customers, replays
        self.problem = Problem(
            actions=("a", "b", "nothing" if nothing else "c"),
            features=("constant", "t"),
            nothing=2 if nothing else None,
            cohorts=("even", "odd"),
            corrections=corrects,
            users=customers,
            typical=True,
        )
        self.about = About(
            title="Tiny",
            scenario="tiny",
            objective="points",
            objective_text="Ten points a visit, and the number of the action.",
            cohorts=COHORTS,
            outcomes=(),
            tolerance=0.0,
            bad_means="it is bad",
            clock="visit" if days is None else "day",
            horizon=horizon if days is None else len(days),
            people=customers is not None,
            notes=("A toy.",),
        )

    def open(self, seed, replication):
        return TinyWorld(self)


class TinyWorld:
    def __init__(self, tiny):
        self.tiny, self.problem = tiny, tiny.problem
        self.day_of = np.arange(tiny.horizon) if tiny.days is None else np.repeat(np.arange(len(tiny.days)), tiny.days)
        self.served, self.end = 0, 0
        self.users = None
        if tiny.customers:
            users = np.arange(tiny.customers)
            self.users = Users(users % 2, 0 * users)

    def visits(self, index, *, rewards):
        table = 10.0 * index[:, None] + np.arange(3)
        if self.problem.nothing is not None:
            table[:, 2] = 0.0
        paid = table.copy()
        if self.tiny.replays:
            paid[np.arange(3) != index[:, None] % 3] = np.nan
        user = None if self.tiny.customers is None else index % self.tiny.customers
        return Visits(
            index=index,
            time=self.day_of[index],
            end=self.end,
            x=np.stack([np.ones(len(index)), index.astype(np.float64)], axis=1),
            available=np.ones((len(index), 3), dtype=np.bool_),
            rewards=paid if rewards else None,
            cohort=(index if user is None else user) % 2,
            user=user,
            expected=table,
            welfare=table,
            typical=table,
        )

    def next_block(self, most=None):
        most = 1 if self.tiny.corrects else most
        if self.tiny.days is None:
            if self.served == len(self.day_of):
                return None
            stop = min(self.served + (most or 4), len(self.day_of))
            self.end = stop
        else:
            if self.end == len(self.tiny.days):
                return None
            over = int(np.searchsorted(self.day_of, self.end, side="right"))
            stop = over if most is None else min(over, self.served + most)
            self.end += stop == over
        self.block = self.visits(np.arange(self.served, stop), rewards=True)
        self.served = stop
        return self.block

    def respond(self, actions):
        reward = self.block.rewards[np.arange(len(actions)), actions]
        corrections = ()
        if self.tiny.corrects:
            reward = reward - 1.0
            if self.served > 1:
                before = self.visits(np.array([self.served - 2]), rewards=False)
                corrections = (Late(before, np.array([-1.0])),)
        return Outcome(
            reward=reward,
            values=np.empty((len(actions), 0)),
            left=np.zeros(len(actions), dtype=np.bool_),
            lost=np.empty(0, dtype=np.int64),
            corrections=corrections,
            happened=~np.isnan(reward) if self.tiny.replays else None,
        )


def played(environment, show=0, most=None, seed=1, replication=0):
    """Every block of a replication with its outcome; `show` is an action, or says which to show at visits."""
    world = environment.open(seed, replication)
    while (visits := world.next_block(most)) is not None:
        actions = show(visits) if callable(show) else np.full(len(visits), show)
        yield visits, actions, world.respond(actions)


def known(environment, what="late", **how):
    """Visit ↦ (the time before which its news is known, the news)."""
    news = {}
    for visits, _, outcome in played(environment, **how):
        for late in getattr(outcome, what):
            assert late.visits.rewards is None
            for index, value in zip(late.visits.index.tolist(), late.values.tolist(), strict=True):
                assert index not in news
                news[index] = (visits.end, value)
    return news


def when(environment, what="late", **how):
    """Visit ↦ the time before which its news is known."""
    return {index: time for index, (time, _) in known(environment, what, **how).items()}


def every_visit(environment, field, **how):
    """One field of all visits, stacked."""
    return np.concatenate([getattr(visits, field) for visits, _, _ in played(environment, **how)])


def all_rewards(environment, **how):
    """What came of all visits."""
    return np.concatenate([outcome.reward for _, _, outcome in played(environment, **how)]).tolist()
