"""Bayesian linear regression in one batch: what linear Thompson sampling believes of an arm."""

import numpy as np


def posterior(x, rewards, scale, ridge):
    """Mean (d,) and covariance (d, d) of theta, given rewards (n,) ~ Normal(x·theta, scale²) of visits x (n, d).

    The prior is theta ~ Normal(0, scale²/ridge · I). Bishop 2006, equations 3.50 and 3.51.
    """
    S_inv = np.eye(x.shape[1]) * ridge / scale**2 + x.T @ x / scale**2
    S = np.linalg.inv(S_inv)
    return S @ (x.T @ rewards) / scale**2, S


def draw_theta_and_choose(x, means, covariances, draws, rng):
    """The arms that are chosen (draws,) at a visit x (d,): draw theta of each arm, show the best x·theta."""
    scores = [
        rng.multivariate_normal(mean, covariance, size=draws) @ x
        for mean, covariance in zip(means, covariances, strict=True)
    ]
    return np.argmax(scores, axis=0)
