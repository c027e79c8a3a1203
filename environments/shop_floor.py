"""The storefront's world: one replication, day by day, under one objective."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

import numpy as np

from bandits.protocol import Bools, Floats, Ints, Problem
from environments.catalogue import seen_of
from environments.draws import Draws
from environments.lifecycle import KEPT, SOLD, VALUES, live, present, serve
from environments.objective import OUTCOMES, Objective
from environments.protocol import Late, Outcome, Users, Visits
from environments.scenario import Scenario
from environments.truth import Truth
from environments.utility import misperception


def prizes_of(goal: Objective, shop: Scenario) -> tuple[Floats, Floats]:
    """What the objective pays for a sale, on top if it is kept, on top if it is returned (J, 3); for feelings (4,)."""
    weight = dict.fromkeys(OUTCOMES, 0.0) | dict(goal.weights)
    prizes = np.array(
        [
            [
                weight["purchases"] + weight["revenue"] * item.price,
                weight["margin"] * item.margin,
                weight["returns"] + weight["return_cost"] * shop.handling,
            ]
            for item in shop.items
        ]
    )
    return prizes, np.array([weight[name] for name in ("regretted", "irritated", "welfare", "felt_welfare")])


def expected_rewards(goal: Objective, shop: Scenario, truth: Truth) -> Floats:
    """Σ weight · expected outcome of showing each item to each user (U, J)."""
    price = np.array([item.price for item in shop.items])
    margin = np.array([item.margin for item in shop.items])
    expectation = {
        "purchases": truth.buy,
        "revenue": price * truth.buy,
        "margin": margin * (truth.buy - truth.returned),
        "returns": truth.returned,
        "return_cost": shop.handling * truth.returned,
        "regretted": truth.regretted,
        "irritated": truth.irritated,
        "welfare": truth.welfare,
        "felt_welfare": truth.felt,
    }
    total = np.zeros_like(truth.buy)
    for outcome, weight in goal.weights:
        total += weight * expectation[outcome]
    return total


def typical_rewards(expected: Floats, cohort: Ints, C: int) -> Floats:
    """Means over the users of each cohort (C, K) of what each of them is expected to bring (U, K); 0 for no users."""
    typical = np.zeros((C, expected.shape[1]))
    for c in np.unique(cohort):
        typical[c] = expected[cohort == c].mean(axis=0)
    return typical


class ShopFloor:
    """One replication of a storefront: serves a day of visits, lets customers live with what they were shown.

    Args:
        shop: the scenario.
        draws: the luck of this replication.
        problem: what is public.
        goal: the objective.
        feedback: see `Storefront`.
    """

    def __init__(
        self,
        shop: Scenario,
        draws: Draws,
        problem: Problem,
        goal: Objective,
        feedback: Literal["at once", "wait", "correct"],
    ) -> None:
        personas, U, K = shop.personas, len(draws.cohort), len(problem.actions)
        silent = K - len(shop.items)
        self.problem = problem
        self.users = Users(draws.cohort, draws.arrival)
        self._shop, self._draws, self._feedback = shop, draws, feedback
        self._prizes, self._feelings = prizes_of(goal, shop)
        self._credit = self._prizes[:, [SOLD, KEPT, KEPT]]
        self._expected = np.pad(expected_rewards(goal, shop, draws.truth), ((0, 0), (0, silent)))
        self._typical = typical_rewards(self._expected, draws.cohort, len(personas))
        self._z = np.pad(seen_of(shop.items), ((0, silent), (0, 0)))
        self._welfare = np.pad(draws.truth.welfare, ((0, 0), (0, silent)))
        self._m = misperception(personas, shop.items)
        names = ("patience", "annoyance", "hassle", "trial_sd", "loss_aversion", "rho", "b0", "b1")
        self._person = np.array([[float(getattr(p, name)) for name in names] for p in personas])
        self._goods = np.array([[item.price, item.margin] for item in shop.items])
        self._organic = np.array([p.organic_margin for p in personas])
        self._satisfaction, self._gone = np.zeros(U), np.zeros(U, dtype=np.bool_)
        self._total = np.zeros(len(personas))
        arrived = [np.bincount(draws.arrival[draws.cohort == c], minlength=shop.days) for c in range(len(personas))]
        self._arrived = np.cumsum(arrived, axis=1)  # (C, days)
        self._day = 0
        self._row = self._lost = self._rest = np.empty(0, dtype=np.int64)
        self._begun = False
        self._due: dict[int, list[tuple[Ints, Floats]]] = defaultdict(list)

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
        return self._visits(self._row, rewards=self._feedback != "wait")

    def _open_doors(self) -> None:
        """Find who comes today, and who would have come but has left."""
        row = np.arange(self._draws.first[self._day], self._draws.first[self._day + 1])
        here, lost = np.empty_like(row), np.empty_like(row)
        n = present(row, self._draws.user, self._gone, here, lost)
        self._rest, self._lost = here[:n], lost[: len(row) - n]

    def _visits(self, row: Ints, *, rewards: bool) -> Visits:
        draws, N, K = self._draws, len(row), len(self.problem.actions)
        user, cohort = np.empty(N, dtype=np.int64), np.empty(N, dtype=np.int64)
        x, expected, welfare = np.empty((N, draws.x.shape[1])), np.empty((N, K)), np.empty((N, K))
        table = np.empty((N if rewards else 0, K))
        serve(
            row,
            draws.user,
            draws.cohort,
            draws.x,
            draws.v,
            self._m,
            draws.mood,
            draws.trial,
            self._person,
            self._prizes if self._feedback == "at once" else self._credit,
            self._feelings,
            self._expected,
            self._welfare,
            user,
            cohort,
            x,
            table,
            expected,
            welfare,
        )
        return Visits(
            index=row,
            time=np.searchsorted(draws.first, row, side="right") - 1,
            end=self._day if self._begun else self._day + 1,
            x=x,
            available=np.ones((N, K), dtype=np.bool_),
            rewards=table if rewards else None,
            cohort=cohort,
            user=user,
            expected=expected,
            welfare=welfare,
            z=self._z.copy(),  # a policy may write to what it is shown
            typical=self._typical.take(cohort, axis=0),
        )

    def respond(self, actions: Ints) -> Outcome:
        """Let the visitors of the block live with what they were shown (N,)."""
        draws, row, N = self._draws, self._row, len(self._row)
        reward, credited, values = np.empty(N), np.empty(N), np.empty((N, len(VALUES)))
        left = np.empty(N, dtype=np.bool_)
        live(
            row,
            draws.user,
            draws.cohort,
            draws.v,
            self._m,
            draws.mood,
            draws.trial,
            draws.patience,
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
        today = self._day
        self._remember(today, reward, credited, returned=values[:, VALUES.index("returns")] > 0)
        late, corrections = (None, None) if self._begun else self._news(today)
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

    def _remember(self, today: int, reward: Floats, credited: Floats, *, returned: Bools) -> None:
        """Keep what the policy will learn of the visits of a block (N,) on a later day."""
        row, lag = self._row, self._draws.lag[self._row]
        if self._feedback == "wait":
            settled = np.where(lag <= self._shop.attribution_days, reward, credited)
            self._due[today + self._shop.attribution_days].append((row, settled))
        elif self._feedback == "correct":
            for n in np.flatnonzero(returned):
                self._due[today + int(lag[n])].append((row[n : n + 1], reward[n : n + 1] - credited[n : n + 1]))

    def _news(self, today: int) -> tuple[Late | None, Late | None]:
        """What the policy learns at the end of the day about earlier visits: rewards, or corrections."""
        known = self._due.pop(today, [])
        if not known:
            return None, None
        news = self._late(np.concatenate([row for row, _ in known]), np.concatenate([value for _, value in known]))
        return (news, None) if self._feedback == "wait" else (None, news)

    def _late(self, row: Ints, values: Floats) -> Late | None:
        return Late(self._visits(row, rewards=False), values) if len(row) else None
