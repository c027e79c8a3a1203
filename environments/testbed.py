"""What the papers' testbeds have in common: strangers visit, perhaps of several cohorts, and rewards are known at once.

C cohorts. Expected rewards are known, so regret is exact.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Self, TypedDict

from pydantic import model_validator

from bandits.description import Description
from bandits.errors import Fault, InputError
from bandits.protocol import Floats, Problem
from environments.drawn import Block, Drawn, DrawnWorld, Horizon, about_of
from environments.protocol import EVERYBODY, About
from environments.testbed_cohorts import Group, cohorts_of, disagreements, shares_of

HORIZON = 10_000


class Common(TypedDict, total=False):
    """What can be said of every testbed, by keyword; for what it means see `Testbed`."""

    cohorts: Sequence[object]
    horizon: int
    block: int
    observe_cohort: bool
    bad_below: float | None
    name: str | None


class Testbed(Description):
    """A testbed.

    Args:
        horizon: visits in a replication.
        block: visits that are served together.
        observe_cohort: whether a policy that asks is told the visitor's cohort.
        bad_below: a shown action is a bad recommendation where its expected reward is below this; None: nothing is bad.
        cohorts: who visits; everybody is alike without any.
    """

    title: ClassVar[str]
    objective_text: ClassVar[str]

    if TYPE_CHECKING:  # each testbed declares them after its own, since people read them in the order of declaration
        horizon: Horizon
        block: Block
        observe_cohort: bool
        bad_below: float | None
        cohorts: tuple[Group, ...]

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)  # said once more for the type checker, which makes one up from the fields else

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if faults := [*disagreements(self.cohorts), *self._faults()]:
            raise InputError(faults)
        return self

    def _faults(self) -> Iterator[Fault]:
        """What else is wrong between its parameters."""
        yield from ()

    @property
    def shares(self) -> Floats:
        """Share of each cohort (C,) in the visits."""
        return shares_of(self.cohorts)

    @property
    def shown_cohorts(self) -> tuple[str, ...] | None:
        """Names of the cohorts, if policies may be told them."""
        if not self.observe_cohort:
            return None
        return tuple(cohort.name for cohort in self.cohorts) or (EVERYBODY.key,)

    @property
    @abstractmethod
    def paragraphs(self) -> tuple[tuple[str, str], ...]:
        """What is each declared cohort's own (C,), as (heading, text) of its card."""

    @property
    @abstractmethod
    def problem(self) -> Problem:
        """What is public; the same in every replication."""

    @property
    def about(self) -> About:
        """How it is presented, and what the ledger must know."""
        return about_of(
            self,
            self.name or self.title,
            self.horizon,
            objective_text=self.objective_text,
            cohorts=cohorts_of(self.cohorts, self.paragraphs),
            bad_below=self.bad_below,
            notes=("A simulation with made-up numbers: a testbed from the literature.",),
        )

    @abstractmethod
    def draws(self, seed: int, replication: int) -> Callable[[int], Drawn]:
        """Make the function n ↦ the next n visits of a replication."""

    def open(self, seed: int, replication: int) -> DrawnWorld:
        """Make the world of one replication."""
        return DrawnWorld(self, self.draws(seed, replication), block=self.block, bad_below=self.bad_below)


def numbered(K: int) -> tuple[str, ...]:
    """Names of K actions that have none."""
    return tuple(f"action {k}" for k in range(K))
