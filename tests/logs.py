"""Logs with known truth: two kinds of visitors, two actions, rewards of 0 or 1, and a policy that knows its visitors.

visitors     x = 0 or 1, each with probability 1/2
logged       a for x = 0 with probability 0.9, and for x = 1 with probability 0.1; else b
P(reward)    x = 0: 0.9 of a, 0.6 of b;  x = 1: 0.3 of a, 0.1 of b
"""

from __future__ import annotations

import numpy as np
import polars as pl

from bandits.visits import Block
from environments.replay import Log
from environments.replay_estimates import Estimates

LOGGED = np.array([[0.9, 0.1], [0.1, 0.9]])
TRUTH = np.array([[0.9, 0.6], [0.3, 0.1]])


def features(x):
    return np.stack([np.ones(len(x)), x], axis=1)


def drawn(events, rng):
    """Visitors (E,), what was shown (E,), the reward of each action (E, K), and the propensities (E,)."""
    x = rng.integers(0, 2, events)
    action = (rng.random(events) >= LOGGED[x, 0]).astype(np.int64)
    rewards = (rng.random((events, 2)) < TRUTH[x]).astype(np.float64)
    return x, action, rewards, LOGGED[x, action]


def made(events, rng):
    """A log of these visitors, without estimates."""
    x, action, rewards, propensity = drawn(events, rng)
    nothing = np.zeros((1, 2))
    return Log(
        actions=("a", "b"),
        features=("constant", "x"),
        x=features(x),
        action=action,
        reward=rewards[np.arange(events), action],
        propensity=propensity,
        cohort=np.zeros(events, dtype=np.int64),
        estimates=Estimates(nothing, nothing, np.zeros((1, 2), dtype=np.int64), 0.0, 0.0),
    )


def online(visits, rng):
    """As many visits of the same visitors, with what every action would bring."""
    x, _, rewards, _ = drawn(visits, rng)
    return Block(x=features(x), available=np.ones((visits, 2), dtype=np.bool_), rewards=rewards)


def table(events, seed):
    """A log as a user has it: the visitor's kind as text, and an age that says nothing."""
    rng = np.random.default_rng(seed)
    x, action, rewards, propensity = drawn(events, rng)
    return pl.DataFrame(
        {
            "kind": np.array(["new", "old"])[x],
            "age": rng.integers(18, 80, events),
            "action": np.array(["a", "b"])[action],
            "reward": rewards[np.arange(events), action],
            "propensity": propensity,
        }
    )
