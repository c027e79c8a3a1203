"""What most shops run: best-sellers, and what people like you liked."""

from dataclasses import replace

import numpy as np
import pytest

from bandits import CollaborativeFiltering, InputError, Popularity, Problem, Random
from bandits.factors import Record, least_squares, no_tastes
from bandits.fit import misfit_of
from bandits.protocol import Block, Choices
from tests.contracts.small_world import begin, small_problem
from tests.stochastic import detectable_gap, proportions

SHOP = Problem(actions=("pen", "book", "lamp", "nothing"), nothing=3, users=50)


def visits(N, user=0, **fields):
    """N visits to the shop."""
    block = Block(np.empty((N, 0)), np.ones((N, 4), dtype=np.bool_), user=np.broadcast_to(user, N).copy())
    return replace(block, **fields)


def chosen(*action):
    return Choices(np.array(action), np.ones(len(action)))


class TestPopularity:
    def test_the_best_seller_by_hand(self):
        """A list every 4 visits: uniform at first; then the lamp, bought twice; then pen and lamp share."""
        learner = begin(Popularity(refit=4), SHOP)
        first = learner.play(visits(2))
        np.testing.assert_allclose(first.propensity, 1 / 3)
        learner.learn_many(visits(5), chosen(0, 2, 2, 1, 3), np.array([3.0, 0.1, 9.0, -7.0, 0.0]))
        np.testing.assert_allclose(learner.play(visits(2)).propensity, 1 / 3)  # the list is still the first
        second = learner.play(visits(4))
        np.testing.assert_array_equal(second.action, [2, 2, 2, 2])
        np.testing.assert_array_equal(second.propensity, np.ones(4))
        learner.learn(visits(1).visit(0), chosen(0).choice(0), 1.0)
        third = learner.play(visits(4))
        assert set(third.action) <= {0, 2}
        np.testing.assert_array_equal(third.propensity, np.full(4, 0.5))

    def test_the_second_best_where_the_best_is_gone_and_nothing_where_all_are(self):
        learner = begin(Popularity(refit=1), SHOP)
        learner.learn_many(visits(3), chosen(0, 0, 1), np.ones(3))
        available = np.array([[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]], dtype=np.bool_)
        np.testing.assert_array_equal(learner.play(visits(4, available=available)).action, [0, 1, 2, 3])

    def test_before_anything_is_bought_every_item_has_its_share(self):
        """4,000 visits, of a list that is made anew at each: a share that is off by .08 is found."""
        assert detectable_gap(4000, looks=3) < 0.08
        action = begin(Popularity(refit=1), SHOP).play(visits(4000)).action
        proportions(np.bincount(action, minlength=4), [1 / 3, 1 / 3, 1 / 3, 0.0])

    def test_what_is_returned_was_bought(self):
        """So it refuses worlds in which rewards are corrected."""
        assert "cannot correct" in misfit_of(Popularity(), small_problem(corrections=True))
        with pytest.raises(InputError, match="cannot correct"):
            begin(Popularity(), SHOP).correct_many(visits(1), chosen(0), np.ones(1))


