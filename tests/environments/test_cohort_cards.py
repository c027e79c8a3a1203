import numpy as np

from environments.cohort_cards import highest, percent


def test_the_three_highest_in_order_and_of_equals_the_first():
    said = highest(("a", "b", "c", "d", "e"), np.array([0.25, 0.5, 0.75, 0.5, 0.5]), percent)
    assert said == "c (75.0 %), b (50.0 %), d (50.0 %)."


def test_of_two_both_are_told():
    assert highest(("a", "b"), np.array([-1.0, 2.0]), "{:.2g}".format) == "b (2), a (-1)."
