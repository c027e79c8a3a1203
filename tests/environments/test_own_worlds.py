"""From a table, or an object, to an environment."""

import numpy as np
import pytest

from bandits import Problem, Random
from bandits.errors import InputError
from environments import Change, Drawn, DrawnWorld, about_of
from environments.protocol import Cohort
from environments.registry import environment_from
from experiments import Experiment, run


class Stall:
    """A world of one's own, of which a part may be wrong."""

    problem = Problem(actions=("ice", "soup"))

    @property
    def about(self):
        return about_of(self, "A stall", 20)

    def open(self, seed, replication):
        return DrawnWorld(self, lambda n: Drawn(expected=np.full((n, 2), self.expected), rewards=np.ones((n, 2))))

    expected = 0.5


class Nameless(Stall):
    about = None


class Faulty(Stall):
    problem = "ice or soup"

    @property
    def about(self):
        return 1 / 0


class Unknowing(Stall):
    expected = np.nan


def lines(environment):
    with pytest.raises(InputError) as refused:
        environment_from(environment)
    return refused.value.lines


def test_a_world_of_ones_own_says_what_it_is():
    assert environment_from(Stall()).problem.actions == ("ice", "soup")
    assert lines(Nameless()) == ["Nameless must have about, About(…), got None"]
    assert lines(Faulty()) == [
        "Faulty cannot say its about: ZeroDivisionError: division by zero",
        "Faulty must have problem, Problem(…), got 'ice or soup'",
    ]


def test_what_is_expected_must_be_told():
    """Else regret would be missing, and nobody would know why."""
    (failure,) = run(Experiment(name="stall", environments=[Unknowing()], policies=[Random()], replications=1)).failures
    assert "expected rewards must be finite, got NaN or infinity; mend the world" in failure["message"]
    assert failure["user"]


WARM, COLD = Cohort(key="warm", name="people who are warm", share=0.7), Cohort(key="cold", name="people", share=0.3)


class Crowd(Stall):
    """A stall with cohorts, at which what is served may be wrong."""

    def __init__(self, **served):
        self.served = served

    @property
    def about(self):
        return about_of(self, "A crowd", 20, cohorts=(WARM, COLD))

    def open(self, seed, replication):
        def draw(n):
            alike = {"expected": np.full((n, 2), 0.5), "rewards": np.ones((n, 2))}
            return Drawn(**alike, **{name: make(n) for name, make in self.served.items()})

        return DrawnWorld(self, draw)


@pytest.mark.parametrize(
    ("served", "line"),
    [
        ({"cohort": lambda n: np.arange(n) % 3}, "cohort must be an index from 0 to 1, got 2 at visit 2"),
        ({"cohort": lambda n: np.full(n, -1)}, "cohort must be an index from 0 to 1, got -1 at visit 0"),
        ({"cohort": lambda n: np.full(n, 10**9)}, "cohort must be an index from 0 to 1, got 1000000000 at visit 0"),
        (
            {"cohort": np.zeros},
            "cohort must be whole numbers of shape (20,), got float64 of shape (20,)",
        ),
        (
            {"cohort": lambda n: np.zeros(n + 1, dtype=int)},
            "cohort must be whole numbers of shape (20,), got int64 of shape (21,)",
        ),
        (
            {"available": lambda n: np.arange(n)[:, None] < [[9, 8]]},
            "available must have an action at each visit, and has none at visit 9",
        ),
        (
            {"available": lambda n: np.ones((n, 2))},
            "available must be of shape (20, 2) and bool, got float64 of shape (20, 2)",
        ),
    ],
)
def test_a_visit_is_of_a_cohort_that_there_is_and_something_can_be_done(served, line):
    """Compiled code relies on it: it would write beside its arrays."""
    world = Crowd(**served)
    (failure,) = run(Experiment(name="crowd", environments=[world], policies=[Random()], replications=1)).failures
    assert f"{line}; mend the world" in failure["message"]
    assert failure["user"]


def test_what_is_said_of_a_world_is_checked_all_at_once():
    with pytest.raises(InputError) as refused:
        about_of(Stall(), "A stall", 0, cohorts=(WARM, WARM), changes=[Change(-3, "new: tea")])
    assert refused.value.lines == [
        "A stall: horizon: must be at least 1, got 0",
        "A stall: cohorts: must have different keys, got ['warm', 'warm']",
        "A stall: cohorts: must have shares above 0 that add up to 1, got [0.7, 0.7]",
        "A stall: changes: must come after the start and before 0, got Change(time=-3, label='new: tea')",
    ]


def test_a_world_serves_what_it_says():
    class Wrong(Crowd):
        problem = Problem(actions=("ice", "soup"), cohorts=("x", "y"))

        @property
        def about(self):
            return about_of(self, "A crowd", 20, cohorts=(WARM, COLD), bad_below=0.3)

        def open(self, seed, replication):
            return DrawnWorld(self, lambda n: None, bad_below=0.8)

    with pytest.raises(InputError) as refused:
        Wrong().open(0, 0)
    assert refused.value.lines == [
        "A crowd: bad_below: must be given to about_of and DrawnWorld alike, or to neither",
        "A crowd: problem.cohorts: must be those of `about`, ('warm', 'cold'), got ('x', 'y')",
    ]
    with pytest.raises(InputError, match=r"must be Drawn\(…\), got None; mend the draw"):
        DrawnWorld(Stall(), lambda n: None).next_block()
