"""The compiled ridge regressions: incremental equals batch, caution withholds."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bandits.compiled import compiled
from bandits.kernels import withhold
from bandits.ridge import (
    bank,
    believe_in,
    direction,
    entries,
    fold_in,
    inner_products,
    quadratic_forms,
    room_for,
    shift,
)
from tests.packing import whole

numbers = st.floats(-10, 10, allow_subnormal=False)


@compiled
def learn_all(A_inv, theta, x, action, rewards, weight, room):
    for n in range(len(x)):
        fold_in(A_inv, theta, action[n], x[n], rewards[n], weight[n], room)


@compiled
def correct_all(A_inv, theta, x, action, delta, room):
    for n in range(len(x)):
        shift(A_inv, theta, action[n], x[n], delta[n], room)


def learnt(x, rewards, ridge, *, action=None, arms=1, weight=None):
    """A bank of so many arms that has learnt the visits x (n, d)."""
    kept = bank(arms, x.shape[1], ridge)
    action = np.zeros(len(x), dtype=np.int64) if action is None else action
    learn_all(*kept, x, action, rewards, np.ones(len(x)) if weight is None else weight, room_for(x.shape[1]))
    return kept


@st.composite
def visits(draw, most=40):
    """Features (n, d), rewards (n,), a ridge, a number of arms and the arm of each visit (n,)."""
    n, d, arms = draw(st.integers(1, most)), draw(st.integers(1, 7)), draw(st.integers(1, 9))
    x = draw(arrays(np.float64, (n, d), elements=numbers))
    action = draw(arrays(np.int64, n, elements=st.integers(0, arms - 1)))
    return x, draw(arrays(np.float64, n, elements=numbers)), draw(st.sampled_from([0.1, 1.0, 7.0])), arms, action


def batch(x, rewards, ridge, weight=1.0):
    """A⁻¹ and theta at once."""
    A_inv = np.linalg.inv(ridge * np.eye(x.shape[1]) + (x.T * weight) @ x)
    return A_inv, A_inv @ x.T @ (weight * rewards)


@pytest.mark.parametrize(("D", "T"), [(1, 4), (2, 4), (3, 8), (4, 12), (5, 16), (7, 28), (10, 56)])
def test_a_triangle_takes_its_entries_rounded_up_to_a_multiple_of_four(D, T):
    """D (D + 1)/2 = 1, 3, 6, 10, 15, 28, 55."""
    assert entries(D) == T
    assert bank(3, D, 2.0).A_inv.shape == (T, 3)
    np.testing.assert_array_equal(whole(bank(3, D, 2.0).A_inv, D), [np.eye(D) / 2] * 3)


@given(visits(), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_rank_one_updates_equal_the_inverse_of_the_whole(visits, seed):
    """Each arm's visits, and no other's; each visit weighs between 0 and 3. The padding stays 0 (see `whole`)."""
    x, rewards, ridge, arms, action = visits
    weight = np.random.default_rng(seed).choice([0.0, 0.5, 1.0, 3.0], size=len(x))
    kept = learnt(x, rewards, ridge, action=action, arms=arms, weight=weight)
    inverses = whole(kept.A_inv, x.shape[1])
    for k in range(arms):
        of_k = action == k
        exact_inverse, exact_theta = batch(x[of_k], rewards[of_k], ridge, weight[of_k])
        np.testing.assert_allclose(inverses[k], exact_inverse, rtol=1e-7, atol=1e-9 / ridge)
        np.testing.assert_allclose(kept.theta[:, k], exact_theta, rtol=1e-6, atol=1e-8 / ridge)


def test_one_update_by_hand():
    """ridge 2, x = (1, 3), r = 4: A = ((3, 3), (3, 11)), det 24, A⁻¹ = ((11, −3), (−3, 3))/24, theta = A⁻¹(4, 12).

    theta = ((44 − 36)/24, (−12 + 36)/24) = (1/3, 1). Packed: 11, −3, 3, and a 0 that fills up.
    """
    kept = learnt(np.array([[1.0, 3.0]]), np.array([4.0]), 2.0)
    np.testing.assert_allclose(kept.A_inv[:, 0], np.array([11, -3, 3, 0]) / 24, rtol=1e-14)
    np.testing.assert_allclose(kept.theta[:, 0], [1 / 3, 1.0], rtol=1e-14)


def test_arms_that_learn_the_same_have_the_same_bits():
    """Or else arms that nothing tells apart would not tie."""
    rng = np.random.default_rng(3)
    x, rewards = rng.normal(size=(50, 5)), rng.normal(size=50)
    kept = learnt(np.repeat(x, 7, axis=0), np.repeat(rewards, 7), 1.0, action=np.tile(np.arange(7), 50), arms=7)
    mean, sd = np.empty(7), np.empty(7)
    believe_in(*kept, rng.normal(size=5), 1.0, room_for(5), mean, sd)
    for numbers_of_arms in (kept.A_inv.T, kept.theta.T, mean, sd):
        assert len(np.unique(numbers_of_arms, axis=0)) == 1


def test_a_hundred_thousand_updates_stay_accurate():
    rng = np.random.default_rng(1)
    x, rewards = rng.normal(size=(100_000, 5)), rng.normal(size=100_000)
    x[:, 1] = x[:, 0] + 1e-3 * x[:, 1]  # nearly collinear
    kept = learnt(x, rewards, 1.0)
    exact_inverse, exact_theta = batch(x, rewards, 1.0)
    np.testing.assert_allclose(whole(kept.A_inv, 5)[0], exact_inverse, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(kept.theta[:, 0], exact_theta, rtol=1e-6, atol=1e-6)


def test_the_least_ridge_still_leaves_three_digits():
    """ridge 1e-6 and features of about 100: x²/ridge = 1e10 takes 10 of 16 digits, and 2,000 visits take three more."""
    rng = np.random.default_rng(1)
    x, rewards = 100 * rng.normal(size=(2000, 5)), rng.normal(size=2000)
    kept = learnt(x, rewards, 1e-6)
    exact_inverse, exact_theta = batch(x, rewards, 1e-6)
    assert np.abs(whole(kept.A_inv, 5)[0] - exact_inverse).max() < 2e-3 * np.abs(exact_inverse).max()
    assert np.abs(kept.theta[:, 0] - exact_theta).max() < 5e-3 * np.abs(exact_theta).max()


@given(visits(), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_corrections_equal_having_known_it_at_once(visits, seed):
    """theta ← theta + A⁻¹ x δ, in any order, whatever was learnt in between; A⁻¹ keeps every bit."""
    x, rewards, ridge, arms, action = visits
    rng, n, d = np.random.default_rng(seed), len(x), x.shape[1]
    delta, order = rng.normal(size=n), rng.permutation(n)
    kept = learnt(x, rewards, ridge, action=action, arms=arms)
    before = kept.A_inv.copy()
    correct_all(*kept, x[order], action[order], delta[order], room_for(d))
    np.testing.assert_array_equal(kept.A_inv, before)
    for k in range(arms):
        of_k = action == k
        _, exact = batch(x[of_k], (rewards + delta)[of_k], ridge)
        np.testing.assert_allclose(kept.theta[:, k], exact, rtol=1e-6, atol=1e-7 / ridge)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_products(D, K, seed):
    """x·theta, xᵀMx and Mx of all arms, against numpy; M symmetric, packed."""
    rng = np.random.default_rng(seed)
    x, theta, full = rng.normal(size=D), rng.normal(size=(D, K)), rng.normal(size=(K, D, D))
    full += full.transpose(0, 2, 1)
    packed = np.zeros((entries(D), K))
    packed[: D * (D + 1) // 2] = full[:, *np.triu_indices(D)].T
    out, room = np.full(K, np.nan), room_for(D)
    inner_products(theta, x, out)
    np.testing.assert_allclose(out, x @ theta, rtol=1e-12, atol=1e-12)
    forms = np.einsum("i,kij,j->k", x, full, x)
    quadratic_forms(packed, x, room, out)
    np.testing.assert_allclose(out, forms, rtol=1e-12, atol=1e-11)
    for k in range(K):
        assert direction(packed, k, x, room) == pytest.approx(forms[k], rel=1e-12, abs=1e-11)
        np.testing.assert_allclose(room.y, full[k] @ x, rtol=1e-12, atol=1e-12)


def test_believing_by_hand():
    """A⁻¹ = ((11, −3), (−3, 3))/24 and theta = (1/3, 1) from above, x = (2, 1), noise 2: mean 5/3, sd 2√(35/24)."""
    kept, mean, sd = learnt(np.array([[1.0, 3.0]]), np.array([4.0]), 2.0, arms=2), np.empty(2), np.empty(2)
    believe_in(*kept, np.array([2.0, 1.0]), 2.0, room_for(2), mean, sd)
    np.testing.assert_allclose(mean, [5 / 3, 0], rtol=1e-14)
    np.testing.assert_allclose(sd, [2 * math.sqrt(35 / 24), 2 * math.sqrt(5 / 2)], rtol=1e-14)


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
@pytest.mark.parametrize("zero", [0.0, 0.75])
def test_what_may_be_bad_is_withheld(available, nothing, caution, left, zero):
    """Wherever a reward of 0 lies on the scale of the means."""
    candidates = np.zeros(4, dtype=bool)
    mean, sd = zero + np.array([1.0, -1.0, 2.0, 0.0]), np.array([0.5, 1.0, 3.0, 0.0])
    withhold(mean, sd, np.array(available, dtype=bool), nothing, zero, caution, candidates)
    assert candidates.tolist() == [bool(c) for c in left]
