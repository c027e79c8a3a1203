"""From tables of a TOML file to descriptions, with every fault at its place: one, a list, or a table of tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard, TypeVar

from bandits.description import Description, fields_of
from bandits.errors import Fault, InputError, unknown
from bandits.errors import Path as Place

LONGEST = 60
Table = Mapping[str, Any]
D = TypeVar("D", bound=Description)


def unknowns(table: Table, words: Sequence[str], what: str, where: Place) -> list[Fault]:
    """What is in a table and has no meaning there."""
    return [Fault(unknown(what, word, set(words)), (*where, word)) for word in table if word not in words]


def made(
    kind: type[D], called: str | None, key: str | None, table: Table, where: Place, **ready: object
) -> tuple[D | None, list[Fault]]:
    """Make a description of a table, and say what is wrong with it.

    Args:
        kind: of the description.
        called: which of its fields is what the table is called in its header; None where it has no name.
        key: what it is called.
        table: of the file.
        where: it stands in the file.
        ready: what was translated already.
    """
    words = [word for word in fields_of(kind) if word != (called or "name")]
    faults = unknowns(table, words, "field", where)
    header = {} if called is None else {called: key}
    try:
        return kind(**{**{word: table[word] for word in words if word in table}, **ready, **header}), faults
    except InputError as error:
        for fault in error.faults:
            # What a table is called stands in its header, and has no place of its own in the file.
            inside = fault.where[:-1] if called and fault.where[-1:] == (called,) else fault.where
            faults.append(Fault(fault.what, (*where, *inside)))
        return None, faults


def listed(kind: type[D], name: str, value: object) -> tuple[list[D | None], list[Fault]]:
    """Make descriptions of all tables [[name]]; None stands for a faulty one. They count from 1."""
    if value is None:
        return [], []
    if not isinstance(value, list):
        return [], [Fault(f"must be a list of tables, each [[{name}]], got {short(value)}", (name,))]
    things: list[D | None] = []
    faults: list[Fault] = []
    for n, table in enumerate(value, 1):
        if isinstance(table, dict):
            thing, wrong = made(kind, None, None, table, (name, n))
        else:
            thing, wrong = None, [Fault(f"must be a table, [[{name}]], got {short(table)}", (name, n))]
        things.append(None if wrong else thing)
        faults += wrong
    return things, faults


def by_name(kind: type[Description], what: str) -> Callable[[object], object]:
    """Make the validator of a field that is a table of tables, such as action ↦ when it is sold.

    The field holds a tuple of descriptions.

    Args:
        kind: of the descriptions, each called by the name of its table.
        what: the names are of: "action".
    """
    known = [field for field in fields_of(kind) if field != "name"]

    def described(value: object) -> object:
        if isinstance(value, tuple) and all(isinstance(part, kind) for part in value):
            return value
        if not isinstance(value, Mapping):
            shape = f"{what} = {{ {' = …, '.join(known)} = … }}"
            raise InputError(f"must be a table of tables, {shape}, got {short(value)}")
        if not value:
            raise InputError(f"must name at least one {what}, got none; add one")
        parts: list[Description | None] = []
        faults: list[Fault] = []
        for name, table in value.items():
            if isinstance(table, Mapping):
                part, wrong = made(kind, "name", name, table, (str(name),))
            else:
                part, wrong = None, [Fault(f"must be a table ({', '.join(known)}), got {short(table)}", (str(name),))]
            parts.append(part)
            faults += wrong
        if faults:
            raise InputError(faults)
        return tuple(parts)

    return described


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is one; what is true or false is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def short(value: object) -> str:
    """A value as it is quoted in a message."""
    text = repr(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
