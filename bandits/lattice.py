"""Integrals over a cube by a shifted lattice of points: the one that `bandits.orthant` asks for.

M rivals of the chosen arm, R ≤ M directions.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.compiled import compiled
from bandits.normal import normal_cdf, normal_quantile
from bandits.protocol import Floats, Ints


@compiled
def lattice_mean(gap: Floats, L: Floats, last: Ints, R: int, steps: Floats, shift: Floats, points: int) -> float:
    """The mean of the product of the directions' probabilities over a shifted lattice of the cube.

    Args:
        gap: (M,).
        L: (M, R at least).
        last: (M,) the direction that each row bounds.
        R: directions.
        steps: (R at least,) from one point to the next.
        shift: (R at least,) of the whole lattice, uniform from 0 to 1.
        points: how many.
    """
    total = 0.0
    z = np.empty(R)
    for point in range(points):
        p, i = 1.0, 0
        for r in range(R):
            low, high = -math.inf, math.inf
            while i < len(gap) and last[i] == r:
                bound = -(gap[i] + dot(L[i], z, r)) / L[i, r]
                if L[i, r] > 0.0:
                    low = max(low, bound)
                else:
                    high = min(high, bound)
                i += 1
            # to have both tails to full precision, the bounds are mirrored to where the normal is small
            mirrored = low > 0.0
            if mirrored:
                low, high = -high, -low
            below, above = normal_cdf(low), normal_cdf(high)
            p *= max(above - below, 0.0)
            if p == 0.0:
                break
            u = (point * steps[r] + shift[r]) % 1.0
            u = 1.0 - abs(2.0 * u - 1.0)  # a tent, so that the ends of the cube meet
            z[r] = min(max(normal_quantile(below + u * (above - below)), low), high)
            if mirrored:
                z[r] = -z[r]
        total += p
    return total / points


@compiled
def dot(a: Floats, b: Floats, r: int) -> float:
    """a·b over the first r directions, summed in order."""
    total = 0.0
    for i in range(r):
        total += a[i] * b[i]
    return total
