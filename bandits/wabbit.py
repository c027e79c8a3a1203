"""The learner of VowpalWabbit: visits become examples, and distributions become choices.

Making an example costs more than learning from it. So the examples of the actions are made once, and the one that they
share, the visitor, is filled anew in place. Only for the action that is learnt another is parsed, since a label that is
set once can't be taken off; it comes from Vowpal Wabbit's pool and goes back there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate, repeat
from typing import Any

import numpy as np

from bandits.errors import InputError
from bandits.protocol import Block, BlockLearner, Bools, Choices, Floats, Problem

_U = ord("u")  # the namespace of the visitor

_Features = list[tuple[int, float]]  # places and values


class Wabbit(BlockLearner):
    """Draws actions from Vowpal Wabbit's distribution, and tells it their costs, −reward / reward_scale.

    Args:
        workspace: of vowpalwabbit, made for `--cb_explore_adf`.
        problem: of the world.
        rng: one uniform a visit.
        averages: whether the estimator averages over all visits, those in which nothing was shown included ("ips" and
            "dr" do). Then it is told that nothing brought 0, which leaves its predicted reward at 0.
        alone: whether the example of the chosen action is all that is learnt from. Then only that one is given the
            visitor's features; what the others are matters no more, and how many they are still does.
    """

    def __init__(
        self,
        workspace: Any,  # noqa: ANN401  Vowpal Wabbit ships no types
        problem: Problem,
        rng: np.random.Generator,
        *,
        averages: bool,
        alone: bool,
    ) -> None:
        from vowpalwabbit.pyvw import pylibvw  # noqa: PLC0415  it is there, since the workspace is

        self._workspace, self._rng = workspace, rng
        self._example, self._label = pylibvw.example, pylibvw.vw.lContextualBandit
        self._scale, self._nothing = problem.reward_scale, problem.nothing
        self._alone = alone
        self._idle = None if averages else problem.nothing
        self._K = len(problem.actions)
        self._shared = self._made("shared |u " + " ".join(f"{d}:1" for d in range(len(problem.features))))
        # where the features live, as set up by Vowpal Wabbit, so that they can be put there without another set-up
        self._places = [self._shared.feature(_U, d) for d in range(len(problem.features))]
        self._know(None)

    def play(self, block: Block) -> Choices:
        """Choose for each visit in turn and, where rewards are known at once, learn from each choice.

        Raises:
            InputError: when the weights have diverged, so that there is no distribution to choose from.
        """
        action: list[int] = []
        propensity: list[float] = []
        predict, scores, rewards = self._workspace.predict_multi, self._shared.get_action_scores, block.rewards
        uniform = self._rng.random(len(block)).tolist()
        for n, (features, examples, offered) in enumerate(self._visits(block)):
            predict(examples)
            pmf = scores()
            # single precision leaves the sum up to 3e-6 away from 1
            upto = list(accumulate(pmf))
            total = upto[-1]
            if not total > 0:
                what = f"has probabilities that add up to {total}: its weights diverged; lower learning_rate"
                raise InputError(what, "VowpalWabbit")
            place = bisect_right(upto, uniform[n] * total)
            k, chance = offered[place], pmf[place] / total
            action.append(k)
            propensity.append(chance)
            if rewards is not None:
                self._teach(features, examples, place, k, rewards.item(n, k), chance)
        return Choices(np.array(action, dtype=np.int64), np.array(propensity, dtype=np.float64))

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        """Take in rewards (N,) that arrive later than their visits.

        Raises:
            InputError: when the propensity of a choice is not known.
        """
        if np.isnan(choices.propensity).any():
            raise InputError("learns from choices of known propensity only, got NaN", "VowpalWabbit")
        chosen = zip(choices.action.tolist(), rewards.tolist(), choices.propensity.tolist(), strict=True)
        for (features, examples, offered), (k, reward, chance) in zip(self._visits(block), chosen, strict=True):
            self._teach(features, examples, offered.index(k), k, reward, chance)

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        """Refuse: a gradient step can't be taken back.

        Raises:
            InputError: always.
        """
        del block, choices, deltas
        what = "cannot correct a reward it has already learnt; use feedback = 'at once' or 'wait'"
        raise InputError(what, "VowpalWabbit")

    def _visits(self, block: Block) -> Iterator[tuple[_Features, list[Any], list[int]]]:
        """Each visit: the visitor's features, its examples (the shared one first), and the actions of the others."""
        if not _same(block.z, self._z):
            self._know(block.z)
        erase, push = self._shared.erase_namespace, self._shared.push_feature_list
        workspace, places = self._workspace, self._places
        for x, (examples, offered) in zip(block.x, self._offers(block.available), strict=True):
            features = list(zip(places, x.tolist()))  # noqa: B905  strict costs, and the lengths are the problem's
            erase(_U)
            push(workspace, _U, 0, features)
            yield features, examples, offered

    def _offers(self, available: Bools) -> Iterable[tuple[list[Any], list[int]]]:
        """The examples and the actions of each visit; all of them are one and the same list."""
        if available.all():
            return repeat(self._everything, len(available))
        return (self._offer(np.flatnonzero(row).tolist()) for row in available)

    def _offer(self, actions: list[int]) -> tuple[list[Any], list[int]]:
        return [self._shared, *(self._actions[k] for k in actions)], actions

    def _teach(
        self, features: _Features, examples: list[Any], place: int, action: int, reward: float, chance: float
    ) -> None:
        """Learn the cost of the action whose example is at a place among the actions'."""
        if action == self._idle:
            return
        workspace = self._workspace
        text = f"0:{-reward / self._scale!r}:{chance!r} {self._texts[action]}"
        # underscored methods of the workspace, since their wrappers cost as much again
        parsed = workspace._parse(text)  # noqa: SLF001
        labelled = parsed[0]
        if self._alone:
            labelled.push_namespace(_U)
            labelled.push_feature_list(workspace, _U, 0, features)
            # last, because Vowpal Wabbit leaves a prediction in the first, which the pool can't take
            workspace.learn_multi([*self._actions[: len(examples) - 2], labelled])
        else:
            workspace.learn_multi([*examples[: place + 1], labelled, *examples[place + 2 :]])
        workspace._finish_example_multi_ex(parsed)  # noqa: SLF001

    def _know(self, z: Floats | None) -> None:
        """Make the examples of the actions, with their features (K, M)."""
        self._z = None if z is None else z.copy()
        self._texts = [self._text(k, z) for k in range(self._K)]
        self._actions = [self._made(text) for text in self._texts]
        self._everything = self._offer(list(range(self._K)))

    def _text(self, k: int, z: Floats | None) -> str:
        if k == self._nothing:
            return "|n"
        features = [] if z is None else z[k].tolist()
        return f"|a {k} " + " ".join(f"{self._K + m}:{value!r}" for m, value in enumerate(features))

    def _made(self, text: str) -> Any:  # noqa: ANN401  Vowpal Wabbit ships no types
        return self._example(self._workspace, self._label, text)


def _same(one: Floats | None, other: Floats | None) -> bool:
    return one is other or (one is not None and other is not None and np.array_equal(one, other))
