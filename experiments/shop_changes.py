"""What changes in a shop while it is open, in a line each, and which of that is likely not to be meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from environments.shop.catalogue import Item
from environments.shop.changes import Incident, Promotion
from environments.shop.persona import Persona
from environments.shop.scenario import Scenario


def changes_of(scenario: Scenario) -> list[str]:
    """Say what changes: seasons, what is on sale when, incidents, promotions."""
    name = {item.key: item for item in scenario.items}
    money = scenario.currency
    lines = [_season(persona) for persona in scenario.personas if persona.season]
    lines += [line for item in scenario.items for line in _sale(item)]
    for incident in scenario.incidents:
        item = name[incident.item]
        lines.append(f"{item.name}: defect {incident.defect:g} instead of {item.defect:g} {_days(*incident.span)}.")
    for promotion in scenario.promotions:
        item = name[promotion.item]
        price = f"{money}{promotion.price:,.2f} instead of {money}{item.price:,.2f}"
        lines.append(f"{item.name}: {price} {_days(*promotion.span)}.")
    return lines


def _season(persona: Persona) -> str:
    season = persona.season
    assert season is not None  # noqa: S101  its only caller asks first
    often = np.clip(persona.visit_rate * np.array([1 + season.amplitude, 1 - season.amplitude]), 0.0, 1.0)
    return (
        f"{persona.name}: {often[0]:.3g} visits a day at the peak, day {season.peak:g}, and {often[1]:.3g} at the "
        f"trough; every {season.period:g} days."
    )


def _sale(item: Item) -> Iterator[str]:
    if item.launch or item.retire is not None:
        yield f"{item.name}: on sale {_days(item.launch, item.retire)}."
    for span in item.out_of_stock:
        yield f"{item.name}: out of stock {_days(*span)}."


def _days(start: int, until: int | None) -> str:
    if until is None:
        return f"from day {start}"
    return f"on day {start}" if until == start + 1 else f"from day {start} to day {until - 1}"


def _idle_sale(item: Item, days: int) -> Iterator[str]:
    """Say of which of an item's own changes nobody will notice anything, if it is on sale at all."""
    last = f"after the last day, {days - 1}"
    if item.retire is not None and item.retire >= days:
        yield f"{item.name}: retires on day {item.retire}, {last}."
    spans = item.out_of_stock
    for n, (a, b) in enumerate(spans, 1):
        what = f"{item.name}: out_of_stock[{n}], {_days(a, b)},"
        if a >= days:
            yield f"{what} is {last}."
        elif b <= item.launch or (item.retire is not None and a >= item.retire):
            yield f"{what} is when it is not on sale anyway."
        else:
            for before, (c, d) in enumerate(spans[: n - 1], 1):
                if a < d and c < b:
                    yield f"{what} overlaps with out_of_stock[{before}]."


def idle_changes(scenario: Scenario) -> Iterator[str]:
    """Say of which changes nobody will notice anything."""
    on_sale = {item.key: item.on_sale(scenario.days) for item in scenario.items}
    for item in scenario.items:
        if not on_sale[item.key].any():
            yield f"{item.name}: is not on sale on any of the {scenario.days} days."
        else:
            yield from _idle_sale(item, scenario.days)
    parts: dict[str, Sequence[Incident | Promotion]] = {
        "incident": scenario.incidents,
        "promotion": scenario.promotions,
    }
    for part, changes in parts.items():
        for n, change in enumerate(changes, 1):
            if on_sale[change.item].any() and not on_sale[change.item][slice(*change.span)].any():
                yield f"{part}[{n}]: {change.item} is not on sale {_days(*change.span)}, within {scenario.days} days."
