"""What most shops run today: what sells best, and what people like you liked. Both are refitted in batches.

U users, K items, F factors.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from bandits.assembly import assembled
from bandits.compiled import compiled, pasted
from bandits.counts import epsilon_chances
from bandits.factors import Factors, Record, no_tastes
from bandits.inputs import Scale, none_at_all
from bandits.player import Player
from bandits.policy import BuiltIn
from bandits.pooled import merged
from bandits.protocol import Block, BlockLearner, Bools, Choices, Floats, Problem
from bandits.shown import numbered


class Sales(NamedTuple):
    """What a best-seller list rests on.

    Args:
        bought: (K,) purchases so far.
        listed: (K,) purchases when the list was made.
        seen: (1,) visits so far.
    """

    bought: Floats
    listed: Floats
    seen: Floats


class Listing(NamedTuple):
    """How often the list is made."""

    refit: int


@pasted
def _listed(state: Sales, how: Listing, x: Floats, z: Floats, cohort: int, mean: Floats, sd: Floats) -> None:
    """The purchases of each item when the list was made."""
    for k in range(len(mean)):
        mean[k], sd[k] = state.listed[k], 0.0


@pasted
def _list_anew(state: Sales, how: Listing, luck: Floats, n: int, mean: Floats, sd: Floats, scores: Floats) -> None:
    if state.seen[0] % how.refit == 0:
        state.listed[:] = state.bought
    scores[:] = state.listed


@pasted
def _count_visit(state: Sales, how: Listing, action: int) -> None:
    state.seen[0] += 1.0


@compiled
def _best_sellers(
    state: Sales, how: Listing, mean: Floats, sd: Floats, scores: Floats, candidates: Bools, nothing: int, pmf: Floats
) -> None:
    """Equal shares for the best-selling candidates; nothing is no item."""
    items = 0
    for k in range(len(pmf)):
        items += candidates[k] and k != nothing
    best, ties = -1.0, 0
    for k in range(len(pmf)):
        if candidates[k] and (k != nothing or items == 0):
            if scores[k] > best:
                best, ties = scores[k], 0
            ties += scores[k] == best
    for k in range(len(pmf)):
        is_best = candidates[k] and (k != nothing or items == 0) and scores[k] == best
        pmf[k] = 1.0 / ties if is_best else 0.0


@pasted
def _count_purchase(
    state: Sales, how: Listing, x: Floats, z: Floats, cohort: int, action: int, reward: float, propensity: float
) -> None:
    state.bought[action] += reward > 0.0


POPULARITY = assembled(
    estimate=_listed,
    score=_list_anew,
    chances=_best_sellers,
    learn=_count_purchase,
    show=_count_visit,
)


class Popularity(BuiltIn):
    """Show everybody what was bought most so far, from a list that is made anew every so many visits: the best-sellers.

    A purchase is a reward above 0. Before anything was bought, every item has the same chance; afterwards ties have.
    Nothing is no item: it is shown only where no item is available.

    What is shown is what can be bought, so the list confirms itself: an item that was lucky early on stays, and the
    best one may never be found. Not for learning what is best, nor where dear items sell rarely but earn more: it is
    the mark of a shop that has nothing better, and a `baseline` for `Conservative`.

    Propensity: exact, 1 or shared by ties. A reward can't be corrected: whether a visit was a purchase turns on its
    whole reward, of which a correction tells but a part.

    Args:
        refit: visits from one list to the next; about a day's.

    Source: the "most popular" baseline, e.g. Cremonesi, Koren & Turrin 2010, section 3.1.
    """

    refit: int = Field(default=100, ge=1)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        K = len(problem.actions)
        state, how = Sales(np.zeros(K), np.zeros(K), np.zeros(1)), Listing(self.refit)
        scale = Scale.typical(problem)
        return Player("Popularity", problem, POPULARITY, state, how, scale=scale, rng=rng, features=none_at_all)


class Share(NamedTuple):
    """How much is tried."""

    epsilon: float


@pasted
def _taste(state: Factors, how: Share, x: Floats, z: Floats, cohort: int, mean: Floats, sd: Floats) -> None:
    """mean_k + P_u · Q_k of each item (K,), u = x[0]."""
    u = int(x[0])
    for k in range(len(mean)):
        mean[k], sd[k] = state.mean[k], 0.0
        for f in range(state.P.shape[1]):
            mean[k] += state.P[u, f] * state.Q[k, f]


@pasted
def _try_some(
    state: Factors, how: Share, mean: Floats, sd: Floats, scores: Floats, candidates: Bools, nothing: int, pmf: Floats
) -> None:
    epsilon_chances(how.epsilon, scores, candidates, pmf)


@pasted
def _wait_for_refit(
    state: Factors, how: Share, x: Floats, z: Floats, cohort: int, action: int, reward: float, propensity: float
) -> None:
    """A reward changes nothing before the next refit."""


FILTERING = assembled(estimate=_taste, chances=_try_some, learn=_wait_for_refit)


class CollaborativeFiltering(BuiltIn):
    """Show each customer what customers with a like history liked: the recommender of most shops, refitted in batches.

    Matrix factorisation: the mean reward of user u from item k is mean_k + P_u · Q_k, fitted by alternating least
    squares, weighted by how often the pair was seen,

        min Σ_(u,k) n_uk (r̄_uk − mean_k − P_u · Q_k)² + ridge (Σ_u |P_u|² + Σ_k |Q_k|²),

    going on from the last factors. Who has no history is shown what does best on average. It recognises users, and
    looks at no features. What it does not show it learns nothing of, so at a share `epsilon` of the visits it shows any
    available action, each with the same probability.

    Not where customers come but a few times: then their history says little, and features say more (LinUCB). Nor where
    it matters whom the uniform share hits. It has no notion of how uncertain it is.

    Propensity: exact, as of epsilon-greedy. Corrections: exact at the next refit, since a mean is linear in rewards.

    Args:
        factors: F, how many tastes tell customers apart.
        ridge: keeps factors small: how many visits of taste 1 it takes to believe half of what is seen.
        refit: visits from one fit to the next; about a day's.
        epsilon: share of visits at which any available action is shown, 0 to 1.

    Source: Hu, Koren & Volinsky 2008, equations 4 and 5 (alternating least squares with weights); Koren, Bell &
    Volinsky 2009 (item means).
    """

    sees_user: ClassVar[bool] = True
    corrects: ClassVar[bool] = True

    factors: int = Field(default=4, ge=1)
    ridge: float = Field(default=5.0, ge=1e-6)
    refit: int = Field(default=100, ge=1)
    epsilon: float = Field(default=0.05, ge=0, le=1)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        return _CollaborativeFiltering(self, problem, rng)


class _CollaborativeFiltering(BlockLearner):
    """Plays between refits with a player that learns nothing, and keeps the record from which it is refitted."""

    def __init__(self, how: CollaborativeFiltering, problem: Problem, rng: np.random.Generator) -> None:
        K, name = len(problem.actions), "CollaborativeFiltering"
        self._unit, self._nothing = problem.reward_scale, problem.nothing
        self._ridge, self._refit, self._seen = how.ridge, how.refit, 0
        tastes, share = no_tastes(problem.users or 0, K, how.factors, rng.spawn(1)[0]), Share(how.epsilon)
        self._record, scale = Record(K), Scale.typical(problem)
        self._user = partial(_user, problem.users or 0)
        self._player = Player(name, problem, FILTERING, tastes, share, scale=scale, rng=rng, features=self._user)

    def play(self, block: Block) -> Choices:
        parts, start = [], 0
        while start < len(block):
            if self._seen % self._refit == 0:
                self._record.fit(Factors(*self._player.learnt), self._ridge)
            rows = np.arange(start, min(start + self._refit - self._seen % self._refit, len(block)))
            part = block.rows(rows)
            choices = self._player.play(replace(part, rewards=None))
            known, rewards = part.revealed(choices.action)
            if len(known):
                self.learn_many(part.rows(known), choices.rows(known), rewards)
            parts.append((rows, choices))
            self._seen += len(rows)
            start += len(rows)
        return merged(len(block), parts)

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        self._write_down(block, choices, rewards, 1.0)

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        self._write_down(block, choices, deltas, 0.0)

    def _write_down(self, block: Block, choices: Choices, rewards: Floats, visits: float) -> None:
        """Keep rewards (N,), each of so many visits, until the next refit."""
        shown = choices.action != (-1 if self._nothing is None else self._nothing)
        user = self._user(block)[shown, 0].astype(np.int64)
        self._record.note(user, choices.action[shown], rewards[shown] / self._unit, visits)


def _user(users: int, block: Block) -> Floats:
    """The visitor's id (N, 1), where the player looks for features."""
    return numbered(block.user, users, "user", "CollaborativeFiltering")[:, None].astype(np.float64)
