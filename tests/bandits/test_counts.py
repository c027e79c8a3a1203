"""Policies that count: by hand, and against versions that keep every reward."""

import numpy as np
import pytest
from scipy import integrate, stats

from bandits import ABTest, BetaThompson, EpsilonGreedy, InputError, Problem
from bandits.protocol import Block, Choices
from tests.oracles.epsilon_greedy import epsilon_greedy
from tests.stochastic import detectable_gap, proportions


def always(rewards, N, available=None):
    """N visits at which each arm earns the same each time."""
    K = len(rewards)
    everything = np.ones((N, K), dtype=bool)
    return Block(np.empty((N, 0)), everything if available is None else available, np.tile(rewards, (N, 1)) * 1.0)


def begin(policy, seed=5, *, K=3, nothing=None, **fields):
    actions = tuple(f"arm {k}" for k in range(K))
    return policy.start(Problem(actions=actions, nothing=nothing, **fields), np.random.default_rng(seed))


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.7, 1.0])
def test_epsilon_greedy_chooses_as_the_textbook_does(epsilon):
    rng, N, K = np.random.default_rng(3), 2000, 4
    available = rng.random((N, K)) < 0.6
    available[np.arange(N), rng.integers(K, size=N)] = True
    rewards = rng.normal([0.2, -0.1, 0.5, 0.0], 1, size=(N, K))
    chosen = begin(EpsilonGreedy(epsilon=epsilon), K=K).play(Block(np.empty((N, 0)), available, rewards))
    uniform = np.random.default_rng(5).spawn(1)[0].random(N)
    action, propensity = epsilon_greedy(available, rewards, epsilon, uniform)
    np.testing.assert_array_equal(chosen.action, action)
    np.testing.assert_allclose(chosen.propensity, propensity, rtol=1e-12)


def test_arms_that_earned_the_same_in_another_order_tie():
    """0, 0, 1 and 1, 0, 0: running means of the two differ in the last bit, (1/2 − 1/6 and 1/3), and sums do not."""
    learner = begin(EpsilonGreedy(epsilon=0.0), K=2)
    arms, rewards = np.array([0, 0, 0, 1, 1, 1]), np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    learner.learn_many(always([0, 0], 6), Choices(arms, np.ones(6)), rewards)
    assert learner.play(Block(np.empty((1, 0)), np.ones((1, 2), dtype=bool))).propensity.tolist() == [0.5]


def test_exploration_decays():
    """Epsilon .8, decay ½, arm 0 is better: at visits 0, 1, 2, 10, ½ of .8, .5333, .4, .1333 explores arm 1."""
    learner = begin(EpsilonGreedy(epsilon=0.8, decay=0.5), K=2)
    learner.learn_many(always([0, 0], 1), Choices(np.array([0]), np.ones(1)), np.ones(1))
    chosen = learner.play(Block(np.empty((11, 0)), np.ones((11, 2), dtype=bool)))
    for t, other in [(0, 0.4), (1, 0.8 / 3), (2, 0.2), (10, 0.2 / 3)]:
        assert chosen.propensity[t] == pytest.approx(other if chosen.action[t] == 1 else 1 - other)


def test_epsilon_greedys_propensities_by_hand():
    """Arms earn (0, 2, −1), epsilon .3, each tried: greedy arm 1 has .3/3 + .7 = .8, the others .1.

    With arm 1 away, .3/2 + .7 = .85 for arm 0 (mean 0), and .15 for arm 2.
    """
    learner = begin(EpsilonGreedy(epsilon=0.3))
    block = always([0, 2, -1], 3)
    learner.learn_many(block, Choices(np.arange(3), np.ones(3)), np.array([0.0, 2.0, -1.0]))
    for available, chance in [([1, 1, 1], [0.1, 0.8, 0.1]), ([1, 0, 1], [0.85, 0, 0.15])]:
        chosen = learner.play(Block(np.empty((200, 0)), np.tile(np.array(available, dtype=bool), (200, 1))))
        np.testing.assert_allclose(chosen.propensity, np.array(chance)[chosen.action], rtol=1e-12)


def test_means_are_those_of_the_rewards_learnt_corrections_included():
    """Arm 0: 3, 5, 7 and then 5 is corrected by −4: mean 11/3. Arm 2: 1. Nothing (1) keeps 0."""
    learner = begin(EpsilonGreedy(), nothing=1)
    block = always([0, 0, 0], 5)
    choices = Choices(np.array([0, 0, 1, 0, 2]), np.ones(5))
    learner.learn_many(block, choices, np.array([3.0, 5.0, 0.0, 7.0, 1.0]))
    learner.correct_many(block.rows(np.array([1])), choices.rows(np.array([1])), np.array([-4.0]))
    np.testing.assert_allclose(learner.learnt.total, [11, 0, 1])
    assert learner.learnt.n.tolist() == [3, 0, 1]


