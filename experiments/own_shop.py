"""A scenario is enough to run: Acme's line-up of policies, on every objective of one's own shop."""

from __future__ import annotations

import importlib.resources
import tomllib
from typing import Any

from bandits.fit import misfit_of
from bandits.registry import policy_from
from environments.shop.scenario import Scenario
from environments.shop.storefront import Storefront

REHEARSED = "acme"


def experiment_for(scenario: Scenario) -> dict[str, Any]:
    """The table of an experiment that does to this shop what Acme's experiment does to Acme.

    All policies are compared under the scenario's last objective, the one that a team would settle for; the policies
    that Acme runs under several objectives are run under all of them that they fit: those that may keep silent do not
    run where something must be shown.

    Args:
        scenario: the shop.
    """
    text = importlib.resources.files("experiments").joinpath(f"{REHEARSED}.toml").read_text("utf-8")
    model = tomllib.loads(text)
    objectives = [objective.key for objective in scenario.objectives]
    silent = [objective.key for objective in scenario.objectives if not objective.must_show]
    main = (silent or objectives)[-1]
    shops = {key: Storefront(scenario=scenario, objective=key, observe_persona=True, name=key) for key in objectives}
    policies, only = [], {}
    for policy in model["policy"]:
        places = model["only"].get(policy["name"])
        if places is None:
            policies.append(policy)
            continue
        allowed = objectives if len(places) > 1 else [main]
        allowed = [place for place in allowed if misfit_of(policy_from(policy), shops[place].problem) is None]
        if allowed:
            policies.append(policy)
            only[policy["name"]] = allowed
    return {
        "name": scenario.name,
        "replications": model["replications"],
        "seed": model["seed"],
        "environments": list(shops.values()),
        "policies": policies,
        "only": only,
    }
