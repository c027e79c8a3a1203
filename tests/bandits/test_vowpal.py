"""Vowpal Wabbit's policies: faithful to its text route, honest about propensities, silent, and free of idle options."""

from __future__ import annotations

import gc
import io
import pathlib
import pickle
import subprocess
import sys
import tempfile
from bisect import bisect_right
from dataclasses import replace
from itertools import accumulate

import numpy as np
import pytest
import vowpalwabbit

from bandits.errors import InputError
from bandits.protocol import Block, Choice, Choices, Problem
from bandits.vowpal import VowpalWabbit

EXPLORATIONS = ("epsilon", "first", "bag", "cover", "squarecb", "regcb", "softmax", "rnd", "synthcover")
ALL_TYPES = set(EXPLORATIONS) - {"squarecb", "regcb", "cover"}  # of estimators; "cover" lacks "dm"
D, K, M = 4, 5, 2


def problem(K=K, D=D, **fields):
    return Problem(**({"actions": tuple(map(str, range(K))), "features": tuple(f"x{d}" for d in range(D))} | fields))


def block(visits, seed=0, *, partly=False, z=False, K=K, D=D):
    """Whole-numbered features, zeros among them: Vowpal Wabbit reads a fraction from text with a rounding error."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, size=(visits, D)).astype(float)
    x[:, 0] = 1
    weights = np.random.default_rng(99).normal(size=(K, D)) / 4
    available = np.ones((visits, K), dtype=bool)
    if partly:
        available = rng.random((visits, K)) < 0.5
        available[np.arange(visits), rng.integers(K, size=visits)] = True
    return Block(
        x=x,
        available=available,
        rewards=x @ weights.T + rng.normal(scale=0.3, size=(visits, K)),
        z=np.random.default_rng(98).normal(size=(K, M)) if z else None,
    )


def with_nothing(visits, nothing=0):
    """The same visits, in a world where one of the actions earns 0."""
    if nothing is not None:
        visits.rewards[:, nothing] = 0
    return visits


def step_by_step(learner, visits):
    """What `play` does, through `choose` and `learn`."""
    chosen = []
    for n in range(len(visits)):
        visit = replace(visits.visit(n))
        choice = learner.choose(visit)
        learner.learn(visit, choice, visits.rewards[n, choice.action])
        chosen.append(choice)
    return Choices(np.array([c.action for c in chosen]), np.array([c.propensity for c in chosen]))


def by_text(policy, world, visits, rng, wait=1):
    """The slow oracle: every visit is written and parsed as text twice, as in Vowpal Wabbit's own tutorials.

    Rewards come after so many visits.
    """
    line = policy.command_line(world, int(rng.integers(2**32)))
    workspace = vowpalwabbit.Workspace(arg_list=[option for option in line if option != "--per_model_save_load"])
    K, action, propensity, lessons = len(world.actions), [], [], []
    for n, x in enumerate(visits.x):
        offered = np.flatnonzero(visits.available[n])
        lines = ["shared |u " + " ".join(f"{d}:{int(value)}" for d, value in enumerate(x))]
        for k in offered:
            z = [] if visits.z is None else visits.z[k]
            features = " ".join([str(k), *(f"{K + m}:{value}" for m, value in enumerate(z))])
            lines.append("|n" if k == world.nothing else f"|a {features}")
        pmf = workspace.predict(lines)
        upto = list(accumulate(pmf))
        place = bisect_right(upto, rng.random() * upto[-1])
        action.append(offered[place])
        propensity.append(pmf[place] / upto[-1])
        if offered[place] != world.nothing or policy.cb_type in {"dr", "ips"}:
            cost = -visits.rewards[n, offered[place]] / world.reward_scale
            lines[place + 1] = f"0:{cost}:{propensity[-1]} {lines[place + 1]}"
            lessons.append(lines)
        if (n + 1) % wait == 0:
            for lesson in lessons:
                workspace.learn(lesson)
            lessons.clear()
    return Choices(np.array(action), np.array(propensity))


def in_turns(learner, visits, wait):
    """Visits played as their rewards come after so many of them."""
    chosen = []
    for first in range(0, len(visits), wait):
        some = visits.rows(np.arange(first, min(first + wait, len(visits))))
        chosen.append(learner.play(replace(some, rewards=None)))
        if len(some) == wait:
            rewards = some.rewards[np.arange(wait), chosen[-1].action]
            learner.learn_many(replace(some, rewards=None), chosen[-1], rewards)
    return Choices(np.concatenate([c.action for c in chosen]), np.concatenate([c.propensity for c in chosen]))


def resumed(policy, world, learner):
    """A learner that goes on from another one's state, by way of a file of plain arrays."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **learner.state())
    file.seek(0)
    fresh = policy.start(world, np.random.default_rng(77))
    with np.load(file, allow_pickle=False) as arrays:
        fresh.restore(dict(arrays))
    return fresh


