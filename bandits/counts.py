"""Policies without features that keep a count and a mean an arm.

n (K,): visits learnt from; mean (K,): mean reward [reward units]; N visits, K arms.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from pydantic import Field

from bandits.compiled import compiled
from bandits.description import Description
from bandits.protocol import Block, BlockLearner, Bools, Choices, Floats, Ints, Problem
from bandits.ties import best_of, ties_with


@compiled
def learn_means(n: Ints, mean: Floats, action: Ints, rewards: Floats, nothing: int) -> None:
    """Fold rewards (N,) into the running means of their arms."""
    for i in range(len(action)):
        k = action[i]
        if k != nothing:
            n[k] += 1
            mean[k] += (rewards[i] - mean[k]) / n[k]


@compiled
def correct_means(n: Ints, mean: Floats, action: Ints, deltas: Floats, nothing: int) -> None:
    """Change rewards (N,) that the means already contain."""
    for i in range(len(action)):
        k = action[i]
        if k != nothing:
            mean[k] += deltas[i] / n[k]


@compiled
def _play_epsilon(
    n: Ints,
    mean: Floats,
    available: Bools,
    rewards: Floats,
    coin: Floats,
    tie: Floats,
    epsilon: float,
    nothing: int,
    action: Ints,
    propensity: Floats,
) -> None:
    """Choose for each visit in turn and, where rewards are given, learn from each choice.

    propensity = epsilon / available + (1 − epsilon) / tied, the second term for the arms that tie for the best alone

    Args:
        n: (K,) visits learnt from, changed in place.
        mean: (K,) mean rewards, changed in place [reward units].
        available: (N, K).
        rewards: (N, K), of which only the chosen ones are read; (0, K) where they come later.
        coin: (N,) uniform draws; one below epsilon explores.
        tie: (N,) uniform draws that pick among equals.
        epsilon: probability of a uniform draw.
        nothing: index of the action that shows nothing, earns 0 and teaches nothing; −1 if there is none.
        action: (N,) is overwritten with the choices.
        propensity: (N,) is overwritten with the probability of each.
    """
    none = np.zeros(len(mean))
    for i in range(len(available)):
        greedy = best_of(mean, available[i], tie[i])
        ties = ties_with(mean, available[i], greedy)
        k = best_of(none, available[i], tie[i]) if coin[i] < epsilon else greedy
        chance = epsilon / available[i].sum()
        if mean[k] == mean[greedy]:
            chance += (1.0 - epsilon) / ties
        action[i], propensity[i] = k, chance
        if len(rewards) > 0:
            learn_means(n, mean, action[i : i + 1], rewards[i, k : k + 1], nothing)


class EpsilonGreedy(Description):
    """Show the arm with the highest mean reward so far; with probability epsilon, any available one. No features.

    Arms that were never tried have mean 0. Explores for ever, and everybody alike.

    Args:
        epsilon: probability of a uniform draw, 0 to 1.

    Source: Sutton & Barto 2018, section 2.4.
    """

    corrects: ClassVar[bool] = True

    epsilon: float = Field(default=0.1, ge=0, le=1)

    def misfit(self, problem: Problem) -> str | None:  # noqa: ARG002  fits every world
        """Why the policy does not fit a world, or None."""
        return None

    def start(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        """Make a fresh learner."""
        return _EpsilonGreedy(problem, self.epsilon, rng)


class _Means(BlockLearner):
    def __init__(self, problem: Problem) -> None:
        K = len(problem.actions)
        self.n, self.mean = np.zeros(K, dtype=np.int64), np.zeros(K)
        self.nothing = -1 if problem.nothing is None else problem.nothing

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:  # noqa: ARG002  no features
        learn_means(self.n, self.mean, choices.action, rewards, self.nothing)

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:  # noqa: ARG002  no features
        correct_means(self.n, self.mean, choices.action, deltas, self.nothing)


class _EpsilonGreedy(_Means):
    def __init__(self, problem: Problem, epsilon: float, rng: np.random.Generator) -> None:
        super().__init__(problem)
        self._epsilon, self._coin, self._tie = epsilon, rng, rng.spawn(1)[0]

    def play(self, block: Block) -> Choices:
        N, K = len(block), block.available.shape[1]
        action, propensity = np.empty(N, dtype=np.int64), np.empty(N)
        rewards = np.empty((0, K)) if block.rewards is None else block.rewards
        coin, tie = self._coin.random(N), self._tie.random(N)
        _play_epsilon(
            self.n, self.mean, block.available, rewards, coin, tie, self._epsilon, self.nothing, action, propensity
        )
        return Choices(action, propensity)


@compiled
def _play_test(
    n: Ints,
    mean: Floats,
    available: Bools,
    rewards: Floats,
    tie: Floats,
    needed: int,
    nothing: int,
    shipped: Floats,
    action: Ints,
    propensity: Floats,
) -> None:
    """Split visits equally until enough have been learnt from, then show the winner; learn as long as rewards come.

    Args:
        n: (K,) visits learnt from, changed in place.
        mean: (K,) mean rewards, changed in place [reward units].
        available: (N, K).
        rewards: (N, K), of which only the chosen ones are read; (0, K) where they come later.
        tie: (N,) uniform draws that pick among equals.
        needed: how many visits end the test.
        nothing: index of the action that shows nothing, earns 0 and teaches nothing; −1 if there is none.
        shipped: (K,) the means at the end of the test, by which arms are ranked for good (−inf: never tested); NaN
            until then. Changed in place.
        action: (N,) is overwritten with the choices.
        propensity: (N,) is overwritten with the probability of each, 1 / the number of actions that tied.
    """
    none = np.zeros(len(mean))
    for i in range(len(available)):
        if math.isnan(shipped[0]) and n.sum() >= needed:
            for k in range(len(mean)):
                shipped[k] = mean[k] if n[k] > 0 or k == nothing else -math.inf
        split = math.isnan(shipped[0])
        candidates = available[i].copy()
        if split and nothing >= 0 and candidates.sum() > 1:
            candidates[nothing] = False
        scores = none if split else shipped
        k = best_of(scores, candidates, tie[i])
        action[i], propensity[i] = k, 1.0 / ties_with(scores, candidates, k)
        if len(rewards) > 0:
            learn_means(n, mean, action[i : i + 1], rewards[i, k : k + 1], nothing)


class ABTest(Description):
    """Split visits equally over the actions, then ship the winner to everybody, for good: what most teams do today.

    The test ends when `visits_per_action` rewards an action have come in on average; then the action with the highest
    mean is shown (where it is unavailable, the next one; one that was never tested, last). Nothing is not an arm: it is
    shipped if all means are below 0.

    Args:
        visits_per_action: size of the test.

    Source: explore-then-commit, Lattimore & Szepesvári 2020, chapter 6 (there arms take turns; here visits are split at
    random, as in controlled experiments: Kohavi, Longbotham, Sommerfield & Henne 2009).
    """

    corrects: ClassVar[bool] = True

    visits_per_action: int = Field(default=100, ge=1)

    def misfit(self, problem: Problem) -> str | None:  # noqa: ARG002  fits every world
        """Why the policy does not fit a world, or None."""
        return None

    def start(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        """Make a fresh learner."""
        return _ABTest(problem, self.visits_per_action, rng)


class _ABTest(_Means):
    def __init__(self, problem: Problem, visits_per_action: int, rng: np.random.Generator) -> None:
        super().__init__(problem)
        self._needed = visits_per_action * (len(problem.actions) - (problem.nothing is not None))
        self._shipped, self._rng = np.full(len(problem.actions), np.nan), rng

    def play(self, block: Block) -> Choices:
        N, K = len(block), block.available.shape[1]
        action, propensity = np.empty(N, dtype=np.int64), np.empty(N)
        rewards = np.empty((0, K)) if block.rewards is None else block.rewards
        tie = self._rng.random(N)
        _play_test(
            self.n,
            self.mean,
            block.available,
            rewards,
            tie,
            self._needed,
            self.nothing,
            self._shipped,
            action,
            propensity,
        )
        return Choices(action, propensity)
