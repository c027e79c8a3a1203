"""The seed's arc, measured on paired replications: what each objective does to Acme, and each policy to Luke."""

import itertools

import polars as pl
import pytest

from experiments import Experiment, run

pytestmark = pytest.mark.slow
STORY = "persona, all visits"


@pytest.fixture(scope="module")
def acme():
    """Thirty replications of Acme as it is shipped, less what no claim here is about."""
    shipped = Experiment.load("acme")
    policies = [policy for policy in shipped.policies if policy.label not in {"Vowpal Wabbit", "oracle"}]
    only = {key: value for key, value in shipped.only.items() if key not in {"Vowpal Wabbit", "oracle"}}
    experiment = Experiment(
        name="arc", environments=shipped.environments, policies=policies, replications=30, seed=2026, only=only
    )
    return run(experiment, workers=2).metrics()


def values(metrics, environment, policy, metric, cohort="all"):
    chosen = metrics.filter(environment=environment, policy=policy, metric=metric, cohort=cohort)
    return chosen.sort("replication")["value"]


def surely_larger(a: pl.Series, b: pl.Series) -> bool:
    """Whether a − b, paired, lies more than six standard errors above 0.

    Student's t with 29 degrees of freedom exceeds 6 with probability 8e-7, so that a false claim passes as rarely; a
    true difference of ten standard errors is missed with probability 2e-3 at most.
    """
    gap = a - b
    return gap.mean() > 6 * gap.std() / len(gap) ** 0.5


def test_each_objective_does_what_the_story_tells(acme):
    def told(metric):
        return {
            key: values(acme, key, STORY, metric) for key in ("cart_value", "low_returns", "kept_margin", "long_term")
        }

    basket, rate, churn, returns, money = map(told, ("basket", "return_rate", "churn", "returns", "value_per_customer"))
    nobody = values(acme, "long_term", "nothing shown", "churn")
    for other in ("low_returns", "kept_margin", "long_term"):
        assert surely_larger(basket["cart_value"], basket[other])
        assert surely_larger(rate["cart_value"], rate[other])
    assert surely_larger(churn["cart_value"], nobody)
    for other in ("cart_value", "kept_margin", "long_term"):
        assert surely_larger(churn["low_returns"], churn[other])
        assert surely_larger(returns[other], returns["low_returns"])
    for other in ("cart_value", "low_returns", "kept_margin"):
        assert surely_larger(churn[other], churn["long_term"])
        assert surely_larger(money["long_term"], money[other])
    assert surely_larger(nobody, churn["long_term"])


def test_luke_is_exposed_in_the_order_that_the_prototype_showed(acme):
    """Share of Luke's visits with something bad. Steps that are too small to be sure of are left out."""
    ladder = ["Thompson, no features", "linear Thompson", "persona, all visits", "persona, cautious"]
    shares = [values(acme, "long_term", policy, "bad_per_visit", "luke") for policy in ladder]
    for worse, better in itertools.pairwise(shares):
        assert surely_larger(worse, better)
    early = [values(acme, "long_term", policy, "bad_first_100", "luke") for policy in (STORY, "persona, cautious")]
    assert surely_larger(*early)


def test_no_signal_emerges_for_luke_from_what_is_the_same_for_everybody(acme):
    assert values(acme, "long_term", "Thompson, no features", "signal_reached", "luke").mean() == 0
    assert values(acme, "long_term", STORY, "signal_reached", "luke").mean() == 1
