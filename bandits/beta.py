"""Thompson sampling of a success probability an arm.

wins, losses (K,): the parameters of each arm's Beta posterior; N visits, K arms.
"""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import PositiveFloat

from bandits.assembly import assembled
from bandits.compiled import pasted
from bandits.inputs import Scale, needs_bounds, none_at_all, the_generator
from bandits.player import Player
from bandits.policy import BuiltIn
from bandits.protocol import BlockLearner, Bools, Floats, Ints, Problem


class Record(NamedTuple):
    """Beta posteriors.

    Args:
        wins: (K,) a.
        losses: (K,) b.
    """

    wins: Floats
    losses: Floats


class Prior(NamedTuple):
    """Hyper-parameters: a and b before the first visit."""

    successes: float
    failures: float


@pasted
def estimate_beta(state: Record, how: NamedTuple, x: Floats, z: Floats, cohort: int, mean: Floats, sd: Floats) -> None:
    """Mean a / (a + b), variance mean (1 − mean) / (a + b + 1)."""
    for k in range(len(mean)):
        total = state.wins[k] + state.losses[k]
        mean[k] = state.wins[k] / total
        sd[k] = math.sqrt(mean[k] * (1.0 - mean[k]) / (total + 1.0))


@pasted
def a_beta_draw(
    state: Record,
    how: NamedTuple,
    luck: np.random.Generator,
    n: int,
    mean: Floats,
    sd: Floats,
    scores: Floats,
) -> None:
    """A draw from the posterior of each arm; nothing, of which there is no doubt, takes none."""
    for k in range(len(mean)):
        scores[k] = luck.beta(state.wins[k], state.losses[k]) if sd[k] > 0.0 else mean[k]


@pasted
def note_beta(state: Record, how: NamedTuple, x: Floats, z: Floats, mean: Floats, sd: Floats, notes: Floats) -> None:
    """Wins, losses, and the score of what is no draw (NaN for the others)."""
    for k in range(len(mean)):
        notes[k, 0], notes[k, 1] = state.wins[k], state.losses[k]
        notes[k, 2] = math.nan if sd[k] > 0.0 else mean[k]


@pasted
def _learn(
    state: Record,
    how: NamedTuple,
    x: Floats,
    z: Floats,
    cohort: int,
    action: int,
    reward: float,
    propensity: float,
) -> None:
    state.wins[action] += reward
    state.losses[action] += 1.0 - reward


@pasted
def _correct(
    state: Record,
    how: Prior,
    x: Floats,
    z: Floats,
    cohort: int,
    action: int,
    delta: float,
) -> None:
    """Move a part of a success; rounding may take back a little more than was given, but nothing else may."""
    wins, losses = state.wins[action] + delta, state.losses[action] - delta
    if not (wins > how.successes - 1e-6 and losses > how.failures - 1e-6):
        raise ValueError
    state.wins[action], state.losses[action] = max(wins, how.successes), max(losses, how.failures)


LEAST_WINS, LEAST_LOSSES = 0.03, 0.5
"""With fewer, draws are rounded to exactly 0 or 1, and tie, more often than once in 10⁸ (see `bandits.propensity`)."""


class BetaScores:
    """Scores are independent draws from Beta posteriors."""

    def chance(self, notes: Floats, candidates: Bools, action: Ints) -> tuple[Floats, Floats | None]:
        """By quadrature (N,), with an error below 1e-6.

        NaN where an arm has less than half of a loss, or .03 of a win: then draws are rounded, and tie, too often.
        """
        from bandits.propensity import beta_propensity  # noqa: PLC0415  only the log asks for it

        chance = beta_propensity(notes[:, :, 0], notes[:, :, 1], notes[:, :, 2], candidates, action)
        rounded = (notes[:, :, 0] < LEAST_WINS) | (notes[:, :, 1] < LEAST_LOSSES)
        untold = (candidates & np.isnan(notes[:, :, 2]) & rounded).any(axis=1)
        return np.where(untold, np.nan, chance), None


BETA = assembled(
    estimate=estimate_beta,
    score=a_beta_draw,
    note=note_beta,
    notes=3,
    learn=_learn,
    correct=_correct,
)


class BetaThompson(BuiltIn):
    """Show each action as often as it is likely to succeed most often, the same for everybody: no features.

    Thompson sampling of a success probability an arm, from a Beta posterior.
    P_k | data ~ Beta(successes + Σr, failures + Σ(1 − r)), r the reward mapped to 0 … 1 by the world's bounds. Exact
    for rewards that are either bound; for those between, r counts as that fraction of a success. Its propensity is told
    by quadrature; NaN while a candidate has less than .5 failures, or .03 successes, the prior's included.

    Args:
        successes: of the prior, a.
        failures: of the prior, b.

    Source: Thompson 1933; Chapelle & Li 2011, Algorithm 2.
    """

    uncertain: ClassVar[bool] = True
    corrects: ClassVar[bool] = True

    successes: PositiveFloat = 1.0
    failures: PositiveFloat = 1.0

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        return needs_bounds(problem)

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        K = len(problem.actions)
        return Player(
            "BetaThompson",
            problem,
            BETA,
            Record(np.full(K, self.successes), np.full(K, self.failures)),
            Prior(self.successes, self.failures),
            scale=Scale.within_bounds(problem),
            rng=rng,
            luck=the_generator,
            law=BetaScores(),
            features=none_at_all,
        )
