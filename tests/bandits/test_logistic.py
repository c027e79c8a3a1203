"""Logistic policies: against the minimum of the whole objective, by hand, and what they say of rewards."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from bandits import LogisticThompson, LogisticUCB, Problem
from bandits.logit import logit_at_mode, sigmoid
from bandits.protocol import Block, Choices
from tests.oracles.laplace import choose_and_learn
from tests.stochastic import detectable_gap, proportions

K, D = 5, 4
WEIGHTS = np.random.default_rng(99).normal(size=(K, D))
BOUNDS = (-1.0, 3.0)
PROBLEM = Problem(actions=tuple("abcde"), features=tuple("wxyz"), reward_range=BOUNDS)


def visits(N, seed=0, *, fractions=False):
    """Rewards are −1 or 3, or anything between."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, D))
    available = rng.random((N, K)) < 0.7
    available[np.arange(N), rng.integers(K, size=N)] = True
    p = 1 / (1 + np.exp(-x @ WEIGHTS.T))
    rewards = rng.beta(2 * p, 2 * (1 - p)) if fractions else (rng.random((N, K)) < p) * 1.0
    return Block(x, available, -1.0 + 4.0 * rewards)


def begin(policy, problem=PROBLEM, seed=5):
    return policy.start(problem, np.random.default_rng(seed))


@pytest.mark.parametrize("fractions", [False, True])
@pytest.mark.parametrize("policy", [LogisticUCB(alpha=0.7, ridge=0.5), LogisticThompson(scale=0.8, ridge=2.0)])
def test_it_chooses_as_the_minimum_of_the_whole_objective_does(policy, fractions):
    """2,000 visits, and the same mode and curvature of every action at their end."""
    block, learner = visits(2000, fractions=fractions), begin(policy)
    chosen = learner.play(block)
    rng = np.random.default_rng(5)
    tie, normal = rng.spawn(1)[0].random(2000), rng.standard_normal((2000, K))
    if isinstance(policy, LogisticUCB):
        literal = choose_and_learn(
            block.x, block.available, (block.rewards + 1) / 4, lambda m, s, t: m + 0.7 * s, policy.ridge, tie
        )
    else:
        literal = choose_and_learn(
            block.x,
            block.available,
            (block.rewards + 1) / 4,
            lambda m, s, t: m + 0.8 * s * normal[t],
            policy.ridge,
            tie,
        )
    action, m, P = literal
    np.testing.assert_array_equal(chosen.action, action)
    np.testing.assert_allclose(learner.learnt.theta.T, m, rtol=1e-8, atol=1e-10)
    row, column = np.triu_indices(D)
    A_inv = np.linalg.inv(P)[:, row, column].T
    np.testing.assert_allclose(learner.learnt.A_inv[: len(row)], A_inv, rtol=1e-8, atol=1e-10)


def test_one_update_by_hand():
    """x = 1, prior Normal(0, 1), r = 1: theta = 1 − σ(theta), so theta = .401058 and p = .598942.

    A = 1 + p (1 − p) = 1.240210.
    """
    learner = begin(LogisticUCB(), Problem(actions=("a",), features=("one",), reward_range=(0.0, 1.0)))
    block = Block(np.ones((1, 1)), np.ones((1, 1), dtype=bool))
    learner.learn_many(block, Choices(np.array([0]), np.ones(1)), np.array([1.0]))
    theta, A_inv = learner.learnt.theta[0, 0], learner.learnt.A_inv[0, 0]
    assert theta == pytest.approx(0.401058, abs=1e-6)
    assert theta == pytest.approx(1 - 1 / (1 + math.exp(-theta)), abs=1e-14)
    assert A_inv == pytest.approx(1 / 1.240210, abs=1e-6)


@given(st.floats(-1e3, 1e3), st.floats(0, 1e6), st.floats(0, 1))
@settings(deadline=None, max_examples=100)
def test_the_logit_at_the_mode_is_found_wherever_it_is(before, q, r):
    """a = before + q (r − σ(a)), to the last digits of the terms, or of the bracket that they are taken from."""
    a = logit_at_mode(before, q, r)
    gap = a - before - q * (r - sigmoid(a))
    assert abs(gap) <= 1e-14 * (1 + abs(before) + q) * 4 + 4e-16 * q * (1 + abs(a))


