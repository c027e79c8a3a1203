"""Intervals over replications.

    mean ± t(n − 1) · s / √n,  95 %

Replications are independent, and paired by their luck, so that a difference between policies is the mean of the
differences within replications.
"""

from __future__ import annotations

import polars as pl

LEVEL = 0.95


def t_table(largest: int) -> pl.DataFrame:
    """Quantiles of Student's t for up to `largest` replications (null for one: no interval)."""
    from scipy.stats import t  # noqa: PLC0415  half a second, and only summaries need it

    quantiles = [None, *(float(t.ppf((1 + LEVEL) / 2, n - 1)) for n in range(2, largest + 1))]
    return pl.DataFrame(
        {"replications": list(range(1, largest + 1)), "t": quantiles},
        schema={"replications": pl.UInt32, "t": pl.Float64},
    )


def summarise(values: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Mean and 95 % interval of the column `value` over replications; null values do not count.

    Args:
        values: columns `by`, replication, value.
        by: what to keep apart.

    Returns:
        Columns `by`, mean, low, high, replications; in the order in which groups appear.
    """
    grouped = values.group_by(by, maintain_order=True).agg(
        mean=pl.col("value").mean(),
        sd=pl.col("value").std(),
        replications=pl.col("value").count(),
    )
    largest = max(1, int(grouped.select(pl.col("replications").max()).item() or 1))
    half = pl.col("t") * pl.col("sd") / pl.col("replications").sqrt()
    return (
        grouped.with_columns(pl.col("replications").cast(pl.UInt32))
        .join(t_table(largest), on="replications", how="left", maintain_order="left")
        .with_columns(low=pl.col("mean") - half, high=pl.col("mean") + half)
        .select(*by, "mean", "low", "high", "replications")
    )
