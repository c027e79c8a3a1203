"""Where results are kept: a folder of cells, each named by the hash of what defines it, and a manifest.

experiment.json                       what was asked, and what goes by which name
cells/3f/<key>.<checksum>.parquet     one cell, written whole or not at all; 3f begins its key
failed/<key>.json                     what went wrong in a cell; it is tried again on the next run
log/<key>/part-00000.parquet          every visit of a cell, with `--log full`
"""

from __future__ import annotations

import json
import pathlib
import shutil
import zlib
from typing import Any

import numpy as np

from bandits.errors import InputError
from experiments.disk import tidy, write_whole, writing
from experiments.store import MANIFEST, MANIFEST_KEYS, RESULT_FORMAT


class FolderStore:
    """Keeps cells in a folder.

    Args:
        folder: of the experiment; made when something is written.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder

    def _shelf(self, key: str) -> pathlib.Path:
        # A sweep may have 100,000 cells, and a folder is searched for each of them.
        return self.folder / "cells" / key[:2]

    def _paths(self, key: str) -> list[pathlib.Path]:
        return sorted(self._shelf(key).glob(f"{key}.*.parquet"))

    def has(self, key: str) -> bool:
        """Whether a cell is there, whole: a damaged one is thrown away, to be computed again."""
        for path in self._paths(key):
            if _whole(path) is not None:
                return True
            with writing(self.folder):
                path.unlink(missing_ok=True)
        return False

    def present(self, key: str) -> bool:
        """Whether a cell is there, damaged or not."""
        return bool(self._paths(key))

    def put(self, key: str, data: bytes) -> None:
        """Keep a cell: all of it appears at once, or nothing.

        Raises:
            Unwritable: when there is no space, or no permission.
        """
        with writing(self.folder):
            write_whole(self._shelf(key) / f"{key}.{zlib.crc32(data):08x}.parquet", data)
            self._failure(key).unlink(missing_ok=True)

    def get(self, key: str) -> bytes:
        """Give a cell back.

        Raises:
            InputError: when it is missing or damaged.
        """
        paths = self._paths(key)
        for path in paths:
            data = _whole(path)
            if data is not None:
                return data
        if paths:
            raise InputError("is damaged; run the experiment again, which computes it anew", str(paths[0]))
        raise InputError(f"cell {key} is missing; run the experiment again", str(self.folder))

    def _failure(self, key: str) -> pathlib.Path:
        return self.folder / "failed" / f"{key}.json"

    def fail(self, key: str, record: dict[str, Any]) -> None:
        """Record why a cell could not be computed."""
        with writing(self.folder):
            write_whole(self._failure(key), json.dumps(record, indent=1).encode())

    def failure(self, key: str) -> dict[str, Any] | None:
        """Why a cell could not be computed, if that is on record, and it was not computed since."""
        try:
            record = dict(json.loads(self._failure(key).read_bytes()))
        except (OSError, ValueError):
            return None
        return None if self.present(key) else record

    def log_folder(self, key: str) -> pathlib.Path:
        """Where every visit of a cell is logged."""
        return self.folder / "log" / key

    def read_manifest(self) -> dict[str, Any]:
        """What was asked.

        Raises:
            InputError: when the folder holds no results of ours, or not such as we can read.
        """
        path = self.folder / MANIFEST
        try:
            there, folder = self.folder.exists(), self.folder.is_dir()
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", str(self.folder)) from None
        if not there:
            raise InputError("is not there; check the path, or run an experiment into it with -o", str(self.folder))
        if not folder:
            raise InputError("is a file, and must be a folder of results", str(self.folder))
        manifest = self._parsed()
        if manifest is None:
            raise InputError("is damaged; run the experiment again, which writes it anew", str(path))
        if manifest.get("format") != RESULT_FORMAT:
            what = f"has result format {manifest.get('format')!r}, and this version reads {RESULT_FORMAT}"
            raise InputError(f"{what}; choose another folder, or --overwrite", str(path))
        if missing := MANIFEST_KEYS - manifest.keys():
            raise InputError(
                f"lacks {', '.join(sorted(missing))}; run the experiment again, with --overwrite", str(path)
            )
        return manifest

    def _parsed(self) -> dict[str, Any] | None:
        """The manifest as it is; None if it is damaged."""
        path = self.folder / MANIFEST
        try:
            manifest = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise InputError(f"holds no {MANIFEST}: it is no folder of results", str(self.folder)) from None
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", str(path)) from None
        except (ValueError, RecursionError):
            return None
        return manifest if isinstance(manifest, dict) else None

    def claim(self, manifest: dict[str, Any], *, overwrite: bool) -> None:
        """Make the folder this experiment's, keeping the cells that are there.

        Raises:
            InputError: when it holds something else.
            Unwritable: when it cannot be written.
        """
        with writing(self.folder):
            if (self.folder / MANIFEST).exists():
                self._clear() if overwrite else self._admit(manifest)
            elif self.folder.exists() and any(not path.name.startswith(".") for path in self.folder.iterdir()):
                what = f"is not empty and holds no {MANIFEST}: it is no folder of results; choose another"
                raise InputError(what, str(self.folder))
            write_whole(
                self.folder / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False, default=_plain).encode()
            )
        self.tidy()

    def tidy(self) -> None:
        """Throw away what runs that were killed left unfinished."""
        with writing(self.folder):
            tidy(self.folder)

    def _admit(self, manifest: dict[str, Any]) -> None:
        """Refuse to mix experiments; a damaged manifest says nothing, and is written anew."""
        if self._parsed() is None:
            return
        there = self.read_manifest()
        for field in ("seed", "name"):
            if there[field] != manifest[field]:
                what = f"made with {field} {there[field]!r}, and this run asks for {manifest[field]!r}"
                raise InputError(f"{what}; choose another folder, or --overwrite", str(self.folder))

    def _clear(self) -> None:
        there = self._parsed()
        if there is not None and not isinstance(there.get("format"), int):
            what = f"its {MANIFEST} is none of ours, so that nothing in it is overwritten; choose another folder"
            raise InputError(what, str(self.folder))
        for part in ("cells", "failed", "log"):
            if (self.folder / part).exists():
                shutil.rmtree(self.folder / part)


def _plain(value: object) -> object:
    """A number of numpy's, which an environment of one's own may have put into its description, as one of Python's."""
    return value.item() if isinstance(value, np.generic) else str(value)


def _whole(path: pathlib.Path) -> bytes | None:
    """The content of a cell, or None if it is not what was written.

    Raises:
        InputError: when it cannot be read, which does not say that it is damaged.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path)) from None
    return data if f"{zlib.crc32(data):08x}" == path.name.split(".")[1] else None
