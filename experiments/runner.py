"""One cell: one policy plays one replication of one world."""

from __future__ import annotations

import pathlib

import numpy as np

from bandits.description import identity, label_of
from bandits.loops import Misbehaviour, start
from bandits.protocol import Block, BlockLearner, Bools, Choices, Floats, Ints, Needs, Policy
from bandits.streams import stream
from environments.protocol import Environment, Late, World
from experiments.ledger import Books, Ledger
from experiments.log import VisitLog


def run_cell(
    environment: Environment, policy: Policy, seed: int, replication: int, log: pathlib.Path | None = None
) -> Books:
    """Play one replication, and keep the books.

    Args:
        environment: makes the world.
        policy: is started on what is public about it.
        seed: of the experiment.
        replication: its number.
        log: a folder for every visit, in pieces.

    Raises:
        Misbehaviour: when the policy does what a policy must not do.
    """
    world = environment.open(seed, replication)
    rng = stream(seed, replication, f"policy:{identity(policy)}")
    learner = start(policy, world.problem, rng)
    ledger = Ledger(environment.about, world.users, world.problem.nothing)
    if log is None:
        play(world, learner, Needs.of(policy), ledger)
    else:
        with VisitLog(log, environment.about, world.problem) as book:
            play(world, learner, Needs.of(policy), ledger, book)
    return ledger.close()


def play(world: World, learner: BlockLearner, needs: Needs, ledger: Ledger, log: VisitLog | None = None) -> None:
    """Let a learner work through a world, block by block."""
    memory = Memory()
    while (visits := world.next_block()) is not None:
        try:
            choices = learner.play(visits.shown_to(needs))
            check(choices, visits.available)
            outcome = world.respond(choices.action)
            ledger.enter(visits, choices.action, outcome)
            if log is not None:
                log.enter(visits, choices, outcome)
            if visits.rewards is None or world.problem.corrections:
                memory.keep(visits.index, choices)
            if outcome.late is not None:
                learner.learn_many(*memory.recall(outcome.late, needs))
            if outcome.corrections is not None:
                learner.correct_many(*memory.recall(outcome.corrections, needs))
        except Misbehaviour as error:
            if error.row is not None and error.visit is None and error.row < len(visits):
                error.visit = int(visits.index[error.row])
            raise


def check(choices: Choices, available: Bools) -> None:
    """Refuse choices that no policy may make.

    Raises:
        Misbehaviour: a wrong shape, or an action that is not available.
    """
    N, K = available.shape
    action = choices.action
    if action.shape != (N,) or not np.issubdtype(action.dtype, np.integer):
        raise Misbehaviour("answered a block", f" with actions of shape {action.shape}, where ({N},) was due")
    if N == 0 or (action.min() >= 0 and action.max() < K and available[np.arange(N), action].all()):
        return
    for n in range(N):
        if 0 <= action[n] < K and available[n, action[n]]:
            continue
        allowed = ", ".join(str(k) for k in np.flatnonzero(available[n]))
        raise Misbehaviour(f"chose action {action[n]}", f", but only {allowed} were available", n)


class Memory:
    """What was chosen at visits whose reward is learnt, or corrected, later; addressed by the number of the visit."""

    def __init__(self) -> None:
        self._action: Ints = np.empty(0, dtype=np.int64)
        self._propensity: Floats = np.empty(0)
        self._memo: Floats | None = None

    def keep(self, index: Ints, choices: Choices) -> None:
        """Remember the choices of a block."""
        if not len(index):
            return
        size, needed = len(self._action), int(index.max()) + 1
        if needed > size:
            grown = max(needed, 2 * size)
            self._action = np.resize(self._action, grown)
            self._propensity = np.resize(self._propensity, grown)
            if choices.memo is not None:
                shape = (grown, choices.memo.shape[1])
                self._memo = np.zeros(shape) if self._memo is None else np.resize(self._memo, shape)
        self._action[index], self._propensity[index] = choices.action, choices.propensity
        if self._memo is not None and choices.memo is not None:
            self._memo[index] = choices.memo

    def recall(self, late: Late, needs: Needs) -> tuple[Block, Choices, Floats]:
        """The visits that late news is about, what was chosen there, and the news."""
        index = late.visits.index
        memo = None if self._memo is None else self._memo[index]
        choices = Choices(self._action[index], self._propensity[index], memo)
        return late.visits.shown_to(needs), choices, late.values


def complaint(error: Misbehaviour, policy: Policy, environment: str, replication: int) -> str:
    """One line that says which policy did what, where."""
    visit = "" if error.visit is None else f"visit {error.visit} of "
    return f"policy {label_of(policy)!r} {error.did} on {visit}replication {replication} of {environment}{error.rest}"
