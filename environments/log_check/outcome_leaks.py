"""Features that know the outcome."""

from __future__ import annotations

import math

import numpy as np

from bandits.protocol import Bools, Floats, Ints
from environments.log_check.finding import ALARM, Finding, count, fine, forbids, listed, printable
from environments.log_check.log import Log, coded, numbers
from environments.log_check.statistics import bins, correlation, ranks

TOO_WELL = 0.95
BINS = 64


def find_outcome_leaks(log: Log) -> list[Finding]:
    """Features that tell the reward almost perfectly by themselves.

    The measure is the area under the ROC curve (AUC) for rewards of two values, Spearman's |ρ| else; of the feature
    itself, and of the mean reward of the other visits with the same value (or in the same of 64 bins), which also finds
    a leak that is not monotone. It must exceed 0.95 and what luck can do, whose standard deviation is
    √((n + 1) / 12 n₀ n₁) or 1 / √(n − 1).
    """
    features = log.telling
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


def _foretells(log: Log, name: str, rows: Bools, y: Floats, counts: Ints | None) -> float:
    """How well one feature tells the reward: AUC or |ρ|."""
    column = log.frame[name]
    values = numbers(column)
    best = 0.0
    if values is None:
        codes = coded(column).codes[rows]
    else:
        rank = ranks(values[rows])
        best = _measure(rank, y, counts, either_way=True)
        codes = bins(rank, log.distinct(name), BINS)
    return max(best, _measure(ranks(_of_the_others(codes, y)), y, counts, either_way=False))


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
