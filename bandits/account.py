"""What the account of a conservative policy holds, and the terms on which it is kept (see `bandits.budget`).

K arms, D features (a constant first, then the visitor's), T entries of a packed triangle (see `bandits.ridge`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bandits.protocol import Floats
from bandits.ridge import Bank, Room, bank, room_for


class Account(NamedTuple):
    """All that is known of what was earned, and what would have been.

    Args:
        A_inv: (T, K) inverse Gram matrices of the regressions of reward on features, an arm each.
        theta: (D, K) their estimates.
        log_det: (K,) ln det A / det A at the start.
        pending: (K, D) sums of features over exploratory visits whose reward is not known yet, by the arm shown.
        instead: (K, D) sums of features over exploratory visits, by the arm that the baseline would have shown.
        explored: (1,) exploratory visits.
        usual: (1,) visits at which the baseline's action was shown.
        brought: (1,) sum of the known rewards of exploratory visits; so many of them that are known (1,).
        many_brought: (1,).
        kept: (1,) sum of the known rewards of the baseline's visits; so many of them that are known (1,).
        many_kept: (1,).
    """

    A_inv: Floats
    theta: Floats
    log_det: Floats
    pending: Floats
    instead: Floats
    explored: Floats
    usual: Floats
    brought: Floats
    many_brought: Floats
    kept: Floats
    many_kept: Floats


class Terms(NamedTuple):
    """What is promised, and on which assumptions.

    Args:
        tolerance: share of the size of the baseline's reward that may be lost.
        allowance: what may be lost besides.
        baseline_reward: expected reward of the baseline at every visit; NaN where it is estimated.
        noise: a reward minus its expectation is sub-Gaussian with this.
        size: bound of the norm of every arm's coefficients.
        ridge: λ, A at the start is λ · I.
        log_sum: ln 1/δ of the bound of the realised rewards.
        log_arm: ln 1/δ of each arm's regression.
        low: bounds of an expected reward; so is high.
        high: ±inf where there are none.
        nothing: index of the action that shows nothing, and earns 0 for sure; −1 if there is none.
        room: scratch.
    """

    tolerance: float
    allowance: float
    baseline_reward: float
    noise: float
    size: float
    ridge: float
    log_sum: float
    log_arm: float
    low: float
    high: float
    nothing: int
    room: Room


def account(K: int, D: int, ridge: float) -> Account:
    """Before the first visit."""
    empty: Bank = bank(K, D, ridge)
    sums = (np.zeros((K, D)), np.zeros((K, D)))
    return Account(empty.A_inv, empty.theta, np.zeros(K), *sums, *(np.zeros(1) for _ in range(6)))


def terms(  # noqa: D417  the others are those of `Terms`
    K: int,
    D: int,
    *,
    tolerance: float,
    delta: float,
    noise: float,
    size: float,
    bounds: tuple[float, float] | None,
    allowance: float,
    baseline_reward: float | None,
    nothing: int,
) -> Terms:
    """Half of delta for the realised rewards, and half for the regressions, an equal share each.

    Args:
        delta: probability with which any bound may fail, ever.
        bounds: of a reward. If they are known it is sub-Gaussian with half of their distance (Hoeffding).
    """
    low, high = bounds or (-math.inf, math.inf)
    noise = min(noise, (high - low) / 2.0)
    return Terms(
        tolerance,
        allowance,
        math.nan if baseline_reward is None else baseline_reward,
        noise,
        size,
        max((noise / size) ** 2, 1e-6),  # then what is assumed of the coefficients widens the bound as one reward does
        # whether what the baseline brings adds up to more or less than 0 is seen only afterwards: two bounds
        math.log((4.0 if baseline_reward is None else 2.0) / delta),
        math.log(2.0 * K / delta),
        low,
        high,
        nothing,
        room_for(D),
    )
