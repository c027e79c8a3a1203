"""The cells of an experiment: one policy in one environment, in one replication."""

from __future__ import annotations

from dataclasses import dataclass

from bandits.description import identity
from bandits.protocol import Policy
from environments.protocol import Environment
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
    """

    key: str
    environment: Environment
    policy: Policy
    replication: int

    @property
    def place(self) -> str:
        """Where it is, for people."""
        where = f"replication {self.replication} of {label_of_any(self.environment)}"
        return f"policy {label_of_any(self.policy)!r} in {where}"


def cells_of(experiment: Experiment) -> list[Cell]:
    """All cells of an experiment, replication by replication."""
    pairs = [(e, identity(e), [(p, identity(p)) for p in policies]) for e, policies in experiment.pairs()]
    return [
        Cell(
            key=identity([str(part) for part in (RESULT_FORMAT, experiment.seed, replication, world, what)])[:32],
            environment=environment,
            policy=policy,
            replication=replication,
        )
        for replication in range(experiment.replications)
        for environment, world, policies in pairs
        for policy, what in policies
    ]
