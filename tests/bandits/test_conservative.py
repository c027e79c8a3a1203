"""Conservative: the promise, with known and unknown baselines, and what it costs."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bandits import (
    ABTest,
    Always,
    Cautious,
    CollaborativeFiltering,
    Conservative,
    EpsilonGreedy,
    ExposureCap,
    InputError,
    LinearThompson,
    LinUCB,
    Nothing,
    Oracle,
    PerCohort,
    PersonaBelief,
    Popularity,
    Problem,
    Random,
    VowpalWabbit,
)
from bandits.budget import width_of_sum
from bandits.fit import misfit_of
from bandits.protocol import Block, Choices, Needs
from bandits.saving import load
from tests.contracts.small_world import (
    assert_same,
    begin,
    in_pieces,
    rewards_of,
    small_block,
    small_problem,
    stacked,
    step_by_step,
)
from tests.oracles.conservative import explores
from tests.stochastic import FALSE_ALARM

ARMS = np.array([0.5, *[0.1] * 8, 0.6])
"""The baseline's mean, eight that are far worse, and one that is better."""
THETA = np.array([[0.3, 0.3, 0.1], [0.1, 0.8, 0.0], [0.1, 0.0, 0.8], [0.05, 0.1, 0.1]])
"""The baseline's coefficients, two that are better for some visitors, and one that is far worse; norms up to .81."""
DELTA, TOLERANCE = 0.05, 0.1


def bernoulli_world(T, seed, kind):
    """A problem, T visits and their expected rewards (T, K); action 0 is the baseline."""
    rng = np.random.default_rng(seed)
    if kind == "arms":
        features, x, expected = ("one",), np.ones((T, 1)), np.tile(ARMS, (T, 1))
    else:
        features, x = ("one", "u", "v"), np.hstack([np.ones((T, 1)), rng.random((T, 2))])
        expected = x @ THETA.T
    rewards = (rng.random(expected.shape) < expected).astype(np.float64)
    problem = Problem(tuple(f"item {k}" for k in range(expected.shape[1])), features, reward_range=(0.0, 1.0))
    return problem, Block(x, np.ones(expected.shape, dtype=np.bool_), rewards), expected


def surplus(policy, kind, T, seed, delay=0):
    """By how much each visit's expected reward exceeds 1 − tolerance of the baseline's (T,), and all of it (T,)."""
    problem, block, expected = bernoulli_world(T, seed, kind)
    learner = begin(policy, problem, seed)
    if delay:
        pieces, chosen = in_pieces(block, delay), []
        for n, piece in enumerate(pieces):
            chosen.append(learner.play(replace(piece, rewards=None)))
            if n:
                learner.learn_many(pieces[n - 1], chosen[-2], rewards_of(pieces[n - 1], chosen[-2]))
        action = stacked(chosen).action
    else:
        action = learner.play(block).action
    earned = expected[np.arange(T), action]
    return earned - (1 - TOLERANCE) * expected[:, 0], earned - expected[:, 0]


def violations(policy, kind, T, runs, delay=0):
    """In how many runs the promise fails at some time."""
    return sum(np.cumsum(surplus(policy, kind, T, seed, delay)[0]).min() < -1e-9 for seed in range(runs))


def conservative(known=None, policy=None, **more):
    return Conservative(policy or LinUCB(), Always(0), TOLERANCE, delta=DELTA, baseline_reward=known, **more)


LONGER = [
    pytest.param("arms", None, marks=pytest.mark.slow, id="unknown"),
    pytest.param("linear", None, marks=pytest.mark.slow, id="linear"),
]
CASES = pytest.mark.parametrize(("kind", "known"), [pytest.param("arms", 0.5, id="known"), *LONGER])


