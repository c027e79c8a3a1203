"""Softmax and EXP3: by hand, and against the paper's algorithm."""

import numpy as np
import pytest

from bandits import EXP3, InputError, Problem, Softmax
from bandits.protocol import Block, Choices
from tests.oracles.exp3 import exp3


def begin(policy, K=3, seed=5, **fields):
    problem = Problem(actions=tuple(f"arm {k}" for k in range(K)), **fields)
    return policy.start(problem, np.random.default_rng(seed))


def visits(N, K=3, available=None):
    everything = np.ones((N, K), dtype=bool)
    return Block(np.empty((N, 0)), everything if available is None else np.tile(np.array(available) > 0, (N, 1)))


def taught(learner, arms, rewards, propensity=1.0):
    learner.learn_many(
        visits(len(arms)), Choices(np.array(arms), np.full(len(arms), propensity)), np.array(rewards) * 1.0
    )
    return learner


def stated(learner, available=None):
    """The probability (K,) of each arm that is chosen in 300 visits, as it is stated."""
    chosen = learner.play(visits(300, available=available))
    pmf = np.full(3, np.nan)
    pmf[chosen.action] = chosen.propensity
    return pmf


class TestSoftmax:
    def test_by_hand(self):
        """Means 0, 2, −2 in units of 2: 0, 1, −1; temperature ½: e^0, e^2, e^−2 of their sum, 8.5244.

        Without arm 1: 1 / 1.1353 and .1353 / 1.1353.
        """
        learner = taught(begin(Softmax(temperature=0.5), reward_scale=2.0), [0, 1, 1, 2], [0, 1, 3, -2])
        np.testing.assert_allclose(stated(learner), [0.11731, 0.86681, 0.01588], atol=1e-5)
        np.testing.assert_allclose(stated(learner, [1, 0, 1]), [0.88080, np.nan, 0.11920], atol=1e-5)

    def test_the_temperature_falls(self):
        """Temperature 1 and decay ½: at visits 0, 1, 2, 10 it is 1, 2/3, ½, 1/6. Means 1, 0: e^(1/temperature) to 1."""
        learner = begin(Softmax(temperature=1.0, decay=0.5), K=2)
        learner.learn_many(visits(1, 2), Choices(np.zeros(1, dtype=np.int64), np.ones(1)), np.ones(1))
        chosen = learner.play(visits(11, 2))
        for t, steep in [(0, 1.0), (1, 1.5), (2, 2.0), (10, 6.0)]:
            ratio = np.exp(steep)
            due = ratio / (1 + ratio) if chosen.action[t] == 0 else 1 / (1 + ratio)
            assert chosen.propensity[t] == pytest.approx(due, rel=1e-12)

    @pytest.mark.parametrize("temperature", [5e-324, 1e-300, 1e-3, 1e300])
    @pytest.mark.parametrize("paid", [1e-12, 1.0, 1e12])
    def test_no_temperature_and_no_reward_is_too_much(self, temperature, paid):
        """Arms 0 and 1 earn the same and share what they get; cold or dear enough, arm 2 gets nothing."""
        learner = taught(begin(Softmax(temperature=temperature, decay=1.0)), [0, 1, 2], [paid, paid, -paid])
        chosen = learner.play(visits(500))
        assert np.isfinite(chosen.propensity).all()
        assert (chosen.propensity > 0).all()
        if temperature < 1e-200 or (paid == 1e12 and temperature == 1e-3):
            assert (chosen.propensity == 0.5).all()
            assert set(chosen.action) == {0, 1}

    def test_nothing_competes_with_0(self):
        """Means 1 and −1, nothing 0; temperature 1: e, 1, 1/e of their sum, 4.0862."""
        learner = taught(begin(Softmax(temperature=1.0), nothing=1), [0, 2], [1, -1])
        np.testing.assert_allclose(stated(learner), [0.66524, 0.24473, 0.09003], atol=1e-5)


