"""What each item is worth to a persona, on average over its customers' tastes.

C personas, K items, A attributes.

    v̄_cj = taste_c·phi_j − price_sensitivity_c price_j + appeal_sensitivity_c appeal_j − outside_c
    v_cj ~ Normal(v̄_cj, (taste_sd_c ‖phi_j‖)²)          over the customers of c
    m_cj = appeal_sensitivity_c appeal_j + defect_j     misperception: hype plus shortfall
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bandits.protocol import Floats
from environments.catalogue import Item
from environments.persona import Persona
from environments.truth import Truth, truth

NODES = 15


@dataclass(frozen=True, slots=True)
class Utilities:
    """What the personas anticipate, in logits.

    Args:
        mean: (C, K) anticipated net utility, v̄.
        sd: (C, K) its spread over the customers of a persona.
        misperception: (C, K) m.
    """

    mean: Floats
    sd: Floats
    misperception: Floats


def utilities(personas: Sequence[Persona], items: Sequence[Item]) -> Utilities:
    """Compute the utilities of all personas and items."""
    phi = np.array([item.attributes for item in items])
    price, appeal, defect = np.array([(item.price, item.appeal, item.defect) for item in items]).T
    taste = np.array([persona.taste for persona in personas])
    taste_sd, beta, h, outside = np.array(
        [(p.taste_sd, p.price_sensitivity, p.appeal_sensitivity, p.outside) for p in personas]
    ).T[:, :, None]
    return Utilities(
        mean=taste @ phi.T - beta * price + h * appeal - outside,
        sd=taste_sd * np.linalg.norm(phi, axis=1),
        misperception=h * appeal + defect,
    )


def worth(personas: Sequence[Persona], items: Sequence[Item]) -> Truth:
    """Average the truth of a visit over the tastes of each persona's customers, by Gauss–Hermite.

    Returns:
        Expectations, each (C, K).
    """
    u = utilities(personas, items)
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    total = np.zeros((6, *u.mean.shape))
    patience, annoyance, hassle, trial_sd, loss_aversion = np.array(
        [(p.patience, p.annoyance, p.hassle, p.trial_sd, p.loss_aversion) for p in personas]
    ).T
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        at = truth(
            u.mean + node * u.sd,
            u.misperception,
            patience=patience,
            annoyance=annoyance,
            hassle=hassle,
            trial_sd=trial_sd,
            loss_aversion=loss_aversion,
        )
        total += weight * np.array([at.buy, at.returned, at.regretted, at.irritated, at.welfare, at.felt])
    return Truth(*total)
