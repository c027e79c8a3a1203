"""Who the user is, by all that they have shown and all that came of it: every posterior in one batch, from lists."""

import numpy as np
from scipy import stats

from tests.oracles.bayes import beliefs


def predictive(weights, rewards):
    """Student's t of the next reward of a persona and an action, after rewards that count by weights (n,) each.

    The prior is normal-inverse-gamma: mean 0, kappa 1, a 1, b 1. Murphy 2007, section 3, with weights for counts.
    """
    n = sum(weights)
    mean = sum(w * r for w, r in zip(weights, rewards, strict=True)) / n if n else 0.0
    scatter = sum(w * (r - mean) ** 2 for w, r in zip(weights, rewards, strict=True))
    kappa, a, b = 1 + n, 1 + n / 2, 1 + scatter / 2 + n * mean**2 / (2 * (1 + n))
    return {"df": 2 * a, "loc": n * mean / kappa, "scale": np.sqrt(b * (kappa + 1) / (a * kappa))}


def beliefs_with_outcomes(cards, names, x, user, action, rewards, nothing):
    """P(persona | history, outcomes of earlier visits) (N, P); rewards (N,) in typical ones, known at once."""
    rows, log_outcomes = [], np.zeros((max(user) + 1, len(cards)))
    seen = {(p, k): ([], []) for p in range(len(cards)) for k in set(action)}
    from_features = beliefs(cards, names, x, user)
    for n, k in enumerate(action):
        weight = from_features[n] * np.exp(log_outcomes[user[n]])
        rows.append(weight / weight.sum())
        if k == nothing:
            continue
        for p in range(len(cards)):
            log_outcomes[user[n], p] += stats.t.logpdf(rewards[n], **predictive(*seen[p, k]))
            seen[p, k][0].append(rows[n][p])
            seen[p, k][1].append(rewards[n])
    return np.array(rows)
