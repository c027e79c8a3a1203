"""The compiled normal distribution, against scipy's."""

import math

import numpy as np
from scipy import special

from bandits.normal import normal_cdf, normal_quantile


def test_the_distribution_function_is_scipys():
    x = np.linspace(-37, 9, 1001)
    np.testing.assert_allclose([normal_cdf(value) for value in x], special.ndtr(x), rtol=1e-12)


def test_the_quantile_is_scipys_down_to_the_least_tail():
    p = np.concatenate([np.logspace(-300, -0.3, 1000), 1 - np.logspace(-15, -0.3, 200)])
    np.testing.assert_allclose([normal_quantile(value) for value in p], special.ndtri(p), rtol=1e-14)


def test_the_ends_are_infinite_and_the_middle_is_0():
    assert [normal_quantile(p) for p in (0.0, 0.5, 1.0)] == [-math.inf, 0.0, math.inf]
