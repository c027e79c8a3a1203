"""Bootstrap Thompson sampling: each model against a regression of what it counted, its coins, its prior, its votes."""

import numpy as np
import pytest

from bandits import BootstrapThompson, Problem
from bandits.bootstrap import double_or_nothing
from bandits.protocol import Block, Choices
from tests.stochastic import detectable_gap, proportions

K, D = 3, 4
WEIGHTS = np.random.default_rng(99).normal(size=(K, D))
PROBLEM = Problem(actions=tuple("abc"), features=tuple("wxyz"), reward_scale=2.5)
FULL = (1 << 64) - 1


def visits(N, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, D))
    return Block(x, np.ones((N, K), dtype=bool), x @ WEIGHTS.T + rng.normal(size=(N, K)))


def begin(policy, problem=PROBLEM, seed=5):
    return policy.start(problem, np.random.default_rng(seed))


def split_mix(state):
    """The next state and word of SplitMix64, in Python's whole numbers."""
    state = (state + 0x9E3779B97F4A7C15) & FULL
    z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & FULL
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & FULL
    return state, z ^ (z >> 31)


def coins(state, B):
    """What `double_or_nothing` writes for B models."""
    bits = []
    for _ in range(0, B, 64):
        state, word = split_mix(state)
        bits += [(word >> b) & 1 for b in range(64)]
    return state, 2.0 * np.array(bits[:B])


def test_the_words_are_those_of_split_mix():
    """Seed 1234567 gives 6457827717110365317, then 3203168211198807973 (published with the generator)."""
    state, first = split_mix(1234567)
    assert (first, split_mix(state)[1]) == (6457827717110365317, 3203168211198807973)


@pytest.mark.parametrize("B", [2, 64, 65, 200])
def test_coins_are_the_bits_of_the_words(B):
    counter, weight, state = np.array([1234567], dtype=np.uint64), np.empty(B), 1234567
    for _ in range(20):
        double_or_nothing(counter, weight)
        state, expected = coins(state, B)
        np.testing.assert_array_equal(weight, expected)
        assert int(counter[0]) == state


def test_each_coin_and_each_pair_of_coins_is_fair():
    """20,000 tosses of 5 coins: each of the four outcomes of each pair of neighbours has probability 1/4.

    A probability .04 off would be found.
    """
    assert detectable_gap(20_000, looks=20) < 0.04
    counter, weight, tosses = np.array([9], dtype=np.uint64), np.empty(5), np.empty((20_000, 5), dtype=int)
    for n in range(len(tosses)):
        double_or_nothing(counter, weight)
        tosses[n] = weight // 2
    for b in range(5):
        proportions(np.bincount(2 * tosses[:, b] + tosses[:, b - 1], minlength=4), np.full(4, 0.25), looks=5)


@pytest.mark.parametrize(("ridge", "prior"), [(1.0, 1.0), (3.0, 0.0), (0.5, 2.0)])
def test_each_model_is_the_regression_of_what_it_counted_pulled_towards_its_prior(ridge, prior):
    """theta = theta₀ + (ridge I + Σ w x xᵀ)⁻¹ Σ w x (r − x·theta₀), w from the coins; after 300 visits of 7 models."""
    B, block = 7, visits(300)
    learner = begin(BootstrapThompson(models=B, ridge=ridge, prior=prior))
    theta0, state = learner.learnt.theta.copy(), int(learner.learnt.counter[0])
    chosen = learner.play(block)
    weights = np.empty((300, B))
    for n in range(300):
        state, weights[n] = coins(state, B)
    for k in range(K):
        rows = np.flatnonzero(chosen.action == k)
        x, r = block.x[rows], block.rewards[rows, k] / 2.5
        for b in range(B):
            w = weights[rows, b]
            A = ridge * np.eye(D) + (w[:, None] * x).T @ x
            theta = theta0[k, :, b] + np.linalg.solve(A, x.T @ (w * (r - x @ theta0[k, :, b])))
            np.testing.assert_allclose(learner.learnt.theta[k, :, b], theta, rtol=1e-9, atol=1e-12)


def test_priors_have_the_spread_that_is_asked_for():
    """3 actions, 4 features, 1,000 models; prior 3, ridge 4: coefficients are Normal(0, (3/2)²), by quartiles.

    A share .05 off would be found.
    """
    assert detectable_gap(12_000, looks=4) < 0.05
    theta = begin(BootstrapThompson(models=1000, prior=3.0, ridge=4.0)).learnt.theta / 1.5
    counts = np.histogram(theta, [-np.inf, -0.67449, 0.0, 0.67449, np.inf])[0]
    proportions(counts, np.full(4, 0.25))
    assert (begin(BootstrapThompson(prior=0.0)).learnt.theta == 0).all()


