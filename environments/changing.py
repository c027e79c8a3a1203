"""When a world changes, as far as that is known before it is played: what a report marks in its curves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """A time from which a world is another than before.

    Args:
        time: [clock units], after the start and before the horizon.
        label: short: "new: Dresses".
    """

    time: int
    label: str


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """By time; those of the same time as they were told."""
    return tuple(sorted(changes, key=lambda change: change.time))


def on_offer(name: str, times: Sequence[int], on: Sequence[bool]) -> Iterator[Change]:
    """Say when something is put on offer, and when it is taken off.

    Args:
        name: of it.
        times: from the start, when that may change; increasing [clock units].
        on: whether it is on offer from each of these times to the next.
    """
    for i in range(1, len(times)):
        if on[i] and not on[i - 1]:
            yield Change(times[i], f"{'back' if any(on[:i]) else 'new'}: {name}")
        elif on[i - 1] and not on[i]:
            yield Change(times[i], f"{'out of stock' if any(on[i:]) else 'gone'}: {name}")
