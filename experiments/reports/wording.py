"""Numbers and lists in plain words: rounded sensibly, with their units, and with their intervals."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"

TINY = 1e-6  # what is smaller is what is left of sums, and written as 0.00

UnitKind = Literal["count", "share", "amount", "days"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over replications with its 95 % interval; None where a world has no such thing, or one replication."""

    mean: float | None = None
    low: float | None = None
    high: float | None = None

    def __bool__(self) -> bool:
        return self.mean is not None and math.isfinite(self.mean)

    @property
    def value(self) -> float:
        """The mean, where there is one."""
        return float("nan") if self.mean is None else self.mean

    @property
    def has_interval(self) -> bool:
        """Whether there is an interval."""
        return self.low is not None and self.high is not None

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def times(self, factor: float) -> Estimate:
        """The same in other units."""
        ends = sorted(end * factor for end in (self.low, self.high) if end is not None)
        low, high = ends if len(ends) == 2 else (None, None)  # noqa: PLR2004  both ends, or none
        return Estimate(None if self.mean is None else self.mean * factor, low, high)

    def overlaps(self, other: Estimate) -> bool:
        """Whether the two intervals share a value; without intervals they do not."""
        if self.low is None or self.high is None or other.low is None or other.high is None:
            return False
        return self.low <= other.high and other.low <= self.high


@dataclass(frozen=True, slots=True)
class Unit:
    """How numbers of one kind are written.

    Args:
        kind: decides the rounding; a share is stored as 0–1 and written in percent.
        symbol: "$", "points" … of an amount; one character is written before the number.
    """

    kind: UnitKind
    symbol: str = ""

    @property
    def leads(self) -> bool:
        """Whether its symbol stands before the number: "$"."""
        return len(self.symbol) == 1

    @property
    def heads(self) -> tuple[str, Unit]:
        """What a column's heading says of the unit, and the unit that its cells are left with."""
        return ("", self) if self.leads or not self.symbol else (f" [{self.symbol}]", Unit(self.kind))

    def write(self, value: float, decimals: int | None = None) -> str:
        """7.1, $374, 12 %."""
        scaled = value * 100 if self.kind == "share" else value
        digits = self.decimals(value) if decimals is None else decimals
        size = f"{abs(scaled):,.{digits}f}"
        sign = MINUS if scaled < 0 and float(size.replace(",", "")) != 0 else ""
        if self.kind == "share":
            return f"{sign}{size}{NBSP}%"
        if self.kind == "amount" and self.symbol:
            return f"{sign}{self.symbol}{size}" if self.leads else f"{sign}{size}{NBSP}{self.symbol}"
        return f"{sign}{size}"

    def decimals(self, value: float) -> int:
        """How many decimals a value deserves."""
        size = abs(value) * 100 if self.kind == "share" else abs(value)
        if size == 0 or not math.isfinite(size):
            return 0
        small = 1 - math.floor(math.log10(size)) if TINY <= size < 0.1 else 0  # noqa: PLR2004  two digits that tell
        if self.kind == "share":
            return 1 if size < 9.95 else 0  # noqa: PLR2004  below 10 %
        if self.kind == "days":
            return 0
        if self.kind == "amount":
            cents = 2 if size >= 1 or self.leads else max(3, small)
            return 0 if size >= 100 else cents  # noqa: PLR2004
        return 0 if size >= 100 else 1 if size >= 0.1 else max(2, small - 1)  # noqa: PLR2004

    def say(self, estimate: Estimate, decimals: int | None = None) -> Said:
        """Write an estimate and its interval with the same decimals; one more where the interval would vanish."""
        if not estimate:
            return Said("–", "")
        digits = self.decimals(estimate.value) if decimals is None else decimals
        if estimate.low is None or estimate.high is None or estimate.low == estimate.high:
            return Said(self.write(estimate.value, digits if estimate.value else 0), "")
        if decimals is None and self._vanishes(estimate, digits):
            digits += 1
        low, high = self.write(estimate.low, digits), self.write(estimate.high, digits)
        if low == high:
            return Said(self.write(estimate.value, digits), "")
        after = f"{NBSP}%" if self.kind == "share" else f"{NBSP}{self.symbol}"
        return Said(self.write(estimate.value, digits), f"{low.removesuffix(after)} to {high}")

    def alike(self, *estimates: Estimate) -> bool:
        """Whether all are the same as printed."""
        return len({self.say(e).number for e in estimates if e}) < 2  # noqa: PLR2004  one number, or none

    def unclear(self, one: Estimate, other: Estimate) -> bool:
        """Whether luck could explain how two estimates differ, or they do not, as printed."""
        return one.overlaps(other) or self.alike(one, other)

    def column(self, estimates: Sequence[Estimate]) -> list[Said]:
        """Write a column of estimates with the same decimals: one more where most intervals would vanish."""
        present = [e for e in estimates if e]
        digits = self.decimals(max((abs(e.value) for e in present), default=0.0))
        wide = [e for e in present if e.low != e.high]
        if sum(self._vanishes(e, digits) for e in wide) > len(wide) / 2:
            digits += 1
        return [self.say(e, digits) for e in estimates]

    def _vanishes(self, estimate: Estimate, digits: int) -> bool:
        """Whether both ends are written alike; but nobody pays half a cent."""
        if estimate.low is None or estimate.high is None or (self.leads and digits >= 2):  # noqa: PLR2004
            return False
        return self.write(estimate.low, digits) == self.write(estimate.high, digits)


