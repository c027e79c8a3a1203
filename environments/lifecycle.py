"""What comes of a visit, compiled: the reaction, the experience, satisfaction, and who leaves.

N visits, U users, C personas, J items, K = J (+ 1 for nothing), T visits on the calendar.
No transcendental function is needed: all of them are in the draws.

person (C, 8): patience, annoyance, hassle, trial_sd, loss_aversion, rho, b0, b1.  goods (J, 2): price, margin.
weights (9,): in the order of `environments.objective.OUTCOMES`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from bandits.protocol import Bools, Floats, Ints

PATIENCE, ANNOYANCE, HASSLE, TRIAL_SD, LOSS_AVERSION, RHO, B0, B1 = range(8)
PRICE, MARGIN = range(2)
PURCHASES, REVENUE, KEPT_MARGIN, RETURNS, RETURN_COST, REGRETTED, IRRITATED, WELFARE, FELT_WELFARE = range(9)


@njit(cache=True)
def happens(
    v: float, m: float, mood: float, trial: float, person: Floats, goods: Floats, handling: float, out: Floats
) -> None:
    """Write what comes of one visit in which one item is shown into out (9,).

    x = v + mood; buy if x > 0, ignore if −patience < x ≤ 0, irritated if x ≤ −patience
    d = x − m + trial_sd · trial; returned if bought and d < −hassle; regretted if bought and d < 0
    w = max(d, −hassle) if bought, −annoyance if irritated, else 0;  felt = w if w ≥ 0 else loss_aversion · w
    """
    out[:] = 0.0
    x = v + mood
    w = 0.0
    if x > 0.0:
        d = x - m + person[TRIAL_SD] * trial
        w = max(d, -person[HASSLE])
        out[PURCHASES] = 1.0
        out[REVENUE] = goods[PRICE]
        if d < -person[HASSLE]:
            out[RETURNS] = 1.0
            out[RETURN_COST] = handling
        else:
            out[KEPT_MARGIN] = goods[MARGIN]
        if d < 0.0:
            out[REGRETTED] = 1.0
    elif x <= -person[PATIENCE]:
        w = -person[ANNOYANCE]
        out[IRRITATED] = 1.0
    out[WELFARE] = w
    out[FELT_WELFARE] = w if w >= 0.0 else person[LOSS_AVERSION] * w


@njit(cache=True)
def reward_of(out: Floats, weights: Floats, goods: Floats, return_known: bool) -> float:
    """Σ weight · outcome. Before a return is known, a sale counts as kept."""
    total = 0.0
    for q in range(len(weights)):
        if weights[q] != 0.0:
            value = out[q]
            if not return_known and out[RETURNS] > 0.0:
                if q == KEPT_MARGIN:
                    value = goods[MARGIN]
                elif q in (RETURNS, RETURN_COST):
                    value = 0.0
            total += weights[q] * value
    return total


@njit(cache=True)
def serve(
    row: Ints,
    user: Ints,
    cohort: Ints,
    x: Floats,
    v: Floats,
    m: Floats,
    mood: Floats,
    trial: Floats,
    person: Floats,
    goods: Floats,
    handling: float,
    weights: Floats,
    expected: Floats,
    welfare: Floats,
    returns_known: bool,
    who: Ints,
    group: Ints,
    features: Floats,
    rewards: Floats,
    expected_rows: Floats,
    welfare_rows: Floats,
) -> None:
    """Gather a block, and what each item would bring; the arrays from `who` on are overwritten.

    Args:
        row: (N,) visits of the calendar.
        user: (T,); cohort: (U,); x: (T, D); v: (U, J); m: (C, J); mood, trial: (T,): see `environments.draws`.
        expected: (U, K) and welfare (U, K): the truth tables.
        returns_known: whether the rewards contain returns.
        who: (N,) users; group: (N,) their personas; features: (N, D).
        rewards: (N, K), or (0, K) where they come later. The last column, nothing, stays 0 if K = J + 1.
        expected_rows: (N, K); welfare_rows: (N, K).
    """
    J = len(goods)
    out = np.empty(9)
    for n in range(len(row)):
        t = row[n]
        u = user[t]
        c = cohort[u]
        who[n], group[n] = u, c
        features[n] = x[t]
        expected_rows[n] = expected[u]
        welfare_rows[n] = welfare[u]
        if len(rewards) > 0:
            for j in range(J):
                happens(v[u, j], m[c, j], mood[t], trial[t], person[c], goods[j], handling, out)
                rewards[n, j] = reward_of(out, weights, goods[j], returns_known)
            rewards[n, J:] = 0.0


@njit(cache=True)
def live(
    row: Ints,
    user: Ints,
    cohort: Ints,
    v: Floats,
    m: Floats,
    mood: Floats,
    trial: Floats,
    patience: Floats,
    person: Floats,
    goods: Floats,
    handling: float,
    organic: Floats,
    weights: Floats,
    action: Ints,
    satisfaction: Floats,
    total: Floats,
    gone: Bools,
    reward: Floats,
    values: Floats,
    left: Bools,
    credited: Floats,
) -> None:
    """Let the customers of a block live with what they were shown (N,); those who have had enough leave.

    s' = rho s + (1 − rho) felt;  leaves iff  patience_t < b0 − b1 s'

    Args:
        organic: (C,) margin of any visit [currency].
        satisfaction: (U,), gone: (U,), total: (C,) sum of satisfaction a persona: changed in place.
        reward: (N,) final rewards; values: (N, 8) outcomes for the ledger; left: (N,); credited: (N,) rewards as they
            look before returns are known: overwritten.
    """
    J = len(goods)
    out = np.empty(9)
    for n in range(len(row)):
        t, j = row[n], action[n]
        u = user[t]
        c = cohort[u]
        if j < J:
            happens(v[u, j], m[c, j], mood[t], trial[t], person[c], goods[j], handling, out)
            reward[n] = reward_of(out, weights, goods[j], True)
            credited[n] = reward_of(out, weights, goods[j], False)
        else:
            out[:] = 0.0
            reward[n] = credited[n] = 0.0
        values[n, 0] = out[WELFARE]
        values[n, 1] = out[PURCHASES]
        values[n, 2] = out[REVENUE]
        values[n, 3] = out[KEPT_MARGIN] - out[RETURN_COST]
        values[n, 4] = out[RETURNS]
        values[n, 5] = out[REGRETTED]
        values[n, 6] = out[IRRITATED]
        values[n, 7] = organic[c]
        before = satisfaction[u]
        satisfaction[u] = person[c, RHO] * before + (1.0 - person[c, RHO]) * out[FELT_WELFARE]
        total[c] += satisfaction[u] - before
        left[n] = patience[t] < person[c, B0] - person[c, B1] * satisfaction[u]
        gone[u] = left[n]


@njit(cache=True)
def present(row: Ints, user: Ints, gone: Bools, here: Ints, lost: Ints) -> int:
    """Split the visits of a day into those that take place (their rows) and those that are lost (their users).

    Returns:
        How many take place; the rest of `here` and `lost` (N,) is not written.
    """
    a, b = 0, 0
    for n in range(len(row)):
        if gone[user[row[n]]]:
            lost[b] = user[row[n]]
            b += 1
        else:
            here[a] = row[n]
            a += 1
    return a


VALUES = ("welfare", "purchases", "revenue", "margin", "returns", "regretted", "irritated", "organic")
