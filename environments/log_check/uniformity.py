"""What a log without propensities is good for: only replay, and only if its actions were drawn uniformly."""

from __future__ import annotations

import numpy as np

from environments.log_check.finding import ALARM, Finding, count, forbids, warns
from environments.log_check.log import Log
from environments.log_check.statistics import chi_square

LEAST_EXPECTED = 5


def find_without_propensities(log: Log, seen: str) -> list[Finding]:
    """A χ² test of whether every available action was shown equally often, in each cohort.

    χ² = Σ_{c,a} (O_ca − E_ca)² / E_ca with C (K − 1) degrees of freedom, where E_ca counts 1 / (number of available actions)
    over the visits of the cohort. The test is too lax, not too strict, where not everything is always available.
    """
    K = len(log.actions.names) if log.available is None else log.available.shape[1]
    cohort = np.zeros(len(log), dtype=np.int64) if log.cohorts is None else log.cohorts.codes
    rows = (log.actions.codes >= 0) & (cohort >= 0)
    visits = np.bincount(cohort[rows])
    large = np.flatnonzero(visits >= LEAST_EXPECTED * K)
    do = "Log the probability of every choice when it is made: one number a visit."
    if K < 2 or not len(large):  # noqa: PLR2004  there must be a choice
        return [
            warns(
                "propensities",
                f"{seen} With {count(int(rows.sum()), 'visit')} and {count(K, 'action')} it cannot be told whether actions "
                "were drawn uniformly.",
                "No policy can be judged off-policy without propensities; replay is right only if actions were uniform.",
                do,
            )
        ]
    statistic = 0.0
    for c in large:
        mine = rows & (cohort == c)
        observed = np.bincount(log.actions.codes[mine], minlength=K)
        statistic += _statistic(observed, log, mine, K)
    freedom = len(large) * (K - 1)
    p_value = chi_square(statistic, freedom)
    where = "" if log.cohorts is None else " in each cohort"
    test = f"χ² = {statistic:,.1f} with {freedom:,} degrees of freedom, p = {p_value:.2g}"
    if p_value < ALARM:
        return [
            forbids(
                "propensities",
                f"{seen} The shares of actions are not equal{where}: {test}.",
                "Whoever chose may have shown an action to those who like it. Without propensities neither off-policy "
                "estimates nor replay can undo that: every comparison of actions may be an artefact.",
                do,
            )
        ]
    return [
        warns(
            "propensities",
            f"{seen} The shares of actions look equal{where}: {test}.",
            "Replay by rejection is right if actions were drawn uniformly by chance. Equal shares agree with that and do not "
            "prove it. Off-policy estimates that weight are not possible.",
            f"Make sure that they were; then write 1/K into a column. {do}",
        )
    ]


def _statistic(
    observed: np.ndarray[tuple[int], np.dtype[np.int64]],
    log: Log,
    mine: np.ndarray[tuple[int], np.dtype[np.bool_]],
    K: int,
) -> float:
    if log.available is None:
        expected = np.full(K, mine.sum() / K)
        return float(((observed - expected) ** 2 / expected).sum())
    # the log does not say which name belongs to which column of `available`: the closest matching is the kindest
    open_to = log.available[mine]
    expected = (open_to / np.maximum(open_to.sum(axis=1, keepdims=True), 1)).sum(axis=0)
    observed, expected = np.sort(observed), np.sort(expected)
    possible = expected > 0
    return float(((observed[possible] - expected[possible]) ** 2 / expected[possible]).sum())
