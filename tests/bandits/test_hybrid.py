"""LinUCB with hybrid arms against Algorithm 2 of its paper, by hand, and against one regression of everything."""

import math

import numpy as np
import pytest

from bandits import HybridLinUCB, Problem
from bandits.protocol import Block, Choices
from tests.bandits.test_shared import NOTHING, PROBLEM, K, Z, begin, products, visits
from tests.oracles.hybrid_linucb import HybridLinUCB as Literal
from tests.oracles.regression import posterior

SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("alpha", "ridge"),
    [(1.0, 1.0), pytest.param(0.3, 4.0, marks=SLOW), pytest.param(0.0, 1.0, marks=SLOW), (5.0, 0.1)],
)
def test_hybrid_linucb_chooses_as_algorithm_2_of_the_paper_does(alpha, ridge):
    """2,000 visits, in units of 2.5; all of them show something, which the paper does."""
    block = visits(2000)
    something = Problem(PROBLEM.actions, PROBLEM.features, None, PROBLEM.action_features, reward_scale=2.5)
    chosen = begin(HybridLinUCB(alpha=alpha, ridge=ridge), something).play(block)
    tie = np.random.default_rng(5).spawn(1)[0].random(2000)
    x, phi = np.column_stack([np.ones(2000), block.x]), products(block.x, nothing=None)
    literal = Literal(K, 4, 12, alpha, ridge)
    for t in range(2000):
        a = literal.step(x[t], phi[t], block.available[t], block.rewards[t] / 2.5, tie[t])
        assert chosen.action[t] == a


def everything(block, chosen):
    """The regression (R, d + K D) of all that was shown: phi, then x in the columns of its action."""
    rows = np.flatnonzero(chosen.action != NOTHING)
    phi, x = products(block.x), np.column_stack([np.ones(len(block)), block.x])
    design = np.zeros((len(block), K, 12 + 4 * K))
    design[:, :, :12] = phi
    for k in range(K):
        design[:, k, 12 + 4 * k : 16 + 4 * k] = x
    return rows, design


def test_what_it_believes_is_the_regression_of_all_coefficients_at_once():
    """Mean and sd after 400 visits are those of one regression on 12 shared and 6 · 4 own columns; nothing earns 0.

    Then again, after corrections of all rewards, which come in another order.
    """
    block, learner = visits(400), begin(HybridLinUCB(ridge=2.0))
    chosen = learner.play(block)
    rows, design = everything(block, chosen)
    seen, rewards = design[rows, chosen.action[rows]], block.rewards[rows, chosen.action[rows]]
    fresh = visits(30, seed=1)
    _, new = everything(fresh, Choices(np.zeros(30, dtype=int), np.ones(30)))
    deltas = np.random.default_rng(1).normal(size=400)
    for correct in (False, True):
        if correct:
            order = np.random.default_rng(2).permutation(400)
            learner.correct_many(block.rows(order), chosen.rows(order), deltas[order])
            rewards = rewards + deltas[rows]
        coefficients, covariance = posterior(seen, rewards / 2.5, 1.0, 2.0)
        mean, sd = learner.estimates(fresh)
        shown = np.arange(K) != NOTHING
        np.testing.assert_allclose(mean[:, shown] / 2.5, (new @ coefficients)[:, shown], rtol=1e-9, atol=1e-12)
        variance = np.einsum("nki,ij,nkj->nk", new, covariance, new)
        np.testing.assert_allclose((sd[:, shown] / 2.5) ** 2, variance[:, shown], rtol=1e-9)
        assert (mean[:, NOTHING] == 0).all()
        assert (sd[:, NOTHING] == 0).all()


def test_hybrid_linucb_by_hand():
    """No visitor features: x = 1. Two actions, z = constant 1 alone: phi = 1. ridge 1, alpha 1; action 0 earns 3.

    Before: u = 1, mean 0, variance 1 + 1 = 2. Reward = common + own: two coefficients, each with variance 1.
    After: A = 2, theta = 3/2, C = 1/2; u₀ = 1/2, u₁ = 1; A₀ = 1 + 1/2, b₀ = 3/2, beta = 1.
    Action 0: mean 3/2 + 1/2 = 2, variance 1/2 + (1/4)/(3/2) = 2/3. Action 1: mean 1, variance 1 + 1/(3/2) = 5/3.
    """
    problem = Problem(actions=("seen", "unseen"), action_features=("constant",))
    learner = begin(HybridLinUCB(), problem)
    block = Block(np.empty((1, 0)), np.array([[True, False]]), np.array([[3.0, 0.0]]), np.ones((2, 1)))
    np.testing.assert_allclose(learner.estimates(block)[1][0], math.sqrt(2), rtol=1e-14)
    learner.play(block)
    mean, sd = learner.estimates(block)
    np.testing.assert_allclose(mean[0], [2, 1], rtol=1e-14)
    np.testing.assert_allclose(sd[0], [math.sqrt(2 / 3), math.sqrt(5 / 3)], rtol=1e-14)


def test_ten_thousand_visits_leave_it_accurate():
    block, learner = visits(10_000, partly=False), begin(HybridLinUCB(ridge=0.1))
    chosen = learner.play(block)
    rows, design = everything(block, chosen)
    actions = chosen.action[rows]
    coefficients, _ = posterior(design[rows, actions], block.rewards[rows, actions] / 2.5, 1.0, 0.1)
    mean, _ = learner.estimates(Block(block.x[:50], block.available[:50], z=Z))
    shown = np.arange(K) != NOTHING
    np.testing.assert_allclose(mean[:, shown] / 2.5, (design[:50] @ coefficients)[:, shown], rtol=1e-7, atol=1e-8)


def test_a_world_whose_actions_have_no_features_is_refused():
    assert HybridLinUCB().misfit(Problem(actions=("a",))) == "needs features of the actions, and this world has none"
