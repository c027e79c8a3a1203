"""The best of several scores: none but a candidate wins, and ties are fair."""

import math

import numpy as np
import pytest

from bandits.ties import best_of, ties_with
from tests.stochastic import detectable_gap, proportions


@pytest.mark.parametrize(
    ("scores", "candidates", "tie", "best", "ties"),
    [
        ([1, 3, 2], [1, 1, 1], 0.99, 1, 1),
        ([1, 3, 2], [1, 0, 1], 0.0, 2, 1),
        ([3, 3, 2, 3], [1, 1, 1, 1], 0.0, 0, 3),
        ([3, 3, 2, 3], [1, 1, 1, 1], 0.34, 1, 3),
        ([3, 3, 2, 3], [1, 1, 1, 1], 0.999, 3, 3),
        ([3, 3, 2, 3], [0, 1, 1, 1], 0.5, 3, 2),
        ([-math.inf, -math.inf], [1, 1], 0.5, 1, 2),
        ([0, 9], [1, 0], 0.5, 0, 1),
        ([1.0, 1.0 + 2**-52], [1, 1], 0.0, 1, 1),
    ],
)
def test_the_best_candidate_and_how_many_share_its_score(scores, candidates, tie, best, ties):
    scores, candidates = np.array(scores, dtype=float), np.array(candidates, dtype=bool)
    assert best_of(scores, candidates, tie) == best
    assert ties_with(scores, candidates, best) == ties


def test_without_a_candidate_there_is_no_best():
    assert best_of(np.zeros(3), np.zeros(3, dtype=bool), 0.5) == -1


def test_ties_are_broken_fairly():
    """30,000 draws over 3 of 5: an unfairness of .03 is found."""
    assert detectable_gap(30_000, looks=3) < 0.03
    scores, candidates = np.array([2.0, 5.0, 5.0, 1.0, 5.0]), np.ones(5, dtype=bool)
    chosen = [best_of(scores, candidates, tie) for tie in np.random.default_rng(2).random(30_000)]
    proportions(np.bincount(chosen, minlength=5)[[1, 2, 4]], [1 / 3, 1 / 3, 1 / 3])
