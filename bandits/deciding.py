"""From chances to an action: who may be chosen, what greed would do, and what counts as exploring.

K actions.
"""

from __future__ import annotations

import numpy as np

from bandits.compiled import compiled
from bandits.protocol import Bools, Floats
from bandits.ties import best_of, share_best


@compiled
def withhold(
    mean: Floats, sd: Floats, available: Bools, nothing: int, zero: float, caution: float, candidates: Bools
) -> None:
    """Mark the available actions whose mean − caution · sd is above 0; if none is left, showing nothing, or else all.

    Args:
        mean: (K,) estimates.
        sd: (K,) their standard deviations.
        available: (K,).
        nothing: index of the action that shows nothing, or −1.
        zero: where a reward of 0 lies on the scale of the means.
        caution: −inf withholds none.
        candidates: (K,) is overwritten.
    """
    left = 0
    for k in range(len(mean)):
        candidates[k] = available[k]
        if available[k] and caution > -np.inf and k != nothing and not mean[k] - caution * sd[k] > zero:
            candidates[k] = False
        left += candidates[k]
    if left == 0:
        for k in range(len(mean)):
            candidates[k] = available[k]


@compiled
def draw(pmf: Floats, uniform: float) -> int:
    """The action (K,) on which a uniform draw falls; never one of probability 0."""
    upto, last = 0.0, 0
    for k in range(len(pmf)):
        if pmf[k] > 0.0:
            upto += pmf[k]
            last = k
            if uniform < upto:
                return k
    return last


@compiled
def be_greedy(mean: Floats, candidates: Bools, nothing: int, pmf: Floats) -> None:
    """All chances (K,) on the highest mean; where nothing is as good, on nothing."""
    best = best_of(mean, candidates, 0.0)
    if nothing >= 0 and candidates[nothing] and mean[nothing] == mean[best]:
        pmf[:] = 0.0
        pmf[nothing] = 1.0
        return
    share_best(mean, candidates, pmf)


@compiled
def explores(mean: Floats, candidates: Bools, nothing: int, action: int) -> bool:
    """Whether an action is shown that is not the best by the means (K,), or no better than showing nothing."""
    if action == nothing:
        return False
    best = best_of(mean, candidates, 0.0)
    silent = nothing >= 0 and candidates[nothing]
    return mean[action] < mean[best] or (silent and not mean[action] > mean[nothing])


@compiled
def acceptable(reward: float, bounded: bool) -> bool:
    """Whether a reward can be learnt from: it is finite, and lies in [0, 1] where the policy needs bounds."""
    return 0.0 <= reward <= 1.0 if bounded else abs(reward) < np.inf
