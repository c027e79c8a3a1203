"""What a result gives: frames that agree with each other, and with the cells that they were made of."""

import math

import numpy as np
import polars as pl
import pytest
from scipy import stats

from bandits import Always, Nothing, Oracle, PerCohort, PersonaOracle, Random
from bandits.errors import InputError
from environments import ClothingReviews, Storefront
from experiments import Experiment, Result, run
from experiments.ledger import CURVES, USERS, checkpoints
from experiments.manifest import manifest_of
from experiments.runner import run_cell

REPLICATIONS = 6
SHOP = {"customers": 60, "days": 40, "labelled": 0}


@pytest.fixture(scope="module")
def experiment():
    return Experiment(
        name="small",
        environments=[
            Storefront.load("acme", objective="long_term", **SHOP, name="shop"),
            ClothingReviews(horizon=300, name="clothes"),
        ],
        policies=[Random(), Nothing(), Oracle(), Always(0)],
        replications=REPLICATIONS,
        seed=5,
        only={"Always(action=0)": ["shop"]},
    )


@pytest.fixture(scope="module")
def result(experiment):
    return run(experiment)


def values_of(result, **where):
    return result.metrics().filter(**where)["value"].to_numpy()


def test_the_frames_have_the_columns_that_are_promised(result):
    keys = ["environment", "policy", "replication", "cohort"]
    assert result.summary().columns == [
        "environment",
        "policy",
        "cohort",
        "metric",
        "mean",
        "low",
        "high",
        "replications",
    ]
    assert result.metrics().columns == [*keys, "metric", "value"]
    assert result.curves().columns[:5] == [*keys, "visits"]
    assert set(result.curves().columns) == set(keys) | set(CURVES)
    assert result.users().columns == ["environment", "policy", "replication", *USERS]
    assert result.differences("Random").columns == [
        "environment", "policy", "reference", "cohort", "metric", "mean", "low", "high", "replications",
    ]  # fmt: skip
    bands = [f"{column}_{end}" for column in ("bad", "regret", "lost") for end in ("low", "high")]
    assert set(result.mean_curves().columns) == {"environment", "policy", *CURVES, *bands}


def test_the_frames_hold_the_books_of_each_cell(result, experiment):
    shop = experiment.environments[0]
    books = run_cell(shop, Random(), 5, 3)
    own = {"environment": "shop", "policy": "Random", "replication": 3}
    assert result.curves().filter(**own).select(CURVES).equals(books.curves)
    assert result.users().filter(**own).select(USERS).equals(books.users)


def test_every_cell_has_a_row_a_cohort_and_checkpoint(result):
    shop = result.curves().filter(environment="shop", policy="Oracle", replication=0)
    assert shop["cohort"].unique().sort().to_list() == ["all", "harmony", "luke", "tianqi"]
    assert shop.filter(cohort="luke")["time"].to_list() == checkpoints(SHOP["days"]).tolist()
    clothes = result.curves().filter(environment="clothes", policy="Oracle", replication=0, cohort="all")
    assert clothes["time"].to_list() == clothes["visits"].to_list() == checkpoints(300).tolist()


def test_columns_that_a_world_does_not_have_are_null(result):
    clothes = result.curves().filter(environment="clothes")
    absent = {name for name in CURVES if clothes[name].null_count() == len(clothes)}
    outcomes = {"welfare", "purchases", "revenue", "margin", "returns", "regretted", "irritated", "organic"}
    assert absent == outcomes | {"lost", "churned", "satisfaction"}
    shop = result.curves().filter(environment="shop")
    assert shop.select(CURVES).null_count().sum_horizontal().item() == 0


def test_the_summary_is_the_mean_and_the_interval_of_the_metrics(result):
    where = {"environment": "shop", "policy": "Random", "cohort": "all", "metric": "bad_per_customer"}
    values = values_of(result, **where)
    assert len(values) == REPLICATIONS
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    row = result.summary().filter(**where).row(0, named=True)
    assert row == where | {
        "mean": pytest.approx(values.mean()),
        "low": pytest.approx(low),
        "high": pytest.approx(high),
        "replications": REPLICATIONS,
    }


def test_metrics_at_the_end_are_the_last_page_of_the_curves(result):
    own = {"environment": "shop", "policy": "Always(action=0)", "replication": 2, "cohort": "tianqi"}
    last = result.curves().filter(**own).row(-1, named=True)
    metrics = {row["metric"]: row["value"] for row in result.metrics().filter(**own).to_dicts()}
    assert last["time"] == SHOP["days"]
    assert {name: metrics[name] for name in CURVES[2:]} == {name: last[name] for name in CURVES[2:]}


def test_users_add_up_to_their_cohort(result):
    keys = ["environment", "policy", "replication", "cohort"]
    sums = result.users().group_by(keys).agg(pl.col("visits", "bad", "lost").sum(), pl.len().alias("users"))
    ends = result.curves().filter(environment="shop", time=SHOP["days"]).select(*keys, "visits", "bad", "lost")
    both = ends.join(sums, on=keys, suffix="_of_users")
    assert len(both) == 4 * REPLICATIONS * 3
    for name in ("visits", "bad", "lost"):
        assert (both[name] == both[f"{name}_of_users"]).all()
    shares = both.filter(policy="Random", replication=0)
    assert dict(zip(shares["cohort"], shares["users"], strict=True)) == {"luke": 4, "harmony": 36, "tianqi": 20}


