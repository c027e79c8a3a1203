"""What each action is worth to each cohort, estimated from a log: means of cells, drawn towards what is better known.

C cohorts, K actions, N events. A cell's mean y[c, k] of n[c, k] effective events errs with variance v = σ² / n. What is
expected there is b[c], by which the cohort differs whatever is shown, and θ[c, k]:

    θ[c, k] ~ Normal(a[k], τ²),  a[k] ~ Normal(μ, ω²),  y[c, k] ~ Normal(b[c] + θ[c, k], v[c, k])
    b[c] = (β² / (β² + w)) (the cohort's mean − μ)                w the variance of the cohort's mean
    a[k] | y, b     has mean  â = μ + (ω² / (ω² + u)) (ȳ − μ)     ȳ the action's mean without b, u its variance
    θ[c, k] | y, b  has mean  â + (τ² / (τ² + v)) (y − b − â)

β², ω² and τ² are estimated by the method of moments, DerSimonian & Laird 1986, with σ² pooled over all cells, since a
cell of clicks may well have none, and so no variance of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bandits.protocol import Floats, Ints


@dataclass(frozen=True, slots=True)
class Estimates:
    """What a log says about its cells, and how surely.

    Args:
        mean: (C, K) expected rewards, shrunk.
        error: (C, K) standard error of each cell's own mean, before it is shrunk; infinite where it has no event.
        events: (C, K) how many events each cell has.
        between_actions: ω, standard deviation of what the actions are worth to all.
        between_tastes: τ, standard deviation of what an action is worth to the cohorts, beyond what tells them apart
            whatever is shown.
    """

    mean: Floats
    error: Floats
    events: Ints
    between_actions: float
    between_tastes: float


def estimate(cohort: Ints, action: Ints, reward: Floats, weight: Floats, C: int, K: int) -> Estimates:
    """Estimate the expected reward of every cell.

    Args:
        cohort: (N,) of each event.
        action: (N,) that was shown.
        reward: (N,) that came.
        weight: (N,) above 0; 1 / propensity makes the events of a cell stand for all of its visitors, whoever the
            logging policy preferred to show the action to. Only their ratios matter.
        C: number of cohorts.
        K: number of actions.
    """
    cell = cohort * K + action
    events = np.bincount(cell, minlength=C * K)
    total = np.bincount(cell, weight, minlength=C * K)
    square = np.bincount(cell, weight**2, minlength=C * K)
    some = events > 0
    y = np.zeros(C * K)
    y[some] = np.bincount(cell, weight * reward, minlength=C * K)[some] / total[some]
    effective = np.zeros(C * K)
    effective[some] = total[some] ** 2 / square[some]  # Kish 1965: as many events of equal weight err as much
    spread = float(np.sum(weight * (reward - y[cell]) ** 2))
    free = float(total.sum() - (square[some] / total[some]).sum())
    # Rounding must not make a variance of nothing: where no cell has two events that differ, nothing is known of it.
    sigma2 = spread / free if free > 1e-9 * total.sum() else 0.0
    v = np.full(C * K, np.inf)
    v[some] = sigma2 / effective[some]
    b = cohort_effects(cohort, reward, weight, sigma2, C)
    mean, omega2, tau2 = shrink(y.reshape(C, K) - b[:, None], v.reshape(C, K))
    mean = mean + b[:, None]
    return Estimates(
        mean=np.clip(mean, reward.min(), reward.max()),
        error=np.sqrt(v).reshape(C, K),
        events=events.reshape(C, K),
        between_actions=float(np.sqrt(omega2)),
        between_tastes=float(np.sqrt(tau2)),
    )


def cohort_effects(cohort: Ints, reward: Floats, weight: Floats, sigma2: float, C: int) -> Floats:
    """By how much the cohorts (C,) differ from the mean of all, whatever is shown.

    The weights make every action as frequent in one cohort as in another, so that what is shown does not matter here.

    Args:
        cohort: (N,) of each event.
        reward: (N,).
        weight: (N,).
        sigma2: variance of a reward within a cell.
        C: number of cohorts.
    """
    total = np.bincount(cohort, weight, minlength=C)
    square = np.bincount(cohort, weight**2, minlength=C)
    some = total > 0
    m, w = np.zeros(C), np.full(C, np.inf)
    m[some] = np.bincount(cohort, weight * reward, minlength=C)[some] / total[some]
    w[some] = sigma2 * square[some] / total[some] ** 2
    beta2 = moments([(m, w)])
    mu, _ = pool(m, w, beta2)
    return _trust(beta2, w) * (m - mu)


def shrink(y: Floats, v: Floats) -> tuple[Floats, float, float]:
    """Posterior means (C, K) of all cells, and the variances ω² between actions and τ² within them.

    Args:
        y: (C, K) means of the cells; of any value where there is no event.
        v: (C, K) their variances; infinite where there is no event.
    """
    tau2 = moments([(y[:, k], v[:, k]) for k in range(y.shape[1])])
    pooled = [pool(y[:, k], v[:, k], tau2) for k in range(y.shape[1])]
    ybar, u = (np.array(part) for part in zip(*pooled, strict=True))
    omega2 = moments([(ybar, u)])
    mu, _ = pool(ybar, u, omega2)
    a = mu + _trust(omega2, u) * (ybar - mu)
    return a + _trust(tau2, v) * (y - a), omega2, tau2


def moments(groups: list[tuple[Floats, Floats]]) -> float:
    """The variance that the members of each group differ by beyond what chance explains, pooled over groups.

    With weights w = 1 / v,  Q = Σ w (y − ȳ)²,  E[Q] = (m − 1) + variance · (Σ w − Σ w² / Σ w)  in a group of m.

    Args:
        groups: (m,) means and (m,) variances of each; those of infinite variance don't count.
    """
    excess, size = 0.0, 0.0
    for y, v in groups:
        known = np.isfinite(v)
        if known.sum() < 2:  # noqa: PLR2004  one alone differs from nobody
            continue
        if (v[known] == 0).all():  # without noise, all differences are real
            excess += (known.sum() - 1) * float(np.var(y[known], ddof=1))
            size += float(known.sum() - 1)
            continue
        w = 1 / v[known]
        center = np.average(y[known], weights=w)
        excess += float(w @ (y[known] - center) ** 2) - (known.sum() - 1)
        size += float(w.sum() - w @ w / w.sum())
    return max(0.0, excess / size) if size > 0 else 0.0


def pool(y: Floats, v: Floats, between: float) -> tuple[float, float]:
    """The mean of a group whose members differ by a variance `between`, and the variance of that mean.

    Args:
        y: (m,) means.
        v: (m,) their variances; those that are infinite don't count, and of nothing nothing is known.
        between: variance of what is true of the members.
    """
    known = np.isfinite(v)
    if not known.any():
        return 0.0, np.inf
    spread = v[known] + between
    if (spread == 0).any():
        return float(y[known][spread == 0].mean()), 0.0
    w = 1 / spread
    return float(np.average(y[known], weights=w)), float(1 / w.sum())


def _trust(between: float, noise: Floats) -> Floats:
    """The part between / (between + noise): 0 where nothing is known, 1 where there is no noise."""
    trust: Floats = np.where(noise == 0, 1.0, between / (between + np.where(noise == 0, 1.0, noise)))
    return trust
