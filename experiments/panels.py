"""The three kinds of panel: lines over time, bars in rows, and points of two measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bandits.protocol import Floats
from experiments.drawing import (
    BACKGROUND,
    GREY,
    INK,
    LEADING,
    PALE,
    RULE,
    SMALL,
    TEXT,
    WIDTH,
    Box,
    Pen,
    broken,
    heading,
    panel,
    place,
    spread,
)
from experiments.wording import Estimate, Unit, shorten

CURVE_HEIGHT, SCATTER_HEIGHT, ROW = 250, 290, 31


@dataclass(frozen=True, slots=True)
class Line:
    """A curve (P,) over time; without a pen it is background, grey and unlabelled."""

    label: str
    x: Floats
    y: Floats
    pen: Pen | None = None
    band: tuple[Floats, Floats] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A bar with its interval."""

    label: str
    estimate: Estimate
    pen: Pen | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    """A policy at two measures."""

    label: str
    x: Estimate
    y: Estimate
    pen: Pen | None = None


def curves(
    title: str,
    subtitle: str,
    lines: Sequence[Line],
    unit: Unit,
    *,
    clock: str,
    end: float,
    top: float,
    rule: float | None = None,
) -> str:
    """Lines over time, each named at its end.

    Args:
        title: of the panel.
        subtitle: what is counted.
        lines: those with a pen are named.
        unit: of the vertical axis.
        clock: "day" or "visit".
        end: of the time.
        top: of the vertical axis, so that panels that stand side by side share it.
        rule: a level worth a dashed line.
    """
    left, right, above, below = 44, 122, 50, 34

    def draw(axes: Axes) -> None:
        heading(axes, title, subtitle)
        axes.set_xlim(0, end)
        axes.set_ylim(0, top)
        axes.grid(axis="y", color=RULE, linewidth=1)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(FuncFormatter(_short(unit, top)))
        ticks = np.linspace(0, end, 4)
        axes.set_xticks(ticks, [f"{clock} {ticks[0]:,.0f}", *(f"{tick:,.0f}" for tick in ticks[1:])])
        axes.xaxis.get_ticklabels()[0].set_horizontalalignment("left")
        if rule is not None:
            axes.axhline(rule, color=GREY, linewidth=1, linestyle=(0, (3, 3)))
        for line in lines:
            pen = line.pen or BACKGROUND
            if line.band is not None and line.pen:
                axes.fill_between(line.x, *line.band, color=pen.colour, alpha=0.15, linewidth=0)
            axes.plot(
                line.x,
                line.y,
                color=pen.colour,
                linestyle=pen.dash,
                linewidth=pen.width,
                marker=pen.marker if line.pen else "",
                markersize=5,
                markevery=(len(line.x) - 1 - 4 * max(1, len(line.x) // 5), max(1, len(line.x) // 5)),
                zorder=3 if line.pen else 2,
                clip_on=False,
            )
        _name_ends(axes, [line for line in lines if line.pen], top)

    return panel(draw, CURVE_HEIGHT, (left, right, above, below))


def _name_ends(axes: Axes, lines: Sequence[Line], top: float) -> None:
    box = axes.get_window_extent()
    labels = [broken(line.label, 17) for line in lines]
    heights = [(label.count("\n") + 1) * SMALL * LEADING + 3 for label in labels]
    wanted = [box.y0 + box.height * min(1.0, float(line.y[-1]) / top) for line in lines]
    centres = spread(wanted, heights, box.y0 - 20, box.y1 + 14)
    for line, label, centre, end in zip(lines, labels, centres, wanted, strict=True):
        colour = (line.pen or BACKGROUND).colour
        figure = axes.figure
        tall = figure.get_figheight() * 72
        start, stop = (box.x1 + 4) / WIDTH, (box.x1 + 13) / WIDTH
        figure.add_artist(
            _leader([start, stop], [end / tall, centre / tall], colour),
        )
        figure.text(
            (box.x1 + 15) / WIDTH, centre / tall, label, fontsize=SMALL, color=colour, va="center", linespacing=LEADING
        )


def _leader(x: list[float], y: list[float], colour: str):  # type: ignore[no-untyped-def]
    from matplotlib.lines import Line2D

    return Line2D(x, y, color=colour, linewidth=0.8)


def bars(
    title: str, subtitle: str, rows: Sequence[Row], unit: Unit, *, reference: tuple[str, float] | None = None
) -> str:
    """One bar a row, its name above it, its number beside it.

    Args:
        title: of the panel.
        subtitle: what is measured.
        rows: from top to bottom.
        unit: of the numbers.
        reference: a value to compare with, and its name.
    """
    above = 62 if reference else 44
    height = above + len(rows) * ROW + 6
    ends = [end for row in rows for end in (row.estimate.mean, row.estimate.low, row.estimate.high) if end is not None]
    low, high = min(0.0, *ends), max(0.0, *ends, reference[1] if reference else 0.0)
    digits = unit.decimals(high)

    def draw(axes: Axes) -> None:
        heading(axes, title, subtitle)
        span = (high - low) or 1.0
        axes.set_xlim(low - (0.18 * span if low < 0 else 0), high + 0.02 * span)
        axes.set_ylim(len(rows), 0)
        axes.axis("off")
        axes.axvline(0, color=GREY, linewidth=1, ymin=0, ymax=1)
        if reference:
            side = "left" if reference[1] < low + 0.55 * span else "right"
            axes.annotate(
                shorten(f"{reference[0]}: {unit.write(reference[1])}", 44),
                (reference[1], 0),
                xytext=(3 if side == "left" else -3, 5),
                textcoords="offset points",
                fontsize=SMALL,
                color=INK,
                ha=side,
            )
        for place_, row in enumerate(rows):
            pen = row.pen or Pen("#8a8a8a", "-", ".")
            axes.barh(place_ + 0.73, row.estimate.value, height=0.3, color=pen.colour, linewidth=0)
            if reference:
                axes.plot([reference[1]] * 2, [place_ + 0.5, place_ + 0.96], color=INK, linewidth=1.6, zorder=5)
            if row.estimate.has_interval:
                axes.plot(
                    [row.estimate.low, row.estimate.high], [place_ + 0.73] * 2, color=INK, linewidth=1.2, zorder=4
                )
            axes.annotate(
                shorten(row.label, 42),
                (0 if low >= 0 else low, place_ + 0.44),
                xytext=(3, 0),
                textcoords="offset points",
                fontsize=SMALL,
                color=INK,
                fontweight="bold" if row.pen else "normal",
            )
            furthest = max(row.estimate.value, row.estimate.high or 0.0, 0.0)
            axes.annotate(
                unit.write(row.estimate.value, digits),
                (furthest, place_ + 0.73),
                xytext=(5, 0),
                textcoords="offset points",
                fontsize=TEXT,
                color=INK,
                va="center",
            )

    return panel(draw, height, (1, 58, above, 4))


def scatter(title: str, across: str, up: str, dots: Sequence[Dot], units: tuple[Unit, Unit]) -> str:
    """Policies at two measures, both better when small; those with a pen are named.

    Args:
        title: of the panel.
        across: the measure of the horizontal axis.
        up: of the vertical axis.
        dots: one a policy.
        units: of both.
    """

    def draw(axes: Axes) -> None:
        heading(axes, title, f"↑ {up}")
        axes.grid(color=RULE, linewidth=1)
        limits = []
        for axis, unit, values in (
            (axes.xaxis, units[0], [dot.x.value for dot in dots]),
            (axes.yaxis, units[1], [dot.y.value for dot in dots]),
        ):
            top = max(1e-12, *values) * 1.12
            limits.append((min(0.0, *values) - 0.03 * top, top))
            axis.set_major_locator(MaxNLocator(4))
            axis.set_major_formatter(FuncFormatter(_short(unit, top)))
        axes.set_xlim(*limits[0])
        axes.set_ylim(*limits[1])
        axes.set_xlabel(f"{across} →", fontsize=SMALL, color=GREY, loc="right", labelpad=5)
        for dot in dots:
            pen = dot.pen or BACKGROUND
            style = {"color": pen.colour if dot.pen else PALE, "zorder": 4 if dot.pen else 3}
            axes.errorbar(
                dot.x.value, dot.y.value, xerr=_reach(dot.x), yerr=_reach(dot.y), fmt="none", elinewidth=1, **style
            )
            axes.plot(
                dot.x.value,
                dot.y.value,
                linestyle="",
                marker=pen.marker if dot.pen else "o",
                markersize=7 if dot.pen else 5,
                clip_on=False,
                **style,
            )
        _name_dots(axes, dots)

    return panel(draw, SCATTER_HEIGHT, (50, 14, 50, 44))


def _reach(estimate: Estimate) -> list[list[float]] | None:
    if estimate.low is None or estimate.high is None:
        return None
    return [[max(0.0, estimate.value - estimate.low)], [max(0.0, estimate.high - estimate.value)]]


def _name_dots(axes: Axes, dots: Sequence[Dot]) -> None:
    spots = axes.transData.transform([(dot.x.value, dot.y.value) for dot in dots])
    taken: list[Box] = [(x - 4, y - 4, x + 4, y + 4) for x, y in spots]
    named = [(dot, (float(x), float(y))) for dot, (x, y) in zip(dots, spots, strict=True) if dot.pen]
    labels = [broken(dot.label, 20, 2) for dot, _ in named]
    box = axes.get_window_extent()
    boxes = place([spot for _, spot in named], labels, (box.x0 - 4, box.y0, WIDTH, box.y1 + 6), taken)
    for (dot, (x, y)), label, (left, bottom, right, top) in zip(named, labels, boxes, strict=True):
        beside = "left" if left >= x else "right" if right <= x else "center"
        at = {"left": left, "right": right, "center": (left + right) / 2}[beside]
        axes.annotate(
            label,
            (x, y),
            xytext=(at, (bottom + top) / 2),
            xycoords="figure pixels",
            textcoords="figure pixels",
            fontsize=SMALL,
            color=(dot.pen or BACKGROUND).colour,
            ha=beside,
            va="center",
            linespacing=LEADING,
            zorder=6,
        )


def _short(unit: Unit, top: float):  # type: ignore[no-untyped-def]
    """Tick labels with as few decimals as the axis needs."""
    size = top * 100 if unit.kind == "share" else top
    digits = 0 if size >= 4 else 1 if size >= 0.4 else 2  # noqa: PLR2004  four ticks an axis
    return lambda value, _: unit.write(value, digits)
