"""Propensities: whether they can be what they claim to be, and what can be concluded with them, or without.

    w_i = 1 / (m_i p_i),  the weight of visit i if every available action were as likely: its mean is 1,

where p_i is the propensity of what was shown and m_i the number of available actions: E[1 / p_i] = Σ_a p_a / p_a counts
the actions that could be chosen.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.protocol import Bools, Floats, Ints
from environments.log_check.finding import ALARM, Finding, count, fine, forbids, listed, printable, share, warns
from environments.log_check.log import Log, no_numbers
from environments.log_check.statistics import holm, two_sided
from environments.log_check.uniformity import find_without_propensities

ROUNDING, NEARLY_EQUAL, SMALLEST = 1e-9, 1e-6, 1e-12

NEXT_TO_NOTHING = 1e-100
"""A smaller propensity is 0 for all purposes; its weight squared would be infinite."""

LEAST_SHOWN = 100
"""An action must have been shown so often for its mean weight to be nearly normal."""

MOSTLY = 0.95
"""Where so many propensities are 1, the policy was deterministic."""

LEAST_EFFECTIVE = 0.1
"""Warn where the uniform policy's value rests on fewer effective visits than this share of the log."""


def find_propensities(log: Log) -> list[Finding]:
    """All that one column of propensities tells, or what cannot be done without it."""
    name, p = log.roles.propensity, log.propensity
    if name is None:
        return find_without_propensities(log, "There is no column of propensities.")
    if p is None:
        if log.frame[name].null_count() == len(log):
            return find_without_propensities(log, f"The column of propensities ({printable(name)}) is empty.")
        return [
            forbids(
                "propensities",
                f"Propensities ({printable(name)}) are no numbers, but {no_numbers(log.frame[name])}.",
                "Nothing can be weighted by them.",
                "Write each as the probability, in (0, 1], with which the action was chosen; or name another column.",
            )
        ]
    bad = ~np.isnan(p) & ~((p >= NEXT_TO_NOTHING) & (p <= 1))
    findings = []
    if bad.any():
        findings.append(
            forbids(
                "propensities",
                f"{count(int(bad.sum()), 'propensity', 'propensities')} of {len(p):,} outside (0, 1], "
                f"from {p[bad].min():.4g} to {p[bad].max():.4g}.",
                "An action that was shown cannot have had a probability of 0 or less, or above 1: these are no "
                "probabilities of the choice.",
                "Log the probability with which the shown action was chosen, not a score, a percentage or a weight.",
            )
        )
    good = (p >= NEXT_TO_NOTHING) & (p <= 1) & (log.actions.codes >= 0)
    return findings + (_weights(log, p, good) if good.any() else [])


def _weights(log: Log, p: Floats, good: Bools) -> list[Finding]:
    """What the sound propensities say, `good` (N,) marking them."""
    shown = np.unique(log.actions.codes[good])
    p, codes = p[good], log.actions.codes[good]
    m = np.full(len(p), float(len(shown))) if log.available is None else log.available.sum(axis=1)[good].astype(float)
    several = m > 1
    if not several.any():
        return []
    certain = int((p[several] == 1).sum())
    if certain >= MOSTLY * several.sum():
        return [
            forbids(
                "propensities",
                f"{certain:,} of {count(int(several.sum()), 'propensity', 'propensities')} are 1, and "
                f"{count(len(log.actions.names), 'action')} were shown: nothing was left to chance.",
                "What another action would have brought to the same visitor was never tried, so no other policy can be "
                "judged by this log.",
                "Log a policy that explores (epsilon-greedy, Thompson sampling); or if these are no propensities, drop "
                "the column.",
            )
        ]
    wrong = _too_small(log, p, codes)
    return [
        *([wrong] if wrong else []),
        _mean_weight(1 / (p * np.maximum(m, 1)), m, log, wrong=wrong is not None),
        _effective(p, m),
    ]


