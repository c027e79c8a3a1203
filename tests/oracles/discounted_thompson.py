"""Discounted Thompson sampling, from Algorithm 1 of Raj & Kalyani 2017: every reward is kept, with its age."""

import numpy as np


def discounted_thompson(available, rewards, discount, successes, failures, rng):
    """The arms that are chosen.

    Args:
        available: (N, K).
        rewards: (N, K), in [0, 1], each that fraction of a success (the paper draws a success with that probability).
        discount: gamma.
        successes: alpha_0.
        failures: beta_0.
        rng: draws theta of each arm in turn, available or not.
    """
    arm, reward = np.array([], dtype=int), np.array([])
    for n in range(len(available)):
        left, theta = discount ** np.arange(n)[::-1], []
        for k in range(available.shape[1]):
            S = (left * reward)[arm == k].sum()
            F = (left * (1 - reward))[arm == k].sum()
            theta.append(rng.beta(S + successes, F + failures))
        k = int(np.argmax(np.where(available[n], theta, -1.0)))
        arm, reward = np.append(arm, k), np.append(reward, rewards[n, k])
    return arm.tolist()
