"""A panel of bars in rows: the name above each bar, its number beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.reports.drawing import GREY, INK, SMALL, TEXT, Pen, heading, panel
from experiments.reports.wording import Estimate, Unit, shorten

ROW = 31
PLAIN = Pen("#8a8a8a", "-", ".")


@dataclass(frozen=True, slots=True)
class Row:
    """A bar with its interval."""

    label: str
    estimate: Estimate
    pen: Pen | None = None


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
    above = 60
    height = above + len(rows) * ROW + 6
    ends = [end for row in rows for end in (row.estimate.mean, row.estimate.low, row.estimate.high) if end is not None]
    low, high = min(0.0, *ends), max(0.0, *ends, reference[1] if reference else 0.0)
    digits = unit.decimals(high)

    def draw(figure: Figure, axes: Axes) -> None:
        heading(figure, title, subtitle)
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
            pen = row.pen or PLAIN
            axes.barh(place_ + 0.73, row.estimate.value, height=0.3, color=pen.colour, linewidth=0)
            if reference:
                axes.plot([reference[1]] * 2, [place_ + 0.5, place_ + 0.96], color=INK, linewidth=1.6, zorder=5)
            if row.estimate.low is not None and row.estimate.high is not None:
                axes.plot(
                    [row.estimate.low, row.estimate.high], [place_ + 0.73] * 2, color=INK, linewidth=1.2, zorder=4
                )
            axes.annotate(
                shorten(row.label, 40),
                (min(0.0, low), place_ + 0.44),
                xytext=(3, 0),
                textcoords="offset points",
                fontsize=SMALL,
                color=INK,
                fontweight="bold" if row.pen else "normal",
            )
            furthest = max(row.estimate.value, row.estimate.high or 0.0, 0.0)
            if reference and furthest < reference[1] < furthest + 0.2 * (high - low):
                furthest = reference[1]
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
