"""What can be wrong with a log that a user names; all of it is told at once, a line a fault.

E events, K actions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bandits.errors import Fault, unknown
from bandits.protocol import Bools, Floats, Ints
from environments.table_columns import (
    MOST_CLASSES,
    groups_of,
    is_category,
    is_number,
    numbers_of,
    type_of,
    why_left_out,
    why_no_cohort,
    why_no_feature,
    why_no_reward,
    why_not,
)

if TYPE_CHECKING:
    import polars as pl

FALSE_ALARM = 1e-9


@dataclass(frozen=True, slots=True)
class Roles:
    """What the columns of a log are.

    Args:
        action: what was shown.
        reward: what came of it.
        propensity: with what probability it was shown; None where the log is uniformly random.
        features: what a policy sees; None for all columns that have no other role.
        cohort: of the visitor; None for one cohort of everybody.
        time: by which the events are ordered; None for the order of the rows.
        actions: all that can be shown, in order; None for those of the log.
    """

    action: str
    reward: str
    propensity: str | None
    features: tuple[str, ...] | None
    cohort: str | None
    time: str | None
    actions: tuple[str, ...] | None

    def taken(self) -> dict[str, str]:
        """Role ↦ column, for roles whose columns are no features."""
        roles = {"action": self.action, "reward": self.reward, "propensity": self.propensity, "time": self.time}
        return {role: name for role, name in roles.items() if name is not None}

    def left_over(self, columns: Sequence[str]) -> tuple[str, ...]:
        """The columns without a role."""
        return tuple(name for name in columns if name not in {*self.taken().values(), self.cohort})


def faults_of(frame: pl.DataFrame, roles: Roles) -> Iterator[Fault]:
    """All that is wrong with a log."""
    yield from _clashes(roles)
    yield from _faults_of_features(frame, roles)
    yield from _faults_of_actions(frame, roles)
    if why := _why_no_reward(frame, roles.reward):
        yield Fault(why, ("reward",))
    if roles.propensity is not None and (why := _why_no_propensity(frame, roles.propensity)):
        yield Fault(why, ("propensity",))
    if roles.cohort is not None:
        yield from (Fault(why, ("cohort",)) for why in why_no_cohort(frame, roles.cohort))
    if roles.time is not None and (why := _why_no_time(frame, roles.time)):
        yield Fault(why, ("time",))


def _clashes(roles: Roles) -> Iterator[Fault]:
    """Columns that have two roles."""
    seen: dict[str, str] = {}
    for role, name in {**roles.taken(), "cohort": roles.cohort}.items():
        if name is not None and name in seen:
            yield Fault(f"column {name!r} is the {seen[name]} already; name another column", (role,))
        elif name is not None:
            seen[name] = role


def _faults_of_features(frame: pl.DataFrame, roles: Roles) -> Iterator[Fault]:
    """What is wrong with the features that are named, or with all that are left."""
    if roles.features is None:
        for name in roles.left_over(frame.columns):
            if why_left_out(frame[name]) is None and (why := why_not(frame, name)):
                yield Fault(f"{why}, or name the other columns as features", ("features",))
        return
    secret = {name: role for role, name in roles.taken().items() if role != "time"}
    for i, name in enumerate(roles.features, 1):
        if name in secret:
            yield Fault(f"column {name!r} is the {secret[name]}, which nobody knows before choosing", ("features", i))
        elif name in roles.features[: i - 1]:
            yield Fault(f"column {name!r} is named twice; name it once", ("features", i))
        elif why := why_no_feature(frame, name):
            yield Fault(why, ("features", i))


def _faults_of_actions(frame: pl.DataFrame, roles: Roles) -> Iterator[Fault]:
    """What is wrong with what was shown."""
    if why := why_not(frame, roles.action):
        yield Fault(why, ("action",))
        return
    column = frame[roles.action]
    if is_number(column) and (numbers_of(column) % 1 != 0).any():
        yield Fault(f"column {roles.action!r} has fractions, so it names no actions", ("action",))
        return
    if (different := column.n_unique()) > MOST_CLASSES:
        yield Fault(f"column {roles.action!r} has {different} actions, and at most {MOST_CLASSES} can be", ("action",))
        return
    names, shown = groups_of(column)
    if roles.actions is not None:
        faults = list(_faults_of_names(names, shown, roles.actions))
        yield from faults
        names = names if faults else roles.actions
    if len(names) < 2:  # noqa: PLR2004  with one there is nothing to choose between
        what = f"column {roles.action!r} must name at least two actions, got {', '.join(map(repr, names))} alone"
        yield Fault(what, ("action",))
    elif (
        roles.propensity is None and (odd := unlikely_if_uniform(np.bincount(shown, minlength=len(names)))) is not None
    ):
        what = (
            f"is None, which says that each of {len(names)} actions was shown with probability 1/{len(names)}; but "
            f"{names[odd]!r} was shown {(shown == odd).sum():,} times of {len(shown):,}, which chance does not do; "
            "name the column of the propensities"
        )
        yield Fault(what, ("propensity",))


def _faults_of_names(names: tuple[str, ...], shown: Ints, actions: tuple[str, ...]) -> Iterator[Fault]:
    """Where what was shown and the declared actions differ."""
    for i, action in enumerate(actions, 1):
        if action in actions[: i - 1]:
            yield Fault(f"{action!r} is named twice; name it once", ("actions", i))
        elif action not in names:
            yield Fault(f"{action!r} was never shown, so a replay can say nothing of it; leave it out", ("actions", i))
    for k, name in enumerate(names):
        if name not in actions:
            rows = np.flatnonzero(shown == k)
            what = f"{unknown('action', name, actions)} in {_rows(rows)}; add it, or drop these rows"
            yield Fault(what, ("action",))


def unlikely_if_uniform(counts: Ints) -> int | None:
    """An action that was shown so often, or so rarely, as a uniform log has it once in 1e9; None if there is none.

    |n − E / K| ≤ l / 3 + √(l² / 9 + 2 E (1/K) (1 − 1/K) l),  l = ln(2 K / 1e-9): Bernstein's inequality, K times.

    Args:
        counts: (K,) how often each was shown.
    """
    E, K = counts.sum(), len(counts)
    log = math.log(2 * K / FALSE_ALARM)
    bound = log / 3 + math.sqrt(log**2 / 9 + 2 * E / K * (1 - 1 / K) * log)
    gap = np.abs(counts - E / K)
    return int(gap.argmax()) if gap.max() > bound else None


def _why_no_reward(frame: pl.DataFrame, name: str) -> str | None:
    if name in frame.columns and is_number(frame[name]):
        values = numbers_of(frame[name].drop_nulls())
        wild = np.flatnonzero(~np.isfinite(values))
        if len(wild) and not frame[name].null_count():
            return (
                f"column {name!r} must be finite, got {values[wild[0]]} in {_rows(wild)}; mend them, or drop these rows"
            )
        if (values == values[:1]).all() and not frame[name].null_count():
            return f"column {name!r} is always the same; there is nothing to learn"
    return why_no_reward(frame, name)


def _why_no_propensity(frame: pl.DataFrame, name: str) -> str | None:
    if name not in frame.columns:
        advice = 'a log without any can be replayed only if it is uniformly random: say so with None (in TOML: "")'
        return f"{unknown('column', name, frame.columns)}; {advice}"
    if not is_number(frame[name]):
        return f"column {name!r} holds {type_of(frame[name])}; a propensity must be a number in (0, 1]"
    if why := why_not(frame, name):
        return why
    p = numbers_of(frame[name])
    wrong = ~((p > 0) & (p <= 1))
    if wrong.any():
        got = p[wrong][0]
        return f"column {name!r} must lie in (0, 1], got {got:.6g} in {_rows(np.flatnonzero(wrong))}; mend them"
    return None


def _rows(rows: Ints) -> str:
    """The first of some rows, counted from 1 below the header, and how many more there are."""
    more = len(rows) - 1
    return f"row {rows[0] + 1}" + (f" and {more} more row{'s' if more > 1 else ''}" if more else "")


def _why_no_time(frame: pl.DataFrame, name: str) -> str | None:
    if name not in frame.columns:
        return unknown("column", name, frame.columns)
    unclear = _unclear(frame[name])
    if unclear is None:
        return f"column {name!r} holds {type_of(frame[name])}; it must hold numbers, dates, or ISO 8601 texts"
    if unclear.any():
        return f"column {name!r} tells no time in {_rows(np.flatnonzero(unclear))}; mend them, or drop these rows"
    return None


def _unclear(column: pl.Series) -> Bools | None:
    """Which rows (E,) tell no time; None if the column is of another kind."""
    if not (column.dtype.is_temporal() or column.dtype.is_numeric() or is_category(column)):
        return None
    return np.isnan(times_of(column))


def times_of(column: pl.Series) -> Floats:
    """When each event (E,) was, in some unit; NaN where that is not told."""
    if is_category(column):
        import polars as pl  # noqa: PLC0415  heavy: imported where it is used

        try:
            column = column.cast(str).str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
        except pl.exceptions.ComputeError:  # no row looks like a time
            return np.full(len(column), np.nan)
        column = column if column.dtype == pl.Datetime else column.cast(pl.Datetime)
    return numbers_of(column.to_physical())
