"""One cell: one policy plays one replication of one world."""

from __future__ import annotations

import copy
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from bandits.answers import Misbehaviour, check
from bandits.description import identity, label_of
from bandits.fit import start
from bandits.protocol import Block, BlockLearner, Choices, Floats, Ints, Needs, Policy
from bandits.streams import stream
from environments.protocol import Environment, Late, Outcome, Visits, World
from environments.served import check_served
from experiments.ledger import Books, Ledger
from experiments.log import VisitLog


def run_cell(
    environment: Environment,
    policy: Policy,
    seed: int,
    replication: int,
    log: pathlib.Path | None = None,
    what: str | None = None,
) -> Books:
    """Play one replication, and keep the books.

    Args:
        environment: makes the world.
        policy: is started on what is public about it.
        seed: of the experiment.
        replication: its number.
        log: a folder for every visit, in pieces.
        what: the policy's identity, if it is known.

    Raises:
        Misbehaviour: when the policy does what a policy must not do.
        InputError: when the world does what a world must not do.
    """
    world = environment.open(seed, replication)
    rng = stream(seed, replication, f"policy:{what or identity(policy)}")
    learner = start(_untouched(policy), world.problem, rng)
    ledger = Ledger(environment.about, world.users, world.problem.nothing)
    if log is None:
        play(world, learner, Needs.of(policy), ledger)
    else:
        with VisitLog(log, environment.about, world.problem) as book:
            play(world, learner, Needs.of(policy), ledger, book)
    return ledger.close()


def _untouched(policy: Policy) -> Policy:
    """A copy for one cell: a policy of one's own that changes itself must not carry that into the next cell."""
    try:
        return copy.deepcopy(policy)
    except Exception as error:
        what = f": {type(error).__name__}: {error}; keep what cannot be copied in the learner that start makes"
        raise Misbehaviour("cannot be copied", what) from error


def play(world: World, learner: BlockLearner, needs: Needs, ledger: Ledger, log: VisitLog | None = None) -> None:
    """Let a learner work through a world, block by block."""
    memory = Memory()
    while (visits := world.next_block()) is not None:
        check_served(visits, ledger.cohorts, len(world.problem.actions))
        with _placed(visits.index):
            # some propensities take time to compute: only the log asks for them
            choices = learner.play(visits.shown_to(needs, asks=log is not None))
            check(choices, visits.available)
            if visits.rewards is None or world.problem.corrections:
                memory.keep(visits.index, choices)
        visits, choices, outcome = _as_it_happened(visits, choices, world.respond(choices.action))
        ledger.enter(visits, choices.action, outcome)
        if log is not None:
            log.enter(visits, choices, outcome)
        for late in outcome.late:
            with _placed(late.visits.index):
                learner.learn_many(*memory.recall(late, needs))
        for late in outcome.corrections:
            with _placed(late.visits.index):
                learner.correct_many(*memory.recall(late, needs))


def _as_it_happened(visits: Visits, choices: Choices, outcome: Outcome) -> tuple[Visits, Choices, Outcome]:
    """A block without the visits that did not take place; they count nowhere."""
    if outcome.happened is None:
        return visits, choices, outcome
    rows = np.flatnonzero(outcome.happened)
    came = replace(outcome, reward=outcome.reward[rows], values=outcome.values[rows], left=outcome.left[rows])
    return visits.rows(rows), choices.rows(rows), replace(came, happened=None)


@contextmanager
def _placed(index: Ints) -> Iterator[None]:
    """Say in which of these visits (N,) a policy misbehaved, or in which of them it may have been."""
    try:
        yield
    except Misbehaviour as error:
        if error.row is not None and error.row < len(index):
            error.where = f"visit {index[error.row]}"
        elif len(index):
            error.where = f"visits {index.min()} to {index.max()}"
        raise


class Memory:
    """What was chosen at visits whose reward is learnt, or corrected, later; addressed by the number of the visit."""

    def __init__(self) -> None:
        self._action: Ints = np.empty(0, dtype=np.int64)
        self._propensity: Floats = np.empty(0)
        self._memo: Floats | None = None
        self._begun = False

    def keep(self, index: Ints, choices: Choices) -> None:
        """Remember the choices of a block.

        Raises:
            Misbehaviour: when it has memos of another shape than the blocks before.
        """
        if not len(index):
            return
        size, needed = len(self._action), int(index.max()) + 1
        if needed > size:
            grown = max(needed, 2 * size)
            self._action = np.resize(self._action, grown)
            self._propensity = np.resize(self._propensity, grown)
            if self._memo is not None:
                self._memo = np.resize(self._memo, (grown, *self._memo.shape[1:]))
        shape = None if choices.memo is None else choices.memo.shape[1:]
        if not self._begun:
            self._begun = True
            self._memo = None if shape is None else np.zeros((len(self._action), *shape))
        before = None if self._memo is None else self._memo.shape[1:]
        if shape != before:
            raise Misbehaviour("answered a block", f" with memos of shape {shape}, and with {before} before")
        self._action[index], self._propensity[index] = choices.action, choices.propensity
        if self._memo is not None:
            self._memo[index] = choices.memo

    def recall(self, late: Late, needs: Needs) -> tuple[Block, Choices, Floats]:
        """The visits that late news is about, what was chosen there, and the news."""
        index = late.visits.index
        memo = None if self._memo is None else self._memo[index]
        choices = Choices(self._action[index], self._propensity[index], memo)
        return late.visits.shown_to(needs), choices, late.values


def complaint(error: Misbehaviour, policy: Policy, environment: str, replication: int) -> str:
    """One line that says which policy did what, where."""
    place = f"replication {replication} of {environment}"
    where = f"on {error.where} of {place}" if error.where else f"in {place}"
    return f"policy {label_of(policy)!r} {error.did} {where}{error.rest}"
