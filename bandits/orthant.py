"""With what probability Thompson sampling chose what it chose, where the arms are drawn together.

N visits, K arms, M rivals of the chosen arm, R ≤ M directions.
Arm k wins where d_j = score_k − score_j ≥ 0 for all of its rivals: an orthant of Normal(gap, spread), gap (M,), spread
(M, M). With spread = L Lᵀ, L lower triangular, and d = gap + L z, the constraints bound one z after the other:
    p = E Π_r P(low_r ≤ z_r ≤ high_r | z_1 … z_r−1)
each z_r is drawn within its bounds, which makes the estimate unbiased. With fewer directions than rivals (features that
all arms share), each constraint bounds the last z that it depends on. The draws are a lattice, shifted at random: that
the shifts are independent makes the standard error. Measured on chosen arms, it is .2 % of p for 13 arms that share 10
features and .5 % for 50 (medians; 3 % at most). With at least as many directions as rivals every draw is positive; with
fewer, a draw is 0 where its bounds exclude each other, and all are for an arm that can't win.

Source: Genz 1992; Geweke 1991, Hajivassiliou & McFadden 1998, Keane 1994 (GHK); Genz & Kwong 2000 for singular spreads;
Gibson, Glasbey & Elston 1994 for the order of the rivals.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.compiled import compiled
from bandits.lattice import dot, lattice_mean
from bandits.normal import normal_cdf
from bandits.protocol import Bools, Floats, Ints

SHIFTS, POINTS = 32, 64  # independent lattices, and how many points each has: 2,048 draws a visit
_DEPENDENT = 1e-12  # a variance less than this, of what was subtracted to get it, is rounding
_EQUAL = 1e-12  # and means that differ by less than this, of their size, are equal
_AT_ONCE = 2_000_000  # random numbers, which bounds the memory


def joint_propensity(
    mean: Floats, covariance: Floats, candidates: Bools, action: Ints, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Estimate P(the action has the highest score), the candidates' scores drawn from Normal(mean, covariance).

    Scores that are always equal, such as those of two arms with the same features under one theta, or of constants,
    share the visits that they win.

    Args:
        mean: (N, K) [any units].
        covariance: (N, K, K) positive semidefinite; rows of zeros for constants [the same units, squared].
        candidates: (N, K) the arms that were compared.
        action: (N,) the chosen arms.
        rng: draws the shifts of the lattices.

    Returns:
        The estimates (N,), unbiased; 0 for an action that is no candidate. Their standard errors (N,), from the
        SHIFTS lattices: (estimate − p) / standard error is about Student's t with SHIFTS − 1 degrees of freedom.
    """
    N, K = mean.shape
    covariance = np.ascontiguousarray(covariance)
    estimate, error = np.zeros(N), np.zeros(N)
    steps = np.sqrt(_primes(K))
    steps -= np.floor(steps)
    rows = max(1, _AT_ONCE // (SHIFTS * K))
    for first in range(0, N, rows):
        some = slice(first, first + rows)
        shifts = rng.random((len(action[some]), SHIFTS, K))
        _estimate(
            mean[some],
            covariance[some],
            candidates[some],
            action[some],
            steps,
            shifts,
            POINTS,
            estimate[some],
            error[some],
        )
    return estimate, error


def _primes(n: int) -> Floats:
    """The first n primes: their square roots are independent over the rationals, so their multiples fill the cube."""
    primes: list[int] = []
    candidate = 2
    while len(primes) < n:
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
        candidate += 1
    return np.array(primes, dtype=np.float64)


@compiled
def _estimate(
    mean: Floats,
    covariance: Floats,
    candidates: Bools,
    action: Ints,
    steps: Floats,
    shifts: Floats,
    points: int,
    estimate: Floats,
    error: Floats,
) -> None:
    """Write the estimates (N,) and their standard errors (N,); steps (K,) and shifts (N, SHIFTS, K) make lattices."""
    N, K = mean.shape
    gap, spread, size = np.empty(K), np.empty((K, K)), np.empty(K)
    last, means = np.empty(K, dtype=np.int64), np.empty(shifts.shape[1])
    for n in range(N):
        if not candidates[n, action[n]]:
            continue
        M, share = _rivals(mean[n], covariance[n], candidates[n], action[n], gap, spread, size)
        if share == 0.0:
            continue
        R = _factor(gap[:M], spread[:M, :M], size[:M], last[:M])
        if R == 0:
            estimate[n] = share
            continue
        for s in range(len(means)):
            means[s] = share * lattice_mean(gap[:M], spread[:M, :M], last[:M], R, steps, shifts[n, s], points)
        estimate[n] = means.mean()
        error[n] = math.sqrt(((means - estimate[n]) ** 2).sum() / (len(means) - 1) / len(means))


@compiled
def _rivals(
    mean: Floats, covariance: Floats, candidates: Bools, k: int, gap: Floats, spread: Floats, size: Floats
) -> tuple[int, float]:
    """Overwrite gap and spread with those of arm k and the M rivals that luck decides about, and size with their scale.

    Returns:
        M, and the share of its wins that arm k has to itself, one in as many as always score the same; 0 if a rival
        always scores more.
    """
    M, ties = 0, 1
    rivals = np.empty(len(mean), dtype=np.int64)
    for j in range(len(mean)):
        if j == k or not candidates[j]:
            continue
        total = covariance[k, k] + covariance[j, j]
        if total - 2.0 * covariance[k, j] > _DEPENDENT * total:
            rivals[M] = j
            gap[M], size[M] = mean[k] - mean[j], total
            M += 1
            continue
        difference = mean[k] - mean[j]
        if abs(difference) <= _EQUAL * (abs(mean[k]) + abs(mean[j]) + math.sqrt(total)):
            ties += 1
        elif difference < 0.0:
            return 0, 0.0
    for a in range(M):
        for b in range(M):
            i, j = rivals[a], rivals[b]
            spread[a, b] = covariance[k, k] - covariance[k, i] - covariance[k, j] + covariance[i, j]
    return M, 1.0 / ties


@compiled
def _factor(gap: Floats, spread: Floats, size: Floats, last: Ints) -> int:
    """Overwrite spread (M, M) with L, its rows (and gap, and size) in the order in which they are best bound.

    The next direction is that of the rival who is the least likely to stay below, given that all before did. A rival
    who depends on earlier directions alone is bound together with the last of them.

    Args:
        gap: (M,).
        spread: (M, M).
        size: (M,) the scale of the spread's diagonal before anything was subtracted.
        last: (M,) is overwritten with the direction that each row bounds; it only rises.

    Returns:
        R, how many directions there are: L is (M, R).
    """
    M = len(gap)
    L, left, expected = np.zeros((M, M)), np.empty(M), np.zeros(M)
    for i in range(M):
        left[i] = spread[i, i]
    done, r = 0, 0
    while done < M:
        pick, least = done, math.inf
        for i in range(done, M):
            low = -(gap[i] + dot(L[i], expected, r)) / math.sqrt(left[i])
            if -low < least:
                pick, least = i, -low
        _swap(done, pick, gap, spread, size, left, L)
        sd = math.sqrt(left[done])
        for i in range(done, M):
            L[i, r] = (spread[i, done] - dot(L[i], L[done], r)) / sd
        for i in range(done, M):
            left[i] -= L[i, r] * L[i, r]
        expected[r] = _mean_above(-least)
        last[done] = r
        done += 1
        for i in range(done, M):
            if left[i] <= _DEPENDENT * size[i]:
                _swap(done, i, gap, spread, size, left, L)
                last[done] = r
                done += 1
        r += 1
    spread[:, :] = L
    return r


@compiled
def _swap(a: int, b: int, gap: Floats, spread: Floats, size: Floats, left: Floats, L: Floats) -> None:
    """Exchange two rivals."""
    for vector in (gap, size, left):
        vector[a], vector[b] = vector[b], vector[a]
    for j in range(len(gap)):
        spread[a, j], spread[b, j] = spread[b, j], spread[a, j]
        L[a, j], L[b, j] = L[b, j], L[a, j]
    for i in range(len(gap)):
        spread[i, a], spread[i, b] = spread[i, b], spread[i, a]


@compiled
def _mean_above(low: float) -> float:
    """The mean of a standard normal above a bound, φ(low) / Φ(−low); its asymptote from 10 on."""
    if low > 10.0:  # noqa: PLR2004  there it is right to 1 %, and no more is needed
        return low
    return math.exp(-0.5 * low * low) / math.sqrt(2.0 * math.pi) / normal_cdf(-low)
