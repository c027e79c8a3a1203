"""Work on who is visiting, rather than on raw features."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from bandits.cards import PersonaCard
from bandits.fit import misfit_of
from bandits.likelihood import Likelihoods, believe, estimated_cards
from bandits.loops import in_blocks
from bandits.protocol import Block, BlockLearner, Choices, Floats, Policy, Problem
from bandits.wrapper import Wrapper


class PersonaBelief(Wrapper):
    """Give a policy the probabilities of the personas as its features, instead of the raw ones.

    A cohort that a pooled model never notices is seen at once, because the team has said what it looks like.

    Args:
        policy: learns on P(persona | evidence), (P,), which sum to 1.
        cards: "declared", what the personas' cards say of their features; or "estimated" from users whom somebody has
            labelled by hand (`Problem.sample`).
        evidence: "visit", this visit alone; or "history", all that the user has shown so far, in which facts about the
            user (not about the visit) count once.

    When the declared cards are wrong, so is the belief: then estimate them. Features are taken as independent given the
    persona (naive Bayes).

    Before any evidence, a declared persona is as likely as its share of visits (share · visit rate), an estimated one
    as its share of the sample's users, which does not say how often they come. The first is right for a visit taken by
    itself, the second for the first visit of somebody who is sure to come one day. So where personas come unequally
    often, estimated cards with evidence = "visit" believe too little in those who come often, and declared cards with
    evidence = "history" believe in them too much, until a user's history outweighs it.
    """

    cards: Literal["declared", "estimated"] = "declared"
    evidence: Literal["visit", "history"] = "history"

    def __init__(
        self,
        policy: Policy,
        *,
        cards: Literal["declared", "estimated"] = "declared",
        evidence: Literal["visit", "history"] = "history",
        name: str | None = None,
    ) -> None:
        super().__init__(policy, cards=cards, evidence=evidence, name=name)

    @property
    def sees_user(self) -> bool:
        """A history belongs to somebody."""
        return self.evidence == "history" or super().sees_user

    def _cards(self, problem: Problem) -> tuple[tuple[PersonaCard, ...], str | None]:
        """The cards that a belief rests on, and why they do not fit, if they don't."""
        return _declared(problem) if self.cards == "declared" else _estimated(problem)

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        cards, why = self._cards(problem)
        return why or misfit_of(self.policy, _inner(problem, cards))

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        cards, _ = self._cards(problem)
        learner = in_blocks(self.policy.start(_inner(problem, cards), rng))
        users = (problem.users or 0) if self.evidence == "history" else 0
        return _Believer(learner, Likelihoods(cards, problem.features), users)


def _declared(problem: Problem) -> tuple[tuple[PersonaCard, ...], str | None]:
    if not problem.cards:
        return (), "needs persona cards, and this world has none; use cards = 'estimated' or another policy"
    described = [feature.name for card in problem.cards for feature in card.features]
    hidden = [name for name in described if name not in problem.features]
    why = f"needs the feature {hidden[0]!r} of its persona cards, which visitors do not show" if hidden else None
    return problem.cards, why


def _estimated(problem: Problem) -> tuple[tuple[PersonaCard, ...], str | None]:
    if problem.sample is None:
        return (), "needs a labelled sample of users, and this world has none"
    shown, labelled = len(problem.features), problem.sample.x.shape[1]
    if shown != labelled:
        return (), f"needs a labelled sample of {shown} features, and has one of {labelled}"
    return estimated_cards(problem.sample, problem.features), None


def _inner(problem: Problem, cards: tuple[PersonaCard, ...]) -> Problem:
    return replace(problem, features=tuple(f"P({card.name})" for card in cards))


class _Believer(BlockLearner):
    def __init__(self, learner: BlockLearner, likelihoods: Likelihoods, users: int) -> None:
        self._learner, self._like = learner, likelihoods
        P = len(likelihoods.log_prior)
        self._known, self._log_odds = np.zeros(users, dtype=np.bool_), np.zeros((users, P))

    def _believe(self, block: Block) -> Floats:
        like, belief = self._like, np.empty((len(block), len(self._like.log_prior)))
        user = np.empty(0, dtype=np.int64) if not len(self._known) or block.user is None else block.user
        believe(
            np.ascontiguousarray(block.x),
            user,
            self._known,
            self._log_odds,
            like.log_prior,
            like.base,
            like.slope,
            like.curve,
            like.mean,
            belief,
        )
        return belief

    def play(self, block: Block) -> Choices:
        belief = self._believe(block)
        choices = self._learner.play(replace(block, x=belief))
        memo = belief if choices.memo is None else np.hstack([belief, choices.memo])
        return replace(choices, memo=memo)

    def estimates(self, block: Block) -> tuple[Floats, Floats]:
        known, odds = self._known.copy(), self._log_odds.copy()
        estimates = self._learner.estimates(replace(block, x=self._believe(block)))
        self._known[:], self._log_odds[:] = known, odds  # nobody has visited
        return estimates

    def _as_believed(self, block: Block, choices: Choices) -> tuple[Block, Choices]:
        """The visits as they were believed to be when the choice was made, or now if another policy made it."""
        if choices.memo is None:
            return replace(block, x=self._believe(block)), choices
        P = len(self._like.log_prior)
        rest = choices.memo[:, P:] if choices.memo.shape[1] > P else None
        return replace(block, x=np.ascontiguousarray(choices.memo[:, :P])), replace(choices, memo=rest)

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        block, choices = self._as_believed(block, choices)
        self._learner.learn_many(block, choices, rewards)

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        block, choices = self._as_believed(block, choices)
        self._learner.correct_many(block, choices, deltas)
