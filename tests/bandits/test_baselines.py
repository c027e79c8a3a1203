"""The marks: nothing, the same for all, chance, and the truth."""

import numpy as np
import pytest

from bandits import Always, InputError, Nothing, Oracle, PersonaOracle, Problem, Random
from bandits.protocol import Block
from tests.stochastic import detectable_gap, proportions

PROBLEM = Problem(actions=("pen", "book", "nothing"), nothing=2)
SOME = np.array([[1, 1, 1], [0, 1, 1], [0, 1, 0], [1, 0, 0]], dtype=bool)


def choices(policy, available, problem=PROBLEM, **fields):
    block = Block(np.empty((len(available), 0)), np.array(available, dtype=bool), **fields)
    return policy.start(problem, np.random.default_rng(5)).play(block)


def test_nothing_is_shown_where_it_may_be_and_else_the_first_action_that_may():
    chosen = choices(Nothing(), SOME)
    assert chosen.action.tolist() == [2, 2, 1, 0]
    assert chosen.propensity.tolist() == [1.0] * 4


def test_nothing_needs_a_world_in_which_nothing_may_be_shown():
    problem = Problem(actions=("pen",))
    assert Nothing().misfit(problem) == "shows nothing, and in this world something must be shown"
    with pytest.raises(ValueError, match="something must be shown"):
        Nothing().start(problem, np.random.default_rng(5))


@pytest.mark.parametrize(
    ("action", "nothing", "expected"), [("pen", 2, [0, 2, 1, 0]), (0, 2, [0, 2, 1, 0]), ("book", None, [1, 1, 1, 0])]
)
def test_always_shows_its_action_or_else_nothing_or_else_the_first(action, nothing, expected):
    chosen = choices(Always(action), SOME, Problem(actions=PROBLEM.actions, nothing=nothing))
    assert chosen.action.tolist() == expected
    assert chosen.propensity.tolist() == [1.0] * 4


@pytest.mark.parametrize(
    ("action", "why"),
    [
        ("pen", None),
        (2, None),
        ("pencil", "unknown action 'pencil' (known: book, nothing, pen); did you mean 'pen'?"),
        (3, "action must be 0 to 2, got 3"),
        (-1, "action must be 0 to 2, got -1"),
    ],
)
def test_always_names_an_action_that_is_not_there(action, why):
    assert Always(action).misfit(PROBLEM) == why


def test_always_takes_a_name_or_a_number():
    for action in (1.5, True, None):
        with pytest.raises(InputError) as caught:
            Always(action)
        assert caught.value.lines == [f"Always: action: must be the name of an action, or its index, got {action}"]


def test_random_is_uniform_over_what_is_available():
    """30,000 visits with two of three available: a share that is off by .03 is found."""
    assert detectable_gap(30_000, looks=2) < 0.03
    chosen = choices(Random(), np.tile([True, False, True], (30_000, 1)))
    proportions(np.bincount(chosen.action, minlength=3)[[0, 2]], [0.5, 0.5])
    assert (chosen.propensity == 0.5).all()


@pytest.mark.parametrize("oracle", [Oracle(), PersonaOracle()])
def test_an_oracle_shows_the_best_that_is_available_and_breaks_ties(oracle):
    """Expected (3, 5, 5): book or nothing, each with 1/2; without nothing, book; pen alone, pen."""
    expected = np.tile([3.0, 5.0, 5.0], (3, 1))
    chosen = choices(oracle, [[1, 1, 1], [1, 1, 0], [1, 0, 0]], expected=expected)
    assert chosen.action[0] in (1, 2)
    assert chosen.action[1:].tolist() == [1, 0]
    assert chosen.propensity.tolist() == [0.5, 1.0, 1.0]


@pytest.mark.parametrize("oracle", [Oracle(), PersonaOracle()])
def test_an_oracle_runs_where_there_is_a_truth_only(oracle):
    with pytest.raises(ValueError, match="it runs in simulated worlds only"):
        choices(oracle, SOME)
