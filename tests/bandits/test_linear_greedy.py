"""Linear epsilon-greedy and SquareCB: by hand, and against literal versions."""

import numpy as np
import pytest

from bandits import LinearEpsilonGreedy, LinUCB, Problem, SquareCB
from bandits.protocol import Block, Choices
from tests.oracles.squarecb import squarecb

K, D = 5, 4
WEIGHTS = np.random.default_rng(99).normal(size=(K, D))
PROBLEM = Problem(actions=tuple("abcde"), features=tuple("wxyz"), reward_scale=2.5)
ONE = Problem(actions=tuple("abc"), features=("one",), nothing=2)


def visits(N, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, D))
    available = rng.random((N, K)) < 0.7
    available[np.arange(N), rng.integers(K, size=N)] = True
    return Block(x, available, x @ WEIGHTS.T + rng.normal(size=(N, K)))


def begin(policy, problem=PROBLEM, seed=5):
    return policy.start(problem, np.random.default_rng(seed))


def draws_of(seed, N):
    """The uniform draws that pick actions: a stream of their own."""
    return np.random.default_rng(seed).spawn(1)[0].random(N)


def taught(policy):
    """A learner of two arms and nothing, for whom arm 0 earned 6 and arm 1 earned −1 at x = 1; ridge 1: 3 and −½."""
    learner, block = begin(policy, ONE), Block(np.ones((2, 1)), np.ones((2, 3), dtype=bool))
    learner.learn_many(block, Choices(np.arange(2), np.ones(2)), np.array([6.0, -1.0]))
    return learner


def chances_of(learner, N, *, x=1.0):
    """The stated probability of each action at N visits, NaN for one that was not chosen then (N, 3)."""
    chosen = learner.play(Block(np.full((N, 1), x), np.ones((N, 3), dtype=bool)))
    stated = np.full((N, 3), np.nan)
    stated[np.arange(N), chosen.action] = chosen.propensity
    return stated


class TestLinearEpsilonGreedy:
    @pytest.mark.parametrize("decay", [0.0, 0.05])
    def test_its_propensities_are_those_of_the_batch_regressions(self, decay):
        """Visit t: epsilon_t/n for each of n candidates, 1 − epsilon_t more for the best by (I/2 + XᵀX)⁻¹ Xᵀr."""
        block, N = visits(800), 800
        chosen = begin(LinearEpsilonGreedy(epsilon=0.4, decay=decay, ridge=0.5)).play(block)
        uniform = draws_of(5, N)
        A, b = np.array([0.5 * np.eye(D)] * K), np.zeros((K, D))
        for t in range(N):
            estimate = np.array([np.linalg.solve(A[k], b[k]) @ block.x[t] for k in range(K)])
            candidates = np.flatnonzero(block.available[t])
            best = candidates[estimate[candidates] >= estimate[candidates].max() - 1e-9]
            epsilon = 0.4 / (1 + decay * t)
            pmf = np.zeros(K)
            pmf[candidates] = epsilon / len(candidates)
            pmf[best] += (1 - epsilon) / len(best)
            k = int(np.searchsorted(pmf.cumsum(), uniform[t], side="right"))
            assert chosen.action[t] == k
            assert chosen.propensity[t] == pytest.approx(pmf[k], rel=1e-9)
            A[k] += np.outer(block.x[t], block.x[t])
            b[k] += block.rewards[t, k] * block.x[t]

    def test_propensities_by_hand(self):
        """Estimates 3 and −½ at x = 1, nothing 0; epsilon .3: .8, .1, .1. At x = −1: −3, ½ and 0: .1, .8, .1."""
        for x, expected in [(1.0, [0.8, 0.1, 0.1]), (-1.0, [0.1, 0.8, 0.1])]:
            stated = chances_of(taught(LinearEpsilonGreedy(epsilon=0.3)), 300, x=x)
            np.testing.assert_allclose(np.nanmax(stated, axis=0), expected, rtol=1e-12)
            np.testing.assert_allclose(np.nanmin(stated, axis=0), expected, rtol=1e-12)

    def test_without_epsilon_it_is_linucb_without_optimism(self):
        block = visits(500)
        greedy, plain = begin(LinearEpsilonGreedy(epsilon=0.0)).play(block), begin(LinUCB(alpha=0.0)).play(block)
        np.testing.assert_array_equal(greedy.action, plain.action)
        np.testing.assert_array_equal(greedy.propensity, plain.propensity)


