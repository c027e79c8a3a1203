"""A learner for each cohort: alone, and blamed for its own visits."""

from dataclasses import replace

import numpy as np
import pytest

from bandits import Choice, EpsilonGreedy, LinUCB, PerCohort, Problem, VowpalWabbit
from bandits.answers import Misbehaviour
from bandits.fit import misfit_of
from bandits.loops import in_blocks
from bandits.protocol import Block, BlockLearner, Choices
from tests.contracts.small_world import begin, rewards_of, small_block, small_problem


class Stubborn:
    """Shows an unavailable action at its third visit, or has no `correct`."""

    def start(self, problem, rng):
        return _Stubborn()


class _Stubborn:
    def __init__(self):
        self.visits = 0

    def choose(self, visit):
        self.visits += 1
        return Choice(99 if self.visits == 3 else 0, 1.0)

    def learn(self, visit, choice, reward):
        pass


def test_a_cohort_learns_as_if_the_others_were_not_there():
    """The visits of Ben alone, played by a learner of his, and among all others: the same choices, bit for bit."""
    policy, block = PerCohort(LinUCB()), small_block(400)
    of_ben = np.flatnonzero(block.cohort == 1)
    together = begin(policy, small_problem()).play(block).rows(of_ben)
    rng = np.random.default_rng(5).spawn(3)[1]
    alone = in_blocks(LinUCB().start(small_problem(), rng)).play(block.rows(of_ben))
    np.testing.assert_array_equal(together.action, alone.action)
    np.testing.assert_array_equal(together.propensity, alone.propensity)


def test_what_one_cohort_earns_moves_no_other():
    """Ada is paid, late, for 50 visits: what Ben and Cleo are shown afterwards stays what it was."""
    policy, block, further = PerCohort(LinUCB()), small_block(300), small_block(300, seed=1)
    paid, unpaid = begin(policy, small_problem()), begin(policy, small_problem())
    chosen = paid.play(block)
    unpaid.play(block)
    ada = np.flatnonzero(block.cohort == 0)[:50]
    paid.learn_many(block.rows(ada), chosen.rows(ada), rewards_of(block, chosen)[ada] - 9)
    same = paid.play(further).action == unpaid.play(further).action
    assert same[further.cohort != 0].all()
    assert not same[further.cohort == 0].all()


LEVELS = np.array([[-np.inf, 0.25], [0.5, 0.75]])


def guarded_block(N):
    """Visits with all that a guard asks for: cautions of two levels, nothing to be explored at some, propensities."""
    rng = np.random.default_rng(3)
    caution, greedy = rng.choice(LEVELS[:, 0], size=N, p=LEVELS[:, 1]), rng.random(N) < 0.3
    return replace(small_block(N), caution=caution, levels=LEVELS, greedy=greedy, asks=True)


class Mirror(BlockLearner):
    """Answers each visit with what it was asked there, and remembers what it was asked of all."""

    def __init__(self):
        self.asked = []

    def start(self, problem, rng):
        return Mirror()

    def play(self, block):
        self.asked.append((block.levels, block.asks))
        return Choices(
            np.zeros(len(block), dtype=np.int64),
            np.where(block.caution > 0, 0.25, 0.75),
            memo=block.x,
            error=block.x[:, 1] ** 2,
            explored=block.greedy,
        )

    def learn_many(self, block, choices, rewards):
        pass

    def correct_many(self, block, choices, deltas):
        pass


def test_all_that_is_asked_goes_in_and_all_that_is_answered_comes_out():
    """Each visit gets its own caution, greed, memo, error and sign of exploration, whichever learner answers."""
    block = guarded_block(90)
    learner = begin(PerCohort(Mirror()), small_problem())
    chosen = learner.play(block)
    np.testing.assert_array_equal(chosen.explored, block.greedy)
    np.testing.assert_array_equal(chosen.error, block.x[:, 1] ** 2)
    np.testing.assert_array_equal(chosen.memo, block.x)
    np.testing.assert_array_equal(chosen.propensity, np.where(block.caution > 0, 0.25, 0.75))
    for mirror in learner._learners:
        ((levels, asks),) = mirror._learner.asked
        np.testing.assert_array_equal(levels, LEVELS)
        assert asks


@pytest.mark.parametrize("policy", [LinUCB(alpha=0.8), EpsilonGreedy(epsilon=0.3)])
def test_guards_reach_the_learner_of_each_cohort(policy):
    """Ben's visits among those of all, and alone: the same propensities over levels, exploration and estimates."""
    block = guarded_block(400)
    of_ben = np.flatnonzero(block.cohort == 1)
    among_all = begin(PerCohort(policy), small_problem())
    together = among_all.play(block)
    ben = in_blocks(policy.start(small_problem(), np.random.default_rng(5).spawn(3)[1]))
    alone = ben.play(block.rows(of_ben))
    for field in ("action", "propensity", "explored"):
        np.testing.assert_array_equal(getattr(together, field)[of_ben], getattr(alone, field))
    assert together.explored.any()
    assert not together.explored[block.greedy].any()
    assert ((together.propensity > 0) & (together.propensity < 1)).any()
    if getattr(policy, "uncertain", False):
        for whole, part in zip(among_all.estimates(block), ben.estimates(block.rows(of_ben)), strict=True):
            np.testing.assert_array_equal(whole[of_ben], part)


def test_it_is_blamed_for_the_visit_at_which_it_misbehaved():
    """The first cohort to be served is Ada's; her third visit is number 6 of the block."""
    block = small_block(60)
    third = int(np.flatnonzero(block.cohort == 0)[2])
    assert third != 2
    with pytest.raises(Misbehaviour) as caught:
        begin(PerCohort(Stubborn()), small_problem()).play(block)
    assert caught.value.row == third
    assert str(caught.value).startswith("chose action 99, but only")


@pytest.mark.parametrize(
    ("policy", "changes", "why"),
    [
        (PerCohort(LinUCB()), {}, None),
        (PerCohort(LinUCB()), {"cohorts": None}, "needs cohort labels, and this world shows none"),
        (PerCohort(LinUCB()), {"features": ()}, "needs features of the visitor, and this world has none"),
        (PerCohort(VowpalWabbit()), {"corrections": True}, "cannot correct a reward it has already learnt"),
        (PerCohort(Stubborn()), {"corrections": True}, "cannot correct a reward it has already learnt"),
    ],
)
def test_worlds_that_it_does_not_fit_are_named(policy, changes, why):
    misfit = misfit_of(policy, small_problem(**changes))
    assert misfit is None if why is None else misfit.startswith(why)


def test_without_labels_it_says_what_it_needs():
    learner = PerCohort(LinUCB()).start(Problem(("a",), ("x",), cohorts=("one",)), np.random.default_rng(5))
    with pytest.raises(ValueError, match="PerCohort: needs the cohort of every visit"):
        learner.play(Block(np.ones((1, 1)), np.ones((1, 1), dtype=bool)))
