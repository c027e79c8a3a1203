"""What a visit costs each policy, beside what a user would write instead and beside the machine's limit, in one run.

    OPENBLAS_NUM_THREADS=1 python benchmarks/policies.py [figure.png]

A visit is one choice and one reward learnt. The reference is the per-interaction version in numpy that one writes from
the paper; the limit is the rate of multiplications that the BLAS reaches, on one thread, in a matrix-vector product
whose matrix lies in the cache (LinUCB at d features and K actions needs K d² of them for its bounds, taken plainly).
HybridLinUCB and VowpalWabbit are measured beside their own references (see hybrid.py and vowpal.py).
Processor time; rounds take turns, and each ratio is the median of the rounds' ratios, so that a machine that slows down
meanwhile does not favour anybody. With a file name, the curves are drawn into it.
"""

from __future__ import annotations

import functools
import pathlib
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import hybrid
import numpy as np
import vowpal
from matplotlib.figure import Figure

from bandits import POLICIES, LinearThompson, LinUCB
from bandits.fit import misfit_of, start
from bandits.protocol import Block, Floats, Needs, Policy, Problem
from bandits.registry import policy_from

ROUNDS = 7
ORANGE, BLUE, GREY = "#c4622d", "#2f6690", "#8a8f98"


@dataclass(frozen=True)
class Sizes:
    """Of a world: visits, features of the visitor, actions."""

    N: int
    D: int
    K: int


def world(size: Sizes, seed: int = 0) -> tuple[Problem, Block]:
    """Visits to a linear world whose actions have features, whose visitors have cohorts and names."""
    rng = np.random.default_rng(seed)
    N, D, K = size.N, size.D, size.K
    x = rng.normal(size=(N, D))
    x[:, 0] = 1.0
    expected = x @ rng.normal(size=(D, K)) / np.sqrt(D)
    rewards = np.clip(expected + rng.normal(size=(N, K)), -8.0, 8.0)
    problem = Problem(
        actions=tuple(f"action {k}" for k in range(K)),
        features=("constant", *(f"x{d}" for d in range(1, D))),
        action_features=("z0", "z1", "z2"),
        reward_range=(-8.0, 8.0),
        cohorts=("a", "b", "c"),
        users=1000,
        typical=True,
    )
    block = Block(
        x=x,
        available=np.ones((N, K), dtype=np.bool_),
        rewards=rewards,
        z=rng.normal(size=(K, 3)),
        cohort=rng.integers(3, size=N),
        user=rng.integers(1000, size=N),
        expected=expected,
    )
    return problem, block


class NumpyLinUCB:
    """LinUCB as one writes it from the paper in numpy, visit by visit, with rank-one updates: the reference."""

    def __init__(self, K: int, D: int, alpha: float) -> None:
        self.A_inv, self.b = np.tile(np.eye(D), (K, 1, 1)), np.zeros((K, D))
        self.theta, self.alpha = np.zeros((K, D)), alpha

    def choose(self, x: Floats) -> int:
        """The action with the highest bound."""
        spread = np.sqrt((self.A_inv @ x) @ x)
        return int(np.argmax(self.theta @ x + self.alpha * spread))

    def learn(self, x: Floats, k: int, reward: float) -> None:
        """Fold the reward in."""
        y = self.A_inv[k] @ x
        self.A_inv[k] -= np.outer(y, y) / (1.0 + x @ y)
        self.b[k] += reward * x
        self.theta[k] = self.A_inv[k] @ self.b[k]


class NumpyThompson(NumpyLinUCB):
    """Linear Thompson sampling in the same way: one normal an arm."""

    def __init__(self, K: int, D: int, alpha: float) -> None:
        super().__init__(K, D, alpha)
        self.rng = np.random.default_rng(1)

    def choose(self, x: Floats) -> int:
        """The action whose mean reward, drawn from its posterior, is highest."""
        spread = np.sqrt((self.A_inv @ x) @ x)
        return int(np.argmax(self.theta @ x + spread * self.rng.standard_normal(len(spread))))


def in_numpy(reference: type[NumpyLinUCB], size: Sizes, block: Block) -> None:
    """Let the reference play a block."""
    assert block.rewards is not None  # noqa: S101  for the type checker
    learner = reference(size.K, size.D, 1.0)
    for n in range(len(block)):
        k = learner.choose(block.x[n])
        learner.learn(block.x[n], k, block.rewards[n, k])


def seconds(work: Callable[[], object]) -> float:
    """Processor time that something takes [s]."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def played(policy: Policy, problem: Problem, block: Block) -> float:
    """What a block costs a fresh learner, a visit [s]."""
    learner = start(policy, problem, np.random.default_rng(1))
    needs = Needs.of(policy)
    seen = Block(
        x=block.x,
        available=block.available,
        rewards=block.rewards,
        z=block.z,
        cohort=block.cohort if needs.sees_cohort else None,
        user=block.user if needs.sees_user else None,
        expected=block.expected if needs.sees_expected or needs.sees_typical else None,
    )
    return seconds(lambda: learner.play(seen)) / len(block)


def limit(size: Sizes) -> float:
    """The fastest in-cache matrix-vector product, a multiplication [s]: of the arms' matrices, or of a square one."""
    best = np.inf
    for rows, columns in ((size.D * size.K, size.D), (200, 200)):
        A, x, y = np.random.default_rng(0).random((rows, columns)), np.ones(columns), np.empty(rows)
        repeats = 2_000_000 // (rows * columns) + 1

        def products(A: Floats = A, x: Floats = x, y: Floats = y, repeats: int = repeats) -> None:
            for _ in range(repeats):
                np.dot(A, x, out=y)

        best = min(best, *(seconds(products) / (repeats * rows * columns) for _ in range(5)))
    return float(best)


