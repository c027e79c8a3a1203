"""The plain way to work through a block, visit by visit, for learners that have no compiled one."""

from __future__ import annotations

import pathlib
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace

import numpy as np

from bandits.description import label_of
from bandits.errors import InputError
from bandits.protocol import (
    Block,
    BlockLearner,
    Bools,
    Choice,
    Choices,
    Corrigible,
    Floats,
    Learner,
    Needs,
    Policy,
    Problem,
)


class Misbehaviour(Exception):  # noqa: N818  it names what happened
    """A policy did what a policy must not do.

    Args:
        did: what, in words that follow the policy's name: "chose action 5".
        rest: what follows the place: ", but only 0, 1, 2 were available".
        row: the visit within its block, or None.
        where: in which visit, or visits, of its world, once that is known: "visit 17".
    """

    def __init__(self, did: str, rest: str = "", row: int | None = None, where: str = "") -> None:
        super().__init__(did + rest)
        self.did, self.rest, self.row, self.where = did, rest, row, where

    def __reduce__(self) -> tuple[type[Misbehaviour], tuple[str, str, int | None, str]]:
        """Survive the trip from a worker process."""
        return (Misbehaviour, (self.did, self.rest, self.row, self.where))


class Stepwise(BlockLearner):
    """Plays blocks with a learner that knows single visits only, and checks what it answers.

    Args:
        learner: has `choose` and `learn`, and perhaps `correct`.
    """

    def __init__(self, learner: Learner) -> None:
        self._learner = learner

    def play(self, block: Block) -> Choices:
        """Choose, and learn where rewards are known at once, visit by visit."""
        block = _locked(block)
        action, propensity = np.empty(len(block), dtype=np.int64), np.empty(len(block))
        memos = []
        for n in range(len(block)):
            visit = block.visit(n)
            with _blamed(n):
                choice = self._learner.choose(visit)
                action[n], propensity[n] = checked(choice, visit.available, n)
                memos.append(choice.memo)
                if block.rewards is not None:
                    self._learner.learn(visit, choice, float(block.rewards[n, action[n]]))
        if len({None if memo is None else np.shape(memo) for memo in memos}) > 1:
            raise Misbehaviour("answered a block", " with memos of different shapes")
        some = len(memos) > 0 and memos[0] is not None
        return Choices(action, propensity, np.array(memos, dtype=np.float64) if some else None)

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        """Learn visit by visit."""
        for n in range(len(block)):
            with _blamed(n):
                self._learner.learn(block.visit(n), choices.choice(n), float(rewards[n]))

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        """Correct visit by visit."""
        if not isinstance(self._learner, Corrigible):
            raise Misbehaviour("could not correct a reward", ": its learner has no `correct`")
        for n in range(len(block)):
            with _blamed(n):
                self._learner.correct(block.visit(n), choices.choice(n), float(deltas[n]))


@contextmanager
def _blamed(row: int | None) -> Iterator[None]:
    """Blame the policy for whatever it raises, and say where in its code that was."""
    try:
        yield
    except (Misbehaviour, InputError):
        raise
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{pathlib.Path(frame.filename).name}:{frame.lineno}"
        raise Misbehaviour(f"raised {type(error).__name__}", f" ({place}): {error}", row) from error


def _locked(block: Block) -> Block:
    """The same block, which nobody can write to: a learner that did would change what its choices are judged by."""
    views = {
        field.name: array.view()
        for field in fields(block)
        if isinstance(array := getattr(block, field.name), np.ndarray)
    }
    for view in views.values():
        view.flags.writeable = False
    return replace(block, **views)


def checked(choice: object, available: Bools, row: int) -> tuple[int, float]:
    """The action and propensity of a choice.

    Raises:
        Misbehaviour: when it is no choice among the available actions.
    """
    if not isinstance(choice, Choice):
        raise Misbehaviour(f"answered {choice!r}", ", which is no Choice(action, propensity)", row)
    if isinstance(choice.action, bool) or not isinstance(choice.action, (int, np.integer)):
        raise Misbehaviour(f"chose action {choice.action!r}", ", which is no whole number", row)
    if not (0 <= choice.action < len(available) and available[choice.action]):
        allowed = ", ".join(str(k) for k in np.flatnonzero(available))
        raise Misbehaviour(f"chose action {choice.action}", f", but only {allowed} were available", row)
    known = isinstance(choice.propensity, (float, int, np.floating))
    if not known or not (np.isnan(choice.propensity) or 0 < choice.propensity <= 1):
        what = f"stated propensity {choice.propensity!r}"
        raise Misbehaviour(what, ", which is not in (0, 1] (NaN where it cannot be told)", row)
    if choice.memo is not None and np.ndim(choice.memo) != 1:
        raise Misbehaviour(f"gave a memo of shape {np.shape(choice.memo)}", ", where (any,) was due", row)
    return int(choice.action), float(choice.propensity)


