"""How the loops of a policy are put together from its parts; the loops themselves are written once, in `kernels`."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bandits.compiled import compiled
from bandits.kernels import chances, correct_many, decide, estimate_all, learn_many, note, play, score, show


@dataclass(frozen=True, slots=True)
class Kernels:
    """The loops of one policy.

    Args:
        play: see `play`.
        learn: see `learn_many`.
        correct: see `correct_many`; None where what was learnt cannot be corrected.
        estimate: see `estimate_all`.
        notes: R of `note`.
    """

    play: Callable[..., int]
    learn: Callable[..., int]
    correct: Callable[..., None] | None
    estimate: Callable[..., None]
    notes: int


def assembled(
    name: str,
    *,
    estimate: Callable[..., None],
    learn: Callable[..., None],
    correct: Callable[..., None] | None = None,
    score: Callable[..., None] = score,
    chances: Callable[..., None] = chances,
    note: Callable[..., None] = note,
    notes: int = 2,
    show: Callable[..., None] = show,
) -> Kernels:
    """Put the loops of a policy together from its compiled parts.

    Each is the template's code with other functions under the names that it calls, which numba compiles and keeps like
    any other function.

    Args:
        name: of the policy, under which its machine code is kept: unique.
        estimate: see `bandits.kernels`; so are the others.
        learn: what a reward changes.
        correct: None where what was learnt cannot be corrected.
        score: greedy without one.
        chances: the best score wins without one.
        note: the mean and the sd without one.
        notes: how many numbers it notes an action.
        show: nothing is taken down without one.
    """
    parts: dict[str, Callable[..., None] | None] = {
        "estimate": estimate,
        "score": score,
        "chances": chances,
        "note": note,
        "show": show,
    }
    parts |= {"learn": learn, "correct": correct}
    parts["decide"] = _with(decide, name, parts)
    return Kernels(
        play=_with(play, name, parts),
        learn=_with(learn_many, name, parts),
        correct=None if correct is None else _with(correct_many, name, parts),
        estimate=_with(estimate_all, name, parts),
        notes=notes,
    )


def _with(template: Callable[..., Any], name: str, parts: dict[str, Any]) -> Callable[..., Any]:
    assert isinstance(template, types.FunctionType)  # noqa: S101  for the type checker
    loop = types.FunctionType(template.__code__, {**template.__globals__, **parts}, template.__name__)
    loop.__qualname__ = f"{template.__name__}-{name}"
    loop.__doc__, loop.__module__ = template.__doc__, template.__module__
    return compiled(loop)
