"""Policies that learn nothing: the marks that a learning policy is measured against."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import BeforeValidator, Field

from bandits.compiled import compiled
from bandits.errors import unknown
from bandits.policy import BuiltIn
from bandits.protocol import Block, BlockLearner, Bools, Choices, Floats, Ints, Problem
from bandits.ties import best_of


class Unlearning(BlockLearner):
    """A learner that has nothing to learn, and so nothing to correct."""

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        """Take no notice."""

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        """Take no notice."""


class Nothing(BuiltIn):
    """Show no recommendation, ever: what happens to people whom nobody advises.

    Where even that is not available, the first action that is.
    """

    corrects: ClassVar[bool] = True

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return None if problem.nothing is not None else "shows nothing, and in this world something must be shown"

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:  # noqa: ARG002  needs no luck
        assert problem.nothing is not None  # noqa: S101  else it would not have fitted
        return _Always(problem.nothing, problem.nothing)


def _name_or_index(action: object) -> object:
    if isinstance(action, bool) or not isinstance(action, (str, int)):
        raise ValueError(f"must be the name of an action, or its index, got {action!r}")  # noqa: TRY004  pydantic's
    return action


class Always(BuiltIn):
    """Show the same action to everybody; where it is not available, nothing, or else the first that is.

    Args:
        action: its name, or its index.
    """

    corrects: ClassVar[bool] = True

    action: Annotated[str | int, BeforeValidator(_name_or_index), Field(examples=["Refill carton"])]

    def __init__(self, action: str | int, *, name: str | None = None) -> None:
        super().__init__(action=action, name=name)

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        if isinstance(self.action, str):
            return None if self.action in problem.actions else unknown("action", self.action, problem.actions)
        inside = 0 <= self.action < len(problem.actions)
        return None if inside else f"action must be 0 to {len(problem.actions) - 1}, got {self.action}"

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:  # noqa: ARG002  needs no luck
        action = problem.actions.index(self.action) if isinstance(self.action, str) else self.action
        return _Always(action, problem.nothing)


class _Always(Unlearning):
    def __init__(self, action: int, nothing: int | None) -> None:
        self._action, self._nothing = action, nothing

    def play(self, block: Block) -> Choices:
        instead = np.argmax(block.available, axis=1)
        if self._nothing is not None:
            instead = np.where(block.available[:, self._nothing], self._nothing, instead)
        action = np.where(block.available[:, self._action], self._action, instead)
        return Choices(action, np.ones(len(block)))


class Random(BuiltIn):
    """Show one of the available actions, each with the same probability; where nothing may be shown, that is one."""

    corrects: ClassVar[bool] = True

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:  # noqa: ARG002  sees only the block
        return _Uniform(rng)


class _Uniform(Unlearning):
    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def play(self, block: Block) -> Choices:
        action = np.empty(len(block), dtype=np.int64)
        _best_rows(np.zeros(block.available.shape), block.available, self._rng.random(len(block)), action)
        return Choices(action, 1.0 / block.available.sum(axis=1))


class Oracle(BuiltIn):
    """Show the action with the highest expected reward, which only a simulation knows: the mark with no regret.

    It is myopic: best for each visit under the objective, which need not be best for the customer, or in the long run.
    """

    corrects: ClassVar[bool] = True
    sees_expected: ClassVar[bool] = True

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:  # noqa: ARG002  sees only the block
        return _Clairvoyant(rng)


class PersonaOracle(BuiltIn):
    """Show the action with the highest expected reward, on average over the visitor's cohort: knows kinds, not people.

    It is the mark of whoever knows the personas and who is of which, and nothing of how one differs from the next.
    What it leaves to the oracle is what only a person's own history can tell. Myopic, as the oracle is.
    """

    corrects: ClassVar[bool] = True
    sees_typical: ClassVar[bool] = True

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:  # noqa: ARG002  sees only the block
        return _Clairvoyant(rng)


class _Clairvoyant(Unlearning):
    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def play(self, block: Block) -> Choices:
        if block.expected is None:
            raise ValueError("the oracle needs expected rewards: it runs in simulated worlds only")
        action = np.empty(len(block), dtype=np.int64)
        _best_rows(block.expected, block.available, self._rng.random(len(block)), action)
        expected = np.where(block.available, block.expected, -np.inf)
        ties = (expected == expected.max(axis=1, keepdims=True)).sum(axis=1)
        return Choices(action, 1.0 / ties)


@compiled
def _best_rows(scores: Floats, available: Bools, tie: Floats, action: Ints) -> None:
    for n in range(len(scores)):
        action[n] = best_of(scores[n], available[n], tie[n])