def assert_same(one, other):
    np.testing.assert_array_equal(one.action, other.action)
    np.testing.assert_array_equal(one.propensity, other.propensity)


def pmf_of(learner, visit):
    """The distribution that the learner draws from, normalised."""
    learner.choose(visit)
    pmf = np.array(learner._shared.get_action_scores())
    return pmf / pmf.sum()


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


OPTIONS = [
    {"exploration": "epsilon", "epsilon": 0.5},
    {"exploration": "bag", "bag": 2},
    {"exploration": "bag", "epsilon": 0.5},
    {"exploration": "cover", "cover": 2},
    {"exploration": "cover", "cb_type": "ips"},
    {"exploration": "first", "first": 20, "epsilon": 0.5},
    {"exploration": "softmax", "lambda_": 3.0},
    {"exploration": "softmax", "cb_type": "dr"},
    {"exploration": "softmax", "cb_type": "ips"},
    {"exploration": "softmax", "cb_type": "dm"},
    {"exploration": "rnd", "rnd": 3},
    {"exploration": "rnd", "epsilon": 0.5},
    {"exploration": "synthcover", "epsilon": 0.5},
    {"gamma": 50.0},
    {"epsilon": 0.5},
    {"bits": 4},
    {"learning_rate": 0.1},
    {"power_t": 0.1},
    {"interactions": ("ua", "uua")},
    {"interactions": ()},
    {"exploration": "epsilon", "extra": "--first_only"},
    {"exploration": "bag", "extra": "--greedify"},
    {"exploration": "cover", "extra": "--psi 0.1"},
    {"exploration": "cover", "extra": "--nounif"},
    {"extra": "--gamma_exponent 0.9"},
    {"exploration": "regcb", "extra": "--mellowness 0.001"},
    {"exploration": "regcb", "extra": "--regcbopt"},
    {"exploration": "regcb", "extra": "--cb_min_cost=-1 --cb_max_cost 1 --mellowness 0.001"},
    {"exploration": "rnd", "extra": "--rnd_alpha 1"},
    {"exploration": "rnd", "extra": "--rnd_invlambda 1"},
    {"exploration": "synthcover", "extra": "--synthcoverpsi 1"},
    {"exploration": "synthcover", "extra": "--synthcoversize 5"},
    *(
        {"exploration": "softmax", "extra": extra}
        for extra in (
            "--adaptive",
            "--adax",
            "--clip_p 0.5",
            "--coin",
            "--ftrl",
            "--ftrl --ftrl_alpha 1",
            "--ftrl --ftrl_beta 1",
            "--initial_t 9",
            "--initial_weight 0.1",
            "--invariant",
            "--l1 0.001",
            "--l2 0.01",
            "--loss_function quantile",
            "--loss_function quantile --quantile_tau 0.2",
            "--max_prediction 0.1",
            "--min_prediction=-0.1",
            "--nn 3",
            "--noconstant",
            "--normal_weights",
            "--normalized",
            "--pistol",
            "--random_weights",
            "--sgd",
        )
    ),
]


def said(fields):
    """The name of a test case."""
    return " ".join(f"{key}={value}" for key, value in fields.items())


