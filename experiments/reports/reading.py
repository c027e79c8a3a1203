"""From the frames of a result to what is told of it: the only place of the report that reads frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

import polars as pl

from environments.changing import Change
from environments.protocol import About, Cohort
from experiments.reports.definitions import METRICS
from experiments.reports.facts import REGRETS, Competitor, Differences, Setting, Story
from experiments.reports.wording import Estimate, plain


class Ledgers(Protocol):
    """The part of a result that the report reads."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What was run, as stored."""
        ...

    def summary(self) -> pl.DataFrame:
        """Columns environment, policy, cohort, metric, mean, low, high, replications."""
        ...

    def mean_curves(self) -> pl.DataFrame:
        """Columns environment, policy, cohort, time and the cumulative metrics, averaged over replications."""
        ...

    def differences(self, reference: str) -> pl.DataFrame:
        """Each policy minus the reference policy, paired: environment, policy, cohort, metric, mean, low, high."""
        ...


@dataclass(frozen=True)
class Facts:
    """All that the report tells."""

    manifest: Mapping[str, Any] = field(repr=False)
    stories: tuple[Story, ...]

    @property
    def replications(self) -> int:
        """How often everything was repeated."""
        return int(self.manifest["replications"])


def read(result: Ledgers) -> Facts:
    """Read a result once, into look-ups."""
    estimates: dict[str, dict[tuple[str, str, str], Estimate]] = {}
    columns = ("environment", "policy", "cohort", "metric", "mean", "low", "high")
    for environment, policy, cohort, metric, mean, low, high in result.summary().select(columns).iter_rows():
        estimates.setdefault(environment, {})[policy, cohort, metric] = _possible(metric, Estimate(mean, low, high))
    curves: dict[str, dict[tuple[str, str], pl.DataFrame]] = {}
    frames = result.mean_curves().sort("time").partition_by("environment", "policy", "cohort", as_dict=True)
    for (environment, policy, cohort), frame in frames.items():
        curves.setdefault(str(environment), {})[str(policy), str(cohort)] = frame

    @cache
    def differences(reference: str) -> Differences:
        rows = result.differences(reference).select(columns).iter_rows()
        return {(environment, p, c, m): _apart(m, Estimate(*ends)) for environment, p, c, m, *ends in rows}

    competitors = [_competitor(policy) for policy in result.manifest["policies"]]
    groups: dict[str, list[Setting]] = {}
    for entry in result.manifest["environments"]:
        label = entry["label"]
        ran = {policy for policy, _, _ in estimates.get(label, {})}
        if not ran:
            continue
        setting = Setting(
            label=label,
            about=_about(entry["about"]),
            table=entry["table"],
            policies=tuple(c for c in competitors if c.label in ran),
            replications=int(result.manifest["replications"]),
            differences=differences,
            estimates=estimates[label],
            curves=curves.get(label, {}),
        )
        groups.setdefault(setting.about.scenario, []).append(setting)
    return Facts(result.manifest, tuple(Story(tuple(settings)) for settings in groups.values()))


def _competitor(entry: Mapping[str, Any]) -> Competitor:
    kind = str(entry["table"].get("kind", ""))
    informed = bool(entry.get("informed", kind == "Oracle"))  # manifests of earlier runs do not say
    return Competitor(entry["label"], kind, plain(entry.get("summary") or ""), informed, entry["table"])


def _possible(metric: str, estimate: Estimate) -> Estimate:
    """Cut an interval at what its metric can be: no count or regret is below 0, no share above 1; the truth is kept."""
    unit = METRICS[metric].unit
    bounded = unit in {"count", "share", "days"} or metric in REGRETS or metric == "harm"
    if metric.startswith("excess") or not bounded or not estimate.has_interval:
        return estimate
    low, high = max(0.0, estimate.low or 0.0), estimate.high or 0.0
    return Estimate(estimate.mean, low, min(1.0, high) if unit == "share" else high)


def _apart(metric: str, difference: Estimate) -> Estimate:
    """Cut an interval of a difference at what it can be: two shares are at most 100 percentage points apart."""
    if METRICS[metric].unit != "share" or difference.low is None or difference.high is None:
        return difference
    return Estimate(difference.mean, max(-1.0, difference.low), min(1.0, difference.high))


def _about(fields: Mapping[str, Any]) -> About:
    known: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    known["title"] = plain(fields["title"])
    known["cohorts"] = tuple(
        Cohort(**{**c, "name": plain(c["name"]), "text": tuple((head, text) for head, text in c["text"])})
        for c in fields["cohorts"]
    )
    known["changes"] = tuple(Change(**change) for change in fields.get("changes", ()))  # earlier results have none
    return About(**known)