class TestThePromise:
    @CASES
    def test_is_kept_while_an_unguarded_policy_breaks_it(self, kind, known):
        """25 runs of 300 visits. If it failed with probability δ, more failures than allowed come once in 1e9 times.

        LinUCB fails in nearly all runs; so many come by luck once in 1e9 if it failed with probability δ.
        """
        allowed = stats.binom.isf(FALSE_ALARM, 25, DELTA)
        assert violations(conservative(known), kind, 300, 25) <= allowed
        assert violations(LinUCB(), kind, 300, 25) > allowed

    @pytest.mark.slow
    @CASES
    def test_is_kept_in_a_thousand_runs(self, kind, known):
        """1,000 runs of 300 visits: no more than δ of them fail, and of LinUCB's more than half."""
        assert violations(conservative(known), kind, 300, 1000) <= DELTA * 1000
        assert violations(LinUCB(), kind, 300, 1000) > 500

    @pytest.mark.parametrize("known", [0.5, None])
    def test_is_kept_by_the_worst_of_policies_which_gets_to_spend_the_budget(self, known):
        """Item 1 brings .1 where .45 must be earned: .35 are lost a visit, and .05 saved at every other one.

        6 runs of 800 visits: if all were known, 100 could be lost so. Who risks less than 30 of them is timid (70 where
        the baseline's mean is known).
        """
        spent = []
        for seed in range(6):
            total = np.cumsum(surplus(conservative(known, Always(1)), "arms", 800, seed)[0])
            assert total.min() >= -1e-9
            spent.append((0.05 * 800 - total[-1]) / 0.4)
        assert min(spent) >= (30 if known is None else 70)

    @pytest.mark.parametrize("known", [0.5, None])
    def test_is_kept_when_rewards_come_late(self, known):
        """Rewards come 50 to 100 visits late; 10 runs of 400 visits, as above."""
        allowed = stats.binom.isf(FALSE_ALARM, 10, DELTA)
        assert violations(conservative(known), "arms", 400, 10, delay=50) <= allowed

    @CASES
    @pytest.mark.slow
    def test_costs_little_and_the_baseline_is_beaten(self, kind, known):
        """40 runs of 3,000 visits: on average, the last thousand earn .05 a visit more than the baseline.

        Regret grows sublinearly: in the last third it is less than a third of that in the first.
        """
        gains = np.array([surplus(conservative(known), kind, 3000, seed)[1] for seed in range(40)]).mean(axis=0)
        best = bernoulli_world(3000, 0, kind)[2]
        ideal = (best.max(axis=1) - best[:, 0]).mean()
        assert gains[2000:].mean() > 0.05
        assert ideal - gains[2000:].mean() < (ideal - gains[:1000].mean()) / 3

    def test_is_not_kept_by_never_leaving_the_baseline(self):
        """One run of 1,200 visits: in the last 300, what LinUCB proposes is shown nearly always."""
        gain = surplus(conservative(), "linear", 1200, 3)[1]
        assert gain[900:].mean() > 0.05


class TestWhenItExplores:
    @pytest.mark.parametrize("known", [0.45, None])
    @pytest.mark.parametrize("lag", [1, 20])
    def test_as_the_formulas_say(self, known, lag):
        """150 visits, recomputed each time from the whole history; some of them explored, and some not."""
        problem, block, _ = bernoulli_world(150, 7, "linear")
        rng = np.random.default_rng(2)
        block = replace(block, rewards=np.maximum(block.rewards, rng.random((150, 4)) < 0.6))
        how = {"tolerance": 0.47, "delta": 0.1, "size": 2.0}
        learner = begin(Conservative(Always(3), Always(0), baseline_reward=known, **how), problem)
        chosen = []
        for n, piece in enumerate(in_pieces(block, 1)):
            chosen.append(learner.play(replace(piece, rewards=None)))
            if n >= lag - 1:
                past = in_pieces(block, 1)[n - lag + 1]
                learner.learn_many(past, chosen[n - lag + 1], rewards_of(past, chosen[n - lag + 1]))
        expected = explores(
            np.hstack([np.ones((150, 1)), block.x]),
            np.full(150, 3),
            np.zeros(150, dtype=np.int64),
            block.rewards,
            lag,
            4,
            noise=0.5,
            low=0.0,
            high=1.0,
            known=known,
            boundary=lambda v, delta: width_of_sum(float(v), 1.0, np.log(1 / delta)),
            **how,
        )
        np.testing.assert_array_equal(stacked(chosen).action == 3, expected)
        assert 5 < expected.sum() < 145

    def test_by_hand(self):
        """A quarter of ½ is saved a visit; exploring costs ¾ · ½ at worst, and no reward comes: every fourth visit."""
        problem, block, _ = bernoulli_world(40, 0, "arms")
        policy = Conservative(Always(9), Always(0), 0.25, baseline_reward=0.5)
        chosen = begin(policy, problem).play(replace(block, rewards=None))
        np.testing.assert_array_equal(chosen.action == 9, np.arange(40) % 4 == 3)
        np.testing.assert_array_equal(chosen.propensity, np.ones(40))

    def test_of_a_baseline_that_loses_by_hand(self):
        """−½ is known, and ¼ of ½ saved a visit; exploring costs −1 + ½ + ⅛ at worst: every fourth visit."""
        problem, block, _ = bernoulli_world(40, 0, "arms")
        policy = Conservative(Always(9), Always(0), 0.25, baseline_reward=-0.5)
        chosen = begin(policy, replace(problem, reward_range=(-1.0, 0.0))).play(replace(block, rewards=None))
        np.testing.assert_array_equal(chosen.action == 9, np.arange(40) % 4 == 3)

    def test_a_baseline_that_loses_is_left_for_good(self):
        """−½ against −¼ on average, not known before: after 1,500 visits item 9 is all that is shown."""
        problem, block, _ = bernoulli_world(1500, 0, "arms")
        luck = np.random.default_rng(1).random((1500, 10))
        block = replace(block, rewards=-(luck < [0.5] * 9 + [0.25]).astype(np.float64))
        policy = Conservative(Always(9), Always(0), 0.25)
        chosen = begin(policy, replace(problem, reward_range=(-1.0, 0.0))).play(block)
        assert (chosen.action[:50] == 0).mean() > 0.5
        assert (chosen.action[-500:] == 9).all()

    def test_an_allowance_is_spent_once(self):
        """Nothing brings 0, of which any share is 0. Items may lose 1: an allowance of 5½ bears five of them.

        At a visit at which the one item is not available, nothing is at risk.
        """
        problem = Problem(("item", "nothing"), nothing=1, reward_range=(-1.0, 1.0))
        available = np.ones((40, 2), dtype=np.bool_)
        available[::2, 0] = False
        block = Block(np.empty((40, 0)), available)
        for allowance, times in ((0.0, 0), (5.5, 5)):
            policy = Conservative(Random(), Nothing(), baseline_reward=0.0, allowance=allowance)
            assert (begin(policy, problem).play(block).action == 0).sum() == times

    def test_what_the_policy_would_do_by_itself_once_the_allowance_is_ample(self):
        """The policy's stream is its own."""
        inner = LinUCB().start(small_problem(), np.random.default_rng(5).spawn(2)[0]).play(small_block(200))
        chosen = begin(Conservative(LinUCB(), Always("lamp"), allowance=1e9), small_problem()).play(small_block(200))
        np.testing.assert_array_equal(chosen.action, inner.action)
        np.testing.assert_array_equal(chosen.propensity, inner.propensity)
        np.testing.assert_array_equal(chosen.explored, inner.explored)


