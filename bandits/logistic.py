"""Logistic policies: a Bayesian logistic regression an action, learnt visit by visit.

K actions, D features; r a reward mapped to 0 … 1 by the world's bounds, expected to be σ(x·theta), σ(a) = 1/(1 + e^−a).
What is believed of an action's theta is Normal(theta, A⁻¹), after every reward the normal that has the mode of

    Normal(theta, A⁻¹) · p^r (1 − p)^(1 − r),  p = σ(x·theta)

and its curvature there. Along all directions but A⁻¹x the mode stays where it is, so it is found in one dimension:

    a = x·theta + q (r − σ(a)),  q = xᵀA⁻¹x        the logit at the new mode
    theta ← theta + A⁻¹x (r − σ(a)),  A ← A + p (1 − p) x xᵀ,  p = σ(a)

Actions compete by their logits, which are in the order of their rewards; showing nothing has the logit of its own.

Source: Spiegelhalter & Lauritzen 1990 (the updates); Chapelle & Li 2011, Algorithm 3, with batches of one and the whole
covariance in place of its diagonal.
"""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import NonNegativeFloat

from bandits.assembly import assembled
from bandits.compiled import inlined, pasted
from bandits.inputs import Scale, needs_bounds, needs_features, no_luck, normals
from bandits.linear import Ridge
from bandits.logit import logit_at_mode, sigmoid
from bandits.player import Normal, Player
from bandits.policy import BuiltIn
from bandits.protocol import BlockLearner, Bools, Floats, Problem
from bandits.ridge import Bank, Room, bank, direction, inner_products, quadratic_forms, room_for
from bandits.ties import share_best


class How(NamedTuple):
    """Hyper-parameters, and the beliefs about the visit that is being decided.

    Args:
        width: standard deviations of optimism, or what the spread of draws is multiplied by.
        nothing: index of the action that shows nothing; −1 if there is none.
        zero: its logit.
        room: scratch.
        logit: (K,) means of the logits.
        spread: (K,) their standard deviations.
    """

    width: float
    nothing: int
    zero: float
    room: Room
    logit: Floats
    spread: Floats


@inlined
def estimate_logistic(state: Bank, how: How, x: Floats, z: Floats, cohort: int, mean: Floats, sd: Floats) -> None:
    """The expected reward of every action (K,), and the spread of what it may be.

    mean = E σ(logit) ≈ σ(κ m), κ = 1/√(1 + π s²/8), and sd = s ∂mean/∂m = κ s mean (1 − mean), the logit being
    Normal(m, s²).

    Source: Bishop 2006, equations 4.153 and 4.154 (the mean; MacKay 1992).
    """
    inner_products(state.theta, x, how.logit)
    quadratic_forms(state.A_inv, x, how.room, how.spread)
    for k in range(len(mean)):
        variance = max(how.spread[k], 0.0)
        how.spread[k] = math.sqrt(variance)
        kappa = 1.0 / math.sqrt(1.0 + math.pi / 8.0 * variance)
        mean[k] = sigmoid(kappa * how.logit[k])
        sd[k] = kappa * how.spread[k] * mean[k] * (1.0 - mean[k])
    if how.nothing >= 0:
        how.logit[how.nothing], how.spread[how.nothing] = how.zero, 0.0


@pasted
def _optimism(state: Bank, how: How, luck: Floats, n: int, mean: Floats, sd: Floats, scores: Floats) -> None:
    """The upper confidence bound of the logit."""
    for k in range(len(scores)):
        scores[k] = how.logit[k] + how.width * how.spread[k]


@pasted
def _a_draw(state: Bank, how: How, luck: Floats, n: int, mean: Floats, sd: Floats, scores: Floats) -> None:
    """A draw from the posterior of the logit."""
    for k in range(len(scores)):
        scores[k] = how.logit[k] + how.width * how.spread[k] * luck[n, k]


@pasted
def chances_by_logit(
    state: Bank, how: How, mean: Floats, sd: Floats, scores: Floats, candidates: Bools, nothing: int, pmf: Floats
) -> None:
    """All on the best score (K,), where that of nothing is its logit; ties share."""
    if nothing >= 0:
        scores[nothing] = how.zero
    share_best(scores, candidates, pmf)


@pasted
def note_logits(state: Bank, how: How, x: Floats, z: Floats, mean: Floats, sd: Floats, notes: Floats) -> None:
    """The distribution of the drawn logits: mean and standard deviation (K, 2)."""
    for k in range(len(mean)):
        notes[k, 0], notes[k, 1] = how.logit[k], how.width * how.spread[k]


