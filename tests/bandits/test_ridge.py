"""The compiled ridge regressions: incremental equals batch, caution withholds."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bandits.ridge import correct_ridge, dot, learn_ridge, matrix_vector, rank_one_update, withhold

numbers = st.floats(-10, 10, allow_subnormal=False)


@st.composite
def visits(draw, most=40):
    """Features (n, d), rewards (n,) and a ridge."""
    n, d = draw(st.integers(1, most)), draw(st.integers(1, 6))
    x = draw(arrays(np.float64, (n, d), elements=numbers))
    return x, draw(arrays(np.float64, n, elements=numbers)), draw(st.sampled_from([0.1, 1.0, 7.0]))


def batch(x, rewards, ridge):
    """A⁻¹ and theta at once."""
    A_inv = np.linalg.inv(ridge * np.eye(x.shape[1]) + x.T @ x)
    return A_inv, A_inv @ x.T @ rewards


def empty(d, ridge, arms=1):
    """A⁻¹ (arms, d, d) and theta (arms, d) before the first visit."""
    return np.stack([np.eye(d) / ridge] * arms), np.zeros((arms, d))


@given(visits())
@settings(deadline=None, max_examples=60)
def test_rank_one_updates_equal_the_inverse_of_the_whole(visits):
    x, rewards, ridge = visits
    A_inv, theta = empty(x.shape[1], ridge)
    y = np.zeros(x.shape[1])
    for features, reward in zip(x, rewards, strict=True):
        rank_one_update(A_inv[0], theta[0], features, reward, y)
    exact_inverse, exact_theta = batch(x, rewards, ridge)
    np.testing.assert_allclose(A_inv[0], exact_inverse, rtol=1e-7, atol=1e-9 / ridge)
    np.testing.assert_allclose(theta[0], exact_theta, rtol=1e-6, atol=1e-8 / ridge)


def test_one_update_by_hand():
    """ridge 2, x = (1, 3), r = 4: A = ((3, 3), (3, 11)), det 24, A⁻¹ = ((11, −3), (−3, 3))/24, theta = A⁻¹(4, 12).

    theta = ((44 − 36)/24, (−12 + 36)/24) = (1/3, 1).
    """
    A_inv, theta = empty(2, 2.0)
    rank_one_update(A_inv[0], theta[0], np.array([1.0, 3.0]), 4.0, np.zeros(2))
    np.testing.assert_allclose(A_inv[0], np.array([[11, -3], [-3, 3]]) / 24, rtol=1e-14)
    np.testing.assert_allclose(theta[0], [1 / 3, 1.0], rtol=1e-14)


def test_a_hundred_thousand_updates_stay_accurate():
    rng = np.random.default_rng(1)
    x, rewards = rng.normal(size=(100_000, 5)), rng.normal(size=100_000)
    x[:, 1] = x[:, 0] + 1e-3 * x[:, 1]  # nearly collinear
    A_inv, theta = empty(5, 1.0)
    learn_ridge(A_inv, theta, x, np.zeros(100_000, dtype=np.int64), rewards, -1, 1.0)
    exact_inverse, exact_theta = batch(x, rewards, 1.0)
    np.testing.assert_allclose(A_inv[0], exact_inverse, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(theta[0], exact_theta, rtol=1e-6, atol=1e-6)


def test_the_least_ridge_still_leaves_three_digits():
    """ridge 1e-6 and features of about 100: x²/ridge = 1e10 takes 10 of 16 digits, and 2,000 visits take three more."""
    rng = np.random.default_rng(1)
    x, rewards = 100 * rng.normal(size=(2000, 5)), rng.normal(size=2000)
    A_inv, theta = empty(5, 1e-6)
    learn_ridge(A_inv, theta, x, np.zeros(2000, dtype=np.int64), rewards, -1, 1.0)
    exact_inverse, exact_theta = batch(x, rewards, 1e-6)
    assert np.abs(A_inv[0] - exact_inverse).max() < 2e-3 * np.abs(exact_inverse).max()
    assert np.abs(theta[0] - exact_theta).max() < 5e-3 * np.abs(exact_theta).max()


@given(visits(), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_corrections_equal_having_known_it_at_once(visits, seed):
    """theta ← theta + A⁻¹ x δ, in any order, whatever was learnt in between; rewards in units of 2.5."""
    x, rewards, ridge = visits
    rng, n = np.random.default_rng(seed), len(x)
    action, delta = rng.integers(3, size=n), rng.normal(size=n)
    A_inv, theta = empty(x.shape[1], ridge, 3)
    learn_ridge(A_inv, theta, x, action, rewards, 1, 2.5)
    order = rng.permutation(n)
    correct_ridge(A_inv, theta, x[order], action[order], delta[order], 1, 2.5)
    for k in range(3):
        of_k = (action == k) & (k != 1)
        _, exact = batch(x[of_k], (rewards + delta)[of_k] / 2.5, ridge)
        np.testing.assert_allclose(theta[k], exact, rtol=1e-6, atol=1e-7 / ridge)


@given(arrays(np.float64, (4, 4), elements=numbers), arrays(np.float64, 4, elements=numbers))
@settings(deadline=None, max_examples=30)
def test_products(A, x):
    symmetric, y = A + A.T, np.empty(4)
    matrix_vector(symmetric, x, y)
    np.testing.assert_allclose(y, symmetric @ x, rtol=1e-12, atol=1e-10)
    np.testing.assert_allclose(dot(y, x), y @ x, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize(
    ("available", "nothing", "caution", "left"),
    [
        # mean (1, −1, 2, 0), sd (.5, 1, 3, 0): mean − ½ sd = (.75, −1.5, .5, 0)
        ([1, 1, 1, 1], -1, -math.inf, [1, 1, 1, 1]),
        ([1, 1, 1, 1], -1, 0.5, [1, 0, 1, 0]),
        ([1, 1, 1, 1], 3, 0.5, [1, 0, 1, 1]),
        ([1, 1, 1, 1], 3, 1.0, [1, 0, 0, 1]),
        ([1, 1, 1, 1], 3, 2.0, [0, 0, 0, 1]),  # 1 − 2 · .5 = 0 is not above 0
        ([1, 1, 1, 0], 3, 2.0, [1, 1, 1, 0]),  # not even nothing is left: then all that are available
        ([0, 1, 1, 0], 3, 0.5, [0, 0, 1, 0]),
        ([1, 1, 1, 1], 3, 0.0, [1, 0, 1, 1]),
    ],
)
def test_what_may_be_bad_is_withheld(available, nothing, caution, left):
    candidates = np.zeros(4, dtype=bool)
    mean, sd = np.array([1.0, -1.0, 2.0, 0.0]), np.array([0.5, 1.0, 3.0, 0.0])
    withhold(mean, sd, np.array(available, dtype=bool), nothing, caution, candidates)
    assert candidates.tolist() == [bool(c) for c in left]
