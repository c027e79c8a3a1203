"""The mean of the worst-off, written literally, as a slow reference."""

from __future__ import annotations

import numpy as np


def cvar(values, tail=0.05):
    """The mean of the worst (largest) `tail` of values (U,), the one on the boundary counted in part.

    CVaR = (1 / (tail U)) · Σ of the tail·U largest values

    Source: Rockafellar & Uryasev 2000.
    """
    if not len(values):
        return float("nan")
    worst = np.sort(np.asarray(values, dtype=np.float64))[::-1]
    weight = np.clip(tail * len(worst) - np.arange(len(worst)), 0.0, 1.0)
    return float((weight * worst).sum() / weight.sum())
