"""What testbeds have in common whose visitors show nothing of themselves: each action has a mean reward.

C cohorts, K actions, N visits. mu (C, K): mean reward of each action for each cohort.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from bandits.errors import Fault
from bandits.protocol import Floats
from bandits.streams import stream
from environments.cohort_cards import highest, plainly
from environments.drawn import Drawn
from environments.testbed import Testbed, numbered
from environments.testbed_cohorts import Group, visitors


def listed(means: object) -> object:
    """A tuple of means, from a TOML list."""
    if not isinstance(means, (list, tuple)):
        raise ValueError(f"must be a list such as [0.9, 0.8], got {means!r}")  # noqa: TRY004  pydantic's way
    return tuple(means)


class ArmsCohort(Group):
    """A cohort with means of its own, one an action; without them it has those that are common to all."""

    means: tuple[float, ...] | None = None


class Arms(Testbed):
    """Each action has a mean reward, which visitors of one cohort have in common. The only feature is a constant."""

    if TYPE_CHECKING:  # declared by each, see `Testbed`
        means: tuple[float, ...]
        cohorts: tuple[ArmsCohort, ...]

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)  # said once more for the type checker, which makes one up from the fields else

    def _faults(self) -> Iterator[Fault]:
        """What is wrong with the numbers of means."""
        K = len(self.means)
        if K < 2:  # noqa: PLR2004  with fewer there is nothing to choose between
            yield Fault(f"must hold at least two, one an action, got {K}", ("means",))
        for number, cohort in enumerate(self.cohorts, 1):
            if cohort.means is not None and len(cohort.means) != K:
                what = f"must hold one an action, as many as the common means ({K}), got {len(cohort.means)}"
                yield Fault(what, ("cohorts", number, "means"))

    @property
    def paragraphs(self) -> tuple[tuple[str, str], ...]:
        """What is each declared cohort's own: its means, of which the highest are told."""
        names = numbered(len(self.means))
        told = [
            f"{'The common ones' if cohort.means is None else 'Its own'}; the highest: {highest(names, mean, plainly)}"
            for cohort, mean in zip(self.cohorts, self.mu, strict=False)  # one row of means without cohorts
        ]
        return tuple(("Mean rewards", text) for text in told)

    @property
    def mu(self) -> Floats:
        """Mean reward of each action for each cohort (C, K)."""
        own = [self.means if cohort.means is None else cohort.means for cohort in self.cohorts]
        return np.array(own or [self.means])

    @property
    def mean_over_cohorts(self) -> Floats:
        """Mean reward of each action (K,), whoever visits."""
        return self.shares @ self.mu

    @property
    def best_action(self) -> int:
        """The best action for those who do not know the visitor's cohort; without cohorts, the best at every visit."""
        return int(np.argmax(self.mean_over_cohorts))

    @property
    def optimal_value(self) -> float:
        """Expected reward a visit of always choosing what is best for the visitor's cohort: Σ_c share_c max_a mu_ca."""
        return float(self.shares @ self.mu.max(axis=1))

    def draws(self, seed: int, replication: int) -> Callable[[int], Drawn]:
        """Make the function n ↦ the next n visits of a replication."""
        kind = type(self).__name__
        who = visitors(self.cohorts, stream(seed, replication, f"{kind}: visitors"))
        luck, mu = stream(seed, replication, f"{kind}: luck"), self.mu

        def draw(size: int) -> Drawn:
            cohort = who(size)
            expected = mu.take(cohort, axis=0)
            return Drawn(expected, self._rewards(expected, luck), cohort=cohort, typical=expected)

        return draw

    @abstractmethod
    def _rewards(self, expected: Floats, luck: np.random.Generator) -> Floats:
        """What each action would bring (N, K), with these means (N, K)."""
