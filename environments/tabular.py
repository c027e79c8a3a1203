"""Any table as a world: each visit is a row, and the row says what each action would have brought there.

V rows, N visits, K actions.

    with a label       reward of action k at row i = 1 if k is the label of row i, else 0
    with rewards       reward of action k at row i = what row i has in the column of k
    expected           the same: a row is taken for the whole truth of its visit
    welfare            expected − bad_below (0 for all where nothing is declared to be bad);  nothing shown earns 0
    bad            iff expected < bad_below

Source of the reduction from classification: Beygelzimer & Langford 2009, "The offset tree".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, model_validator

from bandits.description import Description, identity
from bandits.errors import Fault, InputError
from bandits.protocol import Floats, Ints, Problem
from bandits.streams import stream
from environments.drawn import BLOCK, Block, Horizon
from environments.population import NOTHING, PopulationWorld, labelled_sample, minus, passes, with_nothing
from environments.protocol import About
from environments.table_file import digest_meant, label_with_file
from environments.tabular_rows import Roles, Rows, faults_of_table, read_rows, title_of

Columns = Annotated[tuple[str, ...], Field(strict=False)]


class Tabular(Description):
    """The rows of a table as visits: with a class label, or with a reward column for each action.

    Args:
        path: of a .csv, .tsv or .parquet file.
        label: the column of the right class; the actions are the classes.
        rewards: in place of a label, a column of rewards for each action; the actions are the columns.
        features: what a policy sees, made of these columns; None for all but the label, rewards and cohort.
        cohort: a column of few different values, or None for one cohort of everybody.
        bad_below: an action is a bad recommendation where its reward is below this; None if none is bad.
        horizon: visits in a replication; None for every row once. More than there are rows is several passes.
        block: visits that are served together.
        observe_cohort: whether a policy that asks is told the visitor's cohort.
        show_nothing: whether a policy may show nothing, which earns 0.
        shuffle: whether each pass has a random order of its own; else the table's.
        sha256: of the file; filled in, and checked where it is given.
    """

    incidental: ClassVar[frozenset[str]] = frozenset({"path"})

    path: str = Field(examples=["table.csv"])
    label_column: Annotated[str | None, Field(alias="label", examples=["species"])] = None
    rewards: Columns | None = None
    features: Columns | None = None
    cohort: str | None = None
    bad_below: float | None = None
    horizon: Horizon | None = None
    block: Block = BLOCK
    observe_cohort: bool = True
    show_nothing: bool = False
    shuffle: bool = True
    sha256: str | None = None

    @model_validator(mode="after")
    def _fits_its_table(self) -> Tabular:
        digest = digest_meant(self.path, self.sha256)
        faults = faults_of_table(self.path, digest, self._roles)
        if not faults and self.show_nothing and NOTHING in read_rows(self.path, digest, self._roles).actions:
            what = f"{NOTHING!r} is an action of the table already; rename it there, or leave show_nothing out"
            faults = [Fault(what, ("show_nothing",))]
        if faults:
            raise InputError(faults)
        object.__setattr__(self, "sha256", digest)
        return self

    @property
    def _roles(self) -> Roles:
        return Roles(self.label_column, self.rewards, self.features, self.cohort)

    @property
    def _rows(self) -> Rows:
        return read_rows(self.path, str(self.sha256), self._roles)

    @property
    def label(self) -> str:
        """Its name, or the name of the file and the parameters that differ from the defaults."""
        return label_with_file(self, self.path)

    @property
    def problem(self) -> Problem:
        """What is public, with a labelled sample of its own; each replication has another."""
        return self._problem(seed=0, replication=0)

    def _problem(self, seed: int, replication: int) -> Problem:
        rows, keys = self._rows, tuple(cohort.key for cohort in self._rows.cohorts)
        low, high = rows.reward_range
        rng = stream(seed, replication, "tabular: labelled sample")
        return Problem(
            actions=(*rows.actions, NOTHING) if self.show_nothing else rows.actions,
            features=rows.features,
            nothing=len(rows.actions) if self.show_nothing else None,
            reward_range=(min(low, 0.0), max(high, 0.0)) if self.show_nothing else (low, high),
            reward_scale=rows.spread or 1.0,
            cohorts=keys if self.observe_cohort else None,
            sample=labelled_sample(rows.population, keys, "visit", rng),
            typical=True,
        )

    def open(self, seed: int, replication: int) -> PopulationWorld:
        """Make the world of one replication."""
        population = self._rows.population
        V, rng = len(population.cohort), stream(seed, replication, "tabular: order")
        if self.show_nothing:
            population = replace(population, typical=with_nothing(population.typical))
        return PopulationWorld(
            problem=self._problem(seed, replication),
            population=population,
            order=passes(V, rng if self.shuffle else None),
            truth=self._truth,
            horizon=self.horizon or V,
            block=self.block,
        )

    def _truth(self, which: Ints) -> tuple[Floats, Floats, Floats]:
        rewards = self._rows.rewards_of(which)
        welfare = np.zeros_like(rewards) if self.bad_below is None else minus(rewards, self.bad_below)
        if self.show_nothing:
            rewards, welfare = with_nothing(rewards), with_nothing(welfare)
        return rewards, rewards, welfare

    @property
    def about(self) -> About:
        """How it is presented, and what the ledger must know."""
        rows = self._rows
        if self.label_column is not None:
            objective, text = f"right {self.label_column}", f"One point where the {self.label_column} is right, else 0"
        else:
            objective, text = "reward", "What the row of the visit records for what was shown"
        return About(
            title=title_of(self.path),
            scenario=identity(self),
            objective=objective,
            objective_text=text + ("; nothing shown earns 0." if self.show_nothing else "."),
            cohorts=rows.cohorts,
            outcomes=(),
            tolerance=0.0,
            bad_means=(
                ""
                if self.bad_below is None
                else f"A recommendation is bad where the table records a reward below {self.bad_below:g} for it."
            ),
            clock="visit",
            horizon=self.horizon or len(rows.population.cohort),
            people=False,
            reward_unit="points",
            real=True,
            notes=tuple(self._notes(rows)),
        )

    def _notes(self, rows: Rows) -> Iterator[str]:
        V = len(rows.population.cohort)
        yield f"Source: {Path(self.path).name}, {V:,} rows, SHA-256 {str(self.sha256)[:12]}…, a file of the user's own."
        yield (
            "Rows are taken as exact: what a row records for an action is all that the action can bring there, without "
            "noise. So regret is counted against the best action of each row, which no policy can know from features "
            "alone: even the best rule has regret where rows that look alike differ."
        )
        made = ", ".join(rows.used) or "nothing but a constant"
        yield f"Features ({len(rows.features)} with the constant and one for each category but the first): {made}."
        if rows.left_out:
            yield "Left out: " + ", ".join(f"{name} ({why})" for name, why in rows.left_out) + "."
        order = "each pass through all of them in a new random order" if self.shuffle else "in the order of the table"
        yield f"Visitors are the rows, {order}; every visit is somebody new."
