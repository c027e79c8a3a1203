"""A world, played visit by visit, for agents that know nothing of blocks."""

from __future__ import annotations

import numpy as np

from bandits.protocol import Ints
from environments.protocol import Visits, World


class Episode:
    """One replication, played visit by visit.

    A world serves blocks, in which it tells beforehand what each action would bring; so it hears of the actions when
    the block is over, as it does from any policy, and luck and users are those of a run.

    Args:
        world: that serves the visits.
        visits: its first block, with a visit in it.

    Attributes:
        visits: the block of the visit that is under way.
        n: which visit of it that is.
        over: whether the horizon is reached; then the last visit stays.
    """

    def __init__(self, world: World, visits: Visits) -> None:
        self._world = world
        self._enter(visits)
        self.over = False

    def _enter(self, visits: Visits) -> None:
        self.visits, self.n = visits, 0
        self._actions: Ints = np.empty(len(visits), dtype=np.int64)

    def act(self, action: int) -> None:
        """Show an action, and go on to the next visit."""
        self._actions[self.n] = action
        if self.n + 1 < len(self.visits):
            self.n += 1
            return
        self._world.respond(self._actions)
        following = next_block(self._world)
        if following is None:
            self.over = True
        else:
            self._enter(following)


def next_block(world: World) -> Visits | None:
    """The next block with a visit in it, or None: there may be days on which nobody comes."""
    while (visits := world.next_block()) is not None and not len(visits):
        world.respond(np.empty(0, dtype=np.int64))
    return visits
