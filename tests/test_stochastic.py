"""The judges of luck: they hold their false-alarm rate, and find the gap that they say they find."""

import numpy as np
import pytest
from scipy import stats

from tests import stochastic
from tests.stochastic import detectable_gap, proportions, same_mean

RUNS = 400


def alarms(judge):
    """How many of RUNS runs raise an alarm; `judge` gets a generator."""
    found = 0
    for run in range(RUNS):
        try:
            judge(np.random.default_rng(run))
        except AssertionError:
            found += 1
    return found


@pytest.mark.parametrize("n", [5, 200])
def test_false_alarms_are_no_more_frequent_than_stated(n, monkeypatch):
    """With the rate raised to 1 in 5, the exact binomial test of 400 runs asks whether alarms are more frequent."""
    monkeypatch.setattr(stochastic, "FALSE_ALARM", 0.2)
    most = stats.binom.isf(1e-9, RUNS, 0.2)
    assert alarms(lambda rng: same_mean(rng.random(n) < 0.3, 0.3)) <= most
    assert alarms(lambda rng: same_mean(-2 + 4 * rng.beta(0.1, 3, n), -2 + 4 * 0.1 / 3.1, -2, 2)) <= most
    assert alarms(lambda rng: proportions(rng.multinomial(n, [0.2, 0.5, 0.3]), [0.2, 0.5, 0.3])) <= most


def test_the_stated_gap_is_found_in_99_of_100_runs():
    """Fewer than the 1e-9 quantile of Binomial(400, .99), 377, would say that the gap is stated too small."""
    least = stats.binom.ppf(1e-9, RUNS, 0.99)
    gap = detectable_gap(500, looks=3)
    assert alarms(lambda rng: same_mean(rng.random(500) < 0.5 + gap, 0.5, looks=3)) >= least
    wrong = [0.2 + gap, 0.5 - gap, 0.3]
    assert alarms(lambda rng: proportions(rng.multinomial(500, wrong), [0.2, 0.5, 0.3])) >= least


def test_small_spread_is_judged_more_strictly_than_its_range():
    """10,000 samples of 0.01 in [0, 1]: V = 0, and Bernstein's bound is 7 · 22.1 / 29,997 = .0052; Hoeffding's .033."""
    same_mean(np.full(10_000, 0.01), 0.012)
    with pytest.raises(AssertionError, match=r"where 0\.02 is due"):
        same_mean(np.full(10_000, 0.01), 0.02)


def test_what_cannot_happen_must_not_happen():
    proportions([10, 0], [1.0, 0.0])
    with pytest.raises(AssertionError, match=r"cell 0: 9 of 10 where 10\.0 is due"):
        proportions([9, 1], [1.0, 0.0])
    with pytest.raises(AssertionError, match=r"a sample of 2\.0 is above 1"):
        same_mean([0.5, 2.0], 0.5)
