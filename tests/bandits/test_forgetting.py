"""Policies that forget: by hand, against versions that keep every reward, and where the world changes."""

import math

import numpy as np
import pytest

from bandits import UCB1, BetaThompson, DiscountedBetaThompson, InputError, Problem, SlidingWindowUCB
from bandits.protocol import Block, Choices
from tests.oracles.discounted_thompson import discounted_thompson
from tests.oracles.ucb1 import ucb1
from tests.stochastic import mean_between

FORGETFUL = pytest.mark.parametrize("policy", [DiscountedBetaThompson(discount=0.97), SlidingWindowUCB(window=60)])


def begin(policy, K=3, seed=5):
    problem = Problem(actions=tuple(f"arm {k}" for k in range(K)), reward_range=(0.0, 1.0))
    return policy.start(problem, np.random.default_rng(seed))


def visits(N, K=3):
    return Block(np.empty((N, 0)), np.ones((N, K), dtype=bool))


def taught(learner, arms, rewards):
    learner.learn_many(visits(len(arms)), Choices(np.array(arms), np.ones(len(arms))), np.array(rewards) * 1.0)
    return learner


def bernoulli(N, means, seed=3, *, partly=False):
    """Visits with rewards of 0 and 1; `partly`: not all arms are always available."""
    rng, K = np.random.default_rng(seed), len(means)
    available = rng.random((N, K)) < (0.6 if partly else 1.1)
    available[np.arange(N), rng.integers(K, size=N)] = True
    return Block(np.empty((N, 0)), available, (rng.random((N, K)) < means).astype(float))


@pytest.mark.parametrize("partly", [False, True])
@pytest.mark.parametrize(("window", "alpha"), [(1, 1.0), (37, 1.0), (500, math.sqrt(0.3)), (5000, 1.0)])
def test_the_window_chooses_as_the_paper_does(window, alpha, partly):
    """√.3: the padding √(.6 ln(t ∧ τ) / N)."""
    block = bernoulli(2000, [0.2, 0.5, 0.45, 0.5], partly=partly)
    chosen = begin(SlidingWindowUCB(window=window, alpha=alpha), 4).play(block).action
    uniform = np.random.default_rng(5).spawn(1)[0].random(2000)
    assert chosen.tolist() == ucb1(block.available, block.rewards, uniform, alpha=alpha, window=window)


@pytest.mark.parametrize("discount", [0.5, 0.95])
def test_discounting_chooses_as_the_paper_does(discount):
    """Draws from Beta distributions whose parameters agree up to rounding."""
    block = bernoulli(2000, [0.2, 0.5, 0.45], partly=True)
    learner = begin(DiscountedBetaThompson(discount=discount, successes=2.0, failures=0.7))
    chosen = learner.play(block).action
    rng = np.random.default_rng(5)
    rng.spawn(1)
    assert chosen.tolist() == discounted_thompson(block.available, block.rewards, discount, 2.0, 0.7, rng)


def test_discounts_by_hand():
    """Prior (1, 2), discount ½; arm 0 earns 1, arm 1 earns ¼, arm 0 earns 0.

    S_0 = ¼ · 1 + 0, F_0 = 0 + 1; S_1 = ½ · ¼, F_1 = ½ · ¾.
    """
    learner = taught(begin(DiscountedBetaThompson(discount=0.5, successes=1.0, failures=2.0)), [0, 1, 0], [1, 0.25, 0])
    np.testing.assert_allclose(learner.learnt.wins, [1.25, 1.125, 1.0], rtol=1e-15)
    np.testing.assert_allclose(learner.learnt.losses, [3.0, 2.375, 2.0], rtol=1e-15)


def test_the_window_by_hand():
    """Window 3; arm 0 earns 1, arm 1 earns 1, 0, arm 2 earns 1: the first is forgotten, arm 0 is as if never tried."""
    learner = taught(begin(SlidingWindowUCB(window=3)), [0, 1, 1, 2], [1, 1, 0, 1])
    assert learner.learnt.n.tolist() == [0, 2, 1]
    assert learner.learnt.total.tolist() == [0, 1, 1]
    assert learner.play(visits(1)).action.tolist() == [0]


def test_forgetting_nothing_is_not_forgetting():
    """Discount 1 is Thompson sampling, and a window that is never full is UCB1, bit for bit."""
    block = bernoulli(2000, [0.2, 0.5, 0.45], partly=True)
    for forgetful, other in [
        (DiscountedBetaThompson(discount=1.0), BetaThompson()),
        (SlidingWindowUCB(window=2000), UCB1()),
    ]:
        np.testing.assert_array_equal(begin(forgetful).play(block).action, begin(other).play(block).action)


def test_rounding_does_not_pile_up_in_the_window():
    """100,000 rewards of all sizes through a window of 7: sums as good as those of the last seven."""
    rng = np.random.default_rng(2)
    arms, rewards = rng.integers(3, size=100_003), rng.random(100_003) ** 9
    learner = taught(begin(SlidingWindowUCB(window=7)), arms, rewards)
    due = np.bincount(arms[-7:], rewards[-7:], minlength=3)
    np.testing.assert_allclose(learner.learnt.total, due, atol=1e-15)
    assert learner.learnt.n.tolist() == np.bincount(arms[-7:], minlength=3).tolist()


@pytest.mark.parametrize(
    ("forgetful", "faithful"),
    [
        (DiscountedBetaThompson(discount=0.98), BetaThompson()),
        (SlidingWindowUCB(window=200, alpha=0.3), UCB1(alpha=0.3)),
    ],
)
def test_who_forgets_follows_a_change_that_others_miss(forgetful, faithful):
    """Success probabilities .9 and .1 for 2,000 visits, then .1 and .7: who is shown the better arm at 2,200 to 2,500?

    On average over 500 runs, at least .75 of those visits with forgetting, and at most .35 without.
    """
    shares = {forgetful: [], faithful: []}
    for seed in range(500):
        before, after = bernoulli(2000, [0.9, 0.1], seed), bernoulli(500, [0.1, 0.7], 1000 + seed)
        for policy, share in shares.items():
            learner = begin(policy, 2, seed)
            learner.play(before)
            share.append((learner.play(after).action[200:] == 1).mean())
    mean_between(shares[forgetful], 0.75, 1.0, looks=2)
    mean_between(shares[faithful], 0.0, 0.35, looks=2)


@FORGETFUL
def test_it_says_that_it_cannot_correct(policy):
    learner = taught(begin(policy), [0], [1])
    with pytest.raises(InputError, match="cannot correct a reward"):
        learner.correct_many(visits(1), Choices(np.zeros(1, dtype=np.int64), np.ones(1)), np.ones(1))


@FORGETFUL
def test_it_needs_bounds(policy):
    assert "needs bounded rewards" in policy.misfit(Problem(actions=("a",)))
