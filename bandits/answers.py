"""What a policy may answer, and who is blamed when it answers something else."""

from __future__ import annotations

import pathlib
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

import numpy as np

from bandits.errors import InputError
from bandits.protocol import Block, Bools, Choice, Choices


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


@contextmanager
def blamed(row: int | None) -> Iterator[None]:
    """Blame the policy for whatever it raises, and say where in its code that was."""
    try:
        yield
    except (Misbehaviour, InputError):
        raise
    except (Exception, SystemExit) as error:  # a policy that exits must not take the run with it
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{pathlib.Path(frame.filename).name}:{frame.lineno}"
        raise Misbehaviour(f"raised {type(error).__name__}", f" ({place}): {error}", row) from error


def locked(block: Block) -> Block:
    """The same block, which nobody can write to: a learner that did would change what its choices are judged by."""
    views: dict[str, Any] = {
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
    if not isinstance(choice.error, (float, int, np.floating)) or not choice.error >= 0:
        raise Misbehaviour(
            f"stated a propensity with standard error {choice.error!r}", ", which is not 0 or above", row
        )
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
    for what, values in (("errors", choices.error), ("explored", choices.explored)):
        if values is not None and np.shape(values) != (N,):
            raise Misbehaviour("answered a block", f" with {what} of shape {np.shape(values)}, where ({N},) was due")
    action, share = choices.action, choices.propensity
    inside = (action >= 0) & (action < K)
    fine = inside & available[np.arange(N), np.where(inside, action, 0)]
    fine &= np.isnan(share) | ((share > 0) & (share <= 1))
    if not fine.all():
        n = int(np.argmin(fine))
        checked(Choice(int(action[n]), float(share[n])), available[n], n)
