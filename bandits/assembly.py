"""How the loops of a policy are put together from its parts; the loops themselves are written once, in `kernels`."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from bandits.compiled import compiled, name_of, pasted
from bandits.kernels import chances, correct_many, decide, estimate_all, learn_many, note, play, score, show

Loop: TypeAlias = Callable[..., Any]


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
        estimate: see `bandits.kernels`; so are the others.
        learn: what a reward changes.
        correct: None where what was learnt cannot be corrected.
        score: greedy without one.
        chances: the best score wins without one.
        note: the mean and the sd without one.
        notes: how many numbers it notes an action.
        show: nothing is taken down without one.
    """
    parts: dict[str, Loop | None] = {
        "estimate": estimate,
        "score": score,
        "chances": chances,
        "note": note,
        "show": show,
    }
    parts |= {"learn": learn, "correct": correct}
    parts["decide"] = _with(decide, parts, pasted)
    return Kernels(
        play=_with(play, parts),
        learn=_with(learn_many, parts),
        correct=None if correct is None else _with(correct_many, parts),
        estimate=_with(estimate_all, parts),
        notes=notes,
    )


def _with(template: Loop, parts: Mapping[str, Loop | None], made: Callable[[Loop], Loop] = compiled) -> Loop:
    """The loop of a template with those of the parts that it calls; policies that share these share the loop."""
    needed = template.__code__.co_names
    return _loop(template, tuple((name, part) for name, part in parts.items() if name in needed), made)


@functools.cache
def _loop(template: Loop, parts: tuple[tuple[str, Loop | None], ...], made: Callable[[Loop], Loop]) -> Loop:
    """One loop, kept under the names of the parts that are not the template's own."""
    assert isinstance(template, types.FunctionType)  # noqa: S101  for the type checker
    loop = types.FunctionType(template.__code__, {**template.__globals__, **dict(parts)}, template.__name__)
    own = [name_of(part) for name, part in parts if part is not None and name_of(part) != name]
    loop.__qualname__ = "-".join([template.__name__, *own])
    loop.__doc__, loop.__module__ = template.__doc__, template.__module__
    return made(loop)
