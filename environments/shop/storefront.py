"""The storefront: a shop whose customers are personas, who buy, return, regret, are irritated, and leave for good.

A block is a day. The equations are in `truth.py` (expectations) and `lifecycle.py` (what happens).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from bandits.cards import LabelledSample, PersonaCard
from bandits.description import Description, identity
from bandits.errors import Fault, InputError, unknown
from bandits.protocol import Problem
from bandits.streams import stream
from environments.protocol import About, Cohort
from environments.shop.bounds import AtLeastZero
from environments.shop.card_error import misdeclared
from environments.shop.draws import draw
from environments.shop.features import draw_sample
from environments.shop.lifecycle import VALUES
from environments.shop.objective import Objective
from environments.shop.rewards import reward_range
from environments.shop.scenario import Scenario
from environments.shop.shelves import empty_day, shelves_of
from environments.shop.shop_floor import ShopFloor
from environments.shop.truth_tables import truth_tables
from environments.shop.turning_points import turning_points

Feedback = Literal["at once", "wait", "correct"]


def _loaded(value: object) -> object:
    if isinstance(value, (Scenario, Mapping)):
        return value
    if not isinstance(value, str):
        raise InputError(
            f'must be a scenario by its name, such as "acme", or by the path of its .toml file, got {value!r}'
        )
    try:
        return Scenario.load(value)
    except InputError as error:
        raise InputError(error.lines) from None  # its faults lie in its own file, whose name each line keeps


class Storefront(Description):
    """A world of personas.

    Args:
        scenario: the shop and its customers, or the name or path of its TOML file.
        objective: which of the scenario's objectives rewards the policy.
        feedback: "at once": a visit's reward, returns included, is known immediately (idealised); "wait": it is learnt
            when the attribution window closes; "correct": a sale is credited at once, and a return corrects it later.
        show_nothing: whether showing no recommendation is an action (never under an objective with `must_show`).
        observe_persona: whether policies that ask are told each customer's persona.
        labelled: how many people's personas are known from a survey, for policies that estimate cards.
        customers: on the first day, in place of the scenario's number.
        days: length of a replication, in place of the scenario's.
        card_error: by how much the declared cards are wrong, each feature up or down by chance, anew in each
            replication [logits of a yes, standard deviations of a number]. Customers stay as they are.

    Raises:
        InputError: all that is wrong, one line a fault.
    """

    scenario: Annotated[Scenario, BeforeValidator(_loaded), Field(examples=["acme"])]
    objective: str = Field(examples=["long_term"])
    feedback: Feedback = "at once"
    show_nothing: bool = True
    observe_persona: bool = False
    labelled: int = Field(default=200, ge=0, le=100_000)
    customers: int | None = Field(default=None, ge=1, le=1_000_000)
    days: int | None = Field(default=None, ge=1, le=3650)
    card_error: AtLeastZero = 0.0

    @model_validator(mode="after")
    def _known_objective(self) -> Self:
        keys = [objective.key for objective in self.scenario.objectives]
        if self.objective not in keys:
            raise InputError(Fault(unknown("objective", self.objective, keys), ("objective",)))
        day = None if self.silence else empty_day(self.scenario.items, self.shop.days)
        if day is not None:
            where, advice = (
                ("objective", "choose one without must_show")
                if self.goal.must_show
                else ("show_nothing", "set it to true")
            )
            what = f"nothing is on sale on day {day}, and something must be shown; {advice}, or sell something then"
            raise InputError(Fault(what, (where,)))
        return self

    @classmethod
    def load(
        cls,
        path_or_name: str,
        *,
        objective: str,
        feedback: Feedback = "at once",
        show_nothing: bool = True,
        observe_persona: bool = False,
        labelled: int = 200,
        customers: int | None = None,
        days: int | None = None,
        card_error: float = 0.0,
        name: str | None = None,
    ) -> Self:
        """Read a scenario ("acme", or the path of a TOML file) and make its storefront; see the class for the rest."""
        return cls(
            scenario=Scenario.load(path_or_name),
            objective=objective,
            feedback=feedback,
            show_nothing=show_nothing,
            observe_persona=observe_persona,
            labelled=labelled,
            customers=customers,
            days=days,
            card_error=card_error,
            name=name,
        )

    @property
    def label(self) -> str:
        """Its name, or scenario/objective and what else differs from the defaults."""
        if self.name:
            return self.name
        fields = type(self).model_fields
        rest = ("feedback", "show_nothing", "observe_persona", "labelled", "customers", "days", "card_error")
        said = [f"{key}={getattr(self, key)}" for key in rest if getattr(self, key) != fields[key].default]
        return f"{self.scenario.name}/{self.objective}" + (f" ({', '.join(said)})" if said else "")

    @property
    def shop(self) -> Scenario:
        """The scenario, with this storefront's number of customers and days."""
        customers = self.scenario.customers if self.customers is None else self.customers
        days = self.scenario.days if self.days is None else self.days
        return self.scenario.model_copy(update={"customers": customers, "days": days})

    @property
    def goal(self) -> Objective:
        """The objective."""
        return next(o for o in self.scenario.objectives if o.key == self.objective)

    @property
    def silence(self) -> bool:
        """Whether nothing may be shown."""
        return self.show_nothing and not self.goal.must_show

    @property
    def problem(self) -> Problem:
        """What is public before any replication; labelled sample and errors of cards are those of no replication."""
        sample = draw_sample(self.shop, self.labelled, stream(0, 0, "storefront:public survey"))
        return self.problem_with(sample, self.cards(stream(0, 0, "storefront:public card error")))

    def cards(self, rng: np.random.Generator) -> tuple[PersonaCard, ...]:
        """What the team declares about its personas, right or wrong; which way it errs is drawn."""
        return misdeclared(self.shop.persona_cards(), self.card_error, rng)

    def problem_with(
        self, sample: LabelledSample | None, cards: tuple[PersonaCard, ...], users: int | None = None
    ) -> Problem:
        """What is public in a replication with this labelled sample, these cards and so many users."""
        shop, names = self.shop, tuple(item.name for item in self.scenario.items)
        return Problem(
            actions=(*names, "nothing") if self.silence else names,
            features=shop.feature_names,
            nothing=len(names) if self.silence else None,
            action_features=shop.action_feature_names,
            reward_range=self.reward_range,
            reward_scale=self.goal.scale,
            cohorts=tuple(p.name for p in shop.personas) if self.observe_persona else None,
            users=shop.customers if users is None else users,
            corrections=self.feedback == "correct",
            cards=cards,
            sample=sample if self.labelled else None,
            typical=True,
        )

    @property
    def reward_range(self) -> tuple[float, float] | None:
        """Bounds of a reward; None where it contains welfare, which has none."""
        return reward_range(self.goal, shelves_of(self.shop).used, self.scenario.handling)

    @property
    def about(self) -> About:
        """How it is presented, and what the ledger must know."""
        shop = self.shop
        notes = [
            (
                "A simulation: the customers' parameters were set by hand, from what the team believes of its "
                "personas. Treat it as a rehearsal, not as a forecast."
            ),
            "Regret compares with the best item for each visit under the objective; it need not be best later on.",
        ]
        if any(outcome == "felt_welfare" for outcome, _ in self.goal.weights):
            notes.append("The objective uses what customers say in an idealised, noiseless survey after each visit.")
        if self.feedback == "at once":
            notes.append("Returns are known to the policy at once, which is idealised.")
        if shop.changes:
            notes.append(
                "What is on sale, prices, quality or visit rates change on days that the scenario declares; regret "
                "compares with the best item on sale, at the day's price and quality."
            )
        if self.card_error:
            notes.append(
                "The persona cards that policies are told are wrong on purpose: the odds of each yes by a factor of "
                f"{math.exp(self.card_error):.3g}, each mean by {self.card_error:g} standard deviations."
            )
        return About(
            title=shop.title,
            scenario=identity(shop),
            objective=self.goal.key,
            objective_text=self.goal.asks,
            cohorts=tuple(
                Cohort(
                    key=p.key,
                    name=p.name,
                    share=p.share,
                    role=p.role,
                    pronoun=p.pronoun,
                    text=(("Profile", p.profile), ("Motivations", p.motivations), ("Goals", p.goals)),
                )
                for p in shop.personas
            ),
            outcomes=VALUES,
            tolerance=shop.tolerance,
            bad_means=(
                "A bad recommendation is one that leaves this customer worse off, in expectation, than being shown "
                f"nothing: by more than {shop.tolerance:g} on the scale of utility on which buying is decided."
            ),
            clock="day",
            horizon=shop.days,
            people=True,
            reward_unit=self.goal.unit,
            currency=shop.currency,
            notes=tuple(notes),
            changes=turning_points(shop) if shop.changes else (),
        )

    def open(self, seed: int, replication: int) -> ShopFloor:
        """Make the world of one replication."""
        shop = self.shop
        luck = draw(shop, self.labelled, seed, replication)
        tables = truth_tables(shop, self.labelled, seed, replication, self.goal)
        cards = self.cards(stream(seed, replication, "storefront:card error"))
        problem = self.problem_with(luck.sample, cards, len(luck.cohort))
        return ShopFloor(shop, luck, tables, problem, self.goal, self.feedback)