@pytest.mark.parametrize("reward", [-1.0, 3.0])
@pytest.mark.parametrize(("ridge", "size"), [(1.0, 1.0), (1e-6, 100.0)])
def test_a_thousand_equal_rewards_at_a_bound_do_no_harm(reward, ridge, size):
    """Nothing overflows; the belief moves to that bound, all of it unless the prior is as good as flat."""
    learner = begin(LogisticUCB(ridge=ridge))
    block = Block(np.full((1000, D), size), np.ones((1000, K), dtype=bool))
    before, _ = learner.estimates(block)
    learner.learn_many(block, Choices(np.zeros(1000, dtype=int), np.ones(1000)), np.full(1000, reward))
    mean, sd = learner.estimates(block)
    assert np.isfinite(sd).all()
    assert (sd >= 0).all()
    assert abs(mean[0, 0] - reward) < (0.1 if ridge == 1.0 else abs(before[0, 0] - reward))


@pytest.mark.parametrize("m", [-3.0, -1.0, 0.0, 2.0])
@pytest.mark.parametrize("s", [0.1, 0.5, 1.0, 2.0, 4.0])
def test_what_it_says_of_rewards_is_about_what_the_belief_implies(m, s):
    """E σ(logit) within .02, and its standard deviation within 35 %, by quadrature, rewards being 0 … 1."""
    problem = Problem(actions=("a",), features=("one",), reward_range=(0.0, 1.0))
    learner = begin(LogisticUCB(), problem)
    learner.learnt.theta[0, 0], learner.learnt.A_inv[0, 0] = m, s**2
    mean, sd = learner.estimates(Block(np.ones((1, 1)), np.ones((1, 1), dtype=bool)))

    def moment(power):
        return integrate.quad(lambda t: sigmoid(m + s * t) ** power * stats.norm.pdf(t), -12, 12, limit=200)[0]

    assert mean[0, 0] == pytest.approx(moment(1), abs=0.02)
    assert sd[0, 0] == pytest.approx(math.sqrt(moment(2) - moment(1) ** 2), rel=0.35)


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-1.0, 0.0), (-1.0, 3.0), (-1.0, 1.0)])
def test_showing_nothing_competes_at_the_logit_of_a_reward_of_0(bounds):
    """Of one action with logit Normal(.4, .8²), and nothing, 20,000 choices: P(shown) = Φ((.4 − logit(p₀))/.8).

    p₀ = −low / (high − low): where 0 is the least that a world pays, something is always shown; where it is the most,
    never. A frequency .04 off would be found. The propensities are what they should be.
    """
    assert detectable_gap(20_000, looks=2) < 0.04
    problem = Problem(actions=("a", "nothing"), features=("one",), nothing=1, reward_range=bounds)
    learner = begin(LogisticThompson(), problem)
    learner.learnt.theta[0, 0], learner.learnt.A_inv[0, 0] = 0.4, 0.8**2
    p = -bounds[0] / (bounds[1] - bounds[0])
    zero = -math.inf if p == 0 else math.inf if p == 1 else math.log(p / (1 - p))
    shown = stats.norm.cdf((0.4 - zero) / 0.8)
    chosen = learner.play(Block(np.ones((20_000, 1)), np.ones((20_000, 2), dtype=bool), asks=True))
    proportions(np.bincount(chosen.action, minlength=2), [shown, 1 - shown])
    np.testing.assert_allclose(chosen.propensity, np.array([shown, 1 - shown])[chosen.action], atol=1e-6)
    upper = begin(LogisticUCB(alpha=0.0), problem)
    upper.learnt.theta[0, 0] = 0.4
    assert set(upper.play(Block(np.ones((50, 1)), np.ones((50, 2), dtype=bool))).action) == {int(zero > 0.4)}


def test_logits_beyond_the_last_digit_of_a_probability_are_told_apart():
    """σ(40) and σ(50) are both 1 in float64: the better of the two is chosen each time all the same."""
    learner = begin(LogisticUCB(alpha=0.0), Problem(actions=("a", "b"), features=("one",), reward_range=(0.0, 1.0)))
    learner.learnt.theta[0] = 40.0, 50.0
    assert sigmoid(40.0) == sigmoid(50.0) == 1.0
    assert (learner.play(Block(np.ones((50, 1)), np.ones((50, 2), dtype=bool))).action == 1).all()


@pytest.mark.parametrize("policy", [LogisticThompson(), LogisticUCB()])
def test_worlds_that_it_does_not_fit_are_refused(policy):
    assert "needs features" in policy.misfit(Problem(actions=("a",), reward_range=(0.0, 1.0)))
    assert policy.misfit(Problem(actions=("a",), features=("x",))) == (
        "needs bounded rewards, and this world's have no bounds; "
        f"use {'LinUCB' if isinstance(policy, LogisticUCB) else 'LinearThompson'}"
    )
