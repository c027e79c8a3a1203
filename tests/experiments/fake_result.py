"""An in-memory stand-in for a result: the frames of a small made-up experiment, drawn from a seeded generator."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import polars as pl

from environments.protocol import About, Cohort

CUMULATIVE = (
    "lost reward regret user_regret welfare bad harm purchases revenue margin returns regretted irritated nothing"
    " churned satisfaction organic"
).split()

LUKE = Cohort(
    key="luke",
    name="Luke",
    share=0.06,
    role="the office admin",
    pronoun="he",
    text=(
        ("Profile", "Luke is 31, lives in Indianapolis and runs the office of a small firm that ships parcels."),
        ("Motivations", "He keeps the shelf of widgets full, every couple of weeks, and dreads logging in to do it."),
        ("Goals", "The same order again, at the right time, without a thought."),
    ),
)
HARMONY = Cohort(
    key="harmony",
    name="Harmony",
    share=0.60,
    role="the wedding planner",
    pronoun="she",
    text=(
        ("Profile", "Harmony is 41, lives in Boston and has just started a business that plans events."),
        ("Motivations", "She dreams of an empire of events, and guests remember her by the widgets she puts out."),
        ("Goals", "Widgets that nobody else has."),
    ),
)
TIANQI = Cohort(
    key="tianqi",
    name="Tianqi",
    share=0.34,
    role="the work-from-home dad",
    pronoun="he",
    text=(
        ("Profile", "Tianqi freelances from his flat in Shanghai and looks after the children."),
        ("Motivations", "He wants a home that runs like clockwork on very little money."),
        ("Goals", "What he came for, at a price he can pay."),
    ),
)
PER_DAY = {"luke": 49 * 0.0714, "harmony": 492 * 0.1429, "tianqi": 279 * 0.1667}
CUSTOMERS = {"luke": 49, "harmony": 492, "tianqi": 279}
START = {"luke": 0.97, "harmony": 0.45, "tianqi": 0.60}
ORGANIC = {"luke": 150.0, "harmony": 280.0, "tianqi": 85.0}

# (kind, share bad that stays: Luke, Harmony, Tianqi; days to learn; $ margin a visit; churn beside showing nothing)
POLICIES: dict[str, tuple[str, tuple[float, float, float], float, float, float]] = {
    "nothing shown": ("Nothing", (0, 0, 0), 1, 0.0, 0.0),
    "random": ("Random", (0.97, 0.45, 0.60), 1, 2.1, 0.10),
    "context-free Thompson": ("GaussianThompson", (0.99, 0.10, 0.55), 12, 6.1, 0.07),
    "A/B test, then ship": ("ABTest", (0.98, 0.08, 0.60), 30, 5.3, 0.08),
    "epsilon-greedy": ("EpsilonGreedy", (0.95, 0.14, 0.50), 20, 5.9, 0.07),
    "LinUCB": ("LinUCB", (0.72, 0.06, 0.30), 45, 8.4, 0.04),
    "linear Thompson": ("LinearThompson", (0.66, 0.05, 0.28), 50, 8.3, 0.04),
    "on the persona of this visit": ("PersonaBelief", (0.35, 0.05, 0.20), 40, 9.4, 0.02),
    "on the persona of all visits": ("PersonaBelief", (0.08, 0.03, 0.08), 25, 11.7, 0.0),
    "the same, cautious": ("Cautious", (0.06, 0.02, 0.06), 15, 11.3, -0.01),
    "a learner per persona": ("PerCohort", (0.05, 0.02, 0.05), 14, 12.3, -0.01),
    "VowpalWabbit(exploration=squarecb)": ("VowpalWabbit", (0.80, 0.09, 0.35), 60, 7.2, 0.05),
    "oracle": ("Oracle", (0.01, 0.0, 0.01), 1, 13.0, -0.03),
}
# basket $ a visit, return rate, churn, $ a customer
OBJECTIVES = {
    "cart_value": ("The price of what is bought.", 26.6, 0.65, 0.213, 266.0),
    "low_returns": ("As few returns as possible; something must be shown.", 2.4, 0.13, 0.287, 212.0),
    "kept_margin": (
        "The margin of what is bought and kept, less the cost of handling returns.",
        19.9,
        0.13,
        0.153,
        374.0,
    ),
    "long_term": ("The kept margin, and what customers say afterwards, in a survey.", 19.9, 0.12, 0.122, 377.0),
}
MANY = ("nothing shown", "linear Thompson", "on the persona of all visits")


@dataclasses.dataclass
class FakeResult:
    """The frames that the report reads."""

    manifest: dict[str, Any]
    values: pl.DataFrame  # environment, policy, replication, cohort, metric, value
    curve_rows: pl.DataFrame

    def summary(self) -> pl.DataFrame:
        return _intervals(self.values, "value")

    def curves(self) -> pl.DataFrame:
        return self.curve_rows

    def mean_curves(self) -> pl.DataFrame:
        rows = self.curve_rows.with_columns(spread=pl.lit(1.96 / math.sqrt(max(1, self.manifest["replications"]))))
        one = self.manifest["replications"] == 1
        bounds = []
        for name in ("bad", "regret", "lost"):
            for sign, end in ((-1, "low"), (1, "high")):
                bound = pl.col(name).mean() + sign * pl.col(name).std() * pl.col("spread").first()
                bounds.append((pl.lit(None, pl.Float64) if one else bound).alias(f"{name}_{end}"))
        keys = ["environment", "policy", "cohort", "time"]
        return rows.group_by(keys, maintain_order=True).agg(
            *[pl.col(name).mean() for name in ("visits", *CUMULATIVE)], *bounds
        )

    def differences(self, reference: str) -> pl.DataFrame:
        keys = ["environment", "replication", "cohort", "metric"]
        other = self.values.filter(policy=reference).select(*keys, base="value")
        paired = self.values.join(other, on=keys).with_columns(value=pl.col("value") - pl.col("base"))
        return _intervals(paired, "value").with_columns(reference=pl.lit(reference))


def _intervals(values: pl.DataFrame, column: str) -> pl.DataFrame:
    half = 2.05 * pl.col(column).std() / pl.len().cast(pl.Float64).sqrt()
    return values.group_by("environment", "policy", "cohort", "metric", maintain_order=True).agg(
        mean=pl.col(column).mean(),
        low=pl.col(column).mean() - half,
        high=pl.col(column).mean() + half,
        replications=pl.len(),
    )


def _about(objective: str, text: str, cohorts: tuple[Cohort, ...], days: int) -> About:
    return About(
        title="Acme Widgets",
        scenario="acme",
        objective=objective,
        objective_text=text,
        cohorts=cohorts,
        outcomes=("purchases", "revenue", "margin", "returns"),
        tolerance=0.05,
        bad_means="A recommendation is bad when being shown it leaves this customer worse off than being shown nothing.",
        clock="day",
        horizon=days,
        people=True,
        reward_unit="returns" if objective == "low_returns" else "$",
        currency="$",
        notes=(
            "The numbers that make the personas act were set by hand.",
            "The survey is idealised: everybody answers.",
        ),
    )


def acme(replications: int = 8, days: int = 180, policies: tuple[str, ...] = tuple(POLICIES)) -> FakeResult:
    """Acme Widgets: every policy under long_term, and three under the other objectives."""
    cohorts = (LUKE, HARMONY, TIANQI)
    rng = np.random.default_rng(7)
    values: list[tuple[object, ...]] = []
    curves: list[dict[str, object]] = []
    only: dict[str, list[str]] = {}
    for objective, (_, basket, returned, churn, money) in OBJECTIVES.items():
        for label in policies:
            if objective != "long_term" and label not in MANY:
                only[label] = ["Acme, long_term"]
                continue
            kind, floors, tau, margin, extra = POLICIES[label]
            push = {"cart_value": 0.25, "low_returns": 0.15}.get(objective, 0.0)
            main = objective == "long_term"
            for replication in range(replications):
                ledgers = []
                for cohort, floor in zip(cohorts, floors, strict=True):
                    one = _cohort(
                        rng,
                        CUSTOMERS[cohort.key],
                        PER_DAY[cohort.key],
                        (0.0, 0.0) if kind == "Nothing" else (min(1.0, floor + push), START[cohort.key]),
                        tau,
                        days,
                        0.13 + extra + (0 if main or kind == "Nothing" else churn - 0.13),
                    )
                    bought = np.where(kind == "Nothing", 0, one["visits"] * (0.24 if main else basket / 90))
                    one |= {
                        "purchases": bought,
                        "revenue": one["visits"] * (0 if kind == "Nothing" else margin * 1.8 if main else basket),
                        "margin": one["visits"] * (margin if main else max(0.0, (money - 212) / 23)),
                        "returns": bought * (0.12 + extra if main else returned),
                        "regret": one["visits"] * max(0.0, 13.0 - margin - 0.2),
                        "organic": ORGANIC[cohort.key]
                        * CUSTOMERS[cohort.key]
                        * (1 - 0.5 * one["churned"] / one["base"]),
                        "nothing": one["visits"] * float(kind == "Nothing"),
                    }
                    ledgers.append(one)
                total = {key: sum(one[key] for one in ledgers) for key in ledgers[0]}
                for key, ledger in [*((c.key, one) for c, one in zip(cohorts, ledgers, strict=True)), ("all", total)]:
                    where = (f"Acme, {objective}", label, replication, key)
                    values += [(*where, m, v) for m, v in _metrics(ledger, days).items()]
                    curves += _curve(where, ledger, days)
    environments = [
        {
            "label": f"Acme, {objective}",
            "table": {"kind": "Storefront", "scenario": "acme", "objective": objective},
            "about": dataclasses.asdict(_about(objective, OBJECTIVES[objective][0], cohorts, days)),
            "cards": [],
        }
        for objective in OBJECTIVES
    ]
    return _result("acme", environments, policies, only, values, curves, replications)


def clothing(replications: int = 5, horizon: int = 20_000) -> FakeResult:
    """A world without people, money or churn: five age bands, and rewards in points."""
    bands = ("18–29", "30–39", "40–49", "50–59", "60 and over")
    shares = (0.10, 0.30, 0.30, 0.18, 0.12)
    cohorts = tuple(
        Cohort(key=b[:2], name=f"visitors aged {b}", share=s, text=(("Who", f"Reviewers aged {b}."),))
        for b, s in zip(bands, shares, strict=True)
    )
    rng = np.random.default_rng(8)
    chosen = {"random": (0.35, 1), "LinUCB": (0.06, 3_000), "linear Thompson": (0.05, 3_500), "oracle": (0.0, 1)}
    values: list[tuple[object, ...]] = []
    curves: list[dict[str, object]] = []
    for label, (floor, tau) in chosen.items():
        for replication in range(replications):
            ledgers = []
            for cohort in cohorts:
                wide = 1.4 - 2 * cohort.share
                one = _cohort(rng, 0, cohort.share, (floor * wide, 0.35), tau, horizon, 0.0)
                one |= {
                    "regret": one["visits"] * 0.02 + one["bad"] * 0.1,
                    "reward": one["visits"] * 0.08 - one["bad"] * 0.1,
                }
                ledgers.append(one)
            total = {key: sum(one[key] for one in ledgers) for key in ledgers[0]}
            for key, ledger in [*((c.key, one) for c, one in zip(cohorts, ledgers, strict=True)), ("all", total)]:
                where = ("clothing", label, replication, key)
                values += [(*where, m, v) for m, v in _metrics(ledger, horizon).items()]
                curves += _curve(where, ledger, horizon)
    about = About(
        title="Clothing reviews",
        scenario="clothing",
        objective="recommended",
        objective_text="The share of reviewers who would recommend, above what is tolerable.",
        cohorts=cohorts,
        outcomes=(),
        tolerance=0.0,
        bad_means="A recommendation is bad when more than 20 % of the reviewers of that age would not recommend it.",
        clock="visit",
        horizon=horizon,
        people=False,
        reward_unit="points",
        notes=("Rewards are drawn from real reviews.",),
    )
    environment = {
        "label": "clothing",
        "table": {"kind": "ClothingReviews"},
        "about": dataclasses.asdict(about),
        "cards": [],
    }
    return _result("clothing", [environment], tuple(chosen), {}, values, curves, replications)


def _cohort(rng, customers, per_time, bad, tau, horizon, churn):  # noqa: PLR0917
    """Cumulative (100,) visits and what came of them for one cohort."""
    floor, start = bad
    time = np.linspace(horizon / 100, horizon, 100)
    step = horizon / 100
    gone = np.clip(churn, 0, 1) * time / horizon
    planned = rng.poisson(per_time * step, 100)
    visits = np.maximum(planned * (1 - gone), 0)
    share = np.clip(floor + (start - floor) * np.exp(-time / tau), 0, 1)
    count = np.minimum(rng.poisson(visits * share), visits) if start else np.zeros(100)
    base = float(customers) if customers else math.nan
    churned = np.round(customers * gone + rng.normal(0, 0.01 * customers + 1e-9)).clip(0)
    return {
        "time": time,
        "visits": visits.cumsum(),
        "lost": (planned - visits).cumsum(),
        "bad": count.cumsum(),
        "harm": count.cumsum() * 0.3,
        "churned": churned,
        "base": base,
    }


def _metrics(ledger: dict[str, Any], horizon: int) -> dict[str, float | None]:
    """Every metric of the summary, from the ends of the cumulative columns."""
    end = {k: (float(v[-1]) if isinstance(v, np.ndarray) else float(v)) for k, v in ledger.items()}
    people = not math.isnan(end["base"])
    visits, customers = end["visits"], end["base"]
    share = np.diff(ledger["bad"], prepend=0) / np.maximum(np.diff(ledger["visits"], prepend=0), 1e-9)
    signal = np.flatnonzero(share <= 0.25)
    month = int(30 / horizon * 100) if people else 5
    found: dict[str, float | None] = {name: end.get(name) for name in ("visits", *CUMULATIVE)}
    bought = end.get("purchases")
    value = (end["margin"] + end["organic"]) / customers if people else None
    found |= {
        "customers": customers if people else None,
        "churned": end["churned"] if people else None,
        "bad_per_visit": end["bad"] / visits,
        "bad_per_customer": end["bad"] / customers if people else None,
        "bad_first_30_days": float(ledger["bad"][month - 1]) / customers if people else None,
        "bad_first_100": float(min(1.0, share[:4].mean())),
        "days_to_signal": float(horizon * (signal[0] + 1) / 100) if len(signal) else float(horizon),
        "signal_reached": float(len(signal) > 0),
        "cvar95_bad": 1.8 * end["bad"] / customers if people else None,
        "longest_streak": 0.5 * end["bad"] / customers if people else None,
        "worst_cohort_bad": None,
        "churn": end["churned"] / customers if people else None,
        "lost_share": end["lost"] / (end["lost"] + visits) if people else None,
        "reward_per_visit": (end["margin"] if people else end["reward"]) / visits,
        "regret_per_visit": end["regret"] / visits,
        "user_regret_per_visit": end["harm"] / visits,
        "welfare_per_visit": -end["harm"] / visits,
        "basket": end["revenue"] / visits if people else None,
        "return_rate": end["returns"] / bought if bought else None,
        "regret_rate_buyers": None,
        "value_per_customer": value,
        "excess_bad": None,
        "excess_regret": None,
        "excess_value": None,
    }
    return found


def _curve(where, ledger, horizon):
    rows = []
    for i in range(0, 100, 2):
        row = dict(zip(("environment", "policy", "replication", "cohort"), where, strict=True))
        row |= {name: (float(ledger[name][i]) if name in ledger else None) for name in ("time", "visits", *CUMULATIVE)}
        rows.append(row)
    return rows


def _result(name, environments, policies, only, values, curves, replications):  # noqa: PLR0917
    kinds = {label: POLICIES[label][0] for label in policies}
    manifest = {
        "format": 1,
        "name": name,
        "seed": 7,
        "replications": replications,
        "environments": environments,
        "policies": [
            {"label": p, "table": {"kind": kinds[p], "alpha": 1.0}, "summary": f"{kinds[p]}: chooses in its own way."}
            for p in policies
        ],
        "only": only,
        "versions": {"personabandits": "0.1.0", "python": "3.11.7", "numpy": "2.4.0"},
        "failures": [],
    }
    schema = {
        "environment": pl.String,
        "policy": pl.String,
        "replication": pl.Int64,
        "cohort": pl.String,
        "metric": pl.String,
        "value": pl.Float64,
    }
    frame = pl.DataFrame(values, schema=schema, orient="row")
    shape = dict.fromkeys(("time", "visits", *CUMULATIVE), pl.Float64)
    keys = {key: schema[key] for key in ("environment", "policy", "replication", "cohort")}
    return FakeResult(manifest, frame, pl.DataFrame(curves, schema={**keys, **shape}))
