"""The rules of what changes in a scenario: of an item that is there, one thing at a time, and something is on sale."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.errors import Fault, unknown
from environments.shop.catalogue import Item
from environments.shop.changes import Incident, Promotion
from environments.shop.objective import Objective
from environments.shop.shelves import empty_day


def changes_fit(
    items: Sequence[Item],
    keys: Sequence[str],
    incidents: Sequence[Incident | None],
    promotions: Sequence[Promotion | None],
) -> list[Fault]:
    """What changes is there, changes once at a time, and gets no dearer by a promotion.

    Args:
        items: those that are sound.
        keys: of all items.
        incidents: None stands for a faulty one.
        promotions: None stands for a faulty one.
    """
    faults = []
    price = {item.key: item.price for item in items}
    for part, changes in (("incident", incidents), ("promotion", promotions)):
        for n, change in enumerate(changes, 1):
            if change is None:
                continue
            if change.item not in keys:
                faults.append(Fault(unknown("item", change.item, keys), (part, n, "item")))
            for before, other in enumerate(changes[: n - 1], 1):
                if other is not None and other.item == change.item and _overlap(other.span, change.span):
                    what = f"must not be on days of {part}[{before}], which is about {change.item} too"
                    faults.append(Fault(what, (part, n, "day" if part == "incident" else "from")))
            if isinstance(change, Promotion) and change.price > price.get(change.item, math.inf):
                what = f"must be at most the item's price {price[change.item]:g}, got {change.price:g}"
                faults.append(Fault(what, (part, n, "price")))
    return faults


def _overlap(one: tuple[int, int | None], other: tuple[int, int | None]) -> bool:
    return (one[1] is None or other[0] < one[1]) and (other[1] is None or one[0] < other[1])


def always_something(items: Sequence[Item], objectives: Sequence[Objective], days: int) -> list[Fault]:
    """Where something must be shown, something is on sale every day."""
    day = empty_day(items, days)
    if day is None:
        return []
    return [
        Fault(
            f"must be false, since nothing is on sale on day {day}; or sell something then",
            ("objective", objective.key, "must_show"),
        )
        for objective in objectives
        if objective.must_show
    ]
