"""What comes of a visit, compiled: the reaction, the experience, satisfaction, and who leaves.

N visits, U users, C personas, J items, V variants of them.
No transcendental function is needed: all of them are in the draws.

    x = v + mood                          buy if x > 0, ignore if −patience < x ≤ 0, irritated if x ≤ −patience
    d = x − m + trial_sd · trial          returned if bought and d < −hassle, regretted if bought and d < 0
    w = max(d, −hassle) if bought, −annoyance if irritated, else 0;   felt = w if w ≥ 0 else loss_aversion · w
    s' = rho s + (1 − rho) felt           leaves iff  log(−log(1 − uniform)) < b0 − b1 s'

person (C, 8): patience, annoyance, hassle, trial_sd, loss_aversion, rho, b0, b1.
prizes (V, 3): what the objective pays for a sale, on top if it is kept, on top if it is returned.
feelings (4,): what it pays for a regret, an irritation, a unit of welfare, a unit of felt welfare.

Where every item is gone through, numbers travel in tuples: an array that is handed to an inner function costs more than
the arithmetic in it.
"""

from __future__ import annotations

from typing import NamedTuple

from bandits.compiled import compiled
from bandits.protocol import Bools, Floats, Ints

PATIENCE, ANNOYANCE, HASSLE, TRIAL_SD, LOSS_AVERSION, RHO, B0, B1 = range(8)
SOLD, KEPT, RETURNED = range(3)
REGRET, IRRITATION, WELFARE, FELT = range(4)
VALUES = ("welfare", "purchases", "revenue", "margin", "returns", "regretted", "irritated", "organic")


class Nature(NamedTuple):
    """How a customer takes what happens: a part of a row of `person`."""

    patience: float
    annoyance: float
    hassle: float
    loss_aversion: float


class Prize(NamedTuple):
    """A row of `prizes`."""

    sold: float
    kept: float
    returned: float


class Feelings(NamedTuple):
    """The entries of `feelings`."""

    regret: float
    irritation: float
    welfare: float
    felt: float


@compiled
def welfare_of(x: float, d: float, nature: Nature) -> float:
    """w: what the visit was worth to the customer [logits]."""
    if x > 0.0:
        return max(d, -nature.hassle)
    return -nature.annoyance if x <= -nature.patience else 0.0


@compiled
def felt_of(w: float, nature: Nature) -> float:
    """The same, with losses felt more than gains."""
    return w if w >= 0.0 else nature.loss_aversion * w


@compiled
def reward_of(x: float, d: float, nature: Nature, prize: Prize, feelings: Feelings) -> float:
    """What the objective pays for a visit in which one item is shown: Σ weight · outcome."""
    w = welfare_of(x, d, nature)
    reward = feelings.welfare * w + feelings.felt * felt_of(w, nature)
    if x > 0.0:
        reward += prize.sold + (prize.returned if d < -nature.hassle else prize.kept)
        if d < 0.0:
            reward += feelings.regret
    elif x <= -nature.patience:
        reward += feelings.irritation
    return reward


@compiled
def nature_of(person: Floats, c: int) -> Nature:
    """The nature of the customers of persona c."""
    return Nature(person[c, PATIENCE], person[c, ANNOYANCE], person[c, HASSLE], person[c, LOSS_AVERSION])


@compiled
def prize_of(prizes: Floats, j: int) -> Prize:
    """What the objective pays for item j."""
    return Prize(prizes[j, SOLD], prizes[j, KEPT], prizes[j, RETURNED])


@compiled
def live(
    row: Ints,
    user: Ints,
    cohort: Ints,
    slot: Ints,
    v: Floats,
    m: Floats,
    mood: Floats,
    trial: Floats,
    patience: Floats,
    person: Floats,
    goods: Floats,
    handling: float,
    organic: Floats,
    prizes: Floats,
    credit: Floats,
    feelings: Floats,
    action: Ints,
    satisfaction: Floats,
    total: Floats,
    gone: Bools,
    reward: Floats,
    credited: Floats,
    values: Floats,
    left: Bools,
) -> None:
    """Let the customers of a block live with what they were shown (N,); those who have had enough leave.

    Args:
        row: (N,) visits of the day; the arrays that go with it are described in `environments.shop.luck`.
        user: (visits of the day,).
        cohort: (U,).
        slot: (J,) which variant of each item is on the shelves.
        v: (U, V).
        m: (C, V).
        mood: (visits of the day,).
        trial: (visits of the day,).
        patience: (visits of the day,) log(−log(1 − uniform)).
        person: (C, 8), see above.
        goods: (V, 2) price and margin [currency].
        handling: cost of a return [currency].
        organic: (C,) margin of any visit [currency].
        prizes: (V, 3), see above.
        credit: (V, 3) the prizes while no return is known.
        feelings: (4,), see above.
        action: (N,) the item that was shown; J for nothing.
        satisfaction: (U,), changed in place.
        total: (C,) sum of satisfaction a persona, changed in place.
        gone: (U,) who has left, changed in place.
        reward: (N,) final rewards, overwritten.
        credited: (N,) rewards as they look before returns are known, overwritten.
        values: (N, 8) outcomes in the order of VALUES, overwritten.
        left: (N,) who leaves after this visit, overwritten.
    """
    J = len(slot)
    moved = Feelings(feelings[REGRET], feelings[IRRITATION], feelings[WELFARE], feelings[FELT])
    for n in range(len(row)):
        t, j = row[n], action[n]
        u = user[t]
        c = cohort[u]
        w, nature = 0.0, nature_of(person, c)
        reward[n] = credited[n] = 0.0
        values[n] = 0.0
        if j < J:
            s = slot[j]
            x = v[u, s] + mood[t]
            d = x - m[c, s] + person[c, TRIAL_SD] * trial[t]
            w = welfare_of(x, d, nature)
            reward[n] = reward_of(x, d, nature, prize_of(prizes, s), moved)
            credited[n] = reward_of(x, d, nature, prize_of(credit, s), moved)
            if x > 0.0:
                returned = d < -person[c, HASSLE]
                values[n, 1] = 1.0
                values[n, 2] = goods[s, 0]
                values[n, 3] = -handling if returned else goods[s, 1]
                values[n, 4] = returned
                values[n, 5] = d < 0.0
            else:
                values[n, 6] = x <= -person[c, PATIENCE]
        values[n, 0] = w
        values[n, 7] = organic[c]
        before = satisfaction[u]
        satisfaction[u] = person[c, RHO] * before + (1.0 - person[c, RHO]) * felt_of(w, nature)
        total[c] += satisfaction[u] - before
        left[n] = patience[t] < person[c, B0] - person[c, B1] * satisfaction[u]
        gone[u] = left[n]
