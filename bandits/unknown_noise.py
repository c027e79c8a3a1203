"""Linear Thompson sampling where nobody knows how noisy rewards are: a normal-inverse-gamma posterior an arm.

K arms, D features, of an arm with n visits x (D,) and rewards r:

    A = ridge · I + Σ x xᵀ,  mu = A⁻¹ Σ r x      (T, K) packed and (D, K), see `bandits.ridge`
    a = a0 + n / 2,  b = b0 + ½ (Σ r² − muᵀ A mu)  (K,)
    sigma² ~ InvGamma(a, b),  theta | sigma² ~ Normal(mu, sigma² A⁻¹)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from pydantic import Field, PositiveFloat

from bandits.assembly import assembled
from bandits.compiled import compiled, pasted
from bandits.inputs import Scale, needs_features, of_the_visitor, the_generator
from bandits.linear import Ridge
from bandits.player import Player
from bandits.policy import BuiltIn
from bandits.protocol import Block, BlockLearner, Bools, Floats, Ints, Problem
from bandits.ridge import Room, bank, believe_in, direction, fold_in, room_for
from bandits.ties import share_best


class Beliefs(NamedTuple):
    """What has been learnt.

    Args:
        A_inv: (T, K).
        mu: (D, K).
        a: (K,).
        b: (K,) [units²].
        shown: (K,) how often each arm was shown, whether or not its rewards have come.
    """

    A_inv: Floats
    mu: Floats
    a: Floats
    b: Floats
    shown: Floats


class How(NamedTuple):
    """Hyper-parameters.

    Args:
        initial_pulls: of each arm, before anything is compared.
        nothing: index of the action that shows nothing, which needs none; −1 if there is none.
        room: scratch.
    """

    initial_pulls: int
    nothing: int
    room: Room


@pasted
def _estimate(state: Beliefs, how: How, x: Floats, z: Floats, cohort: int, mean: Floats, sd: Floats) -> None:
    """Mean and standard deviation of x·theta (K,), which is Student: mu·x + √(b/a · xᵀA⁻¹x) · t with 2a degrees."""
    believe_in(state.A_inv, state.mu, x, 1.0, how.room, mean, sd)
    for k in range(len(sd)):
        sd[k] *= math.sqrt(state.b[k] / (state.a[k] - 1.0))


@pasted
def _draw(
    state: Beliefs, how: How, luck: np.random.Generator, n: int, mean: Floats, sd: Floats, scores: Floats
) -> None:
    """For each arm sigma² = b / Gamma(a), and given it, x·theta ~ Normal(mu·x, sigma² xᵀA⁻¹x)."""
    for k in range(len(mean)):
        a = state.a[k]
        spread = sd[k] * math.sqrt((a - 1.0) / luck.standard_gamma(a))
        scores[k] = mean[k] + spread * luck.standard_normal()


@compiled
def _pull_or_compare(
    state: Beliefs,
    how: How,
    mean: Floats,
    sd: Floats,
    scores: Floats,
    candidates: Bools,
    nothing: int,
    pmf: Floats,
) -> None:
    """The arms that were shown least while there is one that was shown too rarely; then the best score."""
    least, turns = math.inf, 0.0
    for k in range(len(pmf)):
        if candidates[k] and k != nothing:
            least = min(least, state.shown[k])
    if least >= how.initial_pulls:
        share_best(scores, candidates, pmf)
        return
    for k in range(len(pmf)):
        pmf[k] = 1.0 if candidates[k] and k != nothing and state.shown[k] == least else 0.0
        turns += pmf[k]
    for k in range(len(pmf)):
        pmf[k] /= turns


@pasted
def _note(state: Beliefs, how: How, x: Floats, z: Floats, mean: Floats, sd: Floats, notes: Floats) -> None:
    """Mean, scale and degrees of freedom of each arm's Student distribution, and how often it was shown."""
    for k in range(len(mean)):
        notes[k, 0], notes[k, 1] = mean[k], sd[k] * math.sqrt((state.a[k] - 1.0) / state.a[k])
        notes[k, 2] = 2.0 * state.a[k]
        notes[k, 3] = math.inf if k == how.nothing else state.shown[k]


@pasted
def _show(state: Beliefs, how: How, action: int) -> None:
    state.shown[action] += 1.0


