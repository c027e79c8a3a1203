import numpy as np
import pytest

from bandits.protocol import Problem
from environments.population import (
    Population,
    PopulationWorld,
    drawn,
    labelled_sample,
    means_by_cohort,
    minus,
    passes,
    with_nothing,
)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("sizes", [[12], [1] * 12, [3, 5, 4], [7, 5], [2, 10]])
def test_passes_are_the_same_in_however_many_pieces_they_are_asked_for(sizes):
    """Five rows, twelve visits: two whole passes and two rows of a third."""
    take = passes(5, rng())
    served = np.concatenate([take(size) for size in sizes])
    other = rng()
    assert served.tolist() == np.concatenate([other.permutation(5) for _ in range(3)])[:12].tolist()


def test_a_pass_is_every_row_once_in_an_order_of_its_own():
    take = passes(50, rng())
    first, second = take(50), take(50)
    assert sorted(first) == sorted(second) == list(range(50))
    assert first.tolist() != second.tolist()


def test_without_a_generator_the_order_is_the_tables():
    assert passes(3, None)(7).tolist() == [0, 1, 2, 0, 1, 2, 0]


def test_draws_are_the_same_in_however_many_pieces_they_are_asked_for():
    whole, pieces = drawn(9, rng()), drawn(9, rng())
    assert whole(100).tolist() == [*pieces(1), *pieces(60), *pieces(39)]


def test_means_by_cohort():
    """Cohort 0 has the rows (1, 4) and (3, 0), so (2, 2); cohort 1 has (7, 7) alone."""
    values = np.array([[1.0, 4.0], [7.0, 7.0], [3.0, 0.0]])
    assert means_by_cohort(values, np.array([0, 1, 0]), 2).tolist() == [[2.0, 2.0], [7.0, 7.0]]


def test_what_equals_the_bound_leaves_nothing_whatever_the_last_bits():
    """0.1 + 0.2 is 0.30000000000000004, which exceeds 0.3 by rounding alone; 0.3 exceeds 0.2 by 0.1."""
    assert minus(np.array([0.1 + 0.2, 0.3]), 0.3).tolist() == [0.0, 0.0]
    assert minus(0.3, np.array([0.1 + 0.2, 0.2])).tolist() == [0.0, 0.1]


def test_showing_nothing_is_a_last_action_that_brings_nothing():
    assert with_nothing(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist() == [[1.0, 2.0, 0.0], [3.0, 4.0, 0.0]]


PEOPLE = Population(
    x=np.array([[1.0, 0.0], [1.0, 1.0]]), cohort=np.array([1, 0]), typical=np.array([[5.0, 6.0], [7.0, 8.0]])
)


def test_a_visit_is_the_row_that_the_order_says():
    """Rows 1, 0, 1: each with its features, its cohort, what is typical of that, and what the truth says of it."""
    rewards = np.array([[10.0, 20.0], [30.0, 40.0]])
    world = PopulationWorld(
        problem=Problem(actions=("a", "b"), features=("constant", "x"), typical=True),
        population=PEOPLE,
        order=lambda size: np.array([1, 0, 1])[:size],
        truth=lambda rows: (rewards[rows], rewards[rows] + 1, rewards[rows] - 15),
        horizon=3,
        block=100,
    )
    visits = world.next_block()
    assert visits.x[:, 1].tolist() == [1, 0, 1]
    assert visits.cohort.tolist() == [0, 1, 0]
    assert visits.typical.tolist() == [[5, 6], [7, 8], [5, 6]]
    assert visits.rewards.tolist() == [[30, 40], [10, 20], [30, 40]]
    assert visits.expected.tolist() == [[31, 41], [11, 21], [31, 41]]
    assert visits.welfare.tolist() == [[15, 25], [-5, 5], [15, 25]]
    assert visits.user is None
    assert world.respond(np.array([0, 1, 1])).reward.tolist() == [30, 20, 40]
    assert world.next_block() is None


def test_a_labelled_sample_has_the_features_and_the_cohort_of_the_same_row():
    """In PEOPLE, the second feature is 1 where the cohort is 0."""
    sample = labelled_sample(PEOPLE, ("old", "young"), "user", rng())
    assert sample.x.shape == (200, 2)
    assert (sample.x[:, 1] == (sample.cohort == 0)).all()
    assert set(sample.cohort) == {0, 1}
    assert (sample.cohorts, sample.level) == (("old", "young"), ("user", "user"))
