"""The only judges of luck in our tests. Each raises a false alarm once in 1e9 runs: any seed is as good as another.

A test that uses one also states the gap that it would find: `assert detectable_gap(n) < 0.05`.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

FALSE_ALARM = 1e-9


def detectable_gap(n, low=0.0, high=1.0, *, looks=1, miss=0.01):
    """By how much the mean of n samples in [low, high] must be off for `same_mean` to say so in 1 − miss of all runs.

    Hoeffding twice: (high − low) (√(ln(4 looks / 1e-9) / 2n) + √(ln(1 / miss) / 2n)). It also holds for `proportions`
    with looks times as many cells.
    """
    alarm, luck = math.log(4 * looks / FALSE_ALARM), math.log(1 / miss)
    return (high - low) * (math.sqrt(alarm / (2 * n)) + math.sqrt(luck / (2 * n)))


def same_mean(samples, expected, low=0.0, high=1.0, *, looks=1):
    """Assert that independent samples in [low, high] have the expected mean.

    |mean − expected| ≤ the lesser of Hoeffding's bound, (high − low) √(l / 2n), and the empirical Bernstein bound,
    √(2 V l / n) + 7 (high − low) l / 3(n − 1), with l = ln(4 looks / 1e-9) and V the variance of the samples: half of
    the false alarms for each.

    Args:
        samples: (n,).
        expected: their mean, if all is well.
        low: no sample can be less.
        high: no sample can be more.
        looks: how many such assertions share one false alarm.

    Source: Maurer & Pontil 2009, Theorem 4.
    """
    samples = np.asarray(samples, dtype=np.float64)
    bound = _bound(samples, low, high, looks)
    gap = abs(samples.mean() - expected)
    assert gap <= bound, f"a mean of {samples.mean()} where {expected} is due: {gap:.3g} off, {bound:.3g} allowed"


def mean_between(samples, least, most, low=0.0, high=1.0, *, looks=1):
    """Assert that independent samples in [low, high] have a mean between two numbers, whatever the luck.

    Unlike `same_mean` it asks for evidence: where the mean lies outside, it passes by luck once in 1e9 runs, and so it
    is the numbers that must leave room for the bound.

    Args:
        samples: (n,).
        least: of the mean.
        most: of the mean.
        low: no sample can be less.
        high: no sample can be more.
        looks: how many such assertions share one chance of passing by luck.
    """
    samples = np.asarray(samples, dtype=np.float64)
    mean, bound = samples.mean(), _bound(samples, low, high, looks)
    assert least <= low or mean - bound >= least, f"a mean of {mean} ± {bound:.3g} where at least {least} is claimed"
    assert most >= high or mean + bound <= most, f"a mean of {mean} ± {bound:.3g} where at most {most} is claimed"


def _bound(samples, low, high, looks):
    """By how much the mean of samples (n,) in [low, high] may be off, see `same_mean`."""
    assert samples.min() >= low, f"a sample of {samples.min()} is below {low}"
    assert samples.max() <= high, f"a sample of {samples.max()} is above {high}"
    n, width, log = len(samples), high - low, math.log(4 * looks / FALSE_ALARM)
    bernstein = math.sqrt(2 * samples.var(ddof=1) * log / n) + 7 * width * log / (3 * (n - 1))
    return min(width * math.sqrt(log / (2 * n)), bernstein)


def proportions(counts, probabilities, *, looks=1):
    """Assert that counts come from draws with these probabilities, each cell by the exact binomial test, two-sided.

    Args:
        counts: (C,) how often each of C things happened, one of them in each draw.
        probabilities: (C,) which sum to 1.
        looks: how many such assertions share one false alarm.
    """
    counts, probabilities = np.asarray(counts), np.asarray(probabilities, dtype=np.float64)
    assert abs(probabilities.sum() - 1) < 1e-6, f"the probabilities add up to {probabilities.sum()}"
    n = counts.sum()
    for cell, (count, p) in enumerate(zip(counts, probabilities.clip(0, 1), strict=True)):
        tail = min(stats.binom.cdf(count, n, p), stats.binom.sf(count - 1, n, p))
        assert 2 * tail >= FALSE_ALARM / (looks * len(counts)), f"cell {cell}: {count} of {n} where {n * p:.1f} is due"
