"""A panel of lines over time, each named at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bandits.protocol import Floats
from experiments.reports.drawing import (
    BACKGROUND,
    GREY,
    LEADING,
    LETTER,
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
from experiments.reports.labels import spread
from experiments.reports.wording import Unit

HEIGHT = 250
LETTERS = 17
LONG = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """A curve (P,) over time; without a pen it is background, grey and unlabelled."""

    label: str
    x: Floats
    y: Floats
    pen: Pen | None = None
    band: tuple[Floats, Floats] | None = None


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
    names = [broken(line.label, LETTERS).split("\n") for line in lines if line.pen]
    longest = max((len(part) for parts in names for part in parts), default=0)
    left, right, above, below = 44, min(122.0, 22 + longest * SMALL * LETTER), 50, 34

    def draw(figure: Figure, axes: Axes) -> None:
        heading(figure, title, subtitle)
        axes.set_xlim(0, end)
        axes.set_ylim(0, top)
        axes.grid(axis="y", color=RULE, linewidth=1)
        axes.yaxis.set_major_locator(MaxNLocator(TICKS))
        axes.yaxis.set_major_formatter(FuncFormatter(tick_labels(unit, top)))
        ticks = np.linspace(0, end, _parts(end) + 1)
        axes.set_xticks(ticks, [f"{clock} {ticks[0]:,.0f}", *(f"{tick:,.0f}" for tick in ticks[1:])])
        axes.xaxis.get_ticklabels()[0].set_horizontalalignment("left")
        axes.xaxis.get_ticklabels()[-1].set_horizontalalignment("right")
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
        _name_ends(figure, axes, [line for line in lines if line.pen], top)

    return panel(draw, HEIGHT, (left, right, above, below))


def _parts(end: float) -> int:
    """In how many parts to divide the time: those of the roundest length; long numbers need room."""
    return 2 if end >= LONG else min((4, 3, 5), key=lambda parts: len(f"{end / parts:.6g}".rstrip("0")))


def _name_ends(figure: Figure, axes: Axes, lines: Sequence[Line], top: float) -> None:
    box = axes.get_window_extent()
    low, high = box.y0 - 20, box.y1 + 14
    for most in (3, 2):
        labels = [broken(line.label, LETTERS, most) for line in lines]
        heights = [(label.count("\n") + 1) * SMALL * LEADING + 3 for label in labels]
        if sum(heights) <= high - low:
            break
    wanted = [box.y0 + box.height * min(1.0, float(line.y[-1]) / top) for line in lines]
    centres = spread(wanted, heights, low, high)
    for line, label, centre, end in zip(lines, labels, centres, wanted, strict=True):
        colour = (line.pen or BACKGROUND).colour
        tall = figure.get_figheight() * 72
        start, stop = (box.x1 + 4) / WIDTH, (box.x1 + 13) / WIDTH
        figure.add_artist(Line2D([start, stop], [end / tall, centre / tall], color=colour, linewidth=0.8))
        figure.text(
            (box.x1 + 15) / WIDTH, centre / tall, label, fontsize=SMALL, color=colour, va="center", linespacing=LEADING
        )
