"""The distributions that scores are drawn from, on the line: what `bandits.quadrature` integrates.

N visits, K arms. x (…, X) points, n (…), k (…): the visit and the arm that each row of points belongs to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaln, digamma, expit, log_expit, ndtr, stdtr, stdtrit, zeta

from bandits.protocol import Floats, Ints


@dataclass(frozen=True, slots=True)
class Normal:
    """Draws of Normal(mean, sd²), each (N, K), sd above 0 where it is asked for."""

    mean: Floats
    sd: Floats

    def landmarks(self) -> tuple[Floats, Floats]:
        """See Draws."""
        return _around(self.mean, self.sd, np.array([-7.0, -3.0, 0.0, 3.0, 7.0]))

    def cdf(self, x: Floats, n: Ints, k: Ints) -> Floats:
        """See Draws."""
        return ndtr((x - self.mean[n, k, None]) / self.sd[n, k, None])

    def density(self, x: Floats, n: Ints, k: Ints) -> Floats:
        """See Draws."""
        sd: Floats = self.sd[n, k, None]
        z = (x - self.mean[n, k, None]) / sd
        return np.exp(-0.5 * z * z) / (sd * math.sqrt(2 * math.pi))


@dataclass(frozen=True, slots=True)
class Student:
    """Draws of mean + scale · Student's t, df degrees of freedom; each (N, K), scale above 0 where it is asked for."""

    mean: Floats
    scale: Floats
    df: Floats

    def landmarks(self) -> tuple[Floats, Floats]:
        """See Draws."""
        tails = np.array([3.0, 7.0, 25.0, 150.0, 1e3, 1e4, 1e6])
        reach = -stdtrit(self.df, 1e-10)[..., None]
        return _around(self.mean, self.scale, np.array([*-tails, 0.0, *tails]).clip(-reach, reach))

    def cdf(self, x: Floats, n: Ints, k: Ints) -> Floats:
        """See Draws."""
        return stdtr(self.df[n, k, None], (x - self.mean[n, k, None]) / self.scale[n, k, None])

    def density(self, x: Floats, n: Ints, k: Ints) -> Floats:
        """See Draws."""
        df, scale = self.df[n, k, None], self.scale[n, k, None]
        z = (x - self.mean[n, k, None]) / scale
        return np.exp(-(df + 1) / 2 * np.log1p(z * z / df) - betaln(0.5, df / 2)) / (scale * np.sqrt(df))


@dataclass(frozen=True, slots=True)
class Beta:
    """Log odds x = ln(p / (1 − p)) of draws p of Beta(wins, losses), each (N, K): the density has one peak, no poles.

    f(x) = p^wins (1 − p)^losses / B(wins, losses)
    """

    wins: Floats
    losses: Floats

    def landmarks(self) -> tuple[Floats, Floats]:
        """See Draws."""
        mean = digamma(self.wins) - digamma(self.losses)
        sd = np.sqrt(zeta(2, self.wins) + zeta(2, self.losses))
        return _around(mean, sd, np.array([-30.0, -7.0, -3.0, 0.0, 3.0, 7.0, 30.0]))

    def cdf(self, x: Floats, n: Ints, k: Ints) -> Floats:
        """See Draws."""
        wins, losses = self.wins[n, k, None], self.losses[n, k, None]
        a, b = np.where(x < 0, wins, losses), np.where(x < 0, losses, wins)
        tail = betainc(a, b, expit(-np.abs(x)))
        # so far out that p or 1 − p is not a number any more, it is p^a / (a B(a, b))
        far = np.abs(x) > 600  # noqa: PLR2004  exp(−708) is the least
        if far.any():
            tail[far] = np.exp((-a * np.abs(x) - np.log(a) - betaln(a, b))[far])
        return np.where(x < 0, tail, 1.0 - tail)

    def density(self, x: Floats, n: Ints, k: Ints) -> Floats:
        """See Draws."""
        wins, losses = self.wins[n, k, None], self.losses[n, k, None]
        return np.exp(wins * log_expit(x) + losses * log_expit(-x) - betaln(wins, losses))


def _around(centre: Floats, unit: Floats, steps: Floats) -> tuple[Floats, Floats]:
    """Landmarks (N, K, B) at centre + steps · unit, and how far each may be moved: a quarter of what lies inside it."""
    return centre[..., None] + steps * unit[..., None], np.maximum(0.5, np.abs(steps) / 4) * unit[..., None]
