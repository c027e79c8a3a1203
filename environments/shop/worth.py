"""What being shown each item comes to for a persona, on average over its customers' tastes.

C personas, J items.

    v_cj ~ Normal(v̄_cj, (taste_sd_c ‖phi_j‖)²)          over the customers of c, v̄ as in `environments.shop.utility`
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from environments.shop.catalogue import Item
from environments.shop.persona import Persona
from environments.shop.truth import Truth, truth
from environments.shop.utility import utilities

NODES = 15


def worth(personas: Sequence[Persona], items: Sequence[Item]) -> Truth:
    """Average the truth of a visit over the tastes of each persona's customers, by Gauss–Hermite.

    Returns:
        Expectations, each (C, J).
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
