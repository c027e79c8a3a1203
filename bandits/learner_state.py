"""All that changes in a learner, taken out as arrays and put back: what a saved learner is made of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from bandits.errors import InputError
from bandits.protocol import BlockLearner

Arrays = Mapping[str, npt.NDArray[np.generic]]


def text_array(text: str) -> npt.NDArray[np.uint8]:
    """A text as an array of its bytes."""
    return np.frombuffer(text.encode(), dtype=np.uint8)


def text_of(array: npt.NDArray[np.generic]) -> str:
    """The text that an array of bytes holds."""
    return array.astype(np.uint8).tobytes().decode()


def state_of(learner: BlockLearner) -> dict[str, npt.NDArray[np.generic]]:
    """Every array, number and random generator that a learner is made of, at every depth, by its path."""
    found: dict[str, npt.NDArray[np.generic]] = {}
    for path, part, _ in _parts(learner):
        if isinstance(part, BlockLearner):
            found |= {f"{path}/{name}": array for name, array in part.state().items()}
        elif isinstance(part, np.random.Generator):
            found[path] = text_array(json.dumps(part.bit_generator.state))
        else:
            found[path] = np.array(part)
    return found


def restore(learner: BlockLearner, state: Arrays) -> None:
    """Put everything that `state_of` found back in its place.

    Raises:
        ValueError: when something is missing, or does not fit.
    """
    for path, part, place in _parts(learner):
        if isinstance(part, BlockLearner):
            inside = path + "/"
            part.restore({key.removeprefix(inside): value for key, value in state.items() if key.startswith(inside)})
            continue
        if path not in state:
            raise ValueError(f"{path!r} is missing")
        value = state[path]
        if isinstance(part, np.random.Generator):
            part.bit_generator.state = json.loads(text_of(value))
            continue
        due = np.asarray(part)
        grows = place is not None and value.ndim > 0
        if value.dtype != due.dtype or value.ndim != due.ndim or (value.shape != due.shape and not grows):
            raise ValueError(f"{path!r} is {value.dtype} {value.shape}, where {due.dtype} {due.shape} is due")
        if isinstance(part, np.ndarray) and part.shape == value.shape:
            part[...] = value
        elif place is not None:
            owner, name = place
            setattr(owner, name, value.copy() if value.ndim else value.item())


Place = tuple[object, str] | None
"""The object and the attribute that hold a part; None where a tuple, a list or a table does."""


def _parts(learner: BlockLearner) -> Iterator[tuple[str, Any, Place]]:
    """All that changes in a learner: its path, itself, and its place."""
    for name, value in sorted(vars(learner).items()):
        if name != "origin":
            yield from _within(name, value, (learner, name))


def _within(path: str, value: object, place: Place) -> Iterator[tuple[str, Any, Place]]:
    if isinstance(value, (bool, int, float)):
        if place is not None:  # what a tuple holds by value never changes
            yield path, value, place
    elif isinstance(value, (np.ndarray, np.random.Generator, BlockLearner)):
        yield path, value, place
    else:
        for name, part, inner in _inside(path, value):
            yield from _within(f"{path}/{name}", part, inner)


def _inside(path: str, value: object) -> list[tuple[object, object, Place]]:
    """The parts of something that holds others: their names, themselves, and their places."""
    if isinstance(value, Mapping):
        return [(key, part, None) for key, part in value.items()]
    if isinstance(value, (list, tuple)):
        names = getattr(value, "_fields", range(len(value)))
        return [(name, part, None) for name, part in zip(names, value, strict=True)]
    if isinstance(value, Changing):
        return [(name, part, (value, name)) for name, part in sorted(vars(value).items())]
    if _constant(value):
        return []
    raise InputError(f"cannot be saved: what it keeps as {path!r} is a {type(value).__name__}; use arrays")


def _constant(value: object) -> bool:
    """Whether a part of a learner follows from its policy and problem: names, functions, and what `bandits` makes."""
    ours = type(value).__module__.partition(".")[0] == "bandits"
    return value is None or ours or callable(value) or isinstance(value, (str, bytes))


class Changing:
    """A part of a learner that holds something which changes, such as a law with luck of its own."""
