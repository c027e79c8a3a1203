"""Reading a log: one table, or a folder of parquet parts as `personabandits run --log full` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bandits.errors import InputError
from environments.log_check.finding import listed
from environments.table_file import read_table

if TYPE_CHECKING:
    import polars as pl


def read_log(path: str) -> pl.DataFrame:
    """Read a log whole.

    Args:
        path: of a .csv, .tsv or .parquet file, or of a folder of parquet parts, read in the order of their names.

    Raises:
        InputError: when there is no such log, it cannot be read, or it has no rows.
    """
    folder = Path(path).expanduser()
    return _parts(folder, path) if folder.is_dir() else read_table(path)


def _parts(folder: Path, path: str) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415  heavy: imported where it is used

    try:
        parts = sorted(folder.glob("*.parquet"))
        if not parts:
            below = sorted({part.parent for part in folder.glob("**/part-*.parquet")})
            hint = f"; name one of the logs in it: {listed(below, 3)}" if below else ""
            raise InputError(f"is a folder without parquet files{hint}", path)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path) from None
    frames = [read_table(str(part)) for part in parts]
    differing = [part.name for part, frame in zip(parts, frames, strict=True) if frame.schema != frames[0].schema]
    if differing:
        raise InputError(
            f"must hold the parts of one log, but the columns of {listed(differing, 3)} are not those of "
            f"{parts[0].name}; name one file",
            path,
        )
    return pl.concat(frames)
