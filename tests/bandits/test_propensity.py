"""Propensities of independent draws: closed forms, a literal integral, and what draws do."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from bandits.propensity import beta_propensity, normal_propensity, student_propensity
from tests.oracles.largest import LogOdds, probability_of_largest
from tests.stochastic import detectable_gap, proportions

MOST = 1e-6  # what the module promises


def rows(*parameters, K=None):
    """Each (K,) parameter as (K, K), one row an action, and every action's turn to be the chosen one."""
    K = len(parameters[0]) if K is None else K
    return (*(np.tile(np.asarray(p, dtype=float), (K, 1)) for p in parameters), np.ones((K, K), dtype=bool)), np.arange(
        K
    )


def normal(mean, sd):
    arguments, action = rows(mean, sd)
    return normal_propensity(*arguments, action)


def student(mean, scale, df):
    arguments, action = rows(mean, scale, df)
    return student_propensity(*arguments, action)


def beta(wins, losses, constant=None):
    arguments, action = rows(wins, losses, np.full(len(wins), np.nan) if constant is None else constant)
    return beta_propensity(*arguments, action)


class TestClosedForms:
    @pytest.mark.parametrize("sd", [(1.0, 1.0), (1.0, 1e-3), (1e-6, 1.0), (1e-6, 1e-5), (1e4, 1e-4)])
    @pytest.mark.parametrize("distance", [0.0, 0.3, -2.0, 5.0])
    def test_of_two_normals_the_difference_decides(self, sd, distance):
        """P(X > Y) = Φ((mean_X − mean_Y) / √(sd_X² + sd_Y²))."""
        mean = 0.7 + distance * math.hypot(*sd), 0.7
        np.testing.assert_allclose(normal(mean, sd)[0], special.ndtr(distance), atol=MOST, rtol=0)

    def test_of_two_cauchys_the_difference_decides(self):
        """X − Y is Cauchy with the sum of the scales: P(X > Y) = ½ + arctan((mean_X − mean_Y) / (a + b)) / π."""
        for a, b, distance in [(1, 1, 0.5), (1, 1e-3, -3.0), (1e-6, 1.0, 40.0), (5.0, 1e-4, 1e3)]:
            p = student([distance, 0.0], [a, b], [1.0, 1.0])
            np.testing.assert_allclose(p[0], 0.5 + math.atan(distance / (a + b)) / math.pi, atol=MOST, rtol=0)

    @pytest.mark.parametrize(("a", "b", "c", "d"), [(1, 1, 1, 1), (3, 2, 7, 11), (40, 1, 1, 1), (30, 500, 20, 450)])
    def test_of_two_betas_with_counts_the_sum_is_exact(self, a, b, c, d):
        """P(Beta(c, d) > Beta(a, b)) = Σ_{i<c} B(a + i, b + d) / ((d + i) B(1 + i, d) B(a, b)).

        Source: Miller 2014, "Formulas for Bayesian A/B testing".
        """
        i = np.arange(c)
        terms = special.betaln(a + i, b + d) - np.log(d + i) - special.betaln(1 + i, d) - special.betaln(a, b)
        np.testing.assert_allclose(beta([a, c], [b, d])[1], np.exp(terms).sum(), atol=MOST, rtol=0)

    def test_of_uniform_draws_a_power_decides(self):
        """Beta(a, 1) is the largest of a uniform draws: of Beta(1, 1), Beta(2, 1), Beta(5, 1) the last wins 5 of 8."""
        np.testing.assert_allclose(beta([1, 2, 5], [1, 1, 1]), [1 / 8, 2 / 8, 5 / 8], atol=MOST, rtol=0)

    @pytest.mark.parametrize("K", [1, 2, 7, 50])
    def test_equal_arms_are_shown_equally_often(self, K):
        same = np.ones(K)
        for p in (normal(3 * same, 1e-3 * same), student(same, same, 2 * same), beta(0.01 * same, 0.3 * same)):
            np.testing.assert_allclose(p, 1 / K, atol=MOST, rtol=0)


