"""Which policies a figure shows in colour, and with which pen: the rest stands behind in grey."""

from __future__ import annotations

from collections.abc import Mapping

from experiments.reports.drawing import IDEAL, PENS, Pen
from experiments.reports.facts import Setting

NAMED = 5


def highlights(setting: Setting) -> tuple[str, ...]:
    """At most five contenders, from the one that harms the most exposed cohort most to the one that spares it most.

    Both ends, the best for the business, and then those in between at even distances; pure chance is a mark, and is
    named only where there is room.
    """
    order = setting.ranked(setting.exposure, setting.sufferer.key)[::-1] or list(setting.contenders)
    if len(order) <= NAMED:
        return tuple(order)
    chance = {p.label for p in setting.policies if p.kind == "Random"}
    order = [p for p in order if p not in chance]
    last = len(order) - 1
    wanted = [order[0], order[-1], *setting.ranked(setting.business, policies=order)[:1]]
    wanted += [order[round(last * part)] for part in (0.5, 0.25, 0.75)]
    chosen = list(dict.fromkeys(wanted))[:NAMED]
    return tuple(sorted(chosen, key=order.index))


def pens(setting: Setting) -> Mapping[str, Pen]:
    """The pen of each policy that is named in figures: the highlights, and the oracle."""
    found = dict(zip(highlights(setting), PENS, strict=False))
    if setting.oracle is not None and setting.oracle not in found:
        found[setting.oracle] = IDEAL
    return found