class TestABTest:
    def test_it_ships_the_winner_after_the_test(self):
        """3 arms, 4 visits each: 12 visits are split, and from the 13th on arm 1, which earns most, is shown."""
        chosen = begin(ABTest(visits_per_action=4)).play(always([1, 3, 2], 100))
        assert set(chosen.action[:12]) == {0, 1, 2}
        np.testing.assert_allclose(chosen.propensity[:12], 1 / 3)
        assert chosen.action[12:].tolist() == [1] * 88
        assert chosen.propensity[12:].tolist() == [1.0] * 88

    def test_showing_nothing_is_no_arm_of_the_test_and_is_shipped_where_all_lose(self):
        """2 arms and nothing, 5 visits each: 10 visits are split over the two; both lose, so nothing is shipped."""
        chosen = begin(ABTest(visits_per_action=5), nothing=2).play(always([-1, -2, 0], 50))
        assert set(chosen.action[:10]) == {0, 1}
        assert chosen.action[10:].tolist() == [2] * 40

    def test_where_the_winner_is_away_the_next_one_is_shown(self):
        """Means 1, 3, 2: without arm 1, arm 2; without 1 and 2, arm 0."""
        available = np.ones((14, 3), dtype=bool)
        available[12, 1] = available[13, 1] = available[13, 2] = False
        chosen = begin(ABTest(visits_per_action=4)).play(always([1, 3, 2], 14, available))
        assert chosen.action[12:].tolist() == [2, 0]

    def test_an_action_that_was_not_tested_is_shown_only_where_no_other_can_be(self):
        """Arm 2 is away during the test, in which the others lose: it is not shipped for want of bad news."""
        available = np.ones((20, 3), dtype=bool)
        available[:15, 2] = False
        available[19, :2] = False
        chosen = begin(ABTest(visits_per_action=5)).play(always([-1, -3, 9], 20, available))
        assert chosen.action[15:].tolist() == [0, 0, 0, 0, 2]

    def test_the_test_lasts_until_the_rewards_have_come_in(self):
        """2 arms, 3 visits each: 10 visits before any reward are still split; then six rewards come, and it ships."""
        learner = begin(ABTest(visits_per_action=3), K=2)
        block = always([1, 0], 10)
        waiting = Block(block.x, block.available)
        chosen = learner.play(waiting)
        assert (chosen.propensity == 0.5).all()
        six = np.arange(6)
        learner.learn_many(waiting.rows(six), chosen.rows(six), np.where(chosen.action[:6] == 0, 1.0, 0.0))
        assert learner.play(waiting).propensity.tolist() == [1.0] * 10

    def test_what_is_shipped_stays_shipped(self):
        """Arm 1 wins the test, and then earns −100 a visit."""
        learner = begin(ABTest(visits_per_action=4))
        learner.play(always([1, 3, 2], 12))
        assert learner.play(always([1, -100, 2], 50)).action.tolist() == [1] * 50


