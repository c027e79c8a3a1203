"""What being shown an item is worth to a customer, in expectation, before anything happens.

    p  = sigmoid(v)                                             P(buy)
    W  = softplus(v) − m p + R(hassle) − annoyance · I          expected welfare of being shown the item
         surplus       duped value of returning  irrelevance
    I  = sigmoid(−(v + patience))                               P(irritated)
    R(c) = p ∫₀¹ E[(−c − d)⁺ | q] dq,     d | q ~ Normal(y(q), trial_sd²)
    P(d < −c, bought) = p ∫₀¹ Phi((−c − y(q)) / trial_sd) dq
    y(q) = v − m + logit(1 − p + p q)                           experienced utility of the buyer at quantile q

The surplus is exact; only the bounded integrals are computed, by Gauss–Legendre in q.

v: anticipated net utility; m: misperception (hype plus shortfall); d: experienced utility [all in logits].

Source: ordered logit; welfare under misperception as in Train 2015 and Allcott 2013.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr

from bandits.protocol import Floats

NODES = 12


@dataclass(frozen=True, slots=True)
class Truth:
    """Expectations of one visit in which the item is shown, each (R, K).

    Args:
        buy: P(buy).
        returned: P(bought and returned).
        regretted: P(bought and experienced utility below 0), which contains the returns.
        irritated: P(irritated).
        welfare: W [logits].
        felt: the same with losses weighted by loss aversion [logits].
    """

    buy: Floats
    returned: Floats
    regretted: Floats
    irritated: Floats
    welfare: Floats
    felt: Floats


def truth(
    v: Floats,
    m: Floats,
    *,
    patience: Floats,
    annoyance: Floats,
    hassle: Floats,
    trial_sd: Floats,
    loss_aversion: Floats,
    nodes: int = NODES,
) -> Truth:
    """Compute the truth of R customers (or persona means) and K items.

    Args:
        v: (R, K) anticipated net utility.
        m: (R, K) misperception.
        patience: (R,) how far below 0 the mood of a visit may lie before it irritates.
        annoyance: (R,) what an irritating recommendation costs.
        hassle: (R,) what returning costs.
        trial_sd: (R,) spread of the experience around its expectation.
        loss_aversion: (R,) weight of a loss in what is felt.
        nodes: of the quadrature; 12 give an error below 2e-5.
    """
    patience, annoyance, hassle = patience[:, None], annoyance[:, None], hassle[:, None]
    trial_sd, loss_aversion = trial_sd[:, None], loss_aversion[:, None]
    p = expit(v)
    returned, regretted = np.zeros_like(v), np.zeros_like(v)
    refund, shortfall = np.zeros_like(v), np.zeros_like(v)  # R(hassle) and R(0)
    points, weights = np.polynomial.legendre.leggauss(nodes)
    for q, weight in zip((points + 1) / 2, weights / 2, strict=True):
        odds = (1 - p + p * q) / (p * (1 - q))
        y = v - m + np.log(odds)
        below, lower = _tail((-hassle - y) / trial_sd)
        returned += weight * below
        refund += weight * trial_sd * lower
        below, lower = _tail(-y / trial_sd)
        regretted += weight * below
        shortfall += weight * trial_sd * lower
    refund, shortfall = p * refund, p * shortfall
    irritated = expit(-(v + patience))
    welfare = np.logaddexp(0, v) - m * p + refund - annoyance * irritated
    losses = shortfall - refund + annoyance * irritated
    return Truth(
        buy=p,
        returned=p * returned,
        regretted=p * regretted,
        irritated=irritated,
        welfare=welfare,
        felt=welfare - (loss_aversion - 1) * losses,
    )


def _tail(a: Floats) -> tuple[Floats, Floats]:
    """P(Z < a) and E[(a − Z)⁺] of a standard normal Z."""
    below = ndtr(a)
    return below, np.exp(-a * a / 2) / np.sqrt(2 * np.pi) + a * below
