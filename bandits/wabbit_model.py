"""Vowpal Wabbit's model, in memory: it is written to files only, and a file may ask for more than to be read."""

from __future__ import annotations

import pathlib
import re
import struct
import tempfile
from collections.abc import Callable
from typing import Any

from bandits.errors import InputError


def model_of(workspace: Any) -> bytes:  # noqa: ANN401  Vowpal Wabbit ships no types
    """All that a workspace has learnt: weights, their adaptive state, counters, and how far its luck has come.

    The workspace must have been opened with `--per_model_save_load`. Without it, of the several regressions of "bag",
    "cover" and "rnd", and of "dr", only the first would go on at the learning rate at which it was.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "model")
        workspace.save(path)
        return path.read_bytes()


def reopened(model: bytes, workspace: Any, reopen: Callable[[str], Any]) -> Any:  # noqa: ANN401  the same
    """A workspace that goes on from a model.

    A model holds options, which Vowpal Wabbit follows as if they stood on its command line, those that write files
    included. So only those of a workspace of our own making are let through.

    Args:
        model: of a workspace with the same options.
        workspace: made with these options.
        reopen: opens one from a file, by its name.

    Raises:
        InputError: when the model is none, or has other options.
    """
    found, due = _options(model), _options(model_of(workspace))
    if found != due:
        raise InputError(f"has a saved model with other options, {found!r} instead of {due!r}", "VowpalWabbit")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "model")
        path.write_bytes(model)
        return reopen(str(path))


def _options(model: bytes) -> str:
    """The options in a model's header, but for the state of its luck, which is kept there as a seed.

    The header: version and id, each after its length; "m"; six numbers; the options, after their length.
    """
    try:
        place = 0
        for gap in (0, 0, 1 + 6 * 4):
            place += gap
            (length,) = struct.unpack_from("<I", model, place)
            (text,) = struct.unpack_from(f"<{length}s", model, place + 4)
            place += 4 + length
        return re.sub(r" --random_seed \d+", "", text.rstrip(b"\0").decode())
    except (struct.error, ValueError) as error:
        raise InputError(f"has a saved model that is damaged: {error}", "VowpalWabbit") from None
