"""A panel of policies as points of two measures, both better when small."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from experiments.reports.drawing import (
    BACKGROUND,
    GREY,
    LEADING,
    PALE,
    RULE,
    SMALL,
    TICKS,
    WIDTH,
    Pen,
    broken,
    heading,
    panel,
    tick_labels,
)
from experiments.reports.labels import CLOSE, Box, nearest, place
from experiments.reports.wording import Estimate, Unit

HEIGHT = 290


@dataclass(frozen=True, slots=True)
class Dot:
    """A policy at two measures."""

    label: str
    x: Estimate
    y: Estimate
    pen: Pen | None = None


def scatter(title: str, across: str, up: str, dots: Sequence[Dot], units: tuple[Unit, Unit]) -> str:
    """Policies at two measures, both better when small; those with a pen are named.

    Args:
        title: of the panel.
        across: the measure of the horizontal axis.
        up: of the vertical axis.
        dots: one a policy.
        units: of both.
    """

    def draw(figure: Figure, axes: Axes) -> None:
        heading(figure, title, f"↑ {up}{units[1].heads[0]}")
        axes.grid(color=RULE, linewidth=1)
        limits = []
        for axis, unit, values in (
            (axes.xaxis, units[0], [dot.x.value for dot in dots]),
            (axes.yaxis, units[1], [dot.y.value for dot in dots]),
        ):
            top = max(values) * 1.12 or 1.0
            limits.append((min(0.0, *values) - 0.03 * top, top))
            axis.set_major_locator(MaxNLocator(TICKS))
            axis.set_major_formatter(FuncFormatter(tick_labels(unit, top)))
        axes.set_xlim(*limits[0])
        axes.set_ylim(*limits[1])
        axes.set_xlabel(f"{across}{units[0].heads[0]} →", fontsize=SMALL, color=GREY, loc="right", labelpad=5)
        for dot in dots:
            pen = dot.pen or BACKGROUND
            colour, depth = (pen.colour, 4) if dot.pen else (PALE, 3)
            axes.errorbar(
                dot.x.value,
                dot.y.value,
                xerr=_reach(dot.x),
                yerr=_reach(dot.y),
                fmt="none",
                elinewidth=1,
                ecolor=colour,
                alpha=0.5,
                zorder=depth,
            )
            axes.plot(
                dot.x.value,
                dot.y.value,
                linestyle="",
                marker=pen.marker if dot.pen else "o",
                markersize=7 if dot.pen else 5,
                color=colour,
                zorder=depth,
                clip_on=False,
            )
        _name_dots(axes, dots)

    return panel(draw, HEIGHT, (50, 14, 50, 44))


def _reach(estimate: Estimate) -> list[list[float]] | None:
    if estimate.low is None or estimate.high is None:
        return None
    return [[max(0.0, estimate.value - estimate.low)], [max(0.0, estimate.high - estimate.value)]]


def _name_dots(axes: Axes, dots: Sequence[Dot]) -> None:
    spots = axes.transData.transform([(dot.x.value, dot.y.value) for dot in dots])
    marks = [(float(x), float(y)) for x, y in spots]
    named = [(dot, mark) for dot, mark in zip(dots, marks, strict=True) if dot.pen]
    labels = [broken(dot.label, 20, 2) for dot, _ in named]
    box = axes.get_window_extent()
    within = (box.x0 - 4, box.y0, WIDTH, box.y1 + 6)
    boxes = place([mark for _, mark in named], labels, within, marks, _intervals(axes, dots))
    for (dot, (x, y)), label, (left, bottom, right, top) in zip(named, labels, boxes, strict=True):
        beside = "left" if left >= x - 1 else "right" if right <= x + 1 else "center"
        at = {"left": left, "right": right, "center": (left + right) / 2}[beside]
        colour = (dot.pen or BACKGROUND).colour
        near = nearest((x, y), (left, bottom, right, top))
        if math.dist(near, (x, y)) > CLOSE:
            axes.annotate(
                "", near, (x, y), "figure pixels", "figure pixels", {"arrowstyle": "-", "color": colour, "lw": 0.7}
            )
        axes.annotate(
            label,
            (x, y),
            xytext=(at, (bottom + top) / 2),
            xycoords="figure pixels",
            textcoords="figure pixels",
            fontsize=SMALL,
            color=colour,
            ha=beside,
            va="center",
            linespacing=LEADING,
            zorder=6,
        )


def _intervals(axes: Axes, dots: Sequence[Dot]) -> list[Box]:
    """Where the lines of the intervals run."""
    found: list[Box] = []
    for dot in dots:
        reach = [(e.value if e.low is None else e.low, e.value if e.high is None else e.high) for e in (dot.x, dot.y)]
        (left, right), (low, high) = reach
        ends = [(left, dot.y.value), (right, dot.y.value), (dot.x.value, low), (dot.x.value, high)]
        (x0, y), (x1, _), (x, y0), (_, y1) = axes.transData.transform(ends)
        found += [(x0, y - 1, x1, y + 1), (x - 1, y0, x + 1, y1)]
    return found
