"""P(one independent draw is the largest), literally: ∫ f_k Π F_j, by 60 Gauss-Legendre nodes a piece of the line."""

import numpy as np
from scipy import special, stats

NODES, WEIGHTS = np.polynomial.legendre.leggauss(60)
TAILS = 10.0 ** np.array([-15, -13, -11, -9, -8, -7, -6, -5, -4.5, -4, -3.5, -3, -2.5, -2, -1.5, -1, -0.5])


def probability_of_largest(arms, k, floor=-np.inf):
    """∫ f_k(x) Π F_j(x) dx over x > floor, for continuous distributions with pdf, cdf, ppf and isf.

    Pieces end at 35 quantiles of every arm, from 1e-15 to 1 − 1e-15 of arm k.
    """
    ends = np.unique(np.concatenate([[*arm.ppf(TAILS), *arm.ppf([0.5]), *arm.isf(TAILS)] for arm in arms]))
    lowest, highest = max(arms[k].ppf(TAILS[:1])[0], floor), arms[k].isf(TAILS[:1])[0]
    if lowest >= highest:
        return 0.0
    ends = np.array([lowest, *ends[(ends > lowest) & (ends < highest)], highest])
    half = np.diff(ends)[:, None] / 2
    x = ends[:-1, None] + half * (1 + NODES)
    others = [arm.cdf(x) for j, arm in enumerate(arms) if j != k]
    return float((half * WEIGHTS * arms[k].pdf(x) * np.prod(others, axis=0)).sum())


class LogOdds:
    """ln(p / (1 − p)), p drawn from a Beta: its density has no poles."""

    def __init__(self, wins, losses):
        self.wins, self.losses = wins, losses

    def cdf(self, x):
        below = stats.beta.cdf(special.expit(x), self.wins, self.losses)
        return np.where(x < 0, below, stats.beta.sf(special.expit(-x), self.losses, self.wins))

    def pdf(self, x):
        log = self.wins * special.log_expit(x) + self.losses * special.log_expit(-x)
        return np.exp(log - special.betaln(self.wins, self.losses))

    def ppf(self, q):
        below = stats.beta.ppf(q, self.wins, self.losses)
        above = stats.beta.isf(q, self.losses, self.wins)
        return np.where(below < 0.5, special.logit(below), -special.logit(above))

    def isf(self, q):
        return -LogOdds(self.losses, self.wins).ppf(q)
