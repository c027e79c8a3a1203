"""An experiment: environments × policies × replications, as an object or as a TOML file."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from bandits.description import Description, label_of
from bandits.errors import Fault, InputError, unknown
from bandits.fit import misfit_of
from bandits.protocol import Policy
from bandits.registry import policy_from
from environments.protocol import Environment
from environments.registry import environment_from
from environments.shop.scenario import Scenario
from experiments.own_shop import experiment_for
from experiments.spec_file import fields_of, in_file, table_of_file


def _each(make: Any, one: str) -> Any:  # noqa: ANN401  a pydantic validator
    """Make every member of a list; all faults at once, each with its number, counted from 1."""

    def validator(values: object) -> object:
        if not isinstance(values, (list, tuple)):
            raise InputError(f"must be a list, got {values!r}")
        if not values:
            raise InputError(f"must hold at least one {one}, got none; add one")
        made: list[object] = []
        faults: list[Fault] = []
        for number, value in enumerate(values, 1):
            try:
                made.append(make(value))
            except InputError as error:
                faults.extend(error.within("", number).faults)
        if faults:
            raise InputError(faults)
        return tuple(made)

    return BeforeValidator(validator)


def _sane_name(name: str) -> str:
    if not name.strip() or any(c in name for c in "/\\\0") or name in {".", ".."}:
        raise ValueError(f"must be a name that a folder could have, got {name!r}")
    return name


class Experiment(Description):
    """Environments × policies × replications.

    Args:
        name: of the experiment, and of its folder in `results/`.
        environments: worlds, or their TOML tables.
        policies: policies, or their TOML tables.
        replications: how many seeded repetitions of every pair.
        seed: of all luck.
        only: policy ↦ the environments in which it is run, by their labels; the others run in all.

    Raises:
        InputError: all that is wrong, one line a fault: labels that are not unique, policies that do not fit a world …
    """

    name: Annotated[str, AfterValidator(_sane_name)]
    environments: Annotated[Sequence[Any], _each(environment_from, "environment")]
    policies: Annotated[Sequence[Any], _each(policy_from, "policy")]
    replications: int = Field(default=30, ge=1, le=1_000_000)
    seed: int = Field(default=0, ge=0, le=2**63 - 1)
    only: dict[str, list[str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = [*self._duplicates(), *self._unknown_pairs()] or [*self._idle()]
        if not faults:
            faults = [*self._misfits()]
        if faults:
            raise InputError(faults)
        return self

    def _duplicates(self) -> list[Fault]:
        faults = []
        for field, things in (("environments", self.environments), ("policies", self.policies)):
            seen: dict[str, int] = {}
            for number, thing in enumerate(things, 1):
                label = label_of_any(thing)
                if label in seen:
                    what = f"is called {label!r}, as number {seen[label]} is; give one of them another name"
                    faults.append(Fault(what, (field, number)))
                seen.setdefault(label, number)
        return faults

    def _unknown_pairs(self) -> list[Fault]:
        policies = [label_of_any(policy) for policy in self.policies]
        environments = [label_of_any(environment) for environment in self.environments]
        faults = []
        for policy, places in self.only.items():
            if policy not in policies:
                faults.append(Fault(unknown("policy", policy, policies), ("only", policy)))
            if not places:
                faults.append(Fault("must name at least one environment, got none", ("only", policy)))
            faults.extend(
                Fault(unknown("environment", place, environments), ("only", policy))
                for place in places
                if place not in environments
            )
        return faults

    def _idle(self) -> list[Fault]:
        return [
            Fault("has no policy that runs in it; take it out, or name it under `only`", ("environments", number))
            for number, (_, policies) in enumerate(self.pairs(), 1)
            if not policies
        ]

    def _misfits(self) -> list[Fault]:
        faults = []
        for environment, policies in self.pairs():
            for policy in policies:
                if why := misfit_of(policy, environment.problem):
                    mend = "; take it out, or say where it runs under `only`" if len(self.environments) > 1 else ""
                    what = f"policy {label_of_any(policy)!r} in {label_of_any(environment)!r}: {why}{mend}"
                    faults.append(Fault(what))
        return faults

    def pairs(self) -> list[tuple[Environment, list[Policy]]]:
        """Each environment with the policies that are run in it."""
        return [
            (
                environment,
                [
                    policy
                    for policy in self.policies
                    if label_of_any(environment) in self.only.get(label_of_any(policy), [label_of_any(environment)])
                ],
            )
            for environment in self.environments
        ]

    @classmethod
    def load(cls, path_or_name: str, **changes: object) -> Self:
        """Read a shipped experiment by its name ("acme", "clothing"), or one's own from a .toml file.

        The file of a scenario will do as well: Acme's line-up of policies is then run on each of its objectives.

        Args:
            path_or_name: of the experiment, or of a scenario.
            changes: fields to replace, such as replications and seed.

        Raises:
            InputError: all that is wrong with it, one line a fault, with its place in the file.
        """
        source, table = table_of_file(path_or_name)
        if "scenario" in table and "persona" in table:
            return cls(**{**experiment_for(Scenario.load(path_or_name)), **changes})
        fields, faults = fields_of(table)
        try:
            made = cls(**{"name": pathlib.Path(source).stem, **fields, **changes})
        except InputError as error:
            # what could not be read of the file is missing only because of that
            read = [f for f in map(in_file, error.faults) if f.where[:1] not in {fault.where[:1] for fault in faults}]
            found = [*faults, *read]
            elsewhere = all(fault.where[:1] and fault.where[0] in changes for fault in found)
            raise InputError(found, "" if elsewhere else source) from None
        if faults:
            raise InputError(faults, source)
        return made


def label_of_any(thing: object) -> str:
    """The label of a policy or an environment: its own, or its kind and parameters."""
    label = getattr(thing, "label", None)
    return label if isinstance(label, str) else label_of(thing)