class TestOptions:
    @pytest.mark.parametrize(
        ("fields", "line"),
        [
            (
                {"gamma": 3.0, "exploration": "epsilon"},
                "gamma: does nothing with exploration 'epsilon' (only with 'squarecb')",
            ),
            ({"lambda_": 3.0}, "lambda_: does nothing with exploration 'squarecb' (only with 'softmax')"),
            ({"bag": 3}, "bag: does nothing"),
            ({"cover": 3}, "cover: does nothing"),
            ({"first": 3}, "first: does nothing"),
            ({"rnd": 3}, "rnd: does nothing"),
            ({"exploration": "regcb", "epsilon": 0.1}, "epsilon: does nothing with exploration 'regcb'"),
            ({"cb_type": "dr"}, "cb_type: must be 'mtr' with exploration 'squarecb', got 'dr'"),
            ({"cb_type": "dm"}, "cb_type: must be 'mtr' with exploration 'squarecb', got 'dm'"),
            (
                {"exploration": "cover", "cb_type": "dm"},
                "cb_type: must be 'mtr' or 'dr' or 'ips' with exploration 'cover', got 'dm'",
            ),
            ({"exploration": "bag", "extra": "--nn 3"}, "extra: unknown option for exploration 'bag' '--nn'"),
            ({"exploration": "rnd", "extra": "--nn 3"}, "extra: unknown option for exploration 'rnd' '--nn'"),
            ({"exploration": "greedy"}, "exploration: must be 'epsilon', 'first'"),
            ({"exploration": "epsilon", "epsilon": 1.5}, "epsilon: must be less than or equal to 1"),
            ({"bits": 40}, "bits: must be less than or equal to 26"),
            ({"interactions": ["uu"]}, "interactions[1]"),
            ({"interactions": ["ub"]}, "interactions[1]"),
            ({"learnin_rate": 1.0}, "did you mean 'learning_rate'?"),
            ({"extra": "--l3 1e-6"}, "extra: unknown option for exploration 'squarecb' '--l3'"),
            ({"extra": "--l2"}, "extra: --l2 needs a value"),
            ({"extra": "--sgd 1"}, "extra: --sgd takes no value, got '1'"),
            ({"extra": "--l2 1 --l2 2"}, "extra: --l2 is given twice"),
            ({"extra": "stray"}, "extra: 'stray' is not the value of an option"),
            ({"extra": "-b 20"}, "extra: '-b' is not the value of an option; write options by their long names"),
            ({"extra": "--learning_rate 1"}, "extra: --learning_rate has a field of its own: learning_rate"),
            ({"extra": "--quadratic ua"}, "extra: --quadratic has a field of its own: interactions"),
            ({"extra": "--mellowness 1"}, "extra: unknown option for exploration 'squarecb' '--mellowness'"),
            *(
                ({"extra": extra}, "extra: unknown option")
                for extra in (
                    "--data x",
                    "--final_regressor x",
                    "--predictions x",
                    "--audit",
                    "--daemon",
                    "--help",
                    "--testonly",
                )
            ),
        ],
    )
    def test_what_is_wrong_or_idle_is_refused_in_one_line(self, fields, line):
        with pytest.raises(InputError) as caught:
            VowpalWabbit(**fields)
        assert any(line in said for said in caught.value.lines), caught.value.lines
        assert all(said.startswith("VowpalWabbit: ") and "\n" not in said for said in caught.value.lines)

    def test_all_faults_are_said_at_once(self):
        with pytest.raises(InputError) as caught:
            VowpalWabbit(exploration="epsilon", gamma=3.0, lambda_=2.0, extra="--l2")
        assert len(caught.value.lines) == 3

    def test_what_vowpal_wabbit_refuses_is_said_before_the_run_and_at_the_start(self):
        policy = VowpalWabbit(extra="--l2 much")
        line = "has options that Vowpal Wabbit refuses: Failed to convert much to f; mend extra, '--l2 much'"
        assert policy.misfit(problem()) == line
        with pytest.raises(InputError) as caught:
            policy.start(problem(), np.random.default_rng(5))
        assert caught.value.lines == [f"policy 'VowpalWabbit(extra=--l2 much)' {line}"]
        assert VowpalWabbit().misfit(problem()) is None
        assert VowpalWabbit(extra="--l2 1e-6").misfit(problem()) is None

    @pytest.mark.parametrize("fields", OPTIONS, ids=said)
    def test_every_option_does_something_and_the_same_as_by_text(self, fields):
        visits, policy = block(150), VowpalWabbit(**fields)
        fast = policy.start(problem(), np.random.default_rng(5)).play(visits)
        assert_same(fast, by_text(policy, problem(), visits, np.random.default_rng(5)))
        plain = VowpalWabbit(exploration=policy.exploration).start(problem(), np.random.default_rng(5)).play(visits)
        assert (fast.propensity != plain.propensity).any()

    @pytest.mark.parametrize(
        "fields",
        [
            *OPTIONS,
            *(
                {"exploration": exploration, "extra": extra}
                for exploration in ("bag", "cover", "rnd", "synthcover")
                for extra in ("--coin", "--ftrl", "--l1 0.001", "--normal_weights", "--random_weights", "--sgd")
            ),
        ],
        ids=said,
    )
    def test_with_every_option_a_loaded_learner_goes_on_as_the_saved_one(self, fields):
        policy, visits = VowpalWabbit(**fields), block(150)
        learner = policy.start(problem(), np.random.default_rng(5))
        learner.play(visits.rows(np.arange(50)))
        other, later = resumed(policy, problem(), learner), visits.rows(np.arange(50, 150))
        assert_same(other.play(later), learner.play(later))

    def test_regcb_is_told_the_range_of_costs(self):
        """Rewards −1 to 4 at a scale of 2 are costs −2 to .5; where the world states none, −3 to 3; else `extra`."""
        policy = VowpalWabbit(exploration="regcb")
        bounded = policy.command_line(problem(reward_range=(-1.0, 4.0), reward_scale=2.0), 0)
        assert {"--cb_min_cost=-2.0", "--cb_max_cost=0.5"} <= set(bounded)
        assert {"--cb_min_cost=-3.0", "--cb_max_cost=3.0"} <= set(policy.command_line(problem(reward_scale=2.0), 0))
        own = VowpalWabbit(exploration="regcb", extra="--cb_min_cost -1").command_line(problem(), 0)
        assert [word for word in own if "cost" in word] == ["--cb_max_cost=3.0", "--cb_min_cost=-1"]

    def test_a_description_is_hashable_picklable_and_a_toml_table(self):
        policy = VowpalWabbit(exploration="bag", bag=3, interactions=["ua", "uua"])
        assert policy.label == "VowpalWabbit(exploration=bag, bag=3, interactions=('ua', 'uua'))"
        assert pickle.loads(pickle.dumps(policy)) == policy  # noqa: S301  our own bytes
        assert len({policy, policy}) == 1


