"""How many visits it takes to tell two actions apart, with the usual level and power."""

from __future__ import annotations

import math

LEVEL, POWER = 0.05, 0.8
"""α, two-sided: how often equal actions may be told apart; and 1 − β: how often the gap is to be found."""


def _quantiles() -> float:
    """z_{1−α/2} + z_{1−β}."""
    from scipy.special import ndtri  # noqa: PLC0415  heavy: imported where it is used

    return float(ndtri(1 - LEVEL / 2) + ndtri(POWER))


def visits_per_action(sd: float, gap: float) -> float:
    """Visits that each of two actions needs, so that a gap between their mean rewards is found.

    n = 2 (z_{1−α/2} + z_{1−β})² σ² / Δ²

    Args:
        sd: σ, standard deviation of rewards under one action [reward units].
        gap: Δ > 0, the difference of their means [reward units].

    Source: Chow, Shao & Wang, Sample Size Calculations in Clinical Research, 2nd edition, section 3.2.
    """
    return 2 * (_quantiles() * sd / gap) ** 2


def visits_per_action_of_rates(low: float, high: float) -> float:
    """The same where rewards are 0 or 1: visits that tell two rates apart.

    n = 2 (z_{1−α/2} + z_{1−β})² / h²,  h = 2 asin √high − 2 asin √low

    Its source calls h the effect size; the arcsine makes the variance of both rates 1 / n.

    Args:
        low: a rate in [0, 1).
        high: a rate in (low, 1].

    Source: Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd edition, chapter 6.
    """
    effect = 2 * math.asin(math.sqrt(high)) - 2 * math.asin(math.sqrt(low))
    return 2 * (_quantiles() / effect) ** 2
