"""What was shown to whom: actions never or hardly ever shown, and cohorts that some action never met."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bandits.protocol import Ints
from environments.log_check.finding import ALARM, Finding, count, fine, forbids, listed, printable, share, warns
from environments.log_check.log import Log

if TYPE_CHECKING:
    import polars as pl

HARDLY = 30
"""An action shown less often is hardly ever shown: its mean reward has no normal error yet."""

MOST_PAIRS = 5_000_000


def find_actions(log: Log) -> list[Finding]:
    """Actions that the log knows of and never shows, and those that it hardly shows."""
    names, counts, n = log.actions.names, log.actions.counts, len(log)
    if len(names) < 2:  # noqa: PLR2004  there must be a choice
        return [
            forbids(
                "actions",
                f"{'One action alone was' if names else 'No action was'} shown"
                f"{f' ({printable(names[0])})' if names else ''}.",
                "There is nothing to choose from, and nothing to compare with.",
                "Log a policy that shows several actions, 'nothing' being one; or name the right column with --action.",
            )
        ]
    findings = []
    known = _declared(log.frame[log.roles.action])
    never = [name for name in known if name not in set(names)]
    unnamed = 0 if log.available is None else int((log.available.sum(axis=0) > 0).sum()) - len(names)
    if never or unnamed > 0:
        said = (
            f"{count(len(never), 'action')} never shown: {listed(never)}."
            if never
            else (f"{count(unnamed, 'action')} of those available never shown ({len(names)} were).")
        )
        findings.append(
            forbids(
                "actions",
                said,
                "The log says nothing about them: no policy that may show them can be judged.",
                "Judge policies that choose among the actions shown alone; or show the others at random for a while.",
            )
        )
    hardly = sorted((int(counts[k]), names[k]) for k in range(len(names)) if counts[k] < HARDLY)
    if len(hardly) == len(names):
        findings.append(
            forbids(
                "actions",
                f"{count(n, 'visit')} of {count(len(names), 'action')}, each shown fewer than {HARDLY} times.",
                "No action's mean reward is known well enough to say anything.",
                "Collect more; or if each visit has its own action, name another column with --action.",
            )
        )
    elif hardly:
        findings.append(
            warns(
                "actions",
                f"{count(len(hardly), 'action')} of {len(names):,} shown fewer than {HARDLY} times: "
                + listed([f"{printable(name)} ({shown:,})" for shown, name in hardly])
                + ".",
                "Their mean rewards are luck, and the best-looking action may well be one of them.",
                "Leave them out, pool them by kind, or show them more often.",
            )
        )
    return findings or [
        fine(
            "actions",
            f"{count(len(names), 'action')}, each shown {counts.min():,} to {counts.max():,} times "
            f"({share(int(counts.min()), n)} to {share(int(counts.max()), n)} of the visits).",
        )
    ]


def _declared(column: pl.Series) -> list[str]:
    """The values that a column of categories may take, whether it does or not."""
    import polars as pl  # noqa: PLC0415  heavy: imported where it is used

    if not isinstance(column.dtype, pl.Enum):
        return []
    return column.dtype.categories.to_list()


def find_overlap(log: Log) -> list[Finding]:
    """Pairs of cohort and action that never met.

    Where action k is shown in a share q_k of the visits of other cohorts, it misses all n_c visits of a cohort by luck
    with probability (1 − q_k)^n_c. Below ALARM / (C K) it is not luck; else the cohort is too small to tell.
    """
    cohorts = log.cohorts
    C, K = (0 if cohorts is None else len(cohorts.names)), len(log.actions.names)
    if cohorts is None or C < 2 or K < 2 or C * K > MOST_PAIRS:  # noqa: PLR2004  there must be several
        return []
    rows = (cohorts.codes >= 0) & (log.actions.codes >= 0)
    met = np.bincount(cohorts.codes[rows] * K + log.actions.codes[rows], minlength=C * K).reshape(C, K)
    here, there = met.sum(axis=1, keepdims=True), met.sum() - met.sum(axis=1, keepdims=True)
    share_elsewhere = np.minimum((met.sum(axis=0) - met) / np.maximum(there, 1), 1 - 1e-12)
    never = met == 0
    by_plan = never & (here * np.log1p(-share_elsewhere) < math.log(ALARM / (C * K)))
    findings = []
    if by_plan.any():
        pairs = [f"{log.actions.names[k]} to {cohorts.names[c]}" for c, k in np.argwhere(by_plan)]
        findings.append(
            forbids(
                "overlap",
                f"{count(len(pairs), 'pair')} of {C * K:,} never met, beyond luck: {listed(pairs)}.",
                "What these actions do to these cohorts is not in the log; a model would guess it from other cohorts, "
                "which is how small cohorts get hurt.",
                "Conclude nothing about these pairs: leave the cohort or the action out, or show it there at random.",
            )
        )
    by_luck = never & ~by_plan
    if by_luck.any():
        few: Ints = np.flatnonzero(by_luck.any(axis=1))
        findings.append(
            warns(
                "overlap",
                f"{count(int(by_luck.sum()), 'pair')} of cohort and action never met, perhaps by luck, in "
                + listed([f"{cohorts.names[c]} ({count(int(here[c, 0]), 'visit')})" for c in few])
                + ".",
                "Nothing can be said about them yet.",
                "Collect more visits of these cohorts before you conclude anything for them.",
            )
        )
    return findings or [fine("overlap", f"Every one of {count(C, 'cohort')} was shown every action.")]
