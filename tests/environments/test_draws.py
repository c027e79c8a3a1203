"""The luck of a replication: as declared, the same for everybody, and indifferent to what is shown."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from environments import Storefront
from environments.shop.calendar import customers
from environments.shop.draws import draw
from environments.shop.features import draw_sample
from environments.shop.scenario import Scenario
from tests.stochastic import detectable_gap, proportions, same_mean

ACME = Scenario.load("acme")
RATES = [persona.visit_rate for persona in ACME.personas]
FAST = Scenario.model_copy(ACME, update={"customers": 400, "days": 60})


def growing(**changes):
    return ACME.model_copy(update={"customers": 100, "days": 400, "new_customers": 5.0} | changes)


def arrays(draws):
    """Everything in the draws, by name."""
    found = {}
    for name in draws.__slots__:
        part = getattr(draws, name)
        if dataclasses.is_dataclass(part):
            found |= {f"{name}.{inner}": getattr(part, inner) for inner in part.__slots__}
        else:
            found[name] = part
    return {name: a for name, a in found.items() if isinstance(a, np.ndarray)}


def assert_same(one, other, *, but=()):
    a, b = arrays(one), arrays(other)
    assert [name for name in a if name not in but and not np.array_equal(a[name], b[name])] == []


def test_shares_are_exact_by_largest_remainder():
    """820 customers at 6, 60 and 34 %: 49.2, 492 and 278.8. One is left after 49, 492 and 278: to the .8."""
    assert np.bincount(draw(ACME, 0, 1, 0).cohort).tolist() == [49, 492, 279]


@given(customers=st.integers(1, 2000), cuts=st.lists(st.integers(1, 99), min_size=2, max_size=2, unique=True))
@settings(max_examples=40, deadline=None)
def test_shares_are_within_one_customer_and_add_up(customers, cuts):
    a, b = sorted(cuts)
    shares = [a / 100, (b - a) / 100, (100 - b) / 100]
    personas = tuple(p.model_copy(update={"share": s}) for p, s in zip(ACME.personas, shares, strict=True))
    shop = ACME.model_copy(update={"customers": customers, "days": 1, "personas": personas})
    counts = np.bincount(draw(shop, 0, 1, 0).cohort, minlength=3)
    assert counts.sum() == customers
    assert np.abs(counts - np.array(shares) * customers).max() < 1 + 1e-9


def test_ids_carry_no_information():
    """Over 2,000 replications, first, middle and last id, and two in a row, are of each persona by its share."""
    shop = ACME.model_copy(update={"customers": 50, "days": 1})
    rng = np.random.default_rng(1)
    cohorts = np.array([customers(shop, rng)[0] for _ in range(2000)])
    share = np.bincount(cohorts[0], minlength=3) / 50
    for u in (0, 25, 49):
        proportions(np.bincount(cohorts[:, u], minlength=3), share, looks=4)
    alike = (cohorts[:, 0] == cohorts[:, 1]).astype(np.float64)
    counts = np.bincount(cohorts[0], minlength=3)
    same_mean(alike, float((counts * (counts - 1)).sum() / (50 * 49)), looks=4)


def test_customers_visit_at_the_declared_rates():
    """820 customers, 180 days: an independent chance each day. A gap of 0.08 would be found for Luke's 49 a day."""
    draws = draw(ACME, 0, 2, 0)
    for c, rate in enumerate(RATES):
        members, came = (draws.cohort == c).sum(), (draws.cohort[draws.user] == c).sum()
        n = int(members * ACME.days)
        assert detectable_gap(n, looks=3) < 0.08
        proportions([came, n - came], [rate, 1 - rate], looks=3)


def test_nobody_visits_twice_a_day():
    draws = draw(ACME, 0, 3, 0)
    for day in range(ACME.days):
        today = draws.user[draws.first[day] : draws.first[day + 1]]
        assert len(set(today.tolist())) == len(today)
    assert draws.first[0] == 0
    assert draws.first[-1] == len(draws.user)


def test_new_customers_arrive_at_the_declared_rate_by_their_shares():
    """Five a day for 399 days (not on the first): Poisson(1995), two-sided at 1e-9; personas by their shares."""
    shop = growing()
    draws = draw(shop, 0, 4, 0)
    new = draws.arrival > 0
    count, mean = int(new.sum()), 5.0 * (shop.days - 1)
    assert 2 * min(stats.poisson.cdf(count, mean), stats.poisson.sf(count - 1, mean)) > 1e-9
    proportions(np.bincount(draws.cohort[new], minlength=3), [persona.share for persona in shop.personas])
    assert (draws.arrival[:100] == 0).all()
    assert draws.arrival.max() < shop.days


def test_new_customers_are_not_served_before_they_arrive():
    shop = growing()
    draws = draw(shop, 0, 5, 0)
    day = np.searchsorted(draws.first, np.arange(len(draws.user)), side="right") - 1
    assert (day >= draws.arrival[draws.user]).all()
    first = {}
    for u, d in zip(draws.user.tolist(), day.tolist(), strict=True):
        first.setdefault(u, d)
    waits = [first[u] - draws.arrival[u] for u in first if draws.cohort[u] == 1]
    assert min(waits) == 0  # some come on the day on which they arrive


