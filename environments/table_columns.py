"""What a column of a table can be: a feature, a class label, a reward, or a cohort; and why it cannot.

V rows, D features.

    a number           (value − mean) / sd over all rows; one with no values but 0 and 1 stays as it is
    a truth value      1 or 0
    a category         a 0/1 feature for each of its values but the first in order, which is all of them 0
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bandits.errors import unknown
from bandits.protocol import Floats, Ints
from environments.protocol import EVERYBODY

if TYPE_CHECKING:
    import polars as pl

MOST_CLASSES = 1_000
MOST_COHORTS = 50
MOST_CATEGORIES = 50
FEWEST_ROWS = 10
"""A cohort of fewer rows is refused: nothing could be said of it."""


@dataclass(frozen=True, slots=True)
class Features:
    """What a policy sees of each row.

    Args:
        names: D, a constant first.
        x: (V, D).
        used: the columns that they are made of.
        left_out: columns that say nothing, or cannot be a feature, each with the reason.
    """

    names: tuple[str, ...]
    x: Floats = field(repr=False)
    used: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


def is_number(column: pl.Series) -> bool:
    """Whether a column holds numbers or truth values."""
    return column.dtype.is_numeric() or str(column.dtype) == "Boolean"


def is_category(column: pl.Series) -> bool:
    """Whether a column holds text."""
    return str(column.dtype).split("(")[0] in {"String", "Categorical", "Enum"}


def type_of(column: pl.Series) -> str:
    """What a column holds, in a word."""
    return "text" if is_category(column) else str(column.dtype)


def missing_in(column: pl.Series) -> int:
    """How many values of a column are null, not finite, or blank."""
    gaps = column.is_null()
    if column.dtype.is_float():
        gaps = gaps | ~column.is_finite().fill_null(value=True)
    elif is_category(column):
        gaps = gaps | (column.cast(str).str.strip_chars() == "").fill_null(value=False)
    return int(gaps.sum())


def places_of(words: pl.Series, names: Sequence[str]) -> Ints:
    """Which of the names, all different, each text (V,) is; −1 where it is null."""
    import polars as pl  # noqa: PLC0415  heavy: imported where it is used

    # As numbers by the table of names: several times as fast as sorting a column of texts.
    places = words.cast(pl.Enum(names)).to_physical().cast(pl.Int64).fill_null(-1)
    return places.to_numpy(writable=True)


def groups_of(column: pl.Series) -> tuple[tuple[str, ...], Ints]:
    """The different values of a column without gaps, in order, as text; and which of them each row (V,) has."""
    if is_category(column):
        words = column.cast(str)
        names = tuple(words.unique().sort())
        return names, places_of(words, names)
    plain = column.cast(float) if _has_fractions(column) else column
    values, code = np.unique(plain.to_numpy(), return_inverse=True)
    return tuple(_text(value) for value in values.tolist()), code.astype(np.int64)


def cohorts_of(frame: pl.DataFrame, name: str | None) -> tuple[tuple[str, ...], tuple[str, ...], Ints]:
    """Keys and names of the cohorts (C) that a column tells apart, and each row's (V,); without one, of everybody."""
    if name is None:
        return (EVERYBODY.key,), (EVERYBODY.name,), np.zeros(len(frame), dtype=np.int64)
    keys, cohort = groups_of(frame[name])
    return keys, tuple(f"visitors with {name} {key}" for key in keys), cohort


def _has_fractions(column: pl.Series) -> bool:
    return column.dtype.is_float() or column.dtype.is_decimal()


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def numbers_of(column: pl.Series) -> Floats:
    """The values (V,) of a column of numbers or truth values; NaN where it is null."""
    values: Floats = column.cast(float).to_numpy()
    return values


def why_not(frame: pl.DataFrame, name: str) -> str | None:
    """Why a column cannot be used for anything: it is not there, of another kind, or has gaps. None if it can."""
    if name not in frame.columns:
        return unknown("column", name, frame.columns)
    column = frame[name]
    if not (is_number(column) or is_category(column)):
        return f"column {name!r} holds {column.dtype}; it must hold numbers, truth values or text: convert it"
    if gaps := missing_in(column):
        what = "has no value" if gaps == 1 else "have no value"
        return f"column {name!r}: {gaps} of {len(column)} rows {what}; fill them in, or drop these rows"
    return None


