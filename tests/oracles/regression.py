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


def posterior_of_both(x, rewards, ridge, a0, b0):
    """Of theta and the noise: mu (d,), Lambda⁻¹ (d, d), a and b, given rewards (n,) of visits x (n, d).

    The prior is sigma² ~ InvGamma(a0, b0), theta ~ Normal(0, sigma²/ridge · I). Riquelme, Tucker & Snoek 2018, the
    equations of linear methods: Lambda = XᵀX + Lambda_0, mu = Lambda⁻¹ Xᵀ Y, a = a0 + t/2,
    b = b0 + ½ (YᵀY + mu_0ᵀ Lambda_0 mu_0 − muᵀ Lambda mu), with mu_0 = 0.
    """
    Lambda = x.T @ x + ridge * np.eye(x.shape[1])
    mu = np.linalg.inv(Lambda) @ (x.T @ rewards)
    return mu, np.linalg.inv(Lambda), a0 + len(x) / 2, b0 + (rewards @ rewards - mu @ Lambda @ mu) / 2


def draw_noise_and_theta_and_choose(x, posteriors, draws, rng):
    """The arms that are chosen (draws,) at a visit x (d,): draw sigma² of each arm, then theta, show the best."""
    scores = []
    for mu, Lambda_inv, a, b in posteriors:
        sigma2 = b / rng.gamma(a, size=draws)
        theta = mu + np.sqrt(sigma2)[:, None] * rng.multivariate_normal(np.zeros(len(mu)), Lambda_inv, size=draws)
        scores.append(theta @ x)
    return np.argmax(scores, axis=0)
