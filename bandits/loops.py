"""How a learner works through blocks: by itself, watched, or visit by visit in a plain loop."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bandits.answers import Misbehaviour, blamed, check, checked, locked
from bandits.errors import InputError
from bandits.protocol import Block, BlockLearner, Choices, Corrigible, Floats, Learner, Savable

LARGE = 1e9


class Stepwise(BlockLearner):
    """Plays blocks with a learner that knows single visits only, and checks what it answers.

    Args:
        learner: has `choose` and `learn`, and perhaps `correct`.
    """

    def __init__(self, learner: Learner) -> None:
        self._learner = learner

    def play(self, block: Block) -> Choices:
        """Choose, and learn where rewards are known at once, visit by visit."""
        block = locked(block)
        action, propensity = np.empty(len(block), dtype=np.int64), np.empty(len(block))
        error, explored = np.zeros(len(block)), np.zeros(len(block), dtype=np.bool_)
        memos, told = [], True
        for n in range(len(block)):
            visit = block.visit(n)
            with blamed(n):
                choice = self._learner.choose(visit)
                action[n], propensity[n] = checked(choice, visit.available, n)
                memos.append(choice.memo)
                error[n], told = choice.error, told and choice.explored is not None
                explored[n] = bool(choice.explored)
                if block.rewards is not None and not np.isnan(reward := block.rewards[n, action[n]]):
                    self._learner.learn(visit, choice, float(reward))
        if len({None if memo is None else np.shape(memo) for memo in memos}) > 1:
            raise Misbehaviour("answered a block", " with memos of different shapes")
        some = len(memos) > 0 and memos[0] is not None
        return Choices(
            action,
            propensity,
            memo=np.array(memos, dtype=np.float64) if some else None,
            error=error if error.any() else None,
            explored=explored if told else None,
        )

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        """Learn visit by visit."""
        for n in range(len(block)):
            with blamed(n):
                self._learner.learn(block.visit(n), choices.choice(n), float(rewards[n]))

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        """Correct visit by visit."""
        if not isinstance(self._learner, Corrigible):
            raise Misbehaviour("could not correct a reward", ": its learner has no `correct`")
        for n in range(len(block)):
            with blamed(n):
                self._learner.correct(block.visit(n), choices.choice(n), float(deltas[n]))

    def state(self) -> dict[str, npt.NDArray[np.generic]]:
        """What the learner says that it has learnt.

        Raises:
            InputError: when it does not say.
        """
        return self._savable().state()

    def restore(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Hand the learner what it has said."""
        self._savable().restore(state)

    def _savable(self) -> Savable:
        if not isinstance(self._learner, Savable):
            raise InputError(
                "cannot be saved: its learner has no state() and restore(state)", type(self._learner).__name__
            )
        return self._learner


class Watched(BlockLearner):
    """A block learner of one's own, whose answers are checked, and which is blamed for what it raises.

    Args:
        learner: plays blocks.
    """

    def __init__(self, learner: BlockLearner) -> None:
        self._learner, self._audited = learner, False

    def play(self, block: Block) -> Choices:
        """Play, and check the answer."""
        audit = not self._audited and block.rewards is not None and len(block) > 0
        twins = _twins(self._learner) if audit else None
        with blamed(None):
            choices = self._learner.play(locked(block))
        check(choices, block.available)
        if audit:
            self._audited = True
            if twins is not None:
                _audit(*twins, block, choices)
        return choices

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        """Learn."""
        with blamed(None):
            self._learner.learn_many(block, choices, rewards)

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        """Correct."""
        with blamed(None):
            self._learner.correct_many(block, choices, deltas)


def _twins(learner: BlockLearner) -> tuple[BlockLearner, BlockLearner] | None:
    """Two copies of a learner; None where it cannot be copied."""
    try:
        return copy.deepcopy(learner), copy.deepcopy(learner)
    except Exception:  # noqa: BLE001  whatever a learner of one's own may hold
        return None


def _audit(suspect: BlockLearner, control: BlockLearner, block: Block, choices: Choices) -> None:
    """Hide the rewards of the actions that were not chosen, and see whether a copy of the learner chooses the same.

    Raises:
        Misbehaviour: when it does not, although another copy, from which nothing is hidden, does.
    """
    if block.rewards is None:
        return
    rows = np.arange(len(block))
    nonsense = np.where(rows % 2, LARGE, -LARGE)  # whoever picks the best is misled, and whoever picks the worst
    rewards = np.repeat(nonsense[:, None], block.rewards.shape[1], axis=1)
    rewards[rows, choices.action] = block.rewards[rows, choices.action]
    with blamed(None):
        hidden = suspect.play(locked(replace(block, rewards=rewards))).action
        shown = control.play(locked(block)).action
    if np.array_equal(shown, choices.action) and not np.array_equal(hidden, choices.action):
        rest = ", when the rewards of those that it had not chosen were hidden from it"
        raise Misbehaviour("chose another action", rest, int(np.argmax(hidden != choices.action)))


def in_blocks(learner: Learner | BlockLearner) -> BlockLearner:
    """The learner itself if it plays blocks (watched, if it is one's own), else a plain loop around it."""
    if not isinstance(learner, BlockLearner):
        return Stepwise(learner)
    return learner if is_ours(learner) else Watched(learner)


def is_ours(thing: object) -> bool:
    """Whether a policy or a learner is of this package, rather than of the user's own."""
    return type(thing).__module__.partition(".")[0] == "bandits"