def says(learner, expectations):
    """Let the models (B,) of the first feature expect this of the actions (K, B), at x = (1, 0, 0, 0)."""
    learner.learnt.theta[...] = 0.0
    learner.learnt.theta[:, 0, :] = expectations
    return np.array([1.0, 0, 0, 0])


def test_votes_by_hand():
    """Four models: two are for a, one is for b, and one can't tell b from c: 2/4, 1/4 + 1/8, 1/8.

    Without a: they are for b (2 > 1), c, b, and undecided: b 5/8, c 3/8. Means and standard deviations (n − 1) follow.
    """
    learner = begin(BootstrapThompson(models=4))
    x = says(learner, [[3, 5, 0, 1], [2, 0, 7, 2], [1, 1, 0, 2]])
    everything = np.array([[True, True, True], [False, True, True]])
    for available, chance in zip(everything, [[1 / 2, 3 / 8, 1 / 8], [0, 5 / 8, 3 / 8]], strict=True):
        many = Block(np.tile(x, (2000, 1)), np.tile(available, (2000, 1)))
        chosen = learner.play(many)
        assert set(chosen.action) == set(np.flatnonzero(chance))
        np.testing.assert_array_equal(chosen.propensity, np.array(chance)[chosen.action])
    mean, sd = learner.estimates(many.rows(np.arange(1)))
    np.testing.assert_allclose(mean[0] / 2.5, [9 / 4, 11 / 4, 1], rtol=1e-14)
    np.testing.assert_allclose(sd[0] / 2.5, np.std([[3, 5, 0, 1], [2, 0, 7, 2], [1, 1, 0, 2]], axis=1, ddof=1))


def test_showing_nothing_is_worth_0_to_every_model():
    """Models expect (1, −1, −2, 3) of a and (−1, −3, −1, 2) of b: two are for a, and two for nothing."""
    learner = begin(BootstrapThompson(models=4), Problem(actions=("a", "b", "-"), features=tuple("wxyz"), nothing=2))
    x = says(learner, [[1, -1, -2, 3], [-1, -3, -1, 2], [9, 9, 9, 9]])
    chosen = learner.play(Block(np.tile(x, (500, 1)), np.ones((500, 3), dtype=bool)))
    assert set(chosen.action) == {0, 2}
    np.testing.assert_array_equal(chosen.propensity, 0.5)


@pytest.mark.slow
def test_nobody_knowing_anything_actions_are_chosen_equally_often_over_learners():
    """The first visit of 4,000 learners with priors of their own: each of three actions has its third.

    A share .08 off would be found.
    """
    assert detectable_gap(4000, looks=3) < 0.08
    rng, first = np.random.default_rng(2), np.zeros(K, dtype=int)
    one = Block(np.ones((1, D)), np.ones((1, K), dtype=bool))
    for _ in range(4000):
        first[BootstrapThompson(models=3).start(PROBLEM, rng.spawn(1)[0]).play(one).action[0]] += 1
    proportions(first, np.full(K, 1 / K))


def test_models_agree_where_they_have_seen_much_and_disagree_where_they_have_not():
    """Action a is shown 2,000 times with noise of 1: its spread is a mean's, about 1/√2000; b keeps its own."""
    learner = begin(BootstrapThompson(models=200), Problem(actions=("a", "b"), features=("one",)))
    rewards = 1.0 + np.random.default_rng(1).normal(size=2000)
    block = Block(np.ones((2000, 1)), np.ones((2000, 2), dtype=bool))
    learner.learn_many(block, Choices(np.zeros(2000, dtype=int), np.ones(2000)), rewards)
    mean, sd = learner.estimates(block.rows(np.arange(1)))
    assert mean[0, 0] == pytest.approx(rewards.mean(), abs=0.02)
    assert sd[0, 0] == pytest.approx(1 / np.sqrt(2000), rel=0.25)
    assert sd[0, 1] == pytest.approx(1.0, rel=0.25)


def test_a_world_without_features_is_refused():
    assert (
        BootstrapThompson().misfit(Problem(actions=("a",))) == "needs features of the visitor, and this world has none"
    )