class TestEXP3:
    @pytest.mark.parametrize("partly", [False, True])
    @pytest.mark.parametrize("gamma", [0.05, 0.4, 1.0])
    def test_it_chooses_as_the_paper_does(self, gamma, partly):
        rng, N, K = np.random.default_rng(3), 2000, 4
        available = rng.random((N, K)) < (0.6 if partly else 1.1)
        available[np.arange(N), rng.integers(K, size=N)] = True
        rewards = rng.beta([0.4, 1.0, 0.9, 1.2], 1, size=(N, K))
        chosen = begin(EXP3(gamma=gamma), K, reward_range=(0.0, 1.0)).play(Block(np.empty((N, 0)), available, rewards))
        action, propensity = exp3(available, rewards, gamma, np.random.default_rng(5).spawn(1)[0].random(N))
        assert chosen.action.tolist() == action
        np.testing.assert_allclose(chosen.propensity, propensity, rtol=1e-9)

    def test_by_hand(self):
        """gamma .3, K = 3: a reward of 1 for arm 0 with propensity ½ makes its weight e^(.3 · 2 / 3) = 1.2214.

        p = .7 · 1.2214 / 3.2214 + .1 = .36541, and .7 / 3.2214 + .1 = .31730 for the others. Without arm 1:
        .7 · 1.2214 / 2.2214 + .15 = .53488.
        """
        learner = taught(begin(EXP3(gamma=0.3), reward_range=(0.0, 1.0)), [0], [1], propensity=0.5)
        np.testing.assert_allclose(stated(learner), [0.36541, 0.31730, 0.31730], atol=1e-5)
        np.testing.assert_allclose(stated(learner, [1, 0, 1]), [0.53488, np.nan, 0.46512], atol=1e-5)

    @pytest.mark.parametrize(
        ("bounds", "log_w"),
        [
            ((-1.0, 1.0), 0.1),  # 1 is ½ above nothing on a scale from 0 to 1: .3 · ½ / ½ / 3
            ((0.0, 1.0), 0.2),  # nothing is the worst that there is: as in the paper
            ((0.5, 1.0), 0.2),  # nothing is worse than all: the largest of all rewards, 1, is one unit away from it
            ((-2.0, 1.0), 0.2 / 3),
        ],
    )
    def test_where_nothing_can_be_shown_rewards_are_measured_from_it(self, bounds, log_w):
        """gamma .3, K = 3, a reward of 1 with propensity ½, nothing's own weight stays 1."""
        learner = taught(begin(EXP3(gamma=0.3), nothing=2, reward_range=bounds), [0, 2], [1, 0], propensity=0.5)
        np.testing.assert_allclose(learner.learnt.log_w, [log_w, 0, 0], rtol=1e-12)

    def test_long_runs_overflow_no_weight(self):
        """20,000 visits of an arm that always earns 1 make weights of about e^(gamma T / K) = e^5000."""
        block = Block(np.empty((20_000, 0)), np.ones((20_000, 2), dtype=bool), np.tile([1.0, 0.0], (20_000, 1)))
        learner = begin(EXP3(gamma=0.5), K=2, reward_range=(0.0, 1.0))
        chosen = learner.play(block)
        assert learner.learnt.log_w[0] > 4000
        assert set(chosen.propensity[-100:].round(12)) <= {0.75, 0.25}
        mean, _ = learner.estimates(block.rows(np.arange(1)))
        assert mean[0, 0] == pytest.approx(1.0, abs=0.1)

    @pytest.mark.parametrize("propensity", [np.nan, 0.0])
    def test_it_learns_only_where_the_propensity_is_known(self, propensity):
        learner = begin(EXP3(), nothing=2, reward_range=(0.0, 1.0))
        with pytest.raises(InputError, match="EXP3: learns from choices of known propensity only, got NaN or 0"):
            taught(learner, [0], [1], propensity)
        taught(learner, [2], [0], propensity)

    def test_it_says_that_it_cannot_correct(self):
        learner = taught(begin(EXP3(), reward_range=(0.0, 1.0)), [0], [1])
        with pytest.raises(InputError, match="EXP3: cannot correct a reward"):
            learner.correct_many(visits(1), Choices(np.zeros(1, dtype=np.int64), np.ones(1)), np.ones(1))
