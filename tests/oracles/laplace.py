"""Online Laplace approximation of a Bayesian logistic regression: the whole objective is minimised, densely."""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def objective(theta, m, P, x, r):
    """−log of Normal(m, P⁻¹) · p^r (1 − p)^(1 − r), p = σ(x·theta), without constants."""
    a = x @ theta
    return (theta - m) @ P @ (theta - m) / 2 + np.logaddexp(0, a) - r * a


def mode(m, P, x, r):
    """Where the objective is least: Newton's steps in all dimensions, halved until they go down."""
    theta = m.copy()
    for _ in range(100):
        p = sigmoid(x @ theta)
        gradient = P @ (theta - m) + (p - r) * x
        step = np.linalg.solve(P + p * (1 - p) * np.outer(x, x), gradient)
        if np.abs(step).max() < 1e-13 * (1 + np.abs(theta).max()):
            break
        here = objective(theta, m, P, x, r)
        while objective(theta - step, m, P, x, r) > here + 1e-12 * (1 + abs(here)):
            step = step / 2
        theta = theta - step
    return theta


def choose_and_learn(x, available, rewards, scores, ridge, tie):
    """The arms that are chosen (T,), and the beliefs at the end: m (K, D), P (K, D, D).

    Args:
        x: (T, D).
        available: (T, K).
        rewards: (T, K) in 0 … 1.
        scores: from the mean and the standard deviation of the logits of all arms (K,), and t, to what they compete
            with (K,).
        ridge: precision of a coefficient beforehand.
        tie: (T,) uniform draws; arms whose scores differ by less than 1e-9 tie.

    Source: Chapelle & Li 2011, Algorithm 3, with batches of one and the whole precision matrix.
    """
    T, D = x.shape
    K = available.shape[1]
    m, P, chosen = np.zeros((K, D)), np.tile(ridge * np.eye(D), (K, 1, 1)), []
    for t in range(T):
        sd = np.sqrt([x[t] @ np.linalg.solve(P[a], x[t]) for a in range(K)])
        s = np.where(available[t], scores(m @ x[t], sd, t), -np.inf)
        tied = np.flatnonzero(s >= s.max() - 1e-9)
        a = tied[int(tie[t] * len(tied))]
        chosen.append(a)
        m[a] = mode(m[a], P[a], x[t], rewards[t, a])
        p = sigmoid(m[a] @ x[t])
        P[a] = P[a] + p * (1 - p) * np.outer(x[t], x[t])
    return np.array(chosen), m, P
