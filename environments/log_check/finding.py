"""What the check of a log says: findings, each with what was seen, what it means for a bandit, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

ALARM = 0.001
"""How often each statistical check may speak of a log in which all is well."""

NAMED = 5
"""How many names a finding lists before it only counts the others."""


class Severity(StrEnum):
    """What a finding does to the use of the log."""

    forbids = "forbids"
    warns = "warns"
    fine = "fine"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Args:
        check: which check found it.
        severity: whether it forbids the use of the log.
        seen: what was seen, with numbers.
        means: what it means for a bandit; perhaps nothing where all is fine.
        do: what to do about it; perhaps nothing.
    """

    check: str
    severity: Severity
    seen: str
    means: str = ""
    do: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the log.

    Args:
        name: of the column.
        type: as it was read.
        role: what it is taken for.
        nulls: how many values are null or not a number.
        distinct: how many different values there are; None where values are lists.
    """

    name: str
    type: str
    role: str
    nulls: int
    distinct: int | None


@dataclass(frozen=True, slots=True)
class LogReport:
    """All that the check of a log says.

    Args:
        path: of the log.
        visits: rows.
        actions: different actions that were shown.
        cohorts: different cohorts; 0 where there is no such column.
        columns: in their order.
        findings: those that forbid first, then those that warn, then what is fine.
    """

    path: str
    visits: int
    actions: int
    cohorts: int
    columns: tuple[Column, ...]
    findings: tuple[Finding, ...]

    @property
    def fit(self) -> bool:
        """Whether nothing forbids use."""
        return not self.of(Severity.forbids)

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity == severity)


def forbids(check: str, seen: str, means: str, do: str) -> Finding:
    """Make a finding that forbids use."""
    return Finding(check, Severity.forbids, seen, means, do)


def warns(check: str, seen: str, means: str, do: str) -> Finding:
    """Make a finding that warns."""
    return Finding(check, Severity.warns, seen, means, do)


def fine(check: str, seen: str, means: str = "") -> Finding:
    """Make a finding that says that all is well."""
    return Finding(check, Severity.fine, seen, means)


def printable(name: object) -> str:
    """A name from a file, without what would command a terminal."""
    text = str(name)
    return text if text.isprintable() else repr(text)[1:-1]


def listed(names: Sequence[object], most: int = NAMED) -> str:
    """The first names, and how many more there are."""
    said = ", ".join(printable(name) for name in names[:most])
    return f"{said} and {len(names) - most:,} more" if len(names) > most else said


def count(number: int, singular: str, plural: str = "") -> str:
    """A number of things: "1 visit", "2,000 visits"."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def chance(p: float) -> str:
    """A p value, never 0."""
    return "p < 1e-300" if p < 1e-300 else f"p = {p:.1g}"  # noqa: PLR2004  the smallest that floating point holds well


def share(part: float, whole: float) -> str:
    """A share in per cent, never rounded to 0 or to 100."""
    percent = 100 * part / whole
    if 0 < percent < 0.1:  # noqa: PLR2004  what one decimal can show
        return "under 0.1 %"
    if 99.9 < percent < 100:  # noqa: PLR2004
        return "over 99.9 %"
    return f"{percent:.3g} %"
