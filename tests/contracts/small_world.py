"""A small shop to play in: three personas, four features, five actions of which the third shows nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bandits import FeatureCard, LabelledSample, PersonaCard, Problem
from bandits.fit import start
from bandits.protocol import Block, Choice, Choices, Needs

NOTHING = 2
ACTIONS = ("pen", "book", "nothing", "lamp", "chair")
FEATURES = ("business", "orders", "coupon", "basket")
ACTION_FEATURES = ("price", "paper", "light")
LEVELS = ("user", "user", "visit", "visit")
USERS = 40
TYPICAL = np.array([[2.0, 2.0, 0.0, -1.0, 2.0], [-1.0, 0.5, 0.0, 0.5, 0.3], [-2.0, -1.0, 0.0, -1.0, -3.0]])
"""What is expected of each action, on average over a cohort; some tie."""
NUMBERS = {  # share, visit rate; P(business); mean and sd of orders; P(coupon); mean and sd of basket
    "Ada": (0.2, 0.1, 0.9, (1.0, 0.5), 0.1, (1.0, 1.0)),
    "Ben": (0.5, 0.2, 0.5, (0.0, 1.0), 0.3, (0.0, 1.0)),
    "Cleo": (0.3, 0.3, 0.1, (-1.0, 0.8), 0.8, (-0.5, 0.5)),
}
CARDS = tuple(
    PersonaCard(
        name,
        share,
        rate,
        (
            FeatureCard("business", "yes-no", "user", business),
            FeatureCard("orders", "number", "user", *orders),
            FeatureCard("coupon", "yes-no", "visit", coupon),
            FeatureCard("basket", "number", "visit", *basket),
        ),
    )
    for name, (share, rate, business, orders, coupon, basket) in NUMBERS.items()
)


def features(cohort, rng):
    """Features (N, 4) of visitors, drawn from the cards of their cohorts (N,)."""
    rows = []
    for card in (CARDS[c] for c in cohort):
        business, orders, coupon, basket = card.features
        yes = rng.random(2) < (business.mean, coupon.mean)
        rows.append((yes[0], rng.normal(orders.mean, orders.sd), yes[1], rng.normal(basket.mean, basket.sd)))
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def small_problem(**changes):
    """What is public."""
    rng = np.random.default_rng(77)
    labelled = np.arange(60) % 3
    problem = Problem(
        actions=ACTIONS,
        features=FEATURES,
        nothing=NOTHING,
        reward_range=(-20.0, 20.0),
        reward_scale=2.0,
        cohorts=tuple(NUMBERS),
        users=USERS,
        cards=CARDS,
        sample=LabelledSample(features(labelled, rng), labelled, tuple(NUMBERS), LEVELS),
        typical=True,
    )
    return replace(problem, **changes)


def features_of_actions(problem):
    """What is told of the actions (K, 3): zeros for nothing; None where a world tells nothing of them."""
    if not problem.action_features:
        return None
    z = np.array([[0.1, 1.0, 0.0], [0.3, 1.0, 0.0], [0.2, 0.5, 0.5], [0.6, 0.0, 1.0], [1.0, 0.0, 0.0]])
    if problem.nothing is not None:
        z[problem.nothing] = 0.0
    return z


def small_block(N, seed=0, *, nothing=NOTHING, partly=False):
    """N visits. Two visits in three have expected rewards that tie; `partly`: not all actions are always available."""
    rng, K = np.random.default_rng(seed), len(ACTIONS)
    cohort_of = np.arange(USERS) % 3
    facts = features(cohort_of, rng)[:, :2]
    user = rng.integers(USERS, size=N)
    x = features(cohort_of[user], rng)
    x[:, :2] = facts[user]
    taste = np.random.default_rng(1).normal(size=(K, 4))
    expected = np.where(rng.random((N, 1)) < 1 / 3, x @ taste.T, np.round(x @ taste.T))
    rewards = np.clip(expected + rng.normal(size=(N, K)), -20, 20)
    if nothing is not None:
        expected[:, nothing] = rewards[:, nothing] = 0.0
    available = np.ones((N, K), dtype=np.bool_)
    if partly:
        available = rng.random((N, K)) < 0.4
        available[np.arange(N), rng.integers(K, size=N)] = True
    return Block(x, available, rewards, None, cohort_of[user], user, expected)


def seen_by(policy, block):
    """The part of a block that a policy may see."""
    needs = Needs.of(policy)
    expected = TYPICAL[block.cohort] if needs.sees_typical else block.expected
    return replace(
        block,
        cohort=block.cohort if needs.sees_cohort else None,
        user=block.user if needs.sees_user else None,
        expected=expected if needs.sees_expected or needs.sees_typical else None,
    )


def begin(policy, problem, seed=5):
    """A fresh learner."""
    return start(policy, problem, np.random.default_rng(seed))


def stacked(choices):
    """Several `Choices` as one."""
    memo = None if choices[0].memo is None else np.concatenate([c.memo for c in choices])
    return Choices(np.concatenate([c.action for c in choices]), np.concatenate([c.propensity for c in choices]), memo)


def in_pieces(block, length):
    """A block as blocks of at most so many visits."""
    rows = np.arange(len(block))
    return [block.rows(rows[a : a + length]) for a in range(0, len(block), length)]


def step_by_step(learner, block):
    """What `play` does, through `choose` and `learn`."""
    chosen = []
    for n in range(len(block)):
        choice = learner.choose(block.visit(n))
        learner.learn(block.visit(n), choice, float(block.rewards[n, choice.action]))
        chosen.append(Choices.of(choice))
    return stacked(chosen)


def rewards_of(block, choices):
    """The rewards (N,) of what was chosen."""
    return block.rewards[np.arange(len(block)), choices.action]


def assert_same(one, other):
    """Assert that two `Choices` agree bit for bit (NaN equals NaN)."""
    np.testing.assert_array_equal(one.action, other.action)
    np.testing.assert_array_equal(one.propensity, other.propensity)
    assert (one.memo is None) == (other.memo is None)
    if one.memo is not None:
        np.testing.assert_array_equal(one.memo, other.memo)


class Copycat:
    """A plain policy of one's own: the action with the best last reward; remembers how many visits it had seen."""

    corrects = True

    def start(self, problem, rng):
        return _Copycat(len(problem.actions), rng)


class _Copycat:
    def __init__(self, K, rng):
        self.last, self.seen, self.rng = np.full(K, np.inf), 0, rng

    def choose(self, visit):
        self.seen += 1
        scores = np.where(visit.available, self.last, -np.inf)
        best = np.flatnonzero(scores == scores.max())
        return Choice(int(self.rng.choice(best)), 1 / len(best), np.array([float(self.seen)]))

    def learn(self, visit, choice, reward):
        if choice.action != NOTHING:
            self.last[choice.action] = reward

    def correct(self, visit, choice, delta):
        if choice.action != NOTHING:
            self.last[choice.action] += delta


def home_of(policy):
    """The name of the file that tests the policy which all others are around, by itself."""
    if hasattr(policy, "policy"):
        return home_of(policy.policy)
    return f"test_{type(policy).__module__.rpartition('.')[2]}"
