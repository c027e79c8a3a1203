import hashlib
from collections import Counter

import numpy as np
import polars as pl
import pytest

from bandits import Random
from bandits.errors import InputError
from environments import open_bandit_files
from environments.open_bandit import OpenBandit
from environments.open_bandit_files import SHA256, SHIPPED, USER_FEATURES, fold, load, read, short
from experiments.runner import run_cell

CAMPAIGNS = {"all": 80, "men": 34, "women": 46}
each = pytest.mark.parametrize("campaign", CAMPAIGNS)


def served(environment, seed=1, replication=0):
    """All visits of a replication in one block."""
    return environment.open(seed, replication).next_block(1_000_000)


@each
def test_the_logs_are_what_they_are_said_to_be(campaign):
    """10,000 impressions of K items at three positions; with 1/K, or with propensities of their own."""
    K = CAMPAIGNS[campaign]
    for policy in ("random", "bts"):
        log = read(f"{policy}_{campaign}.parquet")
        assert len(log) == 10_000
        assert set(log["item_id"]) == set(range(K))
        assert set(log["position"]) == {1, 2, 3}
        assert set(log["click"]) == {0, 1}
        assert log["timestamp"].is_sorted()
        assert log.null_count().sum_horizontal().item() == 0
        p = log["propensity_score"].to_numpy()
        if policy == "random":
            np.testing.assert_allclose(p, 1 / K)
        else:
            assert 0 < p.min() < 1 / K < p.max() < 1
    assert read(f"items_{campaign}.parquet")["item_id"].sort().to_list() == list(range(K))


def test_every_shipped_file_is_known_and_documented():
    page = (SHIPPED.parent / "README.md").read_text()
    assert {path.name for path in SHIPPED.iterdir()} == set(SHA256)
    for name, digest in SHA256.items():
        assert hashlib.sha256((SHIPPED / name).read_bytes()).hexdigest() == digest
        assert f"| {name} |" in page
        assert digest in page


def test_a_damaged_or_missing_file_is_refused(tmp_path):
    name = "random_men.parquet"
    with pytest.raises(InputError, match="cannot be read"):
        read(name, tmp_path)
    (tmp_path / name).write_bytes((SHIPPED / name).read_bytes()[:-1])
    with pytest.raises(InputError, match="is damaged or was changed"):
        read(name, tmp_path)


@each
def test_every_impression_is_a_visit_with_the_reward_of_what_was_shown(campaign):
    """Row by row, in the order of the log."""
    log = read(f"random_{campaign}.parquet")
    visits = served(OpenBandit(campaign=campaign, order="log"))
    assert visits.time.tolist() == list(range(10_000))
    due = np.full(visits.rewards.shape, np.nan)
    for n, (item, click) in enumerate(log.select("item_id", "click").iter_rows()):
        due[n, item] = click
    np.testing.assert_array_equal(visits.rewards, due)


@each
@pytest.mark.parametrize("feature", USER_FEATURES)
def test_cohorts_are_values_of_a_feature_and_large_enough(campaign, feature):
    """By a slow count; the rare values are one cohort, "other", and every cohort has at least 100 impressions."""
    environment = OpenBandit(campaign=campaign, cohort=feature)
    rows = Counter(text[:4] + "…" for text in read(f"random_{campaign}.parquet")[feature])
    shares = {cohort.key: cohort.share * 10_000 for cohort in environment.about.cohorts}
    assert all(shares[key] == pytest.approx(rows[key]) for key in shares if key != "other")
    assert shares["other"] == pytest.approx(sum(count for key, count in rows.items() if key not in shares))
    assert min(shares.values()) >= 100
    assert environment.problem.cohorts == tuple(shares)


def test_visitors_and_items_have_the_features_of_the_files():
    environment = OpenBandit(order="log")
    visits, problem = served(environment), environment.problem
    log, items = read("random_men.parquet"), read("items_men.parquet").sort("item_id")
    column = dict(zip(problem.features, visits.x.T, strict=True))
    np.testing.assert_array_equal(column["position=2"], log["position"].to_numpy() == 2)
    texts = log["user_feature_2"].to_list()
    np.testing.assert_array_equal(column["user_feature_2=7bc9…"], [text.startswith("7bc9") for text in texts])
    item = dict(zip(problem.action_features, visits.z.T, strict=True))
    number = items["item_feature_0"].to_numpy()
    np.testing.assert_allclose(item["item_feature_0"], (number - number.mean()) / number.std())
    texts = items["item_feature_2"].to_list()
    np.testing.assert_array_equal(item["item_feature_2=eb6f…"], [text.startswith("eb6f") for text in texts])
    assert not any("affinity" in name for name in (*problem.features, *problem.action_features))


