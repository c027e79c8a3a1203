"""What a visitor thinks of features of actions: the kernels of one ridge regression on products of both.

D visitor features, M action features, d = D · M, K actions; phi_k = x ⊗ z_k (d,), see `bandits.products`.
A (d, d) Gram matrix, theta (d,) its estimate, W (D, M) the same in another shape: phi_k·theta = z_k·(Wᵀx).

A visit's actions differ in z alone, so everything about them is in v = Wᵀx (M,), which has mean Ŵᵀx and covariance
G = (x ⊗ I)ᵀ A⁻¹ (x ⊗ I) (M, M). G takes d² products once a visit; then an action costs M², not d². Thompson sampling
draws v: the scores are those of a draw of all of theta, for M normals and a factor of G in place of d and one of A.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bandits.compiled import inlined, pasted
from bandits.protocol import Floats
from bandits.whole import Whole, fold_into, fours, shift_whole

_DEPENDENT = 1e-12  # a variance less than this, of what was subtracted to get it, is rounding


class How(NamedTuple):
    """Hyper-parameters, and what is known of v at the visit that is being decided.

    Args:
        noise: standard deviation of a reward about its mean [units].
        alpha: standard deviations of optimism.
        phi: (d,) scratch, d rounded up as in `bandits.whole`; so is it below.
        y: (d,) A⁻¹phi.
        rows: (M, d) (x ⊗ I)ᵀ A⁻¹.
        z: (K, M) features of the actions.
        centre: (M,) the mean of v.
        spread: (M, M) noise² G.
        factor: (M, M) a lower triangle C with C Cᵀ = spread.
        v: (M,) a draw.
    """

    noise: float
    alpha: float
    phi: Floats
    y: Floats
    rows: Floats
    z: Floats
    centre: Floats
    spread: Floats
    factor: Floats
    v: Floats


def how_for(K: int, D: int, M: int, noise: float, alpha: float) -> How:
    """Hyper-parameters, and room to work in."""
    d = fours(D * M)
    rows, z, v, square = np.zeros((M, d)), np.zeros((K, M)), np.zeros(M), np.zeros((M, M))
    return How(noise, alpha, np.zeros(d), np.zeros(d), rows, z, v, square, square.copy(), v.copy())


@inlined
def describe(A_inv: Floats, theta: Floats, x: Floats, how: How) -> None:
    """Write the mean of v and noise² G, its covariance."""
    rows, centre, spread, variance = how.rows, how.centre, how.spread, how.noise * how.noise
    M = len(centre)
    for a in range(M):
        centre[a] = 0.0
        for i in range(len(x)):
            centre[a] += x[i] * theta[i * M + a]
        for q in range(len(theta)):
            rows[a, q] = x[0] * A_inv[a, q]
        for i in range(1, len(x)):
            for q in range(len(theta)):
                rows[a, q] += x[i] * A_inv[i * M + a, q]
    for a in range(M):
        for b in range(a + 1):
            form = 0.0
            for j in range(len(x)):
                form += x[j] * rows[a, j * M + b]
            spread[a, b] = spread[b, a] = variance * form


@inlined
def estimate_shared(state: Whole, how: How, x: Floats, z: Floats, cohort: int, mean: Floats, sd: Floats) -> None:
    """Mean z_k·(Ŵᵀx) and sd = noise · √(z_kᵀ G z_k) of every action (K,); keep what is known of v."""
    describe(state.A_inv, state.theta, x, how)
    for k in range(len(mean)):
        mean[k], form = 0.0, 0.0
        for a in range(len(how.centre)):
            how.z[k, a] = z[k, a]
            mean[k] += z[k, a] * how.centre[a]
            part = 0.5 * how.spread[a, a] * z[k, a]
            for b in range(a):
                part += how.spread[a, b] * z[k, b]
            form += 2.0 * z[k, a] * part
        sd[k] = math.sqrt(max(form, 0.0))


@inlined
def multiply(x: Floats, z: Floats, phi: Floats) -> None:
    """Write x ⊗ z of one action (d,) into phi."""
    for i in range(len(x)):
        for a in range(len(z)):
            phi[i * len(z) + a] = x[i] * z[a]


@pasted
def learn_shared(
    state: Whole, how: How, x: Floats, z: Floats, cohort: int, action: int, reward: float, propensity: float
) -> None:
    """A ← A + phi phiᵀ, b ← b + reward · phi."""
    multiply(x, z[action], how.phi)
    fold_into(state.A_inv, state.theta, how.phi, reward, 1.0, how.y)


@pasted
def correct_shared(state: Whole, how: How, x: Floats, z: Floats, cohort: int, action: int, delta: float) -> None:
    """Change a reward that was already learnt: b ← b + delta · phi."""
    multiply(x, z[action], how.phi)
    shift_whole(state.A_inv, state.theta, how.phi, delta, how.y)


@inlined
def factorise(spread: Floats, factor: Floats) -> None:
    """Write the lower triangle C (M, M) with C Cᵀ = spread; a column of zeros for what depends on those before it.

    Source: Golub & Van Loan 2013, section 4.2.
    """
    for j in range(len(spread)):
        left = spread[j, j]
        for r in range(j):
            left -= factor[j, r] * factor[j, r]
        free = left > _DEPENDENT * spread[j, j]
        root = math.sqrt(left) if free else 1.0
        for i in range(j, len(spread)):
            entry = spread[i, j]
            for r in range(j):
                entry -= factor[i, r] * factor[j, r]
            factor[i, j] = entry / root if free else 0.0


@inlined
def a_joint_draw(state: Whole, how: How, luck: Floats, n: int, mean: Floats, sd: Floats, scores: Floats) -> None:
    """z_k·v of every action (K,), where v = Ŵᵀx + C · normals is one draw for all of them."""
    M, factor, v = len(how.v), how.factor, how.v
    factorise(how.spread, factor)
    for a in range(M):
        v[a] = how.centre[a]
        for b in range(a + 1):
            v[a] += factor[a, b] * luck[n, b]
    for k in range(len(scores)):
        scores[k] = 0.0
        for a in range(M):
            scores[k] += how.z[k, a] * v[a]


@inlined
def note_covariance(state: Whole, how: How, x: Floats, z: Floats, mean: Floats, sd: Floats, notes: Floats) -> None:
    """The mean of every action, and its covariance with every action (K, 1 + K)."""
    M, row = len(how.v), how.v
    for k in range(len(mean)):
        notes[k, 0] = mean[k]
        for a in range(M):
            row[a] = 0.0
            for b in range(M):
                row[a] += how.spread[a, b] * z[k, b]
        for other in range(len(mean)):
            notes[k, 1 + other] = 0.0
            for a in range(M):
                notes[k, 1 + other] += row[a] * z[other, a]
