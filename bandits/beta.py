"""Thompson sampling of a success probability an arm.

wins, losses (K,): the parameters of each arm's Beta posterior; N visits, K arms.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import PositiveFloat

from bandits.compiled import compiled
from bandits.description import Description
from bandits.errors import InputError
from bandits.protocol import Block, BlockLearner, Bools, Choices, Floats, Ints, Problem
from bandits.ties import best_of


@compiled
def _play_beta(
    wins: Floats,
    losses: Floats,
    available: Bools,
    rewards: Floats,
    low: float,
    high: float,
    nothing: int,
    rng: np.random.Generator,
    tie: Floats,
    action: Ints,
) -> bool:
    """Choose for each visit in turn and, where rewards are given, learn from each choice.

    success = (reward − low) / (high − low);  wins ← wins + success, losses ← losses + 1 − success

    Args:
        wins: (K,) a of each arm's Beta posterior, changed in place.
        losses: (K,) b, changed in place.
        available: (N, K).
        rewards: (N, K), of which only the chosen ones are read; (0, K) where they come later.
        low: the reward that is a failure [reward units].
        high: the reward that is a success [reward units].
        nothing: index of the action that shows nothing, earns 0 and teaches nothing; −1 if there is none.
        rng: draws from the posteriors, one an available arm and visit.
        tie: (N,) uniform draws that break ties.
        action: (N,) is overwritten with the choices.

    Returns:
        Whether all rewards were within the bounds; at the first that is not, it stops.
    """
    scores = np.zeros(len(wins))
    for i in range(len(available)):
        for k in range(len(wins)):
            if k == nothing:
                scores[k] = (0.0 - low) / (high - low)
            elif available[i, k]:
                scores[k] = rng.beta(wins[k], losses[k])
        k = best_of(scores, available[i], tie[i])
        action[i] = k
        if len(rewards) > 0 and k != nothing:
            success = (rewards[i, k] - low) / (high - low)
            if not 0.0 <= success <= 1.0:
                return False
            wins[k] += success
            losses[k] += 1.0 - success
    return True


class BetaThompson(Description):
    """Show each action as often as it is likely to succeed most often, the same for everybody: no features.

    Thompson sampling of a success probability an arm, from a Beta posterior.
    P_k | data ~ Beta(successes + Σr, failures + Σ(1 − r)), r the reward mapped to 0 … 1 by the world's bounds. Exact
    for rewards that are either bound; for those between, r counts as that fraction of a success.

    Args:
        successes: of the prior, a.
        failures: of the prior, b.

    Source: Thompson 1933; Chapelle & Li 2011, Algorithm 2.
    """

    corrects: ClassVar[bool] = True

    successes: PositiveFloat = 1.0
    failures: PositiveFloat = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        if problem.reward_range is None:
            return "needs bounded rewards, and this world's have no bounds; use GaussianThompson"
        low, high = problem.reward_range
        return None if low < high else f"needs rewards that differ, and this world's are all {low}"

    def start(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        """Make a fresh learner."""
        return _BetaThompson(problem, self.successes, self.failures, rng)


class _BetaThompson(BlockLearner):
    def __init__(self, problem: Problem, successes: float, failures: float, rng: np.random.Generator) -> None:
        if problem.reward_range is None:
            raise ValueError("BetaThompson needs bounded rewards")
        K = len(problem.actions)
        self._prior = successes, failures
        self.wins, self.losses = np.full(K, successes), np.full(K, failures)
        self._low, self._high = problem.reward_range
        self._nothing = -1 if problem.nothing is None else problem.nothing
        self._rng, self._tie = rng, rng.spawn(1)[0]

    def play(self, block: Block) -> Choices:
        N, K = len(block), block.available.shape[1]
        action = np.empty(N, dtype=np.int64)
        rewards = np.empty((0, K)) if block.rewards is None else block.rewards
        # a beta draw takes a varying number of uniforms, so that the kernel is handed the generator itself
        bounded = _play_beta(
            self.wins,
            self.losses,
            block.available,
            rewards,
            self._low,
            self._high,
            self._nothing,
            self._rng,
            self._tie.random(N),
            action,
        )
        if not bounded:
            raise self._unbounded()
        return Choices(action, np.full(N, np.nan))

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:  # noqa: ARG002  no features
        shown = choices.action != self._nothing
        success = (rewards[shown] - self._low) / (self._high - self._low)
        if not ((success >= 0) & (success <= 1)).all():
            raise self._unbounded()
        np.add.at(self.wins, choices.action[shown], success)
        np.add.at(self.losses, choices.action[shown], 1.0 - success)

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:  # noqa: ARG002  no features
        shown = choices.action != self._nothing
        moved = deltas[shown] / (self._high - self._low)
        np.add.at(self.wins, choices.action[shown], moved)
        np.add.at(self.losses, choices.action[shown], -moved)
        for count, prior in zip((self.wins, self.losses), self._prior, strict=True):
            if not (count > prior - 1e-6).all():
                raise self._unbounded()
            np.maximum(count, prior, out=count)  # rounding may take back more than was given

    def _unbounded(self) -> InputError:
        """Drawing from a Beta with a negative count would never end."""
        what = f"was paid outside of the bounds that this world states, {self._low} to {self._high}; mend the world"
        return InputError(what, "BetaThompson")
