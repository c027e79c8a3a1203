"""What may be written in a scenario's file for people to read."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator


def _plain(text: str) -> str:
    """On one line, whatever the file's line breaks, and without what would command a terminal."""
    line = " ".join(text.split())
    strange = [letter for letter in line if not letter.isprintable()]
    if strange:
        raise ValueError(f"must be plain text, got the control character {strange[0]!r}")
    return line


def _not_blank(text: str) -> str:
    if not text:
        raise ValueError("must say something, got nothing but blanks")
    return text


def _a_key(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text):
        raise ValueError(f"must be called with letters, digits, _ and - alone, a letter first, got {text!r}")
    return text


Words = Annotated[str, AfterValidator(_plain)]
"""Perhaps none."""

Text = Annotated[Words, AfterValidator(_not_blank)]
"""Something."""

Key = Annotated[str, AfterValidator(_a_key)]
"""What the thing is called in tables and in files."""
