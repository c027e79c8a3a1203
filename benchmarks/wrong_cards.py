"""What wrong persona cards cost: Acme under its long-term objective, cards off by 0 to 2.

    python benchmarks/wrong_cards.py [replications] [seed]

The team's cards are moved by so many logits (probabilities) or standard deviations (means), up or down by a coin for
each feature of each persona (`card_error`); customers stay as they are. Four questions: how much error can policies
that trust the cards bear, does it help to learn from outcomes who somebody is, do labelled customers do better, and
does a long history make certain of the wrong persona? Two processes; 30 replications take some minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

import polars as pl

from bandits import LinearThompson, PersonaBelief, PersonaOracle
from environments import Storefront
from experiments import Experiment, Result, run

ERRORS = (0.0, 0.25, 0.5, 1.0, 2.0)
TRUSTING = {
    "this visit": PersonaBelief(LinearThompson(), evidence="visit", name="this visit"),
    "all visits": PersonaBelief(LinearThompson(), name="all visits"),
    "all visits, outcomes": PersonaBelief(LinearThompson(), evidence="outcomes", name="all visits, outcomes"),
}
MARKS = (  # they never look at the declared cards
    LinearThompson(name="no cards"),
    PersonaBelief(LinearThompson(), cards="estimated", name="estimated, all visits"),
    PersonaBelief(LinearThompson(), cards="estimated", evidence="outcomes", name="estimated, outcomes"),
    PersonaOracle(name="persona oracle"),
)
LONG = {"customers": 120, "days": 1500}
"""About 140 visits a customer, rather than 25; as many visits in all."""
METRICS = {
    "regret a visit [$]": ("all", "regret_per_visit", 2),
    "Luke: share of what he is shown that is bad": ("luke", "bad_per_visit", 2),
    "Luke: bad recommendations a customer": ("luke", "bad_per_customer", 1),
}


def label(error: float) -> str:
    """Of the world whose cards are off by so much."""
    return f"cards off by {error:g}"


def worlds(**shop: int) -> list[Storefront]:
    """Acme, from right cards to the most wrong ones."""
    return [
        Storefront.load("acme", objective="long_term", card_error=error, name=label(error), **shop) for error in ERRORS
    ]


def study(replications: int, seed: int) -> Result:
    """Play every policy at every error that it can see."""
    experiment = Experiment(
        name="wrong cards",
        environments=worlds(),
        policies=[*TRUSTING.values(), *MARKS],
        replications=replications,
        seed=seed,
        only={str(mark.name): [label(0.0)] for mark in MARKS},
    )
    return run(experiment, workers=2)


def long_study(replications: int, seed: int) -> Result:
    """Few customers, for years."""
    experiment = Experiment(
        name="wrong cards, long histories",
        environments=worlds(**LONG),
        policies=list(TRUSTING.values()),
        replications=replications,
        seed=seed,
    )
    return run(experiment, workers=2)


def cells(rows: pl.DataFrame, digits: int) -> Iterable[str]:
    """Mean ± half of the 95 % interval, from the smallest error to the largest."""
    found = {row["environment"]: row for row in rows.iter_rows(named=True)}
    for error in ERRORS:
        row = found.get(label(error))
        text = "" if row is None else f"{row['mean']:.{digits}f} ± {row['high'] - row['mean']:.{digits}f}"
        yield f"{text:>14}"


def table(title: str, frame: pl.DataFrame, policies: Iterable[str], digits: int) -> None:
    """Print a row a policy and a column an error."""
    print(f"\n{title}\n{'cards off by':24}" + "".join(f"{error:>14g}" for error in ERRORS))
    for policy in policies:
        print(f"{policy:24}" + "".join(cells(frame.filter(pl.col("policy") == policy), digits)))


def main() -> None:
    """Print the tables."""
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 7  # noqa: PLR2004  the second argument
    result = study(replications, seed)
    summary, paired = result.summary(), result.differences("all visits")
    print(f"{replications} replications; means and 95 % intervals over them")
    for title, (cohort, metric, digits) in METRICS.items():
        chosen = (pl.col("cohort") == cohort) & (pl.col("metric") == metric)
        table(title, summary.filter(chosen), [*TRUSTING, *(str(mark.name) for mark in MARKS)], digits)
    chosen = (pl.col("cohort") == "all") & (pl.col("metric") == "regret_per_visit")
    others = [policy for policy in TRUSTING if policy != "all visits"]
    table("regret a visit, minus that of 'all visits', in pairs [$]", paired.filter(chosen), others, 2)
    title = f"regret a visit, {LONG['customers']} customers for {LONG['days']:,} days [$]"
    table(title, long_study(replications, seed).summary().filter(chosen), TRUSTING, 2)


if __name__ == "__main__":
    main()
