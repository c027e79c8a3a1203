"""The days on which a shop changes, as a report marks them: what is on sale, prices, and quality.

Seasons go on all the time, and are not among them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from environments.changing import Change, in_order, on_offer
from environments.shop.catalogue import Item
from environments.shop.scenario import Scenario
from environments.shop.shelves import shelves_of


def turning_points(shop: Scenario) -> tuple[Change, ...]:
    """When what is on the shelves changes, and how, in order."""
    shelves = shelves_of(shop)
    starts: list[int] = np.unique(shelves.epoch, return_index=True)[1].tolist()
    found: list[Change] = []
    for j, item in enumerate(shop.items):
        on: list[bool] = shelves.on_sale[:, j].tolist()
        there = [shelves.variants[slot] for slot in shelves.slot[:, j]]
        found += on_offer(item.name, starts, on)
        for e in range(1, len(starts)):
            if on[e - 1] and on[e]:
                found += (Change(starts[e], f"{how}: {item.name}") for how in _differs(there[e - 1], there[e]))
    return in_order(found)


def _differs(before: Item, after: Item) -> Iterator[str]:
    """How an item differs from what it was: its price, and its quality."""
    if after.price != before.price:
        yield "cheaper" if after.price < before.price else "dearer"
    if after.defect != before.defect:
        yield "worse" if after.defect > before.defect else "better"
