"""Propensities of draws that go together: closed forms, and whether the standard error is honest."""

import math

import numpy as np
import pytest
from scipy import stats

from bandits.orthant import SHIFTS, joint_propensity
from bandits.propensity import normal_propensity
from tests.stochastic import detectable_gap, proportions, same_mean

# beyond this many standard errors an estimate is once in 1e10; the quadrature that it is compared with errs, too
SURE, QUADRATURE = stats.t.isf(0.5e-10, SHIFTS - 1), 1e-8


def every_arm(mean, covariance, seed=7, candidates=None):
    """Estimates and standard errors (K,) of each arm of one visit."""
    K = len(mean)
    everything = np.ones(K, dtype=bool) if candidates is None else np.array(candidates)
    return joint_propensity(
        np.tile(np.asarray(mean, dtype=float), (K, 1)),
        np.tile(np.asarray(covariance, dtype=float), (K, 1, 1)),
        np.tile(everything, (K, 1)),
        np.arange(K),
        np.random.default_rng(seed),
    )


def covers(estimates, p):
    estimate, error = estimates
    assert (np.abs(estimate - p) <= SURE * error + QUADRATURE).all(), f"{estimate} ± {error} where {p} is due"


class TestClosedForms:
    @pytest.mark.parametrize("correlation", [-0.9, 0.0, 0.5, 0.999])
    def test_of_two_arms_the_difference_decides_without_error(self, correlation):
        """P(X > Y) = Φ(.3 / √(1 + 4 − 2 · 2 correlation)), and a single direction leaves nothing to chance."""
        covariance = [[1, 2 * correlation], [2 * correlation, 4]]
        estimate, error = every_arm([0.3, 0], covariance)
        p = stats.norm.cdf(0.3 / math.sqrt(5 - 4 * correlation))
        np.testing.assert_allclose(estimate, [p, 1 - p], atol=1e-12)
        assert error.max() < 1e-12

    @pytest.mark.parametrize(("K", "within"), [(3, 0.002), (10, 0.02), (50, 0.1)])
    @pytest.mark.parametrize("correlation", [0.0, 0.7])
    def test_equally_correlated_arms_are_equal(self, K, within, correlation):
        estimate, error = every_arm(np.full(K, 2.0), correlation + (1 - correlation) * np.eye(K))
        covers((estimate, error), 1 / K)
        assert (error < within * estimate).all()

    @pytest.mark.parametrize("K", [3, 5, 8])
    def test_arms_of_two_features_win_their_angle(self, K):
        """theta ~ Normal(0, I), features at the corners of a polygon around the circle: an arm is best where theta
        points between the normals of its two edges, half of the angle between its neighbours. K − 1 rivals have only
        two directions. A feature at the centre, which the polygon goes around, never wins.
        """
        angle = 2 * np.pi / K * np.arange(K) + np.random.default_rng(K).uniform(0, 0.6, K)
        x = np.vstack([np.column_stack([np.cos(angle), np.sin(angle)]), [[0.0, 0.0]]])
        p = (np.roll(angle, -1) - np.roll(angle, 1)) % (2 * np.pi) / (4 * np.pi)
        covers(every_arm(np.zeros(K + 1), x @ x.T), [*p, 0])

    @pytest.mark.parametrize("K", [2, 4, 13])
    def test_independent_arms_have_the_propensities_of_the_quadrature(self, K):
        """Spreads from 1e-4 to 1."""
        rng = np.random.default_rng(K)
        mean, sd = rng.normal(size=K) * 0.1, 10 ** rng.uniform(-4, 0, K)
        everything = np.ones((K, K), dtype=bool)
        exact = normal_propensity(np.tile(mean, (K, 1)), np.tile(sd, (K, 1)), everything, np.arange(K))
        covers(every_arm(mean, np.diag(sd**2)), exact)


class TestTies:
    def test_equal_arms_under_one_theta_share_what_they_win(self):
        """Arms 0 and 1 have the same features, arm 2 the opposite ones: ¼, ¼, ½, exactly."""
        x = np.array([[1.0, 2.0], [1.0, 2.0], [-1.0, -2.0]])
        np.testing.assert_allclose(every_arm([0, 0, 0], x @ x.T)[0], [1 / 4, 1 / 4, 1 / 2], atol=1e-12)

    def test_equal_rivals_count_as_one(self):
        """Against five copies of one independent arm with the same mean, an arm wins half of the visits."""
        x = np.vstack([[1.0, 0.0], np.tile([0.0, 1.0], (5, 1))])
        np.testing.assert_allclose(every_arm(np.zeros(6), x @ x.T)[0], [1 / 2, *[1 / 10] * 5], atol=1e-12)

    def test_of_arms_that_move_together_only_the_highest_wins(self):
        assert every_arm([1, 1.5, 1.5], np.ones((3, 3)))[0].tolist() == [0, 0.5, 0.5]

    def test_constants_share(self):
        """Two arms at exactly 0 and one of Normal(0, 4): ¼, ¼, ½."""
        np.testing.assert_allclose(every_arm([0, 0, 0], np.diag([0, 0, 4]))[0], [1 / 4, 1 / 4, 1 / 2], atol=1e-12)

    def test_without_any_spread_the_best_share(self):
        estimate, error = every_arm([3, 1, 3], np.zeros((3, 3)))
        assert estimate.tolist() == [0.5, 0, 0.5]
        assert error.tolist() == [0, 0, 0]


