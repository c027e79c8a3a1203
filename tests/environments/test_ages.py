import numpy as np

from environments.ages import band_of, names_of_nearness, nearness


def test_a_band_begins_at_its_start_and_the_first_takes_the_younger_too():
    assert band_of(np.array([3, 18, 29, 30, 49, 50, 99]), (18, 30, 50)).tolist() == [0, 0, 0, 1, 1, 2, 2]


def test_nearness_is_a_hat_at_each_centre_but_the_first_and_stays_1_beyond_the_last():
    """Centres 20, 40, 50: 30 is half way to 40; 48 is two tenths of the way from 50 to 40; 10 is near none of them."""
    ages = np.array([10, 20, 30, 40, 48, 50, 90])
    assert names_of_nearness((20, 40, 50)) == ("age near 40", "age near 50")
    expected = [[0, 0], [0, 0], [0.5, 0], [1, 0], [0.2, 0.8], [0, 1], [0, 1]]
    np.testing.assert_allclose(nearness(ages, (20, 40, 50)), expected, atol=1e-12)
