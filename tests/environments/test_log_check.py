"""Every finding of the check of a log: a log in which it is found, beside the clean one in which nothing is."""

import math

import numpy as np
import polars as pl
import pytest
from small_logs import ACTIONS, VISITS, checked, clean, said

from bandits.errors import InputError
from environments.log_check import Asked, check_log
from environments.log_check.cohorts import best_gap
from environments.log_check.sample_size import visits_per_action, visits_per_action_of_rates
from environments.log_check.statistics import bins, holm, ranks

N = VISITS
ROWS = np.arange(N)


def with_null(log, column, rows):
    return log.with_columns(
        pl.when(pl.int_range(pl.len()).is_in(rows)).then(None).otherwise(pl.col(column)).alias(column)
    )


def with_column(log, name, values):
    return log.with_columns(pl.Series(name, values))


def spoilt_tiny_probability(log):
    p = log["propensity"].to_numpy().copy()
    p[:3] = 1e-6
    return with_column(log, "propensity", p)


def never_to_the_old(log):
    jam = (log["action"] == "jam") & (log["cohort"] == "old")
    return log.filter(~jam)


SPOILT = {
    "an action is null": ("nulls", "forbids", "1 visit of 4,000", lambda log: with_null(log, "action", [7])),
    "a reward is null": ("nulls", "forbids", "2 visits of 4,000", lambda log: with_null(log, "reward", [7, 8])),
    "a propensity is null": ("nulls", "forbids", "1 visit of 4,000", lambda log: with_null(log, "propensity", [7])),
    "a feature is null": (
        "nulls",
        "warns",
        "x_device (25 %)",
        lambda log: with_null(log, "x_device", list(range(1000))),
    ),
    "a cohort is null": ("nulls", "warns", "cohort (under 0.1 %)", lambda log: with_null(log, "cohort", [3])),
    "rows are there twice": (
        "duplicates",
        "warns",
        "200 rows of 4,200 (4.76 %) repeat an earlier row",
        lambda log: pl.concat([log, log[:200]]),
    ),
    "a visit id is there twice": (
        "duplicates",
        "warns",
        "visit id",
        lambda log: with_column(log, "visit", np.minimum(ROWS, N - 2)),
    ),
    "a propensity is 0": (
        "propensities",
        "forbids",
        "1 propensity of 4,000 outside (0, 1], from 0 to 0",
        lambda log: with_column(log, "propensity", np.where(ROWS == 5, 0.0, log["propensity"])),
    ),
    "a propensity is above 1": (
        "propensities",
        "forbids",
        "outside (0, 1], from 10 to 40",
        lambda log: with_column(log, "propensity", 100 * log["propensity"].to_numpy()),
    ),
    "propensities are text": (
        "propensities",
        "forbids",
        "no numbers, but text such as 'high'",
        lambda log: with_column(log, "propensity", ["high"] * N),
    ),
    "propensities are too small": (
        "propensities",
        "forbids",
        "4 actions shown more often than the propensities allow",
        lambda log: with_column(log, "propensity", log["propensity"].to_numpy() * 0.8),
    ),
    "propensities are too large": (
        "propensities",
        "warns",
        "The mean weight 1/(K p) is 0.8",
        lambda log: with_column(log, "propensity", log["propensity"].to_numpy() * 1.25),
    ),
    "the policy was deterministic": (
        "propensities",
        "forbids",
        "4,000 of 4,000 propensities are 1",
        lambda log: with_column(log, "propensity", np.ones(N)),
    ),
    "few visits carry all weight": ("propensities", "warns", "effective visits", spoilt_tiny_probability),
    "propensities are missing and shares differ": (
        "propensities",
        "forbids",
        "The shares of actions are not equal in each cohort",
        lambda log: log.drop("propensity").with_columns(
            pl.when(pl.int_range(pl.len()) < 400).then(pl.lit("jam")).otherwise(pl.col("action")).alias("action")
        ),
    ),
    "propensities are all null": ("propensities", "warns", "is empty", lambda log: with_null(log, "propensity", ROWS)),
    "one action alone was shown": (
        "actions",
        "forbids",
        "One action alone was shown (tea)",
        lambda log: with_column(log, "action", ["tea"] * N),
    ),
    "a declared action was never shown": (
        "actions",
        "forbids",
        "1 action never shown: milk",
        lambda log: log.with_columns(pl.col("action").cast(pl.Enum([*ACTIONS, "milk"]))),
    ),
    "an available action was never shown": (
        "actions",
        "forbids",
        "1 action of those available never shown (4 were)",
        lambda log: log.with_columns(pl.Series("available", [[True] * 5] * N, dtype=pl.Array(pl.Boolean, 5))),
    ),
    "no action was shown often": (
        "actions",
        "forbids",
        "4,000 visits of 200 actions, each shown fewer than 30 times",
        lambda log: with_column(log, "action", ROWS % 200),
    ),
    "an action was hardly ever shown": (
        "actions",
        "warns",
        "1 action of 5 shown fewer than 30 times: milk (9)",
        lambda log: with_column(log, "action", np.where(ROWS % 450 == 0, "milk", log["action"])),
    ),
    "a cohort never met an action": (
        "overlap",
        "forbids",
        "1 pair of 8 never met, beyond luck: jam to old",
        never_to_the_old,
    ),
    "a tiny cohort missed an action by luck": (
        "overlap",
        "warns",
        "perhaps by luck, in rare (2 visits)",
        lambda log: with_column(log, "cohort", np.where(ROWS < 2, "rare", log["cohort"])),
    ),
    "a cohort is too small": (
        "cohorts",
        "warns",
        "1 cohort of 3 too small: rare (100)",
        lambda log: with_column(log, "cohort", np.where(ROWS % 40 == 0, "rare", log["cohort"])),
    ),
    "a feature is constant": ("features", "warns", "same value", lambda log: with_column(log, "x_zero", np.zeros(N))),
    "a feature is an id": (
        "features",
        "warns",
        "x_key",
        lambda log: with_column(log, "x_key", [f"u{i}" for i in ROWS]),
    ),
    "a feature is infinite": (
        "features",
        "warns",
        "infinite",
        lambda log: with_column(log, "x_far", np.where(ROWS == 3, np.inf, ROWS % 7)),
    ),
    "a feature is a list": ("features", "warns", "lists", lambda log: with_column(log, "x_list", [[1, 2]] * N)),
    "a feature is the reward": (
        "leaks",
        "forbids",
        "x_paid (AUC 1.000)",
        lambda log: with_column(log, "x_paid", 3 * log["reward"]),
    ),
    "a feature is the reward, upside down and noisy": (
        "leaks",
        "forbids",
        "x_paid (AUC 0.9",
        lambda log: with_column(log, "x_paid", -3 * log["reward"] + np.random.default_rng(1).normal(size=N)),
    ),
    "a feature of many values tells the reward in a zigzag": (
        "leaks",
        "forbids",
        "x_zig (AUC 1.000)",
        lambda log: with_column(log, "x_zig", 2 * (ROWS % 20) + log["reward"].to_numpy()),
    ),
    "a text tells the reward": (
        "leaks",
        "forbids",
        "x_note (AUC 1.000)",
        lambda log: with_column(
            log, "x_note", [f"{'sold' if r else 'sent'}{i % 9}" for i, r in enumerate(log["reward"])]
        ),
    ),
    "a value tells the cohort": (
        "leaks",
        "warns",
        "the cohort can be read: x_group",
        lambda log: with_column(log, "x_group", [f"{c[0]}{i % 3}" for i, c in enumerate(log["cohort"])]),
    ),
    "a threshold tells the cohort": (
        "leaks",
        "warns",
        "the cohort can be read: x_age",
        lambda log: with_column(log, "x_age", np.where(log["cohort"] == "old", 60.0, 20.0) + ROWS / N * 30),
    ),
    "a feature drifts": (
        "drift",
        "warns",
        "x_basket (PSI",
        lambda log: with_column(log, "x_basket", log["x_basket"].to_numpy() + ROWS / N),
    ),
    "a category drifts": (
        "drift",
        "warns",
        "x_device (PSI",
        lambda log: with_column(log, "x_device", np.where((ROWS > 3000) & (ROWS % 3 > 0), "watch", log["x_device"])),
    ),
    "rewards drift": (
        "drift",
        "warns",
        "within actions",
        lambda log: with_column(log, "reward", np.where((ROWS > 2000) & (ROWS % 5 == 0), 0, log["reward"])),
    ),
    "the time cannot be sorted": (
        "drift",
        "warns",
        "neither a number nor a date",
        lambda log: with_column(log, "time", ["1/2/2020"] * N),
    ),
    "actions drift and there are no propensities": (
        "drift",
        "warns",
        "shares of actions",
        lambda log: with_column(log.drop("propensity"), "action", np.where(ROWS > 3000, "jam", log["action"])),
    ),
    "rewards are text": (
        "rewards",
        "forbids",
        "no numbers, but text such as 'yes'",
        lambda log: with_column(log, "reward", ["1"] + ["yes"] * (N - 1)),
    ),
    "a reward is infinite": (
        "rewards",
        "forbids",
        "1 reward of 4,000 infinite",
        lambda log: with_column(log, "reward", np.where(ROWS == 3, np.inf, log["reward"])),
    ),
    "rewards are constant": (
        "rewards",
        "forbids",
        "Every reward is 2",
        lambda log: with_column(log, "reward", [2] * N),
    ),
    "rewards are rare": (
        "rewards",
        "warns",
        "20 of 4,000 visits brought 1 (0.5 % ± 0.11)",
        lambda log: with_column(log, "reward", (ROWS % 200 == 0).astype(int)),
    ),
    "few rewards carry the variance": (
        "rewards",
        "warns",
        "5 of 4,000 visits carry",
        lambda log: with_column(log, "reward", np.where(ROWS % 1000 == 7, 500, log["reward"])),
    ),
}


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("uniform", [False, True])
def test_in_a_clean_log_nothing_is_found(seed, uniform, tmp_path):
    report = checked(clean(seed, uniform=uniform), tmp_path)
    assert said(report) == []
    assert report.fit


