"""What a reward tells of who the user is: a model of rewards for each persona, learnt as it goes.

U users, P personas, K actions, N visits. Rewards are in units of `Problem.reward_scale`.

A reward of action k by a visitor of persona p is normal, of unknown mean and variance, with the conjugate prior of one
imaginary visit of reward 0 (kappa = 1) and of a variance of about one unit² (a = b = 1). So the next reward is
Student's t: it tells little while the pair (p, k) has hardly been seen, and a single wild reward never tells very much.

    reward | p, k ~ t with 2a degrees of freedom, location mean, scale² b (kappa + 1) / (a kappa)
    log odds of p ← log odds of p + log density(reward | p, k)                                     Bayes' rule
    each pair (p, k) takes the reward in as P(persona p | what was known at the choice) of a visit

Nobody ever says which persona it was, so a reward counts for all of them, by how likely each one was.

Source: Murphy 2007, "Conjugate Bayesian analysis of the Gaussian distribution", section 3, for the prior and the
predictive; visits counted by probabilities, as in the quasi-Bayes procedure of Smith & Makov 1978, but by those from
before the reward: counted by those from after it, a model confirms itself (see docs/wrong-cards.md).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bandits.compiled import compiled
from bandits.protocol import Floats, Ints


class Rewards(NamedTuple):
    """What is believed of rewards, of each persona and action.

    Args:
        visits: (P, K), in fractions.
        mean: (P, K) [units].
        b: (P, K) of the variance's inverse gamma distribution; its a is 1 + visits / 2 [units²].
    """

    visits: Floats
    mean: Floats
    b: Floats


def no_rewards(P: int, K: int) -> Rewards:
    """What is believed before the first reward: the same of everybody."""
    return Rewards(np.zeros((P, K)), np.zeros((P, K)), np.ones((P, K)))


@compiled
def log_density(rewards: Rewards, p: int, k: int, reward: float) -> float:
    """Log density of the next reward of action k by persona p, up to a constant."""
    a, kappa = 1.0 + 0.5 * rewards.visits[p, k], 1.0 + rewards.visits[p, k]
    spread = 2.0 * rewards.b[p, k] * (kappa + 1.0) / kappa  # degrees of freedom times scale²
    gap = reward - rewards.mean[p, k]
    shape: float = math.lgamma(a + 0.5) - math.lgamma(a) - 0.5 * math.log(spread)
    density: float = shape - (a + 0.5) * math.log1p(gap * gap / spread)
    return density


@compiled
def learn_outcomes(
    rewards: Rewards,
    log_odds: Floats,
    user: Ints,
    action: Ints,
    belief: Floats,
    reward: Floats,
    nothing: int,
    unit: float,
) -> None:
    """Take in what came of each visit in turn: who the user is, then what to expect of whom.

    Args:
        rewards: changed in place.
        log_odds: (U, P), changed in place.
        user: (N,) ids.
        action: (N,) that was shown.
        belief: (N, P) P(persona | what was known at the choice).
        reward: (N,) [reward units].
        nothing: index of the action that shows nothing, and earns 0 whoever visits; −1 if there is none.
        unit: the typical reward [reward units].
    """
    for n in range(len(user)):
        k = action[n]
        if k == nothing:
            continue
        r = reward[n] / unit
        for p in range(belief.shape[1]):
            log_odds[user[n], p] += log_density(rewards, p, k, r)
            weight, kappa = belief[n, p], 1.0 + rewards.visits[p, k]
            gap = r - rewards.mean[p, k]
            rewards.b[p, k] += 0.5 * gap * gap * weight * kappa / (kappa + weight)
            rewards.mean[p, k] += gap * weight / (kappa + weight)
            rewards.visits[p, k] += weight
