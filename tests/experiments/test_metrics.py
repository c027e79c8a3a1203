"""Every metric, worked by hand from the books of two policies, one of them the oracle."""

import pathlib
import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.ledger import COHORTS, CURVES, USERS
from experiments.metrics import per_replication
from experiments.reports.definitions import LETTERS, METRICS
from tests.oracles.tails import cvar

DOCS = pathlib.Path(__file__).parents[2] / "docs" / "metrics.md"
WHERE = {"environment": "shop", "replication": 0}
COLUMNS = CURVES[2:]


def closing(cohort, **columns):
    """The last page of a cohort; columns that are not told are 0."""
    return {"cohort": cohort, "time": 180} | dict.fromkeys(COLUMNS, 0) | columns


def frames(policy, curves, cohorts, users):
    """The three frames of a cell, as a result hands them over."""
    label = WHERE | {"policy": policy}
    floats = dict.fromkeys(COLUMNS, pl.Float64)
    return (
        pl.DataFrame([label | row for row in curves], schema_overrides=floats),
        pl.DataFrame([label | dict(zip(COHORTS, row, strict=True)) for row in cohorts]),
        pl.DataFrame(
            [label | dict(zip(USERS, row, strict=True)) for row in users],
            schema={"environment": pl.String, "replication": pl.Int64, "policy": pl.String}
            | dict.fromkeys(USERS, pl.Int64)
            | {"cohort": pl.String},
        ),
    )


def metrics_of(*cells, oracles=("Oracle",)):
    curves, cohorts, users = (pl.concat(parts) for parts in zip(*cells, strict=True))
    values = per_replication(curves, cohorts, users, {"shop": 180}, list(oracles))
    return {(row["policy"], row["cohort"], row["metric"]): row["value"] for row in values.to_dicts()}


LUKE = closing(
    "luke", visits=150, lost=50, reward=300.0, regret=600.0, user_regret=90.0, welfare=-30.0, bad=60, harm=45.0,
    purchases=40, revenue=1500.0, margin=200.0, returns=10, regretted=16, irritated=24, nothing=15, churned=5,
    satisfaction=-0.25, organic=2100.0,
)  # fmt: skip
HARMONY = closing(
    "harmony", visits=50, lost=0, reward=500.0, regret=50.0, user_regret=5.0, welfare=20.0, bad=4, harm=1.0,
    purchases=0, revenue=0.0, margin=0.0, returns=0, regretted=0, irritated=1, nothing=5, churned=0,
    satisfaction=0.5, organic=600.0,
)  # fmt: skip
BOTH = {name: LUKE[name] + HARMONY[name] for name in COLUMNS} | {"cohort": "all", "time": 180, "satisfaction": 0.0}

EARLIER = closing("luke", time=90, visits=80, bad=55)
PLAYED = frames(
    "LinUCB",
    [EARLIER, LUKE, HARMONY, BOTH],
    [("luke", 20, 100, 70, None), ("harmony", 5, 50, 4, 49), ("all", 25, 100, 60, 120)],
    # cohort, user, visits, bad, longest streak, bad in the first 30 days, lost
    [("luke", u, 7, 3, 2, 1, 2) for u in range(19)]
    + [("luke", 19, 17, 3, 3, 1, 12)]
    + [("harmony", 20 + u, 10, b, b, b, 0) for u, b in enumerate((0, 0, 0, 1, 3))],
)
ORACLE = frames(
    "Oracle",
    [
        closing("luke", visits=200, bad=10, margin=400.0, organic=2800.0),
        closing("harmony", visits=50, bad=1, margin=50.0, organic=600.0),
        closing("all", visits=250, bad=11, margin=450.0, organic=3400.0),
    ],
    [("luke", 20, 100, 5, 49), ("harmony", 5, 50, 1, 49), ("all", 25, 100, 6, 49)],
    [("luke", 0, 10, 1, 1, 1, 0), ("harmony", 1, 10, 1, 1, 1, 0)],
)

ABSENT = "no row"

