"""A conservative policy's budget, from the whole history at every visit, by the formulas of the papers."""

import numpy as np
from scipy import optimize, stats


def half_normal_boundary(v, delta, tight_at):
    """The root S of 2 √(ρ/(v+ρ)) exp(S²/2(v+ρ)) Φ(S/√(v+ρ)) = 1/δ, of noise 1 (Howard et al. 2021, Proposition 6)."""
    rho = tight_at / (2 * np.log(1 / delta) + np.log(1 + 2 * np.log(1 / delta)))

    def excess(s):
        ratio = np.log(2) + np.log(rho / (v + rho)) / 2 + s**2 / (2 * (v + rho))
        return ratio + stats.norm.logcdf(s / np.sqrt(v + rho)) - np.log(1 / delta)

    return optimize.brentq(excess, 0, 100 * np.sqrt(v + rho))


def explores(x, proposed, usual, rewards, lag, K, *, tolerance, delta, noise, size, low, high, known, boundary):
    """Whether each visit (T,) is explored.

    Args:
        x: (T, D), a constant first.
        proposed: (T,) what the policy proposes.
        usual: (T,) what the baseline would show.
        rewards: (T, K), known `lag` visits later.
        lag: 1: before the next visit.
        K: arms, all available.
        known: expected reward of the baseline, or None.
        boundary: (v, δ) ↦ of a martingale of variance v and noise 1.
    """
    T, D = x.shape
    ridge, shown, explored = (noise / size) ** 2, [], []

    def regression(arm, t):
        rows = [s for s in range(max(t - lag + 1, 0)) if shown[s] == arm]
        A = ridge * np.eye(D) + x[rows].T @ x[rows]
        beta = noise * np.sqrt(2 * np.log(2 * K / delta) + np.log(np.linalg.det(A) / ridge**D)) + np.sqrt(ridge) * size
        return np.linalg.inv(A), np.linalg.inv(A) @ x[rows].T @ rewards[rows, arm], beta

    def bounds(arm, t, rows):
        if len(rows) == 0:
            return np.zeros(2)
        A_inv, theta, beta = regression(arm, t)
        total = x[rows].sum(axis=0)
        reach = beta * np.sqrt(total @ A_inv @ total)
        most = size * np.linalg.norm(total)
        return np.array(
            [
                max(total @ theta - reach, low * len(rows), -most),
                min(total @ theta + reach, high * len(rows), most),
            ]
        )

    for t in range(T):
        tried = [s for s in range(t) if explored[s]]
        kept = [s for s in range(t) if not explored[s]]
        settled = [s for s in tried if s <= t - lag]
        counted = [] if known is not None else [s for s in kept if s <= t - lag]
        v = len(settled) + tolerance**2 * len(counted)
        width = noise * boundary(v, delta / (4 if known is None else 2)) if v else 0.0
        brought = rewards[settled, np.array(shown)[settled]].sum() if settled else 0.0
        saved = rewards[counted, usual[counted]].sum() if counted else 0.0
        z = max(brought + tolerance * abs(saved) - width, low * len(settled))
        z += sum(bounds(a, t, [s for s in tried if s > t - lag and shown[s] == a])[0] for a in range(K))
        here = np.array([bounds(a, t, [t]) for a in range(K)])
        if known is None:
            missed = sum(bounds(a, t, [s for s in tried if usual[s] == a])[1] for a in range(K)) + here[:, 1].max()
        else:
            z += tolerance * abs(known) * len(kept)
            missed = known * (len(tried) + 1)
        afford = z + here[:, 0].min() - missed + tolerance * abs(missed) >= 0
        shown.append(int(proposed[t] if afford else usual[t]))
        explored.append(shown[t] != usual[t])
    return np.array(explored)
