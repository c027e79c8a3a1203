"""Files that come with the package, byte for byte."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bandits.errors import InputError

MEND = "it is a part of the package: install personabandits again"


def content(path: Path, sha256: str) -> bytes:
    """The content of a shipped file.

    A cell of results is named by the parameters of its environment, so the data themselves must never vary.

    Raises:
        InputError: when the file is missing, or is not, byte for byte, the one that the code was written for.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {MEND}") from None
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise InputError(f"{path}: is damaged or was changed (its SHA-256 is not {sha256[:12]}…); {MEND}")
    return raw
