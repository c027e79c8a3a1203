"""What the command line says on standard error: of cells that failed, of bad input, and of a wrong command line."""

from __future__ import annotations

import pathlib
import sys
from typing import TYPE_CHECKING, Any, cast

import typer

if TYPE_CHECKING:
    from experiments.result import Result

COMMAND = "personabandits"
BUG, BAD_INPUT = 1, 2
# What typer raises for a wrong command line; it exports one kind of it alone.
WrongCommand = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[2])
PLAIN = {
    "Value error, ": "",
    "Input should be a valid integer, unable to parse string as an integer": "must be a whole number",
    "Input should be a valid number, unable to parse string as a number": "must be a number",
}
"""What typer says in the words of a programmer, and plain ones."""


def complain(line: str) -> None:
    """Say it."""
    sys.stderr.write(line + "\n")


def of_failures(result: Result, folder: pathlib.Path) -> int:
    """Say what failed, a line a policy and environment, and give the exit status: a bug of ours, or theirs to mend."""
    failures = result.failures
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for failure in failures:
        groups.setdefault((failure["policy"], failure["environment"]), []).append(failure)
    for first, *rest in groups.values():
        more = "1 more replication" if len(rest) == 1 else f"{len(rest)} more replications"
        complain(first["message"] + (f" (and so in {more})" if rest else ""))
    bugs = [failure for failure in failures if not failure["user"]]
    if bugs:
        sys.stderr.write(bugs[0]["traceback"])
    many = "1 cell" if len(failures) == 1 else f"{len(failures)} cells"
    kept = "the others are kept, and " if result.begun else ""
    complain(f"{many} failed (see {folder / 'failed'}); {kept}the same command tries again what failed")
    return BUG if bugs else BAD_INPUT


def of_command(error: typer.BadParameter) -> None:
    """Say what is wrong with a command line, and where to read how it should be."""
    line = " ".join(error.format_message().split()).rstrip(".")
    for theirs, plain in PLAIN.items():
        line = line.replace(theirs, plain)
    complain(f"{line}; see {error.ctx.command_path if error.ctx else COMMAND} --help")
