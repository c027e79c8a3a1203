"""What a log without propensities is good for: only replay, and only if its actions were drawn uniformly."""

from __future__ import annotations

import numpy as np

from bandits.protocol import Floats
from environments.log_check.finding import ALARM, Finding, chance, count, forbids, warns
from environments.log_check.log import Log
from environments.log_check.statistics import chi_square

LEAST_EXPECTED = 5
MOST_PAIRS = 5_000_000
"""With more pairs of cohort and action, cohorts are not looked at apart."""


def find_without_propensities(log: Log, seen: str) -> list[Finding]:
    """A χ² test of whether every available action was shown equally often, in each cohort.

    χ² = Σ_{c,a} (O_ca − E_ca)² / E_ca with C (K − 1) degrees of freedom, where E_ca sums
    1 / (number of available actions) over the visits of the cohort. The test is too lax, not too strict, where not
    everything is always available.
    """
    observed, expected = _observed_and_expected(log)
    K, visits = observed.shape[1], observed.sum(axis=1)
    large = visits >= LEAST_EXPECTED * K
    do = "Log the probability of every choice when it is made: one number a visit."
    if K < 2 or not large.any():  # noqa: PLR2004  there must be a choice
        return [
            warns(
                "propensities",
                f"{seen} With {count(int(visits.sum()), 'visit')} and {count(K, 'action')} it cannot be told whether "
                "actions were drawn uniformly.",
                "Without propensities no policy can be judged off-policy; replay is right only where actions were "
                "uniform.",
                do,
            )
        ]
    observed, expected = observed[large], expected[large]
    possible = expected > 0
    statistic = float(((observed[possible] - expected[possible]) ** 2 / expected[possible]).sum())
    freedom = int(large.sum()) * (K - 1)
    p_value = chi_square(statistic, freedom)
    where = "" if log.cohorts is None else " in each cohort"
    test = f"χ² = {statistic:,.1f} with {freedom:,} degrees of freedom, {chance(p_value)}"
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
            "Replay by rejection is right if actions were drawn uniformly by chance. Equal shares agree with that and "
            "do not prove it. Off-policy estimates that weight are not possible.",
            f"Make sure that they were; then write 1/K into a column. {do}",
        )
    ]


def _observed_and_expected(log: Log) -> tuple[Floats, Floats]:
    """How often each cohort (C) was shown each action (K), and would have been were all that is available as likely."""
    C = 1 if log.cohorts is None else max(len(log.cohorts.names), 1)
    K = len(log.actions.names) if log.available is None else log.available.shape[1]
    if C * K > MOST_PAIRS:
        C = 1
    cohort = np.zeros(len(log), dtype=np.int64) if C == 1 or log.cohorts is None else log.cohorts.codes
    rows = (log.actions.codes >= 0) & (cohort >= 0)
    cohort, action = cohort[rows], log.actions.codes[rows]
    observed = np.bincount(cohort * K + action, minlength=C * K).reshape(C, K).astype(np.float64)
    if log.available is None:
        return observed, np.broadcast_to(observed.sum(axis=1, keepdims=True) / max(K, 1), (C, K))
    chances = log.available[rows] / np.maximum(log.available[rows].sum(axis=1, keepdims=True), 1)
    expected = np.column_stack([np.bincount(cohort, chances[:, k], minlength=C) for k in range(K)])
    # the log does not say which name belongs to which column of `available`: the closest matching is the kindest
    return np.sort(observed, axis=1), np.sort(expected, axis=1)
