"""The numbers of a scenario's file, within bounds that no shop reaches and no sum overflows."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Utility = Annotated[float, Field(ge=-100, le=100)]
"""Or a weight in one [logits]."""

AtLeastZero = Annotated[float, Field(ge=0, le=100)]
"""A utility, or a sensitivity, that has no sign."""

Day = Annotated[int, Field(ge=0, le=3650)]
"""The first day is 0."""

Money = Annotated[float, Field(ge=0, le=1e6)]
"""[currency]."""
