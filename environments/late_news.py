"""News that is withheld for a while: rewards, or corrections of rewards, of visits that took place before.

N visits.
"""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections import defaultdict
from dataclasses import replace

import numpy as np

from bandits.protocol import Block, Floats, Ints
from environments.protocol import Late, Outcome, Visits, World
from environments.wrapping import answered, serve

NEVER = 2**62
"""A time that does not come, nor does any after it."""


def known_at_once(rewards: Floats | None, actions: Ints, visits: Visits) -> Late | None:
    """The rewards that a block reveals as soon as it is answered (N,), as news about it; None if there are none.

    A visit that does not take place with its action (NaN) is no news.

    Args:
        rewards: (N, K), as `Visits` has them.
        actions: (N,) that were shown.
        visits: the block, without its rewards.
    """
    rows, values = Block(visits.x, visits.available, rewards).revealed(actions)
    if not len(rows):
        return None
    return Late(visits if len(rows) == len(visits) else visits.rows(rows), values)


class Pending:
    """News that is not known yet, by the time at which it will be."""

    def __init__(self) -> None:
        self._times: list[int] = []
        self._news: defaultdict[int, list[Late]] = defaultdict(list)

    @property
    def first(self) -> int:
        """When the next news comes."""
        return self._times[0] if self._times else NEVER

    def enter(self, news: Late, due: Ints) -> None:
        """Withhold news about N visits until some times (N,); from NEVER on: for good."""
        for time in sorted(set(due.tolist())):
            if time >= NEVER:
                break
            rows = np.flatnonzero(due == time)
            if time not in self._news:
                heapq.heappush(self._times, time)
            part = news if len(rows) == len(due) else Late(news.visits.rows(rows), news.values[rows])
            self._news[time].append(part)

    def until(self, now: int) -> tuple[Late, ...]:
        """All news that is known by now, in order of its visits; it is withheld no longer."""
        known: list[Late] = []
        while self._times and self._times[0] <= now:
            known += self._news.pop(heapq.heappop(self._times))
        if len(known) < 2:  # noqa: PLR2004  nothing to put in order
            return tuple(_in_order(late) for late in known)
        alike: defaultdict[bytes, list[Late]] = defaultdict(list)
        for late in sorted(known, key=lambda late: int(late.visits.index[0])):
            alike[b"" if late.visits.z is None else late.visits.z.tobytes()].append(late)
        return tuple(_in_order(_joined(parts)) for parts in alike.values())


def _in_order(news: Late) -> Late:
    """News in order of its visits."""
    if len(news.values) == 1:
        return news
    order = np.argsort(news.visits.index, kind="stable")
    return Late(news.visits.rows(order), news.values[order])


def _joined(parts: list[Late]) -> Late:
    """News of several blocks in which the same is told of the actions."""
    if len(parts) == 1:
        return parts[0]
    blocks = [part.visits for part in parts]
    users = [visits.user for visits in blocks if visits.user is not None]
    typical = [visits.typical for visits in blocks if visits.typical is not None]
    visits = replace(
        blocks[-1],
        index=np.concatenate([visits.index for visits in blocks]),
        time=np.concatenate([visits.time for visits in blocks]),
        x=np.concatenate([visits.x for visits in blocks]),
        available=np.concatenate([visits.available for visits in blocks]),
        cohort=np.concatenate([visits.cohort for visits in blocks]),
        user=np.concatenate(users) if users else None,
        expected=np.concatenate([visits.expected for visits in blocks]),
        welfare=np.concatenate([visits.welfare for visits in blocks]),
        typical=np.concatenate(typical) if typical else None,
    )
    return Late(visits, np.concatenate([part.values for part in parts]))


class Withholding(ABC):
    """A world around a world whose news it passes on later.

    Args:
        world: the inner one.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._served: Visits | None = None
        self._at_once: Floats | None = None
        self._rewards, self._corrections = Pending(), Pending()
        self.problem, self.users = world.problem, world.users

    @abstractmethod
    def room(self, most: int | None) -> int | None:
        """How many visits the next block may hold, so that no news falls inside of it."""

    @abstractmethod
    def moved(self, visits: Visits) -> int:
        """Move past a block that was answered; return the time by which news is passed on."""

    @abstractmethod
    def due(self, visits: Visits, *, at_once: bool) -> Ints:
        """When news about visits (N,) is passed on: at once in the block that was answered, or at the end of it."""

    @property
    def first(self) -> int:
        """When the next news is passed on."""
        return min(self._rewards.first, self._corrections.first)

    def next_block(self, most: int | None = None) -> Visits | None:
        """Serve the next visits; None when the horizon is reached."""
        visits = serve(self._world, self.room(most))
        self._at_once = None if visits is None else visits.rewards
        self._served = visits if visits is None or visits.rewards is None else replace(visits, rewards=None)
        return self._served

    def respond(self, actions: Ints) -> Outcome:
        """Close the block with the actions that were shown (N,)."""
        served = answered(self._served, self)
        outcome = self._world.respond(actions)
        now = self.moved(served)
        if (news := known_at_once(self._at_once, actions, served)) is not None:
            self._rewards.enter(news, self.due(news.visits, at_once=True))
        for late in outcome.late:
            self._rewards.enter(late, self.due(late.visits, at_once=False))
        for late in outcome.corrections:
            self._corrections.enter(late, self.due(late.visits, at_once=False))
        rewards, corrections = self._rewards.until(now), self._corrections.until(now)
        if not (rewards or corrections or outcome.late or outcome.corrections):
            return outcome  # a copy costs more than all of the above, for a block of one visit
        return replace(outcome, late=rewards, corrections=corrections)
