"""From a TOML table, or an object, to a policy: `kind` is the name of a built-in, or "module:Name" of one's own."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

import bandits
from bandits.description import Description, fields_of
from bandits.errors import Fault, InputError, closest, unknown
from bandits.protocol import Policy

LISTERS = {"policy": "personabandits policies", "environment": "personabandits environments"}
"""The commands that list what can be a `kind`, where there are too many for a line."""


def load_kind(kind: object, built_in: Mapping[str, type], what: str) -> type:
    """Find the class that a `kind` names.

    Raises:
        InputError: when there is none, or its module cannot be imported.
    """
    if not isinstance(kind, str):
        raise InputError(Fault(f"must be the name of {_a(what)} ({_known(what, built_in)}), got {kind!r}", ("kind",)))
    if ":" not in kind:
        if kind not in built_in:
            raise InputError(
                Fault(unknown(what, kind, built_in, LISTERS.get(what, "")) + "; one's own is 'module:Name'", ("kind",))
            )
        return built_in[kind]
    module, _, name = kind.partition(":")
    if not module or module.startswith(".") or not name:
        raise InputError(Fault(f"must be 'module:Name', got {kind!r}", ("kind",)))
    try:
        found = importlib.import_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a user's module raises while it is imported
        missing = isinstance(error, ModuleNotFoundError) and error.name == module
        advice = "; put it beside the TOML file, or on the path" if missing else ""
        cause = f"cannot import {module!r}: {type(error).__name__}: {error}{advice}"
        raise InputError(Fault(cause, ("kind",))) from None
    if name not in vars(found):
        own = [key for key, value in vars(found).items() if inspect.isclass(value) and value.__module__ == module]
        raise InputError(Fault(unknown(f"class of {module}", name, own), ("kind",)))
    cls = vars(found)[name]
    if not inspect.isclass(cls):
        raise InputError(Fault(f"{kind!r} must be a class, got {cls!r}", ("kind",)))
    return cls


def _a(what: str) -> str:
    return f"{'an' if what[0] in 'aeiou' else 'a'} {what}"


def _known(what: str, names: Mapping[str, type]) -> str:
    return f"`{LISTERS[what]}` lists them" if what in LISTERS else f"known: {', '.join(names)}"


def from_table(table: Mapping[str, Any], built_in: Mapping[str, type], what: str) -> Any:  # noqa: ANN401  its kind decides
    """Make what a table describes.

    Raises:
        InputError: one line a fault.
    """
    if "kind" not in table:
        raise InputError(Fault(f"is missing; add the name of {_a(what)} ({_known(what, built_in)})", ("kind",)))
    cls = load_kind(table["kind"], built_in, what)
    fields = {key: value for key, value in table.items() if key != "kind"}
    known, needed = _fields_of(cls)
    name = None if known is None or "name" in known else fields.pop("name", None)
    faults = [Fault("is missing; add it", (key,)) for key in needed if key not in fields]
    if known is not None:
        # Whatever is listed by a command may be called by a name, in tables and reports; other parts have none.
        words = {*known, "kind", "name"} if what in LISTERS else {*known, "kind"} - {"name"}
        faults += [Fault(unknown("field", key, words), (key,)) for key in fields if key not in known]
    if name is not None and not isinstance(name, str):
        faults.append(Fault(f"must be text, got {name!r}", ("name",)))
    if faults:
        raise InputError([*faults, *(fault for fault in _further_faults(cls, fields) if fault not in faults)])
    try:
        made = cls(**fields)
    except InputError:
        raise
    except Exception as error:  # whatever the constructor of a class of one's own says of its arguments
        if cls in built_in.values():
            raise
        raise InputError(f"{table['kind']}: {type(error).__name__}: {error}") from None
    if name is not None:
        object.__setattr__(made, "name", name)  # a class of one's own may be frozen, and need not know of names
    return made


def _further_faults(cls: type, fields: Mapping[str, Any]) -> tuple[Fault, ...]:
    """What else is wrong with a description of which some fields are unknown, or missing."""
    known, _ = _fields_of(cls)
    if known is None or not issubclass(cls, Description):
        return ()
    try:
        # Not by the class: where what it is called with by position is missing, Python would not let it begin.
        Description.__init__(cls.__new__(cls), **{key: value for key, value in fields.items() if key in known})
    except InputError as error:
        return error.faults
    return ()


def _fields_of(cls: type) -> tuple[list[str] | None, list[str]]:
    """What a class can be given (None: anything), and what it must be given."""
    if issubclass(cls, Description):
        fields = fields_of(cls)
        return list(fields), [key for key, field in fields.items() if field.is_required()]
    signature = list(inspect.signature(cls).parameters.values())
    named = [p for p in signature if p.kind in {p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY}]
    anything = any(p.kind is p.VAR_KEYWORD for p in signature)
    return None if anything else [p.name for p in named], [p.name for p in named if p.default is p.empty]


def policy_from(value: object) -> Policy:
    """Make a policy from its table, or check that an object is one."""
    if isinstance(value, Mapping):
        value = from_table(value, bandits.POLICIES, "policy")
    if isinstance(value, type) or not callable(getattr(value, "start", None)):
        hint = meant(value, bandits.POLICIES, "LinUCB")
        raise InputError(f"must be a policy (an object with start(problem, rng)), got {value!r}{hint}")
    return value  # type: ignore[return-value]  # a structural type, checked in the lines above


def meant(value: object, built_in: Mapping[str, type], example: str) -> str:
    """What to write, where a name, a list or a class stands in place of a table or an object; else nothing.

    Args:
        value: that was given.
        built_in: what it might be the name of.
        example: a name of those, where it is like none.
    """
    if isinstance(value, type) and value in built_in.values():
        return f"; write {value.__name__}(…)"
    if not isinstance(value, (str, list, tuple)):
        return ""
    kind = closest(value, built_in) or example if isinstance(value, str) else example
    such = "" if kind == value else "a table such as "
    return f'; write {such}{{ kind = "{kind}" }}'


PolicyField = Annotated[Any, BeforeValidator(policy_from), Field(examples=[{"kind": "LinearThompson"}])]
