"""The cells of an experiment: one policy in one environment, in one replication."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bandits.description import codes, identity
from bandits.protocol import Policy
from environments.protocol import Environment
from experiments.provenance import made_with
from experiments.spec import Experiment, label_of_any
from experiments.store import RESULT_FORMAT


@dataclass(frozen=True, slots=True)
class Cell:
    """One policy in one environment, in one replication.

    Args:
        key: a hash of all that defines it: no label, no place in a list.
        environment: makes the world.
        policy: plays in it.
        replication: its number.
        scenario: cells of a replication with the same scenario share its draws.
        what: the identity of the policy, which names its luck.
        codes: fingerprints of the code of one's own that it runs.
        made: a fingerprint of the code of ours that it runs.
    """

    key: str
    environment: Environment
    policy: Policy
    replication: int
    scenario: str
    what: str
    codes: tuple[str, ...]
    made: str

    @property
    def labels(self) -> dict[str, Any]:
        """Environment, policy and replication, as in every frame."""
        return {
            "policy": label_of_any(self.policy),
            "environment": label_of_any(self.environment),
            "replication": self.replication,
        }

    @property
    def place(self) -> str:
        """Where it is, for people."""
        where = f"replication {self.replication} of {label_of_any(self.environment)}"
        return f"policy {label_of_any(self.policy)!r} in {where}"


def cells_of(experiment: Experiment) -> list[Cell]:
    """All cells of an experiment, replication by replication."""
    made = RESULT_FORMAT, made_with()
    what = {label_of_any(policy): (identity(policy), codes(policy)) for policy in experiment.policies}
    pairs = [
        (environment, identity(environment), environment.about.scenario, codes(environment), policies)
        for environment, policies in experiment.pairs()
    ]
    return [
        Cell(
            key=identity([str(part) for part in (*made, experiment.seed, replication, world, player)])[:32],
            environment=environment,
            policy=policy,
            replication=replication,
            scenario=scenario,
            what=player,
            codes=(*own, *code),
            made=made_with(),
        )
        for replication in range(experiment.replications)
        for environment, world, scenario, own, policies in pairs
        for policy in policies
        for player, code in [what[label_of_any(policy)]]
    ]
