"""Reading a table that a user names: CSV or parquet. What is made of it is named by its content, not by its place."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bandits.description import Description, label_of
from bandits.errors import Fault, InputError

if TYPE_CHECKING:
    import polars as pl

ENDINGS = (".csv", ".tsv", ".parquet")
SEPARATORS = {".csv": ",", ".tsv": "\t"}
WORDS = {",": "commas", "\t": "tabs", ";": "semicolons"}
TOO_MANY = "found more fields than defined"
"""What polars says of a row that has more values than the header."""


def bytes_of(path: str) -> bytes:
    """The content of a file.

    Raises:
        InputError: when it is not there, or cannot be read.
    """
    try:
        return Path(path).expanduser().read_bytes()
    except FileNotFoundError:
        raise InputError("is not there; check the path", path) from None
    except IsADirectoryError:
        raise InputError("is a folder; name a .csv, .tsv or .parquet file in it", path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path) from None


def digest_of(path: str) -> str:
    """SHA-256 of a file, in hexadecimal digits.

    Raises:
        InputError: as `bytes_of` does.
    """
    return hashlib.sha256(bytes_of(path)).hexdigest()


def at_path(error: InputError, path: str) -> list[Fault]:
    """The faults of a file, at the field `path` of the description that names it; what has a place keeps it."""
    return [fault if fault.where else Fault(f"{path} {fault.what}", ("path",)) for fault in error.faults]


def digest_meant(path: str, sha256: str | None) -> str:
    """SHA-256 of the file that a description names by its field `path`.

    Raises:
        InputError: when it cannot be read, or is another file than the one that is meant, if any is.
    """
    try:
        digest = digest_of(path)
    except InputError as error:
        raise InputError(at_path(error, path)) from None
    if sha256 not in {None, digest}:
        what = f"{path} has another SHA-256, {digest[:12]}…; use the file that was meant"
        raise InputError(Fault(what, ("sha256",)))
    return digest


def label_with_file(description: Description, path: str) -> str:
    """Its name, or its kind, the name of the file, and the parameters that differ from the defaults, but the digest."""
    if description.name:
        return description.name
    kind = type(description).__name__
    said = label_of(description.model_copy(update={"sha256": None})).removeprefix(kind)[1:-1]
    return f"{kind}({', '.join(part for part in (Path(path).name, said) if part)})"


@lru_cache(maxsize=8)
def read_table(path: str, sha256: str | None = None) -> pl.DataFrame:
    """Read a table, once a process.

    Args:
        path: ends in .csv, .tsv (both with a header) or .parquet.
        sha256: of the file that is meant; a file that was changed since is refused.

    Raises:
        InputError: when it cannot be read, is another file, is no table, or has no rows.
    """
    import polars as pl  # noqa: PLC0415  heavy: imported where it is used

    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise InputError(f"must end in .csv, .tsv or .parquet, got {ending or 'no ending'}", path)
    raw = bytes_of(path)
    if sha256 is not None and hashlib.sha256(raw).hexdigest() != sha256:
        raise InputError(f"was changed (its SHA-256 is not {sha256[:12]}…); use the file that was meant", path)
    separator = SEPARATORS.get(ending)
    if separator is not None and (why := _why_no_text_table(raw, separator)):
        raise InputError(why, path)
    try:
        if separator is None:
            frame = pl.read_parquet(io.BytesIO(raw))
        else:
            frame = pl.read_csv(io.BytesIO(raw), separator=separator, infer_schema_length=None)
    except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001  whatever polars says of a broken file
        why = str(error).splitlines()[0]
        if separator is not None and TOO_MANY in why:
            why = f"a row has more values than the header; {WORDS[separator]} within a value must stand in quotes"
        raise InputError(f"is no table: {why}", path) from None
    if frame.is_empty():
        raise InputError("has no rows", path)
    return frame


def _why_no_text_table(raw: bytes, separator: str) -> str | None:
    """Why bytes are no table with a header; None if nothing speaks against it, as far as one line of it tells."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return f"must be UTF-8 text, got another encoding at byte {error.start}; save it as UTF-8"
    names = _header(raw, separator)
    others = [other for other in WORDS if other != separator and other in "".join(names)]
    if len(names) == 1 and others:
        right, wrong = WORDS[separator], WORDS[others[0]]
        return f"must have its values separated by {right}, got {wrong} in the header; save it with {right}"
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        return f"must name every column once in its header, got {', '.join(map(repr, twice))} twice; rename one"
    return None


def _header(raw: bytes, separator: str) -> list[str]:
    """The first line that is not blank, as values; none where it cannot be read."""
    lines = io.TextIOWrapper(io.BytesIO(raw), "utf-8-sig", newline="")
    try:
        return next((row for row in csv.reader(lines, delimiter=separator) if row), [])
    except csv.Error:
        return []
