"""Small logs in which all is well, to be spoilt in one thing at a time."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl

from environments.log_check import Asked, check_log

ACTIONS = np.array(["bread", "cheese", "jam", "tea"])
VISITS = 4000
numbers = itertools.count()


def clean(seed=0, n=VISITS, *, uniform=False):
    """A log of a policy that prefers two actions to visitors with x_new = 1; four actions with rates .3 to .6."""
    rng = np.random.default_rng(seed)
    new = rng.integers(0, 2, n)
    p = np.where(new[:, None] == 1, [0.1, 0.4, 0.2, 0.3], [0.3, 0.2, 0.4, 0.1])
    if uniform:
        p = np.full((n, 4), 0.25)
    a = (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    return pl.DataFrame(
        {
            "visit": np.arange(n),
            "time": np.arange(n) / 100,
            "cohort": np.array(["old", "young"])[rng.integers(0, 2, n)],
            "action": ACTIONS[a],
            "propensity": p[np.arange(n), a],
            "reward": (rng.random(n) < np.array([0.3, 0.4, 0.5, 0.6])[a]).astype(np.int64),
            "x_new": new,
            "x_basket": rng.normal(size=n),
            "x_device": np.array(["phone", "desk", "tablet"])[rng.integers(0, 3, n)],
        }
    )


def checked(log, folder, *, gap=None, **asked):
    """The report on a log; every log gets a file of its own, since files are read once a process."""
    path = folder / f"log{next(numbers)}.parquet"
    log.write_parquet(path)
    return check_log(str(path), Asked(**asked), gap=gap)


def said(report, check=None, severity=None):
    """What was seen, line by line."""
    return [
        finding.seen
        for finding in report.findings
        if finding.severity != "fine" and check in {None, finding.check} and severity in {None, finding.severity}
    ]
