"""The catalogue: what can be recommended."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from bandits.description import Description
from bandits.errors import Fault, InputError
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
