"""A user's table as visits: what each row's visitor looks like, and what each action would bring there.

V rows, D features, K actions, C cohorts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bandits.errors import Fault, InputError
from bandits.protocol import Floats, Ints
from environments.cohort_cards import highest, percent
from environments.population import Population, means_by_cohort
from environments.protocol import Cohort
from environments.table_columns import (
    cohorts_of,
    features_of,
    groups_of,
    numbers_of,
    why_left_out,
    why_no_cohort,
    why_no_feature,
    why_no_label,
    why_no_reward,
)
from environments.table_file import at_path, read_table

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column is what.

    Args:
        label: the class, or None where there is a column of rewards an action.
        rewards: K columns, or None.
        features: columns, or None for all that have no other role.
        cohort: a column, or None.
    """

    label: str | None
    rewards: tuple[str, ...] | None
    features: tuple[str, ...] | None
    cohort: str | None

    @property
    def truth(self) -> tuple[str, ...]:
        """The columns that say what an action brings."""
        return tuple(self.rewards or ()) if self.label is None else (self.label, *(self.rewards or ()))


@dataclass(frozen=True, slots=True)
class Rows:
    """What a table says.

    Args:
        population: features, cohorts, and what is typical of them, (C, K).
        actions: K names.
        features: D names, a constant first.
        cohorts: C cards.
        labels: (V,) the right action of each row, or None.
        rewards: (V, K) or None.
        reward_range: least and largest reward.
        spread: standard deviation of all V K rewards.
        used: the columns that features are made of.
        left_out: columns that are not used, each with the reason.
    """

    population: Population
    actions: tuple[str, ...]
    features: tuple[str, ...]
    cohorts: tuple[Cohort, ...]
    labels: Ints | None = field(repr=False)
    rewards: Floats | None = field(repr=False)
    reward_range: tuple[float, float]
    spread: float
    used: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]

    def rewards_of(self, rows: Ints) -> Floats:
        """The reward (N, K) of each action at some rows (N,)."""
        if self.rewards is not None:
            return self.rewards.take(rows, axis=0)
        assert self.labels is not None  # noqa: S101  one of the two is there
        right: Floats = (self.labels.take(rows)[:, None] == np.arange(len(self.actions))).astype(np.float64)
        return right


def faults_of_table(path: str, sha256: str, roles: Roles) -> list[Fault]:
    """What is wrong with a table, or with what its columns are taken for: all at once."""
    try:
        frame = read_table(path, sha256)
    except InputError as error:
        return at_path(error, path)
    return [*_faults_of_roles(roles), *_faults_of_truth(frame, roles), *_faults_of_features(frame, roles)]


@lru_cache(maxsize=8)
def read_rows(path: str, sha256: str, roles: Roles) -> Rows:
    """Read a table without faults, once a process.

    Raises:
        InputError: when it is gone, or was changed since.
    """
    frame = read_table(path, sha256)
    seen = features_of(frame, _columns_of(frame, roles))
    keys, called, cohort = cohorts_of(frame, roles.cohort)
    labels = rewards = None
    if roles.label is not None:
        actions, labels = groups_of(frame[roles.label])
        counts = np.zeros((len(keys), len(actions)))
        np.add.at(counts, (cohort, labels), 1.0)
        typical = counts / counts.sum(axis=1, keepdims=True)
        reward_range, right = (0.0, 1.0), 1 / len(actions)
        spread = float(np.sqrt(right * (1 - right)))
    else:
        actions = tuple(roles.rewards or ())
        rewards = np.stack([numbers_of(frame[name]) for name in actions], axis=1)
        typical = means_by_cohort(rewards, cohort, len(keys))
        reward_range, spread = (float(rewards.min()), float(rewards.max())), float(rewards.std())
    return Rows(
        population=Population(seen.x, cohort, typical),
        actions=actions,
        features=seen.names,
        cohorts=tuple(_cards(roles, zip(keys, called, strict=True), cohort, actions, typical)),
        labels=labels,
        rewards=rewards,
        reward_range=reward_range,
        spread=spread,
        used=seen.used,
        left_out=seen.left_out,
    )


def _columns_of(frame: pl.DataFrame, roles: Roles) -> tuple[str, ...]:
    """The columns that features are made of."""
    if roles.features is not None:
        return roles.features
    return tuple(name for name in frame.columns if name not in {*roles.truth, roles.cohort})


def _faults_of_roles(roles: Roles) -> Iterator[Fault]:
    """What is wrong with them whatever the table."""
    if roles.label is None and roles.rewards is None:
        yield Fault("is missing; name the column of the right class, or a column an action in rewards", ("label",))
    if roles.label is not None and roles.rewards is not None:
        yield Fault("must not go with label; keep one of the two", ("rewards",))
    if roles.rewards is not None and len(roles.rewards) < 2:  # noqa: PLR2004  with one there is no choice
        yield Fault(f"must name two columns or more, got {len(roles.rewards)}", ("rewards",))
    for part, names in (("rewards", roles.rewards), ("features", roles.features)):
        for i, name in enumerate(names or (), 1):
            if name in (names or ())[: i - 1]:
                yield Fault(f"column {name!r} is named twice; name it once", (part, i))


def _faults_of_truth(frame: pl.DataFrame, roles: Roles) -> Iterator[Fault]:
    """What is wrong with the columns of the truth and of the cohorts."""
    if roles.label is not None and (why := why_no_label(frame, roles.label)):
        yield Fault(why, ("label",))
    for i, name in enumerate(roles.rewards or (), 1):
        if why := why_no_reward(frame, name):
            yield Fault(why, ("rewards", i))
    if roles.cohort is None:
        return
    if roles.cohort in roles.truth:
        yield Fault(f"column {roles.cohort!r} says what is right, so it cannot be the cohort too", ("cohort",))
        return
    for why in why_no_cohort(frame, roles.cohort):
        yield Fault(why, ("cohort",))


def _faults_of_features(frame: pl.DataFrame, roles: Roles) -> Iterator[Fault]:
    for i, name in enumerate(_columns_of(frame, roles), 1):
        where: tuple[str | int, ...] = ("features",) if roles.features is None else ("features", i)
        if roles.features is None and why_left_out(frame[name]):
            continue
        if name in roles.truth:
            yield Fault(f"column {name!r} says what is right, and must not be seen; leave it out", where)
        elif why := why_no_feature(frame, name):
            yield Fault(why + (" (or leave the column out)" if name in frame.columns else ""), where)


def _cards(
    roles: Roles, names: Iterable[tuple[str, str]], cohort: Ints, actions: tuple[str, ...], typical: Floats
) -> Iterator[Cohort]:
    """The cards of the cohorts, given their keys and names, and each row's (V,)."""
    rows, counts = len(cohort), np.bincount(cohort, minlength=len(typical))
    heading, said = ("Rewards on average", "{:.4g}".format) if roles.label is None else ("Right most often", percent)
    for (key, name), count, mean in zip(names, counts.tolist(), typical, strict=True):
        text = (("Rows", f"{count:,} of {rows:,}."), (heading, highest(actions, mean, said)))
        yield Cohort(key=key, name=name, share=count / rows, text=text)


def title_of(path: str) -> str:
    """What to call a table: "heart-disease.csv" is "Heart disease"."""
    words = " ".join(Path(path).stem.replace("_", " ").replace("-", " ").split())
    return words[:1].upper() + words[1:]
