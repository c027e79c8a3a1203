"""Cards that are wrong by a stated amount."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from bandits import FeatureCard, LinUCB, PersonaBelief, PersonaCard
from environments import Scenario, Storefront
from environments.shop.card_error import misdeclared
from experiments.runner import run_cell
from tests.stochastic import detectable_gap, proportions

ACME = Scenario.load("acme")
COIN = FeatureCard("coin", "yes-no", "visit", 0.5)
SIZE = FeatureCard("size", "number", "user", 10.0, 2.0)
CARDS = tuple(PersonaCard(name, 0.5, 0.1, (COIN, SIZE)) for name in ("Ada", "Ben"))


def storefront(**how):
    return Storefront(scenario=ACME, objective="kept_margin", customers=100, days=10, **how)


def test_a_yes_moves_in_logits_and_a_mean_in_standard_deviations():
    """Odds of 1 to 1, moved by ln 3, are 3 to 1 or 1 to 3; a mean of 10 with sd 2 becomes 10 ± 2 ln 3."""
    for seed in range(20):
        for card in misdeclared(CARDS, math.log(3), np.random.default_rng(seed)):
            coin, size = card.features
            assert abs(coin.mean - 0.5) == pytest.approx(0.25)
            assert abs(size.mean - 10) == pytest.approx(2 * math.log(3))
            as_it_was = (replace(coin, mean=COIN.mean), replace(size, mean=SIZE.mean))
            assert replace(card, features=as_it_was) in CARDS


def test_each_feature_of_each_persona_errs_up_or_down_by_a_coin_of_its_own():
    """Of 20,000 draws each of the 16 combinations of signs gets 1/16.

    If two of the signs always agreed, eight combinations would get 1/8, and 0.04 off would be found.
    """
    assert detectable_gap(20_000, looks=16) < 0.04
    counts, rng = dict.fromkeys(itertools.product((False, True), repeat=4), 0), np.random.default_rng(3)
    for _ in range(20_000):
        moved = misdeclared(CARDS, 1.0, rng)
        counts[
            tuple(f.mean > was.mean for card in moved for f, was in zip(card.features, (COIN, SIZE), strict=True))
        ] += 1
    proportions(list(counts.values()), np.full(16, 1 / 16))


def test_without_error_the_cards_are_the_truth_bit_for_bit():
    assert storefront().problem.cards == storefront(card_error=0.0).open(3, 1).problem.cards == ACME.persona_cards()


def test_each_replication_errs_in_its_own_way_and_the_public_problem_always_alike():
    shop = storefront(card_error=0.5)
    one, again, other = (shop.open(3, replication).problem.cards for replication in (0, 0, 1))
    assert one == again
    assert len({one, other, shop.open(4, 0).problem.cards, shop.problem.cards, ACME.persona_cards()}) == 5
    assert shop.problem.cards == storefront(card_error=0.5).problem.cards


def test_a_larger_error_goes_the_same_way():
    """So that the sizes of errors are compared in pairs."""
    small, large = (storefront(card_error=error).open(3, 0).problem.cards for error in (0.25, 0.5))
    for true, near, far in zip(ACME.persona_cards(), small, large, strict=True):
        gaps = [[f.mean - was.mean for f, was in zip(c.features, true.features, strict=True)] for c in (near, far)]
        assert (np.sign(gaps[0]) == np.sign(gaps[1])).all()
        assert (np.abs(gaps[0]) < np.abs(gaps[1])).all()


def test_customers_and_the_labelled_sample_stay_as_they_are():
    right, wrong = storefront().open(3, 0), storefront(card_error=0.5).open(3, 0)
    one, other = right.next_block(), wrong.next_block()
    for field in ("x", "user", "cohort", "expected", "rewards", "z", "typical"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))
    np.testing.assert_array_equal(right.problem.sample.x, wrong.problem.sample.x)


def test_no_error_makes_a_card_certain():
    """A belief takes the logarithm of a yes and of a no."""
    curves = run_cell(storefront(card_error=100.0), PersonaBelief(LinUCB()), 1, 0).curves
    assert np.isfinite(curves["regret"].to_numpy()).all()


def test_it_is_said_where_the_cards_are_wrong():
    """ln 2 = 0.693147…: odds are off by a factor of 2."""
    assert storefront().label == "acme/kept_margin (customers=100, days=10)"
    shop = storefront(card_error=0.693147)
    assert shop.label == "acme/kept_margin (customers=100, days=10, card_error=0.693147)"
    assert shop.about.notes[-1] == (
        "The persona cards that policies are told are wrong on purpose: the odds of each yes by a factor of 2, each "
        "mean by 0.693147 standard deviations."
    )
    assert not any("wrong on purpose" in note for note in storefront().about.notes)
