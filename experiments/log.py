"""The log of every visit, written in pieces so that memory stays flat."""

from __future__ import annotations

import errno
import io
import pathlib
import shutil
from types import TracebackType
from typing import Self

import numpy as np
import polars as pl

from bandits.protocol import Choices, Problem
from environments.protocol import About, Outcome, Visits
from experiments.disk import in_the_making, write_synced, writing

PIECE = 100_000


def _error(choices: Choices) -> pl.Series:
    """The standard errors of the propensities: 0 where they are exact, null where there is none to err."""
    error = np.zeros(len(choices.propensity)) if choices.error is None else choices.error
    return pl.Series(np.where(np.isnan(choices.propensity), np.nan, error), nan_to_null=True)


class VisitLog:
    """Writes visits as parquet files part-00000.parquet, part-00001.parquet … into a folder, whole or not at all.

    Columns: visit, time, cohort, user, action, propensity (null where it cannot be told), propensity_error (0 where it
    is exact), explored (null where the policy does not say), reward, the world's outcomes, left, available (K), and
    x_<feature> (D of them).

    Args:
        folder: appears when the log is complete.
        about: of the environment.
        problem: of the world.
    """

    def __init__(self, folder: pathlib.Path, about: About, problem: Problem) -> None:
        self._folder, self._about, self._problem = folder, about, problem
        self._making = in_the_making(folder.parent)
        with writing(folder):
            self._making.mkdir(parents=True)
        self._frames: list[pl.DataFrame] = []
        self._rows = self._parts = 0

    def __enter__(self) -> Self:
        return self

    def enter(self, visits: Visits, choices: Choices, outcome: Outcome) -> None:
        """Add a block."""
        names = np.array([cohort.key for cohort in self._about.cohorts])
        propensity = pl.Series(choices.propensity, nan_to_null=True)
        columns: dict[str, object] = {
            "visit": visits.index,
            "time": visits.time,
            "cohort": names[visits.cohort],
            "user": pl.Series([None] * len(visits), dtype=pl.Int64) if visits.user is None else visits.user,
            "action": np.array(self._problem.actions)[choices.action],
            "propensity": propensity,
            "propensity_error": _error(choices),
            "explored": pl.Series([None] * len(visits), dtype=pl.Boolean)
            if choices.explored is None
            else choices.explored,
            "reward": outcome.reward,
        }
        columns |= {name: outcome.values[:, q] for q, name in enumerate(self._about.outcomes)}
        columns["left"] = outcome.left
        columns["available"] = pl.Series(visits.available, dtype=pl.Array(pl.Boolean, visits.available.shape[1]))
        columns |= {f"x_{name}": visits.x[:, d] for d, name in enumerate(self._problem.features)}
        self._frames.append(pl.DataFrame(columns))
        self._rows += len(visits)
        if self._rows >= PIECE:
            self._write()

    def _write(self) -> None:
        if self._frames:
            buffer = io.BytesIO()
            pl.concat(self._frames).write_parquet(buffer, compression="zstd")
            with writing(self._folder):
                write_synced(self._making / f"part-{self._parts:05d}.parquet", buffer.getvalue())
            self._frames, self._rows, self._parts = [], 0, self._parts + 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._write()
                with writing(self._folder):
                    self._appear()
        finally:
            shutil.rmtree(self._making, ignore_errors=True)

    def _appear(self) -> None:
        if self._folder.exists():
            shutil.rmtree(self._folder)
        try:
            self._making.rename(self._folder)
        except OSError as error:
            # another run of the same experiment was faster, and its log is the same
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