MIXED = [
    conservative(0.5),
    conservative(0.5, EpsilonGreedy(epsilon=0.5)),
    Conservative(LinUCB(), ABTest(visits_per_action=5), 0.3, baseline_reward=0.2),
    Conservative(PersonaBelief(LinUCB(), evidence="visit"), CollaborativeFiltering(refit=20), 0.3, baseline_reward=0.2),
    Conservative(VowpalWabbit(), Popularity(refit=20), 0.3, baseline_reward=0.2),
    Conservative(ExposureCap(LinUCB(), 3), Random(), 0.3, baseline_reward=0.2),
]


@pytest.mark.parametrize("policy", MIXED, ids=lambda policy: policy.label)
class TestBothKindsOfVisits:
    """The laws of every policy, where now the policy and now the baseline is shown."""

    problem = small_problem(nothing=None, reward_range=(0.0, 1.0), reward_scale=1.0)

    def block(self, N, seed=0):
        block = small_block(N, seed, nothing=None, partly=True)
        available = block.available.copy()
        available[:, 0] = True
        return replace(block, available=available, rewards=(block.rewards > 0.5).astype(np.float64))

    def test_there_are_both(self, policy):
        chosen = begin(policy, self.problem).play(self.block(300))
        usual = chosen.memo[:, 0]
        assert 5 < (chosen.action != usual).sum() < 250
        same = begin(policy, self.problem).play(self.block(300)).explored
        assert (same is None) == (chosen.explored is None) == ("Vowpal" in policy.label)

    def test_play_equals_choose_and_learn(self, policy):
        block = self.block(200)
        fast, slow = begin(policy, self.problem), begin(policy, self.problem)
        assert_same(fast.play(block), step_by_step(slow, block))
        assert_same(fast.play(self.block(50, 1)), slow.play(self.block(50, 1)))

    def test_saved_it_goes_on(self, policy, tmp_path):
        learner = begin(policy, self.problem)
        if "Vowpal" in policy.label:
            return  # how it is saved is tested with it
        learner.play(self.block(150))
        waiting = replace(self.block(30, 1), rewards=None)
        chosen = learner.play(waiting)
        learner.save(tmp_path / "learner.npz")
        again = load(tmp_path / "learner.npz")
        for each in (learner, again):
            each.learn_many(waiting, chosen, rewards_of(self.block(30, 1), chosen))
        assert_same(learner.play(self.block(100, 2)), again.play(self.block(100, 2)))

    def test_a_correction_counts_as_if_right_at_once(self, policy):
        if not Needs.of(policy).corrects:
            return
        block = self.block(150)
        later = replace(block, rewards=None)
        right, corrected = begin(policy, self.problem), begin(policy, self.problem)
        chosen = right.play(later)
        corrected.play(later)
        rewards = rewards_of(block, chosen)
        right.learn_many(later, chosen, rewards)
        corrected.learn_many(later, chosen, 1 - rewards)
        corrected.correct_many(later, chosen, 2 * rewards - 1)
        np.testing.assert_array_equal(right.play(self.block(200, 1)).action, corrected.play(self.block(200, 1)).action)


