"""What being shown each item is expected to bring, by user: worked out once for an objective in a replication.

U users, C personas, V variants.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bandits.protocol import Floats
from environments.shop.draws import draw
from environments.shop.objective import Objective
from environments.shop.rewards import expected_rewards, typical_rewards
from environments.shop.scenario import Scenario
from environments.shop.shelves import shelves_of


@dataclass(frozen=True, slots=True)
class TruthTables:
    """Expectations of a visit, shared by all policies of a replication.

    Args:
        expected: (U, V) reward of showing each variant.
        welfare: (U, V) welfare of being shown it.
        typical: (C, V) mean of `expected` over the users of each persona.
    """

    expected: Floats
    welfare: Floats
    typical: Floats


@lru_cache(maxsize=1)
def truth_tables(scenario: Scenario, labelled: int, seed: int, replication: int, goal: Objective) -> TruthTables:
    """Work out the expectations of a replication; the arguments but the last are those of `draw`."""
    luck, variants = draw(scenario, labelled, seed, replication), shelves_of(scenario).variants
    expected, welfare = np.empty_like(luck.v), np.empty_like(luck.v)
    for rows, truth in luck.truths():
        expected[rows] = expected_rewards(goal, variants, scenario.handling, truth)
        welfare[rows] = truth.welfare
    return TruthTables(expected, welfare, typical_rewards(expected, luck.cohort, len(scenario.personas)))
