"""Probabilities and their logits, and where the posterior of a logistic regression has its mode."""

from __future__ import annotations

import math

from bandits.compiled import compiled

_STEPS = 100  # Newton needs about 5, and halving an interval of length q, 60 for its last bit


@compiled
def sigmoid(a: float) -> float:
    """1 / (1 + e^−a), without overflow."""
    if a >= 0.0:
        return 1.0 / (1.0 + math.exp(-a))
    e = math.exp(a)
    return e / (1.0 + e)


@compiled
def logit_at_mode(before: float, q: float, r: float) -> float:
    """The a that solves a = before + q (r − σ(a)): by Newton's steps, and by halves where they leave its bracket."""
    low, high = before + q * (r - 1.0), before + q * r
    a = min(max(before, low), high)
    for _ in range(_STEPS):
        p = sigmoid(a)
        excess = a - before - q * (r - p)
        if excess > 0.0:
            high = a
        else:
            low = a
        step = a - excess / (1.0 + q * p * (1.0 - p))
        if not low < step < high:
            step = 0.5 * (low + high)
        if step == a or not low < step < high:
            break
        a = step
    return a
