"""What pydantic refuses of a description, in plain words: one line a fault, with what to do where that is clear."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from pydantic_core import ErrorDetails

from bandits.errors import Fault, InputError, unknown

LONGEST = 100
MUST = {
    "int_type": "be a whole number",
    "float_type": "be a number",
    "string_type": "be text",
    "bool_type": "be true or false",
    "dict_type": "be a table",
    "model_type": "be a table",
    "list_type": "be a list",
    "tuple_type": "be a list",
    "string_too_short": "have {min_length} or more letters",
    "string_too_long": "have {max_length} or fewer letters",
    "string_pattern_mismatch": "match the pattern {pattern}",
    "too_short": "have {min_length} or more members",
    "too_long": "have {max_length} or fewer members",
}
"""What must hold, where pydantic says it in the words of a programmer; of the rest its own words will do."""
READERS: dict[str, Callable[[str], object]] = {
    "int_type": int,
    "float_type": float,
    "bool_type": {"true": True, "false": False}.__getitem__,
}
"""What would read a text as what had to be given."""


def faults_of(detail: ErrorDetails, fields: Sequence[str]) -> list[Fault]:
    """The faults that one refusal stands for: several where a part of the description has found its own.

    Args:
        detail: what pydantic says of it.
        fields: that the description knows.
    """
    # People count the members of a list from 1, pydantic from 0.
    where = tuple(step + 1 if isinstance(step, int) else step for step in detail["loc"])
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    cause = context.get("error")
    if isinstance(cause, InputError):
        return list(cause.within("", *where).faults)
    if cause is not None:
        return [Fault(str(cause), where)]
    if kind == "extra_forbidden":
        return [Fault(unknown("field", str(where[-1]), fields), where)]
    if kind == "missing":
        return [Fault("is missing; add it", where)]
    must = MUST[kind].format(**context) if kind in MUST else f"be {detail['msg'].removeprefix('Input should be ')}"
    return [Fault(f"must {must}, got {_quoted(value)}{_advice(kind, value)}", where)]


def _quoted(value: object) -> str:
    # A date needs no quotes in TOML, so that people write one without meaning to.
    text = str(value) if isinstance(value, (dt.date, dt.time)) else repr(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _advice(kind: str, value: object) -> str:
    """What to do, where the value is the right one, written as something else."""
    if kind == "string_type" and isinstance(value, (bool, int, float, dt.date, dt.time)):
        return "; put it in quotes"
    if kind == "int_type" and isinstance(value, float) and value.is_integer():
        return f"; write {value:.0f}"
    if not isinstance(value, str) or kind not in READERS:
        return ""
    try:
        READERS[kind](value)
    except (ValueError, KeyError):
        return ""
    return "; take away the quotes"
