"""A scenario is enough to run."""

from environments import Scenario
from experiments import Experiment, run
from experiments.own_shop import experiment_for
from experiments.shop import new


def test_a_new_shop_runs_with_the_line_up_of_acme_on_each_of_its_objectives(tmp_path):
    path = tmp_path / "my-shop.toml"
    new(str(path))
    experiment = Experiment.load(str(path), replications=1)
    scenario = Scenario.load(str(path))
    assert experiment.name == "my-shop"
    assert [environment.goal for environment in experiment.environments] == list(scenario.objectives)
    cells = run(experiment).curves().select("environment", "policy").unique()
    assert cells.filter(policy="oracle").height == len(scenario.objectives)
    assert len({policy.label for policy in experiment.policies}) == cells["policy"].n_unique() == 14


def test_all_are_compared_under_the_last_objective_that_allows_silence():
    table = experiment_for(Scenario.load("acme"))
    assert table["only"]["LinUCB"] == ["long_term"]
    assert table["only"]["nothing shown"] == ["cart_value", "kept_margin", "long_term"]
    assert "oracle" not in table["only"]


def test_where_something_must_be_shown_nobody_keeps_silent():
    acme = Scenario.load("acme")
    must_show = tuple(objective for objective in acme.objectives if objective.must_show)
    table = experiment_for(acme.model_copy(update={"objectives": must_show}))
    named = {policy["name"] for policy in table["policies"]}
    assert not named & {"nothing shown", "persona, cautious", "per persona, cautious"}
    assert Experiment(**table).replications == 30
