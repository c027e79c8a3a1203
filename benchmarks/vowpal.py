"""What a visit costs by way of `VowpalWabbit`, beside what Vowpal Wabbit does natively, and beside text, in one run.

    python benchmarks/vowpal.py [visits]

Epsilon-greedy at d = 10 features. A visit is one choice and one step of learning from it:

- ours: a block played through `VowpalWabbit(exploration="epsilon", epsilon=0.1)`: predict, draw an action, learn;
- native: Vowpal Wabbit reads the same visits, with the actions that were drawn and their rewards, from a file, without
  a cache and without any Python meanwhile: it predicts as it learns. What opening an empty file costs is taken off;
- text: the usual way, as in its tutorials: each visit is written and parsed as text twice, to predict and to learn.

Processor time of all threads, in rounds that take turns; each is quoted at its best, since what else runs on a machine
can only add. Native Vowpal Wabbit parses in a second thread: what its learning thread alone takes is the least time
that can elapse on two idle cores, and is shown beside.
"""

from __future__ import annotations

import pathlib
import statistics
import sys
import tempfile
import time
from bisect import bisect_right
from itertools import accumulate

import numpy as np
import vowpalwabbit

from bandits import VowpalWabbit
from bandits.protocol import Block, Choices, Problem

D = 10
ROUNDS = 25
POLICY = VowpalWabbit(exploration="epsilon", epsilon=0.1)
BARS = {5: 0.65, 10: 0.9, 50: 1.0}  # ours to native [visits/s to visits/s], by K


def visits(N: int, K: int) -> tuple[Problem, Block]:
    """Rewards that are linear in the features, with noise; a constant feature is among them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, D))
    x[:, 0] = 1
    weights = rng.normal(size=(K, D)) / 4
    rewards = (x[:, None] * weights).sum(axis=2) + rng.normal(scale=0.3, size=(N, K))
    problem = Problem(actions=tuple(map(str, range(K))), features=tuple(map(str, range(D))))
    return problem, Block(x=x, available=np.ones((N, K), dtype=bool), rewards=rewards)


def lines_of(x: list[float], K: int) -> list[str]:
    """A visit as Vowpal Wabbit's text."""
    return ["shared |u " + " ".join(f"{d}:{value}" for d, value in enumerate(x)), *(f"|a {k}" for k in range(K))]


def log_of(block: Block, choices: Choices) -> str:
    """Visits, with what was chosen and what it brought, as a file for Vowpal Wabbit."""
    K = block.available.shape[1]
    text = []
    for x, rewards, k, chance in zip(block.x.tolist(), block.rewards, choices.action, choices.propensity, strict=True):
        lines = lines_of(x, K)
        lines[k + 1] = f"0:{-rewards[k]}:{chance} {lines[k + 1]}"
        text.append("\n".join(lines) + "\n\n")
    return "".join(text)


def ours(problem: Problem, block: Block) -> float:
    """Seconds of a block played."""
    learner = POLICY.start(problem, np.random.default_rng(1))
    begin = time.process_time()
    learner.play(block)
    return time.process_time() - begin


def native(problem: Problem, log: pathlib.Path) -> tuple[float, float]:
    """Seconds of a file read, opening included: of all threads, and of the thread that learns."""
    line = [*POLICY.command_line(problem, seed=1), f"--data={log}"]
    begin, begin_here = time.process_time(), time.thread_time()
    workspace = vowpalwabbit.Workspace(arg_list=line)
    spent = time.process_time() - begin, time.thread_time() - begin_here
    workspace.finish()
    return spent


def text(problem: Problem, block: Block) -> float:
    """Seconds of a block's visits in the usual way."""
    workspace = vowpalwabbit.Workspace(arg_list=POLICY.command_line(problem, seed=1))
    rng, K = np.random.default_rng(1), len(problem.actions)
    begin = time.process_time()
    for x, rewards in zip(block.x.tolist(), block.rewards, strict=True):
        lines = lines_of(x, K)
        pmf = workspace.predict(lines)
        upto = list(accumulate(pmf))
        k = bisect_right(upto, rng.random() * upto[-1])
        lines[k + 1] = f"0:{-rewards[k]}:{pmf[k] / upto[-1]} {lines[k + 1]}"
        workspace.learn(lines)
    return time.process_time() - begin


def compare(K: int, N: int, folder: pathlib.Path) -> list[tuple[float, float, float, float]]:
    """Seconds that a visit takes in each round: ours, native, its learning thread, and by text."""
    problem, block = visits(N, K)
    few = block.rows(np.arange(N // 20))
    log, empty = folder / f"{K}.txt", folder / "empty.txt"
    log.write_text(log_of(block, POLICY.start(problem, np.random.default_rng(1)).play(block)))
    empty.touch()
    opening = [min(each) for each in zip(*(native(problem, empty) for _ in range(ROUNDS)), strict=True)]
    rounds = []
    for _ in range(ROUNDS):
        mine, (whole, learning), usual = ours(problem, block), native(problem, log), text(problem, few)
        rounds.append((mine / N, (whole - opening[0]) / N, (learning - opening[1]) / N, usual / len(few)))
    return rounds


def table(N: int = 5_000) -> None:
    """Print the table of N visits."""
    print(f"{N:,} visits, d = {D}, {ROUNDS} rounds; µs a visit, and how many times as fast ours is\n")
    heads = f"{'ours':>8}{'native':>8}{'(learning)':>12}{'text':>8}"
    print(f"{'K':>3}{heads}{'ours / native':>16}{'(median)':>10}{'ours / text':>14}")
    verdicts = []
    with tempfile.TemporaryDirectory() as folder:
        for K, bar in BARS.items():
            rounds = compare(K, N, pathlib.Path(folder))
            best = [1e6 * min(each) for each in zip(*rounds, strict=True)]
            ratio = best[1] / best[0]
            median = statistics.median(whole / mine for mine, whole, _, _ in rounds)
            print(
                f"{K:3}{best[0]:8.1f}{best[1]:8.1f}{best[2]:12.1f}{best[3]:8.1f}"
                f"{ratio:16.2f}{median:10.2f}{best[3] / best[0]:14.2f}"
            )
            verdict = "above" if ratio >= bar else "BELOW"
            verdicts.append(f"K = {K}: {ratio:.0%} of native speed, {verdict} the bar of {bar:.0%}")
    print("", *verdicts, sep="\n")


if __name__ == "__main__":
    table(*map(int, sys.argv[1:]))
