"""What changes under a policy's feet while a shop is open: seasons, quality incidents, price promotions.

Days are half-open: from 60 until 90 is the thirty days from 60 to 89. What is on sale when is a part of the item.
"""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from pydantic import ConfigDict, Field, model_validator

from bandits.description import Description
from bandits.errors import Fault, InputError
from bandits.protocol import Floats, Ints
from environments.shop.bounds import AtLeastZero, Day, Money
from environments.text import Key


class Season(Description):
    """How often a persona's customers visit, over the year: rate · (1 + amplitude · cos(2π (day − peak) / period)).

    Args:
        amplitude: by which share the rate rises and falls, at most 1.
        peak: the day on which they visit most.
        period: days from one peak to the next.
    """

    amplitude: Annotated[float, Field(ge=0, le=1)]
    peak: Annotated[float, Field(ge=0, le=3650)]
    period: Annotated[float, Field(ge=2, le=3650)] = 365.0

    def swing(self, day: Ints) -> Floats:
        """By what the rate is multiplied on each day (N,)."""
        factor: Floats = 1.0 + self.amplitude * np.cos(2.0 * np.pi * (day - self.peak) / self.period)
        return factor


class Incident(Description):
    """An item's quality changes, and nobody who buys it expects that.

    Args:
        item: its key.
        day: from which it has another defect.
        until: day from which it is as it was; None for never.
        defect: by how much it falls short of its promise on these days, in place of the item's own `defect`.
    """

    item: Key
    day: Day
    until: Day | None = None
    defect: AtLeastZero

    @property
    def span(self) -> tuple[int, int | None]:
        """The days, half-open."""
        return self.day, self.until

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.until is not None and self.until <= self.day:
            raise InputError(Fault(f"must be after day {self.day}, got {self.until}", ("until",)))
        return self


class Promotion(Description):
    """An item is cheaper for some days, and its margin smaller by as much; customers know the price.

    Args:
        item: its key.
        from_: the first day; `from` in a file.
        until: the day from which the old price holds again.
        price: on these days, at most the item's own [currency].
    """

    model_config = ConfigDict(populate_by_name=True)

    item: Key
    from_: Annotated[Day, Field(alias="from")]
    until: Day
    price: Money

    @property
    def span(self) -> tuple[int, int | None]:
        """The days, half-open."""
        return self.from_, self.until

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.until <= self.from_:
            raise InputError(Fault(f"must be after day {self.from_}, got {self.until}", ("until",)))
        return self
