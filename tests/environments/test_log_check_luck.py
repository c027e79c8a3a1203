"""How often the check of a log speaks of a log in which all is well, and how surely of one in which it is not."""

import collections

import numpy as np
import polars as pl
import pytest
from scipy import stats
from small_logs import checked, clean, said

from environments.log_check.finding import ALARM

pytestmark = pytest.mark.slow

LOGS = 200
FALSE_ALARM = 1e-9
STATISTICAL = ("propensities", "overlap", "leaks", "drift")


def most_alarms(logs):
    """A check with the stated rate exceeds this in one of 1e9 runs."""
    return int(stats.binom.isf(FALSE_ALARM, logs, ALARM))


def count_alarms(logs, make, folder):
    alarms = collections.Counter()
    for seed in range(logs):
        report = checked(make(seed), folder)
        alarms.update({check for check in STATISTICAL if said(report, check)})
    return alarms


def test_the_gap_that_the_counts_below_can_find():
    """P(Binomial(200, .1) > 7) > .99."""
    assert most_alarms(LOGS) == 7
    assert stats.binom.sf(most_alarms(LOGS), LOGS, 0.1) > 0.99


def test_clean_logs_raise_no_more_alarms_than_stated(tmp_path):
    """Unequal propensities with many features, so that corrections matter."""

    def make(seed):
        rng = np.random.default_rng([seed, 1])
        return clean(seed, 600).with_columns(
            *(pl.Series(f"x_{i}", rng.normal(size=600)) for i in range(6)),
            pl.Series("x_rare", (rng.random(600) < 0.02).astype(int)),
            pl.Series("x_town", rng.integers(0, 40, 600).astype(str)),
        )

    alarms = count_alarms(LOGS, make, tmp_path)
    assert all(alarms[check] <= most_alarms(LOGS) for check in STATISTICAL), alarms


def test_clean_logs_with_rare_rewards_raise_no_more_alarms_than_stated(tmp_path):
    """Six rewards in 600 visits: what tells them well may do so by luck."""

    def make(seed):
        rng = np.random.default_rng([seed, 2])
        log = clean(seed, 600, uniform=True).with_columns(
            pl.Series("reward", (rng.random(600) < 0.01).astype(int)),
            *(pl.Series(f"x_{i}", rng.integers(0, 1 + 3 * i, 600)) for i in range(1, 7)),
        )
        return log.with_columns(pl.when(pl.int_range(pl.len()) < 1).then(1).otherwise(pl.col("reward")).alias("reward"))

    alarms = count_alarms(LOGS, make, tmp_path)
    assert all(alarms[check] <= most_alarms(LOGS) for check in STATISTICAL), alarms


def test_uniform_logs_without_propensities_are_taken_for_uniform(tmp_path):
    """They warn, since nothing proves it; they forbid no more often than stated."""
    reports = [checked(clean(seed, 400, uniform=True).drop("propensity"), tmp_path) for seed in range(LOGS)]
    assert sum(not report.fit for report in reports) <= most_alarms(LOGS)


def test_a_cohort_that_missed_an_action_by_luck_is_not_taken_for_one_that_never_met_it(tmp_path):
    """A cohort of 30 visits misses an action of share .1 with probability .9^30 = 4 %, and so in some of these logs."""

    def make(seed):
        log = clean(seed, 600)
        return log.with_columns(pl.Series("cohort", np.where(np.arange(600) < 30, "rare", log["cohort"].to_numpy())))

    reports = [checked(make(seed), tmp_path) for seed in range(LOGS)]
    assert sum(bool(said(report, "overlap", "warns")) for report in reports) > 0
    assert sum(bool(said(report, "overlap", "forbids")) for report in reports) <= most_alarms(LOGS)
