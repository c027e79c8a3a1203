"""The persona cards as a model of the visitor: naive Bayes.

P(persona | evidence) ∝ P(persona) · Π over features of P(feature | persona)

U users, P personas, D features, N visits. log_odds (U, P): prior plus all evidence so far, up to a constant.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.cards import FeatureCard, LabelledSample, PersonaCard
from bandits.compiled import compiled
from bandits.protocol import Bools, Floats, Ints


def estimated_cards(sample: LabelledSample, features: tuple[str, ...]) -> tuple[PersonaCard, ...]:
    """Fit the distribution of every feature in every cohort of a labelled sample.

    Shares and probabilities get one imaginary observation more on each side (Laplace); a variance gets one imaginary
    observation with the variance of the whole sample. A feature that never varies tells nothing and is left out.
    """
    cards = []
    for c, name in enumerate(sample.cohorts):
        x = sample.x[sample.cohort == c]
        n, fitted = len(x), []
        for d, feature in enumerate(features):
            column, everyone = x[:, d], sample.x[:, d]
            if np.ptp(everyone) == 0:
                continue
            if np.isin(everyone, (0.0, 1.0)).all():
                p = float((column.sum() + 1) / (n + 2))
                fitted.append(FeatureCard(feature, "yes-no", sample.level[d], p))
            else:
                mean = float((column.sum() + everyone.mean()) / (n + 1))
                variance = (float(((column - mean) ** 2).sum()) + float(everyone.var())) / (n + 1)
                fitted.append(FeatureCard(feature, "number", sample.level[d], mean, math.sqrt(variance)))
        share = (n + 1) / (len(sample.x) + len(sample.cohorts))
        cards.append(PersonaCard(name, share, 1.0, tuple(fitted)))
    return tuple(cards)


class Likelihoods:
    """The cards as arrays.

    log P(x | p) = base + Σ_d  slope x_d + curve (x_d − mean)²,  split into facts about the user and about the visit.

    Args:
        cards: P of them.
        features: D names, the columns of x; those that no card mentions are ignored.
    """

    def __init__(self, cards: tuple[PersonaCard, ...], features: tuple[str, ...]) -> None:
        shape = (2, len(cards), len(features))  # 0: of the user, 1: of the visit
        self.base, self.slope, self.curve, self.mean = np.zeros(shape[:2]), *(np.zeros(shape) for _ in range(3))
        prior = np.array([card.share * card.visit_rate for card in cards])
        self.log_prior = np.log(prior / prior.sum())
        for p, card in enumerate(cards):
            for feature in card.features:
                d, level = features.index(feature.name), int(feature.level == "visit")
                if feature.kind == "yes-no":
                    self.base[level, p] += math.log1p(-feature.mean)
                    self.slope[level, p, d] = math.log(feature.mean) - math.log1p(-feature.mean)
                else:
                    self.base[level, p] -= math.log(feature.sd)
                    self.curve[level, p, d] = -0.5 / feature.sd**2
                    self.mean[level, p, d] = feature.mean

    def log_evidence(self, x: Floats) -> Floats:
        """Log P(x | persona) (N, P) of visits x (N, D), facts about the user included, up to a constant."""
        gap = x[:, None, None, :] - self.mean
        evidence = self.base + (self.slope * x[:, None, None, :] + self.curve * gap**2).sum(axis=3)
        total: Floats = evidence.sum(axis=1)
        return total


@compiled
def _weigh(x: Floats, base: Floats, slope: Floats, curve: Floats, mean: Floats, evidence: Floats) -> None:
    """Write log P(x | persona) of one visit (D,), up to a constant, into evidence (2, P)."""
    for level in range(2):
        for p in range(base.shape[1]):
            total = base[level, p]
            for d in range(len(x)):
                gap = x[d] - mean[level, p, d]
                total += slope[level, p, d] * x[d] + curve[level, p, d] * gap * gap
            evidence[level, p] = total


@compiled
def _normalise(log_weights: Floats) -> None:
    """Turn logarithms of weights (P,) into probabilities, in place."""
    top = log_weights.max()
    total = 0.0
    for p in range(len(log_weights)):
        log_weights[p] = math.exp(log_weights[p] - top)
        total += log_weights[p]
    for p in range(len(log_weights)):
        log_weights[p] /= total


@compiled
def believe(
    x: Floats,
    user: Ints,
    known: Bools,
    log_odds: Floats,
    log_prior: Floats,
    base: Floats,
    slope: Floats,
    curve: Floats,
    mean: Floats,
    belief: Floats,
) -> None:
    """Take in the evidence of each visit in turn, and write P(persona | evidence so far) into belief.

    Args:
        x: (N, D).
        user: (N,) ids, or (0,) where every visit stands alone.
        known: (U,) whether a user's own facts have been counted, changed in place.
        log_odds: (U, P), changed in place; log_prior before the first visit.
        log_prior: (P,).
        base: (2, P) of the user, of the visit; so are the next three.
        slope: (2, P, D).
        curve: (2, P, D).
        mean: (2, P, D).
        belief: (N, P) is overwritten.
    """
    P = len(log_prior)
    evidence = np.zeros((2, P))
    for n in range(len(x)):
        _weigh(x[n], base, slope, curve, mean, evidence)
        for p in range(P):
            if len(user) == 0:
                belief[n, p] = log_prior[p] + evidence[0, p] + evidence[1, p]
            else:
                if not known[user[n]]:
                    log_odds[user[n], p] += evidence[0, p]
                log_odds[user[n], p] += evidence[1, p]
                belief[n, p] = log_odds[user[n], p]
        if len(user) > 0:
            known[user[n]] = True
        _normalise(belief[n])
