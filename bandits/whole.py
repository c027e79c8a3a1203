"""One ridge regression on many features, its inverse Gram matrix kept whole.

d features, rounded up to a multiple of four, with zeros for what is not there; A_inv (d, d), theta (d,); x (d,).

Banks of regressions (`bandits.ridge`) lie arm beside arm, so that vector instructions work on all arms at once. Of a
single one they have only its rows to work on; these go by fours, without reordering any sum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bandits.compiled import inlined
from bandits.protocol import Floats


class Whole(NamedTuple):
    """A ridge regression.

    Args:
        A_inv: (d, d).
        theta: (d,).
    """

    A_inv: Floats
    theta: Floats


def fours(d: int) -> int:
    """The next multiple of four."""
    return -(-d // 4) * 4


def whole(d: int, ridge: float) -> Whole:
    """The regression before the first visit, A = ridge · I."""
    return Whole(np.eye(fours(d)) / ridge, np.zeros(fours(d)))


@inlined
def form_of(A_inv: Floats, x: Floats, y: Floats) -> float:
    """Write A⁻¹x (d,) into y, and return xᵀA⁻¹x."""
    for q in range(len(y)):
        y[q] = 0.0
    for p in range(0, len(x), 4):
        a, b, c, e = x[p], x[p + 1], x[p + 2], x[p + 3]
        for q in range(len(y)):
            y[q] += (A_inv[p, q] * a + A_inv[p + 1, q] * b) + (A_inv[p + 2, q] * c + A_inv[p + 3, q] * e)
    form = 0.0
    for q in range(len(y)):
        form += x[q] * y[q]
    return form


@inlined
def fold_into(A_inv: Floats, theta: Floats, x: Floats, reward: float, weight: float, y: Floats) -> None:
    """Fold one visit into the inverse Gram matrix and the estimate, in place; y is left as A⁻¹x before it.

    (A + w x xᵀ)⁻¹ = A⁻¹ − w (A⁻¹x)(A⁻¹x)ᵀ / (1 + w xᵀA⁻¹x)
    theta ← theta + w A⁻¹x (reward − x·theta) / (1 + w xᵀA⁻¹x)

    Args:
        A_inv: (d, d).
        theta: (d,).
        x: (d,) features of the visit.
        reward: what it brought.
        weight: w, of the visit; 1 if it counts once.
        y: (d,) scratch.

    Source: Sherman & Morrison 1950.
    """
    shrink, surprise = weight / (1.0 + weight * form_of(A_inv, x, y)), reward
    for p in range(len(x)):
        surprise -= x[p] * theta[p]
    for p in range(len(x)):
        theta[p] += shrink * surprise * y[p]
        for q in range(len(x)):
            A_inv[p, q] -= shrink * (y[p] * y[q])  # in this order, so that it stays symmetric


@inlined
def shift_whole(A_inv: Floats, theta: Floats, x: Floats, delta: float, y: Floats) -> None:
    """Change a reward that was already learnt: theta ← theta + A⁻¹x · delta, exact whenever it comes."""
    form_of(A_inv, x, y)
    for p in range(len(x)):
        theta[p] += delta * y[p]