class TestBetaThompson:
    def test_it_counts_successes_and_failures(self):
        """Prior (2, 3) and 500 visits with rewards 0 or 1."""
        rng = np.random.default_rng(4)
        rewards = (rng.random((500, 3)) < [0.2, 0.5, 0.8]).astype(float)
        learner = begin(BetaThompson(successes=2.0, failures=3.0), reward_range=(0.0, 1.0))
        chosen = learner.play(Block(np.empty((500, 0)), np.ones((500, 3), dtype=bool), rewards)).action
        for k in range(3):
            won = rewards[chosen == k, k]
            assert learner.learnt.wins[k] == 2 + won.sum()
            assert learner.learnt.losses[k] == 3 + (1 - won).sum()

    def test_a_reward_between_the_bounds_is_a_fraction_of_a_success(self):
        """Bounds −10 … 30: a reward of 0 is a quarter of a success, and a correction by −10 takes it back."""
        learner = begin(BetaThompson(), reward_range=(-10.0, 30.0))
        block, choices = always([0, 0, 0], 1), Choices(np.array([1]), np.ones(1))
        learner.learn_many(block, choices, np.zeros(1))
        assert (learner.learnt.wins[1], learner.learnt.losses[1]) == (1.25, 1.75)
        learner.correct_many(block, choices, np.array([-10.0]))
        assert (learner.learnt.wins[1], learner.learnt.losses[1]) == (1.0, 2.0)

    def test_an_arm_is_chosen_as_often_as_it_is_the_better_one(self):
        """P(X > Y), X ~ Beta(3, 4), Y ~ Beta(5, 3), by quadrature. 40,000 choices: .03 off would be found."""
        assert detectable_gap(40_000, looks=2) < 0.03
        learner = begin(BetaThompson(), K=2, reward_range=(0.0, 1.0))
        learner.learnt.wins[:], learner.learnt.losses[:] = [3, 5], [4, 3]
        better, _ = integrate.quad(lambda y: stats.beta.sf(y, 3, 4) * stats.beta.pdf(y, 5, 3), 0, 1)
        chosen = learner.play(Block(np.empty((40_000, 0)), np.ones((40_000, 2), dtype=bool))).action
        proportions(np.bincount(chosen), [better, 1 - better])

    def test_showing_nothing_is_worth_nothing_for_certain(self):
        """Bounds −1 … 3: nothing is worth 1/4; the other arm, Beta(1, 1), exceeds it in 3/4 of 40,000 draws."""
        learner = begin(BetaThompson(), K=2, nothing=1, reward_range=(-1.0, 3.0))
        chosen = learner.play(Block(np.empty((40_000, 0)), np.ones((40_000, 2), dtype=bool))).action
        proportions(np.bincount(chosen), [0.75, 0.25])

    @pytest.mark.parametrize(
        ("successes", "failures", "told"), [(0.03, 0.5, True), (0.001, 1.0, False), (1.0, 0.01, False)]
    )
    def test_where_draws_are_rounded_its_propensity_is_not_told(self, successes, failures, told):
        """Beta(.001, 1): a draw is 0 with 1e-308^.001, about ½, and ties with nothing, which it would be above."""
        learner = begin(BetaThompson(successes=successes, failures=failures), K=2, nothing=1, reward_range=(0.0, 1.0))
        chosen = learner.play(Block(np.empty((400, 0)), np.ones((400, 2), dtype=bool), asks=True))
        assert np.isnan(chosen.propensity).all() != told
        assert (chosen.action == 1).any() == (successes == 0.001)

    @pytest.mark.parametrize("paid", [1.5, -0.5, float("inf")])
    def test_a_reward_out_of_bounds_is_refused(self, paid):
        """A negative count would make the draw of a Beta endless."""
        line = "BetaThompson: was paid outside of the bounds that this world states, 0 to 1; mend the world"
        learner = begin(BetaThompson(), reward_range=(0.0, 1.0))
        with pytest.raises(InputError) as caught:
            learner.play(always([paid] * 3, 1))
        assert caught.value.lines == [line]
        block, choices = always([0, 0, 0], 1), Choices(np.array([1]), np.ones(1))
        with pytest.raises(InputError, match="was paid outside"):
            learner.learn_many(block, choices, np.array([paid]))

    def test_a_correction_out_of_bounds_is_refused(self):
        learner = begin(BetaThompson(), reward_range=(0.0, 1.0))
        block, choices = always([0, 0, 0], 1), Choices(np.array([1]), np.ones(1))
        learner.learn_many(block, choices, np.array([1.0]))
        with pytest.raises(InputError, match="was paid outside"):
            learner.correct_many(block, choices, np.array([-1.5]))

    def test_rounding_takes_no_more_back_than_was_given(self):
        """A prior of 1e-18 is lost in the sum with .3; .3 − .1 − .1 − .1 = −2.8e-17 in floating point."""
        learner = begin(BetaThompson(successes=1e-18), reward_range=(0.0, 1.0))
        block, choices = always([0, 0, 0], 1), Choices(np.array([1]), np.ones(1))
        learner.learn_many(block, choices, np.array([0.3]))
        for _ in range(3):
            learner.correct_many(block, choices, np.array([-0.1]))
        assert learner.learnt.wins[1] == 1e-18
        assert learner.learnt.losses[1] == pytest.approx(2.0)

    @pytest.mark.parametrize(
        ("bounds", "why"),
        [
            (None, "needs bounded rewards, and this world's have no bounds; use GaussianThompson"),
            ((2.0, 2.0), "needs rewards that differ, and this world's are all 2.0"),
            ((0.0, 1.0), None),
        ],
    )
    def test_it_needs_bounds(self, bounds, why):
        assert BetaThompson().misfit(Problem(actions=("a",), reward_range=bounds)) == why
