"""From a TOML table, or an object, to an environment: `kind` names a built-in, or is "module:Name" of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

import environments
from bandits.errors import InputError
from bandits.registry import from_table
from environments.protocol import Environment


def environment_from(value: object) -> Environment:
    """Make an environment from its table, or check that an object is one.

    Raises:
        InputError: one line a fault.
    """
    if isinstance(value, Mapping):
        value = from_table(value, environments.ENVIRONMENTS, "environment")
    if isinstance(value, type) or not callable(getattr(value, "open", None)):
        raise InputError(
            f"must be an environment (an object with open(seed, replication)), got {value!r}{_meant(value)}"
        )
    return value  # type: ignore[return-value]  # a structural type, checked in the line above


def _meant(value: object) -> str:
    """What to write, where a name or a list stands in place of a table."""
    if not isinstance(value, (str, list, tuple)):
        return ""
    kind = value if isinstance(value, str) and value in environments.ENVIRONMENTS else "ClothingReviews"
    such = "" if kind == value else "a table such as "
    return f'; write {such}{{ kind = "{kind}" }}'


EnvironmentField = Annotated[Any, BeforeValidator(environment_from), Field(examples=[{"kind": "ClothingReviews"}])]
