"""Work on who is visiting, rather than on raw features: the persona cards as a model of the visitor.

P(persona | evidence) ∝ P(persona) · Π over features of P(feature | persona)

U users, P personas, D features, N visits. log_odds (U, P): prior plus all evidence so far, up to a constant.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np

from bandits.cards import FeatureCard, LabelledSample, PersonaCard
from bandits.compiled import compiled
from bandits.description import Description
from bandits.loops import in_blocks, misfit_of
from bandits.protocol import Block, BlockLearner, Bools, Choices, Floats, Ints, Needs, Policy, Problem
from bandits.registry import PolicyField


class PersonaBelief(Description):
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
    """

    policy: PolicyField
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
        super().__init__(policy=policy, cards=cards, evidence=evidence, name=name)

    @property
    def sees_cohort(self) -> bool:
        """As the inner policy."""
        return Needs.of(self.policy).sees_cohort

    @property
    def sees_user(self) -> bool:
        """A history belongs to somebody."""
        return self.evidence == "history" or Needs.of(self.policy).sees_user

    @property
    def sees_expected(self) -> bool:
        """As the inner policy."""
        return Needs.of(self.policy).sees_expected

    @property
    def corrects(self) -> bool:
        """As the inner policy."""
        return Needs.of(self.policy).corrects

    @property
    def uncertain(self) -> bool:
        """As the inner policy."""
        return bool(getattr(self.policy, "uncertain", False))

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        why = self._without_cards(problem) if self.cards == "declared" else self._without_sample(problem)
        return why or misfit_of(self.policy, _inner(problem, self._names(problem)))

    def _without_cards(self, problem: Problem) -> str | None:
        if not problem.cards:
            return "needs persona cards, and this world has none; use cards = 'estimated' or another policy"
        described = [feature.name for card in problem.cards for feature in card.features]
        hidden = [name for name in described if name not in problem.features]
        return f"needs the feature {hidden[0]!r} of its persona cards, which visitors do not show" if hidden else None

    def _without_sample(self, problem: Problem) -> str | None:
        if problem.sample is None:
            return "needs a labelled sample of users, and this world has none"
        shown, labelled = len(problem.features), problem.sample.x.shape[1]
        return f"needs a labelled sample of {shown} features, and has one of {labelled}" if shown != labelled else None

    def _names(self, problem: Problem) -> tuple[str, ...]:
        if self.cards == "declared":
            return tuple(card.name for card in problem.cards)
        return () if problem.sample is None else problem.sample.cohorts

    def start(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        """Make a fresh learner."""
        if self.cards == "declared":
            cards = problem.cards
        elif problem.sample is not None:
            cards = estimated_cards(problem.sample, problem.features)
        else:
            raise ValueError(self.misfit(problem))
        learner = in_blocks(self.policy.start(_inner(problem, self._names(problem)), rng))
        users = (problem.users or 0) if self.evidence == "history" else 0
        return _Believer(learner, Likelihoods(cards, problem.features), users)


def _inner(problem: Problem, names: tuple[str, ...]) -> Problem:
    return replace(problem, features=tuple(f"P({name})" for name in names))


def estimated_cards(sample: LabelledSample, features: tuple[str, ...]) -> tuple[PersonaCard, ...]:
    """Fit the distribution of every feature in every cohort of a labelled sample.

    Shares and probabilities get one imaginary observation more on each side (Laplace); a variance gets one imaginary
    observation with the variance of the whole sample. A feature that never varies tells nothing and is left out.
    """
    cards = []
    for c, name in enumerate(sample.cohorts):
        x = sample.x[sample.cohort == c]
        n, fitted = len(x), []
        for d, feature in enumerate(features):
            column, everyone = x[:, d], sample.x[:, d]
            if np.ptp(everyone) == 0:
                continue
            if np.isin(everyone, (0.0, 1.0)).all():
                p = float((column.sum() + 1) / (n + 2))
                fitted.append(FeatureCard(feature, "yes-no", sample.level[d], p))
            else:
                mean = float((column.sum() + everyone.mean()) / (n + 1))
                variance = (float(((column - mean) ** 2).sum()) + float(everyone.var())) / (n + 1)
                fitted.append(FeatureCard(feature, "number", sample.level[d], mean, math.sqrt(variance)))
        share = (n + 1) / (len(sample.x) + len(sample.cohorts))
        cards.append(PersonaCard(name, share, 1.0, tuple(fitted)))
    return tuple(cards)


class Likelihoods:
    """The cards as arrays.

    log P(x | p) = base + Σ_d  slope x_d + curve (x_d − mean)²,  split into facts about the user and about the visit.

    Args:
        cards: P of them.
        features: D names, the columns of x; those that no card mentions are ignored.
    """

    def __init__(self, cards: tuple[PersonaCard, ...], features: tuple[str, ...]) -> None:
        shape = (2, len(cards), len(features))  # 0: of the user, 1: of the visit
        self.base, self.slope, self.curve, self.mean = np.zeros(shape[:2]), *(np.zeros(shape) for _ in range(3))
        prior = np.array([card.share * card.visit_rate for card in cards])
        self.log_prior = np.log(prior / prior.sum())
        for p, card in enumerate(cards):
            for feature in card.features:
                d, level = features.index(feature.name), int(feature.level == "visit")
                if feature.kind == "yes-no":
                    self.base[level, p] += math.log1p(-feature.mean)
                    self.slope[level, p, d] = math.log(feature.mean) - math.log1p(-feature.mean)
                else:
                    self.base[level, p] -= math.log(feature.sd)
                    self.curve[level, p, d] = -0.5 / feature.sd**2
                    self.mean[level, p, d] = feature.mean

    def log_evidence(self, x: Floats) -> Floats:
        """Log P(x | persona) (N, P) of visits x (N, D), facts about the user included, up to a constant."""
        gap = x[:, None, None, :] - self.mean
        evidence = self.base + (self.slope * x[:, None, None, :] + self.curve * gap**2).sum(axis=3)
        total: Floats = evidence.sum(axis=1)
        return total


@compiled
def _weigh(x: Floats, base: Floats, slope: Floats, curve: Floats, mean: Floats, evidence: Floats) -> None:
    """Write log P(x | persona) of one visit (D,), up to a constant, into evidence (2, P)."""
    for level in range(2):
        for p in range(base.shape[1]):
            total = base[level, p]
            for d in range(len(x)):
                gap = x[d] - mean[level, p, d]
                total += slope[level, p, d] * x[d] + curve[level, p, d] * gap * gap
            evidence[level, p] = total


@compiled
def _normalise(log_weights: Floats) -> None:
    """Turn logarithms of weights (P,) into probabilities, in place."""
    top = log_weights.max()
    total = 0.0
    for p in range(len(log_weights)):
        log_weights[p] = math.exp(log_weights[p] - top)
        total += log_weights[p]
    for p in range(len(log_weights)):
        log_weights[p] /= total


@compiled
def believe(
    x: Floats,
    user: Ints,
    known: Bools,
    log_odds: Floats,
    log_prior: Floats,
    base: Floats,
    slope: Floats,
    curve: Floats,
    mean: Floats,
    belief: Floats,
) -> None:
    """Take in the evidence of each visit in turn, and write P(persona | evidence so far) into belief.

    Args:
        x: (N, D).
        user: (N,) ids, or (0,) where every visit stands alone.
        known: (U,) whether a user's own facts have been counted, changed in place.
        log_odds: (U, P), changed in place.
        log_prior: (P,).
        base: (2, P) of the user, of the visit; so are the next three.
        slope: (2, P, D).
        curve: (2, P, D).
        mean: (2, P, D).
        belief: (N, P) is overwritten.
    """
    P = len(log_prior)
    evidence = np.zeros((2, P))
    for n in range(len(x)):
        _weigh(x[n], base, slope, curve, mean, evidence)
        for p in range(P):
            if len(user) == 0:
                belief[n, p] = log_prior[p] + evidence[0, p] + evidence[1, p]
            else:
                if not known[user[n]]:
                    log_odds[user[n], p] = log_prior[p] + evidence[0, p]
                log_odds[user[n], p] += evidence[1, p]
                belief[n, p] = log_odds[user[n], p]
        if len(user) > 0:
            known[user[n]] = True
        _normalise(belief[n])


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
