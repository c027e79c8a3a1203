"""The ledger: who was shown what, and what came of it, by cohort, by user, and over time. Definitions: docs/metrics.md.

N visits, K actions, C cohorts, U users, Q columns, P checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from bandits.errors import InputError
from bandits.protocol import Floats, Ints
from environments.protocol import About, Outcome, Users, Visits
from experiments.entries import FIRST, LOST, OWN, P_LOST, PERSON, S_CALM, SIGNAL, WINDOW, enter

CHECKPOINTS = 100
EARLY_DAYS = 30

COUNTS = ("visits", "lost", "bad", "nothing", "churned", "purchases", "returns", "regretted", "irritated")
CURVES = (
    "cohort", "time", "visits", "lost", "reward", "regret", "user_regret", "welfare", "bad", "harm", "purchases",
    "revenue", "margin", "returns", "regretted", "irritated", "nothing", "churned", "satisfaction", "organic",
)  # fmt: skip
WELFARE = ("user_regret", "bad", "harm")
"""What is told only where a world declares what is bad."""
COHORTS = ("cohort", "customers", "first_visits", "first_bad", "signal")
USERS = ("cohort", "user", "visits", "bad", "streak", "bad_first_30_days", "lost")


@dataclass(frozen=True)
class Books:
    """What the ledger holds in the end.

    Args:
        curves: a row a cohort ("all" too) and checkpoint, cumulative; columns CURVES.
        cohorts: a row a cohort ("all" too); columns COHORTS.
        users: a row a user; columns USERS; empty where visitors are not recognised.
    """

    curves: pl.DataFrame
    cohorts: pl.DataFrame
    users: pl.DataFrame


class Ledger:
    """Keeps the books of one cell.

    Args:
        about: of the environment.
        users: of the world, or None.
        nothing: index of the action that shows nothing, or None.
    """

    def __init__(self, about: About, users: Users | None, nothing: int | None) -> None:
        self.cohorts = C = len(about.cohorts)
        self._about, self._users, self._nothing = about, users, -1 if nothing is None else nothing
        self._arrival = np.empty(0, dtype=np.int64) if users is None else users.arrival
        self._totals = np.zeros((C, len(OWN) + len(about.outcomes)))
        self._people = np.zeros((len(self._arrival), len(PERSON)), dtype=np.int64)
        self._first = np.zeros((C + 1, len(FIRST)), dtype=np.int64)
        self._window = np.zeros((C + 1, WINDOW), dtype=np.bool_)
        self._signal = np.zeros((C + 1, len(SIGNAL)), dtype=np.int64)
        self._signal[:, S_CALM] = -1
        self._early = EARLY_DAYS if about.clock == "day" else 0
        self._times = checkpoints(about.horizon)
        self._satisfaction = np.full(C, np.nan)
        self._pages: list[Floats] = []
        self._moods: list[Floats] = []

    def enter(self, visits: Visits, actions: Ints, outcome: Outcome) -> None:
        """Enter a block, and take a page for every checkpoint that it passes.

        Raises:
            InputError: when what came of a visit is no finite number.
        """
        for what, numbers in (
            ("what comes of a visit", outcome.reward),
            ("outcomes of a visit", outcome.values),
            ("expected rewards", visits.expected),
            ("welfare", visits.welfare),
        ):
            if not np.isfinite(numbers).all():
                raise InputError(f"{what} must be finite, got NaN or infinity; mend the world", self._about.title)
        a = 0
        inside = self._times[len(self._pages) :]
        for stop in inside[inside < visits.end]:
            b = int(np.searchsorted(visits.time, stop))
            self._enter(visits, actions, outcome, slice(a, b))
            self._turn_page()
            a = b
        self._enter(visits, actions, outcome, slice(a, len(visits)))
        if self._users is not None and len(outcome.lost):
            np.add.at(self._totals[:, LOST], self._users.cohort[outcome.lost], 1.0)
            np.add.at(self._people[:, P_LOST], outcome.lost, 1)
        if outcome.satisfaction is not None:
            self._satisfaction = outcome.satisfaction
        if len(self._pages) < len(self._times) and self._times[len(self._pages)] == visits.end:
            self._turn_page()

    def _enter(self, visits: Visits, actions: Ints, outcome: Outcome, rows: slice) -> None:
        enter(
            visits.time[rows],
            visits.cohort[rows],
            np.empty(0, dtype=np.int64) if visits.user is None else visits.user[rows],
            visits.available[rows],
            visits.expected[rows],
            visits.welfare[rows],
            actions[rows],
            outcome.reward[rows],
            outcome.values[rows],
            outcome.left[rows],
            self._arrival,
            self._about.tolerance,
            self._nothing,
            self._early,
            self._totals,
            self._people,
            self._first,
            self._window,
            self._signal,
        )

    def _turn_page(self) -> None:
        self._pages.append(self._totals.copy())
        self._moods.append(self._satisfaction.copy())

    def close(self) -> Books:
        """Make the frames."""
        while len(self._pages) < len(self._times):  # a world that ended early
            self._turn_page()
        names = [cohort.key for cohort in self._about.cohorts]
        return Books(self._curves(names), self._cohorts(names), self._user_rows(names))

    def _curves(self, names: list[str]) -> pl.DataFrame:
        pages = np.array(self._pages)  # (P, C, Q)
        pages = np.concatenate([pages, pages.sum(axis=1, keepdims=True)], axis=1)
        moods = np.array(self._moods)  # (P, C)
        weight = np.array([self._arrived(time) for time in self._times])
        everybody = (moods * weight).sum(1, keepdims=True) / np.maximum(weight.sum(1, keepdims=True), 1.0)
        moods = np.concatenate([moods, everybody], axis=1)
        P, G = moods.shape
        columns: dict[str, pl.Series] = {
            "cohort": pl.Series(np.tile([*names, "all"], P), dtype=pl.String),
            "time": pl.Series(np.repeat(self._times, G), dtype=pl.Int64),
            "satisfaction": pl.Series(moods.ravel(), nan_to_null=True, dtype=pl.Float64),
        }
        for q, name in enumerate((*OWN, *self._about.outcomes)):
            kind = pl.Int64 if name in COUNTS else pl.Float64
            columns[name] = pl.Series(pages[:, :, q].ravel()).cast(kind)
        if self._nothing < 0:
            del columns["nothing"]
        if self._users is None:
            del columns["lost"], columns["churned"]
        if not self._about.bad_means:
            for name in WELFARE:
                columns.pop(name, None)
        for name in CURVES:
            if name not in columns:
                kind = pl.Int64 if name in COUNTS else pl.Float64
                columns[name] = pl.Series([None] * (P * G), dtype=kind)
        return pl.DataFrame({name: columns[name] for name in CURVES})

    def _arrived(self, time: int) -> Floats:
        """How many users of each cohort have arrived before a time; equal weights where users are not recognised."""
        C = len(self._about.cohorts)
        if self._users is None:
            return np.ones(C)
        return np.bincount(self._users.cohort[self._users.arrival < time], minlength=C).astype(np.float64)

    def _cohorts(self, names: list[str]) -> pl.DataFrame:
        customers = self._arrived(self._about.horizon).astype(np.int64)
        known, nobody = self._users is not None, [None] * (len(names) + 1)
        first = {name: self._first[:, i].tolist() for i, name in enumerate(FIRST)}
        signal = [None if time < 0 else time for time in self._signal[:, S_CALM].tolist()]
        if not self._about.bad_means:
            first["first_bad"], signal = nobody, nobody
        return pl.DataFrame(
            {
                "cohort": [*names, "all"],
                "customers": [*customers.tolist(), int(customers.sum())] if known else nobody,
                **first,
                "signal": signal,
            },
            schema=dict.fromkeys(COHORTS, pl.Int64) | {"cohort": pl.String},
        )

    def _user_rows(self, names: list[str]) -> pl.DataFrame:
        cohort = [] if self._users is None else [names[c] for c in self._users.cohort]
        columns = {name: pl.Series(self._people[:, i]) for i, name in enumerate(PERSON) if name in USERS}
        untold = [] if self._early else ["bad_first_30_days"]
        if not self._about.bad_means:
            untold = ["bad", "streak", "bad_first_30_days"]
        for name in untold:
            columns[name] = pl.Series([None] * len(cohort), dtype=pl.Int64)
        return pl.DataFrame(
            {"cohort": cohort, "user": np.arange(len(cohort)), **columns},
            schema=dict.fromkeys(USERS, pl.Int64) | {"cohort": pl.String},
        )


def checkpoints(horizon: int, number: int = CHECKPOINTS) -> Ints:
    """About `number` times up to the horizon, dense at the start, where learning is fast, and even later on.

    Half of them lie evenly on a logarithmic scale, and half on a linear one.
    """
    if horizon <= number:
        return np.arange(1, horizon + 1)
    early = np.geomspace(1, horizon, number // 2)
    later = np.linspace(horizon / number, horizon, number // 2 + number // 4)
    return np.unique(np.concatenate([early, later]).round().astype(np.int64))
