"""A shelf of descriptions, on the terminal: all with a line each (`policies`), or one in full (`policies linucb`)."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic.fields import FieldInfo
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bandits.description import Description
from bandits.errors import InputError, unknown
from experiments.toml_text import inline, rows

SECTION = re.compile(r"^(Args|Raises):\n((?:    .*\n|\n)*)", re.MULTILINE)
EMPTY: tuple[object, ...] = ("", (), [], {})


@dataclass(frozen=True, slots=True)
class Shelf:
    """Classes of one sort, of which a TOML table names one.

    Args:
        what: one of them is.
        several: the same in the plural, the command that shows the shelf, and the page of docs/ that tells more.
        families: all of them, by what they are.
        sample: a name to show the use of the command with.
        page: what that page says besides.
        facts: what else there is to say of a class, a line each, given a table that describes one of it.
    """

    what: str
    several: str
    families: Mapping[str, tuple[type, ...]]
    sample: str
    page: str
    facts: Callable[[type, dict[str, object]], list[str]]

    @property
    def kinds(self) -> dict[str, type]:
        """All of them by name."""
        return {kind.__name__: kind for family in self.families.values() for kind in family}

    def find(self, name: str) -> type:
        """One of them, whose name is written in small or large letters.

        Raises:
            InputError: when there is no such.
        """
        by_letters = {key.lower(): kind for key, kind in self.kinds.items()}
        if name.lower() not in by_letters:
            raise InputError(unknown(self.what, name, self.kinds, f"personabandits {self.several}"))
        return by_letters[name.lower()]


def show_all(shelf: Shelf, console: Console) -> None:
    """Print every one: what it is in a line, and its parameters with their defaults."""
    for family, kinds in shelf.families.items():
        console.print(Text(f"\n{family}", style="bold"))
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        table.add_column(no_wrap=True, style="cyan")
        table.add_column(ratio=1)
        for kind in kinds:
            line = Text(_summary(kind))
            if parameters := ", ".join(_parameters(kind)):
                line.append(f"\n{parameters}", style="dim")
            table.add_row(kind.__name__, line)
        console.print(table)
    one = f"personabandits {shelf.several} {shelf.sample}"
    console.print(Text(f"\n{len(shelf.kinds)} {shelf.several}. One in full: {one}. {shelf.page}"))


def show_one(shelf: Shelf, name: str, console: Console) -> None:
    """Print one in full: what it is, its parameters and what they mean, what else there is to say, and a TOML table.

    Args:
        shelf: that it is on.
        name: in small or large letters.
        console: where to.

    Raises:
        InputError: when there is no such.
    """
    kind = shelf.find(name)
    text, _ = _parts_of(kind)
    console.print(Text(kind.__name__, style="bold"))
    console.print(Text(text))
    _show_parameters(kind, console)
    for field, inner in _tables_within(kind):
        console.print(Text(f"{field}, as a table: {_summary(inner)}"))
        _show_parameters(inner, console, named=_named(_fields(kind)[field]))
    table = example(kind)
    for line in shelf.facts(kind, table):
        console.print(Text(line))
    console.print(Text("\nIn a TOML file:", style="bold"))
    console.print(Text(f"[[{shelf.what}]]\n{rows(table)}"), soft_wrap=True)
    console.print(Text(f"\nMore: docs/{shelf.several}.md"))


def example(kind: type) -> dict[str, object]:
    """A table to start from: every parameter with an example, where its class gives one, or with its default."""
    table: dict[str, object] = {"kind": kind.__name__}
    for name, field in _fields(kind).items():
        other = None if field.is_required() else _default(field)
        value = next(iter(field.examples or ()), other)
        if value is not None and value not in EMPTY:
            table[name] = value
    return table


def _show_parameters(kind: type, console: Console, *, named: bool = False) -> None:
    """Print what can be in a table; where tables are `named`, their name is what they stand behind, and not in them."""
    _, meanings = _parts_of(kind)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("parameter", "default", "meaning"):
        table.add_column(heading, overflow="fold")
    for name, field in _fields(kind).items():
        if named and name == "name":
            continue
        said = "needed" if field.is_required() else _value(_default(field))
        table.add_row(name, said, Text(meanings.get(name, "")))
    if table.row_count:
        console.print(table)


def _summary(kind: type) -> str:
    """The first paragraph of the docstring."""
    return " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())


def _fields(kind: type) -> dict[str, FieldInfo]:
    """Every parameter, those that must be given first, by their names in a table.

    A name that may be left out is none, but a label.
    """
    if not issubclass(kind, Description):
        return {}
    fields = sorted(kind.model_fields.items(), key=lambda item: not item[1].is_required())
    return {field.alias or name: field for name, field in fields if name != "name" or field.is_required()}


def _default(field: FieldInfo) -> object:
    return field.get_default(call_default_factory=True)


def _value(default: object) -> str:
    return "not given" if default is None else inline(default)


def _parameters(kind: type) -> Iterator[str]:
    for name, field in _fields(kind).items():
        if field.is_required():
            yield f"{name} (needed)"
        else:
            default = _default(field)
            yield name if default is None else f"{name} = {inline(default)}"


def _tables_within(kind: type) -> Iterator[tuple[str, type[Description]]]:
    """Parameters that are tables themselves, and what they describe; not what is named, and described elsewhere."""
    for name, field in _fields(kind).items():
        if not any(isinstance(value, str) for value in field.examples or ()):
            yield from ((name, inner) for inner in dict.fromkeys(_descriptions_in(field.annotation)))


def _named(field: FieldInfo) -> bool:
    """Whether a parameter is a table of tables, as its example is."""
    example = next(iter(field.examples or ()), None)
    return isinstance(example, Mapping) and all(isinstance(part, Mapping) for part in example.values())


def _descriptions_in(annotation: Any) -> Iterator[type[Description]]:  # noqa: ANN401  a type is of many types
    if inspect.isclass(annotation) and issubclass(annotation, Description):
        yield annotation
    for part in get_args(annotation):
        yield from _descriptions_in(part)


def _parts_of(kind: type) -> tuple[str, dict[str, str]]:
    """The docstring, and what it says of each argument; what it raises is no matter of a TOML file."""
    text = (inspect.getdoc(kind) or "") + "\n"
    arguments = textwrap.dedent(dict(SECTION.findall(text)).get("Args", ""))
    entries = re.findall(r"^(\w+): ((?:.*\n?)(?:    .*\n?)*)", arguments, re.MULTILINE)
    called = {name: field.alias for name, field in getattr(kind, "model_fields", {}).items() if field.alias}
    meanings = {called.get(name, name): " ".join(meaning.split()) for name, meaning in entries}
    return _flowing(SECTION.sub("", text).strip()), meanings


def _flowing(text: str) -> str:
    """Paragraphs as wide as the terminal, whatever the width of the source; what is indented stays as it is."""
    paragraphs = re.split(r"\n\n+", text)
    return "\n\n".join(p if re.search(r"^\s", p, re.MULTILINE) else " ".join(p.split()) for p in paragraphs)