def test_propensities_are_those_of_whoever_is_shown():
    """At three visits the baseline is shown for sure; at the fourth, EpsilonGreedy(ε = 1) draws one of ten items."""
    problem, block, _ = bernoulli_world(4, 0, "arms")
    policy = Conservative(EpsilonGreedy(epsilon=1.0), Always(0), 0.25, baseline_reward=0.5)
    chosen = begin(policy, problem).play(replace(block, rewards=None))
    np.testing.assert_array_equal(chosen.propensity, [1.0, 1.0, 1.0, 0.1])


def test_the_policy_learns_from_what_the_baseline_shows():
    """8 visits with a reward of 1, ridge 1: theta = 8/9. What it would have shown itself it does not learn."""
    problem = Problem(("a", "b"), ("one",), reward_range=(0.0, 1.0))
    learner = begin(Conservative(LinUCB(), Always(0)), problem)
    learner.play(Block(np.ones((8, 1)), np.ones((8, 2), dtype=np.bool_), np.tile([1.0, np.nan], (8, 1))))
    mean, _ = learner.estimates(Block(np.ones((1, 1)), np.ones((1, 2), dtype=np.bool_)))
    np.testing.assert_allclose(mean, [[8 / 9, 0.0]])


def test_choices_of_others_teach_without_counting():
    """A log of 500 visits at which somebody else showed item 9: it is known to be good, yet nothing was saved."""
    problem, block, _ = bernoulli_world(500, 0, "arms")
    learner = begin(conservative(0.5), problem)
    others = Choices(np.full(500, 9), np.ones(500))
    learner.learn_many(replace(block, rewards=None), others, np.ones(500))
    chosen = learner.play(replace(block.rows(np.arange(3)), rewards=None))
    np.testing.assert_array_equal(chosen.action, [0, 0, 0])
    mean, _ = learner.estimates(block.rows(np.arange(1)))
    assert mean[0, 9] > 0.99


class TestDescription:
    def test_it_needs_what_either_needs(self):
        assert Needs.of(Conservative(LinUCB(), PerCohort(LinUCB()))).sees_cohort
        assert Needs.of(Conservative(LinUCB(), CollaborativeFiltering())).sees_user
        assert Needs.of(Conservative(LinUCB(), Oracle())).sees_expected
        assert Needs.of(Conservative(LinUCB(), Random())).corrects
        assert not Needs.of(Conservative(LinUCB(), Popularity())).corrects
        assert not Needs.of(Conservative(VowpalWabbit(), Random())).corrects

    def test_a_baseline_that_does_not_fit_is_named(self):
        why = misfit_of(Conservative(LinUCB(), Always("lmap")), small_problem())
        assert why.startswith("cannot fall back on 'Always(action=lmap)': unknown action 'lmap'")
        assert misfit_of(Conservative(LinUCB(), Random()), small_problem(features=())).startswith("needs features")

    def test_no_policy_is_cautious_about_what_the_baseline_shows(self):
        for wrap in (Cautious, lambda policy: ExposureCap(policy, 1)):
            with pytest.raises(InputError, match="has no uncertainty"):
                wrap(Conservative(LinearThompson(), Random()))

    @pytest.mark.parametrize(
        "wrong",
        [
            {"tolerance": -0.1},
            {"tolerance": 1.1},
            {"delta": 0.0},
            {"delta": 0.6},
            {"allowance": -1.0},
            {"noise": 0.0},
            {"size": 0.0},
        ],
    )
    def test_out_of_bounds_is_refused(self, wrong):
        with pytest.raises(InputError, match=next(iter(wrong))):
            Conservative(LinUCB(), Random(), **wrong)
