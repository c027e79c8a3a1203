"""Rewards: whether they are numbers, whether they vary, how rare they are, and whether few visits decide everything."""

from __future__ import annotations

import math

import numpy as np

from bandits.protocol import Floats
from environments.log_check.finding import Finding, count, fine, forbids, printable, share, warns
from environments.log_check.log import Log, no_numbers
from environments.log_check.sample_size import visits_per_action_of_rates

RARE = 0.01
LIFT = 1.2
FEW, MOST_OF_IT, LEAST_ROWS = 5, 0.5, 100
"""Warn where 5 visits of 100 or more carry more than half of the rewards' variance."""


def find_rewards(log: Log) -> list[Finding]:
    """All about the column of rewards."""
    r, name = log.reward, printable(log.roles.reward)
    if r is None:
        return [
            forbids(
                "rewards",
                f"Rewards ({name}) are no numbers, but {no_numbers(log.frame[log.roles.reward])}.",
                "Nothing can be learnt from them.",
                "Write numbers, such as 1 for a click and 0 for none; or name another column with --reward.",
            )
        ]
    findings, infinite = [], np.isinf(r)
    if infinite.any():
        findings.append(
            forbids(
                "rewards",
                f"{count(int(infinite.sum()), 'reward')} of {len(r):,} infinite.",
                "One of them makes every mean infinite.",
                "Find out what they stand for, and bound them.",
            )
        )
    finite = r[np.isfinite(r)]
    if not len(finite):
        return findings or [_nothing_to_learn("There is no reward at all.")]
    if finite.min() == finite.max():
        return [*findings, _nothing_to_learn(f"Every reward is {finite[0]:g}.")]
    two = bool(np.isin(finite, (finite.min(), finite.max())).all())
    return [*findings, *(_of_two_values(finite) if two else _of_many(finite))]


def _nothing_to_learn(seen: str) -> Finding:
    return forbids(
        "rewards",
        seen,
        "No action can be told from another.",
        "Log longer, or another outcome; or name the right column with --reward.",
    )


def _of_two_values(r: Floats) -> list[Finding]:
    low, high = float(r.min()), float(r.max())
    hits, n = int((r == high).sum()), len(r)
    rate = hits / n
    error = math.sqrt(rate * (1 - rate) / n)
    luck = f"{share(hits, n)} ± {100 * error:.2g}"
    seen = f"Rewards are {low:g} or {high:g}; {hits:,} of {n:,} visits brought {high:g} ({luck})."
    rarer = min(rate, 1 - rate)
    if rarer >= RARE:
        return [fine("rewards", seen)]
    each = math.ceil(visits_per_action_of_rates(rarer, LIFT * rarer))
    return [
        warns(
            "rewards",
            seen,
            f"So rare a value says little a visit: to find an action under which it is a fifth more frequent takes "
            f"{each:,} visits of that action and as many of the other.",
            "Expect wide intervals; offer fewer actions, or learn from a more frequent outcome on the way to this one.",
        )
    ]


def _of_many(r: Floats) -> list[Finding]:
    n = len(r)
    # scaled first, so that the squares of huge numbers stay finite
    scale = float(np.abs(r).max())
    square = (r / scale - (r / scale).mean()) ** 2
    seen = (
        f"Rewards run from {r.min():.4g} to {r.max():.4g}, mean {scale * (r / scale).mean():.4g} ± "
        f"{scale * (r / scale).std() / math.sqrt(n):.2g}; {share(int((r != 0).sum()), n)} are not 0."
    )
    part = float(np.sort(square)[-FEW:].sum() / square.sum()) if square.sum() > 0 else 0.0
    if n < LEAST_ROWS or part <= MOST_OF_IT:
        return [fine("rewards", seen)]
    return [
        warns(
            "rewards",
            f"{seen} {FEW} of {n:,} visits carry {share(part, 1)} of the variance.",
            "Which action looks best depends on where these few fell.",
            "Look at them; if they are real, learn from the reward's logarithm, or bound it.",
        )
    ]
