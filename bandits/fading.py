"""Ridge regressions side by side, one an arm, that forget: what each reward taught counts for less with every new one.

K arms, D features, T = entries(D), see `bandits.ridge`; gamma the discount, lambda the ridge. Of each arm, at time t,
which counts the rewards that were learnt (of all arms), with sums over those of its own visits s:

    V = Σ gamma^(t−s) x xᵀ + lambda I          V_inv = V⁻¹ (T, K)
    W = Σ gamma^2(t−s) x xᵀ + lambda I         C = V⁻¹ W V⁻¹ (T, K), the covariance of theta for noise of variance 1
    theta = V⁻¹ Σ gamma^(t−s) r x (D, K)

Discounting takes (1 − gamma) lambda I from the prior's part of V at each step, and to give that back to V⁻¹ is no
update of low rank. So it is given back in turn: at each step one group of coordinates gets what it has lost since its
last turn, and a little more, so that until its next turn it never has less than lambda. All other sums are exact.
There are as many groups, P, as keep gamma^(P − 1) above 1/SLACK: a coordinate's ridge is at most SLACK lambda. A step
costs an arm ⌈D/P⌉ updates of rank one in V⁻¹ and of rank two in C. As long as gamma remembers more than about 10 D
visits, P = D, and that is one of each; the less it remembers the more they are, at most D.

A coordinate that has j steps to its turn has lambda u in V and c lambda u² in W, u = gamma^−j. Without data C is then
(c/lambda) I, whatever j. With any data C ≤ I/lambda, for c = 4U/(1 + U)², U = gamma^−(P − 1) the largest u: let G be
the data's part of V/lambda, which is at least that of W/lambda, and Γ = diag(u). What must hold is G + cΓ² ≤ (G + Γ)².
With Γ = ½(1 + U)c I + Δ, it does: G² + GΔ + ΔG ≥ −Δ² ≥ −(1 − c)Γ², and (1 + U)c ≥ 1.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bandits.compiled import compiled, inlined, pasted
from bandits.protocol import Floats, Ints
from bandits.ridge import Room, believe_in, direction, entries, room_for

SLACK = 1.1
TINY = 1e-150
"""Below it, numbers that decay are 0: soon they would be too small for floating point to be fast."""


class Fading(NamedTuple):
    """What has been learnt, and is not yet forgotten.

    Args:
        V_inv: (T, K).
        C: (T, K).
        theta: (D, K).
        step: (1,) how many rewards were learnt.
    """

    V_inv: Floats
    C: Floats
    theta: Floats
    step: Ints


class How(NamedTuple):
    """Hyper-parameters, and room to work in.

    Args:
        noise: standard deviation of a reward about its mean [units].
        alpha: standard deviations of optimism.
        discount: gamma.
        groups: P, of coordinates that get their ridge back in turn.
        given: what a coordinate gets back in V.
        given_twice: the same in W.
        room: scratch; so are the others.
        room_of_c: for C.
        y: (D, K) of `give_back`; so are the others.
        f: (D, K).
        shrink: (K,) s.
        grow: (K,) g.
        pull: (K,) s (e·theta).
    """

    noise: float
    alpha: float
    discount: float
    groups: int
    given: float
    given_twice: float
    room: Room
    room_of_c: Room
    y: Floats
    f: Floats
    shrink: Floats
    grow: Floats
    pull: Floats


def groups_of(D: int, discount: float) -> int:
    """P: as many groups of equal size as keep discount^(P − 1) above 1/SLACK, at most one a coordinate."""
    most = D if discount == 1.0 else min(D, 1 + int(math.log(SLACK) / -math.log(discount)))
    return -(-D // -(-D // most))


def fading(K: int, D: int, discount: float, ridge: float) -> Fading:
    """Before the first reward: as if the groups had taken turns for ever."""
    P = groups_of(D, discount)
    turn = np.arange(D) // -(-D // P)
    row, column = np.triu_indices(D)
    diagonal = np.flatnonzero(row == column)
    V_inv, C = np.zeros((entries(D), K)), np.zeros((entries(D), K))
    V_inv[diagonal] = (discount**turn / ridge)[:, None]
    C[diagonal] = least_share(discount, P) / ridge
    return Fading(V_inv, C, np.zeros((D, K)), np.zeros(1, dtype=np.int64))


def least_share(discount: float, P: int) -> float:
    """The share c = 4U/(1 + U)²: from 1 down to .9977, its value at U = SLACK."""
    U = discount ** -(P - 1)
    return 4.0 * U / (1.0 + U) ** 2


def how_to_forget(K: int, D: int, discount: float, ridge: float, *, noise: float, alpha: float) -> How:
    """Hyper-parameters for D features."""
    P = groups_of(D, discount)
    U = discount ** -(P - 1)
    return How(
        noise=noise,
        alpha=alpha,
        discount=discount,
        groups=P,
        given=ridge * (U - discount),
        given_twice=least_share(discount, P) * ridge * (U**2 - discount**2),
        room=room_for(D),
        room_of_c=room_for(D),
        y=np.zeros((D, K)),
        f=np.zeros((D, K)),
        shrink=np.zeros(K),
        grow=np.zeros(K),
        pull=np.zeros(K),
    )


@pasted
def estimate_fading(state: Fading, how: How, x: Floats, z: Floats, cohort: int, mean: Floats, sd: Floats) -> None:
    """Mean x·theta and sd = noise · √(xᵀCx) of every arm (K,)."""
    believe_in(state.C, state.theta, x, how.noise, how.room, mean, sd)


@inlined
def or_nothing(number: float) -> float:
    """A number that is not tiny."""
    return number if abs(number) > TINY else 0.0


@compiled
def give_back(state: Fading, how: How, i: int, discount: float) -> None:
    """V ← discount V + given e eᵀ and W ← discount² W + given_twice e eᵀ of all arms, e the i-th axis.

    With y = V⁻¹e / discount, v = eᵀy, q = eᵀCe, s = given / (1 + given v), g = s² q + given_twice / (1 + given v)²:

    V⁻¹ ← V⁻¹ / discount − s y yᵀ,  theta ← theta − s (e·theta) y
    C ← (I − s y eᵀ) C (I − s e yᵀ) + given_twice / (1 + given v)² y yᵀ = C + y fᵀ + f yᵀ,  f = ½ g y − s C e
    """
    V_inv, C, theta, y, f = state.V_inv, state.C, state.theta, how.y, how.f
    D, K = theta.shape
    stretch = 1.0 / discount
    for j in range(D):
        first, second = min(i, j), max(i, j)
        t = first * (2 * D - first - 1) // 2 + second
        for k in range(K):
            y[j, k], f[j, k] = stretch * V_inv[t, k], C[t, k]
    for k in range(K):
        part = 1.0 / (1.0 + how.given * y[i, k])
        how.shrink[k] = how.given * part
        how.grow[k] = how.shrink[k] ** 2 * f[i, k] + how.given_twice * part**2
        how.pull[k] = how.shrink[k] * theta[i, k]
    for j in range(D):
        for k in range(K):
            theta[j, k] = or_nothing(theta[j, k] - how.pull[k] * y[j, k])
            f[j, k] = 0.5 * how.grow[k] * y[j, k] - how.shrink[k] * f[j, k]
    t = 0
    for j in range(D):
        for h in range(j, D):
            for k in range(K):
                V_inv[t, k] = or_nothing(stretch * V_inv[t, k] - how.shrink[k] * y[j, k] * y[h, k])
                C[t, k] = or_nothing(C[t, k] + (y[j, k] * f[h, k] + f[j, k] * y[h, k]))
            t += 1


@pasted
def forget(state: Fading, how: How) -> None:
    """One step of all arms: V ← gamma V, W ← gamma² W, C stays as it is; and a group of coordinates has its turn."""
    D, size = len(state.theta), -(-len(state.theta) // how.groups)
    first = (state.step[0] % how.groups) * size
    for i in range(first, min(first + size, D)):
        give_back(state, how, i, how.discount if i == first else 1.0)
    state.step[0] += 1


@compiled
def learn_fading(
    state: Fading, how: How, x: Floats, z: Floats, cohort: int, action: int, reward: float, propensity: float
) -> None:
    """A step for all arms; then V ← V + x xᵀ and W ← W + x xᵀ of the arm that was chosen, as in `give_back`."""
    forget(state, how)
    V_inv, C, theta, k = state.V_inv, state.C, state.theta, action
    shrink = 1.0 / (1.0 + direction(V_inv, k, x, how.room))
    half = 0.5 * shrink**2 * (direction(C, k, x, how.room_of_c) + 1.0)
    y, f, expected = how.room.y, how.room_of_c.y, 0.0
    for i in range(len(x)):
        f[i] = half * y[i] - shrink * f[i]
        expected += x[i] * theta[i, k]
    surprise = shrink * (reward - expected)
    t = 0
    for i in range(len(x)):
        theta[i, k] += surprise * y[i]
        for j in range(i, len(x)):
            V_inv[t, k] -= shrink * y[i] * y[j]
            C[t, k] += y[i] * f[j] + f[i] * y[j]
            t += 1
