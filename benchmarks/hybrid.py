"""What HybridLinUCB's rank-one form gains over the textbook form with its inverses, both timed in one run.

    python benchmarks/hybrid.py [visits]

The textbook form is Algorithm 2 in numpy, a visit at a time: tests/oracles/hybrid_linucb.py, which has all actions at
once where the paper loops over them. Both choose and learn at the same visits, and must choose the same. Processor time
of all threads, the best of five rounds.
"""

from __future__ import annotations

import pathlib
import sys
import time
from typing import NamedTuple

import numpy as np

from bandits import HybridLinUCB, Problem
from bandits.protocol import Block

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))  # tests are no package of the project

from tests.oracles.hybrid_linucb import HybridLinUCB as Textbook

ROUNDS = 5
BAR = 15.0
SIZES = ((6, 6, 10), (8, 6, 13))
"""D visitor features, M action features, K actions, constants included: those of the paper, and about Acme's."""


class Measured(NamedTuple):
    """Times of one size.

    Args:
        compiled: [ns a visit].
        textbook: [ns a visit].
    """

    compiled: float
    textbook: float

    @property
    def ratio(self) -> float:
        """How many times as fast the compiled form is."""
        return self.textbook / self.compiled


def visits(D: int, M: int, K: int, N: int) -> tuple[Problem, Block]:
    """N visits in a world where rewards are linear in visitor × action, and in each action's own way in the visitor."""
    rng = np.random.default_rng(1)
    features = ("constant", *(f"x{i}" for i in range(1, D)))
    described = ("constant", *(f"z{m}" for m in range(1, M)))
    problem = Problem(tuple(f"item {k}" for k in range(K)), features, action_features=described)
    x, z = rng.normal(size=(N, D)), rng.normal(size=(K, M))
    x[:, 0] = z[:, 0] = 1.0
    shared, own = rng.normal(size=(D, M)) / D, rng.normal(size=(K, D)) / D
    rewards = x @ shared @ z.T + x @ own.T + rng.normal(size=(N, K))
    return problem, Block(x, np.ones((N, K), dtype=np.bool_), rewards, z)


def hybrid(D: int, M: int, K: int, N: int = 2000) -> Measured:
    """Time both forms at N visits.

    Raises:
        AssertionError: when they choose differently.
    """
    problem, block = visits(D, M, K, N)
    assert block.z is not None  # noqa: S101  for the type checker
    assert block.rewards is not None  # noqa: S101  the same
    phi = np.einsum("ni,km->nkim", block.x, block.z).reshape(N, K, D * M)
    HybridLinUCB().start(problem, np.random.default_rng(0)).play(block.rows(np.arange(1)))  # compiles
    compiled, textbook = [], []
    for _ in range(ROUNDS):
        learner, begin = HybridLinUCB().start(problem, np.random.default_rng(0)), time.process_time()
        fast = learner.play(block).action
        compiled.append(time.process_time() - begin)
        literal, tie = Textbook(K, D, D * M, 1.0, 1.0), np.random.default_rng(0).spawn(1)[0].random(N)
        begin = time.process_time()
        slow = [literal.step(block.x[n], phi[n], block.available[n], block.rewards[n], tie[n]) for n in range(N)]
        textbook.append(time.process_time() - begin)
        assert fast.tolist() == slow, "the two forms chose differently"  # noqa: S101  or the comparison is worthless
    return Measured(1e9 * min(compiled) / N, 1e9 * min(textbook) / N)


def table(N: int = 2000) -> None:
    """Print the table of N visits."""
    print(f"{N:,} visits\n\n{'D':>4}{'M':>4}{'K':>4}{'compiled ns':>14}{'textbook ns':>14}{'ratio':>8}")
    ratios = []
    for D, M, K in SIZES:
        measured = hybrid(D, M, K, N)
        ratios.append(measured.ratio)
        print(f"{D:4}{M:4}{K:4}{measured.compiled:14,.0f}{measured.textbook:14,.0f}{measured.ratio:8.1f}")
    print(f"\nHybridLinUCB is {'above' if min(ratios) >= BAR else 'BELOW'} the bar of {BAR:g} times the textbook form")


if __name__ == "__main__":
    table(*map(int, sys.argv[1:]))
