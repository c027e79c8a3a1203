"""Bootstrap Thompson sampling: an ensemble of regressions, each of which has seen some of the rewards.

B models, K actions, D features, T entries of a symmetric matrix as in `bandits.ridge`. Models lie along the last axis,
so that all of them are asked, and taught, by the same vector instructions.
"""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field, NonNegativeFloat

from bandits.assembly import assembled
from bandits.compiled import compiled, inlined
from bandits.inputs import Scale, needs_features
from bandits.linear import Ridge
from bandits.player import Player
from bandits.policy import BuiltIn
from bandits.protocol import BlockLearner, Bools, Floats, Problem
from bandits.ridge import bank

Words = npt.NDArray[np.uint64]

_GAMMA, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _1 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(1)
_BITS = 64


class Ensemble(NamedTuple):
    """What has been learnt.

    Args:
        A_inv: (K, T, B) inverse Gram matrices.
        theta: (K, D, B) estimates.
        counter: (1,) of the coins that give rewards to models.
    """

    A_inv: Floats
    theta: Floats
    counter: Words


class Room(NamedTuple):
    """Scratch.

    Args:
        says: (K, B) what each model expects of each action [units].
        weight: (B,) how often each model counts a reward.
        y: (D, B) A⁻¹x of one action.
        step: (B,).
    """

    says: Floats
    weight: Floats
    y: Floats
    step: Floats


@compiled
def double_or_nothing(counter: Words, weight: Floats) -> None:
    """Write 0 or 2, with equal chances, for each model (B,), and move the counter on.

    The coins are the bits of SplitMix64, a word for each 64 models, so that a learner's luck is part of what it has
    learnt, and rewards toss the same coins whenever they come.

    Source: Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators".
    """
    word = counter[0]
    for b in range(len(weight)):
        if b % _BITS == 0:
            counter[0] += _GAMMA
            word = counter[0]
            word = (word ^ (word >> _30)) * _FIRST
            word = (word ^ (word >> _27)) * _SECOND
            word ^= word >> _31
        weight[b] = 2.0 if word & _1 else 0.0
        word >>= _1


@inlined
def estimate_ensemble(state: Ensemble, how: Room, x: Floats, z: Floats, cohort: int, mean: Floats, sd: Floats) -> None:
    """The mean and the standard deviation of what the models expect of each action (K,)."""
    says, theta = how.says, state.theta
    B = says.shape[1]
    for k in range(len(mean)):
        for b in range(B):
            says[k, b] = 0.0
        for i in range(len(x)):
            for b in range(B):
                says[k, b] += x[i] * theta[k, i, b]
        total, square = 0.0, 0.0
        for b in range(B):
            total += says[k, b]
        mean[k] = total / B
        for b in range(B):
            square += (says[k, b] - mean[k]) ** 2
        sd[k] = math.sqrt(square / (B - 1))


@inlined
def votes(
    state: Ensemble, how: Room, mean: Floats, sd: Floats, scores: Floats, candidates: Bools, nothing: int, pmf: Floats
) -> None:
    """The share of models (K,) that expect most of each candidate; an action that ties with others gets its part."""
    says = how.says
    B = says.shape[1]
    for k in range(len(pmf)):
        pmf[k] = 0.0
    for b in range(B):
        if nothing >= 0:
            says[nothing, b] = mean[nothing]
        best, tied = -math.inf, 0
        for k in range(len(pmf)):
            if candidates[k] and (tied == 0 or says[k, b] > best):
                best, tied = says[k, b], 1
            elif candidates[k] and says[k, b] == best:
                tied += 1
        for k in range(len(pmf)):
            if candidates[k] and says[k, b] == best:
                pmf[k] += 1.0 / tied
    for k in range(len(pmf)):
        pmf[k] /= B


@inlined
def directions(A_inv: Floats, action: int, x: Floats, y: Floats) -> None:
    """Write A⁻¹x (D, B) of an action's models into y."""
    D, B = y.shape
    for i in range(D):
        for b in range(B):
            y[i, b] = 0.0
    t = 0
    for i in range(D):
        for j in range(i, D):
            across, down = x[j], x[i] if j > i else 0.0
            for b in range(B):
                entry = A_inv[action, t, b]
                y[i, b] += entry * across
                y[j, b] += entry * down
            t += 1