class TestConstants:
    @pytest.mark.parametrize("sd", [(1.0, 1.0), (1.0, 0.5), (1.0, 1e-5), (1e3, 1e-4)])
    def test_against_nothing_an_arm_wins_where_it_is_above_0(self, sd):
        """Two arms with mean 0. Nothing has ¼: both are below 0. Arm 0 has another ¼, arm 1 alone being below; where
        both are above, it wins within the angle arctan(sd_0 / sd_1) of the plane's quarter.
        """
        first = 1 / 4 + math.atan(sd[0] / sd[1]) / (2 * math.pi)
        np.testing.assert_allclose(normal([0, 0, 0], [*sd, 0]), [first, 3 / 4 - first, 1 / 4], atol=MOST, rtol=0)

    def test_against_nothing_tails_do_not_matter(self):
        """Both arms are below 0 in ¼ of all draws."""
        np.testing.assert_allclose(student([0, 0, 0], [1, 4, 0], [3, 3, 3])[2], 1 / 4, atol=MOST, rtol=0)

    def test_a_fixed_score_between_two_uniform_draws(self):
        """Both below ½: ¼; the draws share the rest."""
        p = beta([1, 1, 1], [1, 1, 1], [np.nan, np.nan, 0.5])
        np.testing.assert_allclose(p, [3 / 8, 3 / 8, 1 / 4], atol=MOST, rtol=0)

    @pytest.mark.parametrize(
        ("score", "p"), [(-0.3, [0.5, 0.5, 0]), (0, [0.5, 0.5, 0]), (1, [0, 0, 1]), (2, [0, 0, 1])]
    )
    def test_a_score_that_no_draw_beats_or_misses(self, score, p):
        np.testing.assert_allclose(beta([2, 2, 1], [3, 3, 1], [np.nan, np.nan, score]), p, atol=MOST, rtol=0)

    def test_tied_constants_share_and_lower_ones_never_win(self):
        """1, 1 and 0.9 are constants: the draws of Normal(1, 1) win half of the visits, each 1 a quarter."""
        np.testing.assert_allclose(normal([1, 1, 0.9, 1], [0, 0, 0, 1]), [1 / 4, 1 / 4, 0, 1 / 2], atol=MOST, rtol=0)

    def test_without_any_spread_the_best_share_exactly(self):
        assert normal([2, 5, 5, 5], [0, 0, 0, 0]).tolist() == [0, 1 / 3, 1 / 3, 1 / 3]
        assert student([2, 5], [0, 0], [3, 3]).tolist() == [0, 1]


def test_only_candidates_compete():
    """Without arm 1, which nearly always wins, arms 0 and 2 are equal; and arm 1 itself has no chance."""
    candidates = np.tile([True, False, True], (3, 1))
    mean, one = np.tile([0.0, 9.0, 0.0], (3, 1)), np.ones((3, 3))
    p = normal_propensity(mean, one, candidates, np.arange(3))
    np.testing.assert_allclose(p, [0.5, 0, 0.5], atol=MOST, rtol=0)


def test_a_block_without_visits_has_no_propensities():
    nobody = np.empty((0, 4))
    assert len(normal_propensity(nobody, nobody, nobody > 0, np.empty(0, dtype=np.int64))) == 0


def test_the_oracle_agrees_with_quadpack():
    arms = [stats.norm(0.3, 1), stats.norm(0, 0.5), stats.t(3, 0.2, 0.1)]
    value, _ = integrate.quad(
        lambda x: arms[0].pdf(x) * arms[1].cdf(x) * arms[2].cdf(x),
        *(0.1, 9),
        points=[0.2, 0.5, 1],
        epsabs=1e-12,
        limit=200,
    )
    np.testing.assert_allclose(probability_of_largest(arms, 0, floor=0.1), value, atol=1e-11)


def logarithmic(low, high):
    return st.floats(math.log(low), math.log(high)).map(math.exp)


def arms(*parameters):
    return st.lists(st.tuples(*parameters), min_size=2, max_size=6)


MEANS = st.floats(-2, 2) | st.floats(-1e-3, 1e-3)
FLOORS = st.none() | st.floats(-1, 1)


@settings(max_examples=30, deadline=None)
@given(arms(MEANS, logarithmic(1e-6, 3)), FLOORS)
def test_normals_of_any_spread_agree_with_the_literal_integral(drawn, floor):
    literal = [stats.norm(*arm) for arm in drawn]
    constant = [] if floor is None else [(floor, 0)]
    p = normal(*np.array([*drawn, *constant]).T)
    expected = [probability_of_largest(literal, k, -np.inf if floor is None else floor) for k in range(len(drawn))]
    np.testing.assert_allclose(p[: len(drawn)], expected, atol=MOST, rtol=0)
    np.testing.assert_allclose(p.sum(), 1, atol=MOST, rtol=0)


