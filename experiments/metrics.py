"""The metrics of a replication, from what the ledger holds. Every definition, with its equation: docs/metrics.md."""

from __future__ import annotations

import polars as pl

KEYS = ["environment", "policy", "replication", "cohort"]
TAIL = 0.05
CLOSING = (
    "visits", "lost", "reward", "regret", "user_regret", "welfare", "bad", "harm", "purchases", "revenue", "margin",
    "returns", "regretted", "irritated", "nothing", "churned", "satisfaction", "organic",
)  # fmt: skip


def per_replication(
    curves: pl.DataFrame, cohorts: pl.DataFrame, users: pl.DataFrame, horizons: dict[str, int], oracles: list[str]
) -> pl.DataFrame:
    """All metrics, a row a (environment, policy, replication, cohort, metric).

    Args:
        curves: as `Result.curves()`.
        cohorts: columns KEYS, customers, first_visits, first_bad, signal.
        users: as `Result.users()`.
        horizons: of each environment, in clock units.
        oracles: labels of the policies that are oracles.
    """
    closing = curves.group_by(KEYS, maintain_order=True).last()
    wide = closing.select(*KEYS, *CLOSING).join(cohorts, on=KEYS, how="left", maintain_order="left")
    wide = wide.join(_of_users(users), on=KEYS, how="left", maintain_order="left")
    wide = wide.with_columns(_ratios(horizons))
    heads = pl.when(pl.col("customers").is_null()).then(pl.col("bad_per_visit")).otherwise(pl.col("bad_per_customer"))
    wide = _excess(wide.with_columns(heads=heads), oracles)
    group = ["environment", "policy", "replication"]
    worst = wide.filter(pl.col("cohort") != "all").group_by(group).agg(worst_cohort_bad=pl.col("heads").max())
    wide = wide.join(worst.with_columns(cohort=pl.lit("all")), on=KEYS, how="left", maintain_order="left")
    wide = wide.drop("heads", "first_visits", "first_bad", "signal")
    numbers = [name for name in wide.columns if name not in KEYS]
    wide = wide.with_columns(pl.col(numbers).cast(pl.Float64).fill_nan(None))
    values = wide.unpivot(numbers, index=KEYS, variable_name="metric", value_name="value")
    return values.filter((pl.col("metric") != "worst_cohort_bad") | (pl.col("cohort") == "all"))


def _ratios(horizons: dict[str, int]) -> list[pl.Expr]:
    def per(total: str, base: str) -> pl.Expr:
        return pl.when(pl.col(base) > 0).then(pl.col(total) / pl.col(base))

    horizon = pl.col("environment").replace_strict(horizons, return_dtype=pl.Int64)
    declared = pl.col("bad").is_not_null()  # else the world does not say what is bad
    return [
        per("bad", "visits").alias("bad_per_visit"),
        per("bad", "customers").alias("bad_per_customer"),
        per("first_bad", "first_visits").alias("bad_first_100"),
        pl.when(declared).then(pl.col("signal").fill_null(horizon)).alias("days_to_signal"),
        pl.when(declared).then(pl.col("signal").is_not_null().cast(pl.Float64)).alias("signal_reached"),
        per("churned", "customers").alias("churn"),
        (pl.col("lost") / (pl.col("lost") + pl.col("visits"))).alias("lost_share"),
        per("reward", "visits").alias("reward_per_visit"),
        per("regret", "visits").alias("regret_per_visit"),
        per("user_regret", "visits").alias("user_regret_per_visit"),
        per("welfare", "visits").alias("welfare_per_visit"),
        per("revenue", "visits").alias("basket"),
        per("returns", "purchases").alias("return_rate"),
        per("returns", "visits").alias("returns_per_visit"),
        per("regretted", "purchases").alias("regret_rate_buyers"),
        ((pl.col("margin") + pl.col("organic")) / pl.col("customers")).alias("value_per_customer"),
    ]


def _of_users(users: pl.DataFrame) -> pl.DataFrame:
    """What is told by user, a row a cohort; of the worst-off `TAIL`, the user on the boundary counts in part."""
    group = ["environment", "policy", "replication"]
    both = pl.concat([users, users.with_columns(cohort=pl.lit("all"))])
    worst = pl.col("bad").sort(descending=True).cast(pl.Float64)
    weight = (pl.lit(TAIL, pl.Float64) * pl.len() - pl.int_range(pl.len()).cast(pl.Float64)).clip(0.0, 1.0)
    return both.group_by([*group, "cohort"], maintain_order=True).agg(
        bad_first_30_days=pl.col("bad_first_30_days").mean(),
        cvar95_bad=pl.when(pl.col("bad").is_not_null().all()).then((worst * weight).sum() / weight.sum()),
        longest_streak=pl.col("streak").mean(),
    )


def _excess(wide: pl.DataFrame, oracles: list[str]) -> pl.DataFrame:
    """Add by how much each policy exceeds the oracle of the same environment and replication."""
    pairs = {"excess_bad": "heads", "excess_regret": "regret_per_visit", "excess_value": "value_per_customer"}
    index = ["environment", "replication", "cohort"]
    oracle = wide.filter(pl.col("policy").is_in(oracles)).group_by(index).first()
    oracle = oracle.select(*index, *(pl.col(own).alias(name) for name, own in pairs.items()))
    joined = wide.join(oracle, on=index, how="left", maintain_order="left")
    return joined.with_columns([(pl.col(own) - pl.col(name)).alias(name) for name, own in pairs.items()])
