"""Rewards that are not known at once.

A visit at time t has a delay d, in units of the world's clock. With a clock of visits its reward is known before visit
t + 1 + d is served (d = 0: as at once); with a clock of days, at the end of day t + d:

    constant   d = by
    geometric  P(d) = p (1 − p)ᵈ,  p = 1 / (1 + mean),  d = 0, 1, 2 …
    weibull    d = ⌈scale · (−ln u)^(1/shape)⌉,  u uniform
    lost       d = ∞ with probability `lost`, whatever `by` says

Source: Joulani, György & Szepesvári 2013 (delays drawn per visit); Vernade, Cappé & Perchet 2017 (some never end).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from bandits.description import Description
from bandits.errors import Fault, InputError, unknown
from bandits.protocol import Floats, Ints
from bandits.registry import from_table
from environments.late_news import NEVER, Withholding
from environments.protocol import About, Visits, World
from environments.wrapping import BLOCK, LuckByNumber, Wrapped

LONGEST = 2**40
"""A delay that outlasts every world [clock units]."""


class Constant(Description):
    """Every reward is known equally late.

    Args:
        units: how much later [clock units].
    """

    kind: Literal["constant"] = "constant"
    units: Annotated[int, Field(ge=0, le=LONGEST)]

    def __str__(self) -> str:
        return str(self.units)

    def delays(self, u: Floats) -> Floats:
        """Delays (N,) of visits with luck u (N,), uniform in (0, 1]."""
        return np.full(len(u), float(self.units))


class Geometric(Description):
    """After each unit of time, the reward is known with the same probability.

    Args:
        mean: of the delay [clock units].
    """

    kind: Literal["geometric"] = "geometric"
    mean: Annotated[float, Field(gt=0, le=1e9)]

    def __str__(self) -> str:
        return f"geometric with mean {self.mean:g}"

    def delays(self, u: Floats) -> Floats:
        """Delays (N,) of visits with luck u (N,), uniform in (0, 1]."""
        delays: Floats = np.floor(np.log(u) / -np.log1p(1 / self.mean))
        return delays


class Weibull(Description):
    """The longer it takes, the likelier (shape above 1) or the less likely (below) it is to be known soon.

    Args:
        scale: 63 % of all delays are not longer, before they are rounded up [clock units].
        shape: 1 is the exponential; below 1, some take very long.
    """

    kind: Literal["weibull"] = "weibull"
    scale: Annotated[float, Field(gt=0, le=1e9)]
    shape: Annotated[float, Field(ge=0.1, le=100)]

    def __str__(self) -> str:
        return f"Weibull with scale {self.scale:g} and shape {self.shape:g}"

    def delays(self, u: Floats) -> Floats:
        """Delays (N,) of visits with luck u (N,), uniform in (0, 1]."""
        delays: Floats = np.ceil(self.scale * (-np.log(u)) ** (1 / self.shape))
        return delays


Delay = Constant | Geometric | Weibull
DELAYS: dict[str, type[Description]] = {"constant": Constant, "geometric": Geometric, "weibull": Weibull}


def _delay(value: object) -> object:
    """A number of clock units, or what a table describes."""
    if isinstance(value, Mapping):
        kind = value.get("kind")
        if isinstance(kind, str) and kind not in DELAYS:
            raise InputError(Fault(unknown("delay", kind, DELAYS), ("kind",)))
        return from_table(value, DELAYS, "delay")
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value <= LONGEST:
            raise InputError(f"must be from 0 to {LONGEST}, got {value}")
        return Constant(units=value)
    if not isinstance(value, Delay):
        kinds = '{ kind = "geometric", mean = … } or { kind = "weibull", scale = …, shape = … }'
        raise InputError(f"must be a whole number of clock units, {kinds}, got {value!r}")
    return value


class Delayed(Wrapped):
    """An environment whose rewards, and corrections of them, become known late. All that comes of a visit counts.

    What the inner world tells late is delayed further, from the moment at which it would have been known. What is not
    known at the horizon is never known.

    Args:
        world: the inner environment.
        by: delay of each visit: a number of clock units, or a distribution of them.
        lost: probability that a reward never becomes known, though it counts.
        news_every: news is held until the next multiple of so many clock units. 1 is exact; with a clock of visits,
            more is faster, since blocks end wherever there is news.
    """

    by: Annotated[Delay, BeforeValidator(_delay), Field(examples=[{"kind": "geometric", "mean": 100.0}])]
    lost: Annotated[float, Field(ge=0, lt=1)] = 0.0
    news_every: Annotated[int, Field(ge=1, le=1_000_000)] = 1

    @property
    def details(self) -> tuple[str, ...]:
        """Its parameters as a label tells them."""
        lost = (f"lost={self.lost:g}",) if self.lost else ()
        every = (f"news_every={self.news_every}",) if self.news_every > 1 else ()
        return (f"by={self.by}", *lost, *every)

    def note(self, inner: About) -> str:
        """One line for a report: what it does to the world inside."""
        unit = inner.clock
        lost = f", and {100 * self.lost:g} % never" if self.lost else ""
        every = f"; news comes every {self.news_every} {unit}s" if self.news_every > 1 else ""
        return f"Rewards become known to the policy late ({unit}s: {self.by}){lost}{every}; all of them count."

    def open(self, seed: int, replication: int) -> World:
        """Make the world of one replication."""
        late, lost = (self.stream(seed, replication, purpose) for purpose in ("delay", "lost"))

        def draw(n: int) -> Floats:
            delays = np.minimum(self.by.delays(1.0 - late.random(n)), LONGEST)
            return np.where(lost.random(n) < self.lost, float(NEVER), delays)

        by_visit = self.world.about.clock == "visit"
        return DelayedWorld(self.world.open(seed, replication), LuckByNumber(draw), self.news_every, by_visit=by_visit)


class DelayedWorld(Withholding):
    """A world whose news comes late.

    Args:
        world: the inner one.
        delay: of each visit, by its number [clock units].
        news_every: see `Delayed`.
        by_visit: whether its clock counts visits, so that blocks can be cut where there is news.
    """

    def __init__(self, world: World, delay: LuckByNumber, news_every: int, *, by_visit: bool) -> None:
        super().__init__(world)
        self._delay, self._every, self._by_visit = delay, news_every, by_visit
        self._now = self._over = 0
        self._latest = NEVER

    def _known(self, index: Ints, at: Ints) -> Ints:
        """When news about visits with these numbers (N,) comes, which would have been known at some times (N,)."""
        due = at + self._delay.of(index).astype(np.int64)
        return due if self._every == 1 else -(-due // self._every) * self._every

    def room(self, most: int | None) -> int | None:
        """How many visits the next block may hold, so that no news falls inside of it."""
        if not self._by_visit:
            return most
        room = min(BLOCK if most is None else most, self.first - self._now)
        if room > 1:
            index = np.arange(self._now, self._now + room)
            room = min(room, int(self._known(index, index + 1).min()) - self._now)
        self._latest = self._now + room
        return room

    def moved(self, visits: Visits) -> int:
        """Move past a block that was answered; return the time by which news is passed on.

        Raises:
            InputError: when time went on by more than was asked for, so that there may have been news in between.
        """
        if visits.end > self._latest:
            what = f"must serve until {self._latest} at most when it is asked for {self._latest - self._now} visits"
            raise InputError(f"{what} at {self._now}, got {visits.end}; mend next_block", type(self._world).__name__)
        self._now = visits.end
        # A block that ends within a day is over before the day is.
        self._over = max(visits.end, int(visits.time[-1]) + 1) if len(visits) else visits.end
        return self._now

    def due(self, visits: Visits, *, at_once: bool) -> Ints:
        """When news about visits (N,) is passed on."""
        return self._known(visits.index, visits.time + 1 if at_once else np.full(len(visits), self._over))
