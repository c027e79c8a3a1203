"""What the tests of Vowpal Wabbit's policies play, and what they compare."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np

from bandits.protocol import Block, Choices, Problem

EXPLORATIONS = ("epsilon", "first", "bag", "cover", "squarecb", "regcb", "softmax", "rnd", "synthcover")
D, K, M = 4, 5, 2


def problem(K=K, D=D, **fields):
    return Problem(**({"actions": tuple(map(str, range(K))), "features": tuple(f"x{d}" for d in range(D))} | fields))


def block(visits, seed=0, *, partly=False, z=False, K=K, D=D):
    """Whole-numbered features, zeros among them: Vowpal Wabbit reads a fraction from text with a rounding error."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, size=(visits, D)).astype(float)
    x[:, 0] = 1
    weights = np.random.default_rng(99).normal(size=(K, D)) / 4
    available = np.ones((visits, K), dtype=bool)
    if partly:
        available = rng.random((visits, K)) < 0.5
        available[np.arange(visits), rng.integers(K, size=visits)] = True
    return Block(
        x=x,
        available=available,
        rewards=x @ weights.T + rng.normal(scale=0.3, size=(visits, K)),
        z=np.random.default_rng(98).normal(size=(K, M)) if z else None,
    )


def with_nothing(visits, nothing=0):
    """The same visits, in a world where one of the actions earns 0."""
    if nothing is not None:
        visits.rewards[:, nothing] = 0
    return visits


def in_turns(learner, visits, wait):
    """Visits played as their rewards come after so many of them."""
    chosen = []
    for first in range(0, len(visits), wait):
        some = visits.rows(np.arange(first, min(first + wait, len(visits))))
        chosen.append(learner.play(replace(some, rewards=None)))
        if len(some) == wait:
            rewards = some.rewards[np.arange(wait), chosen[-1].action]
            learner.learn_many(replace(some, rewards=None), chosen[-1], rewards)
    return Choices(np.concatenate([c.action for c in chosen]), np.concatenate([c.propensity for c in chosen]))


def resumed(policy, world, learner):
    """A learner that goes on from another one's state, by way of a file of plain arrays."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **learner.state())
    file.seek(0)
    fresh = policy.start(world, np.random.default_rng(77))
    with np.load(file, allow_pickle=False) as arrays:
        fresh.restore(dict(arrays))
    return fresh


def assert_same(one, other):
    np.testing.assert_array_equal(one.action, other.action)
    np.testing.assert_array_equal(one.propensity, other.propensity)


def pmf_of(learner, visit):
    """The distribution that the learner draws from, normalised."""
    learner.choose(visit)
    pmf = np.array(learner._shared.get_action_scores())
    return pmf / pmf.sum()
