"""How a scenario will behave, foreseen before anything is run, and what in it is likely not to be meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bandits.streams import stream
from environments.shop.calendar import visits_by_persona
from environments.shop.features import bayes_recall
from environments.shop.objective import Objective
from environments.shop.persona import Persona
from environments.shop.scenario import Scenario
from environments.shop.worth import worth
from experiments.shop_changes import idle_changes

FEW_VISITS = 200
RECOGNISED = 0.5
BAYES_VISITS = 20_000
CAN_BE_NEGATIVE = ("margin", "welfare", "felt_welfare")
HIM = {"he": "him", "she": "her", "they": "them"}
HIS = {"he": "his", "she": "her", "they": "their"}


@dataclass(frozen=True, slots=True)
class Prospect:
    """How a persona will fare.

    Args:
        persona: who.
        customers: on the first day and later, expected.
        visits: expected, if nobody leaves.
        good: how many items are good for them.
        best: name of the item that is worth most to them.
        welfare: what that is worth [utils].
        recall: share of their visits that are recognised.
    """

    persona: Persona
    customers: float
    visits: float
    good: int
    best: str
    welfare: float
    recall: float


def prospects_of(scenario: Scenario) -> list[Prospect]:
    """Foresee how each persona will fare."""
    welfare = worth(scenario.personas, scenario.items).welfare
    recall = bayes_recall(scenario, stream(0, 0, "bayes recall"), BAYES_VISITS)
    joining = scenario.new_customers * scenario.days
    visits = visits_by_persona(scenario)
    prospects = []
    for c, persona in enumerate(scenario.personas):
        best = int(welfare[c].argmax())
        prospects.append(
            Prospect(
                persona=persona,
                customers=persona.share * (scenario.customers + joining),
                visits=float(visits[c]),
                good=int((welfare[c] > 0).sum()),
                best=scenario.items[best].name,
                welfare=float(welfare[c, best]),
                recall=float(recall[c]),
            )
        )
    return prospects


def warnings_of(scenario: Scenario, prospects: Sequence[Prospect]) -> list[str]:
    """Say what is likely not to be meant, a sentence each."""
    lines = [line for prospect in prospects for line in _of_persona(prospect)] + list(idle_changes(scenario))
    return lines + [
        f"{objective.key}: showing nothing wins, since nothing that it weights is welcome; set must_show = true."
        for objective in scenario.objectives
        if _silence_wins(objective)
    ]


def _of_persona(prospect: Prospect) -> Iterator[str]:
    name, him, his = prospect.persona.name, HIM[prospect.persona.pronoun], HIS[prospect.persona.pronoun]
    if prospect.good == 0:
        yield f"{name}: no item is good for {him}; any of them leaves {him} worse off than nothing would."
    if prospect.visits < FEW_VISITS:
        yield f"{name}: about {prospect.visits:,.0f} visits are few to learn from; have more customers, or more days."
    if prospect.recall < RECOGNISED:
        yield f"{name}: the features hardly tell {him} apart; {prospect.recall:.0%} of {his} visits are recognised."


def _silence_wins(objective: Objective) -> bool:
    unwelcome = all(weight <= 0 and outcome not in CAN_BE_NEGATIVE for outcome, weight in objective.weights)
    return unwelcome and not objective.must_show
