"""What may be shown, and when: actions appear, retire, and are out of stock.

N visits, K actions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from bandits.description import Description
from bandits.errors import Fault, InputError
from bandits.protocol import Bools, Ints
from environments.changing import Change, on_offer
from environments.protocol import About, Visits, World
from environments.toml_tables import by_name
from environments.wrapping import Relay, Wrapped, narrowed, withheld

Time = Annotated[int, Field(ge=0)]


def _spans(value: object) -> object:
    """Spans of time as a TOML file has them."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(span, (list, tuple)) for span in value):
        raise InputError(f"must be a list of spans [from, until] such as [[5, 7], [20, 21]], got {value!r}")
    faults = [
        Fault(f"must be a span [from, until] such as [5, 7], got {list(span)}", (number,))
        for number, span in enumerate(value, 1)
        if len(span) != 2  # noqa: PLR2004  a span has two ends
    ]
    if faults:
        raise InputError(faults)
    return tuple(tuple(span) for span in value)


class Shelf(Description):
    """When one action is on offer.

    Args:
        name: of the action.
        since: from when (`from` in a table) [clock units].
        until: when it retires: no longer on offer from then on [clock units].
        out: spans [a, b) in which it is out of stock [clock units].
    """

    name: str
    since: Time = Field(default=0, alias="from")
    until: Time | None = None
    out: Annotated[tuple[tuple[Time, Time], ...], BeforeValidator(_spans)] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        faults = [
            Fault(f"must be a span [from, until] with until after from, got {[a, b]}", ("out", number))
            for number, (a, b) in enumerate(self.out, 1)
            if a >= b
        ]
        if self.until is not None and self.until <= self.since:
            faults.append(Fault(f"must be later than `from`, {self.since}, got {self.until}", ("until",)))
        if faults:
            raise InputError(faults)
        return self

    @property
    def turns(self) -> list[tuple[str, int]]:
        """When something changes, and which field says so [clock units]."""
        ends = [] if self.until is None else [("until", self.until)]
        return [("from", self.since), *ends, *(("out", a) for a, _ in self.out)]

    def changes(self, horizon: int) -> Iterator[Change]:
        """When it is put on offer, or taken off, before the horizon."""
        starts, ends = [time for _, time in self.turns], [end for _, end in self.out]
        times = sorted({0, *(time for time in (*starts, *ends) if time < horizon)})
        return on_offer(self.name, times, self.holds(np.array(times)).tolist())

    def __str__(self) -> str:
        since = f" from {self.since}" if self.since else ""
        until = "" if self.until is None else f" until {self.until}"
        out = " nor".join(f" {a} to {b}" for a, b in self.out)
        return f"{self.name}{since}{until}{' but not' if out else ''}{out}"

    def holds(self, time: Ints) -> Bools:
        """Whether it is on offer at some times (N,)."""
        on: Bools = time >= self.since
        if self.until is not None:
            on &= time < self.until
        for a, b in self.out:
            on &= (time < a) | (time >= b)
        return on


class Launches(Wrapped):
    """An environment whose actions appear and retire, or are out of stock for a while.

    Regret compares with the best action that is available at the time.

    Args:
        world: the inner environment.
        schedule: action ↦ { from = …, until = …, out = [[a, b], …] } in clock units; those it does not name are always
            on offer. At every time at least one action must be.
    """

    schedule: Annotated[
        tuple[Shelf, ...],
        BeforeValidator(by_name(Shelf, "action")),
        Field(examples=[{"Dresses": {"from": 5_000}, "Skirts": {"out": [[8_000, 9_000]]}}]),
    ]

    @model_validator(mode="after")
    def _always_something(self) -> Self:
        problem, about = self.world.problem, self.world.about
        faults = withheld(tuple(shelf.name for shelf in self.schedule), problem, "schedule")
        faults += [
            Fault(f"must lie before the horizon, {about.horizon}, got {time}", ("schedule", shelf.name, field))
            for shelf in self.schedule
            for field, time in shelf.turns
            if time >= about.horizon
        ]
        if not faults and len(self.schedule) == len(problem.actions):
            # What is on offer changes only where something begins or ends, so that it is enough to look there.
            ends = [end for shelf in self.schedule for _, end in shelf.out]
            turns = np.unique([0, *ends, *(time for shelf in self.schedule for _, time in shelf.turns)])
            empty = ~np.any([shelf.holds(turns) for shelf in self.schedule], axis=0) & (turns < about.horizon)
            if empty.any():
                time = turns[np.argmax(empty)]
                what = f"must leave at least one action at every time, got none at {about.clock} {time}"
                faults = [Fault(f"{what}; let one stay on offer", ("schedule",))]
        if faults:
            raise InputError(faults)
        return self

    @property
    def details(self) -> tuple[str, ...]:
        """Its parameters as a label tells them."""
        return tuple(str(shelf) for shelf in self.schedule)

    def note(self, inner: About) -> str:
        """One line for a report: what it does to the world inside."""
        return f"Not all actions are always on offer; in {inner.clock}s: {'; '.join(self.details)}."

    def changes_in(self, inner: About) -> tuple[Change, ...]:
        """When the world changes: as inside, and what the schedule says."""
        return (*inner.changes, *(change for shelf in self.schedule for change in shelf.changes(inner.horizon)))

    def open(self, seed: int, replication: int) -> World:
        """Make the world of one replication."""
        return LaunchesWorld(self.world.open(seed, replication), self.schedule)


class LaunchesWorld(Relay):
    """A world in which actions appear and retire.

    Args:
        world: the inner one.
        schedule: when actions are on offer.
    """

    def __init__(self, world: World, schedule: tuple[Shelf, ...]) -> None:
        super().__init__(world)
        self._schedule = [(self.problem.actions.index(shelf.name), shelf) for shelf in schedule]

    def seen(self, visits: Visits) -> Visits:
        """Only what is on offer at the time is available."""
        on = np.ones(visits.available.shape, dtype=np.bool_)
        for k, shelf in self._schedule:
            on[:, k] = shelf.holds(visits.time)
        return narrowed(visits, on, self.problem, "leave something on offer in the schedule of Launches")