def test_moods_trials_and_patience_have_their_distributions():
    """Kolmogorov–Smirnov against logistic, normal and Gumbel (of minima), by the DKW bound at 1e-9 each."""
    draws = draw(ACME, 0, 6, 0)
    laws = {"mood": stats.logistic(), "trial": stats.norm(), "patience": stats.gumbel_l()}
    for name, law in laws.items():
        sample = np.sort(getattr(draws, name))
        n = len(sample)
        gap = np.abs(law.cdf(sample) - (np.arange(n) + 0.5) / n).max() + 0.5 / n
        assert gap < np.sqrt(np.log(2 / 1e-9) / (2 * n)), name


def test_returns_arrive_after_the_least_lag_and_a_geometric_wait():
    """lag = 3 + Geometric(1 / 8): at least 4, 4 with chance 1/8, 5 with chance 7/64."""
    lag = draw(ACME, 0, 7, 0).lag
    assert lag.min() == 4
    four, five = (lag == 4).sum(), (lag == 5).sum()
    proportions([four, five, len(lag) - four - five], [1 / 8, 7 / 64, 1 - 1 / 8 - 7 / 64])


def test_tastes_spread_as_declared():
    """v of an item with one attribute of 1: mean as declared and variance taste_sd², each in 1e-9 (chi-square)."""
    first = ACME.items[0].model_copy(update={"attributes": (1.0, 0.0, 0.0, 0.0), "price": 0.0, "margin": 0.0})
    shop = ACME.model_copy(update={"customers": 5000, "days": 1, "items": (first, *ACME.items[1:])})
    draws = draw(shop, 0, 8, 0)
    for c, persona in enumerate(shop.personas):
        z = (draws.v[draws.cohort == c, 0] - (persona.taste[0] - persona.outside)) / persona.taste_sd
        n = len(z)
        assert abs(z.mean()) * np.sqrt(n) < stats.norm.isf(0.5e-9)
        low, high = stats.chi2.ppf([0.5e-9, 1 - 0.5e-9], n)
        assert low < (z**2).sum() < high


def test_the_survey_is_of_people_by_their_shares():
    sample = draw_sample(ACME, 20_000, np.random.default_rng(9))
    proportions(np.bincount(sample.cohort, minlength=3), [persona.share for persona in ACME.personas])
    assert sample.x.shape == (20_000, len(ACME.feature_names))
    assert sample.cohorts == ("Luke", "Harmony", "Tianqi")
    assert len(sample.level) == len(ACME.feature_names)


def test_facts_about_a_customer_are_the_same_at_each_visit():
    draws = draw(ACME, 0, 10, 0)
    d = ACME.feature_names.index("business_address")
    for u in range(30):
        assert len(set(draws.x[draws.user == u, d].tolist())) <= 1
    assert (draws.x[:, 0] == 1).all()


def test_the_same_seed_and_replication_draw_the_same():
    assert_same(draw.__wrapped__(FAST, 50, 1, 3), draw.__wrapped__(FAST, 50, 1, 3))


@pytest.mark.parametrize(("seed", "replication"), [(2, 3), (1, 4)])
def test_another_seed_or_replication_draws_anew(seed, replication):
    one, other = draw.__wrapped__(FAST, 50, 1, 3), draw.__wrapped__(FAST, 50, seed, replication)
    assert not np.array_equal(one.mood[:100], other.mood[:100])
    assert not np.array_equal(one.v, other.v)
    assert not np.array_equal(one.cohort, other.cohort)


def test_a_survey_moves_nobody_elses_luck():
    survey = ("sample.x", "sample.cohort")
    assert_same(draw.__wrapped__(FAST, 0, 1, 3), draw.__wrapped__(FAST, 500, 1, 3), but=survey)


def test_replications_do_not_depend_on_those_before():
    """Drawn after others, or alone, in whatever order: the same."""
    alone = draw.__wrapped__(FAST, 50, 1, 7)
    for replication in (9, 0, 3):
        draw(FAST, 50, 1, replication)
    assert_same(alone, draw(FAST, 50, 1, 7))


HOW = {
    "objective": ({"objective": "cart_value"}, {"objective": "low_returns"}),
    "feedback": ({"feedback": "wait"}, {"feedback": "correct"}),
    "show_nothing": ({"show_nothing": False},),
    "observe_persona": ({"observe_persona": True},),
}


@pytest.mark.parametrize("what", HOW)
def test_luck_does_not_depend_on(what):
    plain = {"scenario": FAST, "objective": "long_term"}
    draws = Storefront(**plain).open(1, 0)._luck
    for change in HOW[what]:
        assert_same(draws, Storefront(**plain | change).open(1, 0)._luck)


@pytest.mark.parametrize("feedback", ["at once", "wait", "correct"])
def test_luck_does_not_depend_on_the_actions(feedback):
    """Whoever is still there meets the same mood, trial and patience, whatever was shown to whomever before."""
    environment = Storefront(scenario=FAST, objective="long_term", feedback=feedback)
    before = {name: a.copy() for name, a in arrays(environment.open(1, 0)._luck).items()}
    seen = {}
    for action in (0, 10, 12):
        world = environment.open(1, 0)
        while (visits := world.next_block()) is not None:
            for n, t in enumerate(visits.index.tolist()):
                assert seen.setdefault(t, visits.x[n].tobytes()) == visits.x[n].tobytes()
                assert visits.user[n] == before["user"][t]
            world.respond(np.full(len(visits), action))
        after = arrays(world._luck)
        assert [name for name in before if not np.array_equal(before[name], after[name])] == []