def why_no_label(frame: pl.DataFrame, name: str) -> str | None:
    """Why a column cannot be the class label; None if it can."""
    if why := why_not(frame, name):
        return why
    column = frame[name]
    if _has_fractions(column) and (numbers_of(column) % 1 != 0).any():
        return f"column {name!r} has fractions, so it is no class; bin it first, or name it in rewards"
    classes = column.n_unique()
    if classes < 2:  # noqa: PLR2004  with one there is nothing to choose between
        return f"column {name!r} has the class {groups_of(column)[0][0]!r} alone; a label must have two or more"
    if classes > MOST_CLASSES:
        return f"column {name!r} has {classes} classes, and {MOST_CLASSES} at most can be actions; merge the rare ones"
    return None


def why_no_reward(frame: pl.DataFrame, name: str) -> str | None:
    """Why a column cannot be the reward of an action; None if it can."""
    if name in frame.columns and not is_number(frame[name]):
        return f"column {name!r} holds {type_of(frame[name])}, and no numbers"
    return why_not(frame, name)


def why_no_cohort(frame: pl.DataFrame, name: str) -> Iterator[str]:
    """Why a column cannot tell cohorts apart; nothing if it can."""
    if why := why_not(frame, name):
        yield why
        return
    column = frame[name]
    if (values := column.n_unique()) > MOST_COHORTS:
        yield f"column {name!r} has {values} different values, and {MOST_COHORTS} at most can be cohorts; bin it first"
        return
    keys, code = groups_of(column)
    for key, rows in zip(keys, np.bincount(code, minlength=len(keys)).tolist(), strict=True):
        if key == "all":
            yield f"column {name!r}: 'all' is how tables call everybody; give that cohort another name"
        if rows < FEWEST_ROWS:
            many = "1 row" if rows == 1 else f"{rows} rows"
            yield f"column {name!r}: cohort {key!r} has {many}, fewer than {FEWEST_ROWS}; merge it with another"


def why_no_feature(frame: pl.DataFrame, name: str) -> str | None:
    """Why a column that was asked for cannot be a feature; None if it can."""
    if why := why_not(frame, name):
        return why
    column = frame[name]
    if is_category(column) and (values := column.n_unique()) > MOST_CATEGORIES:
        return (
            f"column {name!r} has {values} different values, and {MOST_CATEGORIES} at most can be features; merge some"
        )
    return None


def why_left_out(column: pl.Series) -> str | None:
    """Why a column that nobody asked for makes no feature; None if it does, or if its gaps must be told."""
    if missing_in(column) == len(column):
        return "no values"
    if not (is_number(column) or is_category(column)):
        return f"holds {column.dtype}"
    # Whole numbers may differ by less than a feature, a float of 53 bits, can tell.
    if (column.cast(float) if is_number(column) else column).n_unique() == 1:
        return "always the same"
    if is_category(column) and (values := column.n_unique()) > MOST_CATEGORIES:
        return f"{values} different texts"
    return None


def features_of(frame: pl.DataFrame, columns: tuple[str, ...]) -> Features:
    """Make features of columns without gaps."""
    names, x, used, left_out = ["constant"], [np.ones(len(frame))], [], []
    for name in columns:
        column = frame[name]
        if why := why_left_out(column):
            left_out.append((name, why))
            continue
        used.append(name)
        if is_category(column):
            values, code = groups_of(column)
            names += [f"{name}={value}" for value in values[1:]]
            x += [(code == c).astype(np.float64) for c in range(1, len(values))]
        else:
            numbers = numbers_of(column)
            names.append(name)
            x.append(numbers if np.isin(numbers, (0.0, 1.0)).all() else _standardised(numbers))
    return Features(tuple(names), np.stack(x, axis=1), tuple(used), tuple(left_out))


def _standardised(values: Floats) -> Floats:
    # Divided first, so that the square of a huge number does not overflow.
    scaled = values / np.abs(values).max()
    standardised: Floats = (scaled - scaled.mean()) / scaled.std()
    return standardised