def test_only_candidates_compete():
    estimate, _ = every_arm([0, 9, 0], np.eye(3), candidates=[True, False, True])
    np.testing.assert_allclose(estimate, [0.5, 0, 0.5], atol=1e-12)


def test_a_block_without_visits_has_no_propensities():
    nobody = np.empty((0, 4))
    estimate, error = joint_propensity(
        nobody, np.empty((0, 4, 4)), nobody > 0, np.empty(0, dtype=np.int64), np.random.default_rng(1)
    )
    assert len(estimate) == len(error) == 0


def shared_theta(rng, N, K, D, spread=0.3):
    """Means and covariances of N visits' scores x·theta, K arms with D features."""
    x, theta = rng.normal(size=(N, K, D)), rng.normal(size=(N, D))
    return np.einsum("nkd,nd->nk", x, theta), spread * x @ x.transpose(0, 2, 1)


def test_the_order_of_arms_does_not_matter():
    """Rivals are ordered by what they forbid, so that even the same shifts mean the same."""
    rng = np.random.default_rng(5)
    mean, covariance = shared_theta(rng, 1, 6, 9)
    order = rng.permutation(6)
    estimate, _ = every_arm(mean[0], covariance[0], seed=1)
    for k in range(6):
        moved, _ = joint_propensity(
            *(mean[:, order], covariance[:, order][:, :, order], np.ones((1, 6), dtype=bool)),
            *(np.flatnonzero(order == k), np.random.default_rng(1)),
        )
        alone, _ = joint_propensity(
            mean, covariance, np.ones((1, 6), dtype=bool), np.array([k]), np.random.default_rng(1)
        )
        np.testing.assert_allclose(moved, alone, rtol=1e-9)
        np.testing.assert_allclose(alone[0], estimate[k], rtol=0.05, atol=1e-9)


def test_even_what_is_hardly_ever_chosen_has_a_positive_propensity():
    """Full rank, 12 rivals, up to 12 standard deviations ahead: each single draw is positive."""
    rng = np.random.default_rng(6)
    a = rng.normal(size=(40, 13, 13))
    mean = np.linspace(0, 12, 13) * np.ones((40, 1))
    estimate, error = joint_propensity(
        mean, a @ a.transpose(0, 2, 1) / 13, np.ones((40, 13), dtype=bool), np.zeros(40, dtype=np.int64), rng
    )
    assert estimate.min() > 0
    assert estimate.max() < 1e-9
    assert np.median(error / estimate) < 0.2


@pytest.mark.parametrize(("K", "D"), [(4, 3), (13, 8), (13, 20)])
def test_it_is_how_often_draws_choose_an_arm(K, D):
    """200,000 draws: a propensity that is .012 off is found; the estimates err by less than a tenth of that."""
    assert detectable_gap(200_000, looks=K) < 0.012
    rng = np.random.default_rng(K + D)
    x = rng.normal(size=(K, D))
    theta = rng.normal(size=D)
    estimate, error = every_arm(x @ theta, 0.3 * x @ x.T)
    assert error.max() < 0.001
    chosen = (x @ (theta[:, None] + math.sqrt(0.3) * rng.normal(size=(D, 200_000)))).argmax(axis=0)
    proportions(np.bincount(chosen, minlength=K), estimate / estimate.sum())


class TestTheStandardErrorIsHonest:
    """(estimate − p) / standard error is t with 31 degrees of freedom, over 3,000 visits with shifts of their own.

    A half and nine tenths of them must be within the t's quantiles. A standard error that is a quarter too large is
    found by the first (.6 instead of .5), one that is a quarter too small by the second (.79 instead of .9).
    """

    N = 3000

    def check(self, mean, covariance, p):
        K = len(mean)
        estimate, error = joint_propensity(
            *(np.tile(mean, (self.N, 1)), np.tile(covariance, (self.N, 1, 1)), np.ones((self.N, K), dtype=bool)),
            *(np.zeros(self.N, dtype=np.int64), np.random.default_rng(9)),
        )
        assert detectable_gap(self.N, looks=2) < 0.09
        z = np.abs(estimate - p) / error
        for inside in (0.5, 0.9):
            same_mean((z < stats.t.ppf((1 + inside) / 2, SHIFTS - 1)).astype(float), inside, looks=2)

    @pytest.mark.slow
    def test_of_equal_arms(self):
        self.check(np.zeros(5), 0.4 + 0.6 * np.eye(5), 1 / 5)

    @pytest.mark.slow
    def test_of_an_arm_that_is_seldom_best(self):
        mean, sd = np.array([-1.0, 0.0, 0.2, 0.4]), np.array([0.7, 0.3, 0.2, 0.5])
        one = np.ones((1, 4), dtype=bool)
        self.check(mean, np.diag(sd**2), normal_propensity(mean[None], sd[None], one, np.array([0]))[0])

    def test_of_fewer_features_than_arms(self):
        """Corners of a polygon, theta ~ Normal(0, I): the first has half of the angle between its neighbours."""
        angle = np.array([0.2, 1.9, 3.4, 5.0])
        x = np.column_stack([np.cos(angle), np.sin(angle)])
        self.check(np.zeros(4), x @ x.T, (1.9 - 5.0 + 2 * np.pi) / (4 * np.pi))
