"""The storefront's world: one replication, day by day, under one objective."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

import numpy as np

from bandits.protocol import Bools, Floats, Ints, Problem
from environments.protocol import Late, Outcome, Users, Visits
from environments.shop.catalogue import seen_of
from environments.shop.lifecycle import KEPT, SOLD, VALUES, live
from environments.shop.luck import Day, Luck
from environments.shop.objective import Objective
from environments.shop.rewards import prizes_of
from environments.shop.scenario import Scenario
from environments.shop.serving import offer, present, serve
from environments.shop.shelves import shelves_of
from environments.shop.truth_tables import TruthTables
from environments.shop.utility import misperception

NOBODY: Ints = np.empty(0, dtype=np.int64)
PERSON = ("patience", "annoyance", "hassle", "trial_sd", "loss_aversion", "rho", "b0", "b1")


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of some visits of a day until the policy has learnt all of them.

    Args:
        day: on which they were.
        index: (N,) their numbers.
        user: (N,) who came.
        x: (N, D) features.
        values: (N,) what the policy will learn of them.
    """

    day: int
    index: Ints
    user: Ints
    x: Floats
    values: Floats


class ShopFloor:
    """One replication of a storefront: serves a day of visits, lets customers live with what they were shown.

    Args:
        shop: the scenario.
        luck: of this replication.
        tables: what is expected of everybody, under the objective.
        problem: what is public.
        goal: the objective.
        feedback: see `Storefront`.
    """

    def __init__(
        self,
        shop: Scenario,
        luck: Luck,
        tables: TruthTables,
        problem: Problem,
        goal: Objective,
        feedback: Literal["at once", "wait", "correct"],
    ) -> None:
        personas, U = shop.personas, len(luck.cohort)
        silent = len(problem.actions) - len(shop.items)
        self.problem = problem
        self.users = Users(luck.cohort, luck.arrival)
        self._shop, self._luck, self._tables, self._feedback = shop, luck, tables, feedback
        self._days = luck.days()
        self._shelves = shelves_of(shop)
        variants = self._shelves.variants
        self._prizes, self._feelings = prizes_of(goal, variants, shop.handling)
        self._credit = np.ascontiguousarray(self._prizes[:, [SOLD, KEPT, KEPT]])
        seen = seen_of(variants, shop.items)
        self._z = [np.pad(seen[slot], ((0, silent), (0, 0))) for slot in self._shelves.slot]
        self._m = misperception(personas, variants)
        self._person = np.array([[float(getattr(p, name)) for name in PERSON] for p in personas])
        self._goods = np.array([[item.price, item.margin] for item in variants])
        self._organic = np.array([p.organic_margin for p in personas])
        self._satisfaction, self._gone = np.zeros(U), np.zeros(U, dtype=np.bool_)
        self._total = np.zeros(len(personas))
        arrived = [np.bincount(luck.arrival[luck.cohort == c], minlength=shop.days) for c in range(len(personas))]
        self._arrived = np.cumsum(arrived, axis=1)  # (C, days)
        self._day = 0
        self._today: Day
        self._row = self._lost = self._rest = NOBODY
        self._begun = False
        self._due: dict[int, list[Seen]] = defaultdict(list)

    def next_block(self, most: int | None = None) -> Visits | None:
        """Serve the visits of the next day (there may be none), or of what is left of it; None after the last day."""
        if self._day == self._shop.days:
            return None
        if self._begun:
            self._lost = self._lost[:0]
        else:
            self._open_doors()
        size = len(self._rest) if most is None else most
        self._row, self._rest = self._rest[:size], self._rest[size:]
        self._begun = len(self._rest) > 0
        row, today = self._row, self._today
        user = today.user[row]
        visits = self._visits(self._day, today.begin + row, user, today.x.take(row, axis=0))
        return visits if self._feedback == "wait" else replace(visits, rewards=self._rewards(visits.cohort, user))

    def _open_doors(self) -> None:
        """Find who comes today, and who would have come but has left."""
        self._today = next(self._days)
        user = self._today.user
        here, lost = np.empty_like(user), np.empty_like(user)
        n = present(user, self._gone, here, lost)
        self._rest, self._lost = here[:n], lost[: len(user) - n]

    def _visits(self, day: int, index: Ints, user: Ints, x: Floats) -> Visits:
        """Visits (N,) of a day, without what they would bring."""
        shape, epoch, tables = (len(user), len(self.problem.actions)), self._shelves.epoch[day], self._tables
        cohort, available = np.empty_like(user), np.empty(shape, dtype=np.bool_)
        expected, welfare, typical = np.empty(shape), np.empty(shape), np.empty(shape)
        serve(
            user,
            self._luck.cohort,
            self._shelves.slot[epoch],
            self._shelves.on_sale[epoch],
            tables.expected,
            tables.welfare,
            tables.typical,
            cohort,
            available,
            expected,
            welfare,
            typical,
        )
        return Visits(
            index=index,
            time=np.full(len(user), day),
            end=self._day if self._begun else self._day + 1,
            x=x,
            available=available,
            rewards=None,
            cohort=cohort,
            user=user,
            expected=expected,
            welfare=welfare,
            z=self._z[epoch].copy(),  # a policy may write to what it is shown
            typical=typical,
        )

    def _rewards(self, cohort: Ints, user: Ints) -> Floats:
        """What each action would bring in the visits of the block (N, K), or seem to bring at first."""
        rewards = np.empty((len(user), len(self.problem.actions)))
        offer(
            self._row,
            user,
            cohort,
            self._shelves.slot[self._shelves.epoch[self._day]],
            self._luck.v,
            self._m,
            self._today.mood,
            self._today.trial,
            self._person,
            self._prizes if self._feedback == "at once" else self._credit,
            self._feelings,
            rewards,
        )
        return rewards

    def respond(self, actions: Ints) -> Outcome:
        """Let the visitors of the block live with what they were shown (N,)."""
        luck, day, today, N = self._luck, self._today, self._day, len(self._row)
        reward, credited, values = np.empty(N), np.empty(N), np.empty((N, len(VALUES)))
        left = np.empty(N, dtype=np.bool_)
        live(
            self._row,
            day.user,
            luck.cohort,
            self._shelves.slot[self._shelves.epoch[today]],
            luck.v,
            self._m,
            day.mood,
            day.trial,
            day.patience,
            self._person,
            self._goods,
            self._shop.handling,
            self._organic,
            self._prizes,
            self._credit,
            self._feelings,
            np.ascontiguousarray(actions),
            self._satisfaction,
            self._total,
            self._gone,
            reward,
            credited,
            values,
            left,
        )
        self._remember(reward, credited, returned=values[:, VALUES.index("returns")] > 0)
        late, corrections = ((), ()) if self._begun else self._news(today)
        if not self._begun:
            self._day += 1
        return Outcome(
            reward=reward,
            values=values,
            left=left,
            lost=self._lost,
            satisfaction=None if self._begun else self._total / np.maximum(self._arrived[:, today], 1),
            late=late,
            corrections=corrections,
        )

    def _remember(self, reward: Floats, credited: Floats, *, returned: Bools) -> None:
        """Keep what the policy will learn of the visits of a block (N,) on a later day."""
        lag, window = self._today.lag[self._row], self._shop.attribution_days
        if self._feedback == "wait":
            self._keep(window, np.arange(len(lag)), np.where(lag <= window, reward, credited))
        elif self._feedback == "correct":
            for days in np.unique(lag[returned]).tolist():
                self._keep(days, np.flatnonzero(returned & (lag == days)), reward - credited)

    def _keep(self, days: int, which: Ints, values: Floats) -> None:
        row, today = self._row[which], self._today
        if len(row) and self._day + days < self._shop.days:  # what comes later, nobody learns
            seen = Seen(self._day, today.begin + row, today.user[row], today.x.take(row, axis=0), values[which])
            self._due[self._day + days].append(seen)

    def _news(self, today: int) -> tuple[tuple[Late, ...], tuple[Late, ...]]:
        """What the policy learns at the end of the day about earlier visits: rewards, or corrections."""
        parts = groupby(self._due.pop(today, []), key=lambda seen: self._shelves.epoch[seen.day])
        news = tuple(self._late(list(part)) for _, part in parts)
        return (news, ()) if self._feedback == "wait" else ((), news)

    def _late(self, part: list[Seen]) -> Late:
        """News about visits on days with the same shelves."""
        time = np.concatenate([np.full(len(seen.index), seen.day) for seen in part])
        index = np.concatenate([seen.index for seen in part])
        user, x = np.concatenate([seen.user for seen in part]), np.concatenate([seen.x for seen in part])
        visits = replace(self._visits(part[0].day, index, user, x), time=time)
        return Late(visits, np.concatenate([seen.values for seen in part]))