@inlined
def learn_ensemble(
    state: Ensemble, how: Room, x: Floats, z: Floats, cohort: int, action: int, reward: float, propensity: float
) -> None:
    """Fold a reward into each model's regression of the action, w times: w is 0 or 2.

    (A + w x xᵀ)⁻¹ = A⁻¹ − w (A⁻¹x)(A⁻¹x)ᵀ / (1 + w xᵀA⁻¹x)

    Source: Sherman & Morrison 1950.
    """
    A_inv, theta, y, weight, step, t = state.A_inv, state.theta, how.y, how.weight, how.step, 0
    D, B = y.shape
    double_or_nothing(state.counter, weight)
    directions(A_inv, action, x, y)
    for b in range(B):
        form, expected = 0.0, 0.0
        for i in range(D):
            form += x[i] * y[i, b]
            expected += x[i] * theta[action, i, b]
        weight[b] /= 1.0 + weight[b] * form
        step[b] = weight[b] * (reward - expected)
    for i in range(D):
        for b in range(B):
            theta[action, i, b] += step[b] * y[i, b]
        for j in range(i, D):
            for b in range(B):
                A_inv[action, t, b] -= weight[b] * y[i, b] * y[j, b]
            t += 1


BOOTSTRAP = assembled(estimate=estimate_ensemble, chances=votes, learn=learn_ensemble)


class BootstrapThompson(BuiltIn):
    """Ask one of several models, drawn anew at each visit, each of which has seen other rewards: no formula for doubt.

    Thompson sampling by an online bootstrap. Each model is a ridge regression an action, (A_kb, theta_kb); a reward
    counts twice or not at all in each of them, by the toss of a coin. A model is drawn uniformly and its best action
    shown, so that the propensity is the share of models that expect most of it: exact (ties: shared).
    The spread of the models stands for what is not known; it needs no noise of a known size, and holds where noise
    differs from visitor to visitor, as the formulas of LinearThompson do not. Before there are rewards they differ by
    their priors: the coefficients of model b are drawn from Normal(0, (prior/√ridge)² I), and its ridge pulls towards
    these, not towards 0, so that where nothing was seen models go on disagreeing.
    Assumes that an expected reward is linear in x. An action that no model votes for has probability 0, and estimators
    that divide by propensities are told nothing about it. Rewards can't be corrected: which models counted a reward is
    not kept. A visit costs B (K D + D²).

    Args:
        models: how many, B; few make a coarse distribution: an action that is best with a probability below 1/models
            may never be tried.
        ridge: regularisation, at least 1e-6.
        prior: the prior standard deviation of a coefficient is prior/√ridge units; 0: all models begin alike, and
            explore only what their rewards disagree about.

    Source: Eckles & Kaptein 2014 (double-or-nothing online bootstrap); Osband & Van Roy 2015 (bootstrapped Thompson
    sampling, with a prior); Osband, Aslanides & Cassirer 2018 (each model is regularised towards a draw of its own).
    """

    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = False

    models: int = Field(default=20, ge=2, le=1000)
    ridge: Ridge = 1.0
    prior: NonNegativeFloat = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_features(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        K, D, B = len(problem.actions), len(problem.features), self.models
        theta = rng.standard_normal((K, D, B)) * (self.prior / math.sqrt(self.ridge))
        A_inv = np.tile(bank(B, D, self.ridge).A_inv, (K, 1, 1))
        counter = rng.integers(2**64, size=1, dtype=np.uint64)
        return Player(
            "BootstrapThompson",
            problem,
            BOOTSTRAP,
            Ensemble(A_inv, theta, counter),
            Room(np.zeros((K, B)), np.zeros(B), np.zeros((D, B)), np.zeros(B)),
            scale=Scale.typical(problem),
            rng=rng,
        )
