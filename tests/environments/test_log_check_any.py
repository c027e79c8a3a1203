"""Whatever a table holds, it is judged or refused: no exception of ours, and no warning of a library's."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from small_logs import checked

from bandits.errors import InputError

START = dt.datetime(2026, 1, 1)  # noqa: DTZ001  a log's own clock
KINDS = {
    "few": lambda rng, n: rng.integers(0, 3, n),
    "huge": lambda rng, n: rng.integers(-(10**18), 10**18, n),
    "real": lambda rng, n: rng.normal(size=n),
    "not finite": lambda rng, n: rng.choice([np.nan, np.inf, -np.inf, 0.0, 1.0], n),
    "extreme": lambda rng, n: rng.choice([1e308, -1e308, 5e-324], n),
    "probable": lambda rng, n: rng.choice([0.5, 0.25, 1.0, 0.0], n),
    "null": lambda rng, n: [None] * n,
    "lists": lambda rng, n: [["a"]] * n,
    "yes-no lists": lambda rng, n: [[True, False, True]] * n,
    "structs": lambda rng, n: [{"a": 1}] * n,
    "bytes": lambda rng, n: [b"x"] * n,
    "text": lambda rng, n: rng.choice(["a", "", "é"], n),
    "all different": lambda rng, n: [str(i) for i in range(n)],
    "yes-no": lambda rng, n: rng.integers(0, 2, n).astype(bool),
    "dates": lambda rng, n: [(START + dt.timedelta(days=i)).date() for i in range(n)],
    "times": lambda rng, n: [START + dt.timedelta(seconds=int(i)) for i in rng.integers(0, 9, n)],
    "categories": lambda rng, n: pl.Series(rng.choice(["p", "q"], n)).cast(pl.Categorical),
}
OPTIONAL = ("propensity", "cohort", "time", "visit", "available", "x_a", "x_b", "x_c")


def any_column(rng, n):
    values = pl.Series(KINDS[rng.choice(list(KINDS))](rng, n))
    holes = pl.Series(rng.random(n) < rng.choice([0, 0.2]))
    return pl.select(pl.when(holes).then(None).otherwise(values)).to_series()


@pytest.mark.parametrize("n", [1, 2, 3, 60, 200])
def test_any_table_is_judged_or_refused(n, tmp_path):
    judged = 0
    for seed in range(12):
        rng = np.random.default_rng([n, seed])
        names = ("action", "reward", *(name for name in OPTIONAL if rng.random() < 0.7))
        try:
            report = checked(pl.DataFrame({name: any_column(rng, n) for name in names}), tmp_path)
        except InputError:
            continue
        judged += 1
        assert report.visits == n
    assert judged > 0
