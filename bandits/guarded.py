"""Policies that watch over another policy, so that fewer people pay for what it learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from bandits.description import label_of
from bandits.errors import Fault, InputError
from bandits.fit import misfit_of
from bandits.loops import in_blocks
from bandits.protocol import Block, BlockLearner, Choices, Floats, Policy, Problem
from bandits.wrapper import Wrapper


class Cautious(Wrapper):
    """Show only what is likely not to be bad, and otherwise nothing; except in a stated share of visits.

    An action is withheld while its estimated reward minus `margin` standard deviations is not above 0. Without the
    exceptions nothing would ever be tried, and nothing learnt.

    Args:
        policy: chooses among what is left; it must have an uncertainty (the ridge regressions have).
        margin: how many standard deviations of doubt an action must overcome.
        explore: share of visits in which the policy chooses freely.

    Use it where a first bad impression costs more than a missed sale. The margin is about the objective: an objective
    that ignores harm is guarded against losing reward, not against harm.
    """

    margin: float = Field(default=0.5, ge=0)
    explore: float = Field(default=0.25, ge=0, le=1)

    def __init__(self, policy: Policy, *, margin: float = 0.5, explore: float = 0.25, name: str | None = None) -> None:
        super().__init__(policy, margin=margin, explore=explore, name=name)
        if not self.uncertain:
            raise InputError(
                Fault(f"{label_of(self.policy)} has no uncertainty to be cautious about", ("policy",)), "Cautious"
            )

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        if problem.nothing is None:
            return "withholds what may be bad, and in this world something must be shown"
        return misfit_of(self.policy, problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        return _Cautious(self.policy, problem, self.margin, self.explore, rng)


class _Cautious(BlockLearner):
    def __init__(
        self, policy: Policy, problem: Problem, margin: float, explore: float, rng: np.random.Generator
    ) -> None:
        inner, self._coin = rng.spawn(2)
        self._learner = in_blocks(policy.start(problem, inner))
        self._margin, self._explore = margin, explore

    def play(self, block: Block) -> Choices:
        caution = np.where(self._coin.random(len(block)) < self._explore, -np.inf, self._margin)
        # the coin is part of the chance of a choice, so that the inner policy must know what it decides between
        levels = np.array([[-np.inf, self._explore], [self._margin, 1.0 - self._explore]])
        if block.caution is not None:
            outer = np.array([[-np.inf, 1.0]]) if block.levels is None else block.levels
            caution, levels = np.maximum(caution, block.caution), stricter(levels, outer)
        return self._learner.play(replace(block, caution=caution, levels=levels))

    def estimates(self, block: Block) -> tuple[Floats, Floats]:
        return self._learner.estimates(block)

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        self._learner.learn_many(block, choices, rewards)

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        self._learner.correct_many(block, choices, deltas)


def stricter(one: Floats, other: Floats) -> Floats:
    """The distribution (L, 2) of the larger of two independent cautions."""
    chance: dict[float, float] = {}
    for a, p in one:
        for b, q in other:
            chance[max(a, b)] = chance.get(max(a, b), 0.0) + p * q
    return np.array(sorted(chance.items()))
