"""The learner of VowpalWabbit: visits become examples, and distributions become choices.

Making an example costs more than learning from it. So the examples of the actions are made once, and the one that they
share, the visitor, is filled anew in place. Only for the action that is learnt another is parsed, since a label that is
set once can't be taken off; it comes from Vowpal Wabbit's pool and goes back there.

Where the other actions are not looked at in learning, they are not given the visitor's features then. What remains to
Python runs through C's iterators as far as it can: benchmarks/vowpal.py says what a visit costs.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, cycle, repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from bandits.errors import InputError
from bandits.protocol import Block, BlockLearner, Choices, Floats, Problem
from bandits.wabbit_model import model_of, reopened

_U = ord("u")  # the namespace of the visitor

_Features = list[tuple[int, float]]  # places and values

# writing a number as text takes as long as a call to Vowpal Wabbit, and a greedy policy has few propensities
_said = lru_cache(maxsize=4096)(repr)


@dataclass(slots=True)
class _Offer:
    """What is offered on a visit.

    Args:
        actions: their numbers.
        examples: the shared one, and that of each action.
        lesson: as many examples as there are actions, the last of which is to be replaced by the one that is learnt.
    """

    actions: list[int]
    examples: list[Any]
    lesson: list[Any]


_Teach = Callable[[_Features, _Offer, int, int, float, float], None]


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
        reopen: opens a workspace with the same options, that goes on from the model in a file, by the file's name.
    """

    def __init__(
        self,
        workspace: Any,  # noqa: ANN401  Vowpal Wabbit ships no types
        problem: Problem,
        rng: np.random.Generator,
        *,
        averages: bool,
        alone: bool,
        reopen: Callable[[str], Any],
    ) -> None:
        from vowpalwabbit.pyvw import pylibvw  # noqa: PLC0415  it is there, since the workspace is

        self._rng, self._problem, self._alone, self._reopen = rng, problem, alone, reopen
        self._example, self._label = pylibvw.example, pylibvw.vw.lContextualBandit
        self._idle = None if averages else problem.nothing
        self._texts: list[str] = []
        self._actions: list[Any] = []
        self._work_in(workspace)

    def _work_in(self, workspace: Any) -> None:  # noqa: ANN401  the same
        """Make the examples, all of which belong to a workspace."""
        self._workspace = workspace
        features = range(len(self._problem.features))
        self._shared = self._made("shared |u " + " ".join(f"{d}:1" for d in features))
        # where the features live, as set up by Vowpal Wabbit, so that they can be put there without another set-up
        self._places = [self._shared.feature(_U, d) for d in features]
        self._know(None)
        self._teach = self._teaching_alone() if self._alone else self._teaching_among_all()

    def play(self, block: Block) -> Choices:
        """Choose for each visit in turn and, where rewards are known at once, learn from each choice.

        Raises:
            InputError: when the weights have diverged, so that there is no distribution to choose from.
        """
        action: list[int] = []
        propensity: list[float] = []
        # names bound here, since each look-up of an attribute is a hundredth of a visit
        workspace, shared, rewards, idle, teach = self._workspace, self._shared, block.rewards, self._idle, self._teach
        erase, push, predict = shared.erase_namespace, shared.push_feature_list, workspace.predict_multi
        scores = shared.get_action_scores
        luck = self._rng.random(len(block)).tolist()
        for n, (features, offer, uniform) in enumerate(
            zip(self._features(block), self._offers(block), luck, strict=True)
        ):
            erase(_U)
            push(workspace, _U, 0, features)
            predict(offer.examples)
            pmf = scores()
            # single precision leaves the sum up to 3e-6 away from 1
            upto = list(accumulate(pmf))
            total = upto[-1]
            if not total > 0:
                what = f"has probabilities that add up to {total}: its weights diverged; lower learning_rate"
                raise InputError(what, "VowpalWabbit")
            place = bisect_right(upto, uniform * total)
            k, chance = offer.actions[place], pmf[place] / total
            action.append(k)
            propensity.append(chance)
            if rewards is not None and k != idle and not math.isnan(reward := rewards.item(n, k)):
                teach(features, offer, place, k, reward, chance)
        return Choices(np.array(action, dtype=np.int64), np.array(propensity, dtype=np.float64))

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        """Take in rewards (N,) that arrive later than their visits.

        Raises:
            InputError: when the propensity of a choice is not known.
        """
        if np.isnan(choices.propensity).any():
            raise InputError("learns from choices of known propensity only, got NaN", "VowpalWabbit")
        visits = zip(self._features(block), self._offers(block), strict=True)
        chosen = zip(choices.action.tolist(), rewards.tolist(), choices.propensity.tolist(), strict=True)
        for (features, offer), (k, reward, chance) in zip(visits, chosen, strict=True):
            if k != self._idle:
                self._shared.erase_namespace(_U)
                self._shared.push_feature_list(self._workspace, _U, 0, features)
                self._teach(features, offer, offer.actions.index(k), k, reward, chance)

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        """Refuse: a gradient step can't be taken back.

        Raises:
            InputError: always.
        """
        del block, choices, deltas
        what = "cannot correct a reward it has already learnt; use feedback = 'at once' or 'wait'"
        raise InputError(what, "VowpalWabbit")

    def state(self) -> dict[str, npt.NDArray[np.generic]]:
        """All that it has learnt, and its luck, as arrays by name: Vowpal Wabbit's model, and that of the generator."""
        luck = json.dumps(self._rng.bit_generator.state).encode()
        return {
            "model": np.frombuffer(model_of(self._workspace), dtype=np.uint8),
            "luck": np.frombuffer(luck, dtype=np.uint8),
        }

    def restore(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Go on where another learner of the same policy and problem was when its state was taken.

        Raises:
            InputError: when the state is that of a learner with other options, or none.
        """
        luck = json.loads(state["luck"].astype(np.uint8).tobytes())
        model = state["model"].astype(np.uint8).tobytes()
        workspace = reopened(model, self._workspace, self._reopen)
        self._rng.bit_generator.state = luck
        self._work_in(workspace)

    def _features(self, block: Block) -> Iterable[_Features]:
        """What each visitor's namespace is filled with: pairs that are cut into visits without Python's interpreter."""
        if not self._places:
            return repeat([], len(block))
        pairs = zip(cycle(self._places), block.x.ravel().tolist(), strict=False)
        return map(list, zip(*[pairs] * len(self._places), strict=True))

    def _offers(self, block: Block) -> Iterable[_Offer]:
        """What is offered on each visit; where it is everything, one and the same."""
        if not _same(block.z, self._z):
            self._know(block.z)
        if block.available.all():
            return repeat(self._everything, len(block))
        return (self._offer(np.flatnonzero(row).tolist()) for row in block.available)

    def _offer(self, actions: list[int]) -> _Offer:
        return _Offer(actions, [self._shared, *(self._actions[k] for k in actions)], self._actions[: len(actions)])

    def _teaching_alone(self) -> _Teach:
        """Learns the cost of an action from its example, which is given the visitor's features, and any others."""
        workspace, texts, scale = self._workspace, self._texts, self._problem.reward_scale
        parse, learn, finish = workspace._parse, workspace.learn_multi, workspace._finish_example_multi_ex  # noqa: SLF001  what wraps them costs as much again

        def teach(features: _Features, offer: _Offer, _: int, k: int, reward: float, chance: float) -> None:
            parsed = parse(f"0:{-reward / scale!r}:{_said(chance)} {texts[k]}")
            labelled = parsed[0]
            labelled.push_namespace(_U)
            labelled.push_feature_list(workspace, _U, 0, features)
            # last, because Vowpal Wabbit leaves its prediction in the first, with which its pool can't take it back
            offer.lesson[-1] = labelled
            learn(offer.lesson)
            finish(parsed)

        return teach

    def _teaching_among_all(self) -> _Teach:
        """Learns the cost of an action from all that were offered."""
        workspace, texts, scale = self._workspace, self._texts, self._problem.reward_scale
        parse, learn, finish = workspace._parse, workspace.learn_multi, workspace._finish_example_multi_ex  # noqa: SLF001  the same

        def teach(_: _Features, offer: _Offer, place: int, k: int, reward: float, chance: float) -> None:
            parsed = parse(f"0:{-reward / scale!r}:{_said(chance)} {texts[k]}")
            learn([*offer.examples[: place + 1], parsed[0], *offer.examples[place + 2 :]])
            finish(parsed)

        return teach

    def _know(self, z: Floats | None) -> None:
        """Make the examples of the actions, with their features (K, M)."""
        self._z = None if z is None else z.copy()
        everything = list(range(len(self._problem.actions)))
        self._texts[:] = [self._text(k, z) for k in everything]
        self._actions[:] = [self._made(text) for text in self._texts]
        self._everything = self._offer(everything)

    def _text(self, k: int, z: Floats | None) -> str:
        if k == self._problem.nothing:
            return "|n"
        features = [] if z is None else z[k].tolist()
        K = len(self._problem.actions)
        return f"|a {k} " + " ".join(f"{K + m}:{value!r}" for m, value in enumerate(features))

    def _made(self, text: str) -> Any:  # noqa: ANN401  Vowpal Wabbit ships no types
        return self._example(self._workspace, self._label, text)


def _same(one: Floats | None, other: Floats | None) -> bool:
    return one is other or (one is not None and other is not None and np.array_equal(one, other))
