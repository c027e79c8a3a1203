"""An environment around an environment: what all wrappers share. A wrapper wraps any world, one's own included.

N visits, K actions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bandits.description import Description, identity, label_of, parameters
from bandits.errors import Fault, InputError, unknown
from bandits.protocol import Bools, Floats, Ints, Problem
from bandits.streams import stream
from environments.changing import Change, in_order
from environments.protocol import About, Environment, Late, Outcome, Users, Visits, World
from environments.registry import EnvironmentField

BLOCK = 1024
"""How many visits a wrapper asks for that must say how many, where nobody asks it for fewer."""


class Wrapped(Description, ABC):
    """An environment around another; the world that it opens serves what the inner one serves, seen through it.

    Args:
        world: the inner environment, or its table.
    """

    world: EnvironmentField

    def __init__(self, world: Environment, **fields: object) -> None:
        super().__init__(world=world, **fields)

    @abstractmethod
    def note(self, inner: About) -> str:
        """One line for a report: what it does to the world inside."""

    def changes_in(self, inner: About) -> tuple[Change, ...]:
        """When the world changes: as inside, and where the wrapper has a plan."""
        return inner.changes

    @property
    def details(self) -> tuple[str, ...]:
        """Its parameters as a label tells them."""
        fields = type(self).model_fields
        return tuple(
            f"{key}={label_of(value) if isinstance(value, Description) else value}"
            for key, value in parameters(self).items()
            if key != "world" and value != fields[key].default
        )

    @property
    def label(self) -> str:
        """Its name, or its kind, the label of the inner one, and the parameters that differ from the defaults."""
        if self.name:
            return self.name
        inner = getattr(self.world, "label", None)
        said = (inner if isinstance(inner, str) else label_of(self.world), *self.details)
        return f"{type(self).__name__}({', '.join(said)})"

    @property
    def problem(self) -> Problem:
        """What is public: the same as inside."""
        inner: Problem = self.world.problem
        return inner

    @property
    def about(self) -> About:
        """That of the inner one, with a note; wrapped in the same way, another objective is still the same world."""
        inner: About = self.world.about
        own = {key: value for key, value in parameters(self).items() if key != "world"}
        scenario = identity([type(self).__module__, type(self).__qualname__, own, inner.scenario])
        notes, changes = (*inner.notes, self.note(inner)), in_order(self.changes_in(inner))
        return replace(inner, scenario=scenario, notes=notes, changes=changes)

    @abstractmethod
    def open(self, seed: int, replication: int) -> World:
        """Make the world of one replication."""

    def stream(self, seed: int, replication: int, purpose: str) -> np.random.Generator:
        """The generator of one purpose of this wrapper; the same kind of wrapper further in has another."""
        depth, inner = 0, self.world
        while isinstance(inner, Wrapped):
            depth, inner = depth + 1, inner.world
        return stream(seed, replication, f"wrapper {depth}, {type(self).__name__}: {purpose}")


class LuckByNumber:
    """One draw for each visit, or user, by number: the same whoever asks for it first, and however often.

    Args:
        draw: makes the next so many draws of its own stream.
    """

    def __init__(self, draw: Callable[[int], Floats]) -> None:
        self._draw = draw
        self._kept = np.empty(0)

    def of(self, number: Ints) -> Floats:
        """The draws (N,) of visits, or users, with these numbers (N,)."""
        more = int(number.max(initial=-1)) + 1 - len(self._kept)
        if more > 0:
            self._kept = np.concatenate([self._kept, self._draw(max(more, len(self._kept), BLOCK))])
        return self._kept[number]


def somebody(visits: Visits) -> Ints:
    """Whose luck it is (N,): the user's, or the visit's where users are not recognised."""
    return visits.index if visits.user is None else visits.user


class Relay:
    """A world around a world: passes on what it serves, seen in another way, and what is answered.

    Args:
        world: the inner one.
        problem: what is public, if it is not the same as inside.
    """

    def __init__(self, world: World, problem: Problem | None = None) -> None:
        self._world = world
        self._served: Visits | None = None
        self.problem = world.problem if problem is None else problem
        self.users: Users | None = world.users

    def seen(self, visits: Visits) -> Visits:
        """How visits look through it. It goes by what is in them alone: news about them looks the same later."""
        return visits

    def passed_on(self, visits: Visits, actions: Ints) -> Ints:
        """What the world inside is told (N,) of the actions (N,) that were shown at visits."""
        del visits
        return actions

    def next_block(self, most: int | None = None) -> Visits | None:
        """Serve the next visits; None when the horizon is reached."""
        self._served = serve(self._world, most)
        return None if self._served is None else self.seen(self._served)

    def respond(self, actions: Ints) -> Outcome:
        """Close the block with the actions that were shown (N,)."""
        outcome = self._world.respond(self.passed_on(answered(self._served, self), actions))
        if not outcome.late and not outcome.corrections:
            return outcome
        return replace(outcome, late=self._retold(outcome.late), corrections=self._retold(outcome.corrections))

    def _retold(self, news: tuple[Late, ...]) -> tuple[Late, ...]:
        return tuple(replace(late, visits=self.seen(late.visits)) for late in news)


def answered(served: Visits | None, world: object) -> Visits:
    """The block that is answered.

    Raises:
        InputError: when none was served.
    """
    if served is None:
        raise InputError("must serve a block before it is answered; call next_block first", type(world).__name__)
    return served


def serve(world: World, most: int | None) -> Visits | None:
    """The next block of a world, of at most so many visits.

    Raises:
        InputError: when it serves more.
    """
    visits = world.next_block(most)
    if visits is not None and most is not None and len(visits) > most:
        what = f"must serve at most as many visits as it is asked for ({most}), got {len(visits)}; mend next_block"
        raise InputError(what, type(world).__name__)
    return visits


def narrowed(visits: Visits, allowed: Bools, problem: Problem, why: str) -> Visits:
    """The same visits, where only some actions (N, K) may still be shown.

    Args:
        visits: as they are served inside.
        allowed: (N, K).
        problem: what is public.
        why: what to change where nothing is left, in words.

    Raises:
        InputError: when a visit has no action left.
    """
    available = visits.available & allowed
    empty = ~available.any(axis=1)
    if empty.any():
        n = int(np.argmax(empty))
        what = f"visit {visits.index[n]} (time {visits.time[n]}): must have at least one action available, got none of"
        silent = "" if problem.nothing is not None else ", or use a world in which nothing may be shown"
        raise InputError(f"{what} {len(problem.actions)}; {why}{silent}")
    return replace(visits, available=available)


def withheld(names: tuple[str, ...], problem: Problem, field: str) -> list[Fault]:
    """What is wrong with the names of actions that a wrapper withholds: unknown ones, and 'nothing'."""
    silent = None if problem.nothing is None else problem.actions[problem.nothing]
    sold = [name for name in problem.actions if name != silent]
    faults = []
    for name in names:
        if name == silent:
            faults.append(Fault("may always be shown; take it out", (field, name)))
        elif name not in sold:
            faults.append(Fault(unknown("action", name, sold), (field, name)))
    return faults
