"""What a policy is rewarded for: weights over the outcomes of a visit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from bandits.description import Description
from bandits.errors import Fault, InputError, unknown
from environments.text import Key, Text, Words

OUTCOMES: Mapping[str, str] = {
    "purchases": "an item was bought",
    "revenue": "price of what was bought",
    "margin": "margin of what was bought and kept",
    "returns": "what was bought was returned",
    "return_cost": "handling of what was returned",
    "regretted": "what was bought was worth less than nothing",
    "irritated": "the recommendation irritated",
    "welfare": "what the visit was worth to the customer",
    "felt_welfare": "the same, with losses felt more than gains",
}


def _pairs(weights: object) -> object:
    return tuple(weights.items()) if isinstance(weights, Mapping) else weights


def _weighable(weights: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    faults = []
    for outcome, weight in weights:
        if outcome not in OUTCOMES:
            faults.append(Fault(unknown("outcome", outcome, OUTCOMES), (outcome,)))
        if not math.isfinite(weight):
            faults.append(Fault(f"must be a finite number, got {weight}", (outcome,)))
    names = [outcome for outcome, _ in weights]
    faults.extend(Fault("must be weighted once", (name,)) for name in sorted({n for n in names if names.count(n) > 1}))
    if not any(weight for _, weight in weights):
        faults.append(Fault(f"must weight at least one outcome (known: {', '.join(OUTCOMES)})"))
    if faults:
        raise InputError(faults)
    return weights


class Objective(Description):
    """The reward of a visit: Σ over outcomes of weight · outcome. Nothing shown earns 0.

    Args:
        key: short, as in tables.
        asks: what it asks of the policy, in a sentence.
        weights: outcome and weight; a mapping will do.
        must_show: whether showing nothing is ruled out, because it would win.
        scale: a typical size of a reward, of which the policies' alpha and scale are multiples [unit].
        unit: of the reward: "$", "returns".
    """

    key: Key
    asks: Text
    weights: Annotated[
        tuple[tuple[str, float], ...], BeforeValidator(_pairs), AfterValidator(_weighable), Field(strict=False)
    ]
    must_show: bool = False
    scale: Annotated[float, Field(gt=0, le=1e9)]
    unit: Words
