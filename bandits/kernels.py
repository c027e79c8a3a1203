"""The compiled loop of every policy of ours, put together from the few small functions that tell policies apart.

N visits, K actions, D visitor features, M action features, L levels of caution, R numbers to note an action.

A policy is an estimate of every action and a rule that turns estimates into chances:

    estimate  mean (K,), sd (K,) of each action's reward   what is believed
    score     (K,)                                          mean + optimism · sd, or a draw from the posterior
    chances   pmf (K,) over the candidates                  all on the best score, or a distribution
    note      (K, R) what the propensity can be told from later, where it costs time
    show      what showing an action changes, before its reward is known
    learn, correct                                          what a reward changes

The functions below that carry these names are what a policy is if it does not say otherwise, and say what each is told.
Rewards are learnt as (reward − low) / span, so that 0 lies at `zero` = −low / span: what showing nothing earns.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from bandits.compiled import pasted
from bandits.deciding import acceptable, be_greedy, draw, explores, withhold
from bandits.protocol import Bools, Floats, Ints
from bandits.ties import share_best

State = TypeVar("State")
How = TypeVar("How")
Luck = TypeVar("Luck")


def estimate(state: State, how: How, x: Floats, z: Floats, cohort: int, mean: Floats, sd: Floats) -> None:
    """Write what is believed of each action's reward at one visit; the entries of nothing are put right afterwards.

    Args:
        state: what has been learnt: a named tuple of arrays.
        how: hyper-parameters: a named tuple of numbers.
        x: (D,) features of the visitor.
        z: (K, M) features of the actions; (0, 0) where there are none.
        cohort: of the visitor; −1 where it is not told.
        mean: (K,) is overwritten [spans].
        sd: (K,) is overwritten: how uncertain the mean is [spans].
    """


@pasted
def score(state: State, how: How, luck: Luck, n: int, mean: Floats, sd: Floats, scores: Floats) -> None:
    """Write what each action (K,) competes with; greedily, its mean. `luck` is an array (N, any) or a generator."""
    for k in range(len(mean)):
        scores[k] = mean[k]


@pasted
def chances(
    state: State, how: How, mean: Floats, sd: Floats, scores: Floats, candidates: Bools, nothing: int, pmf: Floats
) -> None:
    """Write the probability (K,) with which each candidate is chosen; the best score wins, and ties share."""
    share_best(scores, candidates, pmf)


@pasted
def note(state: State, how: How, x: Floats, z: Floats, mean: Floats, sd: Floats, notes: Floats) -> None:
    """Write down what a propensity can be computed from later (K, R): the mean and the sd of every action."""
    notes[:, 0] = mean
    notes[:, 1] = sd


@pasted
def show(state: State, how: How, action: int) -> None:
    """Take down that an action, or nothing, is shown, whenever its reward comes."""


def learn(  # noqa: D417  the others are those of `estimate`
    state: State, how: How, x: Floats, z: Floats, cohort: int, action: int, reward: float, propensity: float
) -> None:
    """Take in the reward of one choice, in place.

    Args:
        action: that was chosen.
        reward: what it brought [spans].
        propensity: with which it was chosen.
    """


def correct(state: State, how: How, x: Floats, z: Floats, cohort: int, action: int, delta: float) -> None:
    """Change a reward that was already learnt by delta [spans], in place.

    Raises:
        ValueError: when that takes back more than was ever given.
    """


def decide(
    state: State,
    how: How,
    mean: Floats,
    sd: Floats,
    scores: Floats,
    candidates: Bools,
    nothing: int,
    greedy: bool,
    pmf: Floats,
) -> None:
    """Write the probability (K,) with which each candidate is chosen."""
    if greedy:
        be_greedy(mean, candidates, nothing, pmf)
    else:
        chances(state, how, mean, sd, scores, candidates, nothing, pmf)


def estimate_all(
    state: State, how: How, x: Floats, z: Floats, cohort: Ints, nothing: int, zero: float, mean: Floats, sd: Floats
) -> None:
    """What is believed at each of N visits, (N, K) means and standard deviations [spans]."""
    for n in range(len(x)):
        estimate(state, how, x[n], z, cohort[n], mean[n], sd[n])
        if nothing >= 0:
            mean[n, nothing], sd[n, nothing] = zero, 0.0


def play(  # noqa: C901  one visit, step by step
    state: State,
    how: How,
    x: Floats,
    z: Floats,
    cohort: Ints,
    available: Bools,
    rewards: Floats,
    luck: Luck,
    uniform: Floats,
    caution: Floats,
    greedy: Bools,
    levels: Floats,
    nothing: int,
    low: float,
    span: float,
    bounded: bool,
    action: Ints,
    propensity: Floats,
    explored: Bools,
    notes: Floats,
    allowed: Bools,
) -> int:
    """Choose for each visit in turn and, where rewards are given, learn from each choice.

    Args:
        state: what has been learnt, changed in place.
        how: hyper-parameters.
        x: (N, D).
        z: (K, M), or (0, 0).
        cohort: (N,).
        available: (N, K).
        rewards: (N, K), of which only the chosen ones are read; (0, K) where they come later; NaN: see `Block`.
        luck: see `score`.
        uniform: (N,) draws that pick from the chances.
        caution: (N,) see `withhold`.
        greedy: (N,) visits at which nothing may be explored.
        levels: (L, 2) the cautions that `caution` is a draw of, and the probability of each; (0, 2) if it is none.
        nothing: index of the action that shows nothing, earns 0 and teaches nothing; −1 if there is none.
        low: reward that is 0 on the policy's scale [reward units].
        span: length of one on the policy's scale [reward units].
        bounded: whether a reward outside of [0, 1] on that scale stops the loop, as one that is not finite always does.
        action: (N,) is overwritten with the choices.
        propensity: (N,) is overwritten with the probability of each, given the scores.
        explored: (N,) is overwritten: whether what was shown was not what is best by the means.
        notes: (N, K, R) is overwritten, see `note`; (0, K, R) if nobody asks.
        allowed: (N, max(L, 1), K) is overwritten with the candidates at each level; (0, …) if nobody asks.

    Returns:
        How many visits were played: fewer than N if the reward of the next one was out of bounds.
    """
    N, K = len(available), available.shape[1]
    zero = -low / span
    mean, sd, scores, pmf = np.zeros(K), np.zeros(K), np.zeros(K), np.zeros(K)
    candidates, open_to = np.zeros(K, dtype=np.bool_), np.zeros(K, dtype=np.bool_)
    for n in range(N):
        estimate(state, how, x[n], z, cohort[n], mean, sd)
        if nothing >= 0:
            mean[nothing], sd[nothing] = zero, 0.0
        score(state, how, luck, n, mean, sd, scores)
        if nothing >= 0:
            scores[nothing] = zero
        withhold(mean, sd, available[n], nothing, zero, caution[n], candidates)
        decide(state, how, mean, sd, scores, candidates, nothing, greedy[n], pmf)
        k = draw(pmf, uniform[n])
        chance = pmf[k]
        explored[n] = explores(mean, candidates, nothing, k)
        if len(levels) > 0:
            chance = 0.0
            for level in range(len(levels)):
                withhold(mean, sd, available[n], nothing, zero, levels[level, 0], open_to)
                decide(state, how, mean, sd, scores, open_to, nothing, greedy[n], pmf)
                chance += levels[level, 1] * pmf[k]
                if len(allowed) > 0:
                    allowed[n, level] = open_to
        elif len(allowed) > 0:
            allowed[n, 0] = candidates
        if len(notes) > 0:
            note(state, how, x[n], z, mean, sd, notes[n])
        action[n], propensity[n] = k, chance
        if len(rewards) > 0 and np.isnan(rewards[n, k]):
            continue
        show(state, how, k)
        if len(rewards) > 0 and k != nothing:
            reward = (rewards[n, k] - low) / span
            if not acceptable(reward, bounded):
                return n
            learn(state, how, x[n], z, cohort[n], k, reward, chance)
    return N


def learn_many(
    state: State,
    how: How,
    x: Floats,
    z: Floats,
    cohort: Ints,
    action: Ints,
    propensity: Floats,
    rewards: Floats,
    nothing: int,
    low: float,
    span: float,
    bounded: bool,
) -> int:
    """Take in rewards (N,) that come later than their visits. Returns how many, see `play`."""
    for n in range(len(x)):
        if action[n] != nothing:
            reward = (rewards[n] - low) / span
            if not acceptable(reward, bounded):
                return n
            learn(state, how, x[n], z, cohort[n], action[n], reward, propensity[n])
    return len(x)


def correct_many(
    state: State, how: How, x: Floats, z: Floats, cohort: Ints, action: Ints, deltas: Floats, nothing: int, span: float
) -> None:
    """Change rewards (N,) that were already learnt by deltas."""
    for n in range(len(x)):
        if action[n] != nothing:
            correct(state, how, x[n], z, cohort[n], action[n], deltas[n] / span)
