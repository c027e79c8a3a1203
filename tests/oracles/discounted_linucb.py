"""D-LinUCB, line by line from Algorithm 1 of Russac, Vernade & Cappé 2019, with one regression an arm."""

import numpy as np


def discounted_regression(x, rewards, age, discount, ridge):
    """theta (d,), V⁻¹ (d, d) and V⁻¹ Ṽ V⁻¹ (d, d) at once, from visits x (n, d) whose rewards came `age` (n,) ago."""
    weight = discount**age
    V = (x.T * weight) @ x + ridge * np.eye(x.shape[1])
    V_tilde = (x.T * weight**2) @ x + ridge * np.eye(x.shape[1])
    V_inv = np.linalg.inv(V)
    return V_inv @ (x.T @ (weight * rewards)), V_inv, V_inv @ V_tilde @ V_inv


def discounted_linucb(x, available, rewards, discount, alpha, ridge, tie):
    """The arms that are chosen (T,), and the bounds (T, K) that they were chosen by.

    The paper has one theta for all actions, each with features of its own; here each arm has one, and all are
    discounted at each step. Its factor beta of the bonus is `alpha`.

    Args:
        x: (T, d) features, the same for all arms of a trial.
        available: (T, K).
        rewards: (T, K).
        discount: gamma.
        alpha: width of the bound.
        ridge: lambda.
        tie: (T,) uniform draws: the ⌊tie · ties⌋-th of the arms that tie, where arms that differ by less than 1e-9 do.
    """
    (T, d), K = x.shape, available.shape[1]
    eye, gamma = np.eye(d), discount
    b, V, V_tilde = np.zeros((K, d)), np.array([ridge * eye] * K), np.array([ridge * eye] * K)
    chosen, bounds = [], []
    for t in range(T):
        V_inv = np.linalg.inv(V)
        theta = np.einsum("kij,kj->ki", V_inv, b)
        bonus = [np.sqrt(x[t] @ V_inv[a] @ V_tilde[a] @ V_inv[a] @ x[t]) for a in range(K)]
        bound = theta @ x[t] + alpha * np.array(bonus)
        arms = np.flatnonzero(available[t])
        tied = [a for a in arms if bound[a] >= bound[arms].max() - 1e-9]
        a = tied[int(tie[t] * len(tied))]
        V, V_tilde, b = gamma * V, gamma**2 * V_tilde, gamma * b
        V[a] += np.outer(x[t], x[t])
        V_tilde[a] += np.outer(x[t], x[t])
        b[a] += rewards[t, a] * x[t]
        V, V_tilde = V + (1 - gamma) * ridge * eye, V_tilde + (1 - gamma**2) * ridge * eye
        chosen.append(a)
        bounds.append(bound)
    return np.array(chosen), np.array(bounds)
