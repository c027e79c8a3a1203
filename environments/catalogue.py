"""The catalogue: what can be recommended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from bandits.description import Description
from bandits.errors import Fault, InputError
from bandits.protocol import Floats
from environments.bounds import AtLeastZero, Money, Utility
from environments.text import Key, Text, Words


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
    """

    key: Key
    name: Text
    price: Money
    margin: Annotated[float, Field(ge=-1e6, le=1e6)]
    attributes: Annotated[tuple[Utility, ...], Field(strict=False)]
    appeal: AtLeastZero = 0.0
    defect: AtLeastZero = 0.0
    note: Words = ""

    @model_validator(mode="after")
    def _margin_within_price(self) -> Self:
        if self.margin > self.price:
            raise InputError(Fault(f"must be at most the price {self.price:g}, got {self.margin:g}", ("margin",)))
        return self


SEEN = ("price", "appeal")
"""What a policy may see of every item, after its attributes."""


def seen_of(items: Sequence[Item]) -> Floats:
    """The public part of the catalogue (J, A + 2): attributes, then price and appeal.

    Price is a multiple of the dearest item's, appeal of the most hyped one's, so that both are in 0 … 1, whatever the
    currency. A shop knows what it promotes, so appeal is public; what falls short of its promise, `defect`, nobody
    knows before it is tried, and it is not in here.
    """
    attributes = np.array([item.attributes for item in items], dtype=np.float64)
    rest = np.array([[item.price, item.appeal] for item in items], dtype=np.float64)
    most = rest.max(axis=0)
    return np.hstack([attributes, rest / np.where(most > 0, most, 1.0)])
