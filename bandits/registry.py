"""From a TOML table, or an object, to a policy: `kind` is the name of a built-in, or "module:Name" of one's own."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

import bandits
from bandits.errors import Fault, InputError, unknown
from bandits.protocol import Policy


def load_kind(kind: object, built_in: Mapping[str, type], what: str) -> type:
    """Find the class that a `kind` names.

    Raises:
        InputError: when there is none, or its module cannot be imported.
    """
    if not isinstance(kind, str):
        raise InputError(Fault(f"must be the name of a {what} (known: {', '.join(built_in)}), got {kind!r}", ("kind",)))
    if ":" not in kind:
        if kind not in built_in:
            raise InputError(Fault(unknown(what, kind, built_in) + "; one's own is 'module:Name'", ("kind",)))
        return built_in[kind]
    module, _, name = kind.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except Exception as error:  # noqa: BLE001  whatever a user's module raises while it is imported
        cause = f"cannot load {kind!r}: {type(error).__name__}: {error}; is the module on the path?"
        raise InputError(Fault(cause, ("kind",))) from None
    if not isinstance(found, type):
        raise InputError(Fault(f"{kind!r} must be a class, got {found!r}", ("kind",)))
    return found


def from_table(table: Mapping[str, Any], built_in: Mapping[str, type], what: str) -> Any:  # noqa: ANN401  its kind decides
    """Make what a table describes.

    Raises:
        InputError: one line a fault.
    """
    if "kind" not in table:
        raise InputError(Fault(f"is missing; add the name of a {what} (known: {', '.join(built_in)})", ("kind",)))
    cls = load_kind(table["kind"], built_in, what)
    fields = {key: value for key, value in table.items() if key != "kind"}
    try:
        return cls(**fields)
    except InputError:
        raise
    except TypeError as error:
        raise InputError(f"{table['kind']}: {error}") from None


def policy_from(value: object) -> Policy:
    """Make a policy from its table, or check that an object is one."""
    if isinstance(value, Mapping):
        value = from_table(value, bandits.POLICIES, "policy")
    if isinstance(value, type) or not callable(getattr(value, "start", None)):
        raise InputError(f"must be a policy (an object with start(problem, rng)), got {value!r}")
    return value  # type: ignore[return-value]  # a structural type, checked in the line above


PolicyField = Annotated[Any, BeforeValidator(policy_from)]
