"""Reading a log that a user names: who came, what was shown with which propensity, and what came of it.

E events, K actions, C cohorts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from bandits.errors import InputError
from environments.protocol import Cohort
from environments.replay import Log
from environments.replay_estimates import estimate
from environments.replay_faults import Roles, faults_of, times_of
from environments.replay_words import cards
from environments.table_columns import cohorts_of, features_of, groups_of, numbers_of
from environments.table_file import read_table


@dataclass(frozen=True, slots=True)
class LoggedEvents:
    """A log, and what is said of it.

    Args:
        log: in the order of time.
        cohorts: C.
        left_out: columns that make no feature, each with the reason.
    """

    log: Log = field(repr=False)
    cohorts: tuple[Cohort, ...]
    left_out: tuple[tuple[str, str], ...]


@lru_cache(maxsize=4)
def read_log(path: str, sha256: str, roles: Roles) -> LoggedEvents:
    """Read a log, once a process.

    Raises:
        InputError: one line a fault; each is placed at the role that it is about.
    """
    frame = read_table(path, sha256)
    if faults := list(faults_of(frame, roles)):
        raise InputError(faults)
    if roles.time is not None:
        frame = frame[np.argsort(times_of(frame[roles.time]), kind="stable")]
    names, action = groups_of(frame[roles.action])
    if roles.actions is not None:
        action = np.array([roles.actions.index(name) for name in names], dtype=np.int64)[action]
        names = roles.actions
    features = features_of(frame, roles.left_over(frame.columns) if roles.features is None else roles.features)
    reward, E = numbers_of(frame[roles.reward]), len(frame)
    propensity = np.full(E, 1 / len(names)) if roles.propensity is None else numbers_of(frame[roles.propensity])
    keys, called, cohort = cohorts_of(frame, roles.cohort)
    log = Log(
        actions=names,
        features=features.names,
        x=features.x,
        action=action,
        reward=reward,
        propensity=propensity,
        cohort=cohort,
        estimates=estimate(cohort, action, reward, 1 / propensity, len(keys), len(names)),
    )
    return LoggedEvents(log, cards(log, keys, called), features.left_out)
