"""What a result holds, looked up by name.

A setting is one environment with its policies. A story is the settings that share a scenario: one world, several
objectives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from bandits.protocol import Floats
from environments.protocol import About, Cohort
from experiments.reports.definitions import METRICS
from experiments.reports.wording import Estimate, Unit

ALL = "all"
FIRST_DAYS = 30
FOLLOWED = 6
REGRETS = frozenset({"regret", "regret_per_visit", "excess_regret", "user_regret", "user_regret_per_visit"})
ESTIMATED = ", est."
"""The mark of what is measured against estimates from data."""
Differences = Mapping[tuple[str, str, str, str], Estimate]


@dataclass(frozen=True, slots=True)
class Competitor:
    """A policy as the manifest has it; `informed` is one that is handed expected rewards, such as a wrapped oracle."""

    label: str
    kind: str
    summary: str
    informed: bool
    table: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Setting:
    """One environment with the policies that were run in it."""

    label: str
    about: About
    table: Mapping[str, Any] = field(repr=False)
    policies: tuple[Competitor, ...]
    replications: int
    differences: Callable[[str], Differences] = field(repr=False)
    estimates: Mapping[tuple[str, str, str], Estimate] = field(repr=False)
    curves: Mapping[tuple[str, str], pl.DataFrame] = field(repr=False)

    def get(self, policy: str, cohort: str, metric: str) -> Estimate:
        """The estimate of a metric; an empty one where there is none."""
        return self.estimates.get((policy, cohort, metric), Estimate())

    def has(self, metric: str) -> bool:
        """Whether any policy has this metric."""
        return any(estimate for (_, _, name), estimate in self.estimates.items() if name == metric)

    @cached_property
    def named(self) -> bool:
        """Whether somebody gave it a name: its label is not its objective, nor made of its kind and parameters."""
        objective, kind = self.about.objective, str(self.table.get("kind", "")).rpartition(":")[2]
        made = self.label.partition(" (")[0].endswith(f"/{objective}") or self.label.partition("(")[0] == kind
        return not made and self.label.replace("_", " ") != objective.replace("_", " ")

    @cached_property
    def added(self) -> tuple[str, ...]:
        """The notes of the wrappers around a world, which stand behind those of the world inside."""
        depth, inner = 0, self.table.get("world")
        while isinstance(inner, Mapping):
            depth, inner = depth + 1, inner.get("world")
        notes = self.about.notes
        return notes[max(0, len(notes) - depth) :]

    @cached_property
    def oracle(self) -> str | None:
        """The policy that is told what to expect of every action and keeps to it, if it was run."""
        return next((p.label for p in self.policies if p.kind == "Oracle"), None)

    @cached_property
    def nothing(self) -> str | None:
        """The policy that never recommends, if it was run."""
        return next((p.label for p in self.policies if p.kind == "Nothing"), None)

    @cached_property
    def marks(self) -> tuple[str, ...]:
        """The policies that nobody could ship: the one that shows nothing, and all that are told what to expect."""
        quiet = () if self.nothing is None else (self.nothing,)
        return (*quiet, *(p.label for p in self.policies if p.informed))

    @cached_property
    def contenders(self) -> tuple[str, ...]:
        """The policies that could be shipped; the marks, where there are no others."""
        labels = tuple(p.label for p in self.policies)
        return tuple(label for label in labels if label not in self.marks) or labels

    @cached_property
    def cohorts(self) -> tuple[Cohort, ...]:
        """The cohorts that somebody belonged to, in the order of the cards."""
        return tuple(c for c in self.about.cohorts if self.came(c)) or self.about.cohorts

    def came(self, cohort: Cohort) -> bool:
        """Whether anybody of this cohort ever came, as far as it was counted."""
        counts = [self.get(p.label, cohort.key, m) for p in self.policies for m in ("customers", "visits")]
        return any(e.value > 0 for e in counts if e) or not any(counts)

    @cached_property
    def long(self) -> bool:
        """Whether it lasts longer than the first days, so that those are not all that there is."""
        return self.about.horizon > FIRST_DAYS

    @cached_property
    def harms(self) -> bool:
        """Whether the world declares what is bad; else all is told of what was missed: of regret."""
        return bool(self.about.bad_means)

    @cached_property
    def patchy(self) -> bool:
        """Whether not all visits took place, though nobody had left: as where a log is replayed."""
        counts = [e.value for p in self.policies if (e := self.get(p.label, ALL, "visits"))]
        return self.about.clock == "visit" and len(counts) > 0 and min(counts) < self.about.horizon

    @cached_property
    def exposure(self) -> str:
        """The metric by which cohorts and policies are compared."""
        if not self.harms:
            return "regret_per_visit"
        return "bad_per_customer" if self.has("bad_per_customer") else "bad_per_visit"

    @cached_property
    def suffered(self) -> str:
        """The metric, by visit, that says which cohort fares worst."""
        return "bad_per_visit" if self.harms else "regret_per_visit"

    @cached_property
    def business(self) -> str:
        """The metric that the business looks at."""
        return "value_per_customer" if self.about.currency and self.has("value_per_customer") else "reward_per_visit"

    @cached_property
    def sufferer(self) -> Cohort:
        """The cohort with the most bad recommendations a visit (or regret), averaged over the contenders."""
        return max(self.cohorts, key=lambda cohort: self.suffering(cohort) or 0.0)

    def suffering(self, cohort: Cohort) -> float | None:
        """How badly a cohort fares a visit, averaged over the contenders; None where nothing is known of it."""
        seen = [e.value for p in self.contenders if (e := self.get(p, cohort.key, self.suffered))]
        return float(np.mean(seen)) if seen else None

    @cached_property
    def followed(self) -> tuple[Cohort, ...]:
        """The cohorts that figures show: at most six, from the one that fares worst to the one that fares best."""
        if len(self.cohorts) <= FOLLOWED:
            return self.cohorts
        order = sorted(self.cohorts, key=lambda cohort: self.suffering(cohort) or 0.0)
        chosen = {order[round(place)].key for place in np.linspace(0, len(order) - 1, FOLLOWED)}
        return tuple(cohort for cohort in self.cohorts if cohort.key in chosen)

    def ranked(self, metric: str, cohort: str = ALL, policies: Sequence[str] | None = None) -> list[str]:
        """The contenders (or the given policies) that have this metric, best first."""
        chosen = [p for p in (self.contenders if policies is None else policies) if self.get(p, cohort, metric)]
        sign = -1 if METRICS[metric].better == "high" else 1
        return sorted(chosen, key=lambda p: sign * self.get(p, cohort, metric).value)

    def difference(self, policy: str, reference: str, cohort: str, metric: str) -> Estimate:
        """Policy minus reference, paired over replications."""
        return self.differences(reference).get((self.label, policy, cohort, metric), Estimate())

    def unit(self, metric: str) -> Unit:
        """How numbers of this metric are written."""
        kind = METRICS[metric].unit
        if metric in {"worst_cohort_bad", "excess_bad"} and self.exposure == "bad_per_visit":
            return Unit("share")
        if kind == "money":
            return Unit("amount", self.about.currency)
        if kind == "reward":
            return Unit("amount", self.about.reward_unit)
        if kind == "welfare":
            return Unit("amount")
        return Unit(kind)

    def title(self, metric: str) -> str:
        """A metric as a heading; marked where it is measured against estimates."""
        return self.marked(metric, METRICS[metric].title)

    def marked(self, metric: str, title: str) -> str:
        """What a metric is called here, with a mark where it is measured against estimates."""
        return title + (ESTIMATED if self.about.estimated and metric in REGRETS else "")

    def series(self, policy: str, cohort: str, metric: str) -> tuple[Floats, Floats] | None:
        """Time and cumulative values of a metric, without gaps; None where there are none."""
        frame = self.curves.get((policy, cohort))
        if frame is None or metric not in frame.columns:
            return None
        kept = frame.select("time", metric).drop_nulls()
        if not len(kept):
            return None
        return kept["time"].to_numpy().astype(np.float64), kept[metric].to_numpy().astype(np.float64)


@dataclass(frozen=True)
class Story:
    """The settings that share a scenario. `main` has the most policies: what is told, is told of it."""

    settings: tuple[Setting, ...]

    @cached_property
    def main(self) -> Setting:
        """The setting with the most policies."""
        return max(self.settings, key=lambda s: len(s.policies))

    def name(self, setting: Setting) -> str:
        """What to call a setting among the others: its objective; its label where it has a name, or two share one."""
        same = [s for s in self.settings if s.about.objective == setting.about.objective]
        apart = len(self.settings) > 1 and (setting.named or len(same) > 1)
        return setting.label if apart else setting.about.objective.replace("_", " ")

    @cached_property
    def quiet(self) -> Setting | None:
        """A setting in which a policy showed nothing; in all of them that is the same, since no objective acts."""
        return self.main if self.main.nothing else next((s for s in self.settings if s.nothing), None)

    @cached_property
    def shared(self) -> tuple[str, ...]:
        """The contenders that were run in at least two settings, most settings first."""
        count = {
            p: sum(any(q.label == p for q in s.policies) for s in self.settings)
            for s in self.settings
            for p in s.contenders
        }
        several = [p for p in count if count[p] > 1]
        value = {p: self.main.get(p, ALL, self.main.business) for p in several}
        return tuple(sorted(several, key=lambda p: (-count[p], -value[p].value if value[p] else 0.0)))
