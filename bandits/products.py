"""What an action means to a visitor: each product of a feature of the one with a feature of the other.

N visits, K actions, D visitor features, M action features; d = D · M products.
phi_k = x ⊗ z_k (d,), phi[i M + m] = x_i z_km. A 1 stands in front of x, and of z, where there is no feature called
"constant": so that the products hold what all visitors think of an action, and what a visitor thinks of all of them,
each once. Showing nothing has products of 0, and so earns 0 in every linear model of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bandits.errors import InputError
from bandits.protocol import Block, Floats, Problem

CONSTANT = "constant"


def needs_action_features(problem: Problem) -> str | None:
    """Why a policy that works on features of visitor × action does not fit, if it does not."""
    return None if problem.action_features else "needs features of the actions, and this world has none"


@dataclass(frozen=True, slots=True)
class Products:
    """The features of a world, with the constants that it lacks.

    Args:
        policy: its name, for complaints.
        problem: of the world.
    """

    policy: str
    problem: Problem

    @property
    def D(self) -> int:  # noqa: N802  the papers' letter
        """Visitor features, with the constant."""
        return len(self.problem.features) + (CONSTANT not in self.problem.features)

    @property
    def M(self) -> int:  # noqa: N802  the papers' letter
        """Action features, with the constant."""
        return len(self.problem.action_features) + (CONSTANT not in self.problem.action_features)

    def visitors(self, block: Block) -> Floats:
        """X (N, D)."""
        return _with_one(block.x, CONSTANT in self.problem.features)

    def actions(self, block: Block) -> Floats:
        """Z (K, M); zeros for showing nothing.

        Raises:
            InputError: when a visit comes without the features of the actions, or with others.
        """
        if block.z is None:
            raise InputError("needs features of the actions at every visit, got z = None; hand them in", self.policy)
        due = len(self.problem.actions), len(self.problem.action_features)
        if block.z.shape != due:
            raise InputError(f"was shown z {block.z.shape}, where {due} was due, as its problem says", self.policy)
        z = _with_one(block.z, CONSTANT in self.problem.action_features)
        if self.problem.nothing is not None:
            z = z.copy()
            z[self.problem.nothing] = 0.0
        return z


def _with_one(features: Floats, has_one: bool) -> Floats:
    if has_one:
        return np.ascontiguousarray(features)
    return np.column_stack([np.ones(len(features)), features])
