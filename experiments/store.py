"""A cell as bytes, what keeps cells by key, and the one that keeps them in memory."""

from __future__ import annotations

import io
from typing import Protocol

import polars as pl

from experiments.ledger import COHORTS, CURVES, USERS, Books

RESULT_FORMAT = 1
"""Raise it when the same description would give other results, or another layout of a cell."""

MANIFEST = "experiment.json"
MANIFEST_KEYS = frozenset({"format", "name", "seed", "replications", "environments", "policies", "cells"})


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

    def tidy(self) -> None:
        """Nothing is ever half done in memory."""
