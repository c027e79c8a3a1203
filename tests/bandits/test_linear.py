"""LinUCB and linear Thompson sampling against literal versions, and their posteriors against batch regression."""

import math

import numpy as np
import pytest
from scipy import stats

from bandits import GaussianThompson, LinearThompson, LinUCB, Problem
from bandits.protocol import Block
from tests.oracles.linucb import linucb
from tests.oracles.regression import draw_theta_and_choose, posterior
from tests.packing import whole
from tests.stochastic import detectable_gap, proportions, same_mean

K, D = 5, 4
WEIGHTS = np.random.default_rng(99).normal(size=(K, D))
PROBLEM = Problem(actions=tuple("abcde"), features=tuple("wxyz"), reward_scale=2.5)


def visits(N, seed=0, *, partly=True):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, D))
    available = np.ones((N, K), dtype=bool)
    if partly:
        available = rng.random((N, K)) < 0.7
        available[np.arange(N), rng.integers(K, size=N)] = True
    return Block(x, available, x @ WEIGHTS.T + rng.normal(size=(N, K)))


def begin(policy, problem=PROBLEM, seed=5):
    return policy.start(problem, np.random.default_rng(seed))


def ties_of(seed, N):
    """The uniform draws that break ties: a stream of their own."""
    return np.random.default_rng(seed).spawn(1)[0].random(N)


def regressions_of(learner, D=D):
    """A⁻¹ (K, D, D) and theta (K, D)."""
    return whole(learner.learnt.A_inv, D), learner.learnt.theta.T


def again_and_again(block, n, times):
    """The n-th visit of a block, many times, and nothing learnt from it."""
    one = block.rows(np.full(times, n))
    return Block(one.x, one.available)


@pytest.mark.parametrize(("alpha", "ridge"), [(1.0, 1.0), (0.3, 4.0), (0.0, 1.0), (5.0, 0.1)])
def test_linucb_chooses_as_algorithm_1_of_the_paper_does(alpha, ridge):
    """2,000 visits; our rewards are in units of 2.5, and so are the paper's when they are divided by it."""
    block = visits(2000)
    chosen = begin(LinUCB(alpha=alpha, ridge=ridge)).play(block)
    literal = linucb(block.x, block.available, block.rewards / 2.5, alpha, ridge, ties_of(5, 2000))
    np.testing.assert_array_equal(chosen.action, literal)


def test_linucb_by_hand():
    """x = 1, alpha 1, ridge 1. Arm 0 earns 1, arm 1 earns 0; the first tie falls to arm 1 (tie > 1/2).

    visit 1: bounds 0 + 1, 0 + 1: tie, arm 1, earns 0: A = 2, bound √(1/2) = .71
    visit 2: 1 > .71: arm 0, earns 1: A = 2, theta 1/2, bound 1/2 + .71 = 1.21
    visit 3 and on: arm 0, for its mean n/(n + 1) alone exceeds .71 from n = 3 on, and before, 1.21 and 2/3 + .58 do.
    """
    seed = next(s for s in range(99) if ties_of(s, 1)[0] > 0.5)
    learner = begin(LinUCB(), Problem(actions=("good", "poor"), features=("one",)), seed)
    chosen = learner.play(Block(np.ones((30, 1)), np.ones((30, 2), dtype=bool), np.tile([1.0, 0.0], (30, 1))))
    assert chosen.action.tolist() == [1] + [0] * 29
    assert chosen.propensity.tolist() == [0.5] + [1.0] * 29


