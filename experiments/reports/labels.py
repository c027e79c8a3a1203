"""Where labels stand: clear of each other, and of the marks that they name.

All lengths are pixels at natural size [px].
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from experiments.reports.drawing import LEADING, LETTER, SMALL

CLOSE = 11  # a label that is nearer needs no line to its point
MARK = 5  # from the middle of a mark to its edge
GAP = 5  # between labels of a row
HALO = 1.5  # white around letters, so that they are read on a line; it would cut a mark
DISTANCES = (7, 11, 16, 28, 42, 58, 76, 100, 130)
TURNS = 16
OUTSIDE, MARKS, BOXES, LEADERS, LINES, FAR = 1000.0, 50.0, 50.0, 4.0, 0.1, 0.8  # what a pixel costs, or a square one

Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""


def spread(targets: Sequence[float], heights: Sequence[float], low: float, high: float) -> list[float]:
    """Centres for labels that want to stand at `targets` but must not overlap, between `low` and `high`."""
    order = sorted(range(len(targets)), key=lambda i: targets[i])
    centres = list(targets)
    floor = low
    for i in order:
        centres[i] = max(targets[i], floor + heights[i] / 2)
        floor = centres[i] + heights[i] / 2
    ceiling = high
    for i in reversed(order):
        centres[i] = min(centres[i], ceiling - heights[i] / 2)
        ceiling = centres[i] - heights[i] / 2
    return centres


def place(
    points: Sequence[tuple[float, float]],
    labels: Sequence[str],
    within: Box,
    marks: Sequence[tuple[float, float]],
    lines: Sequence[Box] = (),
) -> list[Box]:
    """Boxes for labels beside their points, each where it covers least.

    Args:
        points: what is named.
        labels: broken into lines.
        within: what labels must not leave.
        marks: all points that are drawn, the named ones too. No label covers one where there is room elsewhere.
        lines: through the points. Labels may cover them, and rather do not.
    """
    boxes: list[Box] = []
    leaders: list[Box] = []
    drawn = [_around(mark, MARK) for mark in marks]
    for point, label in zip(points, labels, strict=True):
        others = [_around(mark, MARK) for mark in marks if math.dist(mark, point) > MARK]
        options = []
        for distance, turn, box in _options(point, label):
            clear = (box[0] - HALO, box[1] - HALO, box[2] + HALO, box[3] + HALO)
            specks = _leader(point, box)
            cost = OUTSIDE * _outside(box, within) + FAR * distance
            cost += MARKS * _covered(clear, drawn) + BOXES * _covered(box, boxes) + LEADERS * _covered(box, leaders)
            cost += LINES * _covered(box, lines) + LEADERS * sum(_covered(speck, [*boxes, *others]) for speck in specks)
            options.append((cost, turn, box))
        chosen = min(options)[2]
        boxes.append(chosen)
        leaders += _leader(point, chosen)
    return boxes


def _options(point: tuple[float, float], label: str) -> Iterator[tuple[float, int, Box]]:
    """Where a label could stand: how far away, in which of the directions, and its box there."""
    parts = label.split("\n")
    wide, tall = max(map(len, parts)) * SMALL * LETTER, len(parts) * SMALL * LEADING
    for distance in DISTANCES:
        for turn in range(TURNS):
            east, north = math.cos(turn * 2 * math.pi / TURNS), math.sin(turn * 2 * math.pi / TURNS)
            left = point[0] + distance * east - wide * (1 - east) / 2
            bottom = point[1] + distance * north - tall * (1 - north) / 2
            yield distance, turn, (left, bottom, left + wide, bottom + tall)


def nearest(point: tuple[float, float], box: Box) -> tuple[float, float]:
    """The point of a box that is nearest to another point."""
    return min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3])


def _around(point: tuple[float, float], reach: float) -> Box:
    return point[0] - reach, point[1] - reach, point[0] + reach, point[1] + reach


def _leader(point: tuple[float, float], box: Box) -> list[Box]:
    """Specks along the line from a point to its label."""
    end = nearest(point, box)
    steps = [(point[0] + (end[0] - point[0]) * t / 8, point[1] + (end[1] - point[1]) * t / 8) for t in range(1, 8)]
    return [_around(step, 2) for step in steps] if math.dist(point, end) > CLOSE else []


def _outside(box: Box, within: Box) -> float:
    over = (within[0] - box[0], within[1] - box[1], box[2] - within[2], box[3] - within[3])
    return sum(max(0.0, by) for by in over)


def _covered(box: Box, others: Sequence[Box]) -> float:
    left, bottom, right, top = box
    return sum(
        max(0.0, min(right, o[2]) - max(left, o[0])) * max(0.0, min(top, o[3]) - max(bottom, o[1])) for o in others
    )


def in_rows(starts: Sequence[float], widths: Sequence[float], end: float, rows: int) -> list[tuple[int, float] | None]:
    """Labels in rows above a panel: of each the row, and where it begins; None where none has room.

    Args:
        starts: where each wants to begin, increasing.
        widths: of each; 0 of one that is not to be shown.
        end: which none may exceed; one that would is moved to the left until it ends there.
        rows: how many there are.
    """
    taken = [-math.inf] * rows
    found: list[tuple[int, float] | None] = []
    for start, width in zip(starts, widths, strict=True):
        left = min(start, end - width)
        row = next((row for row, until in enumerate(taken) if until <= left), None) if width else None
        found.append(None if row is None else (row, left))
        if row is not None:
            taken[row] = left + width + GAP
    return found
