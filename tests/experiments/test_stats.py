"""Intervals over replications: the formula, their level when nothing is there, their power when something is."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from experiments.stats import summarise, t_table
from tests.stochastic import detectable_gap, same_mean

RUNS = 20_000


def intervals(values):
    """Mean, low and high, each (M,), of M experiments of n replications (M, n)."""
    M, n = values.shape
    frame = pl.DataFrame({"run": np.repeat(np.arange(M), n), "value": values.ravel()})
    table = summarise(frame, ["run"])
    assert table["run"].to_list() == list(range(M))
    return (table[name].to_numpy() for name in ("mean", "low", "high"))


def test_an_interval_by_hand():
    """1, 2, 6: mean 3, variance (4 + 1 + 9) / 2 = 7, t(0.975; 2) = 4.302653; half = 4.302653 · √(7 / 3) = 6.572409."""
    row = summarise(pl.DataFrame({"metric": ["m"] * 3, "value": [1.0, 2.0, 6.0]}), ["metric"]).row(0, named=True)
    half = 6.572409
    assert row == {
        "metric": "m",
        "mean": pytest.approx(3),
        "low": pytest.approx(3 - half, abs=1e-5),
        "high": pytest.approx(3 + half, abs=1e-5),
        "replications": 3,
    }


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40))
@settings(max_examples=50)
def test_intervals_equal_scipys(values):
    row = summarise(pl.DataFrame({"metric": "m", "value": values}), ["metric"]).row(0, named=True)
    t = stats.ttest_1samp(values, 0.0) if np.ptp(values) > 0 else None
    low, high = (np.mean(values),) * 2 if t is None else t.confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx((low, high), rel=1e-9, abs=1e-6)


def test_one_replication_has_a_mean_and_no_interval():
    table = summarise(pl.DataFrame({"metric": ["m"], "value": [2.0]}), ["metric"])
    assert table.row(0) == ("m", 2.0, None, None, 1)


def test_null_values_do_not_count():
    """a: 1 and 3 and a null are 2 ± 12.706 · √2/√2; b: nothing but nulls has no mean at all."""
    frame = pl.DataFrame({"metric": ["a", "a", "a", "b"], "value": [1.0, None, 3.0, None]})
    a, b = summarise(frame, ["metric"]).rows(named=True)
    assert (a["mean"], a["replications"]) == (2.0, 2)
    assert a["high"] == pytest.approx(2 + 12.7062, abs=1e-4)
    assert b == {"metric": "b", "mean": None, "low": None, "high": None, "replications": 0}


def test_groups_keep_their_order():
    frame = pl.DataFrame({"metric": ["z", "a", "z", "m", "a"], "value": [1.0, 2.0, 3.0, 4.0, 5.0]})
    assert summarise(frame, ["metric"])["metric"].to_list() == ["z", "a", "m"]


def test_the_quantiles_are_students():
    """t(0.975; 1) = 12.7062, t(0.975; 29) = 2.0452, as in any table."""
    table = t_table(30)["t"].to_list()
    assert table[0] is None
    assert table[1] == pytest.approx(12.7062, abs=1e-4)
    assert table[29] == pytest.approx(2.0452, abs=1e-4)


@pytest.mark.parametrize("n", [2, 5, 30])
def test_intervals_hold_their_level(n):
    """Of 20,000 experiments in which nothing is there, 95 % have an interval with 0 in it (0.04 off would be found)."""
    assert detectable_gap(RUNS) < 0.04
    _, low, high = intervals(np.random.default_rng(n).standard_normal((RUNS, n)))
    same_mean((low <= 0) & (high >= 0), 0.95)


def test_intervals_of_exposure_hold_their_level():
    """Not normal: totals of 50 users, each with a geometric number of bad recommendations. The level is still 95 %."""
    totals = np.random.default_rng(1).negative_binomial(50, 1 / 4, (RUNS, 30))
    _, low, high = intervals(totals.astype(np.float64))
    same_mean((low <= 150) & (high >= 150), 0.95)  # 50 · (1 − p) / p = 150


def test_an_effect_is_found_as_often_as_it_should_be():
    """Power of a two-sided t-test by the noncentral t: with n = 30 and an effect of 0.6 sd, 0.888."""
    n, effect = 30, 0.6
    t = stats.t.ppf(0.975, n - 1)
    power = stats.nct.sf(t, n - 1, effect * n**0.5) + stats.nct.cdf(-t, n - 1, effect * n**0.5)
    assert power == pytest.approx(0.888, abs=1e-3)
    _, low, high = intervals(np.random.default_rng(2).normal(effect, 1, (RUNS, n)))
    same_mean((low > 0) | (high < 0), power)


def test_pairs_are_narrower_by_the_luck_that_they_share():
    """Two policies with values luck + own, sd 3 and 1. A difference has variance 20 / n unpaired and 2 / n paired:
    the interval is √10 = 3.16 times narrower, and both hold their level.
    """
    rng = np.random.default_rng(3)
    luck = rng.normal(0, 3, (RUNS, 30))
    one, other = luck + rng.normal(0, 1, luck.shape), luck + rng.normal(0, 1, luck.shape)
    _, low, high = intervals(one - other)
    unpaired = luck + rng.normal(0, 1, luck.shape) - rng.permutation(other)
    _, wide_low, wide_high = intervals(unpaired)
    assert (wide_high - wide_low).mean() / (high - low).mean() == pytest.approx(10**0.5, rel=0.02)
    same_mean((low <= 0) & (high >= 0), 0.95)
    same_mean((wide_low <= 0) & (wide_high >= 0), 0.95)
