"""Drift: the actions change roles, so that what was learnt of an action is no longer true of it.

In regime g, action k does what action role_g[k] of the inner world does, and nothing stays nothing. role_0 is the
identity. In each change, round(moves · n) of the n other actions, two at least, drawn by chance, swap roles in a
circle of random order, so that each of those takes over another's role. With U_i uniform, drawn for each visit i, and
t_i its time:

    regime(i) = number of changes r with U_i < share_r(t_i)
    abrupt    share_r(t) = 1 if t ≥ c_r, else 0
    gradual   share_r(t) = (t − c_r) / over, within [0, 1]
    seasonal  share_1(t) = (1 − cos(2π t / period)) / 2, and no other change

N visits, K actions, G regimes.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from bandits.errors import Fault, InputError
from bandits.protocol import Ints
from environments.changing import Change
from environments.protocol import About, Environment, Visits, World
from environments.wrapping import LuckByNumber, Relay, Wrapped

Times = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False)]
Span = Annotated[int, Field(ge=1, le=1_000_000_000)]
FIELDS = ("at", "every", "over", "period")
TAKES = {"abrupt": ("at", "every"), "gradual": ("at", "every", "over"), "seasonal": ("period",)}
NEEDS = {"abrupt": (), "gradual": ("over",), "seasonal": ("period",)}


class Drifting(Wrapped):
    """An environment whose actions change roles; which regime a visit belongs to is hidden.

    Expected rewards, welfare and regret are exact given the regime of each visit. What is known of an action (`z`)
    stays with its name, and so no longer tells the truth after a change; what is withheld inside goes with the role.

    Args:
        world: the inner environment.
        how: "abrupt": all at once; "gradual": from each change on, a growing share of the visits is of the new
            regime; "seasonal": to and fro between two regimes. In Python it may be called `kind`; in a table
            that is the kind of environment.
        at: times of the changes [clock units]; or
        every: a change every so many clock units.
        over: how long a gradual change takes [clock units].
        period: of the seasons [clock units].
        moves: share of the actions that take part in a change; two at least.
    """

    how: Literal["abrupt", "gradual", "seasonal"] = Field(examples=["abrupt"])
    at: Times = ()
    every: Span | None = Field(default=None, examples=[5_000])
    over: Span | None = None
    period: Span | None = None
    moves: Annotated[float, Field(gt=0, le=1)] = 1.0

    def __init__(self, world: Environment, **fields: object) -> None:
        if "kind" in fields:
            fields["how"] = fields.pop("kind")
        super().__init__(world, **fields)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        given = {field for field in FIELDS if getattr(self, field)}
        takes, needs = TAKES[self.how], NEEDS[self.how]
        faults = [
            Fault(f"means nothing to how = {self.how!r} (which takes {', '.join(takes)}); take it out", (field,))
            for field in FIELDS
            if field in given and field not in takes
        ]
        faults += [Fault(f"is missing; how = {self.how!r} needs it", (field,)) for field in needs if field not in given]
        if self.how != "seasonal" and len(given & {"at", "every"}) != 1:
            got = "both" if {"at", "every"} <= given else "neither"
            faults.append(Fault(f"must be given, or `every`, got {got}; say when roles change", ("at",)))
        problem, horizon = self.world.problem, self.world.about.horizon
        actors = len(problem.actions) - (problem.nothing is not None)
        if actors < 2:  # noqa: PLR2004  one action has nobody to change with
            faults.append(Fault(f"must have at least two actions that can change roles, got {actors}", ("world",)))
        if self.period == 1:
            faults.append(Fault("must be 2 or more, got 1; nothing would change", ("period",)))
        if not faults:
            faults = self._late(horizon)
        if faults:
            raise InputError(faults)
        return self

    def _late(self, horizon: int) -> list[Fault]:
        """What is wrong with the times of changes."""
        faults = []
        if any(later <= earlier for earlier, later in pairwise(self.at)):
            faults.append(Fault(f"must be times in increasing order, got {list(self.at)}", ("at",)))
        last = max(self.at, default=self.every or 0)
        if last >= horizon:
            field = "at" if self.at else "every"
            faults.append(Fault(f"must lie before the horizon, {horizon}, got {last}; nothing would change", (field,)))
        gaps = [later - earlier for earlier, later in pairwise(self.at)] if self.every is None else [self.every]
        if self.over is not None and self.over > min(gaps, default=self.over):
            what = f"must not be longer than from one change to the next, {min(gaps)}, got {self.over}"
            faults.append(Fault(what, ("over",)))
        return faults

    @property
    def details(self) -> tuple[str, ...]:
        """Its parameters as a label tells them."""
        at = (f"at={' and '.join(map(str, self.at))}",) if self.at else ()
        rest = (("every", self.every), ("over", self.over), ("period", self.period))
        moves = (f"moves={self.moves:g}",) if self.moves < 1 else ()
        return (self.how, *at, *(f"{key}={value}" for key, value in rest if value is not None), *moves)

    @property
    def changes(self) -> Ints:
        """When roles change (G − 1,) [clock units]; with seasons, one change at 0 that comes and goes."""
        if self.how == "seasonal":
            return np.zeros(1, dtype=np.int64)
        if self.every is not None:
            return np.arange(self.every, self.world.about.horizon, self.every)
        return np.array(self.at, dtype=np.int64)

    def note(self, inner: About) -> str:
        """One line for a report: what it does to the world inside."""
        unit = inner.clock
        when = f"every {self.every} {unit}s" if self.every else f"at {unit} {', '.join(map(str, self.at))}"
        how = {
            "abrupt": f"{when}, all at once",
            "gradual": f"{when}, gradually over {self.over} {unit}s",
            "seasonal": f"to and fro, with a period of {self.period} {unit}s",
        }[self.how]
        return f"The actions change roles {how}; what is told of an action stays with its name and may be wrong."

    def changes_in(self, inner: About) -> tuple[Change, ...]:
        """When the world changes: as inside, to roles rather than names once these change, and when roles do."""
        first, how = int(self.changes[0]), "change" if self.how == "abrupt" else "begin to change"
        kept = [replace(c, label=f"{c.label} (its role)") if c.time >= first else c for c in inner.changes]
        own = [] if self.how == "seasonal" else [Change(int(time), f"roles {how}") for time in self.changes]
        return (*kept, *own)

    def open(self, seed: int, replication: int) -> World:
        """Make the world of one replication."""
        world, changes = self.world.open(seed, replication), self.changes
        order = self.stream(seed, replication, "roles")
        roles = roles_of(len(world.problem.actions), world.problem.nothing, self.moves, len(changes), order)
        return DriftingWorld(world, self, changes, roles, LuckByNumber(self.stream(seed, replication, "regime").random))


def roles_of(K: int, nothing: int | None, moves: float, changes: int, rng: np.random.Generator) -> Ints:
    """The roles (G, K) of all actions in each regime."""
    actors = np.array([k for k in range(K) if k != nothing])
    size = max(2, round(moves * len(actors)))
    roles = np.tile(np.arange(K), (changes + 1, 1))
    for g in range(1, changes + 1):
        circle = actors[np.argsort(rng.random(len(actors)))[:size]]
        roles[g] = roles[g - 1]
        roles[g, circle] = roles[g - 1, np.roll(circle, -1)]
    return roles


class DriftingWorld(Relay):
    """A world whose actions change roles.

    Args:
        world: the inner one.
        drift: says how.
        changes: when (G − 1,) [clock units].
        roles: (G, K) of each action in each regime.
        luck: of each visit, by its number.
    """

    def __init__(self, world: World, drift: Drifting, changes: Ints, roles: Ints, luck: LuckByNumber) -> None:
        super().__init__(world)
        self._drift, self._changes, self._roles, self._luck = drift, changes, roles, luck

    def regime(self, visits: Visits) -> Ints:
        """Which regime each visit (N,) belongs to."""
        u, time, drift = self._luck.of(visits.index), visits.time, self._drift
        if drift.period is not None:
            season: Ints = (u < (1 - np.cos(2 * np.pi * time / drift.period)) / 2).astype(np.int64)
            return season
        begun: Ints = np.searchsorted(self._changes, time, side="right")
        if drift.over is None:
            return begun
        # No two changes overlap, so that all but the last one that has begun are complete.
        since = time - np.concatenate([[0], self._changes])[begun]
        regime: Ints = begun - ((begun > 0) & (u * drift.over >= since))
        return regime

    def _role(self, visits: Visits) -> Ints:
        """The roles (N, K) of all actions at each visit."""
        return self._roles[self.regime(visits)]

    def seen(self, visits: Visits) -> Visits:
        """What each action brings is what its role brings."""
        role = self._role(visits)
        return replace(
            visits,
            available=np.take_along_axis(visits.available, role, axis=1),
            rewards=None if visits.rewards is None else np.take_along_axis(visits.rewards, role, axis=1),
            expected=np.take_along_axis(visits.expected, role, axis=1),
            welfare=np.take_along_axis(visits.welfare, role, axis=1),
            typical=None if visits.typical is None else np.take_along_axis(visits.typical, role, axis=1),
        )

    def passed_on(self, visits: Visits, actions: Ints) -> Ints:
        """The roles (N,) of the actions (N,) that were shown."""
        told: Ints = self._role(visits)[np.arange(len(actions)), actions]
        return told
