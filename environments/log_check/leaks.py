"""Features that know too much: the outcome, or the cohort."""

from __future__ import annotations

import math

import numpy as np

from bandits.protocol import Floats, Ints
from environments.log_check.finding import ALARM, Finding, count, fine, forbids, listed, printable, warns
from environments.log_check.log import Log, coded, numbers, simple
from environments.log_check.statistics import correlation, ranks
from environments.log_check.tidiness import is_id

TOO_WELL = 0.95
BINS = 32


def find_outcome_leaks(log: Log) -> list[Finding]:
    """Features that tell the reward almost perfectly by themselves.

    The measure is the area under the ROC curve (AUC) for rewards of two values, Spearman's |ρ| else; of the feature
    itself, and of the mean reward of the other visits with the same value (or in the same of 32 bins), which also finds
    a leak that is not monotone. It must exceed 0.95 and what luck can do, whose standard deviation is
    √((n + 1) / 12 n₀ n₁) or 1 / √(n − 1).
    """
    features = [name for name in log.roles.features if simple(log.frame[name])]
    rows = log.sound
    if log.reward is None or not features or rows.sum() < 3:  # noqa: PLR2004  two of them are always in line
        return []
    r = log.reward[rows]
    values, counts = np.unique(r, return_counts=True)
    if len(values) < 2:  # noqa: PLR2004  a constant tells nothing
        return []
    n, binary = len(r), len(values) == 2  # noqa: PLR2004  two rewards
    y = (r == values[1]).astype(np.float64) if binary else ranks(r)
    bound = max(TOO_WELL, _luck(n, counts if binary else None, len(features)))
    leaking = []
    for name in features:
        measure = _foretells(log, name, rows, y, counts if binary else None)
        if measure > bound:
            leaking.append((measure, name))
    what = "AUC" if binary else "rank correlation"
    if not leaking:
        return [fine("leaks", f"No feature tells the reward by itself ({what} above {TOO_WELL:g}).")]
    leaking.sort(key=lambda pair: (-pair[0], pair[1]))
    return [
        forbids(
            "leaks",
            f"{count(len(leaking), 'feature')} from which the reward can be told almost perfectly: "
            + listed([f"{printable(name)} ({what} {measure:.3f})" for measure, name in leaking])
            + ".",
            "Probably it was written after the outcome, or from it. A policy would learn from the answer, look perfect "
            "on this log, and fail where the answer is not yet there.",
            "Leave out what is not known when the action is chosen: name the features that are with --features.",
        )
    ]


def _luck(n: int, counts: Ints | None, features: int) -> float:
    """What the measure may reach by luck."""
    from scipy.special import ndtri  # noqa: PLC0415  heavy: imported where it is used

    z = float(-ndtri(ALARM / (4 * features)))
    return 0.5 + z * math.sqrt((n + 1) / (12 * counts[0] * counts[1])) if counts is not None else z / math.sqrt(n - 1)


def _foretells(
    log: Log, name: str, rows: np.ndarray[tuple[int], np.dtype[np.bool_]], y: Floats, counts: Ints | None
) -> float:
    """How well one feature tells the reward: AUC or |ρ|."""
    column = log.frame[name]
    if is_id(column, column.drop_nulls().n_unique()):
        return 0.0
    values = numbers(column)
    best = 0.0
    if values is None:
        codes = coded(column).codes[rows]
    else:
        rank = ranks(np.nan_to_num(values[rows], nan=-np.inf))
        best = _measure(rank, y, counts, either_way=True)
        codes = _bins(rank)
    return max(best, _measure(ranks(_of_the_others(codes, y)), y, counts, either_way=False))


def _bins(rank: Floats) -> Ints:
    """Few values stay apart; many are cut into bins of equal size."""
    different, codes = np.unique(rank, return_inverse=True)
    if len(different) <= 2 * BINS:
        return codes.astype(np.int64)
    return np.minimum(BINS * rank / (len(rank) + 1), BINS - 1).astype(np.int64)


def _of_the_others(codes: Ints, y: Floats) -> Floats:
    """The mean of y over the other visits with the same value, so that what is alone learns nothing of itself."""
    codes = codes + 1
    counts, sums = np.bincount(codes), np.bincount(codes, y)
    others = counts[codes] - 1
    return np.where(others > 0, (sums[codes] - y) / np.maximum(others, 1), y.mean())


def _measure(rank: Floats, y: Floats, counts: Ints | None, *, either_way: bool) -> float:
    if counts is None:
        rho = correlation(rank, y)
        return abs(rho) if either_way else max(rho, 0.0)
    n0, n1 = int(counts[0]), int(counts[1])
    auc = float((rank @ y - n1 * (n1 + 1) / 2) / (n0 * n1))
    return max(auc, 1 - auc) if either_way else auc


def find_cohort_leaks(log: Log) -> list[Finding]:
    """Features from which the cohort can be read: each value, or each stretch between thresholds, has one cohort."""
    cohorts = log.cohorts
    if cohorts is None or len(cohorts.names) < 2:  # noqa: PLR2004  there must be several
        return []
    known = cohorts.codes >= 0
    telling = []
    features = [name for name in log.roles.features if name != log.roles.cohort and simple(log.frame[name])]
    for name in features:
        column = log.frame[name]
        values, codes = numbers(column), coded(column).codes
        rows = known & (codes >= 0)
        c = cohorts.codes[rows]
        if len(np.unique(c)) < 2:  # noqa: PLR2004  the same
            continue
        bar = math.log(ALARM / (2 * len(features)))
        if _by_value(codes[rows], c) < bar or (values is not None and _by_threshold(values[rows], c) < bar):
            telling.append(name)
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


def _by_value(codes: Ints, c: Ints) -> float:
    """How likely is it by chance that every value has one cohort: Σ_v log Σ_c π_c^{n_v}; 0 if one has several."""
    C = int(c.max()) + 1
    pairs = np.unique(codes * C + c)
    if len(pairs) > len(np.unique(codes)):
        return 0.0
    sizes, repeats = np.unique(np.bincount(codes)[np.unique(codes)], return_counts=True)
    shares = np.bincount(c) / len(c)
    return float(sum(t * math.log(max(float((shares**s).sum()), 1e-300)) for s, t in zip(sizes, repeats, strict=True)))


def _by_threshold(values: Floats, c: Ints) -> float:
    """How likely is it by chance that cohorts lie in C stretches: log C! Π n_c! / n!; 0 if they do not."""
    order = np.lexsort((c, values))
    v, sorted_c = values[order], c[order]
    counts = np.bincount(c)
    counts = counts[counts > 0]
    if (np.diff(sorted_c) != 0).sum() + 1 != len(counts):
        return 0.0
    changes = np.flatnonzero(np.diff(sorted_c))
    if (v[changes] == v[changes + 1]).any():
        return 0.0
    logs = math.lgamma(len(counts) + 1) - math.lgamma(len(c) + 1)
    return float(logs + sum(math.lgamma(int(m) + 1) for m in counts))
