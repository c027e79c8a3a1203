"""Drift: whether the last third of the log is like the first third."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bandits.protocol import Bools, Floats, Ints
from environments.log_check.finding import ALARM, Finding, chance, count, fine, listed, printable, warns
from environments.log_check.log import Log, coded, numbers, simple
from environments.log_check.statistics import bins, chi_square, holm, ranks, two_sided

if TYPE_CHECKING:
    import polars as pl

LEAST_ROWS = 50
BINS = 10
LEAST_PSI = 0.1
"""Below it, a population is held to be stable (Siddiqi, Credit Risk Scorecards, 2006)."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one column has moved.

    Args:
        what: the column.
        p: p value, not corrected.
        large: whether the move is large enough to matter.
        said: the move in numbers.
    """

    what: str
    p: float
    large: bool
    said: str


def find_drift(log: Log) -> list[Finding]:
    """Features, shares of actions, and rewards of the first and the last third; p values corrected by Holm together.

    Features and actions: a χ² test over at most 10 bins of the same values, and the population stability index

    PSI = Σ_b (q_b − p_b) ln(q_b / p_b)

    of their shares p, q. Rewards: the difference within each action, weighted by n₁ n₂ / (n₁ + n₂), so that a policy
    which has come to choose better does not look like a world that has changed.
    """
    order, by, findings = _in_time(log)
    third = len(log) // 3
    if third < LEAST_ROWS:
        return [
            *findings,
            fine("drift", f"Too few visits to compare the first third with the last ({third:,} in each)."),
        ]
    first, last = order[:third], order[-third:]
    shifts = [_of_shares("shares of actions", log.actions.codes, first, last)]
    shifts += [_of_feature(log, name, first, last) for name in log.telling]
    if (reward := _of_reward(log, first, last)) is not None:
        shifts.append(reward)
    corrected = holm(np.array([shift.p for shift in shifts]))
    moved = {i: float(p) for i, p in enumerate(corrected) if p < ALARM and shifts[i].large}
    said = {i: f"{printable(shifts[i].what)} ({shifts[i].said}, {chance(p)})" for i, p in moved.items()}
    if 0 in moved:
        findings.append(_of_the_policy(log, f"Between the first and the last third {by}: {said.pop(0)}."))
    if said:
        names = listed([said[i] for i in sorted(said, key=lambda i: moved[i])])
        findings.append(
            warns(
                "drift",
                f"Between the first and the last third {by}: {names}.",
                "Visitors or tastes have changed, or what is logged has: what was learnt early may be wrong now.",
                "Judge policies on the last part alone, or let them forget; look for a change in what is logged.",
            )
        )
    if not moved:
        tests = count(len(shifts), "test")
        findings.append(fine("drift", f"The first and the last third {by} are alike ({tests}, corrected by Holm)."))
    return findings


def _of_the_policy(log: Log, seen: str) -> Finding:
    if log.propensity is not None:
        return fine("drift", seen, "The logging policy has changed, perhaps by learning; its propensities tell how.")
    return warns(
        "drift",
        seen,
        "The logging policy has changed. Without propensities, an action that was shown at a good time looks good.",
        "Compare actions within a part in which their shares were constant.",
    )


def _in_time(log: Log) -> tuple[Ints, str, list[Finding]]:
    """Rows in the order of time, or as they are."""
    import polars as pl  # noqa: PLC0415  heavy: imported where it is used

    name = log.roles.time or log.roles.visit
    if name is None:
        return np.arange(len(log)), "of the rows", []
    column = log.frame[name]
    sortable = simple(column) and (numbers(column) is not None or _iso(column))
    if not sortable or column.null_count():
        why = "has gaps" if sortable else "is neither a number nor a date such as 2026-01-31"
        return (
            np.arange(len(log)),
            "of the rows",
            [
                warns(
                    "drift",
                    f"The time ({printable(name)}) {why}; the order of rows is taken instead.",
                    "Drift can be told only if rows are in the order in which they happened.",
                    "Write the time as a number, or as year-month-day; or name another column with --time.",
                )
            ],
        )
    values = numbers(column)
    if values is not None:
        return np.argsort(values, kind="stable"), f"by {printable(name)}", []
    rows = pl.DataFrame({"time": column, "row": np.arange(len(log))}).sort("time", "row")
    return rows["row"].to_numpy(), f"by {printable(name)}", []


def _iso(column: pl.Series) -> bool:
    import polars as pl  # noqa: PLC0415  heavy: imported where it is used

    return column.dtype == pl.String and bool(column.str.contains(r"^\d{4}-\d\d-\d\d").all())


def _of_feature(log: Log, name: str, first: Ints, last: Ints) -> Shift:
    column = log.frame[name]
    values = numbers(column)
    if values is None:
        return _of_shares(name, coded(column).codes, first, last)
    codes = bins(ranks(values), log.distinct(name), BINS)
    shift = _of_shares(name, codes, first, last)
    a, b = values[first], values[last]
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    sd = math.sqrt((a.var() + b.var()) / 2) if len(a) and len(b) else 0.0
    if not sd > 0 or not math.isfinite(sd):
        return shift
    smd = float((b.mean() - a.mean()) / sd)
    return Shift(name, shift.p, shift.large, f"{shift.said}, mean {smd:+.2g} sd")


def _of_shares(what: str, codes: Ints, first: Ints, last: Ints) -> Shift:
    """χ² and PSI of categories, the rarest being taken together, and null (−1) being one of them."""
    codes = codes + 1
    before, after = (np.bincount(codes[rows], minlength=int(codes.max()) + 1) for rows in (first, last))
    common = np.argsort(-(before + after), kind="stable")
    kept = max(BINS - 1, int((before + after >= BINS).sum())) if len(common) > BINS else len(common)
    before, after = before[common], after[common]
    before = np.append(before[:kept], before[kept:].sum()).astype(np.float64)
    after = np.append(after[:kept], after[kept:].sum()).astype(np.float64)
    some = before + after > 0
    before, after = before[some], after[some]
    mean = (before + after) / 2
    statistic = float((((before - mean) ** 2 + (after - mean) ** 2) / mean).sum())
    # half a visit more in each bin, so that an empty one does not make the index infinite
    p, q = (before + 0.5) / (before + 0.5).sum(), (after + 0.5) / (after + 0.5).sum()
    psi = float(((q - p) * np.log(q / p)).sum())
    return Shift(what, chi_square(statistic, len(mean) - 1), psi >= LEAST_PSI, f"PSI {psi:.2g}")


def _of_reward(log: Log, first: Ints, last: Ints) -> Shift | None:
    """The mean reward of both parts, and whether rewards have changed within actions."""
    reward = log.reward
    if reward is None or len(log.actions.names) == 0:
        return None
    parts = [_moments(log.actions.codes, reward, log.sound, rows, len(log.actions.names)) for rows in (first, last)]
    (n1, m1, v1), (n2, m2, v2) = parts
    both = (n1 > 1) & (n2 > 1)
    if not both.any():
        return None
    n1, n2, m1, m2, v1, v2 = (values[both] for values in (n1, n2, m1, m2, v1, v2))
    weight = n1 * n2 / (n1 + n2)
    # the pooled variance over all actions: those shown seldom have none of their own to speak of
    variance = (((n1 - 1) * v1 + (n2 - 1) * v2).sum()) / max((n1 + n2 - 2).sum(), 1)
    difference = float((weight * (m2 - m1)).sum() / weight.sum())
    error = math.sqrt(float(variance) / float(weight.sum()))
    if not error > 0 or not math.isfinite(error):
        return None
    raw1, raw2 = ((n * m).sum() / n.sum() for n, m in ((n1, m1), (n2, m2)))
    z = difference / error
    said = f"mean {raw1:.3g} then {raw2:.3g}; {difference:+.2g} within actions, z = {z:+.1f}"
    return Shift("reward", float(two_sided(np.array([z]))[0]), large=True, said=said)


def _moments(codes: Ints, reward: Floats, sound: Bools, rows: Ints, K: int) -> tuple[Floats, Floats, Floats]:
    """Visits, mean and variance of the rewards of each action (K,) in some rows."""
    rows = rows[sound[rows]]
    a, r = codes[rows], reward[rows]
    n = np.bincount(a, minlength=K).astype(np.float64)
    mean = np.bincount(a, r, minlength=K) / np.maximum(n, 1)
    variance = np.bincount(a, (r - mean[a]) ** 2, minlength=K) / np.maximum(n - 1, 1)
    return n, mean, variance
