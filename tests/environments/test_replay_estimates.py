import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from environments.replay_estimates import estimate, moments, pool, shrink


def estimated(rows, C, K):
    """Of rows of cohort, action, reward and weight."""
    cohort, action, reward, weight = (np.array(column) for column in zip(*rows, strict=True))
    return estimate(cohort, action, reward.astype(float), weight.astype(float), C, K)


def test_a_variance_beyond_chance_is_told_by_moments():
    """Means 1 and 3 of variance 1: Q = 1 + 1, less 1, over 2 − 2/2. Means that differ less than by chance: 0.

    Pooled with a group 5, 9 of variance 2 and 2: Q = (4 + 4) / 2 = 4, less 1; size 1 − (1/2) / 1 = 1/2: (1 + 3) / 1.5.
    """
    one, other = (np.array([1.0, 3.0]), np.ones(2)), (np.array([5.0, 9.0]), np.full(2, 2.0))
    assert moments([one]) == pytest.approx(1.0)
    assert moments([one, other]) == pytest.approx(4 / 1.5)
    assert moments([(np.array([1.0, 1.1]), np.ones(2))]) == 0.0


def test_cells_without_events_say_nothing_of_the_variance():
    unknown = (np.array([1.0, 3.0, 77.0]), np.array([1.0, 1.0, np.inf]))
    assert moments([unknown]) == moments([(np.array([1.0, 3.0]), np.ones(2))])
    assert moments([(np.array([1.0]), np.ones(1))]) == 0.0
    assert pool(np.array([77.0]), np.array([np.inf]), 1.0) == (0.0, np.inf)


def test_without_noise_the_variance_is_that_of_the_means():
    assert moments([(np.array([1.0, 3.0]), np.zeros(2))]) == pytest.approx(2.0)


def test_cells_are_drawn_to_their_action_and_actions_to_all():
    """Cells 1, 3 of one action and 5, 7 of another, all of variance 1.

    τ² = (1 + 1) / (1 + 1) = 1, so the actions' means 2 and 6 have variance (1 + 1) / 2 = 1; ω² = 4 + 4 − 1 = 7.
    Actions: 4 ∓ 7/8 · 2 = 2.25 and 5.75. Cells: half way to them.
    """
    mean, omega2, tau2 = shrink(np.array([[1.0, 5.0], [3.0, 7.0]]), np.ones((2, 2)))
    assert (omega2, tau2) == pytest.approx((7.0, 1.0))
    np.testing.assert_allclose(mean, [[1.625, 5.375], [2.625, 6.375]])


