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
from environments.changing import Change
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
from experiments.reports.labels import GAP, in_rows, spread
from experiments.reports.wording import Unit, shorten

HEIGHT = 250
LETTERS = 17
ROWS, ROW, NAME = 2, 13, 24  # of names of changes: how many rows, how high [px], and how many letters


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
    changes: Sequence[Change] = (),
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
        changes: of the world, in order, each an upright line.
    """
    names = [broken(line.label, LETTERS).split("\n") for line in lines if line.pen]
    longest = max((len(part) for parts in names for part in parts), default=0)
    left, right, above, below = 44, min(122.0, 22 + longest * SMALL * LETTER), 50, 34
    above += ROWS * ROW if changes else 0

    def draw(figure: Figure, axes: Axes) -> None:
        heading(figure, title, subtitle)
        axes.set_xlim(0, end)
        axes.set_ylim(0, top)
        axes.grid(axis="y", color=RULE, linewidth=1)
        axes.yaxis.set_major_locator(MaxNLocator(TICKS))
        axes.yaxis.set_major_formatter(FuncFormatter(tick_labels(unit, top)))
        ticks = np.linspace(0, end, parts_of(end, clock, WIDTH - left - right) + 1)
        axes.set_xticks(ticks, [f"{clock} {ticks[0]:,.0f}", *(f"{tick:,.0f}" for tick in ticks[1:])])
        axes.xaxis.get_ticklabels()[0].set_horizontalalignment("left")
        axes.xaxis.get_ticklabels()[-1].set_horizontalalignment("right")
        if rule is not None:
            axes.axhline(rule, color=GREY, linewidth=1, linestyle=(0, (3, 3)))
        _mark(figure, axes, changes)
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
        _name_ends(figure, axes, [line for line in lines if line.pen], top, 3 if changes else 14)

    return panel(draw, HEIGHT + (ROWS * ROW if changes else 0), (left, right, above, below))


def parts_of(end: float, clock: str, wide: float) -> int:
    """In how many parts to divide the time: those of the roundest length whose labels keep clear of each other.

    Args:
        end: of the time.
        clock: its unit, which the first label names.
        wide: the axis [px].
    """

    def clear(parts: int) -> bool:
        # The first label begins at its tick and the last one ends there; the others stand about theirs.
        letters = [len(f"{end * tick / parts:,.0f}") for tick in range(parts + 1)]
        first, last = len(f"{clock} 0") + letters[1] / 2, letters[-1] + letters[-2] / 2
        return max(first, last) * SMALL * LETTER + GAP <= wide / parts

    rounded = (parts for parts in (4, 3, 5, 2) if parts == 2 or clear(parts))  # noqa: PLR2004  the fewest there are
    return min(rounded, key=lambda parts: len(f"{end / parts:.6g}".rstrip("0")))


def _mark(figure: Figure, axes: Axes, changes: Sequence[Change]) -> None:
    """An upright line at each time of a change, and above it what changes, where there is room.

    Of several at once the first is named; the same again, one after the other, is named once.
    """
    together: dict[int, list[str]] = {}
    for change in changes:
        together.setdefault(change.time, []).append(change.label)
    if not together:
        return
    box, tall = axes.get_window_extent(), figure.get_figheight() * 72
    places = [float(x) for x, _ in axes.transData.transform([(time, 0.0) for time in together])]
    labels = [shorten(told[0], NAME) + (f" +{len(told) - 1}" if len(told) > 1 else "") for told in together.values()]
    new = [label != before for before, label in zip(["", *labels], labels, strict=False)]
    wide = [len(label) * SMALL * LETTER if told else 0.0 for label, told in zip(labels, new, strict=True)]
    for x, label, room in zip(places, labels, in_rows(places, wide, WIDTH, ROWS), strict=True):
        top = box.y1
        if room is not None:
            row, left = room
            top += 3 + row * ROW
            figure.text(left / WIDTH, (top + 2) / tall, label, fontsize=SMALL, color=GREY)
        line = Line2D([x / WIDTH] * 2, [box.y0 / tall, top / tall], color=GREY, linewidth=1, dashes=(1, 1.5))
        figure.add_artist(line)


def _name_ends(figure: Figure, axes: Axes, lines: Sequence[Line], top: float, above: float) -> None:
    """Name lines at their ends; names may stand so far above the panel [px]."""
    box = axes.get_window_extent()
    low, high = box.y0 - 20, box.y1 + above
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