BY_HAND = {
    "customers": (20, 5, 25),
    "bad_per_visit": (60 / 150, 4 / 50, 64 / 200),
    "bad_per_customer": (60 / 20, 4 / 5, 64 / 25),
    "bad_first_30_days": (1.0, 4 / 5, 24 / 25),  # (20 · 1) / 20; (0 + 0 + 0 + 1 + 3) / 5
    "bad_first_100": (70 / 100, 4 / 50, 60 / 100),  # Harmony's came 50 times in all
    "days_to_signal": (180, 49, 120),  # never, for Luke: the horizon
    "signal_reached": (0, 1, 1),
    "cvar95_bad": (3.0, 3.0, 3.0),  # 5 % of 20 is one user; of 5, a quarter of one; of 25, one and a quarter
    "longest_streak": ((19 * 2 + 3) / 20, 4 / 5, (19 * 2 + 3 + 4) / 25),
    "worst_cohort_bad": (ABSENT, ABSENT, 3.0),  # Luke's 3 a customer, against Harmony's 0.8
    "churn": (5 / 20, 0, 5 / 25),
    "lost_share": (50 / 200, 0, 50 / 250),
    "reward_per_visit": (300 / 150, 500 / 50, 800 / 200),
    "regret_per_visit": (600 / 150, 50 / 50, 650 / 200),
    "user_regret_per_visit": (90 / 150, 5 / 50, 95 / 200),
    "welfare_per_visit": (-30 / 150, 20 / 50, -10 / 200),
    "basket": (1500 / 150, 0, 1500 / 200),
    "return_rate": (10 / 40, None, 10 / 40),  # Harmony bought nothing
    "returns_per_visit": (10 / 150, 0, 10 / 200),
    "regret_rate_buyers": (16 / 40, None, 16 / 40),
    "value_per_customer": ((200 + 2100) / 20, 600 / 5, (200 + 2700) / 25),
    "excess_bad": (60 / 20 - 10 / 20, 4 / 5 - 1 / 5, 64 / 25 - 11 / 25),
    "excess_regret": (600 / 150 - 0, 50 / 50 - 0, 650 / 200 - 0),
    "excess_value": (115 - 3200 / 20, 120 - 650 / 5, 116 - 3850 / 25),
} | {name: (LUKE[name], HARMONY[name], BOTH[name]) for name in COLUMNS}


@pytest.mark.parametrize("metric", BY_HAND)
def test_metric_equals_its_hand_calculation(metric):
    values = metrics_of(PLAYED, ORACLE)
    for cohort, wanted in zip(("luke", "harmony", "all"), BY_HAND[metric], strict=True):
        told = values.get(("LinUCB", cohort, metric), ABSENT)
        assert told == (wanted if wanted in (None, ABSENT) else pytest.approx(wanted))


def test_there_is_a_hand_calculation_for_every_metric():
    assert {metric for _, _, metric in metrics_of(PLAYED, ORACLE)} == set(BY_HAND)


def test_the_oracle_has_no_excess():
    values = metrics_of(PLAYED, ORACLE)
    for cohort in ("luke", "harmony", "all"):
        assert [values["Oracle", cohort, f"excess_{what}"] for what in ("bad", "regret", "value")] == [0, 0, 0]


def test_without_an_oracle_there_is_no_excess():
    values = metrics_of(PLAYED, oracles=())
    assert {values["LinUCB", "luke", f"excess_{what}"] for what in ("bad", "regret", "value")} == {None}


def test_where_visitors_are_strangers_exposure_is_told_by_visit():
    """No customers, so nothing is told by customer, and excess and the worst cohort are by visit: 60/150 and 4/50."""
    strangers = {"lost": None, "churned": None, "satisfaction": None, "margin": None, "organic": None}

    def visits(policy, rows):
        cohorts = [(row["cohort"], None, 50, 5, 49) for row in rows]
        return frames(policy, [row | strangers for row in rows], cohorts, [])

    oracle = [closing("luke", visits=100, bad=10), closing("harmony", visits=100), closing("all", visits=200, bad=10)]
    values = metrics_of(visits("LinUCB", [LUKE, HARMONY, BOTH]), visits("Oracle", oracle))
    by_customer = ("customers", "bad_per_customer", "bad_first_30_days", "cvar95_bad", "longest_streak", "churn")
    by_customer += ("lost", "lost_share", "churned", "value_per_customer", "excess_value")
    assert {values["LinUCB", cohort, name] for cohort in ("luke", "all") for name in by_customer} == {None}
    assert values["LinUCB", "all", "worst_cohort_bad"] == pytest.approx(60 / 150)
    assert values["LinUCB", "luke", "excess_bad"] == pytest.approx(60 / 150 - 10 / 100)
    assert values["LinUCB", "all", "excess_bad"] == pytest.approx(64 / 200 - 10 / 200)


HARM = (
    "bad", "harm", "user_regret", "bad_per_visit", "bad_per_customer", "bad_first_30_days", "bad_first_100",
    "days_to_signal", "signal_reached", "cvar95_bad", "longest_streak", "user_regret_per_visit", "excess_bad",
)  # fmt: skip


def test_where_nothing_is_declared_bad_no_metric_of_harm_is_told_and_all_others_are():
    """The cell worked by hand, with null for all that follows from welfare: no exposure of 0, no signal at once."""
    silent = {"bad": None, "harm": None, "user_regret": None}

    def unsaid(cell):
        curves, cohorts, users = cell
        curves = curves.with_columns(pl.lit(value).cast(pl.Float64).alias(name) for name, value in silent.items())
        cohorts = cohorts.with_columns(first_bad=pl.lit(None, pl.Int64), signal=pl.lit(None, pl.Int64))
        names = ("bad", "streak", "bad_first_30_days")
        return curves, cohorts, users.with_columns(pl.lit(None, pl.Int64).alias(name) for name in names)

    values, plain = metrics_of(unsaid(PLAYED), unsaid(ORACLE)), metrics_of(PLAYED, ORACLE)
    for cohort in ("luke", "harmony", "all"):
        assert {values["LinUCB", cohort, name] for name in HARM} == {None}
        for name in set(BY_HAND) - set(HARM) - {"worst_cohort_bad"}:
            assert values["LinUCB", cohort, name] == plain["LinUCB", cohort, name]
    assert values["LinUCB", "all", "worst_cohort_bad"] is None


