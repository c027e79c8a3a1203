"""Small worlds of many kinds in one experiment: with cohorts and without, with something bad and without, replayed."""

from __future__ import annotations

import functools
from typing import Annotated

import numpy as np
from pydantic import Field

from bandits import BetaThompson, GaussianThompson, LinearThompson, Oracle, Problem, Random
from bandits.description import Description, identity
from bandits.streams import stream
from environments import Batched, ClothingReviews, Storefront
from environments.protocol import About, Cohort, Outcome, Visits
from experiments import Experiment, Result, run

BAD = 0.4


@functools.cache
def name_of(world: Description) -> str:
    return identity(world)


class Stub(Description):
    """Each cohort has its own chance of a success for each action.

    Args:
        title: of the world.
        shares: of the cohorts; of everybody, if there is one.
        actions: how many.
        horizon: visits in a replication.
        bad: whether an action with a chance below 0.4 is declared bad.
        estimated: whether the chances are said to be estimates.
        replayed: whether a visit takes place only where the action is the one that was drawn for the log.
        alike: whether all actions have the same chance, so that nobody can miss anything.
    """

    title: str
    shares: Annotated[tuple[float, ...], Field(strict=False)] = (1.0,)
    actions: int = 4
    horizon: int = 300
    bad: bool = False
    estimated: bool = False
    replayed: bool = False
    alike: bool = False

    @property
    def problem(self):
        C = len(self.shares)
        return Problem(
            actions=tuple(f"action {k}" for k in range(self.actions)),
            features=("constant", *(f"in group {c}" for c in range(1, C))),
            nothing=None,
            reward_range=(0.0, 1.0),
            reward_scale=0.5,
            cohorts=self.keys,
        )

    @property
    def keys(self):
        return ("everybody",) if len(self.shares) == 1 else tuple(f"g{c}" for c in range(len(self.shares)))

    @property
    def about(self):
        names = ("everybody",) if len(self.shares) == 1 else tuple(f"people of group {k[1:]}" for k in self.keys)
        return About(
            title=self.title,
            scenario=name_of(self),
            objective="success",
            objective_text="One for each success.",
            cohorts=tuple(Cohort(*card) for card in zip(self.keys, names, self.shares, strict=True)),
            outcomes=(),
            tolerance=0.0,
            bad_means=f"An action that succeeds less often than in {BAD:.0%} of its visits is bad." if self.bad else "",
            clock="visit",
            horizon=self.horizon,
            people=False,
            real=self.estimated,
            estimated=self.estimated,
            notes=(f"A note on {self.title}.", "Source and licence: made up.") if self.estimated else (),
        )

    def open(self, seed, replication):
        return _World(self, seed, replication)


class _World:
    users = None

    def __init__(self, stub, seed, replication):
        rng = stream(seed, replication, "stub")
        N, C, K = stub.horizon, len(stub.shares), stub.actions
        chances = np.random.default_rng(len(stub.title)).random((C, K))
        if stub.alike:
            chances[:] = 0.5
        self.problem, self._served, self._stub = stub.problem, False, stub
        self._cohort = rng.choice(C, N, p=np.array(stub.shares) / sum(stub.shares))
        self._expected = chances[self._cohort]
        self._rewards = (rng.random((N, 1)) < self._expected).astype(np.float64)
        if stub.replayed:
            self._rewards[rng.integers(0, K, N)[:, None] != np.arange(K)] = np.nan

    def next_block(self, most=None):
        if self._served:
            return None
        self._served = True
        N, K = self._expected.shape
        index = np.arange(N)
        x = np.eye(len(self._stub.shares))[self._cohort]
        x[:, 0] = 1.0
        return Visits(
            index=index,
            time=index,
            end=N,
            x=x,
            available=np.ones((N, K), dtype=np.bool_),
            rewards=self._rewards,
            cohort=self._cohort,
            user=None,
            expected=self._expected,
            welfare=self._expected - BAD if self._stub.bad else np.zeros((N, K)),
        )

    def respond(self, actions):
        N = len(actions)
        reward = self._rewards[np.arange(N), actions]
        happened = ~np.isnan(reward) if self._stub.replayed else None
        return Outcome(
            reward, np.empty((N, 0)), np.zeros(N, dtype=np.bool_), np.empty(0, dtype=np.int64), happened=happened
        )


WORLDS = (
    Stub(title="One arm or another"),
    Stub(title="Three groups", shares=(0.6, 0.3, 0.1)),
    Stub(title="Everybody and harm", bad=True),
    Stub(title="Estimated groups", shares=(0.5, 0.5), estimated=True),
    Stub(title="A replayed log", actions=40, replayed=True, estimated=True, shares=(0.9, 0.1)),
)
POLICIES = (
    Random(name="random"),
    Oracle(name="oracle"),
    BetaThompson(name="Thompson, no features"),
    LinearThompson(name="linear Thompson"),
)


@functools.cache
def mixture() -> Result:
    """A shop of personas, real reviews, and the worlds above; one policy is not run in all of them."""
    shop = Storefront.load("acme", objective="kept_margin", customers=60, days=40, name="shop")
    worlds = [shop, ClothingReviews(horizon=1_500, name="reviews"), *WORLDS]
    labels = [world.label for world in worlds]
    return run(
        Experiment(
            name="mixture",
            environments=worlds,
            policies=POLICIES,
            only={"linear Thompson": labels[:4]},
            replications=3,
            seed=7,
        )
    )


@functools.cache
def alone(title: str) -> Result:
    """One of the worlds above, by itself."""
    world = next(world for world in WORLDS if world.title == title)
    return run(Experiment(name="alone", environments=[world], policies=POLICIES, replications=2))


@functools.cache
def dozen() -> Result:
    """Twelve worlds and six policies; two worlds share a title."""
    worlds = [*WORLDS]
    worlds += [
        Stub(title=f"World {n}", shares=(0.4, 0.3, 0.2, 0.1)[: n % 4 + 1], bad=n % 2 == 0, actions=3 + n)
        for n in range(5)
    ]
    worlds += [Stub(title="Twins", horizon=horizon, shares=(0.5, 0.5)) for horizon in (200, 250)]
    more = [GaussianThompson(name="Gaussian Thompson"), LinearThompson(scale=2.0)]
    return run(Experiment(name="dozen", environments=worlds, policies=[*POLICIES, *more], replications=2))


@functools.cache
def odd() -> Result:
    """Where nobody can miss anything, where nobody learns in time, and a world twice, plain and in one batch."""
    twin = Stub(title="Twins", shares=(0.5, 0.5), estimated=True)
    worlds = [
        Stub(title="All alike", alike=True, shares=(0.5, 0.5)),
        Batched(Stub(title="Too short", horizon=100), visits=500),
        Stub(title="Twins", shares=(0.5, 0.5), estimated=True, name="a twin"),
        Batched(twin, visits=400, name="a twin, in one batch"),
    ]
    return run(Experiment(name="odd", environments=worlds, policies=[*POLICIES], replications=8, seed=7))


@functools.cache
def occupations() -> Result:
    """A world with a long title and nine cohorts."""
    title = "Delayed (geometric, mean of 5 days, 10 % lost) of Drifting (abrupt, every 5,000 visits) of Occupations"
    world = Stub(title=title, shares=(1 / 9,) * 9, horizon=1_000)
    return run(Experiment(name="occupations", environments=[world], policies=POLICIES, replications=2))
