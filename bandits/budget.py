"""What exploring may have cost at worst: the account of a conservative policy, by bounds that hold at all times.

K arms, D features (a constant first, then the visitor's), T entries of a packed triangle (see `bandits.ridge`).
Rewards are in units of the typical one. Visits are of two kinds: the exploratory ones, at which something else was
shown than the baseline would have, and the baseline's own.
"""

from __future__ import annotations

import math

from bandits.account import Account, Terms
from bandits.compiled import compiled, inlined
from bandits.protocol import Bools, Floats, Ints
from bandits.ridge import direction, fold_in, shift

TIGHT_AT = 100.0
"""Exploratory visits at which the bound of their sum is tightest; it holds, a little wider, at all others."""


@compiled
def width_of_sum(visits: float, noise: float, log_delta: float) -> float:
    """How far the sum of as many rewards lies below the sum of their expectations at most, at all times at once.

    The boundary that a half-normal mixture of likelihood ratios gives to a sub-Gaussian martingale of variance v:
    √((v + ρ) (ln (v + ρ)/ρ + 2 ln 1/(2cδ))), with c = Φ(√(2 ln 1/2δ)). It is less than 1.5 % wider than the exact root
    where δ ≤ .1.

    Args:
        visits: v in units of noise²; not necessarily a whole number.
        noise: of one reward.
        log_delta: ln 1/δ, δ ≤ ½.

    Source: Robbins 1970; Howard, Ramdas, McAuliffe & Sekhon 2021, Proposition 6, and section 3.5 for ρ.
    """
    if visits == 0.0:
        return 0.0
    rho = TIGHT_AT / (2.0 * log_delta + math.log(1.0 + 2.0 * log_delta))
    c = 0.5 * (1.0 + math.erf(math.sqrt(log_delta - math.log(2.0))))
    slack = math.log((visits + rho) / rho) + 2.0 * (log_delta - math.log(2.0 * c))
    return noise * math.sqrt((visits + rho) * slack)


@inlined
def sum_of_arm(book: Account, on: Terms, k: int, x: Floats, visits: float) -> tuple[float, float]:
    """Lower and upper bound of x·theta_k, summed over visits whose features add up to x (D,).

    x·theta ± (noise √(2 ln 1/δ + ln det A / det λI) + √λ · size) √(xᵀA⁻¹x), at all times at once, within ± size · |x|.

    Source: Abbasi-Yadkori, Pál & Szepesvári 2011, Theorem 2; for sums, CLUCB of Kazerouni et al. 2017.
    """
    if visits == 0.0 or k == on.nothing:
        return 0.0, 0.0
    reach = math.sqrt(max(direction(book.A_inv, k, x, on.room), 0.0))
    reach *= on.noise * math.sqrt(2.0 * on.log_arm + book.log_det[k]) + math.sqrt(on.ridge) * on.size
    mean, norm = 0.0, 0.0
    for i in range(len(x)):
        mean += x[i] * book.theta[i, k]
        norm += x[i] * x[i]
    most = on.size * math.sqrt(norm)
    return max(mean - reach, visits * on.low, -most), min(mean + reach, visits * on.high, most)


@compiled
def budget(book: Account, on: Terms, worst: float, best: float) -> float:
    """A lower bound of Σ E[shown] − Σ (E[baseline's] − tolerance · |E[baseline's]|) + allowance, after one more visit.

    An exploratory visit counts with a − b + tolerance |b|, a what is shown and b the baseline's; another with
    tolerance |b|. Sums of |b| are at least |Σ b|, so that bounds of sums are enough.

    Args:
        book: what was earned so far.
        on: what is promised.
        worst: the least that may be earned at the visit that is explored next; 0, as the other, if there is none.
        best: the most that the baseline may earn there.
    """
    known, n = not math.isnan(on.baseline_reward), book.many_brought[0]
    earned, variance = float(book.brought[0]), float(n)
    if not known:
        earned += on.tolerance * abs(book.kept[0])
        variance += on.tolerance**2 * book.many_kept[0]
    earned -= width_of_sum(variance, on.noise, on.log_sum)
    # no visit brings less than `low`, and those of the baseline cost nothing
    earned = max(earned, n * on.low if n > 0.0 else 0.0)
    missed = best
    if known:
        earned += on.tolerance * abs(on.baseline_reward) * book.usual[0]
        missed += on.baseline_reward * book.explored[0]
    for k in range(len(book.log_det)):
        earned += sum_of_arm(book, on, k, book.pending[k], book.pending[k, 0])[0]
        if not known:
            missed += sum_of_arm(book, on, k, book.instead[k], book.instead[k, 0])[1]
    return on.allowance + earned + worst - missed + on.tolerance * abs(missed)


@compiled
def may_explore(book: Account, on: Terms, x: Floats, available: Bools) -> bool:
    """Whether the budget bears the worst of the available actions (K,) instead of the best, at a visit with x (D,).

    The answer does not depend on what would be shown: so it changes no probability of what is shown if it is yes.
    """
    worst, best = math.inf, -math.inf
    for k in range(len(available)):
        if available[k]:
            low, high = sum_of_arm(book, on, k, x, 1.0)
            worst, best = min(worst, low), max(best, high)
    if not math.isnan(on.baseline_reward):
        best = on.baseline_reward
    return budget(book, on, worst, best) >= 0.0


@compiled
def enter(book: Account, on: Terms, x: Floats, action: int, usual: int) -> None:
    """Write down a visit with features x (D,), what was shown, and what the baseline would have shown."""
    if action == usual:
        book.usual[0] += 1.0
        return
    book.explored[0] += 1.0
    for i in range(len(x)):
        book.instead[usual, i] += x[i]
        if action != on.nothing:
            book.pending[action, i] += x[i]


@compiled
def settle(book: Account, on: Terms, x: Floats, action: Ints, usual: Ints, rewards: Floats) -> None:
    """Take in rewards (N,) of visits x (N, D). A visit whose usual (N,) is −1 tells of the arm alone: others chose."""
    for n in range(len(x)):
        k = action[n]
        if k != on.nothing:
            book.log_det[k] += math.log1p(max(direction(book.A_inv, k, x[n], on.room), 0.0))
            fold_in(book.A_inv, book.theta, k, x[n], rewards[n], 1.0, on.room)
            if k == usual[n]:
                book.kept[0] += rewards[n]
                book.many_kept[0] += 1.0
            elif usual[n] >= 0:
                book.brought[0] += rewards[n]
                book.many_brought[0] += 1.0
                for i in range(x.shape[1]):
                    book.pending[k, i] -= x[n, i]


@compiled
def amend(book: Account, on: Terms, x: Floats, action: Ints, usual: Ints, deltas: Floats) -> None:
    """Change rewards that were settled by deltas (N,)."""
    for n in range(len(x)):
        k = action[n]
        if k != on.nothing:
            shift(book.A_inv, book.theta, k, x[n], deltas[n], on.room)
            if k == usual[n]:
                book.kept[0] += deltas[n]
            elif usual[n] >= 0:
                book.brought[0] += deltas[n]
