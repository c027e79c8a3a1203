"""Where results are kept: a folder of cells, each named by the hash of what defines it, and a manifest.

    results/acme/experiment.json                    what was asked, and what goes by which name
                 cells/<key>.<checksum>.parquet     one cell, written whole or not at all
                 failed/<key>.json                  what went wrong in a cell; it is tried again on the next run
                 log/<key>/part-00000.parquet       every visit of a cell, with `--log full`
"""

from __future__ import annotations

import errno
import io
import json
import os
import pathlib
import shutil
import tempfile
import zlib
from typing import Any, Protocol

import polars as pl

from bandits.errors import InputError
from experiments.ledger import COHORTS, CURVES, USERS, Books

RESULT_FORMAT = 1
"""Raise it when the same description would give other results, or another layout of a cell."""

MANIFEST = "experiment.json"


def to_bytes(books: Books) -> bytes:
    """The three frames of a cell as one parquet file, told apart by the column `table`."""
    frames = {"curves": books.curves, "cohorts": books.cohorts, "users": books.users}
    tagged = [frame.select(pl.lit(name).alias("table"), pl.all()) for name, frame in frames.items()]
    buffer = io.BytesIO()
    pl.concat(tagged, how="diagonal").write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def from_bytes(data: bytes) -> Books:
    """Read what `to_bytes` wrote."""
    frame = pl.read_parquet(io.BytesIO(data))

    def table(name: str, columns: tuple[str, ...]) -> pl.DataFrame:
        return frame.filter(pl.col("table") == name).select(columns)

    return Books(table("curves", CURVES), table("cohorts", COHORTS), table("users", USERS))


class Store(Protocol):
    """Keeps cells by key."""

    def has(self, key: str) -> bool:
        """Whether a cell is there, whole."""
        ...

    def present(self, key: str) -> bool:
        """Whether a cell is there, damaged or not."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Keep a cell."""
        ...

    def get(self, key: str) -> bytes:
        """Give a cell back."""
        ...


class MemoryStore:
    """Keeps cells in memory."""

    def __init__(self) -> None:
        self._cells: dict[str, bytes] = {}

    def has(self, key: str) -> bool:
        """Whether a cell is there."""
        return key in self._cells

    def present(self, key: str) -> bool:
        """The same: nothing gets damaged in memory."""
        return key in self._cells

    def put(self, key: str, data: bytes) -> None:
        """Keep a cell."""
        self._cells[key] = data

    def get(self, key: str) -> bytes:
        """Give a cell back."""
        return self._cells[key]


class FolderStore:
    """Keeps cells in a folder.

    Args:
        folder: of the experiment; made when something is written.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder

    def _paths(self, key: str) -> list[pathlib.Path]:
        return sorted((self.folder / "cells").glob(f"{key}.*.parquet"))

    def has(self, key: str) -> bool:
        """Whether a cell is there, whole: a damaged one is thrown away, to be computed again."""
        for path in self._paths(key):
            if _whole(path) is not None:
                return True
            path.unlink(missing_ok=True)
        return False

    def present(self, key: str) -> bool:
        """Whether a cell is there, damaged or not."""
        return bool(self._paths(key))

    def put(self, key: str, data: bytes) -> None:
        """Keep a cell: all of it appears at once, or nothing."""
        write_whole(self.folder / "cells" / f"{key}.{zlib.crc32(data):08x}.parquet", data)
        (self.folder / "failed" / f"{key}.json").unlink(missing_ok=True)

    def get(self, key: str) -> bytes:
        """Give a cell back.

        Raises:
            InputError: when it is missing or damaged.
        """
        for path in self._paths(key):
            data = _whole(path)
            if data is None:
                raise InputError("is damaged; run the experiment again, which computes it anew", str(path))
            return data
        raise InputError(f"cell {key} is missing; run the experiment again", str(self.folder))

    def fail(self, key: str, record: dict[str, Any]) -> None:
        """Record why a cell could not be computed."""
        write_whole(self.folder / "failed" / f"{key}.json", json.dumps(record, indent=1).encode())

    def failure(self, key: str) -> dict[str, Any] | None:
        """Why a cell could not be computed, if that is on record."""
        path = self.folder / "failed" / f"{key}.json"
        try:
            return dict(json.loads(path.read_bytes()))
        except (OSError, ValueError):
            return None

    def log_folder(self, key: str) -> pathlib.Path:
        """Where every visit of a cell is logged."""
        return self.folder / "log" / key

    def read_manifest(self) -> dict[str, Any]:
        """What was asked.

        Raises:
            InputError: when the folder holds no results of ours, or not such as we can read.
        """
        path = self.folder / MANIFEST
        if not self.folder.exists():
            raise InputError("does not exist; run an experiment with -o, or check the path", str(self.folder))
        if not self.folder.is_dir():
            raise InputError("is a file, and must be a folder of results", str(self.folder))
        try:
            manifest = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise InputError(f"holds no {MANIFEST}: it is no folder of results", str(self.folder)) from None
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", str(path)) from None
        except ValueError:
            raise InputError("is damaged; run the experiment again, which writes it anew", str(path)) from None
        if not isinstance(manifest, dict) or manifest.get("format") != RESULT_FORMAT:
            found = manifest.get("format") if isinstance(manifest, dict) else None
            what = f"has result format {found!r}, and this version reads {RESULT_FORMAT}; choose another folder"
            raise InputError(what, str(path))
        return manifest

    def claim(self, manifest: dict[str, Any], *, overwrite: bool) -> None:
        """Make the folder this experiment's, keeping the cells that are there.

        Raises:
            InputError: when it holds something else.
        """
        if overwrite and (self.folder / MANIFEST).exists():
            for part in ("cells", "failed", "log"):
                shutil.rmtree(self.folder / part, ignore_errors=True)
            (self.folder / MANIFEST).unlink()
        try:
            if (self.folder / MANIFEST).exists():
                try:
                    there = self.read_manifest()
                except InputError as error:
                    if "is damaged" not in str(error):
                        raise
                    there = manifest
                if there["seed"] != manifest["seed"]:
                    what = f"made with seed {there['seed']}, and this run asks for {manifest['seed']}"
                    raise InputError(f"{what}; choose another folder, or --overwrite", str(self.folder))
                if there["name"] != manifest["name"]:
                    what = f"holds experiment {there['name']!r}, and this is {manifest['name']!r}"
                    raise InputError(f"{what}; choose another folder, or --overwrite", str(self.folder))
            elif self.folder.exists() and any(not path.name.startswith(".") for path in self.folder.iterdir()):
                what = f"is not empty and holds no {MANIFEST}: it is no folder of results; choose another"
                raise InputError(what, str(self.folder))
            self.write_manifest(manifest)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
            raise InputError(f"cannot be written: {error.strerror}; choose another folder", str(self.folder)) from None

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Write what was asked."""
        write_whole(self.folder / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode())


def _whole(path: pathlib.Path) -> bytes | None:
    """The content of a cell, or None if it is not what was written."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return data if f"{zlib.crc32(data):08x}" == path.name.split(".")[1] else None


def write_whole(path: pathlib.Path, data: bytes) -> None:
    """Write a file so that nobody ever sees a part of it, not even after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, making = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        pathlib.Path(making).replace(path)
    except BaseException:
        pathlib.Path(making).unlink(missing_ok=True)
        raise
