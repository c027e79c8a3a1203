"""What is in a policy: its wrappers, and what they rest on that a shop may not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from experiments.reports.facts import Story
from experiments.reports.phrases import policy
from experiments.reports.wording import listing

Table = Mapping[str, Any]


def summary(entry: Table) -> str:
    """What a policy of the manifest does, in a line."""
    return (entry.get("summary") or _kind(entry["table"])).replace("`", "")


def apart(entry: Table, others: Sequence[Table]) -> str:
    """What a wrapper is around, and the parameters that tell a policy from the others of its kind."""
    table = entry["table"]
    kin = [other["table"] for other in others if other["table"].get("kind") == table.get("kind")]
    parameters = [
        f"{key} = {_kind(value) if isinstance(value, Mapping) else value}"
        for key, value in table.items()
        if key != "policy" and any(other.get(key) != value for other in kin)
    ]
    inner = table.get("policy")
    around = [f"around {_inside(inner, others)}"] if isinstance(inner, Mapping) else []
    return ", ".join([*around, *parameters])


def cautions(story: Story) -> list[Markup]:
    """What the policies of a story were given that a shop may not have: labels, and cards that are right."""
    tables = {p.label: p.table for setting in story.settings for p in setting.policies}
    labelled = [label for label, table in tables.items() if any(_kind(t) == "PerCohort" for t in _nested(table))]
    believing = [
        label
        for label, table in tables.items()
        if any(_kind(t) == "PersonaBelief" and t.get("cards", "declared") == "declared" for t in _nested(table))
    ]
    told = []
    if labelled:
        told.append(
            Markup(
                "Told who is visiting, with the right label at each visit: {}. Few shops have such labels, and those "
                "that have them have some that are wrong."
            ).format(listing([policy(p) for p in labelled]))
        )
    if believing:
        told.append(
            Markup(
                "Told by declared cards what each persona looks like: {}. In this simulation the cards are right: "
                "people are as the cards say. In a shop they will be wrong in part, and so will be whom such a policy "
                "takes a visitor for."
            ).format(listing([policy(p) for p in believing]))
        )
    return told


def _nested(table: Table) -> Iterator[Table]:
    """A table and all that are in it."""
    yield table
    for value in table.values():
        for part in value if isinstance(value, list | tuple) else [value]:
            if isinstance(part, Mapping):
                yield from _nested(part)


def _inside(table: Table, others: Sequence[Table]) -> str:
    """A policy in a wrapper: by the label of the one that is alike, or by its kind and parameters."""
    for other in others:
        if other["table"] == table:
            return str(other["label"])
    inner = table.get("policy")
    parameters = ", ".join(
        f"{key} = {value}"
        for key, value in table.items()
        if key not in {"kind", "policy"} and value is not None and not isinstance(value, Mapping)
    )
    named = _kind(table) + (f" ({parameters})" if parameters else "")
    return f"{named} around {_inside(inner, others)}" if isinstance(inner, Mapping) else named


def _kind(table: Table) -> str:
    return str(table.get("kind", "")).rpartition(":")[2]
