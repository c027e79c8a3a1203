"""Persona cards that are wrong by a stated amount, to see what becomes of policies that trust them.

logit p' = logit p ± error          the probability of a yes
mean'    = mean ± error · sd        of a number
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bandits.cards import FeatureCard, PersonaCard


def misdeclared(cards: Sequence[PersonaCard], error: float, rng: np.random.Generator) -> tuple[PersonaCard, ...]:
    """Move every feature of every card by the same amount, up or down; shares, visit rates and spreads stay.

    Args:
        cards: the truth.
        error: by how much [logits of a yes, standard deviations of a number]; with 0 the cards are left as they are.
        rng: for the signs: one draw a persona and feature, persona by persona.
    """
    if error == 0:
        return tuple(cards)  # not through logits and back, which would round
    return tuple(
        replace(
            card,
            features=tuple(
                _moved(feature, error if up else -error)
                for feature, up in zip(card.features, rng.random(len(card.features)) < 0.5, strict=True)  # noqa: PLR2004  a fair coin
            ),
        )
        for card in cards
    )


def _moved(feature: FeatureCard, shift: float) -> FeatureCard:
    if feature.kind == "number":
        return replace(feature, mean=feature.mean + shift * feature.sd)
    from scipy.special import expit, logit  # noqa: PLC0415  heavy: imported where it is used

    # a card never calls anything certain, however far it is moved
    p = np.clip(expit(logit(feature.mean) + shift), np.finfo(np.float64).tiny, np.nextafter(1.0, 0.0))
    return replace(feature, mean=float(p))
