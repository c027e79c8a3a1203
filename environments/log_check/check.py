"""The check of a log, whole."""

from __future__ import annotations

import numpy as np

from bandits.errors import Fault, InputError
from environments.log_check.cohort_leaks import find_cohort_leaks
from environments.log_check.cohorts import find_small_cohorts
from environments.log_check.coverage import find_actions, find_overlap
from environments.log_check.drift import find_drift
from environments.log_check.finding import Finding, LogReport, Severity
from environments.log_check.log import Log
from environments.log_check.names import Asked, roles_of
from environments.log_check.outcome_leaks import find_outcome_leaks
from environments.log_check.propensities import find_propensities
from environments.log_check.reading import read_log
from environments.log_check.rewards import find_rewards
from environments.log_check.tidiness import columns_of, find_duplicates, find_nulls, find_useless_features

EVERYTHING_BY_NAME = Asked()


def check_log(path: str, asked: Asked = EVERYTHING_BY_NAME, *, gap: float | None = None) -> LogReport:
    """Say whether a log is fit for use before any model is built.

    Args:
        path: of a .csv, .tsv or .parquet file, or of a folder of parquet parts.
        asked: which columns are what.
        gap: the difference in mean reward that matters [reward units]; without it, that of the best action in the log.

    Raises:
        InputError: when there is no log, or a column that is asked for is not there.
    """
    if gap is not None and not 0 < gap < float("inf"):
        raise InputError(Fault(f"must be above 0, got {gap:g}", ("gap",)))
    frame = read_log(path)
    roles, findings = roles_of(frame.columns, asked, path)
    try:
        log = Log(frame, roles)
    except InputError as error:
        raise InputError(error.faults, path) from None
    with np.errstate(all="ignore"):  # huge numbers overflow, and each check asks whether its sums are finite
        findings += _all_of(log, gap)
    order = list(Severity)
    return LogReport(
        path=path,
        visits=len(log),
        actions=len(log.actions.names),
        cohorts=0 if log.cohorts is None else len(log.cohorts.names),
        columns=columns_of(log),
        findings=tuple(sorted(findings, key=lambda finding: order.index(finding.severity))),
    )


def _all_of(log: Log, gap: float | None) -> list[Finding]:
    return [
        *find_nulls(log),
        *find_duplicates(log),
        *find_rewards(log),
        *find_propensities(log),
        *find_actions(log),
        *find_overlap(log),
        *find_small_cohorts(log, gap),
        *find_useless_features(log),
        *find_outcome_leaks(log),
        *find_cohort_leaks(log),
        *find_drift(log),
    ]