def test_a_cohort_that_never_came_has_totals_of_0_and_no_rates():
    rows = [closing("luke"), closing("all")]
    values = metrics_of(frames("LinUCB", rows, [("luke", 0, 0, 0, None), ("all", 0, 0, 0, None)], []))
    rates = [name for name in BY_HAND if name.endswith(("_visit", "_customer", "_rate", "_share"))]
    assert {values["LinUCB", "luke", name] for name in (*rates, "churn", "basket", "bad_first_100")} == {None}
    assert values["LinUCB", "luke", "bad"] == 0
    assert values["LinUCB", "luke", "days_to_signal"] == 180


def test_cvar_counts_the_one_on_the_boundary_in_part():
    """5 % of 30 is 1.5 of 9, 5, 1, 0, …: the worst (9) and half of the next (5): (9 + 0.5 · 5) / 1.5 = 7.6667."""
    values = np.array([1.0, 9.0, 5.0, *[0.0] * 27])
    assert cvar(values) == pytest.approx(23 / 3)
    assert cvar(values[::-1]) == pytest.approx(23 / 3)


def test_cvar_by_hand():
    """5 % of 20 is 1: the largest. Of 100: the mean of the largest five, 98. Of three, less than one: the largest."""
    assert cvar(np.arange(20.0)) == 19
    assert cvar(np.arange(101.0)[1:]) == pytest.approx(98)
    assert cvar(np.array([2.0, 7.0, 1.0])) == pytest.approx(7)
    assert np.isnan(cvar(np.empty(0)))


@pytest.mark.slow
@given(st.lists(st.integers(0, 50), min_size=1, max_size=80))
def test_the_frames_take_cvar_as_the_oracle_does(bad):
    users = [("luke", u, 60, b, 0, 0, 0) for u, b in enumerate(bad)]
    cell = frames("LinUCB", [closing("luke"), closing("all")], [("luke", 1, 0, 0, None), ("all", 1, 0, 0, None)], users)
    values = metrics_of(cell)
    assert values["LinUCB", "luke", "cvar95_bad"] == pytest.approx(cvar(np.array(bad)))
    assert values["LinUCB", "all", "cvar95_bad"] == pytest.approx(cvar(np.array(bad)))


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.floats(0.01, 1))
def test_cvar_is_between_the_mean_and_the_worst_and_solves_its_minimisation(values, tail):
    """CVaR = min over q of q + E[(X − q)⁺] / tail, whose minimum lies at one of the values (Rockafellar & Uryasev)."""
    X = np.array(values)
    least = min(q + np.maximum(X - q, 0).mean() / tail for q in X)
    assert cvar(X, tail) == pytest.approx(least, abs=1e-9)
    assert X.mean() - 1e-9 <= cvar(X, tail) <= X.max() + 1e-9


def defined():
    """The names in the first cells of the tables of docs/metrics.md."""
    return re.findall(r"^\| `(\w+)` \|", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_every_metric_and_column_is_defined_once_in_the_docs_and_nothing_else_is():
    names = defined()
    assert sorted(names) == sorted(set(names))
    keys = {"cohort", "user", "time"}
    assert set(names) == {metric for _, _, metric in metrics_of(PLAYED)} | set(CURVES) | set(USERS) | keys


def test_the_report_explains_every_metric():
    assert set(METRICS) == {metric for _, _, metric in metrics_of(PLAYED)}


def rows():
    """The cells of every row of the tables of docs/metrics.md, without the marks of code."""
    lines = DOCS.read_text(encoding="utf-8").replace("`", "").splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| ")]


def test_the_report_uses_the_letters_of_the_docs():
    told = rows()
    first, last = told.index(["letter", "meaning"]) + 1, told.index(["column", "definition", "null where"])
    letters = [tuple(row) for row in told[first:last] if not row[0].startswith("---")]
    assert letters == list(LETTERS)


@pytest.mark.parametrize("metric", METRICS)
def test_every_equation_of_the_report_stands_in_the_docs(metric):
    (definition,) = [row[1] for row in rows() if row[0] == metric]
    assert METRICS[metric].equation in definition


@pytest.mark.parametrize("metric", METRICS)
def test_every_letter_of_an_equation_is_explained(metric):
    """By the table of letters, by being a metric, or by the equation itself: m = …, c_i = …"""
    names = re.compile(r"[^\W\d]\w*")
    equation = METRICS[metric].equation
    explained = {part.partition("_")[0] for name, _ in LETTERS for part in names.findall(name)}
    explained |= {part.partition("_")[0] for part in re.findall(r"(\w+) = ", equation)}
    explained |= {"Σ", "i", "max", "min", "mean", "over", "of", "the", "cohorts", "if", "it", "happened", "else"}
    explained |= {"minus", "oracle", "s"}
    assert [x for x in names.findall(equation) if x not in METRICS and x.partition("_")[0] not in explained] == []
