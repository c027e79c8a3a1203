"""Who may be shown what: rules by features, by cohort or by chance, and people who are never shown anything.

N visits, K actions.
"""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from bandits.description import Description
from bandits.errors import Fault, InputError, unknown
from bandits.protocol import Bools
from environments.protocol import About, Visits, World
from environments.toml_tables import by_name
from environments.wrapping import LuckByNumber, Relay, Wrapped, narrowed, somebody, withheld


class Rule(Description):
    """Who may be shown one action: those of whom all that it says holds.

    Args:
        name: of the action.
        feature: whose value decides.
        at_least: the least value of the feature.
        at_most: its largest value.
        cohorts: keys of the cohorts that may be shown it.
        share: of the users, drawn by chance, who may; of the visits where users are not recognised.
    """

    name: str
    feature: str | None = None
    at_least: float | None = None
    at_most: float | None = None
    cohorts: Annotated[tuple[str, ...], Field(strict=False)] | None = None
    share: Annotated[float, Field(gt=0, lt=1)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        bounded = self.at_least is not None or self.at_most is not None
        if (self.feature is None) == bounded:
            what = "must be given together with at_least, at_most or both; one says nothing without the other"
            raise InputError(Fault(what, ("feature",)))
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise InputError(Fault(f"must not be above at_most, {self.at_most}, got {self.at_least}", ("at_least",)))
        if self.cohorts is not None and not self.cohorts:
            raise InputError(Fault("must name at least one cohort, got none; add one", ("cohorts",)))
        if self.feature is None and self.cohorts is None and self.share is None:
            raise InputError("must say who may be shown it: feature with at_least or at_most, cohorts, or share")
        return self

    def __str__(self) -> str:
        least = "" if self.at_least is None else f" ≥ {self.at_least:g}"
        most = "" if self.at_most is None else f" ≤ {self.at_most:g}"
        said = [] if self.feature is None else [f"{self.feature}{least}{most}"]
        said += [] if self.cohorts is None else [" or ".join(self.cohorts)]
        said += [] if self.share is None else [f"a share of {self.share:g}"]
        return f"{self.name} for {' and '.join(said)}"


class Eligible(Wrapped):
    """An environment in which not every visitor may be shown everything.

    Features count as they are seen where the rule stands: `Noisy(Eligible(…))` goes by the true one,
    `Eligible(Noisy(…))` by the measured one. What is available tells a policy who somebody is, as far as the rule does.

    Args:
        world: the inner environment.
        rule: action ↦ { feature = …, at_least = … and at_most = …, cohorts = […], share = … }, of which all must hold;
            everybody may be shown those that it does not name.
    """

    rule: Annotated[
        tuple[Rule, ...],
        BeforeValidator(by_name(Rule, "action")),
        Field(examples=[{"Dresses": {"cohorts": ["18-29", "30-39"]}, "Skirts": {"share": 0.5}}]),
    ]

    @model_validator(mode="after")
    def _about_what_there_is(self) -> Self:
        problem, keys = self.world.problem, [cohort.key for cohort in self.world.about.cohorts]
        faults = withheld(tuple(rule.name for rule in self.rule), problem, "rule")
        for rule in self.rule:
            if rule.feature is not None and rule.feature not in problem.features:
                what = unknown("feature", rule.feature, problem.features)
                faults.append(Fault(what, ("rule", rule.name, "feature")))
            faults += [
                Fault(unknown("cohort", key, keys), ("rule", rule.name, "cohorts"))
                for key in rule.cohorts or ()
                if key not in keys
            ]
        if faults:
            raise InputError(faults)
        return self

    @property
    def details(self) -> tuple[str, ...]:
        """Its parameters as a label tells them."""
        return tuple(str(rule) for rule in self.rule)

    def note(self, inner: About) -> str:
        """One line for a report: what it does to the world inside."""
        del inner
        return f"Not everybody may be shown everything: {'; '.join(self.details)}."

    def open(self, seed: int, replication: int) -> World:
        """Make the world of one replication."""
        luck = {
            rule.name: LuckByNumber(self.stream(seed, replication, rule.name).random)
            for rule in self.rule
            if rule.share
        }
        keys = [cohort.key for cohort in self.world.about.cohorts]
        return EligibleWorld(self.world.open(seed, replication), self.rule, keys, luck)


class EligibleWorld(Relay):
    """A world in which not everybody may be shown everything.

    Args:
        world: the inner one.
        rules: who may be shown what.
        keys: of the cohorts.
        luck: of each user, or visit, for every action of which a share of them is shown it.
    """

    def __init__(self, world: World, rules: tuple[Rule, ...], keys: list[str], luck: dict[str, LuckByNumber]) -> None:
        super().__init__(world)
        self._rules, self._keys, self._luck = rules, np.array(keys), luck

    def seen(self, visits: Visits) -> Visits:
        """Only what the visitor may be shown is available."""
        allowed = np.ones(visits.available.shape, dtype=np.bool_)
        for rule in self._rules:
            allowed[:, self.problem.actions.index(rule.name)] = self._may(rule, visits)
        return narrowed(visits, allowed, self.problem, "let everybody see at least one, in the rule of Eligible")

    def _may(self, rule: Rule, visits: Visits) -> Bools:
        """Who of the visitors (N,) may be shown an action."""
        may = np.ones(len(visits), dtype=np.bool_)
        if rule.feature is not None:
            value = visits.x[:, self.problem.features.index(rule.feature)]
            may &= value >= (-np.inf if rule.at_least is None else rule.at_least)
            may &= value <= (np.inf if rule.at_most is None else rule.at_most)
        if rule.cohorts is not None:
            may &= np.isin(self._keys, rule.cohorts)[visits.cohort]
        if rule.share is not None:
            may &= self._luck[rule.name].of(somebody(visits)) < rule.share
        return may


class Holdout(Wrapped):
    """An environment in which a share of the users, drawn by chance, is never shown anything.

    Where users are not recognised it is a share of the visits. Nothing else is available to them, so that there is no
    regret; what they are spared, and what they miss, is what the others' results are compared with.

    Args:
        world: the inner environment, in which showing nothing is an action.
        share: who is held out.
    """

    share: Annotated[float, Field(gt=0, lt=1, examples=[0.1])]

    @model_validator(mode="after")
    def _may_be_silent(self) -> Self:
        if self.world.problem.nothing is None:
            what = "must be a world in which nothing may be shown, got one that always shows something"
            raise InputError(Fault(f"{what}; set show_nothing where it is a parameter", ("world",)))
        return self

    def note(self, inner: About) -> str:
        """One line for a report: what it does to the world inside."""
        who = "users" if inner.people else "visits"
        return f"{100 * self.share:g} % of the {who}, drawn by chance, are held out: they are never shown anything."

    def open(self, seed: int, replication: int) -> World:
        """Make the world of one replication."""
        luck = LuckByNumber(self.stream(seed, replication, "held out").random)
        return HoldoutWorld(self.world.open(seed, replication), self.share, luck)


class HoldoutWorld(Relay):
    """A world in which some are never shown anything.

    Args:
        world: the inner one.
        share: who is held out.
        luck: of each user, or visit.
    """

    def __init__(self, world: World, share: float, luck: LuckByNumber) -> None:
        super().__init__(world)
        self._share, self._luck = share, luck

    def seen(self, visits: Visits) -> Visits:
        """Nothing but nothing is available to those who are held out."""
        allowed = np.ones(visits.available.shape, dtype=np.bool_)
        allowed[self._luck.of(somebody(visits)) < self._share] = False
        allowed[:, self.problem.nothing] = True
        return narrowed(visits, allowed, self.problem, "let nothing be available inside of Holdout")
