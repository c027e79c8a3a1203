"""Policies that learn in batches, as where a model is fitted once a night or after so many visits."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from bandits.protocol import Ints
from environments.late_news import Withholding
from environments.protocol import About, Visits, World
from environments.wrapping import BLOCK, Wrapped


class Batched(Wrapped):
    """An environment whose news comes all at once, after every so many visits that were served.

    Visit i (the first is 0) is chosen by a policy that knows what was known after ⌊i / visits⌋ · visits visits. What
    has not come at the horizon never comes.

    Args:
        world: the inner environment.
        visits: from one batch of news to the next.
    """

    visits: Annotated[int, Field(ge=1, le=1_000_000_000, examples=[500])]

    def note(self, inner: About) -> str:
        """One line for a report: what it does to the world inside."""
        del inner
        return f"The policy learns only after every {self.visits} visits, of all that is known by then."

    def open(self, seed: int, replication: int) -> World:
        """Make the world of one replication."""
        return BatchedWorld(self.world.open(seed, replication), self.visits)


class BatchedWorld(Withholding):
    """A world whose news comes after every so many visits.

    Args:
        world: the inner one.
        size: of a batch [visits].
    """

    def __init__(self, world: World, size: int) -> None:
        super().__init__(world)
        self._size, self._count, self._full = size, 0, size

    def room(self, most: int | None) -> int:
        """How many visits the next block may hold: a batch ends where a block does."""
        return min(BLOCK if most is None else most, self._size - self._count % self._size)

    def moved(self, visits: Visits) -> int:
        """Move past a block that was answered; return the number of visits up to which news is passed on."""
        # News of a day without visits, after a batch has ended, belongs to the next batch.
        self._full = ((self._count - (len(visits) > 0) + len(visits)) // self._size + 1) * self._size
        self._count += len(visits)
        return self._count

    def due(self, visits: Visits, *, at_once: bool) -> Ints:
        """When news about visits (N,) is passed on: when the batch is full."""
        del at_once
        return np.full(len(visits), self._full)
