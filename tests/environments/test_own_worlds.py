"""From a table, or an object, to an environment."""

import numpy as np
import pytest

from bandits import Problem, Random
from bandits.errors import InputError
from environments import Drawn, DrawnWorld, about_of
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
