"""What a policy is, what its learner sees, and what it answers.

Axes are always N (visits), K (actions), D (visitor features), M (action features).
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from bandits.cards import LabelledSample, PersonaCard

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is public about a world before the first visit.

    Args:
        actions: K names.
        features: D names, in the order of `Visit.x`.
        nothing: the action that shows no recommendation and always earns 0, if there is one.
        action_features: M names, in the order of the last axis of `Visit.z`.
        reward_range: bounds of a reward where the world can state them [reward units].
        reward_scale: a typical size of a reward [reward units]. Hyper-parameters such as LinUCB's alpha are multiples
            of it, so that they mean the same in a world of clicks and in a world of dollars.
        cohorts: C names, where a policy with `sees_cohort` may see labels; else None.
        users: how many user ids there are (0 … users − 1), where visitors are recognised; else None.
        corrections: whether rewards that were already learnt are corrected later.
        cards: what the team has declared about its personas.
        sample: users whose cohort somebody has labelled by hand.
        typical: whether the world tells a policy with `sees_typical` what to expect for each cohort.
    """

    actions: tuple[str, ...]
    features: tuple[str, ...] = ()
    nothing: int | None = None
    action_features: tuple[str, ...] = ()
    reward_range: tuple[float, float] | None = None
    reward_scale: float = 1.0
    cohorts: tuple[str, ...] | None = None
    users: int | None = None
    corrections: bool = False
    cards: tuple[PersonaCard, ...] = ()
    sample: LabelledSample | None = field(default=None, repr=False)
    typical: bool = False


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
            x=visit.x[None],
            available=visit.available[None],
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


class Learner(Protocol):
    """The mutable state that a policy starts: it chooses and learns. This is all that a policy of one's own needs."""

    def choose(self, visit: Visit) -> Choice:
        """Choose one of the available actions."""
        ...

    def learn(self, visit: Visit, choice: Choice, reward: float) -> None:
        """Take in the reward of a choice."""
        ...


@runtime_checkable
class Corrigible(Protocol):
    """A learner that can take back a part of what it learnt."""

    def correct(self, visit: Visit, choice: Choice, delta: float) -> None:
        """Change a reward that was already learnt by `delta`."""
        ...


@runtime_checkable
class Savable(Protocol):
    """A learner that can be written to a file, and made again from it."""

    def state(self) -> dict[str, npt.NDArray[np.generic]]:
        """All that it has learnt, and its luck, as arrays by name."""
        ...

    def restore(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Take over the state of another learner of the same policy and problem."""
        ...


class NotUncertain(TypeError):  # noqa: N818  it names what is missing
    """A learner was asked for estimates that it does not have."""


class BlockLearner(ABC):
    """A learner that works through whole blocks in one compiled loop.

    `choose` and `learn` are the same kernels on a block of one visit, so that both ways agree bit for bit.

    Attributes:
        origin: the policy and the problem that it was started from, where that is known.
    """

    origin: tuple[Policy, Problem] | None = None

    @abstractmethod
    def play(self, block: Block) -> Choices:
        """Choose for each visit in turn and, where `block.rewards` are known at once, learn from each choice."""

    @abstractmethod
    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        """Take in rewards (N,) that arrive later than their visits."""

    @abstractmethod
    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        """Change rewards (N,) that were already learnt by `deltas`."""

    def estimates(self, block: Block) -> tuple[Floats, Floats]:
        """What is believed at each visit: means and standard deviations (N, K) [reward units].

        Raises:
            NotUncertain: when the learner has none, as its policy's `uncertain` says.
        """
        del block
        raise NotUncertain

    def state(self) -> dict[str, npt.NDArray[np.generic]]:
        """All that it has learnt, and its luck, as arrays by name."""
        from bandits.saving import state_of  # noqa: PLC0415  it knows learners, and so this module

        return state_of(self)

    def restore(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Take over the state of another learner of the same policy and problem."""
        from bandits.saving import restore  # noqa: PLC0415  see above

        restore(self, state)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the learner to a file, from which `bandits.load(path)` makes it again; see `bandits.saving`."""
        from bandits.saving import save  # noqa: PLC0415  see above

        save(self, path)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Go on where a learner of the same policy and problem was saved; see `bandits.saving`."""
        from bandits.saving import load_into  # noqa: PLC0415  see above

        load_into(self, path)

    def choose(self, visit: Visit) -> Choice:
        """Choose one of the available actions."""
        return self.play(Block.of(visit)).choice(0)

    def learn(self, visit: Visit, choice: Choice, reward: float) -> None:
        """Take in the reward of a choice."""
        self.learn_many(Block.of(visit), Choices.of(choice), np.array([reward], dtype=np.float64))

    def correct(self, visit: Visit, choice: Choice, delta: float) -> None:
        """Change a reward that was already learnt by `delta`."""
        self.correct_many(Block.of(visit), Choices.of(choice), np.array([delta], dtype=np.float64))


class Policy(Protocol):
    """A frozen description: hyper-parameters only. `start` makes what chooses and learns."""

    def start(self, problem: Problem, rng: np.random.Generator) -> Learner | BlockLearner:
        """Make a fresh learner, whose only randomness is `rng`."""
        ...


@dataclass(frozen=True, slots=True)
class Needs:
    """What a policy asks of a world, read from its class attributes of the same names (each False if absent).

    Args:
        sees_cohort: it is told each visitor's cohort.
        sees_user: it recognises returning visitors.
        sees_expected: it is handed expected rewards: the oracle.
        sees_typical: it is handed their means over the visitor's cohort: the oracle of personas.
        corrects: it can correct a reward that it has already learnt.
    """

    sees_cohort: bool = False
    sees_user: bool = False
    sees_expected: bool = False
    sees_typical: bool = False
    corrects: bool = False

    @classmethod
    def of(cls, policy: Policy) -> Needs:
        """Read the attributes of any policy, one's own included."""
        return cls(**{name: bool(getattr(policy, name, False)) for name in cls.__slots__})
