"""Policies that watch over another policy, so that fewer people pay for what it learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from bandits.answers import Misbehaviour
from bandits.description import codes, label_of
from bandits.errors import Fault, InputError
from bandits.fit import misfit_of
from bandits.loops import in_blocks
from bandits.pooled import merged
from bandits.protocol import Block, BlockLearner, Choices, Floats, Ints, Policy, Problem
from bandits.shown import numbered
from bandits.wrapper import Wrapper


class Cautious(Wrapper):
    """Show only what is likely not to be bad, and otherwise nothing; except in a stated share of visits.

    An action is withheld while its estimated reward minus `margin` standard deviations is not above 0. Without the
    exceptions nothing would ever be tried, and nothing learnt.

    Args:
        policy: chooses among what is left; it must have an uncertainty (the ridge regressions have).
        margin: how many standard deviations of doubt an action must overcome.
        explore: share of visits in which the policy chooses freely.

    Use it where a first bad impression costs more than a missed sale. The margin is about the objective: an objective
    that ignores harm is guarded against losing reward, not against harm. Not where something must be shown.

    Propensity: explore · P(action, freely) + (1 − explore) · P(action, among what is not withheld), exact or estimated
    as the inner policy's are. A policy of one's own states its propensity as if it knew the coin: then NaN; so it is
    inside of a policy of one's own that sets `caution` and does not say, by `levels`, what it was drawn from.
    Corrections: as the inner policy's.
    """

    margin: float = Field(default=0.5, ge=0)
    explore: float = Field(default=0.25, ge=0, le=1)

    def __init__(self, policy: Policy, *, margin: float = 0.5, explore: float = 0.25, name: str | None = None) -> None:
        super().__init__(policy, margin=margin, explore=explore, name=name)
        if not self.uncertain:
            raise _unfit(self, "has no uncertainty to be cautious about")

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        if problem.nothing is None:
            return "withholds what may be bad, and in this world something must be shown"
        return misfit_of(self.policy, problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        inner, coin = rng.spawn(2)
        told = not codes(self.policy) or self.explore in {0.0, 1.0}
        return _Cautious(in_blocks(self.policy.start(problem, inner)), self.margin, self.explore, coin, told=told)


class _Cautious(BlockLearner):
    def __init__(
        self, learner: BlockLearner, margin: float, explore: float, coin: np.random.Generator, *, told: bool
    ) -> None:
        self._learner, self._margin, self._explore, self._coin, self._told = learner, margin, explore, coin, told

    def play(self, block: Block) -> Choices:
        caution = np.where(self._coin.random(len(block)) < self._explore, -np.inf, self._margin)
        # the coin is part of the chance of a choice, so that the inner policy must know what it decides between
        levels, told = np.array([[-np.inf, self._explore], [self._margin, 1.0 - self._explore]]), self._told
        if block.caution is not None:
            caution = np.maximum(caution, block.caution)
            if block.levels is not None:
                levels = stricter(levels, block.levels)
            else:
                told = told and bool((block.caution == -np.inf).all())
        choices = self._learner.play(replace(block, caution=caution, levels=levels))
        if told:
            return choices
        return replace(choices, propensity=np.full(len(block), np.nan), error=None)

    def estimates(self, block: Block) -> tuple[Floats, Floats]:
        return self._learner.estimates(block)

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        self._learner.learn_many(block, choices, rewards)

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        self._learner.correct_many(block, choices, deltas)


class ExposureCap(Wrapper):
    """Try things out on nobody more than n times: the burden of exploring is shared, and nobody bears it for long.

    A recommendation is exploratory when it is shown in order to learn: by the policy's own estimates another action is
    better, or showing nothing is as good. Who was shown n of these is from then on shown what is best by the estimates
    (nothing, where nothing is as good; ties shared). So it protects regular customers, on whom things would else be
    tried out at every visit, whatever cohort they are of.

    It does not protect from what is bad and thought to be good, nor newcomers from their first n: use `Cautious`, also
    inside. Not where most visitors come once or twice. A cap of 0 never explores, and learns of what looks best alone.
    Inside of `Conservative`, proposals that are not shown count too.

    Propensity: the policy's, given the visitor's count, which is known before the choice. Corrections: as the policy's.

    Args:
        policy: must know what it explores, as policies with an uncertainty do.
        n: exploratory recommendations a user.

    Source: a rule of ours.
    """

    n: int = Field(ge=0, examples=[3])

    def __init__(self, policy: Policy, n: int, *, name: str | None = None) -> None:
        super().__init__(policy, n=n, name=name)
        if not self.uncertain:
            raise _unfit(self, "has no uncertainty to tell what it explores")

    @property
    def sees_user(self) -> bool:
        """It counts for each user."""
        return True

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return misfit_of(self.policy, problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        return _ExposureCap(in_blocks(self.policy.start(problem, rng)), problem.users or 0, self.n)


class _ExposureCap(BlockLearner):
    def __init__(self, learner: BlockLearner, users: int, n: int) -> None:
        self._learner, self._n = learner, n
        self._explored = np.zeros(users, dtype=np.int64)

    def play(self, block: Block) -> Choices:
        users, parts = numbered(block.user, len(self._explored), "user", "ExposureCap"), []
        for rows in without_repeats(users):
            part, user = block.rows(rows), users[rows]
            greedy = self._explored[user] >= self._n
            if part.greedy is not None:
                greedy |= part.greedy
            choices = self._learner.play(replace(part, greedy=greedy))
            if choices.explored is None:
                raise Misbehaviour("chose", " without saying what it explores: Choice(action, …, explored=True)")
            self._explored[user] += choices.explored & part.takes_place(choices.action)
            parts.append((rows, choices))
        return merged(len(block), parts)

    def estimates(self, block: Block) -> tuple[Floats, Floats]:
        return self._learner.estimates(block)

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        self._learner.learn_many(block, choices, rewards)

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        self._learner.correct_many(block, choices, deltas)


def without_repeats(user: Ints) -> list[Ints]:
    """Visits (N,) in as few consecutive runs as can be, in none of which a user comes twice."""
    runs, start, seen = [], 0, set[int]()
    for n, who in enumerate(user.tolist()):
        if who in seen:
            runs.append(np.arange(start, n))
            start, seen = n, set()
        seen.add(who)
    return [*runs, np.arange(start, len(user))] if len(user) else []


def stricter(one: Floats, other: Floats) -> Floats:
    """The distribution (L, 2) of the larger of two independent cautions."""
    chance: dict[float, float] = {}
    for a, p in one:
        for b, q in other:
            chance[max(a, b)] = chance.get(max(a, b), 0.0) + p * q
    return np.array(sorted(chance.items()))


def _unfit(wrapper: Wrapper, why: str) -> InputError:
    """The complaint of a wrapper about what it is to wrap."""
    return InputError(Fault(f"{label_of(wrapper.policy)} {why}", ("policy",)), type(wrapper).__name__)
