"""What is told of a cohort on a card that is made of data."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bandits.protocol import Floats

MOST = 3


def highest(names: Sequence[str], values: Floats, said: Callable[[float], str]) -> str:
    """The three actions with the largest values: "Jeans (84.1 %), Pants (80.0 %), Knits (79.1 %)", and a full stop.

    Args:
        names: K of the actions.
        values: (K,).
        said: how a value is told.
    """
    best = np.argsort(-values, kind="stable")[:MOST]
    return ", ".join(f"{names[k]} ({said(float(values[k]))})" for k in best) + "."


def percent(share: float) -> str:
    """With one decimal: "84.1 %"."""
    return f"{100 * share:.1f} %"


def plainly(value: float) -> str:
    """Of up to six digits, with a minus of its width: "0.9", "−2"."""
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")
