"""What an objective pays, and what each item is expected to bring.

U users, C personas, J items (or variants of items).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.protocol import Floats, Ints
from environments.shop.catalogue import Item
from environments.shop.objective import OUTCOMES, Objective
from environments.shop.scenario import Scenario
from environments.shop.truth import Truth, truth
from environments.shop.utility import misperception


def prizes_of(goal: Objective, items: Sequence[Item], handling: float) -> tuple[Floats, Floats]:
    """What the objective pays for a sale, on top if it is kept, on top if it is returned (J, 3); for feelings (4,)."""
    weight = dict.fromkeys(OUTCOMES, 0.0) | dict(goal.weights)
    prizes = np.array(
        [
            [
                weight["purchases"] + weight["revenue"] * item.price,
                weight["margin"] * item.margin,
                weight["returns"] + weight["return_cost"] * handling,
            ]
            for item in items
        ]
    )
    return prizes, np.array([weight[name] for name in ("regretted", "irritated", "welfare", "felt_welfare")])


def reward_range(goal: Objective, items: Sequence[Item], handling: float) -> tuple[float, float] | None:
    """Bounds of a reward; None where it contains welfare, which has none."""
    weight = dict(goal.weights)
    if weight.get("welfare") or weight.get("felt_welfare"):
        return None
    rewards = [0.0, weight.get("irritated", 0.0)]
    for item in items:
        sold = weight.get("purchases", 0.0) + weight.get("revenue", 0.0) * item.price
        kept = sold + weight.get("margin", 0.0) * item.margin
        regret = weight.get("regretted", 0.0)
        returned = sold + weight.get("returns", 0.0) + weight.get("return_cost", 0.0) * handling
        # with a hassle of 0 a return is the same as a regret; else it is one of the regrets
        rewards += [kept, kept + regret, returned + regret]
    return min(rewards), max(rewards)


def truth_of(shop: Scenario, items: Sequence[Item], cohort: Ints, v: Floats) -> Truth:
    """The expectations (U, J) of users with utilities v (U, J)."""

    def each(attribute: str) -> Floats:
        values: Floats = np.array([getattr(persona, attribute) for persona in shop.personas], dtype=np.float64)
        return values.take(cohort)

    names = ("patience", "annoyance", "hassle", "trial_sd", "loss_aversion")
    m = misperception(shop.personas, items)[cohort]
    return truth(v, m, **{name: each(name) for name in names})


def expected_rewards(goal: Objective, items: Sequence[Item], handling: float, truth: Truth) -> Floats:
    """Σ weight · expected outcome of showing each item to each user (U, J)."""
    price = np.array([item.price for item in items])
    margin = np.array([item.margin for item in items])
    expectation = {
        "purchases": truth.buy,
        "revenue": price * truth.buy,
        "margin": margin * (truth.buy - truth.returned),
        "returns": truth.returned,
        "return_cost": handling * truth.returned,
        "regretted": truth.regretted,
        "irritated": truth.irritated,
        "welfare": truth.welfare,
        "felt_welfare": truth.felt,
    }
    total = np.zeros_like(truth.buy)
    for outcome, weight in goal.weights:
        total += weight * expectation[outcome]
    return total


def typical_rewards(expected: Floats, cohort: Ints, C: int) -> Floats:
    """Means over the users of each cohort (C, J) of what each of them is expected to bring (U, J); 0 for no users."""
    typical = np.zeros((C, expected.shape[1]))
    for c in np.unique(cohort):
        typical[c] = expected[cohort == c].mean(axis=0)
    return typical
