"""Linear policies that forget, against D-LinUCB with dense matrices, and their approximation of the ridge."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits import DiscountedLinearThompson, DiscountedLinUCB, InputError, LinearThompson, LinUCB, Problem
from bandits.fading import SLACK, fading, groups_of, how_to_forget, learn_fading
from bandits.protocol import Block, Choices
from tests.oracles.discounted_linucb import discounted_linucb, discounted_regression
from tests.oracles.regression import draw_theta_and_choose
from tests.packing import whole
from tests.stochastic import detectable_gap, same_mean

K = 5
# features, discount, ridge: those of one group, whose ridge is exact, come first
EXACT = [(4, 0.7, 1.0), (1, 0.95, 2.0), (10, 0.9, 0.1)]
APPROXIMATE = [(4, 0.99, 1.0), (4, 0.95, 2.0), (10, 0.99, 1.0), (20, 0.995, 0.3)]


def problem(D):
    return Problem(actions=tuple("abcde"), features=tuple(map(str, range(D))), reward_scale=2.5)


def expected_rewards(x):
    """(N, K) of visits x (N, D): tastes turn into others halfway."""
    tastes, late = np.random.default_rng(99).normal(size=(2, K, x.shape[1])), np.arange(len(x)) >= len(x) // 2
    return np.where(late[:, None], x @ tastes[1].T, x @ tastes[0].T)


def visits(N, D, seed=0):
    """N visits; arm 4 is never available in the second half."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, D))
    available = rng.random((N, K)) < 0.7
    available[np.arange(N), rng.integers(K - 1, size=N)] = True
    available[N // 2 :, 4] = False
    return Block(x, available, expected_rewards(x) + 2.5 * rng.normal(size=(N, K)))


def begin(policy, D, seed=5):
    return policy.start(problem(D), np.random.default_rng(seed))


def ties_of(seed, N):
    return np.random.default_rng(seed).spawn(1)[0].random(N)


def literal(block, policy, seed=5):
    """What the paper's algorithm chooses, and its bounds; rewards in units of 2.5."""
    ties = ties_of(seed, len(block))
    scaled = block.rewards / 2.5
    return discounted_linucb(block.x, block.available, scaled, policy.discount, policy.alpha, policy.ridge, ties)


def learnt_by(D, discount, ridge, x, action, rewards):
    """What K arms have learnt of visits x (n, D)."""
    state, how = fading(K, D, discount, ridge), how_to_forget(K, D, discount, ridge, noise=1.0, alpha=1.0)
    for n in range(len(x)):
        learn_fading(state, how, x[n], np.empty((0, 0)), -1, action[n], rewards[n], 1.0)
    return state


class TestAgainstThePaper:
    @pytest.mark.parametrize(("D", "discount", "ridge"), [*EXACT, (4, 1.0, 1.0)])
    def test_it_chooses_as_algorithm_1_does_where_the_ridge_is_exact(self, D, discount, ridge):
        """2,000 visits; where it remembers so little that all coordinates have their turn at each step, or all."""
        policy, block = DiscountedLinUCB(discount=discount, alpha=0.8, ridge=ridge), visits(2000, D)
        np.testing.assert_array_equal(begin(policy, D).play(block).action, literal(block, policy)[0])

    @pytest.mark.parametrize(("D", "discount", "ridge"), APPROXIMATE)
    def test_elsewhere_it_agrees_at_99_of_100_visits(self, D, discount, ridge):
        """2,000 visits, of each of which it is told what the paper's algorithm chose, and so knows the same."""
        policy, block = DiscountedLinUCB(discount=discount, ridge=ridge), visits(2000, D)
        chosen, _ = literal(block, policy)
        learner, same = begin(policy, D), 0
        for n in range(2000):
            one = block.rows(np.array([n]))
            action = learner.play(Block(one.x, one.available)).action[0]
            same += action == chosen[n]
            learner.learn_many(one, Choices(chosen[n : n + 1], np.ones(1)), one.rewards[:, chosen[n]])
        assert same >= 0.99 * 2000

    @pytest.mark.parametrize(("D", "discount", "ridge"), [*EXACT, *APPROXIMATE])
    def test_estimates_are_those_of_the_weighted_regressions(self, D, discount, ridge):
        """After 900 visits, at each of them: exact, but for the ridge, which is up to 1.1 times what it should be.

        That moves a mean by less than a tenth of its standard deviation, and that by less than 5 in 100.
        """
        policy, block = DiscountedLinearThompson(discount=discount, scale=0.7, ridge=ridge), visits(900, D)
        learner = begin(policy, D)
        action = learner.play(block).action
        mean, sd = learner.estimates(block)
        exact = (D, discount, ridge) in EXACT
        for k in range(K):
            rows = np.flatnonzero(action == k)
            rewards = block.rewards[rows, k] / 2.5
            theta, _, covariance = discounted_regression(block.x[rows], rewards, 899 - rows, discount, ridge)
            expected = 2.5 * 0.7 * np.sqrt(np.einsum("ni,ij,nj->n", block.x, covariance, block.x))
            np.testing.assert_allclose(sd[:, k], expected, rtol=1e-8 if exact else 0.05)
            assert np.abs((mean[:, k] - 2.5 * block.x @ theta) / expected).max() < (1e-8 if exact else 0.1)

    def test_one_step_by_hand(self):
        """x = 1, discount ½, ridge 1: one feature is one group, and exact. Rewards 2 and 1 of arm 0, then 4 of arm 1.

        Arm 0: V = ¼ + ½ + 1 = 7/4, W = 1/16 + ¼ + 1 = 21/16, theta = (½ + ½)/(7/4) = 4/7, C = 21/16 · 16/49 = 3/7.
        Arm 1: V = W = 2, theta 4/2 = 2, C = ½. The others: theta 0, C 1.
        """
        state = learnt_by(1, 0.5, 1.0, np.ones((3, 1)), [0, 0, 1], [2.0, 1.0, 4.0])
        np.testing.assert_allclose(state.theta[0], [4 / 7, 2, 0, 0, 0], rtol=1e-14)
        np.testing.assert_allclose(state.C[0], [3 / 7, 1 / 2, 1, 1, 1], rtol=1e-14)


class TestRidge:
    @pytest.mark.parametrize(("D", "discount", "ridge"), [*EXACT, *APPROXIMATE, (7, 0.98, 1.0)])
    def test_incremental_equals_batch(self, D, discount, ridge):
        """V, W and theta are those of all visits at once, with lambda gamma^−j in V and c lambda gamma^−2j in W."""
        rng = np.random.default_rng(3)
        for n in (0, 1, D, 400):
            x, action, rewards = rng.normal(size=(n, D)), rng.integers(K - 1, size=n), rng.normal(size=n)
            state = learnt_by(D, discount, ridge, x, action, rewards)
            P = groups_of(D, discount)
            size = -(-D // P)
            left = discount ** -((np.arange(D) // size - n) % P).astype(float)
            U = discount ** -(P - 1.0)
            weight = discount ** np.arange(n - 1.0, -1.0, -1.0)
            for k in range(K):
                of_k = action == k
                V = (x[of_k].T * weight[of_k]) @ x[of_k] + np.diag(ridge * left)
                W = (x[of_k].T * weight[of_k] ** 2) @ x[of_k] + np.diag(4 * U / (1 + U) ** 2 * ridge * left**2)
                V_inv = np.linalg.inv(V)
                theta = V_inv @ (x[of_k].T @ (weight[of_k] * rewards[of_k]))
                np.testing.assert_allclose(whole(state.V_inv, D)[k], V_inv, rtol=1e-7, atol=1e-9 / ridge)
                np.testing.assert_allclose(whole(state.C, D)[k], V_inv @ W @ V_inv, rtol=1e-7, atol=1e-9 / ridge)
                np.testing.assert_allclose(state.theta[:, k], theta, rtol=1e-7, atol=1e-9 / ridge)

    @given(D=st.integers(1, 60), discount=st.floats(0.3, 1.0))
    def test_no_coordinate_has_more_than_a_tenth_too_much(self, D, discount):
        """From lambda to 1.1 lambda; and no more turns a step than that takes: with one more group it would be more."""
        P = groups_of(D, discount)
        size = -(-D // P)
        assert discount ** -(P - 1) <= SLACK * (1 + 1e-12)
        assert (P - 1) * size < D <= P * size
        if size > 1:
            assert discount ** -(-(-D // (size - 1)) - 1) > SLACK

    @given(
        D=st.integers(1, 6),
        discount=st.sampled_from([0.8, 0.955, 0.97, 0.99, 1.0]),
        n=st.integers(0, 60),
        seed=st.integers(0, 2**32 - 1),
        size=st.sampled_from([0.1, 1.0, 30.0]),
    )
    @settings(deadline=None, max_examples=60)
    def test_whatever_was_learnt_nothing_is_more_uncertain_than_at_the_start(self, D, discount, n, seed, size):
        """C ≤ I/ridge in every direction; at the start it is equal, but for at most .23 %."""
        rng, ridge = np.random.default_rng(seed), 2.0
        x = size * rng.normal(size=(n, 1)) * (rng.normal(size=D) + 0.1 * rng.normal(size=(n, D)))
        state = learnt_by(D, discount, ridge, x, rng.integers(2, size=n), rng.normal(size=n))
        largest = np.linalg.eigvalsh(whole(state.C, D)).max()
        assert 0.9977 / ridge < largest <= 1 / ridge * (1 + 1e-9)

    def test_what_is_not_shown_becomes_as_uncertain_as_it_was(self):
        """Arm 4 is away for the second 1,500 of 3,000 visits, discount .99: its data weigh 3e-7, its mean is 0."""
        policy, block = DiscountedLinUCB(discount=0.99), visits(3000, 4)
        learner = begin(policy, 4)
        before = learner.estimates(block.rows(np.arange(20)))[1][:, 4]
        learner.play(block.rows(np.arange(1500)))
        during = learner.estimates(block.rows(np.arange(20)))[1][:, 4]
        assert (during < 0.7 * before).all()
        learner.play(block.rows(np.arange(1500, 3000)))
        mean, after = learner.estimates(block.rows(np.arange(20)))
        np.testing.assert_allclose(after[:, 4], before, rtol=1e-4)
        assert np.abs(mean[:, 4]).max() < 1e-4

    @pytest.mark.slow
    def test_a_million_rewards_overflow_nothing_and_lose_nothing(self):
        """Arm 4 is shown at the first 200 visits alone; afterwards the others are those of the last 5,000 at once."""
        D, N, discount = 3, 1_000_000, 0.995
        rng = np.random.default_rng(7)
        x, action = rng.normal(size=(N, D)), rng.integers(4, size=N)
        rewards = x @ np.array([1.0, -1.0, 0.5]) + rng.normal(size=N)
        action[:200] = 4
        learner = begin(DiscountedLinUCB(discount=discount), D)
        learner.learn_many(Block(x, np.ones((N, K), dtype=bool)), Choices(action, np.ones(N)), rewards)
        mean, sd = learner.estimates(Block(x[-50:], np.ones((50, K), dtype=bool)))
        never = begin(DiscountedLinUCB(discount=discount), D).estimates(Block(x[-50:], np.ones((50, K), dtype=bool)))
        np.testing.assert_array_equal(mean[:, 4], 0.0)
        np.testing.assert_allclose(sd[:, 4], never[1][:, 4], rtol=1e-9)
        rows = np.arange(N - 5000, N)
        for k in range(4):
            of_k = rows[action[rows] == k]
            age = N - 1 - of_k
            theta, _, covariance = discounted_regression(x[of_k], rewards[of_k] / 2.5, age, discount, 1.0)
            expected = 2.5 * np.sqrt(np.einsum("ni,ij,nj->n", x[-50:], covariance, x[-50:]))
            np.testing.assert_allclose(sd[:, k], expected, rtol=0.001)
            assert np.abs((mean[:, k] - 2.5 * x[-50:] @ theta) / expected).max() < 0.01


def test_without_discount_they_are_linucb_and_linear_thompson():
    block = visits(1500, 4)
    for forgetting, plain in [
        (DiscountedLinUCB(discount=1.0, alpha=0.6, ridge=2.0), LinUCB(alpha=0.6, ridge=2.0)),
        (DiscountedLinearThompson(discount=1.0, scale=0.6, ridge=2.0), LinearThompson(scale=0.6, ridge=2.0)),
    ]:
        np.testing.assert_array_equal(begin(forgetting, 4).play(block).action, begin(plain, 4).play(block).action)


def test_who_forgets_loses_less_after_tastes_have_changed():
    """Tastes change at visit 2,000; from 2,500 to 4,000 LinUCB has more than twice the regret of who forgets."""
    block, regret = visits(4000, 4), []
    mean = expected_rewards(block.x)
    best = np.where(block.available, mean, -math.inf).max(axis=1)
    for policy in (DiscountedLinUCB(discount=0.995), LinUCB()):
        chosen = begin(policy, 4).play(block).action
        regret.append((best - mean[np.arange(4000), chosen])[2500:].sum())
    assert regret[0] < 0.5 * regret[1]


@pytest.mark.slow
def test_a_normal_draw_an_arm_chooses_as_a_draw_of_theta_does():
    """200,000 choices each way at each of two visits, theta ~ Normal(theta_k, scale² V⁻¹WV⁻¹): shares agree.

    A false alarm once in 1e9 runs, over all 10 shares; one that is off by .023 is found in 99 of 100 runs. With V⁻¹ for
    V⁻¹WV⁻¹, a share would be off by more than twice that.
    """
    draws, looked_at, scale = 200_000, (20, 25), 0.8
    looks = K * len(looked_at)
    assert detectable_gap(draws, -1, 1, looks=looks) < 0.023
    block, rng = visits(400, 4), np.random.default_rng(6)
    learner = begin(DiscountedLinearThompson(discount=0.95, scale=scale), 4)
    learner.play(block)
    everything = np.ones((draws, K), dtype=bool)
    means, covariances = learner.learnt.theta.T, scale**2 * whole(learner.learnt.C, 4)
    wider, gap = scale**2 * whole(learner.learnt.V_inv, 4), 0.0
    for n in looked_at:
        at_once = learner.play(Block(np.tile(block.x[n], (draws, 1)), everything)).action
        theirs = draw_theta_and_choose(block.x[n], means, covariances, draws, rng)
        shares = np.bincount(theirs, minlength=K) / draws
        others = np.bincount(draw_theta_and_choose(block.x[n], means, wider, draws, rng), minlength=K) / draws
        gap = max(gap, np.abs(others - shares).max())
        assert (shares > 0.02).sum() >= 3
        for k in range(K):
            same_mean((at_once == k).astype(float) - (theirs == k), 0.0, -1, 1, looks=looks)
    assert gap > 0.046


@pytest.mark.parametrize("policy", [DiscountedLinUCB(), DiscountedLinearThompson()])
def test_corrections_and_worlds_without_features_are_refused(policy):
    learner, block = begin(policy, 4), visits(3, 4)
    with pytest.raises(InputError, match="cannot correct"):
        learner.correct_many(block, learner.play(block), np.ones(3))
    assert policy.misfit(Problem(actions=("a",))) == "needs features of the visitor, and this world has none"