def test_a_cell_without_events_is_worth_what_its_action_is():
    """As above, and a third cohort that was shown the second action alone, 6 with variance 1.

    τ²: the second action's Q = 2 about 6, less 2, over 3 − 1 = 2; with the first one's 1 over 1: 1/3.
    The actions' means are 2 and 6, their variances (4/3)/2 = 2/3 and (4/3)/3 = 4/9.
    """
    y, v = np.array([[1.0, 5.0], [3.0, 7.0], [99.0, 6.0]]), np.ones((3, 2))
    v[2, 0] = np.inf
    mean, omega2, tau2 = shrink(y, v)
    assert tau2 == pytest.approx(1 / 3)
    w = np.array([3 / 2, 9 / 4])
    center = (w @ [2, 6]) / w.sum()
    due = (w @ (np.array([2, 6]) - center) ** 2 - 1) / (w.sum() - w @ w / w.sum())
    assert omega2 == pytest.approx(due)
    mu = (2 / (2 / 3 + due) + 6 / (4 / 9 + due)) / (1 / (2 / 3 + due) + 1 / (4 / 9 + due))
    assert mean[2, 0] == pytest.approx(mu + due / (due + 2 / 3) * (2 - mu))


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6), C=st.integers(1, 4), K=st.integers(2, 5), gaps=st.booleans())
def test_shrunk_means_are_those_of_the_normal_posterior(seed, C, K, gaps):
    """Slowly: y = μ + effect of its action + effect of its own + noise, all normal; μ by generalised least squares."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(C, K)) + 2 * rng.normal(size=K)
    v = rng.uniform(0.1, 2.0, size=(C, K))
    if gaps:
        v[rng.random((C, K)) < 0.3] = np.inf
    mean, omega2, tau2 = shrink(y, v)
    if omega2 + tau2 == 0 or not np.isfinite(v).any():
        return
    same = np.kron(np.ones((C, C)), np.eye(K))  # cells in the order of y.ravel(): the same action
    prior = omega2 * same + tau2 * np.eye(C * K)
    known = np.isfinite(v.ravel())
    seen = prior[np.ix_(known, known)] + np.diag(v.ravel()[known])
    inverse, one = np.linalg.inv(seen), np.ones(known.sum())
    mu = (one @ inverse @ y.ravel()[known]) / (one @ inverse @ one)
    due = mu + prior[:, known] @ inverse @ (y.ravel()[known] - mu)
    np.testing.assert_allclose(mean.ravel(), due, rtol=1e-8, atol=1e-8)


def test_one_cohort_two_actions_by_hand():
    """Rewards 0, 2 and 4, 6: σ² = (2 + 2) / (4 − 2) = 2, v = 1. ω² = 8 − 1 = 7; 3 ∓ 7/8 · 2."""
    result = estimated([(0, 0, 0, 1), (0, 0, 2, 1), (0, 1, 4, 1), (0, 1, 6, 1)], 1, 2)
    np.testing.assert_allclose(result.mean, [[1.25, 4.75]])
    np.testing.assert_allclose(result.error, [[1.0, 1.0]])
    np.testing.assert_array_equal(result.events, [[2, 2]])
    assert (result.between_actions, result.between_tastes) == (pytest.approx(np.sqrt(7)), 0.0)


def test_what_a_cohort_thinks_of_everything_is_no_taste():
    """Cohort 1 gives 4 more than cohort 0 whatever is shown; both actions are worth the same.

    Rewards −1, 1 and 3, 5 of each action: σ² = 8 / (8 − 4) = 2. The cohorts' means are 0 and 4, of variance 2/4:
    β² = 2 (4 + 4) − 1 over 4 − 8/4 = 7.5; b = ∓ 7.5 / 8 · 2. What is left of the cells, ∓1/8 of variance 1, is chance.
    """
    rows = [(c, k, 4 * c + s, 1) for c in range(2) for k in range(2) for s in (-1, 1)]
    result = estimated(rows, 2, 2)
    np.testing.assert_allclose(result.mean, [[0.125, 0.125], [3.875, 3.875]])
    assert (result.between_actions, result.between_tastes) == (0.0, 0.0)


def test_weights_make_up_for_whom_the_logging_policy_preferred():
    """Of ten visitors who like a (reward 1), nine saw it (p = 0.9); of ten who do not (0), one (p = 0.1): 1/2 like it.

    Weighted (9 / 0.9 · 1 + 1 / 0.1 · 0) / 20 = 0.5; counted alike 0.9. Effective events 20² / (9 / 0.81 + 1 / 0.01).
    One action alone is its own mean.
    """
    rows = [(0, 0, 1, 1 / 0.9)] * 9 + [(0, 0, 0, 1 / 0.1)]
    assert estimated(rows, 1, 1).mean == pytest.approx(0.5)
    assert estimated([(c, k, r, 1) for c, k, r, _ in rows], 1, 1).mean == pytest.approx(0.9)
    spread, free = 10 * 0.25 + 10 * 0.25, 20 - (9 / 0.81 + 100) / 20
    assert estimated(rows, 1, 1).error == pytest.approx(np.sqrt(spread / free / (400 / (9 / 0.81 + 100))))


def test_only_the_ratio_of_weights_matters():
    rng = np.random.default_rng(1)
    rows = [(rng.integers(2), rng.integers(3), rng.normal(), rng.uniform(1, 5)) for _ in range(200)]
    one, other = estimated(rows, 2, 3), estimated([(c, k, r, 1_000 * w) for c, k, r, w in rows], 2, 3)
    np.testing.assert_allclose(one.mean, other.mean)
    np.testing.assert_allclose(one.error, other.error)


def test_an_action_that_nobody_saw_is_worth_the_mean_of_all():
    rows = [(0, 0, 0, 1), (0, 0, 2, 1), (0, 1, 4, 1), (0, 1, 6, 1)]
    result = estimated(rows, 1, 3)
    assert result.mean[0, 2] == pytest.approx(3.0)
    assert result.error[0, 2] == np.inf


def test_one_event_a_cell_says_nothing_of_chance():
    """σ² cannot be told, so nothing is drawn in."""
    result = estimated([(0, 0, 1, 1), (0, 1, 5, 1)], 1, 2)
    np.testing.assert_allclose(result.mean, [[1.0, 5.0]])


def test_estimates_stay_between_the_least_and_the_largest_reward():
    rng = np.random.default_rng(2)
    for _ in range(50):
        rows = [(rng.integers(3), rng.integers(4), float(rng.random() < 0.1), rng.uniform(1, 9)) for _ in range(60)]
        mean = estimated(rows, 3, 4).mean
        assert ((mean >= 0) & (mean <= 1)).all()
