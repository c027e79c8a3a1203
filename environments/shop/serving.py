"""Who comes, what they look like, and what each item would bring, compiled.

N visits, U users, C personas, J items, V variants of them, K = J (+ 1 for nothing), D features.
"""

from __future__ import annotations

from bandits.compiled import compiled
from bandits.protocol import Bools, Floats, Ints
from environments.shop.lifecycle import (
    FELT,
    IRRITATION,
    REGRET,
    TRIAL_SD,
    WELFARE,
    Feelings,
    nature_of,
    prize_of,
    reward_of,
)


@compiled
def present(user: Ints, gone: Bools, here: Ints, lost: Ints) -> int:
    """Split the visits of a day (N,) into those that take place (their rows) and those that are lost (their users).

    Returns:
        How many take place; the rest of `here` and `lost` (N,) is not written.
    """
    a, b = 0, 0
    for n in range(len(user)):
        if gone[user[n]]:
            lost[b] = user[n]
            b += 1
        else:
            here[a] = n
            a += 1
    return a


@compiled
def serve(
    user: Ints,
    cohort: Ints,
    slot: Ints,
    on_sale: Bools,
    expected: Floats,
    welfare: Floats,
    typical: Floats,
    group: Ints,
    available: Bools,
    expected_rows: Floats,
    welfare_rows: Floats,
    typical_rows: Floats,
) -> None:
    """Gather what is true of the visits of a block; the arrays from `group` on are overwritten.

    Args:
        user: (N,).
        cohort: (U,).
        slot: (J,) which variant of each item is on the shelves.
        on_sale: (J,) whether it can be shown.
        expected: (U, V) expected rewards.
        welfare: (U, V) expected welfare.
        typical: (C, V) mean expected rewards.
        group: (N,) the visitors' personas.
        available: (N, K). The last column, nothing, is true if K = J + 1; in the arrays below it is 0.
        expected_rows: (N, K).
        welfare_rows: (N, K).
        typical_rows: (N, K).
    """
    J, K = len(slot), expected_rows.shape[1]
    for n in range(len(user)):
        u = user[n]
        c = cohort[u]
        group[n] = c
        for j in range(J):
            s = slot[j]
            available[n, j] = on_sale[j]
            expected_rows[n, j] = expected[u, s]
            welfare_rows[n, j] = welfare[u, s]
            typical_rows[n, j] = typical[c, s]
        for k in range(J, K):
            available[n, k] = True
            expected_rows[n, k] = welfare_rows[n, k] = typical_rows[n, k] = 0.0


@compiled
def offer(
    row: Ints,
    user: Ints,
    group: Ints,
    slot: Ints,
    v: Floats,
    m: Floats,
    mood: Floats,
    trial: Floats,
    person: Floats,
    prizes: Floats,
    feelings: Floats,
    rewards: Floats,
) -> None:
    """Work out what each item would bring in the visits of a block.

    Args:
        row: (N,) visits of the day; `mood` and `trial` are described in `environments.shop.luck`.
        user: (N,).
        group: (N,) their personas.
        slot: (J,) which variant of each item is on the shelves.
        v: (U, V).
        m: (C, V).
        mood: (visits of the day,).
        trial: (visits of the day,).
        person: (C, 8), see `environments.shop.lifecycle`.
        prizes: (V, 3), see `environments.shop.lifecycle`.
        feelings: (4,), see `environments.shop.lifecycle`.
        rewards: (N, K), overwritten. The last column, nothing, is 0 if K = J + 1.
    """
    J, K = len(slot), rewards.shape[1]
    moved = Feelings(feelings[REGRET], feelings[IRRITATION], feelings[WELFARE], feelings[FELT])
    for n in range(len(row)):
        t, u, c = row[n], user[n], group[n]
        luck, nature = person[c, TRIAL_SD] * trial[t], nature_of(person, c)
        for j in range(J):
            s = slot[j]
            wish = v[u, s] + mood[t]
            rewards[n, j] = reward_of(wish, wish - m[c, s] + luck, nature, prize_of(prizes, s), moved)
        for k in range(J, K):
            rewards[n, k] = 0.0
