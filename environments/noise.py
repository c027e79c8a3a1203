"""What a shop knows of its visitors is measured with error, or not at all. What they do is what they do.

N visits, D features.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from bandits.cards import LabelledSample, PersonaCard
from bandits.description import Description
from bandits.errors import Fault, InputError, unknown
from bandits.protocol import Floats, Problem
from environments.protocol import About, Environment, Visits, World
from environments.testbed import Testbed
from environments.toml_tables import by_name
from environments.wrapping import LuckByNumber, Relay, Wrapped

Chance = Annotated[float, Field(ge=0, le=1)]
FEW = 64
Draw = Callable[[str], Floats]
"""The luck (N,) of each visit, for a purpose."""


class Blur(Description):
    """What becomes of one feature: x + sd · normal, or 1 − x with probability flip; then 0 with probability missing.

    Args:
        name: of the feature.
        sd: of the normal error that is added at each visit [units of the feature].
        flip: probability that a yes is told as a no, and a no as a yes, at each visit.
        missing: probability that it is told as 0, at each visit.
        dropped: whether it is not told at all.
    """

    name: str
    sd: Annotated[float, Field(ge=0, le=1e9)] = 0.0
    flip: Chance = 0.0
    missing: Chance = 0.0
    dropped: bool = False

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.dropped and (self.sd or self.flip or self.missing):
            raise InputError(
                Fault("must be given alone; of a feature that is not told, nothing is wrong", ("dropped",))
            )
        if self.sd and self.flip:
            raise InputError(Fault("must not be given together with flip; a yes or a no has no normal error", ("sd",)))
        if not (self.sd or self.flip or self.missing or self.dropped):
            raise InputError("must say what is wrong with it: sd, flip, missing or dropped, got nothing")
        return self

    def __str__(self) -> str:
        said = [f"{key}={value:g}" for key in ("sd", "flip", "missing") if (value := getattr(self, key))]
        return f"{self.name} {'dropped' if self.dropped else ' '.join(said)}"

    def told(self, x: Floats, draw: Draw) -> Floats:
        """The feature (N,) as it is told.

        Raises:
            InputError: where it is to be flipped, and is neither 0 nor 1.
        """
        if self.sd:
            x = x + self.sd * draw("error")
        if self.flip:
            if not np.isin(x, (0.0, 1.0)).all():
                odd = x[~np.isin(x, (0.0, 1.0))][0]
                what = f"must be yes-no (1 or 0) to be flipped, got {odd:g}; use sd"
                raise InputError(Fault(what, ("features", self.name, "flip")), "Noisy")
            x = np.where(draw("flip") < self.flip, 1.0 - x, x)
        if self.missing:
            x = np.where(draw("missing") < self.missing, 0.0, x)
        return x


def _first_visitors(world: Environment) -> Floats | None:
    """Features (N, D) of some visitors of a testbed, perhaps a wrapped one; None of other worlds.

    It is cheap there to open one only to look. Elsewhere it may not be, and the features are looked at when it is run.
    """
    inner = world
    while isinstance(inner, Wrapped):
        inner = inner.world
    visits = world.open(0, 0).next_block(FEW) if isinstance(inner, Testbed) else None
    return None if visits is None else visits.x


class Noisy(Wrapped):
    """An environment whose policies see features with errors; the cards stay as they are declared.

    Rewards, expected ones too, are those of the visitor as they are. A survey (`Problem.sample`) errs in the same way.

    Args:
        world: the inner environment.
        features: feature ↦ { sd = … } or { flip = … }, with { missing = … } or not; or { dropped = true }.
    """

    features: Annotated[
        tuple[Blur, ...],
        BeforeValidator(by_name(Blur, "feature")),
        Field(examples=[{"age near 35": {"sd": 0.2}, "age near 65": {"dropped": True}}]),
    ]

    @model_validator(mode="after")
    def _about_what_there_is(self) -> Self:
        problem = self.world.problem
        faults = [
            Fault(unknown("feature", blur.name, problem.features), ("features", blur.name))
            for blur in self.features
            if blur.name not in problem.features
        ]
        numbers = {card.name for persona in problem.cards for card in persona.features if card.kind == "number"}
        x = problem.sample.x if problem.sample is not None else _first_visitors(self.world)
        if x is not None:
            numbers.update(name for d, name in enumerate(problem.features) if not np.isin(x[:, d], (0.0, 1.0)).all())
        faults += [
            Fault("must be yes-no to be flipped, and is a number; use sd", ("features", blur.name, "flip"))
            for blur in self.features
            if blur.flip and blur.name in numbers
        ]
        if not faults and len(self._kept(problem)) == 0:
            faults = [Fault("must leave at least one feature, got all of them dropped; keep one", ("features",))]
        if faults:
            raise InputError(faults)
        return self

    def _kept(self, problem: Problem) -> list[int]:
        """Which columns are left."""
        dropped = {blur.name for blur in self.features if blur.dropped}
        return [d for d, name in enumerate(problem.features) if name not in dropped]

    @property
    def details(self) -> tuple[str, ...]:
        """Its parameters as a label tells them."""
        return tuple(str(blur) for blur in self.features)

    def note(self, inner: About) -> str:
        """One line for a report: what it does to the world inside."""
        del inner
        return f"Policies see features with errors: {'; '.join(self.details)}. Cards, if there are any, know of none."

    @property
    def problem(self) -> Problem:
        """What is public, with a labelled sample of its own; each replication has another."""
        return self._seen(self.world.problem, 0, 0, "public survey")

    def _seen(self, problem: Problem, seed: int, replication: int, survey: str) -> Problem:
        """What is public of a world."""
        kept = self._kept(problem)
        names = tuple(problem.features[d] for d in kept)
        cards = tuple(
            PersonaCard(
                card.name, card.share, card.visit_rate, tuple(part for part in card.features if part.name in names)
            )
            for card in problem.cards
        )
        sample = problem.sample
        if sample is not None:
            S = len(sample.x)

            def draw(purpose: str) -> Floats:
                rng = self.stream(seed, replication, f"{survey}: {purpose}")
                return rng.standard_normal(S) if purpose.endswith(" error") else rng.random(S)

            x = self.told(problem, sample.x, draw)
            x.flags.writeable = False  # policies of the same replication share it
            sample = LabelledSample(x, sample.cohort, sample.cohorts, tuple(sample.level[d] for d in kept))
        return replace(problem, features=names, cards=cards, sample=sample)

    def told(self, problem: Problem, x: Floats, draw: Draw) -> Floats:
        """The features (N, D) of the inner world as they are told: those that are left.

        Args:
            problem: of the inner world.
            x: (N, D).
            draw: the luck (N,) of each row, for the purpose "<feature> <what>".
        """
        x = x.copy()
        for blur in self.features:
            d = problem.features.index(blur.name)

            def of_this(what: str, name: str = blur.name) -> Floats:
                return draw(f"{name} {what}")

            x[:, d] = blur.told(x[:, d], of_this)
        kept = self._kept(problem)
        return x if len(kept) == x.shape[1] else np.ascontiguousarray(x[:, kept])

    def open(self, seed: int, replication: int) -> World:
        """Make the world of one replication."""
        world = self.world.open(seed, replication)
        luck: dict[str, LuckByNumber] = {}
        for blur in self.features:
            for what in ("error", "flip", "missing"):
                rng = self.stream(seed, replication, f"{blur.name} {what}")
                luck[f"{blur.name} {what}"] = LuckByNumber(rng.standard_normal if what == "error" else rng.random)
        return NoisyWorld(world, self, self._seen(world.problem, seed, replication, "survey"), luck)


class NoisyWorld(Relay):
    """A world whose features are seen with errors.

    Args:
        world: the inner one.
        noise: says with which.
        problem: what is public.
        luck: of each visit, by its number, for each error.
    """

    def __init__(self, world: World, noise: Noisy, problem: Problem, luck: dict[str, LuckByNumber]) -> None:
        super().__init__(world, problem)
        self._noise, self._inner, self._luck = noise, world.problem, luck

    def seen(self, visits: Visits) -> Visits:
        """The features as they are told."""

        def draw(purpose: str) -> Floats:
            return self._luck[purpose].of(visits.index)

        return replace(visits, x=self._noise.told(self._inner, visits.x, draw))
