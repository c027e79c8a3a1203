"""A log as arrays: what the checks look at. N rows, K actions that were shown, C cohorts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bandits.errors import Fault, InputError
from bandits.protocol import Bools, Floats, Ints
from environments.log_check.finding import printable
from environments.log_check.names import Roles
from environments.table_columns import is_number, numbers_of, places_of

if TYPE_CHECKING:
    import polars as pl


LEAST_ROWS_FOR_IDS = 50


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of categories.

    Args:
        names: (V,) the different values, sorted.
        codes: (N,) index of each row's value, −1 where it is null.
    """

    names: tuple[str, ...]
    codes: Ints

    @property
    def counts(self) -> Ints:
        """(V,) rows of each value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))


def coded(column: pl.Series) -> Coded:
    """Number the values of a column in their own order, so that the order of rows does not matter."""
    import polars as pl  # noqa: PLC0415  heavy: imported where it is used

    if column.dtype == pl.Categorical:
        column = column.cast(str)  # their own order may be that of the rows
    values = column.fill_nan(None) if column.dtype.is_float() else column
    known = values.drop_nulls().unique().sort()
    # text may be equal where values are not (times with and without a zone), and the numbers must not mix them up
    names = tuple(known.cast(str).unique(maintain_order=True))
    return Coded(names, places_of(values.cast(str), names))


def numbers(column: pl.Series) -> Floats | None:
    """A column as numbers (N,), NaN where it is null; None where it holds something else than numbers."""
    import polars as pl  # noqa: PLC0415  heavy: imported where it is used

    if column.dtype.is_temporal():
        column = column.to_physical()
    if is_number(column) or column.dtype == pl.Null:
        return numbers_of(column)
    if column.dtype != pl.String:
        return None
    read = column.str.strip_chars().cast(pl.Float64, strict=False)
    return numbers_of(read) if read.null_count() == column.null_count() else None


def no_numbers(column: pl.Series) -> str:
    """What a column holds in place of numbers, with the first value that is none."""
    import polars as pl  # noqa: PLC0415  heavy: imported where it is used

    there, kind = column.drop_nulls(), str(column.dtype)
    if column.dtype == pl.String:
        there, kind = there.filter(there.str.strip_chars().cast(pl.Float64, strict=False).is_null()), "text"
    return f"{kind} such as {printable(there[0])[:40]!r}" if len(there) else kind


def missing(column: pl.Series) -> int:
    """How many values are null or not a number."""
    return column.null_count() + (int(column.is_nan().sum()) if column.dtype.is_float() else 0)


@dataclass(frozen=True)
class Log:
    """A log, its columns' roles, and its columns as arrays.

    Raises:
        InputError: when the values of an action or a cohort are lists, or bytes.
    """

    frame: pl.DataFrame
    roles: Roles
    _distinct: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = [
            Fault(f"must be text or numbers, got {self.frame[name].dtype}; name another column", (role,))
            for role, name in (("action", self.roles.action), ("cohort", self.roles.cohort))
            if name is not None and not simple(self.frame[name])
        ]
        if faults:
            raise InputError(faults)

    @cached_property
    def actions(self) -> Coded:
        """What was shown."""
        return coded(self.frame[self.roles.action])

    @cached_property
    def cohorts(self) -> Coded | None:
        """Who visited; None without such a column."""
        return None if self.roles.cohort is None else coded(self.frame[self.roles.cohort])

    @cached_property
    def reward(self) -> Floats | None:
        """(N,) NaN where it is null; None where it is no number."""
        return numbers(self.frame[self.roles.reward])

    @cached_property
    def propensity(self) -> Floats | None:
        """(N,) NaN where it is null; None without such a column, or where it is empty, or no number."""
        column = None if self.roles.propensity is None else self.frame[self.roles.propensity]
        return None if column is None or column.null_count() == len(column) else numbers(column)

    @cached_property
    def available(self) -> Ints | None:
        """(N, K') which of the world's K' actions were available, as 0 and 1; None where the log does not say."""
        import polars as pl  # noqa: PLC0415  heavy: imported where it is used

        if self.roles.available is None:
            return None
        column = self.frame[self.roles.available]
        if not isinstance(column.dtype, (pl.Array, pl.List)) or column.dtype.inner != pl.Boolean:
            return None
        lists = column.cast(pl.List(pl.Boolean))
        widths = lists.list.len()
        if lists.null_count() or widths.n_unique() != 1 or widths[0] < max(len(self.actions.names), 1):
            return None
        flat = lists.explode().fill_null(value=False).to_numpy()
        return flat.reshape(len(column), -1).astype(np.int64)

    @cached_property
    def sound(self) -> Bools:
        """(N,) rows with an action and a finite reward."""
        known = self.actions.codes >= 0
        return known if self.reward is None else known & np.isfinite(self.reward)

    def distinct(self, name: str) -> int:
        """How many different values a column has, nulls aside; -1 where values are lists."""
        if name not in self._distinct:
            column = self.frame[name]
            self._distinct[name] = column.drop_nulls().n_unique() if simple(column) else -1
        return self._distinct[name]

    def is_id(self, name: str) -> bool:
        """Whether a column of at least 50 rows names rows: at least half of the texts, or all whole numbers, differ."""
        column, n = self.frame[name], len(self)
        kind = column.dtype
        if n < LEAST_ROWS_FOR_IDS or kind.is_float() or kind.is_decimal() or kind.is_temporal():
            return False
        return self.distinct(name) >= n * (1.0 if kind.is_numeric() else 0.5)

    @cached_property
    def telling(self) -> tuple[str, ...]:
        """The features that may tell something: no lists, no ids, nothing constant."""
        return tuple(name for name in self.roles.features if self.distinct(name) > 1 and not self.is_id(name))

    def __len__(self) -> int:
        return len(self.frame)


def simple(column: pl.Series) -> bool:
    """Whether the values are no lists and no bytes."""
    import polars as pl  # noqa: PLC0415  heavy: imported where it is used

    return not column.dtype.is_nested() and column.dtype not in {pl.Binary, pl.Object}
