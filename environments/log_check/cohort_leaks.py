"""Features that know the cohort."""

from __future__ import annotations

import math

import numpy as np

from bandits.protocol import Floats, Ints
from environments.log_check.finding import ALARM, Finding, count, fine, listed, warns
from environments.log_check.log import Log, coded, numbers

MOST_VALUES = 100
"""A feature with more different values, as one that is constant for each user, tells cohorts only by heart."""

SMALLEST = 1e-300


def find_cohort_leaks(log: Log) -> list[Finding]:
    """Features from which the cohort can be read: each value, or each stretch between thresholds, has one cohort."""
    cohorts = log.cohorts
    if cohorts is None or len(cohorts.names) < 2:  # noqa: PLR2004  there must be several
        return []
    features = [name for name in log.telling if name != log.roles.cohort]
    bar = math.log(ALARM / (2 * max(len(features), 1)))
    telling = [name for name in features if _by_chance(log, name, cohorts.codes) < bar]
    if log.roles.cohort in log.roles.features:
        telling.append(str(log.roles.cohort))
    if not telling:
        return [fine("leaks", "No feature determines the cohort by itself.")] if features else []
    return [
        warns(
            "leaks",
            f"{count(len(telling), 'feature')} from which the cohort can be read: {listed(telling)}.",
            "A policy that sees it is told the cohort, whatever its own settings say; a comparison with policies that "
            "must infer the cohort is not what it seems.",
            "That is right if it is so in production. Else leave it out.",
        )
    ]


def _by_chance(log: Log, name: str, c: Ints) -> float:
    """Log of how likely the feature tells the cohorts c (N,) by chance as well as it does; 0 if it does not."""
    column, least = log.frame[name], 0.0
    values = numbers(column)
    if values is not None:
        rows = (c >= 0) & ~np.isnan(values)
        least = _by_threshold(values[rows], c[rows])
    if log.distinct(name) <= MOST_VALUES:
        codes = coded(column).codes
        rows = (c >= 0) & (codes >= 0)
        least = min(least, _by_value(codes[rows], c[rows]))
    return least


def _by_value(codes: Ints, c: Ints) -> float:
    """Every value has one cohort: Σ_v log Σ_c π_c^{n_v}; 0 if one has several."""
    if not len(c):
        return 0.0
    C = int(c.max()) + 1
    met = np.bincount(codes * C + c, minlength=C * (int(codes.max()) + 1)).reshape(-1, C)
    if ((met > 0).sum(axis=1) > 1).any():
        return 0.0
    shares = met.sum(axis=0) / len(c)
    return float(sum(math.log(max(float((shares**size).sum()), SMALLEST)) for size in met.sum(axis=1)))


def _by_threshold(values: Floats, c: Ints) -> float:
    """Every cohort has a stretch of its own: C! Π n_c! / n!; 0 if two overlap."""
    low, high = np.full(int(c.max(initial=0)) + 1, np.inf), np.full(int(c.max(initial=0)) + 1, -np.inf)
    np.minimum.at(low, c, values)
    np.maximum.at(high, c, values)
    some = np.flatnonzero(low <= high)
    some = some[np.argsort(low[some])]
    if len(some) < 2 or (high[some[:-1]] >= low[some[1:]]).any():  # noqa: PLR2004  there must be several
        return 0.0
    sizes = np.bincount(c)[some]
    luck = math.lgamma(len(some) + 1) - math.lgamma(len(c) + 1)
    return luck + sum(math.lgamma(int(size) + 1) for size in sizes)
