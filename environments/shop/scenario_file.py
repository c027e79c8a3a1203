"""From a TOML file to the parts of a scenario, with every fault at its place in the file.

A taste, the attributes of an item, the features of a persona and the weights of an objective are tables by name in the
file, and tuples in the scenario's order in the descriptions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from bandits.description import Description
from bandits.errors import Fault
from bandits.errors import Path as Place
from environments.shop.catalogue import Item
from environments.shop.change_rules import changes_fit
from environments.shop.changes import Incident, Promotion, Season
from environments.shop.features import Feature, Likelihood
from environments.shop.objective import Objective
from environments.shop.persona import Persona
from environments.shop.scenario_rules import (
    as_many,
    attributes_named,
    distinct,
    names_differ,
    shares_add_up,
    within_reach,
)
from environments.toml_tables import D, Table, is_number, listed, made, short, unknowns

PARTS = ("scenario", "feature", "persona", "item", "objective", "incident", "promotion")
EXAMPLES = {"feature": "mobile", "persona": "luke", "item": "refill_carton", "objective": "long_term"}
LARGEST_UTILITY = 100
LARGEST_WEIGHT = 1_000_000
T = TypeVar("T")


def parts_of(tables: Table, settings: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any], list[Fault]]:
    """Split the tables into the settings of [scenario] and the parts, and say what is wrong with the parts.

    Args:
        tables: of the file.
        settings: fields of [scenario].

    Returns:
        The settings, not yet validated; the parts that are sound; and the faults of the rest.
    """
    reader = _Reader(tables, settings)
    features = reader.part("feature", reader.feature)
    reader.features = features
    personas = reader.part("persona", reader.persona)
    items = reader.part("item", reader.item)
    objectives = reader.part("objective", reader.objective)
    incidents = reader.changes(Incident, "incident")
    promotions = reader.changes(Promotion, "promotion")
    reader.between(personas, items)
    reader.faults += changes_fit([item for item in items.values() if item], list(items), incidents, promotions)
    parts: Mapping[str, Mapping[str, Description | None]] = {
        "features": features,
        "personas": personas,
        "items": items,
        "objectives": objectives,
    }
    sound: dict[str, Any] = {name: tuple(thing for thing in made.values() if thing) for name, made in parts.items()}
    sound["incidents"] = tuple(incident for incident in incidents if incident)
    sound["promotions"] = tuple(promotion for promotion in promotions if promotion)
    return {key: value for key, value in reader.shop.items() if key in settings}, sound, reader.faults


class _Reader:
    """Reads one part after the other, and gathers faults.

    Args:
        tables: of the file.
        settings: fields of [scenario].
    """

    def __init__(self, tables: Table, settings: Sequence[str]) -> None:
        self.tables = tables
        self.faults: list[Fault] = []
        self.known(tables, PARTS, "table", ())
        self.shop = self.table(tables.get("scenario"), ("scenario",))
        self.known(self.shop, settings, "field", ("scenario",))
        words = self.shop.get("attributes")
        self.attributes: tuple[str, ...] | None = None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            self.attributes = tuple(words)
        self.features: Mapping[str, Feature | None] = {}

    def fault(self, what: str, where: Place) -> None:
        self.faults.append(Fault(what, where))

    def known(self, table: Table, words: Sequence[str], what: str, where: Place) -> None:
        self.faults += unknowns(table, words, what, where)

    def table(self, value: object, where: Place) -> Table:
        if isinstance(value, dict):
            return value
        header = ".".join(str(step) for step in where)
        what = f"is missing; add [{header}]" if value is None else f"must be a table, [{header}], got {short(value)}"
        self.fault(what, where)
        return {}

    def part(self, name: str, read: Callable[[str, Table, Place], T | None]) -> dict[str, T | None]:
        """Read all tables [name.KEY]; None stands for a faulty one."""
        group = self.tables.get(name)
        if not isinstance(group, dict) or not group:
            got = f", got {short(group)}" if group else ""
            self.fault(f"must have at least one table, such as [{name}.{EXAMPLES[name]}]{got}", (name,))
            return {}
        self.faults += distinct(list(group), (name,))
        made: dict[str, T | None] = {}
        for key, value in group.items():
            before, where = len(self.faults), (name, key)
            made[key] = None
            if isinstance(value, dict):
                thing = read(key, value, where)
                made[key] = thing if len(self.faults) == before else None
            else:
                self.fault(f"must be a table, [{name}.{key}], got {short(value)}", where)
        return made

    def make(self, kind: type[D], called: str, key: str, table: Table, where: Place, **ready: object) -> D | None:
        """Make a description of a table; what was translated already is `ready`."""
        thing, faults = made(kind, called, key, table, where, **ready)
        self.faults += faults
        return thing

    def changes(self, kind: type[D], name: str) -> list[D | None]:
        """Read all tables [[name]]; None stands for a faulty one."""
        things, faults = listed(kind, name, self.tables.get(name))
        self.faults += faults
        return things

    def feature(self, name: str, table: Table, where: Place) -> Feature | None:
        return self.make(Feature, "name", name, table, where)

    def persona(self, key: str, table: Table, where: Place) -> Persona | None:
        ready: dict[str, object] = {"features": self.likelihoods(table.get("features"), (*where, "features"))}
        if "taste" in table:
            ready["taste"] = self.by_attribute(table["taste"], (*where, "taste"))
        if isinstance(season := table.get("season"), dict):
            ready["season"], faults = made(Season, None, None, season, (*where, "season"))
            self.faults += faults
        return self.make(Persona, "key", key, table, where, **ready)

    def item(self, key: str, table: Table, where: Place) -> Item | None:
        phi = self.by_attribute(table.get("attributes", {}), (*where, "attributes"))
        return self.make(Item, "key", key, table, where, attributes=phi)

    def objective(self, key: str, table: Table, where: Place) -> Objective | None:
        weights = table.get("weights", {})
        if not isinstance(weights, dict):
            self.fault(f"must be a table such as {{ revenue = 1.0 }}, got {short(weights)}", (*where, "weights"))
            weights = {"revenue": 1.0}
        sound = [self.number(weight, (*where, "weights", word), LARGEST_WEIGHT) for word, weight in weights.items()]
        if not all(sound):
            weights = dict.fromkeys(weights, 1.0)
        return self.make(Objective, "key", key, table, where, weights=weights)

    def number(self, value: object, where: Place, bound: int) -> bool:
        """Whether it is a number of sensible size."""
        if not is_number(value) or abs(value) > bound or math.isnan(value):
            self.fault(f"must be a number between {-bound:,} and {bound:,}, got {short(value)}", where)
            return False
        return True

    def by_attribute(self, value: object, where: Place) -> tuple[float, ...]:
        """Put a table by attribute in the order of the attributes, absent ones as 0."""
        if not self.attributes:
            return ()
        if isinstance(value, list):
            self.faults += as_many(value, self.attributes, where)
            value = dict(zip(self.attributes, value, strict=False))
        if not isinstance(value, dict):
            self.fault(f"must be a table such as {{ {self.attributes[0]} = 1.0 }}, got {short(value)}", where)
            return ()
        self.known(value, self.attributes, "attribute", where)
        values = [value.get(word, 0.0) for word in self.attributes]
        sound = [
            self.number(v, (*where, word), LARGEST_UTILITY) for word, v in zip(self.attributes, values, strict=True)
        ]
        return tuple(float(v) for v in values) if all(sound) else ()

    def likelihoods(self, value: object, where: Place) -> tuple[Likelihood, ...]:
        """Read how each feature is distributed, in the order of the features."""
        table = self.table(value, where)
        if not isinstance(value, dict):
            return ()
        if self.features:
            self.known(table, tuple(self.features), "feature", where)
        made = []
        for name, feature in self.features.items():
            place = (*where, name)
            if name not in table:
                self.fault("is missing; add it, since every persona declares every feature", place)
            elif feature is not None:
                made.append(self.likelihood(feature, table[name], place))
        return tuple(likelihood for likelihood in made if likelihood)

    def likelihood(self, feature: Feature, value: object, where: Place) -> Likelihood | None:
        if feature.kind == "number":
            if not isinstance(value, dict):
                self.fault(
                    f"must be {{ mean = …, sd = … }}, since {feature.name} is a number, got {short(value)}", where
                )
                return None
            if "sd" not in value:
                self.fault("is missing; add it", (*where, "sd"))
            return self.make(Likelihood, "name", feature.name, value, where)
        if not isinstance(value, float) or not 0 < value < 1:
            what = f"must be a probability above 0 and below 1, since {feature.name} is yes-no, got {short(value)}"
            self.fault(what, where)
            return None
        return Likelihood(name=feature.name, mean=value)

    def between(self, personas: Mapping[str, Persona | None], items: Mapping[str, Item | None]) -> None:
        """The rules that hold between parts, on what can be read."""
        if self.attributes is not None:
            self.faults += attributes_named(self.attributes)
        sound, on_sale = [p for p in personas.values() if p], [i for i in items.values() if i]
        self.faults += names_differ("persona", sound) + names_differ("item", on_sale)
        if self.attributes:
            self.faults += within_reach(sound, on_sale)
        tables = {key: self.tables["persona"][key] for key in personas}
        shares = {key: table.get("share") for key, table in tables.items() if isinstance(table, dict)}
        # A share that is no number, or out of bounds, is a fault of its own.
        told = [(key, float(share)) for key, share in shares.items() if is_number(share) and 0 < share <= 1]
        if len(told) == len(personas):
            self.faults += shares_add_up(told)
