"""The two shelves that the command line shows: policies, and environments."""

from __future__ import annotations

import inspect

from bandits import FAMILIES as POLICIES
from bandits.description import Description
from environments import FAMILIES as ENVIRONMENTS
from environments.registry import environment_from
from experiments.shelf import Shelf

ASKS = {
    "sees_cohort": "each visitor's cohort",
    "sees_user": "recognised users",
    "sees_expected": "the true expected rewards",
    "sees_typical": "the true expected rewards of each cohort",
}


def _of_policy(policy: type, table: dict[str, object]) -> list[str]:
    """What it asks of a world, and what it can, as its class says; a wrapper's depend on what it wraps."""
    del table

    def says(attribute: str) -> bool:
        return getattr(policy, attribute, False) is True

    wraps = isinstance(inspect.getattr_static(policy, "corrects", False), property)
    asks = [what for attribute, what in ASKS.items() if says(attribute)]
    lines = [f"Asks for: {', '.join(asks)}."] if asks else []
    if wraps:
        return [*lines, "What else it needs and can depends on the policy inside."]
    lines.append(
        "Rewards already learnt can be corrected."
        if says("corrects")
        else "Rewards already learnt cannot be corrected."
    )
    if says("uncertain"):
        lines.append("It has an uncertainty: Cautious and ExposureCap can watch over it.")
    return lines


def needed(kind: type) -> set[str]:
    """The parameters that must be given, by their names in a table."""
    fields = kind.model_fields if issubclass(kind, Description) else {}
    return {field.alias or name for name, field in fields.items() if field.is_required()}


def needs_a_file(kind: type) -> bool:
    """Whether it can't be made without a file of one's own."""
    return issubclass(kind, Description) and not needed(kind).isdisjoint(kind.incidental)


def _of_environment(kind: type, table: dict[str, object]) -> list[str]:
    """How large it is as in the table, what is bad in it, and what a reader must know; without files of one's own.

    Of a wrapper, what it says of the world inside is left out.
    """
    if needs_a_file(kind) or not needed(kind) <= set(table):
        return []
    environment = environment_from(table)
    problem, about = environment.problem, environment.about
    inside = environment_from(table["world"]).about.notes if "world" in table else ()
    counted = (
        (len(problem.actions), "action", ""),
        (len(problem.features), "feature", " of the visitor"),
        (len(problem.action_features), "feature", " of each action"),
        (len(about.cohorts), "cohort", ""),
        (about.horizon, about.clock, ""),
    )
    size = ", ".join(f"{number:,} {unit}{'s' * (number != 1)}{whose}" for number, unit, whose in counted if number)
    return [
        f"As in the TOML below: {size}.",
        about.bad_means or "Nothing is declared to be bad.",
        *(note for note in about.notes if note not in inside),
    ]


SHELVES = {
    "policies": Shelf("policy", "policies", POLICIES, "linucb", "Which to choose: docs/policies.md.", _of_policy),
    "environments": Shelf(
        "environment",
        "environments",
        ENVIRONMENTS,
        "clothingreviews",
        "What each is for: docs/environments.md.",
        _of_environment,
    ),
}
