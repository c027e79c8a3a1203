"""What a learner is shown is as its problem says: compiled loops read and write where they are told, and never ask.

N visits, K actions, D visitor features.
"""

from __future__ import annotations

import numpy as np

from bandits.errors import InputError
from bandits.protocol import Block, Ints, Problem


def fitting(block: Block, problem: Problem, who: str) -> Block:
    """The block itself, if its arrays have the shapes that its problem states.

    Args:
        block: x (N, D), available (N, K), rewards (N, K) where there are any.
        problem: of the world.
        who: the policy, for complaints.

    Raises:
        InputError: when they have others, a feature is not finite, or nothing can be shown at a visit.
    """
    N, K, D = len(block), len(problem.actions), len(problem.features)
    for what, array, width in (("x", block.x, D), ("available", block.available, K), ("rewards", block.rewards, K)):
        if array is not None and array.shape != (N, width):
            raise InputError(f"was shown {what} {array.shape}, where ({N}, {width}) was due, as its problem says", who)
    if not np.isfinite(block.x).all():
        feature = problem.features[int(np.argmin(np.isfinite(block.x).all(axis=0)))]
        raise InputError(f"was shown a value of the feature {feature!r} that is no finite number; mend the world", who)
    if not block.available.any(axis=1).all():
        raise InputError("was shown a visit at which no action is available; leave such visits out", who)
    return block


def numbered(ids: Ints | None, many: int, what: str, who: str) -> Ints:
    """The cohorts, users or actions (N,) themselves, if each is one of 0 … many − 1.

    Args:
        ids: None where nobody has told them.
        many: how many there are, as the problem says.
        what: "cohort", "user" or "action", for complaints.
        who: the policy, for complaints.

    Raises:
        InputError: when they are not told, or not known.
    """
    if ids is None:
        raise InputError(f"needs the {what} of every visit, got None; hand it in", who)
    if len(ids) and not 0 <= ids.min() <= ids.max() < many:
        wrong = ids[(ids < 0) | (ids >= many)][0]
        raise InputError(f"was shown {what} {wrong}, and its problem has {many} of them, from 0", who)
    return ids