class TestLeastSquares:
    def test_is_the_solution_of_the_normal_equations(self):
        """Of each row: √w (y·p − v) → 0 and √ridge p → 0 in least squares, by numpy.linalg.lstsq."""
        rng = np.random.default_rng(3)
        E, R, F, ridge = 60, 7, 3, 0.4
        row = rng.integers(R - 1, size=E)  # nothing is known of the last
        other, weight, value = rng.normal(size=(E, F)), rng.integers(1, 5, size=E).astype(float), rng.normal(size=E)
        factors = least_squares(row, R, other, weight, value, ridge)
        for r in range(R):
            mine = row == r
            A = np.vstack([np.sqrt(weight[mine, None]) * other[mine], np.sqrt(ridge) * np.eye(F)])
            b = np.concatenate([np.sqrt(weight[mine]) * value[mine], np.zeros(F)])
            np.testing.assert_allclose(factors[r], np.linalg.lstsq(A, b, rcond=None)[0], rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(factors[R - 1], np.zeros(F))

    def test_by_hand(self):
        """One factor, y = 2, seen 3 times with a mean of 1, ridge 4: p = 3 · 2 · 1 / (3 · 2² + 4) = 6/16."""
        p = least_squares(np.array([0]), 1, np.array([[2.0]]), np.array([3.0]), np.array([1.0]), 4.0)
        np.testing.assert_allclose(p, [[0.375]])

    def test_a_fit_descends(self):
        """Each fit to the same rewards, and one more of no visit that is worth 0, lowers the sum that is minimised."""
        rng, factors, record = np.random.default_rng(4), no_tastes(20, 4, 2, np.random.default_rng(1)), Record(4)
        user, item, reward = rng.integers(20, size=300), rng.integers(4, size=300), rng.normal(size=300)
        record.note(user, item, reward, 1.0)
        losses = []
        for _ in range(6):
            record.fit(factors, 0.5)
            mean = np.array([reward[item == k].mean() for k in range(4)])
            np.testing.assert_allclose(factors.mean, mean, rtol=1e-12)
            residual = reward - mean[item] - (factors.P[user] * factors.Q[item]).sum(axis=1)
            losses.append((residual**2).sum() + 0.5 * ((factors.P**2).sum() + (factors.Q**2).sum()))
            record.note(user[:1], item[:1], np.zeros(1), 0.0)
        assert (np.diff(losses) <= 1e-9).all()
        assert losses[-1] < losses[0]


class TestCollaborativeFiltering:
    TASTES = np.array([[2.0, -1.0, 0.5, 0.0], [-1.0, 2.0, 0.5, 0.0]])
    """What two kinds of customers think of pen, book, lamp: on average the pen and the book are as good as the lamp."""

    def taught(self, policy, rounds=400):
        """Users 0 to 39, of both kinds in turn, tried pen and book; nobody tells of what users 40 to 49 like."""
        rng = np.random.default_rng(6)
        user, item = rng.integers(40, size=rounds), rng.integers(3, size=rounds)
        learner = begin(policy, SHOP)
        rewards = self.TASTES[user % 2, item] + 0.1 * rng.normal(size=rounds)
        learner.learn_many(visits(rounds, user=user), Choices(item, np.ones(rounds)), rewards)
        return learner

    def test_each_kind_is_shown_what_it_likes(self):
        learner = self.taught(CollaborativeFiltering(factors=1, ridge=0.1, epsilon=0.0))
        users = np.arange(40)
        np.testing.assert_array_equal(learner.play(visits(40, user=users)).action, users % 2)

    def test_what_a_user_never_tried_is_told_from_those_who_are_alike(self):
        """User 48 has tried the pen alone, and hated it: shown the book, which is what such people like."""
        learner = self.taught(CollaborativeFiltering(factors=1, ridge=0.1, epsilon=0.0))
        learner.learn_many(visits(2, user=48), chosen(0, 0), np.array([-1.0, -1.0]))
        mean, _ = learner._player.estimates(visits(1, user=48))
        np.testing.assert_array_equal(mean, np.zeros((1, 4)))  # not before the first fit
        assert learner.play(visits(1, user=48)).action[0] == 1
        mean, _ = learner._player.estimates(visits(1, user=48))
        np.testing.assert_allclose(mean, [[-1.0, 2.0, 0.5, 0.0]], atol=0.4)

    def test_a_newcomer_is_shown_what_is_popular(self):
        """The item with the highest mean over everybody."""
        learner = self.taught(CollaborativeFiltering(epsilon=0.0))
        learner.learn_many(visits(60), chosen(*[2] * 60), np.full(60, 4.0))
        np.testing.assert_array_equal(learner.play(visits(30, user=49)).action, np.full(30, 2))

    def test_a_reward_counts_from_the_next_refit(self):
        """A refit every 5 visits; user 0 buys the lamp at the second."""
        learner = begin(CollaborativeFiltering(refit=5, epsilon=0.0), SHOP)
        learner.play(visits(2))
        learner.learn_many(visits(1), chosen(2), np.array([5.0]))
        np.testing.assert_allclose(learner.play(visits(3)).propensity, 0.25)
        np.testing.assert_array_equal(learner.play(visits(5)).action, np.full(5, 2))

    def test_a_share_of_visits_is_uniform(self):
        """ε = .2: .85 for the best of four, .05 for each other. 4,000 visits: a share that is off by .08 is found."""
        assert detectable_gap(4000, looks=4) < 0.08
        learner = self.taught(CollaborativeFiltering(factors=1, ridge=0.1, epsilon=0.2))
        played = learner.play(visits(4000, user=0))
        expected = np.array([0.85, 0.05, 0.05, 0.05])
        np.testing.assert_allclose(played.propensity, expected[played.action])
        proportions(np.bincount(played.action, minlength=4), expected)

    def test_a_million_users_need_no_table_of_users_times_items(self):
        """2 factors: 16 MB, where a table of 50 items would take 400."""
        K = 50
        problem = Problem(actions=tuple(map(str, range(K))), users=1_000_000)
        learner = begin(CollaborativeFiltering(factors=2), problem)
        users = np.array([0, 999_999])
        block = Block(np.empty((2, 0)), np.ones((2, K), dtype=np.bool_), np.ones((2, K)), user=users)
        learner.play(block)
        assert sum(array.nbytes for array in learner.state().values()) < 17e6

    def test_it_earns_more_than_chance(self):
        """3,000 visits of 40 customers of two kinds: more than 1.5 of 2 in the last thousand, where chance earns .4."""
        rng = np.random.default_rng(8)
        user = rng.integers(40, size=3000)
        rewards = self.TASTES[user % 2] + 0.1 * rng.normal(size=(3000, 4))
        block = visits(3000, user=user, rewards=rewards)
        earned = {}
        for policy in (CollaborativeFiltering(factors=2, epsilon=0.1), Random()):
            action = begin(policy, SHOP).play(block).action
            earned[type(policy)] = self.TASTES[user % 2, action][2000:].mean()
        assert earned[CollaborativeFiltering] > 1.5
        assert earned[Random] < 0.6

    def test_it_needs_to_recognise_users(self):
        assert "returning users" in misfit_of(CollaborativeFiltering(), small_problem(users=None))
