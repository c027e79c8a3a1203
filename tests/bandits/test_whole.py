"""A single ridge regression: incremental equals batch, by hand, with weights and corrections."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bandits.whole import fold_into, form_of, fours, shift_whole, whole

numbers = st.floats(-10, 10, allow_subnormal=False)


@st.composite
def visits(draw, most=30):
    """Features (n, fours(d)), rewards (n,), weights (n,), corrections (n,), d and a ridge."""
    n, d = draw(st.integers(1, most)), draw(st.integers(1, 9))
    x = np.zeros((n, fours(d)))
    x[:, :d] = draw(arrays(np.float64, (n, d), elements=numbers))
    weights = draw(arrays(np.float64, n, elements=st.floats(0, 3, allow_subnormal=False)))
    rewards, deltas = (draw(arrays(np.float64, n, elements=numbers)) for _ in range(2))
    return x, rewards, weights, deltas, d, draw(st.sampled_from([0.1, 1.0, 7.0]))


@given(visits())
@settings(deadline=None, max_examples=60)
def test_folding_in_visits_equals_the_regression_of_all_of_them(visits):
    """A = ridge I + Σ w x xᵀ, b = Σ w r x, and x'A⁻¹x' of each; corrections, which weigh 1, add Σ δ x to b."""
    x, rewards, weights, deltas, d, ridge = visits
    state, y = whole(d, ridge), np.empty(fours(d))
    for features, reward, weight in zip(x, rewards, weights, strict=True):
        fold_into(state.A_inv, state.theta, features, reward, weight, y)
    A_inv = np.linalg.inv(ridge * np.eye(d) + (weights[:, None] * x).T[:d] @ x[:, :d])
    b = x[:, :d].T @ (weights * rewards)
    np.testing.assert_allclose(state.A_inv[:d, :d], A_inv, rtol=1e-6, atol=1e-8 / ridge)
    np.testing.assert_array_equal(state.A_inv, state.A_inv.T)
    np.testing.assert_allclose(state.theta[:d], A_inv @ b, rtol=1e-6, atol=1e-7 / ridge)
    assert (state.theta[d:] == 0).all()
    for features in x[:5]:
        form = form_of(state.A_inv, features, y)
        np.testing.assert_allclose(form, features[:d] @ A_inv @ features[:d], rtol=1e-6, atol=1e-6 / ridge)
    for features, delta in zip(x, deltas, strict=True):
        shift_whole(state.A_inv, state.theta, features, delta, y)
    np.testing.assert_allclose(state.theta[:d], A_inv @ (b + x[:, :d].T @ deltas), rtol=1e-6, atol=1e-6 / ridge)


def test_one_visit_by_hand():
    """ridge 2, x = (1, 3), r = 4: A = ((3, 3), (3, 11)), det 24, A⁻¹ = ((11, −3), (−3, 3))/24, theta = (1/3, 1).

    Then r is 6 more: theta + A⁻¹x · 6 = (1/3 + 2 · 6/24, 1 + 6 · 6/24) = (5/6, 5/2).
    """
    state, x, y = whole(2, 2.0), np.array([1.0, 3.0, 0, 0]), np.empty(4)
    fold_into(state.A_inv, state.theta, x, 4.0, 1.0, y)
    np.testing.assert_allclose(state.A_inv[:2, :2], np.array([[11, -3], [-3, 3]]) / 24, rtol=1e-14)
    np.testing.assert_allclose(state.theta, [1 / 3, 1, 0, 0], rtol=1e-14)
    np.testing.assert_allclose(y, [0.5, 1.5, 0, 0])
    shift_whole(state.A_inv, state.theta, x, 6.0, y)
    np.testing.assert_allclose(state.theta, [5 / 6, 5 / 2, 0, 0], rtol=1e-14)


@pytest.mark.parametrize(("d", "rounded"), [(1, 4), (4, 4), (5, 8), (36, 36)])
def test_sizes_are_rounded_up_to_fours(d, rounded):
    assert fours(d) == rounded
    assert whole(d, 1.0).A_inv.shape == (rounded, rounded)
