"""How many visits it takes to tell two actions apart."""

from __future__ import annotations

import math

LEVEL, POWER = 0.05, 0.8


def _quantiles(level: float, power: float) -> float:
    from scipy.special import ndtri  # noqa: PLC0415  heavy: imported where it is used

    return float(ndtri(1 - level / 2) + ndtri(power))


def visits_per_action(sd: float, gap: float, *, level: float = LEVEL, power: float = POWER) -> float:
    """Visits that each of two actions needs, so that a gap between their mean rewards is found.

    n = 2 (z_{1−α/2} + z_{1−β})² σ² / Δ²

    Args:
        sd: σ, standard deviation of rewards under one action [reward units].
        gap: Δ > 0, the difference of their means [reward units].
        level: α, two-sided: how often equal actions may be told apart.
        power: 1 − β: how often the gap is to be found.

    Source: Chow, Shao & Wang, Sample Size Calculations in Clinical Research, 2nd edition, section 3.2.
    """
    return 2 * (_quantiles(level, power) * sd / gap) ** 2


def visits_per_action_of_rates(low: float, high: float, *, level: float = LEVEL, power: float = POWER) -> float:
    """The same where rewards are 0 or 1: visits that tell two rates apart.

    n = 2 (z_{1−α/2} + z_{1−β})² / h²,  h = 2 asin √high − 2 asin √low

    Its source calls h the effect size; the arcsine makes the variance of both rates 1 / n.

    Args:
        low: a rate in [0, 1).
        high: a rate in (low, 1].
        level: as in `visits_per_action`.
        power: as in `visits_per_action`.

    Source: Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd edition, chapter 6.
    """
    effect = 2 * math.asin(math.sqrt(high)) - 2 * math.asin(math.sqrt(low))
    return 2 * (_quantiles(level, power) / effect) ** 2
