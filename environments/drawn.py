"""Worlds whose visits are drawn block by block: the papers' testbeds, and most worlds of one's own.

Every visitor is a stranger, and every reward is known at once. N visits, K actions, D features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import Field

from bandits.description import identity
from bandits.errors import Fault, InputError
from bandits.protocol import Floats, Ints, Problem
from environments.changing import Change, in_order
from environments.protocol import EVERYBODY, About, Cohort, Outcome, Visits

BLOCK = 1_024
ROUNDING = 1e-6
BAD = "A bad recommendation is one whose expected reward is below"
Block = Annotated[int, Field(ge=1, le=1_000_000)]
"""Visits that are served together."""
Horizon = Annotated[int, Field(ge=1, le=1_000_000_000_000)]
"""Visits in a replication."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What luck has decided of the next N visits.

    Args:
        expected: (N, K) expected reward of each action.
        rewards: (N, K) what each action would bring.
        x: (N, D) features of the visitors; ones without it.
        cohort: (N,) index of each visitor's cohort; 0 without it.
        available: (N, K) which actions may be shown; all without it.
        typical: (N, K) mean expected reward of each action over the visitor's cohort, where `Problem.typical`.
    """

    expected: npt.NDArray[np.generic]
    rewards: npt.NDArray[np.generic]
    x: npt.NDArray[np.generic] | None = None
    cohort: Ints | None = None
    available: npt.NDArray[np.bool_] | None = None
    typical: Floats | None = None


class Told(Protocol):
    """A description, as far as its world needs it."""

    @property
    def problem(self) -> Problem:
        """What is public."""
        ...

    @property
    def about(self) -> About:
        """How it is presented."""
        ...


class DrawnWorld:
    """Serves visits that a function draws.

    Args:
        description: of the world: what is public, and how many visits there are.
        draw: n ↦ the next n visits. It draws each quantity from a stream of its own, in order of the visits, so that
            they are the same in however many pieces they are asked for.
        block: visits that are served together.
        bad_below: a shown action is a bad recommendation where its expected reward is below this; None: nothing is bad.

    Raises:
        InputError: when the description says that something is bad, and this does not say what, or the other way round.
    """

    users = None

    def __init__(
        self, description: Told, draw: Callable[[int], Drawn], *, block: int = BLOCK, bad_below: float | None = None
    ) -> None:
        about = description.about
        in_own_words = about.bad_means != "" and not about.bad_means.startswith(BAD)
        faults = []
        if (bad_below is None) if in_own_words else (about.bad_means != _bad_means(bad_below)):
            faults.append(Fault("must be given to about_of and DrawnWorld alike, or to neither", ("bad_below",)))
        self.problem = description.problem
        keys = tuple(cohort.key for cohort in about.cohorts)
        if self.problem.cohorts and tuple(self.problem.cohorts) != keys:
            what = f"must be those of `about`, {keys}, got {tuple(self.problem.cohorts)}"
            faults.append(Fault(what, ("problem", "cohorts")))
        if faults:
            raise InputError(faults, about.title)
        self._draw, self._block, self._bad_below = draw, block, bad_below
        self._served, self._left = 0, about.horizon
        self._rewards = np.empty((0, len(self.problem.actions)))

    def next_block(self, most: int | None = None) -> Visits | None:
        """Serve the next visits; None when the horizon is reached.

        Raises:
            InputError: when what was drawn has another shape than the problem says.
        """
        size = min(self._block if most is None else most, self._left)
        if size == 0:
            return None
        drawn, K = self._draw(size), len(self.problem.actions)
        if not isinstance(drawn, Drawn):
            raise InputError(f"what is drawn of {size} visits must be Drawn(…), got {drawn!r}; mend the draw")
        expected = _shaped("expected", drawn.expected, size, K)
        self._rewards = _shaped("rewards", drawn.rewards, size, K)
        D = len(self.problem.features)
        index = np.arange(self._served, self._served + size)
        self._served += size
        self._left -= size
        return Visits(
            index=index,
            time=index,
            end=self._served,
            x=np.ones((size, D)) if drawn.x is None else _shaped("x", drawn.x, size, D),
            available=np.ones((size, K), dtype=np.bool_) if drawn.available is None else drawn.available,
            rewards=self._rewards,
            cohort=np.zeros(size, dtype=np.int64) if drawn.cohort is None else drawn.cohort,
            user=None,
            expected=expected,
            welfare=np.zeros((size, K)) if self._bad_below is None else expected - self._bad_below,
            typical=drawn.typical,
        )

    def respond(self, actions: Ints) -> Outcome:
        """Close the block with the actions that were shown (N,)."""
        return rewards_alone(self._rewards, actions)


def _shaped(what: str, values: npt.NDArray[np.generic], rows: int, columns: int) -> Floats:
    """Numbers (rows, columns), whatever their type was."""
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.shape != (rows, columns):
        raise InputError(f"{what} of {rows} visits must have shape {(rows, columns)}, got {array.shape}; mend the draw")
    return array


def rewards_alone(rewards: Floats, actions: Ints) -> Outcome:
    """What comes of a block of strangers: rewards, and nothing else.

    Args:
        rewards: (N, K) what each action would bring.
        actions: (N,) that were shown.
    """
    N = len(actions)
    return Outcome(
        reward=rewards[np.arange(N), actions],
        values=np.empty((N, 0)),
        left=np.zeros(N, dtype=np.bool_),
        lost=np.empty(0, dtype=np.int64),
    )


def about_of(
    description: object,
    title: str,
    horizon: int,
    *,
    objective_text: str = "What each visit brings.",
    cohorts: Sequence[Cohort] = (EVERYBODY,),
    bad_below: float | None = None,
    notes: Sequence[str] = (),
    changes: Sequence[Change] = (),
) -> About:
    """What a report says of a world of strangers.

    Args:
        description: of the world, by whose parameters it is told from others.
        title: for people.
        horizon: visits in a replication.
        objective_text: what the policy is rewarded for, in a sentence.
        cohorts: who visits.
        bad_below: as in `DrawnWorld`.
        notes: what a reader must know.
        changes: when the world changes, as far as that is known beforehand.

    Raises:
        InputError: one line for each of these that cannot be.
    """
    _check_told(title, horizon, cohorts, changes)
    return About(
        title=title,
        scenario=identity(description),
        objective="reward",
        objective_text=objective_text,
        cohorts=tuple(cohorts),
        outcomes=(),
        tolerance=0.0,
        bad_means=_bad_means(bad_below),
        clock="visit",
        horizon=horizon,
        people=False,
        reward_unit="points",
        notes=tuple(notes),
        changes=in_order(changes),
    )


def _bad_means(bad_below: float | None) -> str:
    return "" if bad_below is None else f"{BAD} {bad_below:g}."


def _check_told(title: str, horizon: int, cohorts: Sequence[Cohort], changes: Sequence[Change]) -> None:
    faults = []
    if horizon < 1:
        faults.append(Fault(f"must be at least 1, got {horizon}", ("horizon",)))
    keys, shares = [cohort.key for cohort in cohorts], [cohort.share for cohort in cohorts]
    if len(set(keys)) < len(keys):
        faults.append(Fault(f"must have different keys, got {keys}", ("cohorts",)))
    if min(shares, default=0.0) <= 0 or abs(sum(shares) - 1) > ROUNDING:
        faults.append(Fault(f"must have shares above 0 that add up to 1, got {shares}", ("cohorts",)))
    if outside := [change for change in changes if not 0 < change.time < horizon]:
        faults.append(Fault(f"must come after the start and before {horizon}, got {outside[0]}", ("changes",)))
    if faults:
        raise InputError(faults, title)