def test_who_writes_to_what_it_is_shown_changes_no_other_world():
    environment = OpenBandit()
    first = served(environment)
    kept = {name: getattr(first, name).copy() for name in ("x", "z", "rewards", "expected", "welfare")}
    for name in kept:
        getattr(first, name)[:] = 7.0
    again = served(environment)
    for name, array in kept.items():
        np.testing.assert_array_equal(getattr(again, name), array)


def test_expected_rewards_are_one_estimate_a_cohort():
    """Every cell lies between the mean of all and its own share of clicks, as its cohort and item draw it."""
    log, keys = load("all", "user_feature_1")
    visits = served(OpenBandit(campaign="all", order="log"))
    for c in range(len(keys)):
        np.testing.assert_array_equal(np.unique(visits.expected[visits.cohort == c], axis=0), log.estimates.mean[[c]])
    assert (visits.welfare == 0).all()
    items = (
        read("random_all.parquet").group_by("item_id").agg(pl.col("click").mean()).sort("item_id")["click"].to_numpy()
    )
    order = np.argsort(log.estimates.mean[0])
    assert items[order[-1]] == items.max()
    assert items[order[0]] == 0


@each
def test_readers_are_told_how_few_clicks_there_are(campaign):
    environment = OpenBandit(campaign=campaign)
    log = read(f"random_{campaign}.parquet")
    K, clicks, notes = CAMPAIGNS[campaign], log["click"].sum(), " ".join(environment.about.notes)
    assert f"10,000 impressions of {K} items, {clicks} clicks in all" in notes
    assert f"about {10_000 / K:.0f} count in a run" in notes
    assert f"a total reward of about {clicks / K:.3g} for one that shows actions at random" in notes
    assert "CC BY 4.0" in notes
    assert "Saito, Aihara, Matsutani and Narita 2021" in notes
    assert environment.about.estimated
    assert environment.about.bad_means == ""


def test_a_tenth_of_the_log_is_a_tenth_of_the_visits():
    """1,000 of 10,000 impressions; 1 in 34 of 1,000 is 29, and more than 70 or fewer than 3 come once in 1e9 runs."""
    curves = run_cell(OpenBandit(horizon=1_000), Random(), 1, 0).curves.filter(cohort="all")
    assert curves["time"].max() == 1_000
    assert 3 <= curves["visits"].max() <= 70


def test_a_horizon_beyond_the_log_is_refused():
    with pytest.raises(InputError, match="horizon: must be at most 10000, the events of the log, got 10001"):
        OpenBandit(horizon=10_001)


def test_short_names_tell_hashes_apart():
    assert short(["abcdef", "abzzzz", "abcdef"]) == ["abcd…", "abzz…", "abcd…"]
    assert short(["abcdef", "abcdzz"]) == ["abcde…", "abcdz…"]


def test_rare_values_are_folded_until_they_are_enough_together():
    """2 and 3 rows are fewer than 4, together enough. Alone, 2 take the next rarest along; the commonest stays."""
    assert fold([*"aaaaaaaabbbccdddd"], 4) == [*"aaaaaaaa", *["other"] * 5, *"dddd"]
    assert fold([*"aaaaaaccdddd"], 4) == [*"aaaaaa", *["other"] * 6]
    assert fold([*"aaaaaacc"], 4) == [*"aaaaaa", "other", "other"]
    assert fold([*"aaaadddd"], 4) == [*"aaaadddd"]


def test_item_features_are_those_of_the_campaign():
    names, z = open_bandit_files.item_features(read("items_men.parquet").sort("item_id"))
    assert z.shape == (34, len(names))
    assert names[0] == "constant"
    assert np.linalg.matrix_rank(z) == len(names)
