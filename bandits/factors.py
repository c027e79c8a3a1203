"""Factors of users and items: the reward of user u from item k is mean_k + P_u · Q_k, by alternating least squares.

U users, K items, F factors, E pairs of a user and an item that was shown to them. Users may be a million: a table of
users × items is never made.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bandits.learner_state import Changing
from bandits.protocol import Floats, Ints

SWEEPS = 2
"""Alternations a fit; each fit goes on from the factors of the last, so that they add up."""


class Factors(NamedTuple):
    """What tastes are taken to be.

    Args:
        P: (U, F) of users; 0 of those without a history.
        Q: (K, F) of items.
        mean: (K,) mean rewards of items [units].
        start: (K, F) what Q is at first; it differs between factors, which would stay alike for ever otherwise.
    """

    P: Floats
    Q: Floats
    mean: Floats
    start: Floats


def no_tastes(U: int, K: int, F: int, rng: np.random.Generator) -> Factors:
    """Before the first visit: everybody alike."""
    start = rng.standard_normal((K, F)) / np.sqrt(F)
    return Factors(np.zeros((U, F)), start.copy(), np.zeros(K), start)


class Record(Changing):
    """What every user's visits brought, item by item.

    Args:
        K: how many items.
    """

    def __init__(self, K: int) -> None:
        self._K = K
        self._pair = np.empty(0, dtype=np.int64)
        """(E,) u · K + k, ascending."""
        self._many, self._total = np.empty(0), np.empty(0)
        """(E,) visits of each pair, and the sum of their rewards [units]."""
        self._new_pair, self._new_many, self._new_total = np.empty(0, dtype=np.int64), np.empty(0), np.empty(0)
        """The same of each reward since the last fit, in the order in which they came."""

    def note(self, user: Ints, item: Ints, rewards: Floats, visits: float) -> None:
        """Write down rewards (N,) [units], each of so many visits: 1, or 0 if it corrects an earlier one."""
        self._new_pair = np.concatenate([self._new_pair, user * self._K + item])
        self._new_many = np.concatenate([self._new_many, np.full(len(user), visits)])
        self._new_total = np.concatenate([self._new_total, rewards])

    def fit(self, factors: Factors, ridge: float) -> None:
        """Fit means and factors to all that was written down, in place, if any of it is new."""
        if len(self._new_pair) == 0:
            return
        pairs = np.concatenate([self._pair, self._new_pair])
        many = np.concatenate([self._many, self._new_many])
        total = np.concatenate([self._total, self._new_total])
        self._pair, place = np.unique(pairs, return_inverse=True)
        self._many, self._total = sums(place, many), sums(place, total)
        self._new_pair, self._new_many, self._new_total = np.empty(0, dtype=np.int64), np.empty(0), np.empty(0)

        user, item = np.divmod(self._pair, self._K)
        known, row = np.unique(user, return_inverse=True)
        factors.mean[:] = _means(sums(item, self._total, self._K), sums(item, self._many, self._K))
        surplus = _means(self._total, self._many) - factors.mean[item]
        if not factors.Q.any():
            factors.Q[:] = factors.start  # all at 0 would stay there
        for _ in range(SWEEPS):
            P = least_squares(row, len(known), factors.Q[item], self._many, surplus, ridge)
            factors.Q[:] = least_squares(item, self._K, P[row], self._many, surplus, ridge)
            factors.P[known] = P


def least_squares(row: Ints, R: int, other: Floats, weight: Floats, value: Floats, ridge: float) -> Floats:
    """Half of a sweep: the factors (R, F) of all users, given those of the items; or the other way round.

    (Σ w y yᵀ + ridge · I)⁻¹ Σ w y v, over the pairs of each row.

    Args:
        row: (E,) whose pair it is, 0 to R − 1.
        R: how many rows.
        other: y (E, F) factors of the other side of each pair.
        weight: w (E,).
        value: v (E,) what the product of both factors is to be.
        ridge: above 0.

    Source: Hu, Koren & Volinsky 2008, equation 4.
    """
    F = other.shape[1]
    A, b = np.empty((R, F, F)), np.empty((R, F))
    for f in range(F):
        weighted = weight * other[:, f]
        b[:, f] = sums(row, weighted * value, R)
        for g in range(f + 1):
            A[:, f, g] = A[:, g, f] = sums(row, weighted * other[:, g], R)
        A[:, f, f] += ridge
    return np.asarray(np.linalg.solve(A, b[:, :, None])[:, :, 0], dtype=np.float64)


def sums(place: Ints, value: Floats, places: int = 0) -> Floats:
    """The sums of values (E,) that have the same place, added in the order in which they come."""
    return np.asarray(np.bincount(place, value, places), dtype=np.float64)


def _means(total: Floats, many: Floats) -> Floats:
    """0 of what was never seen."""
    return total / np.maximum(many, 1.0)