@pytest.mark.parametrize("what", SPOILT)
def test_what_is_wrong_is_found(what, tmp_path):
    """Its clean twin has no such finding: see the test above."""
    check, severity, words, spoil = SPOILT[what]
    report = checked(spoil(clean(uniform=what.startswith("propensities are"))), tmp_path)
    assert any(words in line for line in said(report, check, severity)), said(report)
    assert report.fit == (not said(report, severity="forbids"))
    for finding in report.findings:
        assert finding.severity == "fine" or (finding.means and finding.do)


def test_without_propensities_equal_shares_leave_replay(tmp_path):
    """The law of `propensities are missing and shares differ` the other way round."""
    report = checked(clean(uniform=True).drop("propensity"), tmp_path)
    assert report.fit
    (line,) = said(report, "propensities", "warns")
    assert "look equal in each cohort" in line


def test_actions_that_drift_with_propensities_are_fine(tmp_path):
    """Shares .25 each, then .1 .2 .3 .4: the propensities say so, and the mean weight stays 1."""
    rng = np.random.default_rng(5)
    p = np.where(ROWS[:, None] > N // 2, [0.1, 0.2, 0.3, 0.4], [0.25] * 4)
    a = (rng.random((N, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    log = clean().with_columns(pl.Series("action", ACTIONS[a]), pl.Series("propensity", p[ROWS, a]))
    log = log.with_columns(pl.Series("reward", rng.integers(0, 2, N)))
    report = checked(log, tmp_path, gap=0.1)
    assert said(report) == []
    assert any("shares of actions" in f.seen for f in report.findings if f.check == "drift")


def test_equal_rows_of_few_values_are_no_copies(tmp_path):
    log = clean().select("action", "propensity", "reward", "x_new", "cohort")
    assert said(checked(log, tmp_path), "duplicates") == []


def test_time_orders_the_parts(tmp_path):
    """Rewards stop in the last part by time, whatever the order of rows; as a number, a date, or text of a date."""
    log = clean()
    log = log.with_columns(pl.when(pl.col("time") > 30).then(0).otherwise(pl.col("reward")).alias("reward"))
    days = [f"2026-01-{1 + i // 200:02d} 10:00" for i in ROWS]
    for kind in (
        log,
        with_column(log, "time", days),
        with_column(log, "time", days).with_columns(pl.col("time").str.to_datetime()),
    ):
        shuffled = kind.sample(fraction=1, shuffle=True, seed=3)
        assert any("reward (mean" in line for line in said(checked(shuffled, tmp_path), "drift"))


def test_permuting_rows_changes_nothing_but_drift(tmp_path):
    log = pl.concat([clean(3), clean(3)[:50]]).with_columns(pl.Series("x_paid", np.arange(N + 50) % 5))
    first = checked(log, tmp_path)
    second = checked(log.sample(fraction=1, shuffle=True, seed=9), tmp_path)
    assert [f for f in first.findings if f.check != "drift"] == [f for f in second.findings if f.check != "drift"]
    assert first.columns == second.columns


def test_sample_size_is_that_of_statsmodels():
    """.10 against .12, alpha .05 two-sided, power .8: 3,834.6 an arm (NormalIndPower)."""
    assert visits_per_action_of_rates(0.10, 0.12) == pytest.approx(3834.6, abs=0.05)


def test_sample_size_of_means():
    """2 (1.959964 + 0.841621)² · 10² / 4² = 2 · 7.848880 · 6.25 = 98.11."""
    assert visits_per_action(10, 4) == pytest.approx(98.111, abs=0.001)
    assert visits_per_action(10, 2) == pytest.approx(4 * visits_per_action(10, 4))


def test_the_best_action_is_judged_without_its_luck():
    """Two visits with 1, two with 0, mean .5: off ±.5, between 2 · 2 · .25 = 1, noise 0, so nothing is luck: .5.

    With 1 1 0 and 0 0 1: off ±1/6, between 6/36 = 1/6, total 6/4, noise (6/4 − 1/6) / 4 = 1/3 > 1/6: all is luck.
    """
    two, three = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1, 1, 1])
    assert best_gap(two, np.array([1.0, 1, 0, 0])) == pytest.approx(0.5)
    assert best_gap(three, np.array([1.0, 1, 0, 0, 0, 1])) == 0


def test_visits_needed_are_told(tmp_path):
    """A gap of 2, rewards of sd 10: 2 · 7.84888 · 25 = 392.4, so 4 · 393 = 1,572; a gap of 1: 4 · 1,570 = 6,280."""
    rewards = np.tile([-10.0, 10.0], N // 2)
    log = with_column(clean(), "reward", rewards * math.sqrt((N - 1) / N))
    assert said(checked(log, tmp_path, gap=2), "cohorts") == []
    (line,) = said(checked(log, tmp_path, gap=1), "cohorts")
    assert "6,280 visits are needed: 4 actions × 1,570, to find a gap of 1 (rewards ± 10;" in line


def test_without_a_gap_in_the_log_no_more_visits_are_asked_for_than_a_twentieth_of_the_deviation_takes(tmp_path):
    """2 · 7.84888 · 20² = 6,279.1 an action, where all actions have the same mean."""
    log = with_column(clean(), "action", ACTIONS[ROWS // 2 % 4])
    (line,) = said(checked(with_column(log, "reward", np.tile([-10.0, 10.0], N // 2)), tmp_path), "cohorts")
    assert "25,120 visits are needed: 4 actions × 6,280" in line


def test_holm_as_published():
    """The fact of Holm: .01 .04 .03 .005 become .03 .06 .06 .02."""
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_ranks_share_ties_and_bins_keep_them_together():
    values = np.array([3.0, 1, 3, np.nan])
    assert ranks(values).tolist() == [3.5, 2, 3.5, 1]
    assert bins(ranks(values), 3, 10).tolist() == [2, 1, 2, 0]
    assert np.bincount(bins(np.arange(1.0, 101), 100, 10)).tolist() == [10] * 10


def test_names_of_open_bandit_are_known(tmp_path):
    log = clean().rename(
        {"action": "item_id", "reward": "click", "propensity": "propensity_score", "time": "timestamp"}
    )
    report = checked(log, tmp_path)
    assert report.fit
    (line,) = [f.seen for f in report.findings if f.check == "columns"]
    assert "item_id is taken for the action, click is taken for the reward" in line
    roles = {column.name: column.role for column in report.columns}
    assert roles["propensity_score"] == "propensity"
    assert roles["x_new"] == "feature"


def test_a_table_says_its_types_and_what_is_missing(tmp_path):
    report = checked(with_null(clean(), "x_device", [1, 2]), tmp_path)
    device = next(column for column in report.columns if column.name == "x_device")
    assert (device.type, device.role, device.nulls, device.distinct) == ("String", "feature", 2, 3)


def test_without_names_that_begin_with_x_all_others_are_features(tmp_path):
    log = clean().rename({"x_new": "new", "x_basket": "basket", "x_device": "device"})
    report = checked(log, tmp_path)
    assert [c.name for c in report.columns if c.role == "feature"] == ["new", "basket", "device"]
    report = checked(log, tmp_path, features=("new",))
    assert {c.name: c.role for c in report.columns}["basket"] == "not used"


def test_columns_that_are_not_there_are_told_all_at_once(tmp_path):
    with pytest.raises(InputError) as error:
        checked(clean(), tmp_path, action="actoin", cohort="chort", features=("x_new", "x_baskt"))
    assert len(error.value.lines) == 3
    assert all("did you mean" in line for line in error.value.lines)


@pytest.mark.parametrize(
    "asked", [{"action": "reward"}, {"features": ("reward",)}, {"cohort": ""}, {"gap": 0.0}, {"gap": math.nan}]
)
def test_what_cannot_be_meant_is_refused(asked, tmp_path):
    with pytest.raises(InputError, match="must"):
        checked(clean(), tmp_path, **asked)


def test_parts_are_read_as_one_log(tmp_path):
    log, folder = clean(), tmp_path / "parts"
    folder.mkdir()
    log[:2500].write_parquet(folder / "part-00000.parquet")
    log[2500:].write_parquet(folder / "part-00001.parquet")
    assert check_log(str(folder), Asked()).findings == checked(log, tmp_path).findings
