"""What a policy is, what its learner sees, and what it answers.

Axes are always N (visits), K (actions), D (visitor features), M (action features).
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from bandits.cards import LabelledSample, PersonaCard
from bandits.errors import Fault, InputError
from bandits.visits import Block, Bools, Choice, Choices, Floats, Ints, Visit

__all__ = [
    "Block",
    "BlockLearner",
    "Bools",
    "Choice",
    "Choices",
    "Corrigible",
    "Floats",
    "Ints",
    "Learner",
    "Needs",
    "NotUncertain",
    "Policy",
    "Problem",
    "Savable",
    "Visit",
]


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

    def __post_init__(self) -> None:
        """Refuse what no world is like.

        Raises:
            InputError: one line a fault.
        """
        if faults := list(_faults_of(self)):
            raise InputError(faults, "Problem")


def _faults_of(problem: Problem) -> Iterator[Fault]:
    for part in ("actions", "features", "action_features", "cohorts"):
        names = getattr(problem, part)
        if names is None:
            continue
        if isinstance(names, str) or not all(isinstance(name, str) for name in names):
            yield Fault(f"must be names, got {names!r}", (part,))
        elif twice := sorted({name for name in names if list(names).count(name) > 1}):
            yield Fault(f"must all be different, got {twice[0]!r} twice", (part,))
    if not len(problem.actions):
        yield Fault("must name at least one action, got none", ("actions",))
    if problem.nothing is not None and not 0 <= problem.nothing < max(len(problem.actions), 1):
        yield Fault(f"must be the index of one of {len(problem.actions)} actions, got {problem.nothing}", ("nothing",))
    if not 0.0 < problem.reward_scale < np.inf:
        yield Fault(f"must be above 0 and finite, got {problem.reward_scale}", ("reward_scale",))
    if problem.reward_range is not None and not problem.reward_range[0] <= problem.reward_range[1]:
        yield Fault(f"must be the least and the largest reward, got {problem.reward_range}", ("reward_range",))


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
        from bandits.learner_state import state_of  # noqa: PLC0415  it knows learners, and so this module

        return state_of(self)

    def restore(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Take over the state of another learner of the same policy and problem."""
        from bandits.learner_state import restore  # noqa: PLC0415  see above

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