@inlined
def learn_logistic(
    state: Bank, how: How, x: Floats, z: Floats, cohort: int, action: int, reward: float, propensity: float
) -> None:
    """Move the belief about the action to the mode and the curvature that the reward gives it: see the module."""
    A_inv, theta, y = state.A_inv, state.theta, how.room.y
    q, before, t = direction(A_inv, action, x, how.room), 0.0, 0
    for i in range(len(x)):
        before += x[i] * theta[i, action]
    p = sigmoid(logit_at_mode(before, q, reward))
    weight = p * (1.0 - p)
    shrink = weight / (1.0 + weight * q)
    for i in range(len(x)):
        theta[i, action] += (reward - p) * y[i]
        step = shrink * y[i]
        for j in range(i, len(x)):
            A_inv[t, action] -= step * y[j]
            t += 1


UCB = assembled(estimate=estimate_logistic, score=_optimism, chances=chances_by_logit, learn=learn_logistic)
THOMPSON = assembled(
    estimate=estimate_logistic,
    score=_a_draw,
    chances=chances_by_logit,
    note=note_logits,
    learn=learn_logistic,
)


def logit_of_zero(scale: Scale) -> float:
    """The logit of a reward of 0: −inf or inf where it is the least or the largest that a world pays, or beyond."""
    p = -scale.low / scale.span
    if p <= 0.0:
        return -math.inf
    return math.inf if p >= 1.0 else math.log(p / (1.0 - p))


def misfit_of_logistic(problem: Problem, instead: str) -> str | None:
    """Why a logistic policy does not fit a world, or None."""
    return needs_features(problem) or needs_bounds(problem, instead)


class LogisticThompson(BuiltIn):
    """Show each action as often as it is likely to be best, judging by the visitor, where rewards are yes or no.

    Thompson sampling with a logistic regression an action, kept as a normal by the online Laplace approximation: each
    action's logit is drawn from Normal(x·theta, scale² xᵀA⁻¹x), the highest wins. Its propensity is told by quadrature.
    Assumes that P(yes) = σ(x·theta); for rewards between the world's bounds, r counts as that fraction of a yes, which
    is consistent where the mean is such a σ. The normal is an approximation, worst while an action has few visits.
    Against LinearThompson: better where rates are near the bounds, where they are far from linear in x. Not where
    the world's bounds are far beyond its usual rewards: mapped to 0 … 1 these then all look alike.
    Rewards can't be corrected: what a reward changes depends on all that came before, and is not kept.

    Args:
        scale: of the posterior's standard deviation; 1 is the posterior, 0 is greedy.
        ridge: at least 1e-6; the prior standard deviation of a coefficient is 1/√ridge logits.

    Source: Chapelle & Li 2011, Algorithm 3, a batch a visit and the whole covariance; Spiegelhalter & Lauritzen 1990.
    """

    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = False

    scale: NonNegativeFloat = 1.0
    ridge: Ridge = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return misfit_of_logistic(problem, "LinearThompson")

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        return logistic_player("LogisticThompson", problem, self.scale, self.ridge, rng, draws=True)


class LogisticUCB(BuiltIn):
    """Show the action that might plausibly be best, judging by the visitor, where rewards are yes or no: optimism.

    A logistic regression an action, kept as a normal by the online Laplace approximation: the highest upper confidence
    bound of the logit, x·theta + alpha √(xᵀA⁻¹x), wins. Deterministic but for ties, so its propensity is 1 (ties:
    shared). Assumes that P(yes) = σ(x·theta); for rewards between the world's bounds, r is that fraction of a yes.
    Against LinUCB: better where rates are near the bounds. Rewards can't be corrected: what a reward changes depends on
    all that came before, and is not kept.

    Args:
        alpha: width of the confidence bound, in standard deviations of the logit.
        ridge: at least 1e-6; the prior standard deviation of a coefficient is 1/√ridge logits.

    Source: Filippi, Cappé, Garivier & Szepesvári 2010, Algorithm 1 (GLM-UCB), with the Laplace approximation's A, which
    weighs visits by p (1 − p), for its Gram matrix; Li, Chu, Langford, Moon & Wang 2012 (the same, measured on news).
    """

    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = False

    alpha: NonNegativeFloat = 1.0
    ridge: Ridge = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return misfit_of_logistic(problem, "LinUCB")

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        return logistic_player("LogisticUCB", problem, self.alpha, self.ridge, rng, draws=False)


def logistic_player(
    policy: str, problem: Problem, width: float, ridge: float, rng: np.random.Generator, *, draws: bool
) -> Player:
    """A learner of one logistic regression an action."""
    K, D, scale = len(problem.actions), len(problem.features), Scale.within_bounds(problem)
    nothing = -1 if problem.nothing is None else problem.nothing
    return Player(
        policy,
        problem,
        THOMPSON if draws else UCB,
        bank(K, D, ridge),
        How(width, nothing, logit_of_zero(scale), room_for(D), np.zeros(K), np.zeros(K)),
        scale=scale,
        rng=rng,
        luck=normals if draws else no_luck,
        law=Normal() if draws else None,
    )
