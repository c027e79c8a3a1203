"""What an experiment found: frames of curves, users and summaries, from the cells that are stored."""

from __future__ import annotations

import os
import pathlib
from functools import cached_property
from typing import Any, Self

import polars as pl

from bandits.errors import InputError, unknown
from experiments.folder_store import FolderStore
from experiments.ledger import COHORTS, CURVES, USERS
from experiments.metrics import KEYS, per_replication
from experiments.stats import summarise
from experiments.store import Store, from_bytes

TRACKED = ("bad", "regret", "lost")


class Result:
    """The finished cells of an experiment.

    Args:
        manifest: what was asked, see `experiments.manifest`.
        store: holds the cells.
        failures: the cells that failed, each with policy, environment, replication, message.
    """

    def __init__(self, manifest: dict[str, Any], store: Store, failures: list[dict[str, Any]]) -> None:
        self.manifest = {**manifest, "failures": failures}
        self.failures = failures
        self._store = store

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Read a folder that `run` wrote; what is not finished is left out.

        Raises:
            InputError: when it is no such folder, or a cell is damaged.
        """
        store = FolderStore(pathlib.Path(folder))
        manifest = store.read_manifest()
        failures = [
            record | {"environment": environment, "policy": policy, "replication": replication}
            for environment, policies in manifest["cells"].items()
            for policy, keys in policies.items()
            for replication, key in enumerate(keys)
            if (record := store.failure(key)) is not None
        ]
        return cls(manifest, store, failures)

    @cached_property
    def _frames(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        parts: tuple[list[pl.DataFrame], ...] = ([], [], [])
        faults = []
        for environment, policies in self.manifest["cells"].items():
            for policy, keys in policies.items():
                for replication, key in enumerate(keys):
                    try:
                        if not self._store.present(key):
                            continue
                        books = from_bytes(self._store.get(key))
                    except InputError as error:
                        faults.append(str(error))
                        continue
                    label = [
                        pl.lit(environment).alias("environment"),
                        pl.lit(policy).alias("policy"),
                        pl.lit(replication, dtype=pl.Int64).alias("replication"),
                    ]
                    for frames, frame in zip(parts, (books.curves, books.cohorts, books.users), strict=True):
                        frames.append(frame.select(*label, pl.all()))
        if faults:
            raise InputError(faults)
        if not parts[0]:
            why = "; ".join(failure["message"] for failure in self.failures[:1])
            raise InputError(
                "no cell is finished, so there is nothing to show" + (f": {why}" if why else "; run it first")
            )
        curves, cohorts, users = (pl.concat(frames) for frames in parts)
        return curves, cohorts, users

    def _keys(self) -> list[str]:
        return [key for policies in self.manifest["cells"].values() for keys in policies.values() for key in keys]

    @property
    def begun(self) -> bool:
        """Whether any cell that was asked for is there."""
        return any(self._store.present(key) for key in self._keys())

    @property
    def complete(self) -> bool:
        """Whether every cell that was asked for is there."""
        return all(self._store.present(key) for key in self._keys())

    def curves(self) -> pl.DataFrame:
        """A row a checkpoint: environment, policy, replication, cohort, visits, and the ledger's cumulative columns."""
        first = ("environment", "policy", "replication", "cohort", "visits", "time")
        return self._frames[0].select(*first, *(name for name in CURVES if name not in first))

    def users(self) -> pl.DataFrame:
        """A row a user: environment, policy, replication, then the columns USERS of the ledger."""
        return self._frames[2].select("environment", "policy", "replication", *USERS)

    @cached_property
    def _metrics(self) -> pl.DataFrame:
        horizons = {e["label"]: e["about"]["horizon"] for e in self.manifest["environments"]}
        oracles = [p["label"] for p in self.manifest["policies"] if p["table"]["kind"] == "Oracle"]
        cohorts = self._frames[1].select(*KEYS, *COHORTS[1:])
        return per_replication(self.curves(), cohorts, self.users(), horizons, oracles)

    def metrics(self) -> pl.DataFrame:
        """A row a metric of a replication: environment, policy, replication, cohort, metric, value."""
        return self._metrics

    def summary(self) -> pl.DataFrame:
        """Means over replications with 95 % intervals.

        Returns:
            Columns environment, policy, cohort, metric, mean, low, high, replications.
        """
        return summarise(self._metrics, ["environment", "policy", "cohort", "metric"])

    def differences(self, reference: str) -> pl.DataFrame:
        """Paired differences of every policy to a reference, in the same environment and replication.

        Args:
            reference: label of a policy.

        Returns:
            Columns environment, policy, reference, cohort, metric, mean, low, high, replications.

        Raises:
            InputError: when there is no such policy.
        """
        labels = [policy["label"] for policy in self.manifest["policies"]]
        if reference not in labels:
            raise InputError(unknown("policy", reference, labels))
        index = ["environment", "replication", "cohort", "metric"]
        other = self._metrics.filter(pl.col("policy") == reference).select(*index, pl.col("value").alias("other"))
        paired = self._metrics.filter(pl.col("policy") != reference)
        paired = paired.join(other, on=index, how="inner", maintain_order="left")
        paired = paired.with_columns(value=pl.col("value") - pl.col("other"), reference=pl.lit(reference))
        return summarise(paired, ["environment", "policy", "reference", "cohort", "metric"])

    def mean_curves(self) -> pl.DataFrame:
        """Curves averaged over replications: environment, policy, cohort, time, all columns, and intervals of some.

        bad, regret and lost come with `<column>_low` and `<column>_high`.
        """
        by = ["environment", "policy", "cohort", "time"]
        curves = self.curves().drop("replication")
        mean = curves.group_by(by, maintain_order=True).agg(pl.all().cast(pl.Float64).mean())
        for column in TRACKED:
            band = summarise(curves.select(*by, pl.col(column).alias("value")), by)
            names = {"low": f"{column}_low", "high": f"{column}_high"}
            band = band.select(*by, *names).rename(names)
            mean = mean.join(band, on=by, how="left", maintain_order="left")
        return mean
