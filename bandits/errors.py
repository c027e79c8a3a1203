"""The one error that a user can mend: it says where, what, and what to do, all faults at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Args:
        what: what must hold, got what; what to do.
        where: the path to it inside its source, members of lists counted from 1: ("policy", 2, "alpha") is shown as
            `policy[2].alpha`, and is that of the second policy.
    """

    what: str
    where: Path = ()

    def line(self, source: str = "") -> str:
        """The fault in one line, after the name of its source."""
        path = ""
        for step in self.where:
            path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
        return ": ".join(part for part in (source, path, " ".join(self.what.split())) if part)


class InputError(ValueError):
    """Something that a person gave us is wrong.

    The command line prints the lines alone and exits with status 2.

    Args:
        faults: one or several; a plain text is a fault without a path.
        source: the file, folder or description that they are in.
    """

    def __init__(self, faults: str | Fault | Iterable[str | Fault], source: str = "") -> None:
        several = (faults,) if isinstance(faults, (str, Fault)) else tuple(faults)
        self.faults: tuple[Fault, ...] = tuple(Fault(f) if isinstance(f, str) else f for f in several)
        self.source = source
        super().__init__("\n".join(self.lines))

    @property
    def lines(self) -> list[str]:
        """One line a fault."""
        return [fault.line(self.source) for fault in self.faults]

    def within(self, source: str, *path: str | int) -> InputError:
        """The same faults, as seen from the source that contains them."""
        return InputError([Fault(f.what, (*path, *f.where)) for f in self.faults], source)

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Fault, ...], str]]:
        """Survive the trip from a worker process with every line."""
        return (InputError, (self.faults, self.source))


def unknown(what: str, word: str, known: Sequence[str] | Iterable[str], lister: str = "") -> str:
    """Say that a word is unknown, which one was probably meant, and which ones are known.

    Args:
        what: it should be the name of.
        word: that is unknown.
        known: names.
        lister: the command that lists them, where they are too many for a line.
    """
    names = sorted(known)
    close = closest(word, names)
    hint = f"; did you mean {close!r}?" if close else ""
    if lister:
        return f"unknown {what} {word!r}{hint or ';'} `{lister}` lists them"
    return f"unknown {what} {word!r} (known: {', '.join(names) or 'none'}){hint}"


def closest(word: str, known: Iterable[str]) -> str:
    """Which of the known names was probably meant; "" if it is like none of them."""
    lower = {name.lower(): name for name in sorted(known)}
    close = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.5)
    return lower[close[0]] if close else ""
