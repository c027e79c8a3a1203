"""The best of several scores, where equally good ones have equal chances.

K arms.
"""

from __future__ import annotations

import math

from bandits.compiled import compiled, inlined
from bandits.protocol import Bools, Floats


@compiled
def best_of(scores: Floats, candidates: Bools, tie: float) -> int:
    """The candidate (K,) with the highest score; exact ties are broken by a uniform draw. −1 if there is none."""
    best, ties = -math.inf, 0
    for k in range(len(scores)):
        if candidates[k]:
            if ties == 0 or scores[k] > best:
                best, ties = scores[k], 1
            elif scores[k] == best:
                ties += 1
    pick = int(tie * ties)
    for k in range(len(scores)):
        if candidates[k] and scores[k] == best:
            if pick == 0:
                return k
            pick -= 1
    return -1


@compiled
def ties_with(scores: Floats, candidates: Bools, action: int) -> int:
    """How many candidates share the score of an action, itself included."""
    ties = 0
    for k in range(len(scores)):
        if candidates[k] and scores[k] == scores[action]:
            ties += 1
    return ties


@inlined
def share_best(scores: Floats, candidates: Bools, pmf: Floats) -> None:
    """Write the chances (K,) where the best score wins: equal ones for all candidates that have it."""
    best = best_of(scores, candidates, 0.0)
    share = 1.0 / ties_with(scores, candidates, best)
    for k in range(len(pmf)):
        pmf[k] = share if candidates[k] and scores[k] == scores[best] else 0.0
