"""The policies on the shelf, on the terminal: all with a line each (`policies`), or one in full (`policies linucb`)."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap

from pydantic_core import PydanticUndefined
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bandits import FAMILIES, POLICIES
from bandits.description import Description
from bandits.errors import InputError, unknown


def show_all(console: Console) -> None:
    """Print every policy: what it does in a line, and its parameters with their defaults."""
    for family, policies in FAMILIES.items():
        console.print(Text(f"\n{family}", style="bold"))
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        table.add_column(no_wrap=True, style="cyan")
        table.add_column(ratio=1)
        for policy in policies:
            line = Text(_summary(policy))
            if parameters := ", ".join(_parameters(policy)):
                line.append(f"\n{parameters}", style="dim")
            table.add_row(policy.__name__, line)
        console.print(table)
    console.print(
        Text(
            f"\n{len(POLICIES)} policies. One in full: personabandits policies linucb. Which to choose: "
            "docs/policies.md."
        )
    )


def show_one(name: str, console: Console) -> None:
    """Print one policy in full: what it does, its parameters and their bounds, what it needs and can, and its source.

    Args:
        name: in small or large letters.
        console: where to.

    Raises:
        InputError: when there is no such policy.
    """
    by_letters = {key.lower(): key for key in POLICIES}
    if name.lower() not in by_letters:
        raise InputError(unknown("policy", name, POLICIES))
    policy = POLICIES[by_letters[name.lower()]]
    text, meanings = _parts_of(policy)
    console.print(Text(policy.__name__, style="bold"))
    console.print(Text(text))
    if meanings:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for heading in ("parameter", "default", "meaning"):
            table.add_column(heading, overflow="fold")
        for field, default in _defaults(policy).items():
            table.add_row(field, default, Text(meanings.get(field, "")))
        console.print(table)
    for line in _needs(policy):
        console.print(Text(line))
    console.print(Text("\nIn a TOML file:", style="bold"))
    console.print(Text(_toml(policy)), soft_wrap=True)


def _summary(policy: type) -> str:
    """The first paragraph of the docstring."""
    return " ".join((inspect.getdoc(policy) or "").split("\n\n")[0].split())


def _defaults(policy: type) -> dict[str, str]:
    """Every parameter and its default, in words; "–" where there is none."""
    if not issubclass(policy, Description):
        return {}
    return {
        name: "–" if field.default is PydanticUndefined else _value(field.default)
        for name, field in policy.model_fields.items()
        if name != "name"
    }


def _value(default: object) -> str:
    return "its own" if default is None else repr(default).replace("'", '"')


def _parameters(policy: type) -> list[str]:
    said = {"–": " (needed)", "its own": ""}
    return [name + said.get(value, f" = {value}") for name, value in _defaults(policy).items()]


def _parts_of(policy: type) -> tuple[str, dict[str, str]]:
    """The docstring without its list of arguments, which is given apart."""
    text = inspect.getdoc(policy) or ""
    match = re.search(r"^Args:\n((?:    .*\n|\n)*)", text + "\n", re.MULTILINE)
    if match is None:
        return _flowing(text), {}
    rest = _flowing((text + "\n").replace(match[0], "").strip())
    entries = re.findall(r"^(\w+): ((?:.*\n?)(?:    .*\n?)*)", textwrap.dedent(match[1]), re.MULTILINE)
    return rest, {name: " ".join(meaning.split()) for name, meaning in entries}


def _flowing(text: str) -> str:
    """Paragraphs as wide as the terminal, whatever the width of the source; what is indented stays as it is."""
    paragraphs = re.split(r"\n\n+", text)
    return "\n\n".join(p if re.search(r"^\s", p, re.MULTILINE) else " ".join(p.split()) for p in paragraphs)


def _needs(policy: type) -> list[str]:
    """What it asks of a world, and what it can, as its class says; a wrapper's depend on what it wraps."""

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


ASKS = {
    "sees_cohort": "each visitor's cohort",
    "sees_user": "recognised users",
    "sees_expected": "the true expected rewards",
    "sees_typical": "the true expected rewards of each cohort",
}


def _toml(policy: type) -> str:
    """A table to start from."""
    lines = ["[[policy]]", f'kind = "{policy.__name__}"']
    for name, default in _defaults(policy).items():
        needed = EXAMPLES.get(name) if default == "–" else None
        if needed is not None:
            lines.append(f"{name} = {needed}")
        elif default not in {"–", "its own", '""'} and _is_toml(default):
            lines.append(f"{name} = {default.lower() if default in {'True', 'False'} else default}")
    return "\n".join(lines)


EXAMPLES = {
    "policy": '{ kind = "LinearThompson" }',
    "baseline": '{ kind = "ABTest" }',
    "action": '"Refill carton"',
    "n": "3",
}


def _is_toml(value: str) -> bool:
    try:
        return isinstance(ast.literal_eval(value), (bool, int, float, str))
    except (ValueError, SyntaxError):
        return False
