"""Whether each cohort has visits enough to learn from, and how many it would take."""

from __future__ import annotations

import math

import numpy as np

from bandits.protocol import Floats, Ints
from environments.log_check.finding import Finding, count, fine, listed, printable, warns
from environments.log_check.log import Log
from environments.log_check.sample_size import visits_per_action, visits_per_action_of_rates

LEAST_GAP = 0.05
"""A gap below this share of the rewards' standard deviation is not asked for: at most 6,280 visits an action."""


def find_small_cohorts(log: Log, gap: float | None = None) -> list[Finding]:
    """Cohorts with fewer visits than it takes to tell the best action from the mean one, for each action.

    n = K · n_Δ, where n_Δ are the visits an action of `sample_size`, σ is the rewards' standard deviation, and Δ is
    `best_gap`, and at least LEAST_GAP σ.

    Args:
        log: with finite rewards; without any, nothing is found.
        gap: Δ [reward units], where the user knows which difference matters.
    """
    reward, names = log.reward, log.actions.names
    rows = log.sound
    if reward is None or len(names) < 2 or rows.sum() < 2:  # noqa: PLR2004  there must be something to compare
        return []
    r, a = reward[rows], log.actions.codes[rows]
    sd, mean = float(r.std(ddof=1)), float(r.mean())
    if not math.isfinite(sd) or sd <= 0:
        return []
    asked = max(best_gap(a, r), LEAST_GAP * sd) if gap is None else gap
    rates = bool(np.isin(r, (0.0, 1.0)).all()) and mean + asked <= 1
    each = visits_per_action_of_rates(mean, mean + asked) if rates else visits_per_action(sd, asked)
    needed = len(names) * math.ceil(each)
    cohorts = log.cohorts
    sizes = {"the log": int(rows.sum())}
    if cohorts is not None:
        visits = np.bincount(cohorts.codes[rows & (cohorts.codes >= 0)], minlength=len(cohorts.names))
        sizes = dict(zip(cohorts.names, visits.tolist(), strict=True))
    how = (
        f"{needed:,} visits are needed: {count(len(names), 'action')} × {math.ceil(each):,}, to find a gap of "
        f"{asked:.3g} ({f'rates of {mean:.3g} and {mean + asked:.3g}' if rates else f'rewards ± {sd:.3g}'}; alpha 5 %, "
        "power 80 %)."
    )
    small = sorted((size, name) for name, size in sizes.items() if size < needed)
    if not small:
        return [fine("cohorts", f"{'The log' if cohorts is None else 'Every cohort'} has visits enough. {how}")]
    if cohorts is None:
        seen = f"The log has {small[0][0]:,} visits. {how}"
    else:
        few = listed([f"{printable(name)} ({size:,})" for size, name in small])
        seen = f"{count(len(small), 'cohort')} of {len(sizes):,} too small: {few}. {how}"
    return [
        warns(
            "cohorts",
            seen,
            "With fewer, which action looks best there is mostly luck, and a policy that learns for the cohort "
            "alone shows it bad actions for that long.",
            "Share what is learnt between cohorts (pooled or hierarchical policies), offer fewer actions, collect "
            "more, or say with --gap which difference matters.",
        )
    ]


def best_gap(a: Ints, r: Floats) -> float:
    """The mean reward of the best action minus that of the log, without what is luck [reward units].

    Action means spread by τ² beyond their noise σ² / n_k, both by the analysis of variance; each is drawn towards the
    mean of the log by n_k τ² / (n_k τ² + σ²), so that an action that was shown twice does not look best.

    Args:
        a: (N,) indices of actions.
        r: (N,) rewards.

    Source: Searle, Casella & McCulloch, Variance Components, 1992, sections 3.6 (ANOVA) and 3.4 (best prediction).
    """
    n = np.bincount(a)
    n, sums = n[n > 0].astype(np.float64), np.bincount(a, r)[n > 0]
    N, K = len(r), len(n)
    if N <= K or K < 2:  # noqa: PLR2004  nothing was shown twice, or nothing else was shown
        return 0.0
    off = sums / n - r.mean()
    between = float((n * off**2).sum())
    noise = max(float(((r - r.mean()) ** 2).sum()) - between, 0.0) / (N - K)
    spread = max(0.0, (between - (K - 1) * noise) / (N - float((n**2).sum()) / N))
    return float((off * n * spread / (n * spread + noise)).max()) if spread > 0 else 0.0
