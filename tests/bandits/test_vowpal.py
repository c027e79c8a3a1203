"""Vowpal Wabbit's policies: faithful to its text route, honest about propensities, and able to learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bandits.errors import InputError
from bandits.protocol import Block, Choice, Choices, Problem
from bandits.vowpal import VowpalWabbit
from tests.bandits.vowpal_world import (
    EXPLORATIONS,
    K,
    assert_same,
    block,
    in_turns,
    pmf_of,
    problem,
    resumed,
    with_nothing,
)
from tests.oracles.vowpal_by_text import by_text


def step_by_step(learner, visits):
    """What `play` does, through `choose` and `learn`."""
    chosen = []
    for n in range(len(visits)):
        visit = replace(visits.visit(n))
        choice = learner.choose(visit)
        learner.learn(visit, choice, visits.rewards[n, choice.action])
        chosen.append(choice)
    return Choices(np.array([c.action for c in chosen]), np.array([c.propensity for c in chosen]))


@pytest.mark.parametrize("exploration", EXPLORATIONS)
class TestEveryExploration:
    def test_same_seed_same_actions(self, exploration):
        policy, visits = VowpalWabbit(exploration=exploration), block(200)
        one, two = (policy.start(problem(), np.random.default_rng(5)).play(visits) for _ in range(2))
        assert_same(one, two)

    def test_play_equals_choose_and_learn(self, exploration):
        policy, visits = VowpalWabbit(exploration=exploration), block(200, partly=True, z=True)
        played = policy.start(problem(), np.random.default_rng(5)).play(visits)
        stepped = step_by_step(policy.start(problem(), np.random.default_rng(5)), visits)
        assert_same(played, stepped)

    def test_reused_examples_choose_as_fresh_text_does(self, exploration):
        visits = block(500 if exploration == "epsilon" else 200)
        policy = VowpalWabbit(exploration=exploration)
        fast = policy.start(problem(), np.random.default_rng(5)).play(visits)
        assert_same(fast, by_text(policy, problem(), visits, np.random.default_rng(5)))

    def test_fewer_actions_their_features_and_nothing_make_no_difference_to_that(self, exploration):
        nothing = None if exploration == "regcb" else 2
        world = problem(nothing=nothing, reward_scale=0.5, action_features=("p", "q"))
        visits, policy = with_nothing(block(200, partly=True, z=True), nothing), VowpalWabbit(exploration=exploration)
        fast = policy.start(world, np.random.default_rng(5)).play(visits)
        assert_same(fast, by_text(policy, world, visits, np.random.default_rng(5)))

    def test_neither_does_a_single_action_on_offer(self, exploration):
        visits, policy = block(300), VowpalWabbit(exploration=exploration)
        visits.available[::2] = np.arange(K) == 3
        fast = policy.start(problem(), np.random.default_rng(5)).play(visits)
        assert_same(fast, by_text(policy, problem(), visits, np.random.default_rng(5)))

    def test_late_rewards_make_no_difference_to_that(self, exploration):
        visits, policy = block(200, partly=True, z=True), VowpalWabbit(exploration=exploration)
        fast = in_turns(policy.start(problem(), np.random.default_rng(5)), visits, 8)
        assert_same(fast, by_text(policy, problem(), visits, np.random.default_rng(5), wait=8))

    def test_saved_between_visits_and_their_late_rewards_it_goes_on_as_if_it_had_not_been(self, exploration):
        visits, policy = block(200, partly=True, z=True), VowpalWabbit(exploration=exploration)
        learner = policy.start(problem(), np.random.default_rng(5))
        learner.play(visits)
        unknown = replace(visits, rewards=None)
        chosen = learner.play(unknown)
        rewards = visits.rewards[np.arange(200), chosen.action]
        early, late = np.arange(70), np.arange(70, 200)
        learner.learn_many(unknown.rows(early), chosen.rows(early), rewards[early])
        other = resumed(policy, problem(), learner)
        for each in (learner, other):
            each.learn_many(unknown.rows(late), chosen.rows(late), rewards[late])
        assert_same(other.play(block(300, seed=1)), learner.play(block(300, seed=1)))

    def test_huge_rewards_no_rewards_and_constant_features_do_no_harm(self, exploration):
        """Choices stay choices: of positive probability, at most 1."""
        visits = block(200, partly=True)
        for size in (0.0, 1e9):
            odd = replace(visits, x=np.ones_like(visits.x), rewards=visits.rewards * size)
            chosen = VowpalWabbit(exploration=exploration).start(problem(), np.random.default_rng(5)).play(odd)
            assert (chosen.propensity > 0).all()
            assert (chosen.propensity <= 1).all()

    def test_only_available_actions_are_chosen(self, exploration):
        visits = block(200, partly=True)
        chosen = VowpalWabbit(exploration=exploration).start(problem(), np.random.default_rng(5)).play(visits)
        assert visits.available[np.arange(200), chosen.action].all()

    def test_rewards_of_actions_that_were_not_chosen_change_nothing(self, exploration):
        visits, policy = block(200), VowpalWabbit(exploration=exploration)
        honest = policy.start(problem(), np.random.default_rng(5)).play(visits)
        poisoned = np.full_like(visits.rewards, np.nan)
        poisoned[np.arange(200), honest.action] = visits.rewards[np.arange(200), honest.action]
        assert_same(honest, policy.start(problem(), np.random.default_rng(5)).play(replace(visits, rewards=poisoned)))

    def test_propensities_are_the_frequencies_of_choices_and_sum_to_one(self, exploration):
        """Each of 5 frequencies of 4,000 choices at one and the same visit is within t of its propensity.

        Hoeffding: 5 · 2 exp(−2 · 4000 t²) = 1e-9, false alarms over the nine explorations 9e-9, for t = .0537.
        """
        t = np.sqrt(np.log(10 / 1e-9) / (2 * 4000))
        learner = VowpalWabbit(exploration=exploration).start(problem(), np.random.default_rng(5))
        learner.play(block(30))
        same = block(1).rows(np.zeros(4000, dtype=np.int64))
        chosen = learner.play(replace(same, rewards=None))
        pmf = pmf_of(learner, same.visit(0))
        seen = dict(zip(chosen.action.tolist(), chosen.propensity.tolist(), strict=True))
        assert abs(sum(seen.get(k, pmf[k]) for k in range(K)) - 1) < 1e-12
        np.testing.assert_allclose(chosen.propensity, pmf[chosen.action], rtol=1e-12)
        np.testing.assert_allclose(np.bincount(chosen.action, minlength=K) / 4000, pmf, atol=t)


class TestSizes:
    @pytest.mark.parametrize("wait", [1, 7])
    @pytest.mark.parametrize("z", [False, True], ids=["plain", "z"])
    @pytest.mark.parametrize("partly", [False, True], ids=["all", "partly"])
    @pytest.mark.parametrize("many", [5, 10, 50])
    def test_epsilon_greedy_is_bit_for_bit_what_text_makes_of_it(self, many, partly, z, wait):
        visits = block(300, partly=partly, z=z, K=many, D=10)
        policy, world = VowpalWabbit(exploration="epsilon", epsilon=0.1), problem(K=many, D=10)
        learner = policy.start(world, np.random.default_rng(5))
        fast = learner.play(visits) if wait == 1 else in_turns(learner, visits, wait)
        assert_same(fast, by_text(policy, world, visits, np.random.default_rng(5), wait))


class TestLearning:
    @pytest.mark.parametrize(
        "fields",
        [
            {"exploration": "epsilon"},
            {"exploration": "first"},
            {"exploration": "bag", "epsilon": 0.1},
            {"exploration": "cover"},
            {"exploration": "squarecb"},
            {"exploration": "regcb"},
            {"exploration": "softmax", "lambda_": 10.0},
            {"exploration": "rnd"},
            {"exploration": "synthcover", "epsilon": 0.1},
        ],
        ids=lambda fields: fields["exploration"],
    )
    def test_beats_uniform_play(self, fields):
        """Rewards in [0, 1]: 0.5 ± 0.4 for a sign that the visitor shows, against .5 in expectation for uniform play.

        Mean reward of the last 2,000 of 3,000 visits must be at least .6. Hoeffding–Azuma: uniform play passes with
        probability exp(−2 · 2000 · .1²) = 4e-18, and no more often fails a learner whose conditional mean is .7 or more
        (these have about .77 to .9; "bag" and "synthcover" may settle on .7 or less without a share of uniform play).
        """
        rng = np.random.default_rng(11)
        side = rng.choice([-1.0, 1.0], size=3000)
        x = np.column_stack([np.ones(3000), side, rng.normal(size=(3000, 2))])
        chance = 0.5 + 0.4 * side[:, None] * np.array([1, -1, 1, -1, 0])
        rewards = (rng.random((3000, K)) < chance).astype(float)
        everything = np.ones((3000, K), dtype=bool)
        world = problem(reward_range=(0.0, 1.0))
        chosen = VowpalWabbit(**fields).start(world, np.random.default_rng(5)).play(Block(x, everything, rewards))
        assert rewards[np.arange(1000, 3000), chosen.action[1000:]].mean() >= 0.6

    @pytest.mark.parametrize("cb_type", ["mtr", "dr"])
    def test_predicted_rewards_are_in_units_of_the_reward_scale(self, cb_type):
        """Rewards 0, +20, −20 at a scale of 20 are costs 0, −1, +1: softmax(0, 1, −1) = (.2447, .6652, .0900)."""
        world = Problem(actions=("nothing", "good", "bad"), features=("one",), nothing=0, reward_scale=20.0)
        learner = VowpalWabbit(exploration="softmax", cb_type=cb_type).start(world, np.random.default_rng(5))
        visits = Block(np.ones((2000, 1)), np.ones((2000, 3), dtype=bool), np.tile([0.0, 20.0, -20.0], (2000, 1)))
        learner.play(visits)
        np.testing.assert_allclose(pmf_of(learner, visits.visit(0)), [0.2447, 0.6652, 0.0900], atol=0.005)

    @pytest.mark.parametrize("exploration", sorted(set(EXPLORATIONS) - {"regcb"}))
    def test_nothing_is_predicted_to_earn_nothing(self, exploration):
        """It has no feature, not even a constant one, so that no weight that is learnt can move it."""
        policy, world = VowpalWabbit(exploration=exploration), problem(nothing=0)
        learner = policy.start(world, np.random.default_rng(5))
        learner.play(with_nothing(block(100)))
        assert learner._actions[0].get_feature_number() == 0
        assert {"--noconstant", "--ignore_linear=u"} <= set(policy.command_line(world, 0))

    def test_regcb_has_no_bounds_for_showing_nothing(self):
        policy = VowpalWabbit(exploration="regcb")
        assert "has no bounds for showing nothing" in policy.misfit(problem(nothing=0))
        assert policy.misfit(problem()) is None
        with pytest.raises(InputError, match="has no bounds for showing nothing"):
            policy.start(problem(nothing=0), np.random.default_rng(5))

    def test_showing_nothing_teaches_nothing(self):
        learner = VowpalWabbit().start(problem(nothing=0), np.random.default_rng(5))
        visits = with_nothing(block(100))
        learner.play(visits)
        before = pmf_of(learner, visits.visit(0))
        for n in range(100):
            learner.learn(visits.visit(n), Choice(0, 0.5), 0.0)
        np.testing.assert_array_equal(pmf_of(learner, visits.visit(0)), before)

    def test_first_turns_greedy_after_so_many_visits_learnt_from(self):
        """Uniform over 5 for 20 visits: propensity 1/5; then greedy: 1, or shared by ties."""
        learner = VowpalWabbit(exploration="first", first=20).start(problem(), np.random.default_rng(5))
        chosen = learner.play(block(60))
        np.testing.assert_allclose(chosen.propensity[:20], 0.2, rtol=1e-6)
        np.testing.assert_allclose(chosen.propensity[20:], 1.0)

    def test_late_rewards_are_learnt_in_order(self):
        visits = block(100, partly=True)
        unknown = replace(visits, rewards=None)
        many, single = (VowpalWabbit().start(problem(), np.random.default_rng(5)) for _ in range(2))
        chosen = many.play(unknown)
        rewards = visits.rewards[np.arange(100), chosen.action]
        many.learn_many(unknown, chosen, rewards)
        for n in range(100):
            single.choose(unknown.visit(n))
        for n in range(100):
            choice = Choice(int(chosen.action[n]), float(chosen.propensity[n]))
            single.learn(unknown.visit(n), choice, rewards[n])
        assert_same(many.play(visits), single.play(visits))

    def test_late_rewards_need_a_propensity(self):
        learner = VowpalWabbit().start(problem(), np.random.default_rng(5))
        with pytest.raises(InputError, match="known propensity"):
            learner.learn(block(1).visit(0), Choice(0), 1.0)

    def test_new_features_of_the_actions_are_taken_up(self):
        """Weights on z learnt with one z choose differently under another, and as before under the first again."""
        learner = VowpalWabbit(exploration="softmax").start(problem(), np.random.default_rng(5))
        visits = block(300, z=True)
        learner.play(visits)
        visit = visits.visit(0)
        one = pmf_of(learner, visit)
        assert np.abs(pmf_of(learner, replace(visit, z=visit.z[::-1])) - one).max() > 0.01
        np.testing.assert_array_equal(pmf_of(learner, visit), one)

    @pytest.mark.parametrize(("cb_type", "good"), [("mtr", 0.8808), ("ips", 0.8808), ("dr", 0.8808), ("dm", 0.7311)])
    def test_the_direct_method_takes_what_was_not_chosen_for_0(self, cb_type, good):
        """Rewards +1 and −1, each action chosen half the time: costs −1 and +1, by the direct method half of these.

        softmax(1, −1) = .8808 and softmax(½, −½) = .7311.
        """
        world, N = Problem(actions=("good", "bad"), features=("one",)), 4000
        learner = VowpalWabbit(exploration="softmax", cb_type=cb_type, interactions=()).start(
            world, np.random.default_rng(5)
        )
        visits = Block(np.ones((N, 1)), np.ones((N, 2), dtype=bool))
        action = np.arange(N) % 2
        learner.learn_many(visits, Choices(action, np.full(N, 0.5)), 1.0 - 2 * action)
        assert abs(pmf_of(learner, visits.visit(0))[0] - good) < 0.001

    @pytest.mark.parametrize("exploration", ["squarecb", "epsilon"])
    def test_a_world_without_features_is_learnt_too(self, exploration):
        world = Problem(actions=("poor", "good"))
        visits = Block(np.empty((300, 0)), np.ones((300, 2), dtype=bool), np.tile([0.0, 1.0], (300, 1)))
        learner = VowpalWabbit(exploration=exploration).start(world, np.random.default_rng(5))
        assert learner.play(visits).action[-100:].mean() > 0.8

    def test_corrections_are_refused(self):
        learner = VowpalWabbit().start(problem(), np.random.default_rng(5))
        with pytest.raises(InputError, match="cannot correct a reward it has already learnt"):
            learner.correct(block(1).visit(0), Choice(0, 0.5), 1.0)
        assert VowpalWabbit.corrects is False
