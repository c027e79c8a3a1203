"""Exp3, line by line from Figure 1 of Auer, Cesa-Bianchi, Freund & Schapire 2002."""

import math

import numpy as np


def exp3(available, rewards, gamma, uniform):
    """The arms that are chosen, and the probability of each choice.

    Args:
        available: (T, K); of those that are not, weights and gamma go to the others.
        rewards: (T, K), in [0, 1].
        gamma: in (0, 1].
        uniform: (T,) draws: the arm in whose part of [0, 1) each falls is chosen.
    """
    T, K = available.shape
    w, action, propensity = [1.0] * K, [], []  # Initialization
    for t in range(T):
        arms = [i for i in range(K) if available[t, i]]
        p = [(1 - gamma) * w[i] / sum(w[j] for j in arms) + gamma / len(arms) for i in arms]  # step 1
        place = min(int(np.searchsorted(np.cumsum(p), uniform[t], side="right")), len(arms) - 1)  # step 2
        i = arms[place]
        x_hat = rewards[t, i] / p[place]  # steps 3 and 4
        w[i] *= math.exp(gamma * x_hat / K)
        action.append(i)
        propensity.append(p[place])
    return action, propensity