@pytest.mark.parametrize(("scale", "ridge"), [(1.0, 1.0), (0.4, 3.0)])
def test_linear_thompsons_posterior_is_the_batch_regression_of_each_arm(scale, ridge):
    """Mean theta and covariance scale² A⁻¹ of 600 visits, rewards in units of 2.5."""
    block, learner = visits(600), begin(LinearThompson(scale=scale, ridge=ridge))
    chosen = learner.play(block)
    A_inv, theta = regressions_of(learner)
    mean_reward, sd = learner.estimates(block)
    for k in range(K):
        rows = np.flatnonzero(chosen.action == k)
        mean, covariance = posterior(block.x[rows], block.rewards[rows, k] / 2.5, scale, ridge)
        np.testing.assert_allclose(theta[k], mean, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(scale**2 * A_inv[k], covariance, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(mean_reward[:, k], 2.5 * block.x @ mean, rtol=1e-8, atol=1e-9)
        variance = np.einsum("ni,ij,nj->n", block.x, covariance, block.x)
        np.testing.assert_allclose(sd[:, k], 2.5 * np.sqrt(variance), rtol=1e-8)


@pytest.mark.slow
def test_a_normal_draw_an_arm_chooses_as_a_draw_of_theta_does():
    """200,000 choices each way at each of four visits, after 40: the share of each of five arms agrees.

    A false alarm once in 1e9 runs, over all 20 shares. A share that is off by .023 is found in 99 of 100 runs; three
    arms at least have more than .05 at each visit, and with half of the spread one of the shares would be off by more
    than .046.
    """
    draws, scale, looked_at = 200_000, 0.8, (3, 8, 21, 34)
    looks = K * len(looked_at)
    assert detectable_gap(draws, -1, 1, looks=looks) < 0.023
    block, learner, rng = visits(40, partly=False), begin(LinearThompson(scale=scale)), np.random.default_rng(6)
    learner.play(block)
    A_inv, theta = regressions_of(learner)
    for n in looked_at:
        at_once = learner.play(again_and_again(block, n, draws)).action
        literal = draw_theta_and_choose(block.x[n], theta, scale**2 * A_inv, draws, rng)
        narrow = draw_theta_and_choose(block.x[n], theta, scale**2 / 4 * A_inv, 20_000, rng)
        shares = np.bincount(literal, minlength=K) / draws
        assert (shares > 0.05).sum() >= 3
        assert np.abs(np.bincount(narrow, minlength=K) / 20_000 - shares).max() > 0.046
        for k in range(K):
            same_mean((at_once == k).astype(float) - (literal == k), 0.0, -1, 1, looks=looks)


@pytest.mark.slow
@pytest.mark.parametrize("policy", [LinearThompson(scale=0.8, ridge=2.0), GaussianThompson(scale=0.8, ridge=2.0)])
def test_thompson_chooses_an_arm_as_often_as_it_is_the_better_one(policy):
    """Of two arms, P(arm 1 is better) = Φ((m₁ − m₀)/√(s₀² + s₁²)), sᵢ² = scale² xᵀA⁻¹x. 40,000 choices: .03."""
    assert detectable_gap(40_000, looks=2) < 0.03
    problem = Problem(actions=("a", "b"), features=tuple("wxyz"), reward_scale=2.5)
    block = visits(12, partly=False)
    block = Block(block.x, block.available[:, :2], block.rewards[:, :2] / 2)
    learner = begin(policy, problem)
    learner.play(block)
    x = np.ones(1) if isinstance(policy, GaussianThompson) else block.x[5]
    A_inv, theta = regressions_of(learner, len(x))
    mean, variance = theta @ x, [0.8**2 * x @ inverse @ x for inverse in A_inv]
    better = stats.norm.cdf((mean[1] - mean[0]) / math.sqrt(sum(variance)))
    assert 0.05 < better < 0.95
    chosen = learner.play(again_and_again(block, 5, 40_000)).action
    proportions(np.bincount(chosen, minlength=2), [1 - better, better])


def test_gaussian_thompson_believes_what_its_docstring_says():
    """mean_k | data ~ Normal(Σr/(n + ridge), scale²/(n + ridge)), whoever visits."""
    block, learner = visits(300), begin(GaussianThompson(ridge=3.0))
    chosen = learner.play(block)
    A_inv, theta = regressions_of(learner, 1)
    for k in range(K):
        rewards = block.rewards[chosen.action == k, k] / 2.5
        assert theta[k, 0] == pytest.approx(rewards.sum() / (len(rewards) + 3))
        assert A_inv[k, 0, 0] == pytest.approx(1 / (len(rewards) + 3))
    elsewhere = Block(np.zeros((300, D)), block.available, block.rewards)
    np.testing.assert_array_equal(begin(GaussianThompson(ridge=3.0)).play(elsewhere).action, chosen.action)


def test_without_noise_thompson_is_greedy():
    """scale 0: the arm with the highest posterior mean, each time."""
    block, learner = visits(200, partly=False), begin(LinearThompson(scale=0.0))
    learner.learn_many(block, begin(LinUCB()).play(Block(block.x, block.available)), block.rewards[:, 0])
    chosen = learner.play(Block(block.x, block.available)).action
    np.testing.assert_array_equal(chosen, (block.x @ learner.learnt.theta).argmax(axis=1))


@pytest.mark.parametrize("policy", [LinUCB(), LinearThompson()])
def test_the_unit_of_rewards_makes_no_difference(policy):
    """Dollars or cents: rewards and reward_scale a power of two apart give the same bits."""
    block = visits(500)
    dollars = begin(policy).play(block)
    coins = Problem(actions=PROBLEM.actions, features=PROBLEM.features, reward_scale=2.5 * 64)
    cents = begin(policy, coins).play(Block(block.x, block.available, block.rewards * 64))
    np.testing.assert_array_equal(dollars.action, cents.action)


@pytest.mark.parametrize("policy", [LinUCB(), LinearThompson()])
def test_a_world_without_features_is_refused(policy):
    assert policy.misfit(Problem(actions=("a",))) == "needs features of the visitor, and this world has none"
