"""Visits as a learner sees them, and what it answers, one by one and in blocks.

Axes are always N (visits), K (actions), D (visitor features), M (action features).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Visit:
    """One opportunity to recommend: all that a learner may see.

    Args:
        x: (D,) the visitor's features.
        available: (K,) which actions may be shown now.
        z: (K, M) features of the actions, where there are any.
        cohort: index into `Problem.cohorts`, for a policy with `sees_cohort`.
        user: id of the visitor, for a policy with `sees_user`.
        expected: (K,) true expected rewards, for the oracles alone: the visitor's, or their cohort's mean.
        caution: withhold every action whose estimate minus `caution` standard deviations is not above 0 (see Cautious);
            −inf withholds none.
        levels: (L, 2) the cautions that `caution` is a draw of, and the probability of each; None if it is none.
        greedy: whether nothing may be explored: show what is best by the estimates (see ExposureCap).
        asks: whether somebody wants to know a propensity that takes time to compute; it must not change the choice.
    """

    x: Floats
    available: Bools
    z: Floats | None = None
    cohort: int | None = None
    user: int | None = None
    expected: Floats | None = None
    caution: float = -np.inf
    levels: Floats | None = None
    greedy: bool = False
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """An action, and what goes with it.

    Args:
        action: index of one of the available actions.
        propensity: probability with which it was chosen given all that was known; NaN where it cannot be told.
        memo: (any,) what the learner wants to be handed back with the reward, such as what it believed at the time.
        error: standard error of the propensity where it is an estimate; 0 where it is exact.
        explored: whether the learner shows what it does not take for the best, in order to learn; None if
            it can't tell.
    """

    action: int
    propensity: float = float("nan")
    memo: Floats | None = None
    error: float = 0.0
    explored: bool | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """N visits that are served together, as a learner sees them. The fields are those of `Visit`, stacked.

    Args:
        x: (N, D).
        available: (N, K).
        rewards: (N, K) what each action would bring, of which a learner may read the chosen one alone, after choosing;
            a contract test fills the others with nonsense and asks for the same actions. None: rewards come later.
            NaN: with that action the visit does not take place (a log does not say what would have come of it), and
            nothing is learnt of it.
        z: (K, M).
        cohort: (N,).
        user: (N,).
        expected: (N, K).
        caution: (N,).
        levels: (L, 2), the same for all visits.
        greedy: (N,).
        asks: the same for all visits.
    """

    x: Floats
    available: Bools
    rewards: Floats | None = None
    z: Floats | None = None
    cohort: Ints | None = None
    user: Ints | None = None
    expected: Floats | None = None
    caution: Floats | None = None
    levels: Floats | None = None
    greedy: Bools | None = None
    asks: bool = False

    def __len__(self) -> int:
        return len(self.x)

    def visit(self, n: int) -> Visit:
        """The n-th visit, without any reward."""
        return Visit(
            x=self.x[n],
            available=self.available[n],
            z=self.z,
            cohort=None if self.cohort is None else int(self.cohort[n]),
            user=None if self.user is None else int(self.user[n]),
            expected=None if self.expected is None else self.expected[n],
            caution=-np.inf if self.caution is None else float(self.caution[n]),
            levels=self.levels,
            greedy=self.greedy is not None and bool(self.greedy[n]),
            asks=self.asks,
        )

    def takes_place(self, action: Ints) -> Bools:
        """Which visits (N,) take place with these actions (N,), as far as it is told: all where rewards come later."""
        if self.rewards is None:
            return np.ones(len(action), dtype=np.bool_)
        happens: Bools = ~np.isnan(self.rewards[np.arange(len(action)), action])
        return happens

    def revealed(self, action: Ints) -> tuple[Ints, Floats]:
        """The visits that take place with these actions (N,) and have rewards now: which they are, and the rewards."""
        if self.rewards is None:
            return np.empty(0, dtype=np.int64), np.empty(0)
        rows = np.flatnonzero(self.takes_place(action))
        return rows, self.rewards[rows, action[rows]]

    def rows(self, rows: Ints) -> Block:
        """Some of the visits, in the given order."""
        return replace(
            self,
            x=self.x[rows],
            available=self.available[rows],
            rewards=None if self.rewards is None else self.rewards[rows],
            cohort=None if self.cohort is None else self.cohort[rows],
            user=None if self.user is None else self.user[rows],
            expected=None if self.expected is None else self.expected[rows],
            caution=None if self.caution is None else self.caution[rows],
            greedy=None if self.greedy is None else self.greedy[rows],
        )

    @classmethod
    def of(cls, visit: Visit) -> Block:
        """A block of one visit."""
        return cls(
            x=np.asarray(visit.x, dtype=np.float64)[None],
            available=np.asarray(visit.available, dtype=np.bool_)[None],
            z=visit.z,
            cohort=None if visit.cohort is None else np.array([visit.cohort]),
            user=None if visit.user is None else np.array([visit.user]),
            expected=None if visit.expected is None else visit.expected[None],
            caution=np.array([visit.caution]),
            levels=visit.levels,
            greedy=np.array([visit.greedy]),
            asks=visit.asks,
        )


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of a block.

    Args:
        action: (N,).
        propensity: (N,) probability of each choice given all that was known; NaN where it cannot be told.
        memo: (N, any) what the learner wants to be handed back with the rewards.
        error: (N,) standard error of each propensity; None where all are exact, or not known.
        explored: (N,) whether each shows what the learner does not take for the best; None if it can't tell.
    """

    action: Ints
    propensity: Floats
    memo: Floats | None = None
    error: Floats | None = None
    explored: Bools | None = None

    def rows(self, rows: Ints) -> Choices:
        """Some of the choices, in the given order."""
        return Choices(
            self.action[rows],
            self.propensity[rows],
            None if self.memo is None else self.memo[rows],
            None if self.error is None else self.error[rows],
            None if self.explored is None else self.explored[rows],
        )

    def choice(self, n: int) -> Choice:
        """The n-th choice."""
        return Choice(
            int(self.action[n]),
            float(self.propensity[n]),
            None if self.memo is None else self.memo[n],
            0.0 if self.error is None else float(self.error[n]),
            None if self.explored is None else bool(self.explored[n]),
        )

    @classmethod
    def of(cls, choice: Choice) -> Choices:
        """The choices of a block of one visit."""
        return cls(
            np.array([choice.action]),
            np.array([choice.propensity]),
            None if choice.memo is None else choice.memo[None],
            None if choice.error == 0.0 else np.array([choice.error]),
            None if choice.explored is None else np.array([choice.explored]),
        )