def _too_small(log: Log, p: Floats, codes: Ints) -> Finding | None:
    """Actions that were shown more often than their propensities allow: Σ_{i: a_i = a} 1 / p_i > n, beyond luck.

    Its expectation is at most n for each action, available always or not; z-scores, corrected by Holm.
    """
    n, K = len(p), len(log.actions.names)
    counts = np.bincount(codes, minlength=K)
    mean = np.bincount(codes, 1 / p, minlength=K) / n
    square = np.bincount(codes, 1 / p**2, minlength=K) / n
    error = np.sqrt(np.maximum(square - mean**2, 0) / n)
    often = np.flatnonzero((counts >= LEAST_SHOWN) & (mean > 1 + NEARLY_EQUAL))
    z = (mean[often] - 1) / np.maximum(error[often], SMALLEST)
    found = often[holm(two_sided(z), comparisons=K) < ALARM]
    if not len(found):
        return None
    worst = found[np.argmax(mean[found])]
    return forbids(
        "propensities",
        f"{count(len(found), 'action')} shown more often than the propensities allow, beyond luck: "
        f"{listed([log.actions.names[k] for k in found])}; {printable(log.actions.names[worst])} was shown "
        f"{mean[worst]:.3g} times as often as they say (z = {z[list(often).index(worst)]:.1f}).",
        "The propensities are not those of the policy that chose: every weighted estimate would be wrong.",
        "Log the probability of the shown action in its own context, as the policy had it when it chose.",
    )


def _mean_weight(w: Floats, m: Floats, log: Log, *, wrong: bool) -> Finding:
    """The mean weight beside 1."""
    mean = float(w.mean())
    error = float(w.std(ddof=1) / math.sqrt(len(w))) if len(w) > 1 else math.inf
    exact = error < ROUNDING
    z = 0.0 if abs(mean - 1) < NEARLY_EQUAL else (mean - 1) / max(error, SMALLEST)
    off = bool(two_sided(np.array([z]))[0] < ALARM)
    unit = "the actions available" if log.available is not None else f"the {m[0]:.0f} actions seen"
    luck = "exactly, in every visit" if exact else f"± {error:.2g}, z = {z:+.1f}"
    seen = f"The mean weight 1/(K p) is {mean:.4g} ({luck}): propensities that add up to 1 over {unit} make it 1."
    if not off:
        return fine("propensities", seen)
    if wrong:
        return warns("propensities", seen, "See what forbids use: propensities are too small.", "Mend them first.")
    if mean < 1:
        return warns(
            "propensities",
            seen,
            "In some contexts some actions had no chance at all, or one so small that the log never shows it (a policy "
            "that has learnt does so), or the propensities are too large. A policy that would choose those actions "
            "there cannot be judged: its value would come out wrong, with too narrow an interval.",
            "Judge only policies that choose what the log often chose; give every action a floor, such as 1 %, next "
            "time.",
        )
    return warns(
        "propensities",
        seen,
        f"They speak of about {mean * float(m.mean()):.0f} actions, and {m.mean():.3g} are known: some were never "
        "shown, or the propensities are too small.",
        "Find out how many actions there were, and that their propensities add up to 1 in each visit.",
    )


def _effective(p: Floats, m: Floats) -> Finding:
    """The floor, and how many visits the value of the uniform policy really rests on."""
    w = 1 / (p * np.maximum(m, 1))
    n, effective = len(w), float(w.sum() ** 2 / (w**2).sum())
    uniform = bool(np.allclose(w, w[0], rtol=NEARLY_EQUAL))
    seen = (
        f"The smallest propensity is {p.min():.3g}: its visit counts {w.max():.3g} times under a uniform policy, "
        f"whose value rests on {effective:,.0f} effective visits of {n:,} ({share(effective, n)})."
    )
    if effective < LEAST_EFFECTIVE * n:
        return warns(
            "propensities",
            seen,
            "A few heavy visits decide what a policy that differs from the logging one is estimated to earn.",
            "Expect wide intervals; clip weights, or use a doubly robust estimator; log with a floor next time.",
        )
    return fine(
        "propensities",
        seen,
        "All actions were equally likely: replay by rejection is possible, too."
        if uniform and abs(w[0] - 1) < NEARLY_EQUAL
        else "",
    )
