"""With what probability Thompson sampling chose what it chose, where the arms are drawn independently.

N visits, K arms. Each candidate draws a score from its posterior, and the highest is chosen; a constant arm, such as
showing nothing, always scores the same. `bandits.orthant` has the propensity where arms are drawn together.

All of these err by less than 1e-6; what was measured stands with each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bandits.protocol import Bools, Floats, Ints
from bandits.quadrature import Draws, largest


def normal_propensity(mean: Floats, sd: Floats, candidates: Bools, action: Ints) -> Floats:
    """P(the action has the highest score), each candidate's drawn from Normal(mean, sd²).

    Args:
        mean: (N, K) [any units].
        sd: (N, K) 0 for a constant [the same units].
        candidates: (N, K) the arms that were compared.
        action: (N,) the chosen arms.

    Returns:
        (N,) where constants tie for the highest score, they share it equally; 0 for an action that is no candidate.
    """
    return _propensity(_Normal(mean, sd), np.where(sd == 0, mean, np.nan), candidates, action)


def student_propensity(mean: Floats, scale: Floats, df: Floats, candidates: Bools, action: Ints) -> Floats:
    """P(the action has the highest score), each candidate's drawn as mean + scale · Student's t.

    Args:
        mean: (N, K) [any units].
        scale: (N, K) 0 for a constant [the same units].
        df: (N, K) degrees of freedom, at least 1.
        candidates: (N, K) the arms that were compared.
        action: (N,) the chosen arms.

    Returns:
        (N,) where constants tie for the highest score, they share it equally; 0 for an action that is no candidate.
    """
    return _propensity(_Student(mean, scale, df), np.where(scale == 0, mean, np.nan), candidates, action)


def beta_propensity(wins: Floats, losses: Floats, constant: Floats, candidates: Bools, action: Ints) -> Floats:
    """P(the action has the highest score), each candidate's drawn from Beta(wins, losses).

    Args:
        wins: (N, K) above 0.
        losses: (N, K) above 0.
        constant: (N, K) the score of an arm that always scores the same, NaN for one that is drawn.
        candidates: (N, K) the arms that were compared.
        action: (N,) the chosen arms.

    Returns:
        (N,) where constants tie for the highest score, they share it equally; 0 for an action that is no candidate.
    """
    return _propensity(_Beta(wins, losses), constant, candidates, action, to_line=_log_odds)


@dataclass(frozen=True, slots=True)
class _Normal:
    mean: Floats
    sd: Floats

    def landmarks(self) -> tuple[Floats, Floats]:
        return _around(self.mean, self.sd, (-7.0, -3.0, 0.0, 3.0, 7.0))

    def cdf(self, x: Floats, n: Ints, k: Ints) -> Floats:
        from scipy.special import ndtr  # noqa: PLC0415  only a log with propensities needs it

        return ndtr((x - self.mean[n, k, None]) / self.sd[n, k, None])

    def density(self, x: Floats, n: Ints, k: Ints) -> Floats:
        z = (x - self.mean[n, k, None]) / self.sd[n, k, None]
        return np.exp(-0.5 * z * z) / (self.sd[n, k, None] * np.sqrt(2 * np.pi))


@dataclass(frozen=True, slots=True)
class _Student:
    mean: Floats
    scale: Floats
    df: Floats

    def landmarks(self) -> tuple[Floats, Floats]:
        tails = (3.0, 7.0, 25.0, 150.0, 1e3, 1e4, 1e6)
        return _around(self.mean, self.scale, (*(-c for c in tails[::-1]), 0.0, *tails))

    def cdf(self, x: Floats, n: Ints, k: Ints) -> Floats:
        from scipy.special import stdtr  # noqa: PLC0415  only a log with propensities needs it

        return stdtr(self.df[n, k, None], (x - self.mean[n, k, None]) / self.scale[n, k, None])

    def density(self, x: Floats, n: Ints, k: Ints) -> Floats:
        from scipy.special import betaln  # noqa: PLC0415  only a log with propensities needs it

        df, scale = self.df[n, k, None], self.scale[n, k, None]
        z = (x - self.mean[n, k, None]) / scale
        return np.exp(-(df + 1) / 2 * np.log1p(z * z / df) - betaln(0.5, df / 2)) / (scale * np.sqrt(df))


@dataclass(frozen=True, slots=True)
class _Beta:
    """Draws of the log odds, x = ln(p / (1 − p)): there the density has one peak and no poles.

    f(x) = p^wins (1 − p)^losses / B(wins, losses)
    """

    wins: Floats
    losses: Floats

    def landmarks(self) -> tuple[Floats, Floats]:
        from scipy.special import digamma, zeta  # noqa: PLC0415  only a log with propensities needs it

        mean = digamma(self.wins) - digamma(self.losses)
        sd = np.sqrt(zeta(2, self.wins) + zeta(2, self.losses))
        return _around(mean, sd, (-30.0, -7.0, -3.0, 0.0, 3.0, 7.0, 30.0))

    def cdf(self, x: Floats, n: Ints, k: Ints) -> Floats:
        from scipy.special import betainc, betaln, expit  # noqa: PLC0415  only a log with propensities needs it

        wins, losses = self.wins[n, k, None], self.losses[n, k, None]
        a, b = np.where(x < 0, wins, losses), np.where(x < 0, losses, wins)
        tail = betainc(a, b, expit(-np.abs(x)))
        # so far out that p or 1 − p is not a number any more, it is p^a / (a B(a, b))
        far = np.abs(x) > 600  # noqa: PLR2004  exp(−708) is the least
        if far.any():
            tail[far] = np.exp((-a * np.abs(x) - np.log(a) - betaln(a, b))[far])
        return np.where(x < 0, tail, 1.0 - tail)

    def density(self, x: Floats, n: Ints, k: Ints) -> Floats:
        from scipy.special import betaln, log_expit  # noqa: PLC0415  only a log with propensities needs it

        wins, losses = self.wins[n, k, None], self.losses[n, k, None]
        return np.exp(wins * log_expit(x) + losses * log_expit(-x) - betaln(wins, losses))


def _around(centre: Floats, unit: Floats, steps: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Landmarks (N, K, B) at centre + step · unit, and how far each may be moved: a quarter of what lies inside it."""
    c = np.array(steps)
    return centre[..., None] + c * unit[..., None], np.maximum(0.5, np.abs(c) / 4) * unit[..., None]


