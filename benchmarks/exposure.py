"""What every policy costs each persona while it learns: regret against bad recommendations, in one picture.

    personabandits run policies
    python benchmarks/exposure.py results/policies docs/images/policies.png

Reads the folder of a run with one environment. A policy is a number; where numbers would cover one another they move
aside, and a line leads to the dot that is meant. Where most policies crowd together, a close-up shows them.
"""

from __future__ import annotations

import sys
from itertools import groupby
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Transform

from bandits import FAMILIES
from bandits.protocol import Floats
from experiments import Result

REGRET, BAD = "regret_per_visit", "bad_per_customer"
INK, GREY, RULE = "#1f1f1f", "#5c5c5c", "#e4e4e4"
LOOKS = {  # six dark colours that the colour-blind can tell apart, and white numbers be read on; each for two shapes
    "marks to measure against": ("#5c5c5c", "o"),
    "what shops do today": ("#5c5c5c", "s"),
    "no features": ("#9a5200", "o"),
    "non-stationary": ("#9a5200", "s"),
    "linear, an arm at a time": ("#0069a8", "o"),
    "features of visitor × action": ("#0069a8", "s"),
    "logistic": ("#38246e", "o"),
    "bootstrap": ("#38246e", "s"),
    "pooled": ("#b8447f", "o"),
    "Vowpal Wabbit": ("#b8447f", "s"),
    "personas": ("#007a5a", "o"),
    "careful": ("#007a5a", "s"),
}
SIZE = 13.5
"""Of a marker [points]."""
STEPS, PULL = 4000, 0.002
"""How long markers push each other aside, and the share of the way back to their places that each step pulls them."""


class CloseUp(NamedTuple):
    """A part of a panel, enlarged where the panel is empty."""

    x: tuple[float, float]
    y: tuple[float, float]
    at: tuple[float, float, float, float]
    """Left, bottom, width and height, as shares of the panel's."""


CLOSE_UPS = {  # in Acme, under kept margin
    "luke": CloseUp((2.28, 2.49), (9.1, 10.65), (0.11, 0.14, 0.4, 0.6)),
    "harmony": CloseUp((0.5, 1.95), (1.55, 5.0), (0.57, 0.12, 0.41, 0.37)),
}


class Mark(NamedTuple):
    """A policy in the picture."""

    number: int
    label: str
    family: str


def marks(result: Result) -> list[Mark]:
    """Number the policies of a result, family by family."""
    labels: dict[str, list[str]] = {}
    for policy in result.manifest["policies"]:
        labels.setdefault(policy["table"]["kind"], []).append(policy["label"])
    there = [
        (family, label) for family in LOOKS for kind in FAMILIES[family] for label in labels.get(kind.__name__, ())
    ]
    return [Mark(number, label, family) for number, (family, label) in enumerate(there, start=1)]


def places(result: Result, cohort: str, found: list[Mark]) -> Floats:
    """Regret a visit and bad recommendations a customer of each mark (P, 2)."""
    rows = result.summary().filter(cohort=cohort).select("policy", "metric", "mean").iter_rows()
    means = {(policy, metric): mean for policy, metric, mean in rows}
    return np.array([[means[mark.label, REGRET], means[mark.label, BAD]] for mark in found])


def apart(points: Floats, least: float) -> Floats:
    """Move points (P, 2) [pixels] aside until hardly any is nearer to another than `least`."""
    moved = points + 1e-3 * np.arange(len(points))[:, None] * [1.0, -1.0]  # equal ones have a way to part, too
    for _ in range(STEPS):
        gap = moved[:, None] - moved
        distance = np.hypot(gap[..., 0], gap[..., 1]) + least * np.eye(len(points))
        push = np.clip(least - distance, 0.0, None) / distance
        moved += 0.3 * (push[..., None] * gap).sum(axis=1) + PULL * (points - moved)
    return moved


def number(axes: Axes, mark: Mark, at: Floats, where: Transform, size: float = SIZE) -> None:
    """A marker with its number, at a place in the coordinates `where`."""
    colour, shape = LOOKS[mark.family]
    axes.plot(*at, shape, ms=size, color=colour, mec="white", mew=0.8, zorder=4, clip_on=False, transform=where)
    text = axes.text(
        float(at[0]), float(at[1]), str(mark.number), color="white", size=0.55 * size, weight="bold", zorder=5
    )
    text.set(ha="center", va="center_baseline", transform=where)


