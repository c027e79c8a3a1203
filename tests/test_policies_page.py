"""The page docs/policies.md says of every policy what its class says."""

from __future__ import annotations

import inspect
import math
import pathlib
import re

import numpy as np
import pytest

from bandits import FAMILIES, POLICIES, Visit
from bandits.fit import misfit_of, start
from bandits.protocol import Needs
from bandits.registry import policy_from
from tests.contracts.small_world import ACTION_FEATURES, features_of_actions, home_of, small_problem

PAGE = (pathlib.Path(__file__).parent.parent / "docs" / "policies.md").read_text("utf-8")
WORLD = small_problem(action_features=ACTION_FEATURES)
INSIDE = "as inside"


def table():
    """The columns of a policy's row, by the name of the policy."""
    lines = re.findall(r"^\|.*", PAGE.partition("\n## All of them\n")[2].partition("\n## ")[0], re.MULTILINE)
    header, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    found = [dict(zip(header, row, strict=True)) for row in rows]
    return {re.fullmatch(r"\[`(\w+)`\]\(#\w+\)", row["policy"])[1]: row for row in found}


def a_policy(name):
    """One of the kind, around a linear one where it needs one."""
    needed = {"policy": {"kind": "LinearThompson"}, "baseline": {"kind": "Random"}, "n": 3, "action": 0}
    fields = POLICIES[name].model_fields
    return policy_from({"kind": name} | {f: needed[f] for f in fields if f in needed and fields[f].is_required()})


def wraps(name):
    return isinstance(inspect.getattr_static(POLICIES[name], "corrects", None), property)


def test_every_policy_has_a_row_and_a_section_in_the_order_of_the_families():
    assert list(table()) == list(POLICIES)
    sections = re.findall(r"^### (.+)$", PAGE, re.MULTILINE)
    assert sections == list(POLICIES)
    headings = [line.lower() for line in re.findall(r"^## (.+)$", PAGE, re.MULTILINE)]
    families = [family.lower() for family in FAMILIES]
    assert [heading for heading in headings if heading in families] == families


@pytest.mark.parametrize("name", POLICIES)
def test_a_row_says_what_the_class_says(name):
    row, policy = table()[name], a_policy(name)
    yes = {True: "yes", False: "no"}
    needs = Needs.of(policy)
    assert row["corrects"] == (INSIDE if wraps(name) else yes[needs.corrects])
    assert row["uncertainty"] == (INSIDE if wraps(name) else yes[getattr(policy, "uncertain", False)])
    asked = "cohort" if needs.sees_cohort else "user" if needs.sees_user else INSIDE if wraps(name) else "–"
    assert row["who is visiting"] == asked
    assert row["learns"].startswith("it knows") == (needs.sees_expected or needs.sees_typical)


@pytest.mark.parametrize("name", POLICIES)
def test_a_row_says_which_worlds_are_refused(name):
    """Without bounds, without features of the visitor, and without those of the actions."""
    row, policy = table()[name], a_policy(name)
    assert misfit_of(policy, WORLD) is None
    unbounded = misfit_of(policy, small_problem(reward_range=None, action_features=ACTION_FEATURES)) is not None
    assert row["bounds"] == (INSIDE if wraps(name) else "needs" if unbounded else "no")
    if misfit_of(policy, small_problem()) is not None:
        assert row["features"] == "visitor × action"
    elif not wraps(name) and misfit_of(policy, small_problem(features=(), cards=(), sample=None)) is not None:
        assert row["features"] == "visitor"


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(home_of(a_policy(name)))) for name in POLICIES]
)
def test_a_row_says_how_its_propensity_is_told(name):
    """Exact ones are told unasked; quadratures where asked, without an error; estimates with one."""
    policy = a_policy(name)
    learner = start(policy, WORLD, np.random.default_rng(7))
    visit = {
        "x": np.ones(len(WORLD.features)),
        "z": features_of_actions(WORLD),
        "available": np.ones(len(WORLD.actions), dtype=bool),
        "cohort": 0,
        "user": 0,
        "expected": np.arange(len(WORLD.actions), dtype=np.float64),
    }
    unasked = learner.choose(Visit(**visit))
    asked = learner.choose(Visit(**visit, asks=True))
    assert 0.0 < asked.propensity <= 1.0
    told = "exact" if not math.isnan(unasked.propensity) else "estimate" if asked.error > 0 else "quadrature"
    assert table()[name]["propensity"] == (INSIDE if wraps(name) else told)
