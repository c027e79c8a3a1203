"""A world made of a user's own log: replayed by rejection, see `environments.replay`.

bad iff the estimated expected reward of the shown action, in the visitor's cohort, is below bad_below
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, model_validator

from bandits.description import Description, identity
from bandits.errors import Fault, InputError
from bandits.protocol import Problem
from environments.drawn import BLOCK, Block, Horizon
from environments.protocol import About
from environments.replay import Log, Order, Replay
from environments.replay_faults import Roles
from environments.replay_file import LoggedEvents, read_log
from environments.replay_words import counting, estimating, repeating
from environments.table_file import at_path, digest_meant, label_with_file

Names = Annotated[tuple[str, ...], Field(strict=False)]
MaybeColumn = Annotated[str | None, BeforeValidator(lambda name: None if name == "" else name)]


class LoggedReplay(Description):
    """A log of one's own, replayed: a visit takes place only where the policy shows what the log shows.

    Args:
        path: of a .csv, .tsv or .parquet file, a row an event.
        action: the column of what was shown.
        reward: the column of what came of it.
        propensity: the column of the probability with which it was shown, given the visitor. None (in TOML "") says
            that the log is uniformly random: each action with probability 1/K, whoever came, whatever the hour.
        features: what a policy sees, made of these columns; None for all columns without another role. They must have
            been known before the choice.
        cohort: a column of few different values, or None for one cohort of everybody.
        time: the column that tells in which order the events came; None for the order of the rows. It is no feature.
        actions: the actions in order, as the column of actions names them; None for alphabetical order.
        bad_below: an action is a bad recommendation where its expected reward is below this; None if none is bad.
        order: "shuffled" if each replication replays the events in an order of its own: for worlds that do not change
            over time. "log" for the order in which they came: for those that do.
        horizon: how many events are replayed in a replication; None for all of them. The shuffled ones are a random
            part of the log; of the others they are the first.
        min_visits: a log of which fewer events would count on average is refused.
        block: visits that are served together.
        observe_cohort: whether a policy that asks is told the visitor's cohort.
        sha256: of the file; filled in, and checked where it is given.
    """

    incidental: ClassVar[frozenset[str]] = frozenset({"path"})

    path: str = Field(examples=["log.csv"])
    action: str = "action"
    reward: str = "reward"
    propensity: MaybeColumn = "propensity"
    features: Names | None = None
    cohort: str | None = None
    time: str | None = None
    actions: Names | None = None
    bad_below: float | None = None
    order: Order = "shuffled"
    horizon: Horizon | None = None
    min_visits: Annotated[int, Field(ge=1)] = 50
    block: Block = BLOCK
    observe_cohort: bool = True
    sha256: str | None = None

    @model_validator(mode="after")
    def _fits_its_log(self) -> LoggedReplay:
        digest = digest_meant(self.path, self.sha256)
        try:
            log = read_log(self.path, digest, self._roles).log
            log.problem(None)  # it refuses features of the same name
        except InputError as error:
            raise InputError(at_path(error, self.path)) from None
        if faults := log.faults_of_horizon(self.horizon) or list(self._faults_of_size(log)):
            raise InputError(faults)
        object.__setattr__(self, "sha256", digest)
        return self

    def _faults_of_size(self, log: Log) -> Iterator[Fault]:
        counted = log.counted * (self.horizon or len(log)) / len(log)
        if counted < self.min_visits:
            p = log.propensity.min()
            yield Fault(
                f"of {self.horizon or len(log):,} events {counted:.3g} would count on average, fewer than "
                f"{self.min_visits} (K = {len(log.actions)}, smallest propensity {p:.3g}); replay a log that explores "
                "more, or a longer one, or lower min_visits",
                ("min_visits",),
            )

    @property
    def _roles(self) -> Roles:
        return Roles(self.action, self.reward, self.propensity, self.features, self.cohort, self.time, self.actions)

    @property
    def _events(self) -> LoggedEvents:
        return read_log(self.path, str(self.sha256), self._roles)

    @property
    def label(self) -> str:
        """Its name, or the name of the file and the parameters that differ from the defaults."""
        return label_with_file(self, self.path)

    @property
    def problem(self) -> Problem:
        """What is public."""
        events = self._events
        return events.log.problem(tuple(cohort.key for cohort in events.cohorts) if self.observe_cohort else None)

    def open(self, seed: int, replication: int) -> Replay:
        """Make the world of one replication."""
        log = self._events.log
        return Replay(
            log,
            self.problem,
            horizon=self.horizon or len(log),
            order=self.order,
            block=self.block,
            bad_below=self.bad_below,
            seed=seed,
            replication=replication,
        )

    @property
    def about(self) -> About:
        """How it is presented, and what the ledger must know."""
        events, log = self._events, self._events.log
        horizon = self.horizon or len(log)
        file = Path(self.path).name
        without = "; ".join(f"{name} ({why})" for name, why in events.left_out)
        return About(
            title=f"Replay of {file}",
            scenario=identity(self),
            objective=self.reward,
            objective_text=f"The column {self.reward!r} of the log.",
            cohorts=events.cohorts,
            outcomes=(),
            tolerance=0.0,
            bad_means=""
            if self.bad_below is None
            else "A recommendation is bad where its expected reward, as estimated from the log for the cohort, is "
            f"below {self.bad_below:.6g}.",
            clock="visit",
            horizon=horizon,
            people=False,
            real=True,
            estimated=True,
            notes=(
                f"Source: {file}, {len(log):,} events (SHA-256 {str(self.sha256)[:12]}…).",
                counting(log, horizon, told=self.propensity is not None),
                estimating(log),
                repeating(log, horizon, self.order),
                *((f"Columns that make no feature: {without}.",) if without else ()),
            ),
        )
