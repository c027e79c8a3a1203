"""What stands on the shelves, day by day: which items, at which price, of which quality.

J items, V variants, E epochs. A variant is an item at one price and of one quality: the items as they are listed come
first, so that without any change the variants are the items. An epoch is a run of days on which the shelves do not
change.

    margin on a promotion = margin − (price − promotion's price)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bandits.protocol import Bools, Ints
from environments.shop.catalogue import Item

if TYPE_CHECKING:
    from environments.shop.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Shelves:
    """The shelves of all days.

    Args:
        variants: V, the J items as listed first.
        epoch: (days,) which epoch each day is in.
        slot: (E, J) which variant of each item is there.
        on_sale: (E, J) whether it can be shown.
    """

    variants: tuple[Item, ...]
    epoch: Ints
    slot: Ints
    on_sale: Bools

    @property
    def used(self) -> tuple[Item, ...]:
        """The variants that are there on some day."""
        return tuple(self.variants[s] for s in np.unique(self.slot))


def shelves_of(shop: Scenario) -> Shelves:
    """Fill the shelves of a shop."""
    items, days = shop.items, shop.days
    place = {item.key: j for j, item in enumerate(items)}
    price = np.tile(np.array([item.price for item in items]), (days, 1))
    defect = np.tile(np.array([item.defect for item in items]), (days, 1))
    for promotion in shop.promotions:
        price[slice(*promotion.span), place[promotion.item]] = promotion.price
    for incident in shop.incidents:
        defect[slice(*incident.span), place[incident.item]] = incident.defect
    on_sale = np.stack([item.on_sale(days) for item in items], axis=1)
    new = (np.diff(price, axis=0) != 0) | (np.diff(defect, axis=0) != 0) | (on_sale[1:] != on_sale[:-1])
    epoch = np.concatenate([[0], np.cumsum(new.any(axis=1))])
    start = np.searchsorted(epoch, np.arange(epoch[-1] + 1))
    variants, known = list(items), {(j, item.price, item.defect): j for j, item in enumerate(items)}
    slot = np.empty((len(start), len(items)), dtype=np.int64)
    for e, day in enumerate(start):
        for j, item in enumerate(items):
            at = (j, float(price[day, j]), float(defect[day, j]))
            if at not in known:
                known[at] = len(variants)
                variants.append(_variant(item, at[1], at[2]))
            slot[e, j] = known[at]
    return Shelves(tuple(variants), epoch, slot, on_sale[start])


def _variant(item: Item, price: float, defect: float) -> Item:
    margin = item.margin - (item.price - price)
    return item.model_copy(update={"price": price, "margin": margin, "defect": defect})


def empty_day(items: Sequence[Item], days: int) -> int | None:
    """The first day on which nothing is on sale, if there is one."""
    on_sale = np.any([item.on_sale(days) for item in items], axis=0)
    return None if on_sale.all() else int(on_sale.argmin())
