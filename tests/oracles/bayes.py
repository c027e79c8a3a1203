"""Who is visiting, by Bayes' rule as it is written in a textbook: products of probabilities, over the whole history."""

import math

import numpy as np


def chance(feature, value):
    """P(value | persona): the mass of a yes-no feature, the density of a number."""
    if feature.kind == "yes-no":
        return feature.mean if value else 1.0 - feature.mean
    return math.exp(-0.5 * ((value - feature.mean) / feature.sd) ** 2) / (feature.sd * math.sqrt(2.0 * math.pi))


def beliefs(cards, names, x, user):
    """P(persona | all that this user has shown up to this visit) (N, P).

    Args:
        cards: P persona cards.
        names: (D,) of the features.
        x: (N, D).
        user: (N,) ids; a new one at each visit makes it the belief from the visit alone.
    """
    rows = []
    for n in range(len(x)):
        history = [m for m in range(n + 1) if user[m] == user[n]]
        weight = []
        for card in cards:
            by_name = {feature.name: feature for feature in card.features}
            levels = {
                level: [d for d, f in enumerate(names) if by_name[f].level == level] for level in ("user", "visit")
            }
            facts = [chance(by_name[names[d]], x[history[0], d]) for d in levels["user"]]
            shown = [chance(by_name[names[d]], x[m, d]) for m in history for d in levels["visit"]]
            weight.append(card.share * card.visit_rate * math.prod(facts) * math.prod(shown))
        rows.append(np.array(weight) / sum(weight))
    return np.array(rows)
