"""Small real results for the tests of the report, and the same under other names."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from bandits import GaussianThompson, LinearThompson, Nothing, Oracle, Random
from environments import ClothingReviews, Storefront
from environments.protocol import About, Cohort
from experiments import Experiment, Result, run

SHARED = ("linear Thompson", "oracle")


@functools.cache
def acme() -> Result:
    """Acme Widgets under two objectives, three replications."""
    return run(
        Experiment(
            name="acme",
            environments=[
                Storefront.load("acme", objective="cart_value", name="cart_value"),
                Storefront.load("acme", objective="long_term", name="long_term"),
            ],
            policies=[
                Nothing(name="nothing shown"),
                Random(name="random"),
                Oracle(name="oracle"),
                GaussianThompson(name="Thompson, no features"),
                LinearThompson(name="linear Thompson"),
            ],
            only={"random": ["long_term"], "Thompson, no features": ["long_term"], "nothing shown": ["long_term"]},
            replications=3,
            seed=7,
        )
    )


@functools.cache
def clothing() -> Result:
    """Visitors whom nobody recognises, and no money."""
    policies = [Random(name="random"), LinearThompson(name="linear Thompson")]
    return run(
        Experiment(name="clothing", environments=[ClothingReviews(horizon=3_000)], policies=policies, replications=2)
    )


def changed(
    result: Result,
    *,
    policies: Mapping[str, Sequence[str]] | None = None,
    cohorts: Mapping[str, Mapping[str, Any]] | None = None,
    replications: int | None = None,
    failures: Sequence[Mapping[str, Any]] = (),
    changes: Sequence[Mapping[str, Any]] = (),
) -> Result:
    """The same cells under another manifest.

    Args:
        result: whose cells they are.
        policies: which to keep, each with the labels under which it is to appear.
        cohorts: fields of their cards to replace, by key.
        replications: how many to keep.
        failures: what failed.
        changes: of each world, with time and label.
    """
    manifest = copy.deepcopy({key: value for key, value in result.manifest.items() if key != "failures"})
    labels = policies if policies is not None else {p["label"]: [p["label"]] for p in manifest["policies"]}
    kept = replications or manifest["replications"]
    manifest["replications"] = kept
    manifest["policies"] = [{**p, "label": new} for p in manifest["policies"] for new in labels.get(p["label"], ())]
    manifest["only"] = {new: where for old, where in manifest["only"].items() for new in labels.get(old, ())}
    manifest["cells"] = {
        environment: {new: keys[:kept] for old, keys in cells.items() for new in labels.get(old, ())}
        for environment, cells in manifest["cells"].items()
    }
    for environment in manifest["environments"]:
        environment["about"]["cohorts"] = [
            {**cohort, **(cohorts or {}).get(cohort["key"], {})} for cohort in environment["about"]["cohorts"]
        ]
        environment["about"]["changes"] = [dict(change) for change in changes]
    return Result(manifest, result._store, [dict(failure) for failure in failures])


class Written:
    """A result whose numbers a test writes down: {(policy, cohort, metric): (mean, low, high)}."""

    def __init__(self, numbers: Mapping[tuple[str, str, str], tuple[float, float | None, float | None]]) -> None:
        about = About(
            title="Acme Widgets",
            scenario="acme",
            objective="long_term",
            objective_text="Keep them.",
            cohorts=(Cohort("luke", "Luke", 0.1, "the office admin", "he"), Cohort("sam", "Sam", 0.9, pronoun="they")),
            outcomes=(),
            tolerance=0.05,
            bad_means="It harms.",
            clock="day",
            horizon=180,
            people=True,
            reward_unit="$",
            currency="$",
        )
        self._numbers = numbers
        labels = list(dict.fromkeys(policy for policy, _, _ in numbers))
        kinds = {"oracle": "Oracle", "nothing shown": "Nothing"}
        self.manifest = {
            "name": "written",
            "seed": 1,
            "replications": 30,
            "environments": [{"label": "long_term", "table": {"kind": "Storefront"}, "about": vars_of(about)}],
            "policies": [
                {"label": p, "table": {"kind": kinds.get(p, "LinUCB")}, "summary": "", "informed": p == "oracle"}
                for p in labels
            ],
            "only": {},
            "versions": {},
            "failures": [],
        }

    def summary(self) -> pl.DataFrame:
        rows = [("long_term", *key, *ends, 30) for key, ends in self._numbers.items()]
        names = ["environment", "policy", "cohort", "metric", "mean", "low", "high", "replications"]
        return pl.DataFrame(
            rows, schema=dict(zip(names, [pl.String] * 4 + [pl.Float64] * 3 + [pl.Int64], strict=True)), orient="row"
        )

    def differences(self, reference: str) -> pl.DataFrame:
        """Differences of the means, each with an interval of ±1."""
        frame = self.summary()
        other = frame.filter(policy=reference).select("cohort", "metric", base="mean")
        paired = frame.join(other, on=["cohort", "metric"]).with_columns(mean=pl.col("mean") - pl.col("base"))
        return paired.with_columns(low=pl.col("mean") - 1, high=pl.col("mean") + 1, reference=pl.lit(reference))

    def mean_curves(self) -> pl.DataFrame:
        return pl.DataFrame(
            schema={"environment": pl.String, "policy": pl.String, "cohort": pl.String, "time": pl.Int64}
        )


def vars_of(about: About) -> dict[str, Any]:
    """As a manifest that was stored as JSON holds it: lists for tuples."""
    return json.loads(json.dumps(dataclasses.asdict(about)))
