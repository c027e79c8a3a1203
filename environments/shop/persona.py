"""A persona: the card that people read, and the numbers that make its users act."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from bandits.description import Description
from bandits.protocol import Floats
from environments.shop.bounds import AtLeastZero, Money, Utility
from environments.shop.changes import Season
from environments.shop.features import Likelihood
from environments.text import Key, Text


class Persona(Description):
    """One kind of user. Utilities are in logits; c is the persona, i one of its customers, j an item.

        theta_i = taste + taste_sd · N(0, I)                                  what customer i values
        v_ij = theta_i·phi_j − price_sensitivity · price_j + appeal_sensitivity · appeal_j − outside

    Args:
        key: short, as in tables.
        name: as in sentences.
        pronoun: "he", "she" or "they".
        role: what they are to the shop, in a few words.
        profile: who they are.
        motivations: what drives them.
        goals: what they come for.
        share: of all customers.
        taste: mean weight of each attribute, in the order of `Scenario.attributes`.
        taste_sd: how much the customers of this persona differ in each weight.
        price_sensitivity: utility lost for each unit of currency.
        appeal_sensitivity: how much hype moves them.
        outside: utility of buying nothing.
        visit_rate: visits a customer a day, at most 1.
        annoyance: welfare lost to a recommendation that irritates.
        patience: how far below buying an item may be before it irritates.
        trial_sd: how much experience differs from what was expected.
        hassle: welfare lost to returning an item.
        rho: how much of yesterday's satisfaction is left after a visit.
        loss_aversion: how much more a loss is felt than a gain.
        base_hazard: chance of leaving for good after a visit when satisfaction is 0.
        b1: how strongly satisfaction acts on leaving.
        organic_margin: margin of a visit that owes nothing to a recommendation [currency].
        organic_sales: sales of such a visit [currency].
        features: how each feature is distributed, in the order of `Scenario.features`.
        season: how the visit rate swings over the year; None if it does not.
    """

    key: Key
    name: Text
    pronoun: Literal["he", "she", "they"]
    role: Text
    profile: Text
    motivations: Text
    goals: Text
    share: Annotated[float, Field(gt=0, le=1)]
    taste: Annotated[tuple[Utility, ...], Field(strict=False)]
    taste_sd: AtLeastZero
    price_sensitivity: AtLeastZero
    appeal_sensitivity: AtLeastZero
    outside: Utility
    visit_rate: Annotated[float, Field(gt=0, le=1)]
    annoyance: AtLeastZero
    patience: AtLeastZero
    trial_sd: Annotated[float, Field(ge=0.01, le=100)]
    hassle: AtLeastZero
    rho: Annotated[float, Field(ge=0, lt=1)]
    loss_aversion: AtLeastZero
    base_hazard: Annotated[float, Field(gt=0, lt=1)]
    b1: AtLeastZero
    organic_margin: Money
    organic_sales: Money
    features: tuple[Likelihood, ...]
    season: Season | None = None

    added: ClassVar[frozenset[str]] = frozenset({"season"})

    @property
    def b0(self) -> float:
        """The base hazard on the scale on which satisfaction acts: log(−log(1 − base_hazard))."""
        return math.log(-math.log1p(-self.base_hazard))

    def visit_rates(self, days: int) -> Floats:
        """Visits of one customer on each day (days,)."""
        swing = np.ones(days) if self.season is None else self.season.swing(np.arange(days))
        rates: Floats = np.clip(self.visit_rate * swing, 0.0, 1.0)
        return rates