class TestSquareCB:
    @pytest.mark.parametrize(
        ("gamma", "exponent", "ridge"), [(10.0, 0.5, 1.0), (25.0, 0.0, 3.0), (0.0, 0.5, 1.0), (2.0, 1.0, 0.1)]
    )
    def test_it_chooses_as_algorithm_1_of_the_paper_does(self, gamma, exponent, ridge):
        """2,000 visits; our rewards are in units of 2.5, and so are the paper's when they are divided by it."""
        block = visits(2000)
        chosen = begin(SquareCB(gamma=gamma, exponent=exponent, ridge=ridge)).play(block)
        scaled = block.rewards / 2.5
        action, chance = squarecb(block.x, block.available, scaled, gamma, exponent, ridge, draws_of(5, 2000))
        np.testing.assert_array_equal(chosen.action, action)
        np.testing.assert_allclose(chosen.propensity, chance, rtol=1e-7)

    def test_propensities_by_hand(self):
        """Estimates 3, −½, nothing 0, K = 3, gamma 2, constant: 1/(3 + 2 · 3.5) = .1, 1/(3 + 2 · 3) = 1/9, the rest."""
        stated = chances_of(taught(SquareCB(gamma=2.0, exponent=0.0)), 300)
        expected = [1 - 0.1 - 1 / 9, 0.1, 1 / 9]
        np.testing.assert_allclose(np.nanmax(stated, axis=0), expected, rtol=1e-12)
        np.testing.assert_allclose(np.nanmin(stated, axis=0), expected, rtol=1e-12)

    def test_it_grows_greedier_with_the_square_root_of_visits(self):
        """At visit t, gamma 2 √t, whether or not rewards came: arm 0 has 1 − 1/(3 + 7 √t) − 1/(3 + 6 √t)."""
        stated = chances_of(taught(SquareCB(gamma=2.0)), 400)[:, 0]
        seen = np.flatnonzero(~np.isnan(stated))
        assert len(seen) > 300
        root = np.sqrt(1 + seen)
        np.testing.assert_allclose(stated[seen], 1 - 1 / (3 + 7 * root) - 1 / (3 + 6 * root), rtol=1e-12)

    def test_ties_for_the_best_share_what_is_left(self):
        """Nothing learnt, all estimates 0: a third each, whatever gamma."""
        stated = chances_of(begin(SquareCB(gamma=1e6), ONE), 50)
        np.testing.assert_allclose(stated[~np.isnan(stated)], 1 / 3, rtol=1e-12)


@pytest.mark.parametrize("policy", [LinearEpsilonGreedy(), SquareCB()])
def test_a_world_without_features_is_refused(policy):
    assert policy.misfit(Problem(actions=("a",))) == "needs features of the visitor, and this world has none"


@pytest.mark.parametrize("policy", [LinearEpsilonGreedy(), SquareCB()])
def test_the_unit_of_rewards_makes_no_difference(policy):
    """Dollars or cents: rewards and reward_scale a power of two apart give the same bits."""
    block = visits(500)
    dollars = begin(policy).play(block)
    coins = Problem(actions=PROBLEM.actions, features=PROBLEM.features, reward_scale=2.5 * 64)
    cents = begin(policy, coins).play(Block(block.x, block.available, block.rewards * 64))
    np.testing.assert_array_equal(dollars.action, cents.action)
    np.testing.assert_array_equal(dollars.propensity, cents.propensity)
