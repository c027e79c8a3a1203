"""Work on who is visiting, rather than on raw features."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from bandits.cards import PersonaCard
from bandits.errors import InputError
from bandits.fit import misfit_of
from bandits.likelihood import Likelihoods, believe, estimated_cards
from bandits.loops import in_blocks
from bandits.outcomes import learn_outcomes, no_rewards
from bandits.pooled import merged
from bandits.protocol import Block, BlockLearner, Choices, Floats, Ints, Policy, Problem
from bandits.shown import fitting, numbered
from bandits.wrapper import Wrapper


class PersonaBelief(Wrapper):
    """Give a policy the probabilities of the personas as its features, instead of the raw ones.

    A cohort that a pooled model never notices is seen at once, because the team has said what it looks like.

    P(persona | evidence) ∝ P(persona) · Π over features of P(feature | persona), on which the inner policy works; with
    evidence = "outcomes", · Π over rewards of P(reward | persona, action). Propensities are those of the inner policy.

    Args:
        policy: learns on P(persona | evidence), (P,), which sum to 1.
        cards: "declared", what the personas' cards say of their features; or "estimated" from users whom somebody has
            labelled by hand (`Problem.sample`).
        evidence: "visit", this visit alone; "history", all that the user has shown so far, in which facts about the
            user (not about the visit) count once; or "outcomes", the history and the rewards that came of it, by a
            model of what each persona pays for each action, which is learnt as it goes (see `bandits.outcomes`).

    Features are taken as independent given the persona, and so are visits (naive Bayes): a fact that stays the same
    from visit to visit must be declared as the user's, or it counts at each. A history makes certain, also of the wrong
    persona where the declared cards are wrong. `docs/wrong-cards.md` measures what that costs: little while they are
    off by half a logit, or half a standard deviation, and much beyond; a single visit as evidence suffers sooner. Not
    for declared cards that may be far off: estimated ones bear no such error, and 200 labels were as good as right
    cards.

    Outcomes are not the default, since they were measured to gain little in Acme: nothing with right cards, about a
    twentieth of the regret with wrong ones. They pay where rewards tell personas apart and features do not. A reward
    that has moved a belief cannot be corrected, as the choices and lessons that followed are not undone: not outcomes
    with feedback = "correct".

    Before any evidence, a declared persona is as likely as its share of visits (share · visit rate), an estimated one
    as its share of the sample's users, which does not say how often they come. The first is right for a visit taken by
    itself, the second for the first visit of somebody who is sure to come one day. So where personas come unequally
    often, estimated cards with evidence = "visit" believe too little in those who come often, and declared cards with
    evidence = "history" believe in them too much, until a user's history outweighs it.

    Source: Bayes' rule; the combination is ours.
    """

    cards: Literal["declared", "estimated"] = "declared"
    evidence: Literal["visit", "history", "outcomes"] = "history"

    def __init__(
        self,
        policy: Policy,
        *,
        cards: Literal["declared", "estimated"] = "declared",
        evidence: Literal["visit", "history", "outcomes"] = "history",
        name: str | None = None,
    ) -> None:
        super().__init__(policy, cards=cards, evidence=evidence, name=name)

    @property
    def sees_user(self) -> bool:
        """A history belongs to somebody."""
        return self.evidence != "visit" or super().sees_user

    @property
    def corrects(self) -> bool:
        """Not where a reward has moved beliefs, on which later choices rest."""
        return self.evidence != "outcomes" and super().corrects

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
        users = (problem.users or 0) if self.evidence != "visit" else 0
        like, listens = Likelihoods(cards, problem.features), self.evidence == "outcomes"
        return _Believer(learner, like, users, problem, listens=listens)


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
    """Turns visits into beliefs, hands those to a learner, and keeps each with its choice.

    Args:
        learner: the inner one.
        likelihoods: of P personas.
        users: U; 0 where every visit stands alone.
        listens: whether rewards are evidence too.
        problem: of the world.
    """

    def __init__(
        self, learner: BlockLearner, likelihoods: Likelihoods, users: int, problem: Problem, *, listens: bool
    ) -> None:
        self._learner, self._like, self._problem, self._listens = learner, likelihoods, problem, listens
        self._known, self._log_odds = np.zeros(users, dtype=np.bool_), np.tile(likelihoods.log_prior, (users, 1))
        self._rewards = no_rewards(len(likelihoods.log_prior), len(problem.actions))
        self._nothing, self._unit = -1 if problem.nothing is None else problem.nothing, problem.reward_scale

    def _believe(self, block: Block) -> Floats:
        """P(persona | evidence so far) (N, P), that of each visit included."""
        fitting(block, self._problem, "PersonaBelief")
        like, belief = self._like, np.empty((len(block), len(self._like.log_prior)))
        user = np.empty(0, dtype=np.int64)
        if len(self._known) and block.user is not None:
            user = numbered(block.user, len(self._known), "user", "PersonaBelief")
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

    def _imagine(self, block: Block) -> Floats:
        """The same, without counting what is seen: nobody has visited."""
        known, odds = self._known.copy(), self._log_odds.copy()
        belief = self._believe(block)
        self._known[:], self._log_odds[:] = known, odds
        return belief

    def _stretches(self, block: Block) -> list[Ints]:
        """Rows of a block, cut so that no reward of a stretch bears on a belief of the same stretch."""
        if not self._listens or block.user is None:
            return [np.arange(len(block))]
        starts, here = [0], set[int]()
        for n, user in enumerate(block.user.tolist()):
            if user in here:
                starts.append(n)
                here.clear()
            here.add(user)
        return np.split(np.arange(len(block)), starts[1:])

    def _listen(self, block: Block, belief: Floats, action: Ints, rewards: Floats) -> None:
        if self._listens and block.user is not None:
            who, nothing, unit = block.user, self._nothing, self._unit
            learn_outcomes(self._rewards, self._log_odds, who, action, belief, rewards, nothing, unit)

    def _play(self, block: Block) -> Choices:
        belief = self._believe(block)
        choices = self._learner.play(replace(block, x=belief))
        known, rewards = block.revealed(choices.action)
        if len(known):
            self._listen(block.rows(known), belief[known], choices.action[known], rewards)
        memo = belief if choices.memo is None else np.hstack([belief, choices.memo])
        return replace(choices, memo=memo)

    def play(self, block: Block) -> Choices:
        return merged(len(block), [(rows, self._play(block.rows(rows))) for rows in self._stretches(block)])

    def estimates(self, block: Block) -> tuple[Floats, Floats]:
        return self._learner.estimates(replace(block, x=self._imagine(block)))

    def _recalled(self, memo: Floats) -> tuple[Floats, Floats | None]:
        """The beliefs of the time of the choice, and the inner learner's own memo."""
        P = len(self._like.log_prior)
        return np.ascontiguousarray(memo[:, :P]), memo[:, P:] if memo.shape[1] > P else None

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        for rows in self._stretches(block):
            self._learn(block.rows(rows), choices.rows(rows), rewards[rows])

    def _learn(self, block: Block, choices: Choices, rewards: Floats) -> None:
        # a choice without a memo was made by another policy: of that visit nothing is known yet
        belief, rest = (self._believe(block), None) if choices.memo is None else self._recalled(choices.memo)
        self._learner.learn_many(replace(block, x=belief), replace(choices, memo=rest), rewards)
        self._listen(block, belief, choices.action, rewards)

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        if self._listens:
            what = "cannot correct a reward it has already learnt; use feedback = 'at once' or 'wait'"
            raise InputError(what, "PersonaBelief")
        # without a memo there is no other belief than that of now, and the visit has counted when its reward was learnt
        belief, rest = (self._imagine(block), None) if choices.memo is None else self._recalled(choices.memo)
        self._learner.correct_many(replace(block, x=belief), replace(choices, memo=rest), deltas)
