"""A learner for each cohort: alone, and blamed for its own visits."""

import numpy as np
import pytest

from bandits import Choice, LinUCB, PerCohort, Problem, VowpalWabbit
from bandits.answers import Misbehaviour
from bandits.fit import misfit_of
from bandits.loops import in_blocks
from bandits.protocol import Block
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
    with pytest.raises(ValueError, match="PerCohort needs cohort labels"):
        learner.play(Block(np.ones((1, 1)), np.ones((1, 1), dtype=bool)))