def verdict(what: str, ratio: float, bar: float) -> None:
    """Say whether a bar was reached."""
    print(f"  {what}: {ratio:.3g} ({'reaches' if ratio >= bar else 'BELOW'} the bar of {bar:g})")


def ridge_policies() -> None:
    """LinUCB and LinearThompson beside numpy, and beside the limit."""
    for size, bar in ((Sizes(4000, 10, 5), 15.0), (Sizes(4000, 20, 50), 4.0)):
        problem, block = world(size)
        print(f"\nd = {size.D}, K = {size.K}: times numpy's speed")
        for policy, reference in ((LinUCB(), NumpyLinUCB), (LinearThompson(), NumpyThompson)):
            played(policy, problem, block)  # compiles
            ratios, costs, shares = [], [], []
            for _ in range(ROUNDS):
                ours = played(policy, problem, block)
                theirs = seconds(functools.partial(in_numpy, reference, size, block)) / size.N
                ratios.append(theirs / ours)
                costs.append(ours)
                shares.append(size.K * size.D**2 * limit(size) / ours)
            verdict(
                f"{type(policy).__name__:15}{1e9 * statistics.median(costs):6,.0f} ns a visit",
                statistics.median(ratios),
                bar,
            )
            if size.K == 50:  # noqa: PLR2004  the size at which the bar is set
                verdict("of the in-cache matrix-vector rate", statistics.median(shares), 0.5)


def shelf() -> list[Policy]:
    """Every policy that learns, with its defaults, as simple as it can be."""
    inside = {"kind": "LinearThompson"}
    needed = {"policy": inside, "baseline": {"kind": "Random"}, "n": 3, "action": 0}
    made = []
    for name, kind in POLICIES.items():
        fields = kind.model_fields  # type: ignore[attr-defined]  # all built-in policies are descriptions
        made.append(
            policy_from({"kind": name} | {f: needed[f] for f in fields if f in needed and fields[f].is_required()})
        )
    return made


def everything() -> None:
    """The cost of every policy at one size."""
    size = Sizes(2000, 10, 5)
    problem, block = world(size)
    print(f"\nEvery policy with its defaults, d = {size.D}, K = {size.K}, best of {ROUNDS} rounds of {size.N} visits")
    print(f"{'policy':30}{'ns a visit':>12}{'visits/s':>14}{'LinUCB = 1':>12}")
    costs = {}
    for policy in shelf():
        if misfit_of(policy, problem) is None:
            played(policy, problem, block)
            costs[type(policy).__name__] = min(played(policy, problem, block) for _ in range(ROUNDS))
    for name, cost in sorted(costs.items(), key=lambda item: item[1]):
        print(f"{name:30}{1e9 * cost:12,.0f}{1 / cost:14,.0f}{cost / costs['LinUCB']:12.2f}")


def growth(kinds: tuple[Policy, ...], sizes: list[Sizes]) -> dict[str, list[float]]:
    """Seconds that each policy takes for a whole block of each size."""
    curves: dict[str, list[float]] = {type(policy).__name__: [] for policy in kinds}
    for size in sizes:
        problem, block = world(size)
        for policy in kinds:
            best = min(played(policy, problem, block) for _ in range(ROUNDS)) * size.N
            curves[type(policy).__name__].append(best)
    return curves


def slope(sizes: list[int], costs: list[float]) -> float:
    """By which power of the size the cost grows, from the upper half of the sizes."""
    half = len(sizes) // 2
    return float(np.polyfit(np.log(sizes[half:]), np.log(costs[half:]), 1)[0])


def curves(path: pathlib.Path | None) -> None:
    """How the cost grows with visits, actions and features; drawn if there is a path."""
    kinds: tuple[Policy, ...] = (LinUCB(), LinearThompson())
    visits, actions, features = [2000, 8000, 32000], [5, 10, 20, 50, 100, 200], [4, 8, 16, 24, 32, 48, 64]
    panels = (
        ("visits", visits, growth(kinds, [Sizes(n, 10, 5) for n in visits]), 1),
        ("actions K", actions, growth(kinds, [Sizes(2000, 10, k) for k in actions]), 1),
        ("features d", features, growth(kinds, [Sizes(2000, d, 10) for d in features]), 2),
    )
    print("\nThe cost grows by this power of")
    for what, sizes, costs, power in panels:
        said = ", ".join(f"{name} {slope(sizes, cost):.2f}" for name, cost in costs.items())
        print(f"  {what:12}{said} (at most {power} is due)")
    if path is None:
        return
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    for axes, (what, sizes, costs, power) in zip(figure.subplots(1, 3), panels, strict=True):
        for (name, cost), colour in zip(costs.items(), (ORANGE, BLUE), strict=True):
            axes.loglog(sizes, [1e3 * c for c in cost], marker="o", color=colour, label=name)
        guide = [1e3 * min(c[-1] for c in costs.values()) * (s / sizes[-1]) ** power for s in sizes]
        axes.loglog(sizes, guide, color=GREY, linestyle="--", label="linear" if power == 1 else "quadratic")
        axes.set_xticks(sizes, [str(s) for s in sizes], minor=False)
        axes.minorticks_off()
        axes.set(xlabel=what, ylabel="milliseconds a block")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    figure.savefig(path, dpi=150)
    print(f"drawn: {path}")


def main() -> None:
    """Print the tables."""
    ridge_policies()
    print("\nHybridLinUCB, beside the textbook form with its inverses:", end=" ")
    hybrid.table()
    print("\nVowpalWabbit, beside Vowpal Wabbit alone:", end=" ")
    vowpal.table()
    everything()
    curves(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None)


if __name__ == "__main__":
    main()
