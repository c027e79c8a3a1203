"""A policy that may explore only what it can afford, measured by what is shown today."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from bandits.account import account, terms
from bandits.budget import amend, enter, may_explore, settle
from bandits.description import label_of
from bandits.fit import misfit_of
from bandits.loops import in_blocks
from bandits.pooled import merged
from bandits.protocol import Block, BlockLearner, Choices, Floats, Ints, Needs, Policy, Problem
from bandits.registry import PolicyField
from bandits.wrapper import Wrapper

HEAD = 4
"""Numbers before the memos: the baseline's action, its propensity, the length of the policy's memo, and of its own."""


class Conservative(Wrapper):
    """Earn nearly what is earned today, at every moment, while a better policy is learnt: the business is protected.

    With probability 1 − delta, at all times t at once,

        Σ_{s≤t} E[reward of what was shown] ≥ Σ_{s≤t} (b_s − tolerance · |b_s|) − allowance,

    b_s = E[reward of what the baseline would have shown]: (1 − tolerance) × what it brings, if it never loses.

    The policy's proposal is shown when a lower bound of left minus right, the budget, stays at or above 0 even if the
    proposal is the worst of the available actions and the baseline's is the best; else the baseline's action is. So a
    budget is first saved up, tolerance × what the baseline brings; then spent on exploring; and once the policy does
    better than the baseline, exploring pays for itself.

    The bound has two parts, each of which fails with probability delta/2 at most, so that both hold with 1 − delta:

    - the realised rewards of exploratory visits, plus tolerance × |those of the baseline's visits|, less the
      half-normal mixture boundary of a sub-Gaussian martingale (delta/4 for either sign); an exploratory visit whose
      reward is still to come counts with the least that it may bring, one of the baseline not at all;
    - less (1 − tolerance) × an upper bound of what the baseline would have brought at the exploratory visits
      (1 + tolerance, if that is below 0): its known mean, or from a ridge regression for each of the K arms, with the
      confidence ellipsoids of Abbasi-Yadkori, Pál & Szepesvári 2011 (delta/2K each) around sums of features.

    These regressions are the guard's own, so that the promise does not rest on what the inner policy believes: any
    policy can be wrapped, and any be the baseline.

    Assumptions: an arm's expected reward is linear in the visitor's features and a constant, with coefficients of a
    norm up to `size`, and does not change with time; noise is sub-Gaussian with `noise`; when a reward comes does not
    depend on how large it is. A baseline that draws, or learns, is judged by what it would have shown at each visit, as
    it is then; it learns from the visits at which its action was shown, and the policy from all.

    A baseline that brings 0 (`Nothing`) leaves no share to lose: then nothing is explored without an allowance, an
    amount that you are ready to pay once. Where rewards are rare or vary much against their mean, saving up takes long:
    each visit saves tolerance × mean reward, and exploring n visits takes about 4 · noise · √n.

    Protects the total, not the persons: a cohort may pay for all others. Not for where harm is the concern: use
    `Cautious` or `ExposureCap`, also inside (`Conservative(Cautious(…), …)`). It is not cautious itself, since the
    baseline is shown whatever is thought of it.

    Propensity: that of the policy, or of the baseline, whichever is shown: exact where theirs is, since whether the
    budget suffices is settled before anything is proposed. Corrections: where policy and baseline can both take them.

    Args:
        policy: proposes.
        baseline: what is shown today: Always("Refill carton"), Popularity(), …
        tolerance: share of the size of the baseline's reward that you can bear to lose, 0 to 1.
        delta: probability with which the promise may fail, up to ½.
        allowance: what you can bear to lose besides [reward units].
        baseline_reward: expected reward of the baseline, the same at every visit, where it is known; None: estimated.
        noise: of a reward, in units of the typical reward; half of the distance of a reward's bounds, if that is less.
        size: bound of the norm of an arm's coefficients, in units of the typical reward.

    Source: Wu, Shariff, Lattimore & Szepesvári 2016, Algorithm 1 (there with bounds of each arm's sum and of the
    proposed arm; here of the sum of all arms, which is tighter, and of the worst arm, which keeps propensities exact);
    Kazerouni, Ghavamzadeh, Abbasi-Yadkori & Van Roy 2017, CLUCB and CLUCB2 (known and unknown baseline).
    """

    baseline: PolicyField = Field(examples=[{"kind": "ABTest"}])
    tolerance: float = Field(default=0.1, ge=0, le=1)
    delta: float = Field(default=0.05, gt=0, le=0.5)
    allowance: float = Field(default=0.0, ge=0)
    baseline_reward: float | None = None
    noise: float = Field(default=1.0, gt=0)
    size: float = Field(default=1.0, gt=0)

    def __init__(
        self,
        policy: Policy,
        baseline: Policy,
        tolerance: float = 0.1,
        *,
        delta: float = 0.05,
        allowance: float = 0.0,
        baseline_reward: float | None = None,
        noise: float = 1.0,
        size: float = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(
            policy,
            baseline=baseline,
            tolerance=tolerance,
            delta=delta,
            allowance=allowance,
            baseline_reward=baseline_reward,
            noise=noise,
            size=size,
            name=name,
        )

    @property
    def sees_cohort(self) -> bool:
        """Whether it is told cohorts."""
        return super().sees_cohort or Needs.of(self.baseline).sees_cohort

    @property
    def sees_user(self) -> bool:
        """Whether it recognises users."""
        return super().sees_user or Needs.of(self.baseline).sees_user

    @property
    def sees_expected(self) -> bool:
        """Whether it is handed expected rewards."""
        return super().sees_expected or Needs.of(self.baseline).sees_expected

    @property
    def sees_typical(self) -> bool:
        """Whether it is handed expected rewards of cohorts."""
        return super().sees_typical or Needs.of(self.baseline).sees_typical

    @property
    def corrects(self) -> bool:
        """Whether both can correct what they have learnt."""
        return super().corrects and Needs.of(self.baseline).corrects

    @property
    def uncertain(self) -> bool:
        """Never: what the baseline shows is shown whatever is thought of it."""
        return False

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        if why := misfit_of(self.baseline, problem):
            return f"cannot fall back on {label_of(self.baseline)!r}: {why}"
        return misfit_of(self.policy, problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        inner, usual = rng.spawn(2)
        policy, baseline = in_blocks(self.policy.start(problem, inner)), in_blocks(self.baseline.start(problem, usual))
        return _Conservative(policy, baseline, self, problem)


class _Conservative(BlockLearner):
    """Keeps in the memo of each choice what the baseline would have shown, and what both want to be handed back.

    memo (4 + m + b,): baseline's action, its propensity, m and b (−1 for None), the policy's memo, the baseline's.
    """

    def __init__(self, policy: BlockLearner, baseline: BlockLearner, how: Conservative, problem: Problem) -> None:
        K, D, unit = len(problem.actions), 1 + len(problem.features), problem.reward_scale
        bounds, known = problem.reward_range, how.baseline_reward
        self._policy, self._baseline, self._unit = policy, baseline, unit
        self._terms = terms(
            K,
            D,
            tolerance=how.tolerance,
            delta=how.delta,
            noise=how.noise,
            size=how.size,
            bounds=None if bounds is None else (bounds[0] / unit, bounds[1] / unit),
            allowance=how.allowance / unit,
            baseline_reward=None if known is None else known / unit,
            nothing=-1 if problem.nothing is None else problem.nothing,
        )
        self._account = account(K, D, self._terms.ridge)

    def play(self, block: Block) -> Choices:
        x, later = with_constant(block), replace(block, rewards=None)
        chosen = []
        for n in range(len(block)):
            row = np.array([n])
            one = later.rows(row)
            choices, usual = self._choose(one, x[n])
            reward = None if block.rewards is None else block.rewards[n, choices.action]
            if reward is None or not np.isnan(reward):
                enter(self._account, self._terms, x[n], choices.action[0], usual)
            if reward is not None and not np.isnan(reward):
                self.learn_many(one, choices, reward)
            chosen.append((row, choices))
        return merged(len(block), chosen)

    def _choose(self, one: Block, x: Floats) -> tuple[Choices, int]:
        """Choose at a block of one visit with features x (D,); and what the baseline would have shown."""
        proposed, usual = self._policy.play(one), self._baseline.play(one)
        if may_explore(self._account, self._terms, x, one.available[0]):
            shown = proposed
        else:
            shown = replace(usual, explored=None if proposed.explored is None else np.zeros(1, dtype=np.bool_))
        memos = [np.empty((1, 0)) if c.memo is None else c.memo for c in (proposed, usual)]
        widths = [-1 if c.memo is None else c.memo.shape[1] for c in (proposed, usual)]
        head = np.array([[usual.action[0], usual.propensity[0], *widths]])
        return replace(shown, memo=np.hstack([head, *memos])), int(usual.action[0])

    def estimates(self, block: Block) -> tuple[Floats, Floats]:
        return self._policy.estimates(block)

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        usual, own, fallback = _apart(choices)
        self._policy.learn_many(block, own, rewards)
        rows = np.flatnonzero((usual == choices.action) | (usual < 0))
        if len(rows):
            self._baseline.learn_many(block.rows(rows), fallback.rows(rows), rewards[rows])
        settle(self._account, self._terms, with_constant(block), choices.action, usual, rewards / self._unit)

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        usual, own, fallback = _apart(choices)
        self._policy.correct_many(block, own, deltas)
        rows = np.flatnonzero((usual == choices.action) | (usual < 0))
        if len(rows):
            self._baseline.correct_many(block.rows(rows), fallback.rows(rows), deltas[rows])
        amend(self._account, self._terms, with_constant(block), choices.action, usual, deltas / self._unit)


def with_constant(block: Block) -> Floats:
    """A one, and the visitor's features (N, 1 + D)."""
    return np.hstack([np.ones((len(block), 1)), block.x])


def _apart(choices: Choices) -> tuple[Ints, Choices, Choices]:
    """What the baseline would have shown (N,), −1 where somebody else chose; and what both are to be handed back."""
    if choices.memo is None:
        return np.full(len(choices.action), -1), choices, choices
    usual, propensity = choices.memo[:, 0].astype(np.int64), choices.memo[:, 1]
    memos, start = [], HEAD
    for width in choices.memo[0, 2:HEAD].astype(np.int64) if len(choices.memo) else ():
        memos.append(None if width < 0 else np.ascontiguousarray(choices.memo[:, start : start + width]))
        start += max(width, 0)
    own, fallback = memos or (None, None)
    return usual, replace(choices, memo=own), replace(choices, propensity=propensity, memo=fallback)
