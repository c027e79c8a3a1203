"""What hierarchical Thompson sampling believes of one arm: one large Gaussian, conditioned; and the paper's two stages.

Hong, Kveton, Zaheer & Ghavamzadeh 2022, "Hierarchical Bayesian Bandits". x (n, d), cohort (n,), rewards (n,): the
visits of an arm; d = 1 and x = 1 is the bandit without features.
"""

import numpy as np


def joint_posterior(x, cohort, rewards, C, between, within, scale):
    """Mean (C, d) and covariance (C, d, C, d) of theta, given all rewards.

    A priori cov(theta_ci, theta_c'i) = between² + within² [c = c'], and 0 for different features. Rewards are joint
    normals with them: E[theta | r] = cov(theta, r) cov(r)⁻¹ r, and so on.
    """
    d = x.shape[1]
    prior = np.kron(between**2 * np.ones((C, C)) + within**2 * np.eye(C), np.eye(d))
    seen = np.zeros((len(x), C, d))
    seen[np.arange(len(x)), cohort] = x
    seen = seen.reshape(len(x), C * d)
    gain = prior @ seen.T @ np.linalg.inv(seen @ prior @ seen.T + scale**2 * np.eye(len(x)))
    return (gain @ rewards).reshape(C, d), (prior - gain @ seen @ prior).reshape(C, d, C, d)


def two_stages(cohort, rewards, c, between, within, scale, draws, rng):
    """Draws of theta_c: first mu from its hyper-posterior, then theta_c given mu (Algorithm 1; no features)."""
    n = np.bincount(cohort, minlength=c + 1)
    total = np.bincount(cohort, weights=rewards, minlength=c + 1)
    told = n > 0
    # the mean of a cohort's n rewards is Normal(mu, within² + scale²/n)
    weight = 1 / (within**2 + scale**2 / n[told])
    precision = 1 / between**2 + weight.sum()
    mu = rng.normal((weight * total[told] / n[told]).sum() / precision, precision**-0.5, size=draws)
    own = 1 / within**2 + n[c] / scale**2
    return rng.normal((mu / within**2 + total[c] / scale**2) / own, own**-0.5)
