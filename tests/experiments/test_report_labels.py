"""Labels of point plots stand clear of marks and of each other."""

from __future__ import annotations

import pytest

from bandits.streams import stream
from experiments.reports.curves import parts_of
from experiments.reports.labels import GAP, MARK, in_rows, place

WITHIN = (50.0, 44.0, 350.0, 246.0)
NAMES = ["GaussianThompson", "LinearThompson", "LinUCB", "one a cohort", "Random", "Oracle"]


def meet(one, other):
    """Whether two boxes (left, bottom, right, top) share more than an edge."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def mark(x, y):
    """The box of a mark."""
    return x - MARK, y - MARK, x + MARK, y + MARK


@pytest.mark.parametrize("place_of", ["all over", "crowded", "in the corner"])
@pytest.mark.parametrize("number", range(10))
def test_no_label_covers_a_mark_or_another_label(place_of, number):
    """Six marks anywhere, within 40 × 40 px in the middle, or within 25 × 25 px in the upper right corner."""
    low, high = {
        "all over": ((60, 54), (340, 236)),
        "crowded": ((180, 130), (220, 170)),
        "in the corner": ((310, 210), (335, 235)),
    }[place_of]
    spots = stream(0, number, place_of).uniform(low, high, (6, 2)).tolist()
    spots = [tuple(spot) for spot in spots]
    boxes = place(spots, NAMES, WITHIN, spots)
    assert not [(box, spot) for box in boxes for spot in spots if meet(box, mark(*spot))]
    assert not [(one, other) for i, one in enumerate(boxes) for other in boxes[:i] if meet(one, other)]
    assert all(box[0] >= 50 and box[1] >= 44 and box[2] <= 350 and box[3] <= 246 for box in boxes)


def test_a_label_keeps_off_a_line_where_there_is_room_beside_it():
    """The line runs through the point from left to right, so that the label stands above or below it."""
    (box,) = place([(200.0, 150.0)], ["Random"], WITHIN, [(200.0, 150.0)], [(60.0, 149.0, 340.0, 151.0)])
    assert box[1] >= 151 or box[3] <= 149


def test_labels_in_rows_take_the_first_row_with_room_and_end_in_time():
    """Of 50 px each. The second meets the first, the third both; the fourth fits behind the first; the last moves left.

    The fifth, without a width, is not to be shown, and takes no room.
    """
    starts, widths = [0, 10, 20, 50 + GAP, 120, 180], [50, 50, 50, 50, 0, 50]
    assert in_rows(starts, widths, 200, 2) == [(0, 0), (1, 10), None, (0, 50 + GAP), None, (0, 150)]


@pytest.mark.parametrize(
    ("end", "clock", "wide", "parts"),
    [
        (180, "day", 200, 3),  # 60 is rounder than 45
        (1_000, "visit", 300, 5),  # 200 is rounder than 250
        (1_000, "visit", 150, 2),  # "visit 0" needs 44 px, half of "200" 9 more, and of five parts each has 30
        (20_000, "visit", 200, 2),  # 10,000 is rounder than 6,667, and 5,000 has no room
    ],
)
def test_time_is_divided_into_parts_whose_labels_have_room(end, clock, wide, parts):
    assert parts_of(end, clock, wide) == parts