@dataclass(frozen=True, slots=True)
class Said:
    """A number in words: "7.1" and "6.8 to 7.4", the latter empty where there is no interval."""

    number: str
    interval: str

    @property
    def is_zero(self) -> bool:
        """Whether it is nothing, as printed."""
        return not any(digit in self.number for digit in "123456789")

    def __str__(self) -> str:
        return f"{self.number} ({self.interval})" if self.interval else self.number

    def with_noun(self, noun: str, *, first: bool = False) -> str:
        """The number, what it counts, and its interval, which is called so in the first one of a passage."""
        word = f"95{NBSP}% interval " if first else ""
        return f"{self.number} {noun}".rstrip() + (f" ({word}{self.interval})" if self.interval else "")


def listing(parts: Sequence[str | Markup], last: str = "and") -> Markup:
    """A, B and C."""
    if not parts:
        return Markup("")
    if len(parts) == 1:
        return escape(parts[0])
    return Markup(", ").join(parts[:-1]) + Markup(" {} ").format(last) + escape(parts[-1])


def capital(text: str | Markup) -> Markup:
    """The same with a first capital, for the head of a sentence."""
    safe = escape(text)
    return Markup(safe[:1].upper() + safe[1:])  # noqa: S704  it was escaped in the line above


def headline(text: str) -> str:
    """The same with a first capital."""
    return text[:1].upper() + text[1:]


def words(count: int) -> str:
    """Small numbers as words."""
    names = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    return names[count] if 0 <= count < len(names) else f"{count:,}"


def counted(count: float, noun: str) -> str:
    """1 customer, 820 customers."""
    written = f"{count:,.0f}"
    return f"{written} {noun}{'' if written == '1' else 's'}"


def curly(text: str) -> str:
    """The same with typographic apostrophes; quotation marks, and what is ready for the page, are left as they are."""
    if isinstance(text, Markup):
        return text
    inside = re.sub(r"(?<=\w)'(?=\w)", "\N{RIGHT SINGLE QUOTATION MARK}", text)
    quotes = re.search(r"(?<!\w)'", inside)
    return inside if quotes else re.sub(r"(?<=s)'(?= )", "\N{RIGHT SINGLE QUOTATION MARK}", inside)


def plain(text: str) -> str:
    """Text of a TOML file on one line."""
    return " ".join(text.split())


def shorten(text: str, width: int) -> str:
    """At most `width` characters: kinds are told by the head of a label, parameters by its tail, so the middle goes."""
    if len(text) <= width:
        return text
    head = (width - 1) * 2 // 3
    return text[:head].rstrip() + "…" + text[len(text) - (width - 1 - head) :].lstrip()


def wrap(text: str, width: int, lines: int) -> list[str]:
    """Break a label into at most `lines` lines, preferably after a space, a comma or before a parenthesis."""
    rest = text
    broken: list[str] = []
    while len(rest) > width and len(broken) < lines - 1:
        cut = max(_breaks(rest[: width + 1]), default=width)
        broken.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*broken, shorten(rest, width)]


def _breaks(text: str) -> Iterable[int]:
    shortest = len(text) // 3
    for place, letter in enumerate(text):
        if place >= shortest and letter in " (":
            yield place
        if shortest <= place < len(text) - 1 and letter in ",-_/=":
            yield place + 1
