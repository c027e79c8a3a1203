"""Features with errors."""

import numpy as np
import pytest

from bandits import LinUCB
from bandits.errors import InputError
from environments import Delayed, Linear, Noisy, Storefront
from environments.registry import environment_from
from experiments.runner import run_cell
from tests.environments.tiny_world import Tiny, all_rewards, every_visit, played
from tests.stochastic import detectable_gap, proportions, same_mean

SHOP = Storefront.load("acme", objective="kept_margin", customers=80, days=30, labelled=50)


def test_a_dropped_feature_is_gone_everywhere():
    noisy = Noisy(SHOP, features={"coupon": {"dropped": True}})
    place = SHOP.problem.features.index("coupon")
    for problem in (noisy.problem, noisy.open(1, 0).problem):
        assert problem.features == tuple(name for name in SHOP.problem.features if name != "coupon")
        assert all("coupon" not in [part.name for part in card.features] for card in problem.cards)
        assert problem.sample.x.shape == (50, len(problem.features))
        assert len(problem.sample.level) == len(problem.features)
    one, other = every_visit(noisy, "x"), every_visit(SHOP, "x")
    np.testing.assert_array_equal(one, np.delete(other, place, axis=1))
    plain = SHOP.open(1, 0).problem.sample
    np.testing.assert_array_equal(noisy.open(1, 0).problem.sample.x, np.delete(plain.x, place, axis=1))
    run_cell(noisy, LinUCB(), 1, 0)


def test_what_people_do_does_not_change():
    noisy = Noisy(SHOP, features={"last_basket": {"sd": 2.0}, "coupon": {"flip": 0.5}})
    assert all_rewards(noisy, show=3) == all_rewards(SHOP, show=3)
    for field in ("expected", "welfare", "typical", "available", "cohort", "user"):
        np.testing.assert_array_equal(every_visit(noisy, field), every_visit(SHOP, field))
    assert noisy.problem.cards == SHOP.problem.cards


N = 30_000


def test_errors_are_normal_with_their_standard_deviation():
    """Of 30,000: 15.87 % below −1 standard deviation, 68.27 % up to 1, 15.87 % above; 0.03 off would be found."""
    error = (every_visit(Noisy(Tiny(N), features={"t": {"sd": 2.0}}), "x", most=4_000)[:, 1] - np.arange(N)) / 2.0
    assert detectable_gap(N, looks=3) < 0.03
    proportions(np.bincount(np.digitize(error, [-1, 1])), [0.158655, 0.68269, 0.158655])


def test_a_yes_is_flipped_and_a_value_missing_now_and_then():
    """The constant, 1, is flipped with probability 0.2, and t (but the first) missing with 0.1; 0.03 off is found."""
    x = every_visit(Noisy(Tiny(N), features={"constant": {"flip": 0.2}, "t": {"missing": 0.1}}), "x", most=4_000)
    assert set(x[:, 0]) == {0.0, 1.0}
    assert set(x[1:, 1] - np.arange(1, N)) == {0.0, *(-float(t) for t in np.flatnonzero(x[:, 1] == 0)[1:])}
    assert detectable_gap(N, looks=2) < 0.03
    same_mean(x[:, 0], 0.8, looks=2)
    same_mean(x[1:, 1] == 0, 0.1, looks=2)


def test_the_survey_errs_in_the_same_way():
    """Of 20,000 labelled people a coupon is flipped with 0.3; 0.04 off would be found. Each replication has its own."""
    shop = SHOP.model_copy(update={"labelled": 20_000})
    noisy = Noisy(shop, features={"coupon": {"flip": 0.3}})
    place = shop.problem.features.index("coupon")
    flipped = noisy.open(1, 0).problem.sample.x[:, place] != shop.open(1, 0).problem.sample.x[:, place]
    assert detectable_gap(20_000) < 0.04
    same_mean(flipped, 0.3)
    other = noisy.open(1, 1).problem.sample.x[:, place] != shop.open(1, 1).problem.sample.x[:, place]
    assert (flipped != other).any()


def test_errors_of_two_wrappers_are_drawn_apart():
    """Two of standard deviation 1 are one of √2, with 68.27 % within √2; were they the same, it would be of 2, with
    52.05 %. 0.03 off would be found.
    """
    twice = Noisy(Noisy(Tiny(N), features={"t": {"sd": 1.0}}), features={"t": {"sd": 1.0}})
    error = every_visit(twice, "x", most=4_000)[:, 1] - np.arange(N)
    assert detectable_gap(N) < 0.03
    same_mean(np.abs(error) < np.sqrt(2), 0.68269)


def test_late_news_shows_what_was_seen():
    served, told = {}, {}
    for wrapped in (
        Noisy(Delayed(Tiny(20), by=3), features={"t": {"sd": 1.0}}),
        Delayed(Noisy(Tiny(20), features={"t": {"sd": 1.0}}), by=3),
    ):
        for visits, _, outcome in played(wrapped):
            served |= dict(zip(visits.index.tolist(), visits.x[:, 1].tolist(), strict=True))
            for late in (news.visits for news in outcome.late):
                told |= dict(zip(late.index.tolist(), late.x[:, 1].tolist(), strict=True))
        assert told == {t: served[t] for t in range(17)}


BAD = [
    ({"tt": {"sd": 1.0}}, ["features.tt: unknown feature 'tt' (known: constant, t); did you mean 't'?"]),
    ({"t": {}}, ["features.t: must say what is wrong with it: sd, flip, missing or dropped"]),
    ({"t": {"sd": 1.0, "flip": 0.1}}, ["features.t.sd: must not be given together with flip"]),
    ({"t": {"sd": 1.0, "dropped": True}}, ["features.t.dropped: must be given alone"]),
    ({"t": {"missing": 1.1}}, ["features.t.missing: must be less than or equal to 1, got 1.1"]),
    ({"t": {"sdd": 1.0}}, ["unknown field 'sdd' (known: dropped, flip, missing, sd); did you mean 'sd'?"]),
    ({"t": {"dropped": True}, "constant": {"dropped": True}}, ["features: must leave at least one feature"]),
]


@pytest.mark.parametrize(("features", "says"), BAD)
def test_bad_noise_is_refused(features, says):
    with pytest.raises(InputError) as refused:
        environment_from({"kind": "Noisy", "world": Tiny(), "features": features})
    assert any(part in line for line in refused.value.lines for part in says), refused.value.lines


@pytest.mark.parametrize("world", [Linear(), Delayed(Linear(), by=3)])
def test_a_normal_feature_is_refused_before_anything_is_run(world):
    with pytest.raises(InputError, match=r"features.x1.flip: must be yes-no to be flipped, and is a number; use sd"):
        Noisy(world, features={"x1": {"flip": 0.1}})
    Noisy(world, features={"constant": {"flip": 0.1}, "x1": {"sd": 0.1}})


def test_a_number_is_not_flipped():
    with pytest.raises(InputError, match=r"features.last_basket.flip: must be yes-no to be flipped, and is a number"):
        Noisy(SHOP, features={"last_basket": {"flip": 0.1}})
    with pytest.raises(InputError, match=r"features.t.flip: must be yes-no \(1 or 0\) to be flipped, got 2; use sd"):
        every_visit(Noisy(Tiny(), features={"t": {"flip": 0.1}}), "x")
