"""The few tests that the checks share, on arrays."""

from __future__ import annotations

import math

import numpy as np

from bandits.protocol import Floats, Ints


def two_sided(z: Floats) -> Floats:
    """P values of z-scores."""
    from scipy.special import ndtr  # noqa: PLC0415  heavy: imported where it is used

    return 2 * np.asarray(ndtr(-np.abs(z)), dtype=np.float64)


def chi_square(statistic: float, freedom: int) -> float:
    """P value of a χ² statistic."""
    from scipy.special import chdtrc  # noqa: PLC0415  heavy: imported where it is used

    return float(chdtrc(freedom, statistic)) if freedom > 0 else 1.0


def holm(p: Floats, *, comparisons: int | None = None) -> Floats:
    """P values, corrected for how many there are: the i-th smallest of n becomes max_{j ≤ i} min(1, (n − j + 1) p_(j)).

    Args:
        p: of the tests that were made.
        comparisons: n, if it is more than these.

    Source: Holm 1979.
    """
    order = np.argsort(p, kind="stable")
    n = max(len(p), comparisons or 0)
    corrected = np.maximum.accumulate(np.minimum(1.0, p[order] * (n - np.arange(len(p)))))
    result = np.empty(len(p))
    result[order] = corrected
    return result


def ranks(values: Floats) -> Floats:
    """Ranks (N,) from 1, ties sharing their mean; what is no number comes first."""
    import polars as pl  # noqa: PLC0415  heavy: imported where it is used

    return pl.Series(np.nan_to_num(values, nan=-np.inf, posinf=np.inf, neginf=-np.inf)).rank().to_numpy()


def bins(rank: Floats, distinct: int, most: int) -> Ints:
    """Bins (N,) by rank: one a value if there are at most `most`, else `most` of equal size; ties share a bin."""
    if distinct <= most:
        return np.searchsorted(np.unique(rank), rank).astype(np.int64)
    return np.minimum(most * rank / (len(rank) + 1), most - 1).astype(np.int64)


def correlation(x: Floats, y: Floats) -> float:
    """Pearson's; 0 where one does not vary."""
    x, y = x - x.mean(), y - y.mean()
    size = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / size if size > 0 else 0.0