def check(choices: object, available: Bools) -> None:
    """Refuse an answer to a block (N, K) that no policy may give.

    Raises:
        Misbehaviour: a wrong type or shape, an action that is not available, or no probability for a propensity.
    """
    if not isinstance(choices, Choices):
        raise Misbehaviour(f"answered a block with {choices!r}", ", which is no Choices(action, propensity)")
    N, K = available.shape
    for what, array, kind in (
        ("actions", choices.action, np.integer),
        ("propensities", choices.propensity, np.floating),
    ):
        if not isinstance(array, np.ndarray) or array.shape != (N,) or not np.issubdtype(array.dtype, kind):
            got = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
            due = f", where an array {kind.__name__} ({N},) was due"
            raise Misbehaviour(f"answered a block with {what} {got}", due)
    if choices.memo is not None and (np.ndim(choices.memo) != 2 or len(choices.memo) != N):  # noqa: PLR2004  (N, any)
        raise Misbehaviour(
            "answered a block", f" with a memo of shape {np.shape(choices.memo)}, where ({N}, any) was due"
        )
    action, share = choices.action, choices.propensity
    inside = (action >= 0) & (action < K)
    fine = inside & available[np.arange(N), np.where(inside, action, 0)]
    fine &= np.isnan(share) | ((share > 0) & (share <= 1))
    if not fine.all():
        n = int(np.argmin(fine))
        checked(Choice(int(action[n]), float(share[n])), available[n], n)


class Watched(BlockLearner):
    """A block learner of one's own, whose answers are checked, and which is blamed for what it raises.

    Args:
        learner: plays blocks.
    """

    def __init__(self, learner: BlockLearner) -> None:
        self._learner = learner

    def play(self, block: Block) -> Choices:
        """Play, and check the answer."""
        with _blamed(None):
            choices = self._learner.play(_locked(block))
        check(choices, block.available)
        return choices

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        """Learn."""
        with _blamed(None):
            self._learner.learn_many(block, choices, rewards)

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        """Correct."""
        with _blamed(None):
            self._learner.correct_many(block, choices, deltas)


def in_blocks(learner: Learner | BlockLearner) -> BlockLearner:
    """The learner itself if it plays blocks (watched, if it is one's own), else a plain loop around it."""
    if not isinstance(learner, BlockLearner):
        return Stepwise(learner)
    ours = type(learner).__module__.partition(".")[0] == "bandits"
    return learner if ours else Watched(learner)


def misfit_of(policy: Policy, problem: Problem) -> str | None:
    """Why a policy does not fit a world, in words that follow its name; None if it fits.

    What every policy may ask for (labels, user ids, corrections) is judged here; the rest by its own `misfit(problem)`,
    if it has one.
    """
    needs = Needs.of(policy)
    if needs.sees_cohort and problem.cohorts is None:
        return "needs cohort labels, and this world shows none (a storefront does with observe_persona = true)"
    if needs.sees_user and problem.users is None:
        return "needs to recognise returning users, and this world's visitors are strangers"
    if problem.corrections and not needs.corrects:
        return "cannot correct a reward it has already learnt; use feedback = 'at once' or 'wait'"
    own = getattr(policy, "misfit", None)
    if not callable(own):
        return None
    try:
        why = own(problem)
    except Exception as error:
        if type(policy).__module__.partition(".")[0] == "bandits":
            raise
        return f"cannot tell whether it fits: its misfit raised {type(error).__name__}: {error}"
    return None if why is None else str(why)


def start(policy: Policy, problem: Problem, rng: np.random.Generator) -> BlockLearner:
    """Start a policy on a world that it fits.

    Raises:
        InputError: when it does not fit.
        Misbehaviour: when its `start` fails, or makes something that is no learner.
    """
    if why := misfit_of(policy, problem):
        raise InputError(f"policy {label_of(policy)!r} {why}")
    with _blamed(None):
        learner = policy.start(problem, rng)
    if not all(callable(getattr(learner, verb, None)) for verb in ("choose", "learn")):
        raise Misbehaviour(f"started {learner!r}", ", which has no choose and learn")
    return in_blocks(learner)