def bare(axes: Axes) -> None:
    """Leave out what says nothing."""
    axes.grid(color=RULE, lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelcolor=GREY, labelsize=8)


def fill(axes: Axes, found: list[Mark], where: Floats) -> None:
    """Put policies into axes whose place on the paper is settled."""
    moved = apart(axes.transData.transform(where), 1.12 * SIZE * axes.figure.dpi / 72)
    for mark, here, at in zip(found, where, axes.transData.inverted().transform(moved), strict=True):
        colour = LOOKS[mark.family][0]
        axes.plot(*zip(here, at, strict=True), color=colour, lw=0.7, zorder=3, clip_on=False)
        axes.plot(*here, ".", ms=4, color=colour, mew=0, zorder=3)
        number(axes, mark, at, axes.transData)


def panel(axes: Axes, title: str, where: Floats, close: CloseUp | None) -> list[tuple[Axes, np.ndarray]]:
    """Room for every policy for one persona; returns the axes, and which policies (P,) are numbered in each."""
    axes.set_title(title, loc="left", size=11, weight="bold", color=INK)
    right, top = 1.08 * where.max(axis=0)
    axes.set(xlim=(-0.04 * right, right), ylim=(-0.04 * top, top))
    axes.set_xlabel("regret a visit [$], less is better", color=GREY)
    axes.set_ylabel("bad recommendations a customer, fewer are better", color=GREY)
    axes.spines[:].set_visible(False)
    bare(axes)
    if close is None:
        return [(axes, np.ones(len(where), dtype=bool))]
    inset = axes.inset_axes(close.at, xlim=close.x, ylim=close.y)
    inset.spines[:].set_color(GREY)
    bare(inset)
    axes.indicate_inset_zoom(inset, edgecolor=GREY, alpha=1.0, lw=0.7)
    low, high = np.array([close.x, close.y]).T
    inside = ((where > low) & (where < high)).all(axis=1)
    return [(axes, ~inside), (inset, inside)]


def key(axes: Axes, found: list[Mark]) -> None:
    """What the numbers are, in two columns."""
    axes.axis("off")
    families = [(family, list(rows)) for family, rows in groupby(found, key=lambda mark: mark.family)]
    step, top, bottom = 0.0365, 1.03, 0.1
    x, y = -0.07, top
    for family, rows in families:
        if x < 0 and y - step * len(rows) < bottom:
            x, y = 0.47, top
        colour = LOOKS[family][0]
        axes.text(x, y, family, size=8.5, weight="bold", color=colour, va="center", transform=axes.transAxes)
        for mark in rows:
            y -= step
            number(axes, mark, np.array([x + 0.025, y]), axes.transAxes, size=11.0)
            axes.text(x + 0.06, y, mark.label, size=8.5, color=INK, va="center", transform=axes.transAxes)
        y -= 1.3 * step


def draw(result: Result, path: str) -> None:
    """A panel a persona, and the key."""
    found = marks(result)
    figure = Figure(figsize=(10, 10), dpi=150, layout="constrained")
    *panels, last = figure.subplots(2, 2).flat
    rooms = []
    for axes, cohort in zip(panels, result.manifest["environments"][0]["about"]["cohorts"], strict=True):
        title = f"{cohort['name']}, {cohort['role']}: {100 * cohort['share']:.0f} % of customers"
        where = places(result, cohort["key"], found)
        rooms += [(*room, where) for room in panel(axes, title, where, CLOSE_UPS.get(cohort["key"]))]
    key(last, found)
    figure.draw_without_rendering()  # settles where everything is
    for axes, numbered, where in rooms:
        fill(axes, [mark for mark, shown in zip(found, numbered, strict=True) if shown], where[numbered])
        for mark, here in zip(found, where, strict=True):
            axes.plot(*here, ".", ms=4, color=LOOKS[mark.family][0], mew=0, zorder=3)
    figure.savefig(path)


if __name__ == "__main__":
    draw(Result.load(sys.argv[1]), sys.argv[2])