class TestSaving:
    def learner(self, **fields):
        learner = VowpalWabbit(**fields).start(problem(), np.random.default_rng(5))
        learner.play(block(50))
        return learner

    @pytest.mark.parametrize(
        ("exploration", "cb_type"),
        [
            *((exploration, "mtr") for exploration in EXPLORATIONS),
            *((exploration, cb_type) for exploration in sorted(ALL_TYPES | {"cover"}) for cb_type in ("dr", "ips")),
            *((exploration, "dm") for exploration in sorted(ALL_TYPES)),
        ],
    )
    def test_once_saved_and_loaded_a_learner_goes_on_as_if_it_had_never_stopped(self, exploration, cb_type):
        """300 visits, then 300 more by the learner itself, and by another one that takes over its state."""
        nothing = None if exploration == "regcb" else 2
        world = problem(nothing=nothing, reward_scale=0.5, action_features=("p", "q"))
        policy = VowpalWabbit(exploration=exploration, cb_type=cb_type)
        learner = policy.start(world, np.random.default_rng(5))
        learner.play(with_nothing(block(300, partly=True, z=True), nothing))
        other = resumed(policy, world, learner)
        later = with_nothing(block(300, seed=1, partly=True, z=True), nothing)
        assert_same(other.play(later), learner.play(later))

    def test_saving_changes_nothing(self):
        saved, plain = self.learner(exploration="bag"), self.learner(exploration="bag")
        saved.state()
        assert_same(saved.play(block(100)), plain.play(block(100)))

    def test_a_learner_can_be_taken_back_to_an_earlier_state(self):
        learner = self.learner(exploration="rnd")
        state = learner.state()
        once = learner.play(block(100))
        learner.restore(state)
        assert_same(learner.play(block(100)), once)

    @pytest.mark.parametrize("fields", [{"exploration": "bag"}, {"interactions": ("ua", "uua")}, {"extra": "--coin"}])
    def test_a_model_with_other_options_is_refused(self, fields):
        with pytest.raises(InputError, match="VowpalWabbit: has a saved model with other options, "):
            self.learner().restore(self.learner(**fields).state())

    def test_a_model_of_another_size_is_refused(self):
        with pytest.raises(InputError, match=r"VowpalWabbit: .*bit"):
            self.learner(bits=10).restore(self.learner(bits=12).state())

    def test_a_model_can_not_smuggle_in_options_that_write_files(self, tmp_path):
        """Vowpal Wabbit follows the options in a model's header; this one would make it write wherever it says."""
        state = self.learner().state()
        model = state["model"].tobytes()
        place = model.index(b" --cb_adf")
        length = int.from_bytes(model[place - 4 : place], "little")
        forged = f" --predictions {tmp_path / 'stolen'}".encode() + model[place : place + length]
        state["model"] = np.frombuffer(
            model[: place - 4] + len(forged).to_bytes(4, "little") + forged + model[place + length :], dtype=np.uint8
        )
        with pytest.raises(InputError, match="has a saved model with other options, ' --predictions"):
            self.learner().restore(state)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("size", [0, 3, 20, 60])
    def test_a_damaged_model_is_refused_and_changes_nothing(self, size):
        learner, plain = self.learner(), self.learner()
        state = learner.state()
        with pytest.raises(InputError, match="VowpalWabbit: has a saved model that is damaged"):
            learner.restore(state | {"model": state["model"][:size]})
        assert_same(learner.play(block(50)), plain.play(block(50)))

    def test_it_leaves_no_file_behind(self, tmp_path, monkeypatch, capfd):
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        self.learner().restore(self.learner().state())
        assert list(tmp_path.iterdir()) == []
        assert capfd.readouterr() == ("", "")