@compiled
def _learn(
    state: Beliefs, how: How, x: Floats, z: Floats, cohort: int, action: int, reward: float, propensity: float
) -> None:
    """A reward adds ½ to a, and ½ (r − x·mu)² / (1 + xᵀA⁻¹x) to b, with mu and A as they were before it."""
    uncertainty, expected = direction(state.A_inv, action, x, how.room), 0.0
    for i in range(len(x)):
        expected += x[i] * state.mu[i, action]
    state.a[action] += 0.5
    state.b[action] += 0.5 * (reward - expected) ** 2 / (1.0 + uncertainty)
    fold_in(state.A_inv, state.mu, action, x, reward, 1.0, how.room)


@dataclass(frozen=True, slots=True)
class StudentScores:
    """Scores are independent draws from Student distributions, after the initial pulls.

    Args:
        initial_pulls: of each arm.
    """

    initial_pulls: int

    def chance(self, notes: Floats, candidates: Bools, action: Ints) -> tuple[Floats, Floats | None]:
        """By quadrature (N,), with an error below 1e-6; exact for initial pulls."""
        from bandits.propensity import student_propensity  # noqa: PLC0415  only the log asks for it

        mean, scale, df, shown = np.moveaxis(notes, 2, 0)
        shown = np.where(candidates, shown, np.inf)
        least = shown.min(axis=1)
        turn = shown == least[:, None]
        chance = turn[np.arange(len(action)), action] / turn.sum(axis=1)
        later = np.flatnonzero(least >= self.initial_pulls)
        chance[later] = student_propensity(mean[later], scale[later], df[later], candidates[later], action[later])
        return chance, None


UNKNOWN_NOISE = assembled(
    estimate=_estimate,
    score=_draw,
    chances=_pull_or_compare,
    note=_note,
    notes=4,
    show=_show,
    learn=_learn,
)


def with_a_constant(block: Block) -> Floats:
    """The visitor's features, and a 1 (N, D)."""
    return np.column_stack([block.x, np.ones(len(block))])


class BayesianLinearThompson(BuiltIn):
    """Show each action as often as it is likely to be best for this visitor; how noisy rewards are, it learns too.

    Linear Thompson sampling with disjoint arms and unknown noise (LinFullPost). At each visit every arm draws
    sigma² ~ InvGamma(a0 + n/2, b0 + ½ (Σ r² − muᵀ A mu)) and then theta ~ Normal(mu, sigma² A⁻¹), A = ridge · I +
    Σ x xᵀ, mu = A⁻¹ Σ r x; the highest x·theta wins. Given sigma only x·theta matters, so one normal an arm is drawn,
    which is exact; over both draws it is Student with 2 a0 + n degrees of freedom. Before that, while an available arm
    was shown fewer than `initial_pulls` times, the least shown is (ties at random), whenever its rewards come.

    Assumes that an arm's expected reward is linear in x, with normal noise, the same for all visitors. Its propensity
    is exact for initial pulls and told by quadrature for all others. A reward that was learnt cannot be corrected: b
    adds up squares, and would need to know the old reward. Not where showing everything to somebody is harmful: with
    initial pulls, it does so first.

    Args:
        ridge: at least 1e-6; the prior standard deviation of a coefficient is sigma/√ridge units.
        a0: of the prior of sigma², above 1; half of the visits that it counts for.
        b0: the same, in squared units of the typical reward: a typical sigma² is b0/(a0 + 1) at first.
        initial_pulls: of each arm.
        intercept: whether a constant is appended to the features.

    Source: Riquelme, Tucker & Snoek 2018, section 3, linear methods (LinFullPost); Bishop 2006, exercise 3.12.
    """

    uncertain: ClassVar[bool] = True

    ridge: Ridge = 0.25
    a0: Annotated[float, Field(gt=1)] = 6.0
    b0: PositiveFloat = 6.0
    initial_pulls: int = Field(default=2, ge=0)
    intercept: bool = True

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return None if self.intercept else needs_features(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        K, D = len(problem.actions), len(problem.features) + self.intercept
        nothing = -1 if problem.nothing is None else problem.nothing
        return Player(
            "BayesianLinearThompson",
            problem,
            UNKNOWN_NOISE,
            Beliefs(*bank(K, D, self.ridge), np.full(K, self.a0), np.full(K, self.b0), np.zeros(K)),
            How(self.initial_pulls, nothing, room_for(D)),
            scale=Scale.typical(problem),
            rng=rng,
            luck=the_generator,
            law=StudentScores(self.initial_pulls),
            features=with_a_constant if self.intercept else of_the_visitor,
        )