@settings(max_examples=30, deadline=None)
@given(arms(MEANS, logarithmic(1e-6, 3), logarithmic(1, 1e4)), FLOORS)
def test_students_of_any_spread_and_tail_agree_with_the_literal_integral(drawn, floor):
    literal = [stats.t(df, mean, scale) for mean, scale, df in drawn]
    constant = [] if floor is None else [(floor, 0, 1)]
    p = student(*np.array([*drawn, *constant]).T)
    expected = [probability_of_largest(literal, k, -np.inf if floor is None else floor) for k in range(len(drawn))]
    np.testing.assert_allclose(p[: len(drawn)], expected, atol=MOST, rtol=0)
    np.testing.assert_allclose(p.sum(), 1, atol=MOST, rtol=0)


@settings(max_examples=12, deadline=None)
@given(arms(logarithmic(0.1, 1e6), logarithmic(0.1, 1e6)), st.none() | st.floats(0.01, 0.99))
def test_betas_of_any_shape_agree_with_the_literal_integral(drawn, score):
    literal = [LogOdds(*arm) for arm in drawn]
    constant = [np.nan] * len(drawn) + ([] if score is None else [score])
    p = beta(*np.array([*drawn, *([] if score is None else [(1, 1)])]).T, constant)
    floor = -np.inf if score is None else special.logit(score)
    expected = [probability_of_largest(literal, k, floor) for k in range(len(drawn))]
    np.testing.assert_allclose(p[: len(drawn)], expected, atol=MOST, rtol=0)
    np.testing.assert_allclose(p.sum(), 1, atol=MOST, rtol=0)


@pytest.mark.parametrize("K", [3, 13, 50])
def test_propensities_of_all_candidates_add_up_to_one(K):
    """Spreads from 1e-7 to 2, tails as fat as Cauchy's, Betas from .01 to 1e6."""
    rng = np.random.default_rng(K)
    for _ in range(6):
        mean, spread = rng.normal(size=K) * 10 ** rng.uniform(-4, 0), 10 ** rng.uniform(-7, 0.3, K)
        df, (wins, losses) = rng.choice([1, 1.5, 2, 12, 1e5], K), 10 ** rng.uniform(-2, 6, (2, K))
        for p in (normal(mean, spread), student(mean, spread, df), beta(wins, losses)):
            assert p.min() >= 0
            np.testing.assert_allclose(p.sum(), 1, atol=K * MOST, rtol=0)


def test_the_order_of_arms_and_their_unit_do_not_matter():
    """Whatever panels result: to 1e-7, far below what is promised. Units: a shop that counts in cents."""
    rng = np.random.default_rng(8)
    mean, sd, order = rng.normal(size=9), 10 ** rng.uniform(-3, 0, 9), rng.permutation(9)
    p = normal(mean, sd)
    np.testing.assert_allclose(normal(mean[order], sd[order]), p[order], atol=1e-7, rtol=0)
    np.testing.assert_allclose(normal(100 * mean + 700, 100 * sd), p, atol=1e-7, rtol=0)


def test_many_visits_are_as_good_as_one_by_one():
    """Whether visits are integrated together or alone decides nothing, not even by rounding of the sums: 1e-12."""
    rng = np.random.default_rng(4)
    mean, sd = rng.normal(size=(3000, 13)), 10 ** rng.uniform(-3, 0, (3000, 13))
    candidates, action = rng.random((3000, 13)) < 0.8, rng.integers(13, size=3000)
    together = normal_propensity(mean, sd, candidates, action)
    for n in range(0, 3000, 97):
        alone = normal_propensity(mean[n : n + 1], sd[n : n + 1], candidates[n : n + 1], action[n : n + 1])
        np.testing.assert_allclose(together[n], alone[0], atol=1e-12, rtol=0)


class TestWhatDrawsDo:
    """300,000 draws of 4 arms: a propensity that is .01 off is found."""

    N = 300_000

    def check(self, draws, p):
        assert detectable_gap(self.N, looks=4) < 0.01
        proportions(np.bincount(draws.argmax(axis=1), minlength=p.size), p)

    def test_normal(self):
        mean, sd = np.array([0.0, 0.2, 0.3, 0.25]), np.array([1.0, 0.3, 1e-3, 0.0])
        self.check(np.random.default_rng(1).normal(mean, sd, (self.N, 4)), normal(mean, sd))

    def test_student(self):
        mean, scale, df = np.array([0.0, 0.2, 0.3, -2.0]), np.array([1.0, 0.3, 1e-3, 1.0]), np.array([12.0, 3, 50, 1])
        self.check(mean + scale * np.random.default_rng(2).standard_t(df, (self.N, 4)), student(mean, scale, df))

    def test_beta(self):
        wins, losses = np.array([1.0, 0.5, 30.0, 4000.0]), np.array([1.0, 0.7, 20.0, 3000.0])
        self.check(np.random.default_rng(3).beta(wins, losses, (self.N, 4)), beta(wins, losses))
