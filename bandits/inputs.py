"""What a player is handed besides visits: the scale of rewards, the features that it works on, and its luck.

N visits, K actions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bandits.protocol import Block, Floats, Problem


@dataclass(frozen=True, slots=True)
class Scale:
    """How a policy measures rewards: (reward − low) / span.

    Args:
        low: reward that is 0 [reward units].
        span: one on the policy's scale [reward units].
        bounded: whether rewards below 0 or above 1 on that scale are refused.
    """

    low: float
    span: float
    bounded: bool = False

    @classmethod
    def typical(cls, problem: Problem) -> Scale:
        """In units of the typical reward."""
        return cls(0.0, problem.reward_scale)

    @classmethod
    def within_bounds(cls, problem: Problem) -> Scale:
        """From 0, the least reward that the world can pay, to 1, the largest."""
        if problem.reward_range is None:
            raise ValueError("needs bounded rewards")
        low, high = problem.reward_range
        return cls(low, high - low, bounded=True)


def needs_features(problem: Problem) -> str | None:
    """Why a policy that works on features does not fit, if it does not."""
    return None if problem.features else "needs features of the visitor, and this world has none"


def needs_bounds(problem: Problem, instead: str = "GaussianThompson") -> str | None:
    """Why a policy for bounded rewards does not fit, if it does not."""
    if problem.reward_range is None:
        return f"needs bounded rewards, and this world's have no bounds; use {instead}"
    low, high = problem.reward_range
    return None if low < high else f"needs rewards that differ, and this world's are all {low}"


def of_the_visitor(block: Block) -> Floats:
    """All features that a block shows (N, D)."""
    return np.ascontiguousarray(block.x)


def none_at_all(block: Block) -> Floats:
    """No features (N, 0)."""
    return np.empty((len(block), 0))


def a_constant(block: Block) -> Floats:
    """The same for everybody (N, 1)."""
    return np.ones((len(block), 1))


def no_luck(rng: np.random.Generator, N: int, K: int) -> Floats:
    """Nothing to draw (0, 0)."""
    return np.empty((0, 0))


def normals(rng: np.random.Generator, N: int, K: int) -> Floats:
    """A standard normal for each visit and action (N, K)."""
    return rng.standard_normal((N, K))


def the_generator(rng: np.random.Generator, N: int, K: int) -> np.random.Generator:
    """The generator itself, for draws that take a varying number of uniforms, such as a Beta's."""
    return rng


Luck = Floats | np.random.Generator
Draw = Callable[[np.random.Generator, int, int], Luck]
