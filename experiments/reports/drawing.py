"""How a panel looks: pens that can be told apart without colour, axes, labels on few lines, and SVG.

A panel is drawn at the width of a phone, so that its text is as large there as on a desk, where several stand in a row.
All lengths are pixels at natural size [px].
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.reports.wording import Unit, shorten, wrap

WIDTH = 350
TEXT, SMALL, HEAD = 11.5, 10.5, 13.5
INK, GREY, PALE, RULE = "#1f1f1f", "#5c5c5c", "#b9b9b9", "#e4e4e4"
LETTER = 0.6  # of the size of the type: how wide a letter is at most, on average
LEADING = 1.15
TICKS, MOST_DIGITS = 4, 6  # of an axis; of a label on it

Dash = str | tuple[int, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Pen:
    """A colour that is dark enough for text on white and distinct to the colour-blind, a dash and a marker."""

    colour: str
    dash: Dash
    marker: str
    width: float = 2.0


PENS = (
    Pen("#b5490c", "-", "o"),
    Pen("#0067a3", (0, (6.0, 2.0)), "s"),
    Pen("#00755a", (0, (2.0, 1.2)), "^"),
    Pen("#8c3a78", (0, (7.0, 1.6, 1.4, 1.6)), "D"),
    Pen("#7a5b00", (0, (4.0, 1.2)), "v"),
    Pen("#3d3d8f", (0, (1.0, 1.6)), "P"),
)
IDEAL = Pen("#1f1f1f", (0, (1.0, 2.2)), "x", 1.2)
BACKGROUND = Pen(PALE, "-", ".", 1.0)

_SETTINGS: Any = {
    "svg.hashsalt": "personabandits",
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans"],
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "path.simplify": True,
}


def panel(draw: Callable[[Figure, Axes], None], height: float, margins: tuple[float, float, float, float]) -> str:
    """Draw on bare axes and give the SVG that matplotlib makes of them.

    Args:
        draw: draws in the figure and its axes.
        height: of the panel.
        margins: left, right, top, bottom.
    """
    left, right, top, bottom = margins
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        axes = figure.add_axes(
            (left / WIDTH, bottom / height, (WIDTH - left - right) / WIDTH, (height - top - bottom) / height)
        )
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color(GREY)
        axes.tick_params(length=0, labelsize=SMALL, labelcolor=GREY, pad=4)
        axes.set_axisbelow(True)
        draw(figure, axes)
        file = io.StringIO()
        with warnings.catch_warnings():
            # The text stays text, and the reader's browser has letters that matplotlib's font lacks.
            warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font", category=UserWarning)
            figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return file.getvalue()


def heading(figure: Figure, title: str, subtitle: str) -> None:
    """Head a panel: what it is about, and what is counted."""
    height = figure.get_figheight() * 72
    for text, down, size, weight, colour in (
        (shorten(title, 40), 15, HEAD, "bold", INK),
        (shorten(subtitle, 58), 31, SMALL, "normal", GREY),
    ):
        figure.text(1 / WIDTH, 1 - down / height, text, fontsize=size, fontweight=weight, color=colour)


def to_svg(drawn: str, key: str, title: str, description: str) -> Markup:
    """Make a drawing ready to stand inside a page: titled, described, with ids of its own, in the page's type.

    Args:
        drawn: what matplotlib wrote.
        key: unique in the page.
        title: the message.
        description: the finding in words, for those who do not see it.
    """
    body = drawn[drawn.index("<svg") :]
    opening = re.match(r"<svg[^>]*viewBox=\"0 0 (?P<w>[\d.]+) (?P<h>[\d.]+)\"[^>]*>", body)
    assert opening is not None  # noqa: S101  every figure that matplotlib writes has one
    body = body[opening.end() : body.rindex("</svg>")]
    body = re.sub(
        r"<!--.*?-->|<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL
    )
    used = set(re.findall(r"(?:url\(#|href=\"#)([^\")]+)", body))
    body = re.sub(r' id="([^"]+)"', lambda m: f' id="{key}-{m[1]}"' if m[1] in used else "", body)
    body = re.sub(r"(url\(#|href=\"#)", rf"\g<1>{key}-", body)
    body = re.sub(r"<[^>]+>", lambda tag: _attributes(tag[0]), body)
    body = re.sub(r">\s+<", "><", body).strip()
    width, height = float(opening["w"]), float(opening["h"])
    head = Markup(
        '<svg viewBox="0 0 {w:g} {h:g}" width="{w:g}" height="{h:g}" role="img" aria-labelledby="{k}-title {k}-desc">'
        '<title id="{k}-title">{t}</title><desc id="{k}-desc">{d}</desc>'
    ).format(w=width, h=height, k=key, t=title, d=description)
    return head + Markup(body) + Markup("</svg>")  # noqa: S704  matplotlib has escaped its texts


def _attributes(tag: str) -> str:
    """Coordinates to a hundredth of a pixel, and the type of the page; what stands between tags is left alone."""
    tag = re.sub(r"font: (?:(bold|\d+) )?([\d.]+)px [^;\"]*", r"font-size: \2px; font-weight: \1", tag)
    tag = re.sub(r"font-family: [^;\"]*;?|font-weight: (?=;)| transform=\"rotate\(-?0 [^)]*\)\"", "", tag)
    return re.sub(r"-?\d+\.\d{2,}", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), tag)


def broken(label: str, letters: int = 18, lines: int = 3) -> str:
    """A label on up to three short lines."""
    return "\n".join(wrap(label, letters, lines))


def tick_labels(unit: Unit, top: float) -> Callable[[float, int | None], str]:
    """Tick labels with as few decimals as the axis needs."""
    scale = 100 if unit.kind == "share" else 1
    ticks = [tick * scale for tick in MaxNLocator(TICKS).tick_values(0, top)]
    exact = (d for d in range(MOST_DIGITS) if all(math.isclose(tick, round(tick, d), abs_tol=1e-9) for tick in ticks))
    digits = next(exact, MOST_DIGITS)
    return lambda value, _: unit.heads[1].write(value, digits)