class TestHousekeeping:
    def test_it_is_silent_and_writes_no_file(self, capfd, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for exploration in EXPLORATIONS:
            VowpalWabbit(exploration=exploration).start(problem(), np.random.default_rng(5)).play(block(50))
        gc.collect()
        assert capfd.readouterr() == ("", "")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.skipif(not pathlib.Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")
    def test_examples_do_not_leak(self):
        """20,000 visits may take 4 MiB, 210 bytes a visit; an example has room for 256 namespaces, over 20 kB."""
        learner, visits = VowpalWabbit().start(problem(), np.random.default_rng(5)), block(5000, partly=True)
        learner.play(visits)
        before = resident()
        for _ in range(4):
            learner.play(visits)
        assert resident() - before < 2**22

    @pytest.mark.skipif(not pathlib.Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")
    def test_learners_do_not_leak(self):
        """A workspace of 2^18 weights has 4 MiB or more; 30 of them, one after another, may take 16."""
        policy, visits = VowpalWabbit(), block(20)
        policy.start(problem(), np.random.default_rng(5)).play(visits)
        before = resident()
        for _ in range(30):
            policy.start(problem(), np.random.default_rng(5)).play(visits)
        gc.collect()
        assert resident() - before < 2**24

    def test_a_missing_package_is_named_with_its_remedy(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "vowpalwabbit", None)
        with pytest.raises(InputError, match="needs the package vowpalwabbit; run: pip install vowpalwabbit"):
            VowpalWabbit().start(problem(), np.random.default_rng(5))

    def test_it_is_imported_only_when_it_is_started(self):
        code = "import sys, bandits.vowpal; bandits.vowpal.VowpalWabbit(); sys.exit('vowpalwabbit' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def resident():
    """Resident memory [bytes]."""
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4096
