"""Columns: what they hold, what is missing in them, and rows that are there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from environments.log_check.finding import Column, Finding, count, fine, forbids, listed, printable, share, warns
from environments.log_check.log import Log, missing, numbers, simple

if TYPE_CHECKING:
    import polars as pl

NEARLY_ALL = 0.9
"""A column with so many different values among the different rows tells rows apart: equal rows are then copies."""

MOST_COPIES = 10
"""Where rows are equal to more others than this, values are few, and nothing was copied."""


def columns_of(log: Log) -> tuple[Column, ...]:
    """Every column in its order."""
    return tuple(
        Column(
            name,
            str(column.dtype),
            log.roles.of(name),
            missing(column),
            log.distinct(name) if simple(column) else None,
        )
        for name, column in ((name, log.frame[name]) for name in log.frame.columns)
    )


def find_nulls(log: Log) -> list[Finding]:
    """What is missing: in action, reward and propensity it forbids use, in other columns it is a matter of care."""
    n, roles, findings = len(log), log.roles, []
    for role, name in (("action", roles.action), ("reward", roles.reward), ("propensity", roles.propensity)):
        nulls = 0 if name is None else missing(log.frame[name])
        if nulls == 0 or name is None or (role == "propensity" and log.frame[name].null_count() == n):
            continue
        findings.append(
            forbids(
                "nulls",
                f"{count(nulls, 'visit')} of {n:,} ({share(nulls, n)}) whose {role} ({printable(name)}) is missing.",
                f"It is not known {UNKNOWN[role]}; dropping these rows is right only if it is missing by chance.",
                REMEDY[role],
            )
        )
    others = [*roles.features] + ([roles.cohort] if roles.cohort is not None else [])
    with_nulls = [(name, missing(log.frame[name])) for name in others]
    with_nulls = sorted(((name, nulls) for name, nulls in with_nulls if nulls), key=lambda pair: -pair[1])
    if with_nulls:
        findings.append(
            warns(
                "nulls",
                "Values are missing in " + listed([f"{name} ({share(nulls, n)})" for name, nulls in with_nulls]) + ".",
                "A policy cannot take a missing feature, and whose it is may be no chance: some cohort may be the one "
                "that is not known.",
                "Fill them in as they would be at the time of the choice, and add a yes-no feature that says where.",
            )
        )
    return findings or [fine("nulls", "Nothing is missing in action, reward, propensity and features.")]


UNKNOWN = {
    "action": "what was shown",
    "reward": "what came of it",
    "propensity": "how likely the shown action was, so these visits cannot be weighted",
}
REMEDY = {
    "action": "If it means that nothing was shown, give that action a name, such as 'nothing'; else find out.",
    "reward": "If it means that nothing happened, write 0; if the reward was not yet known, log again later.",
    "propensity": "Log the propensity of every visit at the time of the choice; it cannot be made up later.",
}


def find_duplicates(log: Log) -> list[Finding]:
    """Equal rows, and visits with the same id."""
    n, findings = len(log), []
    distinct = log.frame.hash_rows().n_unique()
    copies = n - distinct
    most = max(log.distinct(name) for name in log.frame.columns)
    if copies and most >= max(NEARLY_ALL * distinct, n / MOST_COPIES):
        findings.append(
            warns(
                "duplicates",
                f"{count(copies, 'row')} of {n:,} ({share(copies, n)}) repeat an earlier row in every column.",
                "A visit that counts twice makes intervals too narrow, and whatever it showed too certain.",
                "Keep one of each.",
            )
        )
    elif copies:
        findings.append(
            fine(
                "duplicates",
                f"{count(copies, 'row')} of {n:,} equal another row, but no column tells visits apart: so few "
                "different values make equal rows by chance.",
            )
        )
    if log.roles.visit is not None:
        ids = log.frame[log.roles.visit]
        repeated = len(ids) - ids.null_count() - log.distinct(log.roles.visit)
        if repeated:
            findings.append(
                warns(
                    "duplicates",
                    f"{count(repeated, 'row')} of {n:,} ({share(repeated, n)}) with a visit id "
                    f"({printable(log.roles.visit)}) that another row has.",
                    "Rows of one visit are no independent observations: several places on one page compete, and a copy "
                    "counts twice.",
                    "Keep one row a visit, or look at one place on the page at a time.",
                )
            )
    return findings or [fine("duplicates", "No row and no visit is there twice.")]


def find_useless_features(log: Log) -> list[Finding]:
    """Features that cannot help: constant ones, ids, lists, and numbers that are not finite."""
    n, constant, ids, lists, infinite = len(log), [], [], [], []
    for name in log.roles.features:
        column = log.frame[name]
        if not simple(column):
            lists.append(name)
            continue
        values = numbers(column) if column.dtype.is_float() else None
        if log.distinct(name) <= 1:
            if not _is_intercept(column):
                constant.append(name)
        elif log.is_id(name):
            ids.append(name)
        if values is not None and np.isinf(values).any():
            infinite.append(name)
    said = (
        (constant, "the same value everywhere", "They teach nothing.", "Leave them out."),
        (
            ids,
            "hardly a value twice, like an id",
            "A policy that learns a value's effect never meets the value again: it learns by heart.",
            "Leave them out, or replace them by what is known about whom they name.",
        ),
        (lists, "lists as values", "No policy here takes them.", "Make a column of each entry, or leave them out."),
        (infinite, "infinite values", "One of them makes every linear policy's sums infinite.", "Bound them."),
    )
    findings = [
        warns("features", f"{count(len(names), 'feature')} with {what} (of {n:,} visits): {listed(names)}.", means, do)
        for names, what, means, do in said
        if names
    ]
    if not log.roles.features:
        findings.append(
            warns(
                "features",
                "There are no features.",
                "Only policies without features can learn from it; nobody can be told apart.",
                "Name what was known of the visitor with --features, if anything was.",
            )
        )
    return findings


def _is_intercept(column: pl.Series) -> bool:
    values = numbers(column)
    return values is not None and len(values) > 0 and bool((values == 1).all())
