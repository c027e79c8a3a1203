"""The compiled loop of every policy that keeps one ridge regression an arm.

N visits, K arms, D features.
A_inv (K, D, D): inverse Gram matrices; theta (K, D): estimates; x (N, D): features; rewards (N, K).

An arm is scored by its mean x·theta and its standard deviation, sd = noise · √(xᵀ A⁻¹ x):
    score = mean + bonus · sd
LinUCB's bonus is alpha; Thompson sampling's is normal noise. Kernels get their noise as arrays: they are pure
functions.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.compiled import compiled, inlined
from bandits.protocol import Bools, Floats, Ints
from bandits.ties import best_of, ties_with


@inlined
def matrix_vector(A: Floats, x: Floats, y: Floats) -> None:
    """Write A x (D,) into y, for a symmetric A.

    Row by row, so that the inner loop runs along memory and compiles to vector instructions without reordering any
    sum: the result has the same bits on every path.
    """
    D = len(x)
    for i in range(D):
        y[i] = 0.0
    for i in range(D):
        xi = x[i]
        for j in range(D):
            y[j] += A[i, j] * xi


@inlined
def dot(a: Floats, b: Floats) -> float:
    """a·b, summed in order."""
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


@compiled
def rank_one_update(A_inv: Floats, theta: Floats, x: Floats, reward: float, y: Floats) -> None:
    """Fold one visit into an arm's inverse Gram matrix and estimate, in place.

    (A + x xᵀ)⁻¹ = A⁻¹ − (A⁻¹x)(A⁻¹x)ᵀ / (1 + xᵀA⁻¹x)
    theta ← theta + A⁻¹x (reward − x·theta) / (1 + xᵀA⁻¹x)

    Args:
        A_inv: (D, D) symmetric positive definite.
        theta: (D,) estimate A⁻¹ b.
        x: (D,) features of the visit.
        reward: what it brought.
        y: (D,) scratch.

    Source: Sherman & Morrison 1950; lines 12 and 13 of Algorithm 1 in Li et al. 2010.
    """
    matrix_vector(A_inv, x, y)
    shrink = 1.0 / (1.0 + dot(x, y))
    surprise = (reward - dot(x, theta)) * shrink
    for i in range(len(x)):
        theta[i] += surprise * y[i]
        yi = y[i] * shrink
        for j in range(len(x)):
            A_inv[i, j] -= yi * y[j]


@compiled
def withhold(mean: Floats, sd: Floats, available: Bools, nothing: int, caution: float, candidates: Bools) -> None:
    """Mark the available actions whose mean − caution · sd is above 0; if none is left, showing nothing, or else all.

    Args:
        mean: (K,) estimates.
        sd: (K,) their standard deviations.
        available: (K,).
        nothing: index of the action that shows nothing, or −1.
        caution: −inf withholds none.
        candidates: (K,) is overwritten.
    """
    left = 0
    for k in range(len(mean)):
        candidates[k] = available[k]
        if available[k] and caution > -math.inf and k != nothing and not mean[k] - caution * sd[k] > 0.0:
            candidates[k] = False
        left += candidates[k]
    if left == 0:
        candidates[:] = available


@compiled
def play_ridge(
    A_inv: Floats,
    theta: Floats,
    x: Floats,
    available: Bools,
    rewards: Floats,
    bonus: Floats,
    tie: Floats,
    caution: Floats,
    noise: float,
    nothing: int,
    unit: float,
    action: Ints,
    share: Floats,
) -> None:
    """Choose for each visit in turn and, where rewards are given, learn from each choice.

    Args:
        A_inv: (K, D, D), changed in place.
        theta: (K, D), changed in place [units].
        x: (N, D).
        available: (N, K).
        rewards: (N, K), of which only the chosen ones are read; (0, K) where they come later.
        bonus: (N, K) how many standard deviations are added to each mean.
        tie: (N,) uniform draws that break ties.
        caution: (N,) see `withhold`.
        noise: standard deviation of a reward about its mean [units].
        nothing: index of the action that shows nothing, earns 0 and teaches nothing; −1 if there is none.
        unit: reward of one unit [reward units]: rewards are learnt in units.
        action: (N,) is overwritten with the choices.
        share: (N,) is overwritten with 1 / the number of actions that tied.
    """
    N, K = available.shape
    D = x.shape[1]
    mean, sd, scores = np.zeros(K), np.zeros(K), np.zeros(K)
    candidates, y = np.zeros(K, dtype=np.bool_), np.zeros(D)
    for n in range(N):
        for k in range(K):
            if k == nothing or not available[n, k]:
                continue
            matrix_vector(A_inv[k], x[n], y)
            mean[k] = dot(x[n], theta[k])
            sd[k] = noise * math.sqrt(max(dot(x[n], y), 0.0))
            scores[k] = mean[k] + bonus[n, k] * sd[k]
        withhold(mean, sd, available[n], nothing, caution[n], candidates)
        k = best_of(scores, candidates, tie[n])
        action[n] = k
        share[n] = 1.0 / ties_with(scores, candidates, k)
        if len(rewards) > 0 and k != nothing:
            rank_one_update(A_inv[k], theta[k], x[n], rewards[n, k] / unit, y)


@compiled
def learn_ridge(
    A_inv: Floats, theta: Floats, x: Floats, action: Ints, rewards: Floats, nothing: int, unit: float
) -> None:
    """Fold rewards (N,) that come later than their visits into the arms that earned them."""
    y = np.zeros(x.shape[1])
    for n in range(len(x)):
        k = action[n]
        if k != nothing:
            rank_one_update(A_inv[k], theta[k], x[n], rewards[n] / unit, y)


@compiled
def correct_ridge(
    A_inv: Floats, theta: Floats, x: Floats, action: Ints, deltas: Floats, nothing: int, unit: float
) -> None:
    """Change rewards that were already learnt: theta ← theta + A⁻¹ x · delta, with A as it is.

    Exact whenever it comes: b = Σ x r is linear in every reward, and A does not know rewards.
    """
    y = np.zeros(x.shape[1])
    for n in range(len(x)):
        k = action[n]
        if k != nothing:
            matrix_vector(A_inv[k], x[n], y)
            for i in range(len(y)):
                theta[k, i] += y[i] * (deltas[n] / unit)
