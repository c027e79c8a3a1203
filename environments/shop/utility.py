"""The utilities that customers act on, and the personas' on average over their customers' tastes.

U users, C personas, J items, A attributes; i is a customer of persona c.

    v_ij = theta_i·phi_j − price_sensitivity_c price_j + appeal_sensitivity_c appeal_j − outside_c
    theta_i = taste_c + taste_sd_c N(0, I)
    m_cj = appeal_sensitivity_c appeal_j + defect_j
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bandits.protocol import Floats, Ints
from environments.shop.catalogue import Item
from environments.shop.persona import Persona


@dataclass(frozen=True, slots=True)
class Utilities:
    """What the personas anticipate, in logits.

    Args:
        mean: (C, J) anticipated net utility, v̄.
        sd: (C, J) its spread over the customers of a persona, taste_sd_c ‖phi_j‖.
        misperception: (C, J) m.
    """

    mean: Floats
    sd: Floats
    misperception: Floats


def utilities(personas: Sequence[Persona], items: Sequence[Item]) -> Utilities:
    """Compute the utilities of all personas and items."""
    taste = np.array([persona.taste for persona in personas])
    taste_sd = np.array([persona.taste_sd for persona in personas])
    phi = np.array([item.attributes for item in items])
    return Utilities(
        mean=anticipated(personas, items, np.arange(len(personas)), taste),
        sd=taste_sd[:, None] * np.linalg.norm(phi, axis=1),
        misperception=misperception(personas, items),
    )


def anticipated(personas: Sequence[Persona], items: Sequence[Item], cohort: Ints, theta: Floats) -> Floats:
    """What customers anticipate of each item.

    Args:
        personas: C of them.
        items: J of them.
        cohort: (U,) persona of each customer.
        theta: (U, A) what each customer values.

    Returns:
        v (U, J), net of price and of buying nothing [logits].
    """
    phi = np.array([item.attributes for item in items])
    price, appeal = np.array([item.price for item in items]), np.array([item.appeal for item in items])
    constant = np.array([p.appeal_sensitivity * appeal - p.price_sensitivity * price - p.outside for p in personas])
    # einsum, not BLAS: its sums are in the same order on every machine
    v: Floats = np.einsum("ua,ja->uj", theta, phi) + constant[cohort]
    return v


def misperception(personas: Sequence[Persona], items: Sequence[Item]) -> Floats:
    """By how much each persona thinks too well of each item: m (C, J), hype plus shortfall [logits]."""
    sensitivity: Floats = np.array([persona.appeal_sensitivity for persona in personas])
    appeal = np.array([item.appeal for item in items])
    defect = np.array([item.defect for item in items])
    m: Floats = sensitivity[:, None] * appeal + defect
    return m
