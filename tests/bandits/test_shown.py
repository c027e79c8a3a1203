"""Visits and choices that do not fit a learner's problem are refused, before compiled loops write out of bounds."""

from __future__ import annotations

import numpy as np
import pytest

from bandits import (
    CollaborativeFiltering,
    ExposureCap,
    HierarchicalLinearThompson,
    HierarchicalThompson,
    HybridLinUCB,
    InputError,
    LinUCB,
    PerCohort,
    PersonaBelief,
    SharedLinUCB,
)
from bandits.protocol import Block, Choice, Choices, Visit
from tests.contracts.small_world import ACTION_FEATURES, begin, small_problem

PROBLEM = small_problem(action_features=ACTION_FEATURES)
RIGHT = {"x": np.ones(4), "available": np.ones(5, dtype=bool), "z": np.ones((5, 3)), "cohort": 2, "user": 39}
WRONG = [
    (LinUCB(), {"x": np.ones(40)}, "LinUCB: was shown x (1, 40), where (1, 4) was due, as its problem says"),
    (LinUCB(), {"x": np.ones(3)}, "LinUCB: was shown x (1, 3), where (1, 4) was due, as its problem says"),
    (LinUCB(), {"available": np.ones(6, dtype=bool)}, "LinUCB: was shown available (1, 6), where (1, 5) was due"),
    (
        LinUCB(),
        {"x": np.array([1.0, np.nan, 0.0, 0.0])},
        "LinUCB: was shown a value of the feature 'orders' that is no finite number; mend the world",
    ),
    (
        LinUCB(),
        {"available": np.zeros(5, dtype=bool)},
        "LinUCB: was shown a visit at which no action is available; leave such visits out",
    ),
    (PersonaBelief(LinUCB()), {"x": np.ones(5)}, "PersonaBelief: was shown x (1, 5), where (1, 4) was due"),
    (SharedLinUCB(), {"z": np.ones((5, 30))}, "SharedLinUCB: was shown z (5, 30), where (5, 3) was due"),
    (HybridLinUCB(), {"z": np.ones((4, 3))}, "HybridLinUCB: was shown z (4, 3), where (5, 3) was due"),
    (HierarchicalThompson(), {"cohort": 3}, "HierarchicalThompson: was shown cohort 3, and its problem has 3 of them"),
    (HierarchicalLinearThompson(), {"cohort": None}, "HierarchicalLinearThompson: needs the cohort of every visit"),
    (PerCohort(LinUCB()), {"cohort": -1}, "PerCohort: was shown cohort -1, and its problem has 3 of them"),
    (CollaborativeFiltering(), {"user": 10**7}, "CollaborativeFiltering: was shown user 10000000, and its problem has"),
    (CollaborativeFiltering(), {"user": None}, "CollaborativeFiltering: needs the user of every visit, got None"),
    (PersonaBelief(LinUCB()), {"user": 40}, "PersonaBelief: was shown user 40, and its problem has 40 of them"),
    (ExposureCap(LinUCB(), 1), {"user": -1}, "ExposureCap: was shown user -1, and its problem has 40 of them"),
]


@pytest.mark.parametrize(("policy", "wrong", "line"), WRONG)
def test_a_visit_of_another_world_is_refused_in_one_line(policy, wrong, line):
    learner = begin(policy, PROBLEM)
    with pytest.raises(InputError) as refused:
        learner.choose(Visit(**RIGHT | wrong))
    assert len(refused.value.lines) == 1
    assert refused.value.lines[0].startswith(line)
    learner.choose(Visit(**RIGHT))


@pytest.mark.parametrize("paid", [float("nan"), float("inf")])
def test_a_reward_that_is_no_finite_number_is_refused_and_not_learnt(paid):
    """At once and later; the next choices are those of a learner that was never paid it."""
    learner, other = begin(LinUCB(), PROBLEM), begin(LinUCB(), PROBLEM)
    visit = Visit(**RIGHT)
    choice = learner.choose(visit)
    other.choose(visit)
    block = Block.of(visit)
    for paying in (
        lambda: learner.learn(visit, Choice(0, 1.0), paid),
        lambda: learner.learn_many(block, Choices.of(choice), np.array([paid])),
    ):
        with pytest.raises(InputError) as refused:
            paying()
        assert refused.value.lines == ["LinUCB: was paid a reward that is no finite number; mend the world"]
    assert [learner.choose(visit).action for _ in range(20)] == [other.choose(visit).action for _ in range(20)]


def test_a_choice_of_another_world_is_refused():
    """Action 5 of 0 … 4, whether it is learnt or corrected."""
    learner, visit, choice = begin(LinUCB(), PROBLEM), Visit(**RIGHT), Choice(5, 1.0)
    for teach in (learner.learn, learner.correct):
        with pytest.raises(InputError, match="LinUCB: was shown action 5, and its problem has 5 of them, from 0"):
            teach(visit, choice, 1.0)
