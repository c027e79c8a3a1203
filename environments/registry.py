"""From a TOML table, or an object, to an environment: `kind` names a built-in, or is "module:Name" of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

import environments
from bandits.description import Description
from bandits.errors import Fault, InputError
from bandits.protocol import Problem
from bandits.registry import from_table, meant
from environments.protocol import About, Environment


def environment_from(value: object) -> Environment:
    """Make an environment from its table, or check that an object is one.

    Raises:
        InputError: one line a fault.
    """
    if isinstance(value, Mapping):
        value = from_table(value, environments.ENVIRONMENTS, "environment")
    if isinstance(value, type) or not callable(getattr(value, "open", None)):
        hint = meant(value, environments.ENVIRONMENTS, "ClothingReviews")
        raise InputError(f"must be an environment (an object with open(seed, replication)), got {value!r}{hint}")
    if not isinstance(value, Description):
        _check_own(value)
    return value  # type: ignore[return-value]  # a structural type, checked in the lines above


def _check_own(environment: object) -> None:
    """Refuse an environment of one's own that does not say what it is.

    Raises:
        InputError: one line a part that is missing, or whose code raises something.
    """
    faults = []
    for part, kind in (("about", About), ("problem", Problem)):
        name = type(environment).__name__
        try:
            told = getattr(environment, part)
        except Exception as error:  # noqa: BLE001  whatever code of one's own raises
            faults.append(Fault(f"{name} cannot say its {part}: {type(error).__name__}: {error}"))
            continue
        if not isinstance(told, kind):
            faults.append(Fault(f"{name} must have {part}, {kind.__name__}(…), got {told!r}"))
    if faults:
        raise InputError(faults)


EnvironmentField = Annotated[Any, BeforeValidator(environment_from), Field(examples=[{"kind": "ClothingReviews"}])]