def _log_odds(p: Floats) -> Floats:
    from scipy.special import logit  # noqa: PLC0415  only a log with propensities needs it

    return logit(p.clip(0.0, 1.0))  # a score beyond what can be drawn does as well as the extreme


def _as_it_is(score: Floats) -> Floats:
    return score


def _propensity(
    draws: Draws,
    constant: Floats,
    candidates: Bools,
    action: Ints,
    to_line: Callable[[Floats], Floats] = _as_it_is,
) -> Floats:
    """P(the action has the highest score) where some arms score a constant (N, K), NaN for those that draw.

    Args:
        draws: scores of the other arms, on the line.
        constant: (N, K).
        candidates: (N, K).
        action: (N,).
        to_line: from a constant to its place on the line.
    """
    every = np.arange(len(action))
    fixed = candidates & ~np.isnan(constant)
    drawn = candidates & ~fixed
    best = np.where(fixed, constant, -np.inf).max(axis=1, initial=-np.inf)
    floor = np.where(fixed.any(axis=1), to_line(best), -np.inf)
    p = np.zeros(len(action))
    # a constant wins where every draw stays below it
    wins = fixed[every, action] & (constant[every, action] == best)
    n, k = np.nonzero(drawn & wins[:, None])
    below = np.ones(drawn.shape)
    below[n, k] = draws.cdf(floor[n, None], n, k)[:, 0]
    ties = (fixed & (constant == best[:, None])).sum(axis=1)
    p[wins] = below[wins].prod(axis=1) / ties[wins]
    rows = np.flatnonzero(drawn[every, action])
    rivals = drawn.copy()
    rivals[every, action] = False
    p[rows] = largest(draws, rows, action[rows], rivals[rows], floor[rows])
    return p
