"""Caution: what is withheld, from whom, and how often not."""

import numpy as np
import pytest

from bandits import (
    Cautious,
    EpsilonGreedy,
    GaussianThompson,
    InputError,
    LinearThompson,
    LinUCB,
    PerCohort,
    PersonaBelief,
    Problem,
    Random,
    VowpalWabbit,
)
from bandits.fit import misfit_of
from bandits.protocol import Block, Choices
from tests.contracts.small_world import NOTHING, begin, small_block, small_problem
from tests.stochastic import detectable_gap, same_mean

PROBLEM = Problem(actions=("item", "nothing"), features=("one",), nothing=1, reward_scale=10.0)


def shown(policy, rewards, visits=200):
    """Whether the item is ever shown to somebody after these rewards of it were learnt."""
    learner = policy.start(PROBLEM, np.random.default_rng(5))
    N = len(rewards)
    block = Block(np.ones((N, 1)), np.ones((N, 2), dtype=bool))
    learner.learn_many(block, Choices(np.zeros(N, dtype=np.int64), np.ones(N)), np.array(rewards, dtype=float))
    return bool((learner.play(Block(np.ones((visits, 1)), np.ones((visits, 2), dtype=bool))).action == 0).any())


@pytest.mark.parametrize(
    ("inner", "margin", "rewards", "expected"),
    [
        # ridge 1, one reward of 20, which is 2 units: A = 2, theta = 1, sd = √½ = .71
        (LinUCB(alpha=0.0), 1.0, [20], True),
        (LinUCB(alpha=0.0), 1.5, [20], False),
        # its posterior is twice as wide under a noise of 2 units: sd = 1.41
        (LinearThompson(scale=2.0), 0.7, [20], True),
        (LinearThompson(scale=2.0), 0.72, [20], False),
        (GaussianThompson(scale=0.5), 2.8, [20], True),
        (GaussianThompson(scale=0.5), 2.9, [20], False),
        # four rewards of 20: A = 5, theta = 1.6, sd = .45
        (LinUCB(alpha=0.0), 1.5, [20] * 4, True),
        # a mean of 0 is not above 0, whatever the margin
        (LinUCB(alpha=9.0), 0.0, [], False),
        (LinUCB(alpha=9.0), 0.0, [-1], False),
        (LinUCB(alpha=0.0), 0.0, [1], True),
    ],
)
def test_an_item_is_withheld_until_its_mean_exceeds_the_margin(inner, margin, rewards, expected):
    assert shown(Cautious(inner, margin=margin, explore=0.0), rewards) is expected


def test_without_exceptions_nothing_is_ever_tried():
    block = small_block(300)
    learner = begin(Cautious(LinUCB(), explore=0.0), small_problem())
    assert (learner.play(block).action == NOTHING).all()


def test_with_exceptions_alone_it_is_the_policy_itself():
    policy, block = LinUCB(), small_block(300)
    inner = policy.start(small_problem(), np.random.default_rng(5).spawn(2)[0]).play(block)
    chosen = begin(Cautious(policy, explore=1.0), small_problem()).play(block)
    np.testing.assert_array_equal(chosen.action, inner.action)
    np.testing.assert_array_equal(chosen.propensity, inner.propensity)


@pytest.mark.parametrize("explore", [0.1, 0.25])
def test_exceptions_are_made_in_the_stated_share_of_visits(explore):
    """Before anything is learnt, LinUCB shows something whenever it may. 20,000 visits: a share off by .04 is found."""
    assert detectable_gap(20_000) < 0.04
    block = small_block(1).rows(np.zeros(20_000, dtype=np.int64))
    chosen = begin(Cautious(LinUCB(), explore=explore), small_problem()).play(Block(block.x, block.available))
    same_mean(chosen.action != NOTHING, explore)


def test_caution_within_caution_adds_up():
    """Both must make an exception: .5 · .5 of the visits; 20,000 of them: .04."""
    policy = Cautious(Cautious(LinUCB(), explore=0.5), explore=0.5)
    block = small_block(1).rows(np.zeros(20_000, dtype=np.int64))
    chosen = begin(policy, small_problem()).play(Block(block.x, block.available))
    same_mean(chosen.action != NOTHING, 0.25)


def test_it_reaches_through_other_wrappers():
    """A cautious belief and cautious cohorts withhold as a cautious regression does: everything, at first."""
    for policy in (PersonaBelief(LinUCB()), PerCohort(LinearThompson()), PerCohort(PersonaBelief(LinUCB()))):
        chosen = begin(Cautious(policy, explore=0.0), small_problem()).play(small_block(100))
        assert (chosen.action == NOTHING).all()


@pytest.mark.parametrize(
    ("inner", "label"),
    [
        (Random(), "Random"),
        (EpsilonGreedy(epsilon=0.2), "EpsilonGreedy(epsilon=0.2)"),
        (VowpalWabbit(), "VowpalWabbit"),
        (PersonaBelief(Random()), "PersonaBelief(Random)"),
        (PerCohort(VowpalWabbit()), "PerCohort(VowpalWabbit)"),
    ],
)
def test_what_has_no_uncertainty_is_refused(inner, label):
    with pytest.raises(InputError) as caught:
        Cautious(inner)
    assert caught.value.lines == [f"Cautious: policy: {label} has no uncertainty to be cautious about"]


def test_where_something_must_be_shown_it_is_refused():
    why = "withholds what may be bad, and in this world something must be shown"
    assert misfit_of(Cautious(LinUCB()), small_problem(nothing=None)) == why
    assert misfit_of(PerCohort(Cautious(LinUCB())), small_problem(nothing=None)) == why
