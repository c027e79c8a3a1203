"""Each statistical test fails by chance less than once in a thousand million runs (1e-9), on any seed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bandits.streams import stream
from environments.shop.features import Likelihood, bayes_recall, draw_user_level, draw_visit_level
from environments.shop.scenario import Scenario
from environments.shop.truth import truth
from environments.shop.utility import utilities
from environments.shop.worth import worth

FALSE_ALARM = 1e-9
ACME = Scenario.load("acme")
LUKE, HARMONY, TIANQI = range(3)


def drawn(scenario: Scenario, c: int, n: int, seed: int = 1) -> np.ndarray:
    """x of n visits of n customers of persona c."""
    cohort = np.full(n, c)
    own = draw_user_level(scenario, cohort, stream(seed, 0, "own"))
    return draw_visit_level(scenario, cohort, own, stream(seed, 0, "visits"))


def seeing(*, kind: str, likelihoods: dict[int, tuple[float, float]]) -> Scenario:
    """Luke and Harmony at 1 : 3 of visits, told apart by one feature alone."""
    feature = ACME.features[0].model_copy(update={"kind": kind})
    personas = tuple(
        ACME.personas[c].model_copy(
            update={
                "share": share,
                "visit_rate": 0.1,
                "features": (Likelihood(name=feature.name, mean=likelihoods[c][0], sd=likelihoods[c][1]),),
            }
        )
        for c, share in ((LUKE, 0.25), (HARMONY, 0.75))
    )
    return ACME.model_copy(update={"features": (feature,), "personas": personas})


@pytest.mark.parametrize("c", [LUKE, HARMONY, TIANQI])
def test_drawn_features_agree_with_the_cards(c):
    """Over n = 100,000 visits, at a false-alarm rate of 1e-9 over all comparisons (at most 10 of them a persona).

    Yes-no: |mean − p| ≤ √(log(2/α) / 2n) (Hoeffding), .011. Number: √n (mean − μ) / σ is standard normal, and
    n s² / σ² is χ²(n) about the known mean; gaps of about .021 σ in the mean, and 1.5 % in σ, would be found.
    """
    n, alpha = 100_000, FALSE_ALARM / 30
    x = drawn(ACME, c, n)
    for d, (feature, card) in enumerate(zip(ACME.features, ACME.personas[c].features, strict=True), 1):
        column = x[:, d]
        if feature.kind == "yes-no":
            assert set(np.unique(column)) == {0.0, 1.0}
            assert abs(column.mean() - card.mean) <= math.sqrt(math.log(2 / alpha) / (2 * n))
        else:
            z = (column - card.mean) / card.sd
            assert abs(z.sum()) / math.sqrt(n) <= stats.norm.isf(alpha / 2)
            assert stats.chi2.ppf(alpha / 2, n) <= (z**2).sum() <= stats.chi2.isf(alpha / 2, n)


def test_columns_are_a_constant_and_the_features_in_order():
    x = drawn(ACME, HARMONY, 50)
    assert x.shape == (50, 8)
    assert x.dtype == np.float64
    assert (x[:, 0] == 1.0).all()
    assert ACME.feature_names[4] == "business_address"


def test_facts_about_a_customer_are_the_same_at_every_visit():
    cohort = np.array([LUKE, HARMONY, TIANQI] * 10)
    own = draw_user_level(ACME, cohort, stream(3, 0, "own"))
    user = stream(3, 0, "calendar").integers(0, 30, 500)
    x = draw_visit_level(ACME, cohort[user], own[user], stream(3, 0, "visits"))
    business = ACME.feature_names.index("business_address")
    assert own.shape == (30, 1)
    assert (x[:, business] == own[user, 0]).all()
    assert len(np.unique(x[user == user[0], ACME.feature_names.index("last_basket")])) == (user == user[0]).sum()


def test_the_same_stream_draws_the_same_features():
    assert (drawn(ACME, LUKE, 20) == drawn(ACME, LUKE, 20)).all()
    assert (drawn(ACME, LUKE, 20) != drawn(ACME, LUKE, 20, seed=2)).any()


def test_a_shop_without_facts_about_its_customers_can_be_drawn():
    features = tuple(f.model_copy(update={"level": "visit"}) for f in ACME.features)
    shop = ACME.model_copy(update={"features": features})
    assert draw_user_level(shop, np.zeros(5, dtype=np.int64), stream(1, 0, "own")).shape == (5, 0)
    assert drawn(shop, LUKE, 5).shape == (5, 8)


def test_bayes_recall_of_a_number_is_the_normal_tail():
    """Luke ~ N(2, 1), Harmony ~ N(0, 1), 1 : 3 of visits. Luke where 2x − 2 > log 3, that is x > 1 + log(3)/2 = 1.5493.

    P(x > 1.5493 | Luke) = Phi(.4507) = .6739; P(x ≤ 1.5493 | Harmony) = Phi(1.5493) = .9393. At n = 20,000 both are met
    within √(log(4/1e-9) / 2n) = .0236 (Hoeffding), but for one run in 1e9.
    """
    shop = seeing(kind="number", likelihoods={LUKE: (2.0, 1.0), HARMONY: (0.0, 1.0)})
    recall = bayes_recall(shop, stream(5, 0, "recall"), 20_000)
    assert recall == pytest.approx([0.6739, 0.9393], abs=math.sqrt(math.log(4 / FALSE_ALARM) / 40_000))


def test_bayes_recall_of_a_yes_no_weighs_how_often_a_persona_visits():
    """P(yes) .9 and .2, 1 : 3 of visits: a yes is Luke's (.225 > .15), a no Harmony's (.025 < .6). Recall .9 and .8.

    Within .0236, as above.
    """
    shop = seeing(kind="yes-no", likelihoods={LUKE: (0.9, 1.0), HARMONY: (0.2, 1.0)})
    recall = bayes_recall(shop, stream(6, 0, "recall"), 20_000)
    assert recall == pytest.approx([0.9, 0.8], abs=math.sqrt(math.log(4 / FALSE_ALARM) / 40_000))


def test_a_feature_that_tells_nothing_recognises_the_majority_alone():
    """The same P(yes): every visit is taken for Harmony's, exactly."""
    shop = seeing(kind="yes-no", likelihoods={LUKE: (0.5, 1.0), HARMONY: (0.5, 1.0)})
    assert bayes_recall(shop, stream(7, 0, "recall"), 1000).tolist() == [0.0, 1.0]


