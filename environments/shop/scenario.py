"""A scenario: the shop, its customers, what it sells, what it sees, and what it asks of a policy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from bandits.cards import FeatureCard, PersonaCard
from bandits.description import Description
from bandits.errors import InputError, unknown
from environments.shop.bounds import AtLeastZero, Money
from environments.shop.catalogue import SEEN, Item
from environments.shop.change_rules import always_something, changes_fit
from environments.shop.changes import Incident, Promotion
from environments.shop.features import Feature
from environments.shop.objective import Objective
from environments.shop.persona import Persona
from environments.shop.scenario_file import parts_of
from environments.shop.scenario_rules import disagreements, within_reach
from environments.shop.shelves import shelves_of
from environments.text import Text, Words
from environments.toml_file import read_toml

HERE = Path(__file__).parent
SHIPPED = ("acme",)


def _listed(words: object) -> object:
    if not isinstance(words, (list, tuple)):
        raise ValueError(f'must be a list such as ["refill", "unique"], got {words!r}')  # noqa: TRY004  pydantic's way
    return words


class Scenario(Description):
    """Everything that a storefront is made of, in one TOML file.

    Args:
        name: of the file, without its ending.
        title: of the shop, for people.
        currency: as it is printed before an amount.
        customers: on the first day.
        days: length of a replication.
        new_customers: who join a day, on average (Poisson, personas by their shares).
        tolerance: a shown item is a bad recommendation where its expected welfare is below −tolerance.
        handling: what a return costs the shop [currency].
        attribution_days: a visit's reward is settled so many days after it.
        return_lag_min: days before a return can arrive.
        return_lag_mean: mean of the geometric number of days that it takes on top of that, at least 1.
        attributes: names of what tastes weigh in an item.
        features: what a policy may see of a visit.
        personas: who comes.
        items: what can be recommended.
        objectives: what a policy may be rewarded for.
        incidents: when an item's quality changes.
        promotions: when an item is cheaper.

    Raises:
        InputError: one line a fault.
    """

    title: Text
    currency: Words
    customers: Annotated[int, Field(ge=1, le=1_000_000)]
    days: Annotated[int, Field(ge=1, le=3650)]
    new_customers: Annotated[float, Field(ge=0, le=10_000)]
    tolerance: AtLeastZero
    handling: Money
    attribution_days: Annotated[int, Field(ge=1, le=365)]
    return_lag_min: Annotated[int, Field(ge=0, le=365)]
    return_lag_mean: Annotated[float, Field(ge=1, le=365)]
    attributes: Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(strict=False)]
    features: tuple[Feature, ...]
    personas: tuple[Persona, ...]
    items: tuple[Item, ...]
    objectives: tuple[Objective, ...]
    incidents: tuple[Incident, ...] = ()
    promotions: tuple[Promotion, ...] = ()

    added: ClassVar[frozenset[str]] = frozenset({"incidents", "promotions"})

    @model_validator(mode="after")
    def _agree(self) -> Self:
        faults = disagreements(self.attributes, self.features, self.personas, self.items, self.objectives)
        faults += changes_fit(self.items, [item.key for item in self.items], self.incidents, self.promotions)
        faults = faults or always_something(self.items, self.objectives, self.days)
        if self.promotions:
            faults = faults or within_reach(self.personas, shelves_of(self).variants)
        if faults:
            raise InputError(faults)
        return self

    @classmethod
    def load(cls, path_or_name: str) -> Self:
        """Read a shipped scenario by its name ("acme"), or one's own from a .toml file.

        Raises:
            InputError: all that is wrong with it, each fault with its place in the file.
        """
        source, tables = _tables_of(path_or_name)
        settings, parts, faults = parts_of(tables, _SETTINGS)
        try:
            scenario = cls(name=Path(source).stem, **settings, **parts)
        except InputError as error:
            own = [fault for fault in error.faults if fault.where[0] in _SETTINGS and "scenario" in tables]
            # Where a part is faulty, the rules that hold between parts were already checked on the rest.
            between = () if faults else [fault for fault in error.faults if fault not in own]
            raise InputError([*InputError(own).within("", "scenario").faults, *faults, *between], source) from None
        if faults:
            raise InputError(faults, source)
        return scenario

    @property
    def feature_names(self) -> tuple[str, ...]:
        """D names of the columns of x: a constant first."""
        return ("constant", *(feature.name for feature in self.features))

    @property
    def action_feature_names(self) -> tuple[str, ...]:
        """M names of what a policy may see of an item: its attributes first."""
        return (*self.attributes, *SEEN)

    @property
    def changes(self) -> bool:
        """Whether anything changes from day to day: what is on sale, prices, quality, or how often people come."""
        sold = any(item.launch or item.retire is not None or item.out_of_stock for item in self.items)
        return bool(self.incidents or self.promotions or sold or any(persona.season for persona in self.personas))

    def persona_cards(self) -> tuple[PersonaCard, ...]:
        """What the team has declared about its personas, for policies that ask."""
        return tuple(
            PersonaCard(
                name=persona.name,
                share=persona.share,
                visit_rate=persona.visit_rate,
                features=tuple(
                    FeatureCard(feature.name, feature.kind, feature.level, likelihood.mean, likelihood.sd)
                    for feature, likelihood in zip(self.features, persona.features, strict=True)
                ),
            )
            for persona in self.personas
        )


_PARTS = ("features", "personas", "items", "objectives", "incidents", "promotions")
_SETTINGS = tuple(field for field in Scenario.model_fields if field not in {"name", *_PARTS})


def _tables_of(path_or_name: str) -> tuple[str, dict[str, Any]]:
    """Read a shipped scenario by its name, or one's own by its path.

    Returns:
        What to call it in messages, and its tables.
    """
    text = str(path_or_name)
    if text in SHIPPED:
        return f"{text}.toml", read_toml(HERE.parent / f"{text}.toml")
    if not text.endswith(".toml"):
        raise InputError(unknown("scenario", text, (*SHIPPED, "or the path of a .toml file")))
    tables = read_toml(text)
    if {"policy", "environment"} <= tables.keys():
        raise InputError(
            "is an experiment, and a scenario is wanted: name the one that it runs; `run` checks an experiment first",
            text,
        )
    return text, tables
