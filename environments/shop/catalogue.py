"""The catalogue: what can be recommended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from bandits.description import Description
from bandits.errors import Fault, InputError
from bandits.protocol import Bools, Floats
from environments.shop.bounds import AtLeastZero, Day, Money, Utility
from environments.text import Key, Text, Words


def _pair(value: object) -> object:
    if not isinstance(value, (list, tuple)) or len(value) != 2:  # noqa: PLR2004  a pair
        raise InputError(f"must be a pair of days such as [40, 50], got {value!r}")
    return value


def _pairs(value: object) -> object:
    if not isinstance(value, (list, tuple)):
        raise InputError(f"must be a list of pairs of days such as [[40, 50], [70, 72]], got {value!r}")
    return value


Span = Annotated[tuple[Day, Day], BeforeValidator(_pair), Field(strict=False)]
"""From a day until another, half-open: [40, 50] is the ten days from 40 to 49."""


class Item(Description):
    """One item of the catalogue.

    Args:
        key: short, as in tables.
        name: as people read it.
        price: [currency].
        margin: what a sale that is kept earns; negative for a loss leader [currency].
        attributes: phi_j, in the order of `Scenario.attributes`.
        appeal: hype: what makes it look better than it is.
        defect: by how much its quality falls short of what was promised.
        note: what is worth knowing about it.
        launch: day from which it is on sale.
        retire: day from which it is on sale no longer; None for never.
        out_of_stock: days on which it is not on sale in between.
    """

    key: Key
    name: Text
    price: Money
    margin: Annotated[float, Field(ge=-1e6, le=1e6)]
    attributes: Annotated[tuple[Utility, ...], Field(strict=False)]
    appeal: AtLeastZero = 0.0
    defect: AtLeastZero = 0.0
    note: Words = ""
    launch: Day = 0
    retire: Day | None = None
    out_of_stock: Annotated[tuple[Span, ...], BeforeValidator(_pairs), Field(strict=False)] = ()

    added: ClassVar[frozenset[str]] = frozenset({"launch", "retire", "out_of_stock"})

    @model_validator(mode="after")
    def _sound(self) -> Self:
        faults = []
        if self.margin > self.price:
            faults.append(Fault(f"must be at most the price {self.price:g}, got {self.margin:g}", ("margin",)))
        if self.retire is not None and self.retire <= self.launch:
            faults.append(Fault(f"must be after launch, day {self.launch}, got {self.retire}", ("retire",)))
        faults += [
            Fault(f"must be days [from, until] with until after from, got [{a}, {b}]", ("out_of_stock", n))
            for n, (a, b) in enumerate(self.out_of_stock, 1)
            if b <= a
        ]
        if faults:
            raise InputError(faults)
        return self

    def on_sale(self, days: int) -> Bools:
        """Whether it can be shown on each day (days,)."""
        day = np.arange(days)
        on: Bools = (day >= self.launch) & (day < (days if self.retire is None else self.retire))
        for a, b in self.out_of_stock:
            on &= (day < a) | (day >= b)
        return on


SEEN = ("price", "appeal")
"""What a policy may see of every item, after its attributes."""


def seen_of(items: Sequence[Item], listed: Sequence[Item] | None = None) -> Floats:
    """The public part of some items (J, A + 2): attributes, then price and appeal.

    Price is a multiple of the dearest listed item's, appeal of the most hyped one's, so that both are in 0 … 1,
    whatever the currency; the listed items are these unless others are named. A shop knows what it promotes, so appeal
    is public; what falls short of its promise, `defect`, nobody knows before it is tried, and it is not in here.
    """
    attributes = np.array([item.attributes for item in items], dtype=np.float64)
    rest = np.array([[item.price, item.appeal] for item in items], dtype=np.float64)
    most = np.array([[item.price, item.appeal] for item in listed or items], dtype=np.float64).max(axis=0)
    return np.hstack([attributes, rest / np.where(most > 0, most, 1.0)])