def test_equally_likely_personas_are_guessed():
    """The same P(yes), the same share of visits: one of two, whichever stands first in the file."""
    shop = seeing(kind="yes-no", likelihoods={LUKE: (0.5, 1.0), HARMONY: (0.5, 1.0)})
    twins = tuple(persona.model_copy(update={"share": 0.5}) for persona in shop.personas)
    recall = bayes_recall(shop.model_copy(update={"personas": twins}), stream(8, 0, "recall"), 1000)
    assert recall.tolist() == [0.5, 0.5]


def test_utilities_by_hand():
    """Luke and the party lights: taste·phi = .5 · .2 + 1 · .4 = .5; price .01 · 60 = .6; hype .2 · 2 = .4; outside 4.2.

    v̄ = .5 − .6 + .4 − 4.2 = −3.9; m = .4 + 1.2 = 1.6; ‖phi‖ = √(.49 + .04 + .16) = .8307, sd = .35 · .8307 = .2907.
    """
    lights = [item.key for item in ACME.items].index("party_lights")
    u = utilities(ACME.personas, ACME.items)
    assert u.mean[LUKE, lights] == pytest.approx(-3.9)
    assert u.misperception[LUKE, lights] == pytest.approx(1.6)
    assert u.sd[LUKE, lights] == pytest.approx(0.2907, abs=5e-5)


@pytest.mark.slow
def test_worth_averages_over_the_tastes_of_customers():
    """The mean over 40,000 customers' tastes, whose values lie within a range of R: within R √(log(2/α) / 2n).

    P(buy) and P(returned) have R = 1: .0179 for all 72 comparisons together.
    """
    n, alpha = 40_000, FALSE_ALARM / 72
    u, w = utilities(ACME.personas, ACME.items), worth(ACME.personas, ACME.items)
    z = stream(9, 0, "tastes").standard_normal((n, 1))
    bound = math.sqrt(math.log(2 / alpha) / (2 * n))
    for c, persona in enumerate(ACME.personas):
        each = {
            key: np.full(n, getattr(persona, key))
            for key in ("patience", "annoyance", "hassle", "trial_sd", "loss_aversion")
        }
        t = truth(u.mean[c] + z * u.sd[c], np.broadcast_to(u.misperception[c], (n, len(ACME.items))), **each)
        assert np.abs(t.buy.mean(axis=0) - w.buy[c]).max() <= bound
        assert np.abs(t.returned.mean(axis=0) - w.returned[c]).max() <= bound


def test_worth_of_customers_who_are_all_alike_is_the_truth_of_one():
    personas = tuple(persona.model_copy(update={"taste_sd": 0.0}) for persona in ACME.personas)
    u, w = utilities(personas, ACME.items), worth(personas, ACME.items)
    of = {
        key: np.array([getattr(persona, key) for persona in personas])
        for key in ("patience", "annoyance", "hassle", "trial_sd", "loss_aversion")
    }
    assert w.welfare == pytest.approx(truth(u.mean, u.misperception, **of).welfare, abs=1e-12)
