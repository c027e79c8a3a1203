"""Epsilon-greedy with sample averages, from section 2.4 of Sutton & Barto 2018: all rewards of an arm are kept."""

import numpy as np


def epsilon_greedy(available, rewards, epsilon, uniform):
    """The arms that are chosen, and the probability of each choice.

    Args:
        available: (N, K).
        rewards: (N, K).
        epsilon: probability of a uniform draw.
        uniform: (N,) draws: the arm in whose part of [0, 1) each falls is chosen.
    """
    earned = {k: [] for k in range(available.shape[1])}
    action, propensity = [], []
    for n in range(len(available)):
        arms = [k for k in earned if available[n, k]]
        estimate = {k: sum(earned[k]) / len(earned[k]) if earned[k] else 0.0 for k in arms}
        greedy = [k for k in arms if estimate[k] >= max(estimate.values()) - 1e-12]
        chance = [epsilon / len(arms) + (1 - epsilon) / len(greedy) * (k in greedy) for k in arms]
        place = int(np.searchsorted(np.cumsum(chance), uniform[n], side="right"))
        k = arms[min(place, len(arms) - 1)]
        action.append(k)
        propensity.append(chance[arms.index(k)])
        earned[k].append(rewards[n, k])
    return action, propensity
