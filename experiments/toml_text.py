"""Writing values as TOML has them: what can stand behind `=`, and tables of a line a key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from bandits import POLICIES
from bandits.description import Description
from environments import ENVIRONMENTS

KINDS: set[type] = {*POLICIES.values(), *ENVIRONMENTS.values()}


def rows(table: Mapping[str, object]) -> str:
    """A table, a line a key."""
    return "\n".join(f"{_key(key)} = {inline(value)}" for key, value in table.items())


def inline(value: object) -> str:
    """A value in one line: text, a number, yes or no, a list, a table, or a description (what is not its default)."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return json.dumps(value, ensure_ascii=False)
        case Description():
            return inline(_table_of(value))
        case Mapping():
            inside = ", ".join(f"{_key(str(key))} = {inline(part)}" for key, part in value.items() if part is not None)
            return f"{{ {inside} }}" if inside else "{}"
        case Iterable():
            return f"[{', '.join(inline(part) for part in value)}]"
        case _:
            raise TypeError(f"TOML has no {type(value).__name__}")


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def _table_of(description: Description) -> dict[str, object]:
    """What differs from the defaults, and the kind where there are several."""
    cls = type(description)
    table: dict[str, object] = {"kind": cls.__name__} if cls in KINDS else {}
    for key, field in cls.model_fields.items():
        value = getattr(description, key)
        if field.is_required() or value != field.get_default(call_default_factory=True):
            table[field.alias or key] = value
    return table
