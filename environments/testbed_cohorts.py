"""The cohorts of a testbed: tables with a name, a share of the visits, and what makes the cohort different."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, Field

from bandits.description import Description
from bandits.errors import Fault, InputError
from bandits.protocol import Floats, Ints
from environments.protocol import EVERYBODY, Cohort
from environments.text import Text

ROUNDING = 1e-6


class Group(Description):
    """One cohort.

    Args:
        name: as in tables and sentences.
        share: of the visits; the shares of all cohorts add up to 1.
    """

    name: Text
    share: Annotated[float, Field(gt=0, le=1)]

    def __repr__(self) -> str:
        """Short, for labels: name, share, and what else differs from the defaults."""
        fields = type(self).model_fields
        said = [f"{key}={value}" for key, value in self if key != "name" and value != fields[key].default]
        return f"{self.name}({', '.join(said)})"


def each(kind: type[Group]) -> BeforeValidator:
    """Make every cohort of a list of tables; all faults at once, each with its number, counted from 1."""

    def made(tables: object) -> object:
        if not isinstance(tables, (list, tuple)):
            raise InputError(f"must be a list of tables such as {{name = 'young', share = 0.5}}, got {tables!r}")
        groups: list[Group] = []
        faults: list[Fault] = []
        for number, table in enumerate(tables, 1):
            try:
                groups.append(_made(kind, table))
            except InputError as error:
                faults += error.within("", number).faults
        if faults:
            raise InputError(faults)
        return tuple(groups)

    return BeforeValidator(made)


def _made(kind: type[Group], table: object) -> Group:
    if isinstance(table, kind):
        return table
    if not isinstance(table, Mapping):
        raise InputError(f"must be a table such as {{name = 'young', share = 0.5}}, got {table!r}")
    return kind(**table)


def disagreements(groups: Sequence[Group]) -> list[Fault]:
    """What is wrong between cohorts: every name once, none that is reserved, shares that add up to 1."""
    faults = []
    names = [group.name for group in groups]
    for number, name in enumerate(names, 1):
        where = ("cohorts", number, "name")
        if name.lower() == "all":
            faults.append(Fault(f"must be something else than {name!r}, which stands for all cohorts together", where))
        if name in names[: number - 1]:
            faults.append(Fault(f"must differ from the other names, got {name!r} twice", where))
    total = math.fsum(group.share for group in groups)
    if groups and abs(total - 1) > ROUNDING:
        faults.append(Fault(f"the shares of all cohorts must add up to 1, got {total:.7g}", ("cohorts",)))
    return faults


def cohorts_of(groups: Sequence[Group], paragraphs: Sequence[tuple[str, str]]) -> tuple[Cohort, ...]:
    """How cohorts are presented; everybody is one where none are declared.

    Args:
        groups: C.
        paragraphs: C of their cards, as (heading, text).
    """
    return tuple(
        Cohort(key=group.name, name=group.name, share=group.share, text=(paragraph,))
        for group, paragraph in zip(groups, paragraphs, strict=True)
    ) or (EVERYBODY,)


def shares_of(groups: Sequence[Group]) -> Floats:
    """Share of each cohort (C,); they sum to 1."""
    shares = np.array([group.share for group in groups] or [1.0])
    shares /= shares.sum()
    return shares


def visitors(groups: Sequence[Group], rng: np.random.Generator) -> Callable[[int], Ints]:
    """Make the function n ↦ cohorts (n,) of the next visitors: drawn one by one, by their shares."""
    bounds = np.cumsum(shares_of(groups))[:-1]
    if not len(bounds):
        return lambda size: np.zeros(size, dtype=np.int64)
    return lambda size: np.searchsorted(bounds, rng.random(size), side="right").astype(np.int64)