def test_differences_are_of_pairs(result):
    where = {"environment": "shop", "cohort": "all", "metric": "value_per_customer"}
    gaps = values_of(result, policy="Oracle", **where) - values_of(result, policy="Nothing", **where)
    row = result.differences("Nothing").filter(policy="Oracle", **where).row(0, named=True)
    low, high = stats.ttest_1samp(gaps, 0).confidence_interval(0.95)
    assert (row["mean"], row["low"], row["high"]) == pytest.approx((gaps.mean(), low, high))
    assert row["reference"] == "Nothing"


def test_luck_that_is_shared_makes_differences_narrower(result):
    """Money a customer depends on who happens to visit; between two policies most of that cancels."""
    where = {"environment": "shop", "cohort": "all", "metric": "organic"}
    pair = [values_of(result, policy=policy, **where) for policy in ("Random", "Nothing")]
    unpaired = math.sqrt(sum(values.var(ddof=1) for values in pair) / REPLICATIONS)
    paired = (pair[0] - pair[1]).std(ddof=1) / math.sqrt(REPLICATIONS)
    row = result.differences("Nothing").filter(policy="Random", **where).row(0, named=True)
    t = stats.t.ppf(0.975, REPLICATIONS - 1)
    assert row["high"] - row["low"] == pytest.approx(2 * t * paired)
    assert paired < unpaired


def test_a_policy_differs_only_where_both_ran(result):
    gaps = result.differences("Always(action=0)")
    assert gaps["environment"].unique().to_list() == ["shop"]
    assert "Always(action=0)" not in gaps["policy"].to_list()


def test_the_oracle_has_no_regret_and_no_excess(result):
    for metric in ("regret", "excess_regret", "excess_bad"):
        assert set(values_of(result, policy="Oracle", cohort="all", metric=metric)) == {0.0}
    assert min(values_of(result, policy="Random", cohort="all", metric="excess_regret")) > 0


def test_the_manifest_says_who_is_told_what_to_expect_wrapped_or_not():
    shop = Storefront.load("acme", objective="long_term", **SHOP, observe_persona=True)
    policies = [
        Random(),
        Oracle(),
        PerCohort(Oracle(), name="wrapped"),
        PerCohort(Random(), name="no oracle"),
        PersonaOracle(),
    ]
    manifest = manifest_of(Experiment(name="who", environments=[shop], policies=policies, replications=1), [])
    informed = {policy["label"]: policy["informed"] for policy in manifest["policies"]}
    assert informed == {"Random": False, "Oracle": True, "wrapped": True, "no oracle": False, "PersonaOracle": True}


def test_mean_curves_average_over_replications(result):
    where = {"environment": "clothes", "policy": "Random", "cohort": "60+"}
    curves = result.curves().filter(**where)
    mean = result.mean_curves().filter(**where)
    grid = curves["regret"].to_numpy().reshape(REPLICATIONS, -1)
    assert mean["regret"].to_numpy() == pytest.approx(grid.mean(axis=0))
    half = stats.t.ppf(0.975, REPLICATIONS - 1) * grid.std(axis=0, ddof=1) / math.sqrt(REPLICATIONS)
    assert mean["regret_high"].to_numpy() == pytest.approx(grid.mean(axis=0) + half)
    assert mean["regret_low"].to_numpy() == pytest.approx(grid.mean(axis=0) - half)
    assert mean["satisfaction"].null_count() == len(mean)


def test_one_replication_has_no_intervals(experiment):
    once = run(Experiment(name="once", environments=experiment.environments[:1], policies=[Random()], replications=1))
    summary = once.summary()
    assert summary["low"].null_count() == summary["high"].null_count() == len(summary)
    assert once.complete


def test_an_unknown_reference_is_refused_in_one_line(result):
    with pytest.raises(InputError, match=r"unknown policy 'Rondom' \(known: .*\); did you mean 'Random'\?"):
        result.differences("Rondom")


def test_a_loaded_result_equals_the_one_in_memory(result, experiment, tmp_path):
    run(experiment, out=tmp_path / "small")
    loaded = Result.load(tmp_path / "small")
    for frame in ("summary", "curves", "users", "mean_curves", "metrics"):
        assert getattr(loaded, frame)().equals(getattr(result, frame)())
    assert loaded.differences("Random").equals(result.differences("Random"))
    assert loaded.complete


def test_who_gets_hurt_under_random_is_told_by_cohort(result):
    """The worst cohort's exposure is the largest of the cohorts', replication by replication."""
    own = {"environment": "shop", "policy": "Random"}
    cohorts = [values_of(result, **own, cohort=key, metric="bad_per_customer") for key in ("luke", "harmony", "tianqi")]
    worst = values_of(result, **own, cohort="all", metric="worst_cohort_bad")
    assert worst == pytest.approx(np.max(cohorts, axis=0))
