"""A world whose visitors are the rows of a table: who comes is drawn from it, and what comes of it is in it.

V rows (people, or examples), N visits, K actions, D features, C cohorts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from bandits.cards import LabelledSample
from bandits.protocol import Floats, Ints, Problem
from environments.drawn import rewards_alone
from environments.protocol import Outcome, Users, Visits

NOTHING = "nothing"
SAMPLE = 200

Arrivals = Callable[[int], Ints]
"""The rows (N,) that visit next, given how many; each call goes on where the last one ended."""

Truth = Callable[[Ints], tuple[Floats, Floats, Floats]]
"""What each action would bring, its expectation, and its welfare, all (N, K), for the rows (N,) that visit next."""


@dataclass(frozen=True, slots=True)
class Population:
    """Everybody who can visit.

    Args:
        x: (V, D) features.
        cohort: (V,) index of each row's cohort.
        typical: (C, K) mean expected reward of each action over the rows of each cohort.
    """

    x: Floats = field(repr=False)
    cohort: Ints = field(repr=False)
    typical: Floats = field(repr=False)


def means_by_cohort(values: Floats, cohort: Ints, cohorts: int) -> Floats:
    """Mean of the values (V, K) over the rows of each cohort (C, K); no cohort may be empty."""
    sums = np.zeros((cohorts, values.shape[1]))
    np.add.at(sums, cohort, values)
    means: Floats = sums / np.bincount(cohort, minlength=cohorts)[:, None]
    return means


def minus(values: Floats | float, others: Floats | float) -> Floats:
    """The values minus others, rounded: of what equals a bound, 0 is left, whatever the last bits of both are."""
    return np.round(np.asarray(values) - others, 12)


def with_nothing(values: Floats) -> Floats:
    """The values of all actions (N, K) and a last one (N, K + 1), which shows nothing, and brings nothing."""
    return np.pad(values, ((0, 0), (0, 1)))


def labelled_sample(
    population: Population, cohorts: tuple[str, ...], level: Literal["visit", "user"], rng: np.random.Generator
) -> LabelledSample:
    """Rows, drawn at random, whose cohort somebody has labelled by hand.

    Args:
        population: to draw from.
        cohorts: C names.
        level: of all features.
        rng: of this sample alone.
    """
    rows = rng.integers(len(population.cohort), size=SAMPLE)
    return LabelledSample(population.x[rows], population.cohort[rows], cohorts, (level,) * population.x.shape[1])


def drawn(rows: int, rng: np.random.Generator) -> Arrivals:
    """Rows with replacement, each as likely as any other."""
    return lambda size: rng.integers(rows, size=size)


def passes(rows: int, rng: np.random.Generator | None) -> Arrivals:
    """Every row once, then every row again; each time in a new random order, or without a rng in the table's own."""
    waiting = np.empty(0, dtype=np.int64)

    def take(size: int) -> Ints:
        nonlocal waiting
        parts, missing = [waiting], size - len(waiting)
        while missing > 0:
            parts.append(np.arange(rows) if rng is None else rng.permutation(rows))
            missing -= rows
        together = np.concatenate(parts)
        waiting = together[size:]
        return together[:size]

    return take


class PopulationWorld:
    """The visits of one replication; nothing that is drawn depends on what is shown.

    Args:
        problem: what is public.
        population: who can visit.
        order: who comes next.
        truth: what comes of it; asked for the visits in their order, each once.
        horizon: visits in a replication.
        block: visits that are served together.
        users: where rows are people who are recognised.
    """

    def __init__(
        self,
        problem: Problem,
        population: Population,
        order: Arrivals,
        truth: Truth,
        horizon: int,
        block: int,
        users: Users | None = None,
    ) -> None:
        self.problem = problem
        self.users = users
        self._population = population
        self._order = order
        self._truth = truth
        self._left = horizon
        self._block = block
        self._served = 0
        self._rewards = np.empty((0, len(problem.actions)))

    def next_block(self, most: int | None = None) -> Visits | None:
        """Serve the next visits; None when the horizon is reached."""
        size = min(self._block if most is None else most, self._left)
        if size == 0:
            return None
        rows = self._order(size)
        self._rewards, expected, welfare = self._truth(rows)
        index = np.arange(self._served, self._served + size)
        self._served += size
        self._left -= size
        cohort = self._population.cohort.take(rows)
        return Visits(
            index=index,
            time=index,
            end=self._served,
            x=self._population.x.take(rows, axis=0),
            available=np.ones(expected.shape, dtype=np.bool_),
            rewards=self._rewards,
            cohort=cohort,
            user=None if self.users is None else rows,
            expected=expected,
            welfare=welfare,
            typical=self._population.typical.take(cohort, axis=0),
        )

    def respond(self, actions: Ints) -> Outcome:
        """Close the block with the actions that were shown (N,)."""
        return rewards_alone(self._rewards, actions)
