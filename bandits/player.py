"""The learner of every policy whose loop is compiled: it hands blocks to kernels, and tells propensities afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from bandits.assembly import Kernels
from bandits.errors import InputError
from bandits.inputs import Draw, Scale, no_luck, of_the_visitor
from bandits.protocol import Block, BlockLearner, Bools, Choices, Floats, Ints, Problem
from bandits.shown import fitting, numbered


class Law(Protocol):
    """The distribution of a policy's scores: from it the probability of a choice can be told."""

    def chance(self, notes: Floats, candidates: Bools, action: Ints) -> tuple[Floats, Floats | None]:
        """The probability (N,) that an action wins among the candidates, and its standard error where it is estimated.

        Args:
            notes: (N, K, R) written down at each visit, see `bandits.kernels.note`.
            candidates: (N, K).
            action: (N,) that was chosen.
        """
        ...


class Normal:
    """Scores are independent normals: Thompson sampling of a reward an arm."""

    def chance(self, notes: Floats, candidates: Bools, action: Ints) -> tuple[Floats, Floats | None]:
        """By quadrature (N,), with an error below 1e-6."""
        from bandits.propensity import normal_propensity  # noqa: PLC0415  only the log asks for it

        return normal_propensity(notes[:, :, 0], notes[:, :, 1], candidates, action), None


class Player(BlockLearner):
    """Plays blocks with the kernels of a policy.

    Args:
        policy: its name, for complaints.
        problem: of the world.
        kernels: of the policy.
        state: named tuple of arrays: what has been learnt, changed in place.
        how: named tuple of hyper-parameters.
        scale: how rewards are measured.
        rng: all luck; ties, and draws from distributions, have a stream of their own.
        luck: what the scores draw, for (rng, N, K).
        law: of the scores, where they are drawn; None where the chances that the kernels state are all there is.
        features: block ↦ x (N, D).
        actions: block ↦ z (K, M), where the policy works on features of the actions.
        weighs: whether it divides rewards by propensities, so that it can learn only where they are known.
    """

    def __init__(
        self,
        policy: str,
        problem: Problem,
        kernels: Kernels,
        state: NamedTuple,
        how: NamedTuple,
        *,
        scale: Scale,
        rng: np.random.Generator,
        luck: Draw = no_luck,
        law: Law | None = None,
        features: Callable[[Block], Floats] = of_the_visitor,
        actions: Callable[[Block], Floats] | None = None,
        weighs: bool = False,
    ) -> None:
        self.learnt = state
        self._policy, self._kernels, self._how, self._scale = policy, kernels, how, scale
        self._problem, self._K = problem, len(problem.actions)
        self._nothing = -1 if problem.nothing is None else problem.nothing
        self._rng, self._uniform = rng, rng.spawn(1)[0]
        self._luck, self._law, self._features, self._actions = luck, law, features, actions
        self._weighs = weighs

    def _seen(self, block: Block) -> tuple[Floats, Floats, Ints]:
        """What the kernels see of a block: x (N, D), z (K, M), cohort (N,)."""
        fitting(block, self._problem, self._policy)
        z = np.empty((0, 0)) if self._actions is None else self._actions(block)
        cohort = np.full(len(block), -1) if block.cohort is None else block.cohort
        return self._features(block), z, cohort

    def play(self, block: Block) -> Choices:
        """See `bandits.kernels`."""
        N, K = len(block), self._K
        asked = block.asks and self._law is not None
        levels = np.empty((0, 2)) if block.levels is None else block.levels
        greedy = np.zeros(N, dtype=np.bool_) if block.greedy is None else block.greedy
        action, propensity, explored = np.empty(N, dtype=np.int64), np.empty(N), np.empty(N, dtype=np.bool_)
        notes = np.empty((N if asked else 0, K, self._kernels.notes))
        allowed = np.empty((N if asked else 0, max(len(levels), 1), K), dtype=np.bool_)
        played = self._kernels.play(
            self.learnt,
            self._how,
            *self._seen(block),
            block.available,
            np.empty((0, K)) if block.rewards is None else block.rewards,
            self._luck(self._rng, N, K),
            self._uniform.random(N),
            np.full(N, -np.inf) if block.caution is None else block.caution,
            greedy,
            levels,
            self._nothing,
            self._scale.low,
            self._scale.span,
            self._scale.bounded,
            action,
            propensity,
            explored,
            notes,
            allowed,
        )
        if played < N:
            raise self._unbounded()
        if self._law is None:
            return Choices(action, propensity, explored=explored)
        propensity[~greedy] = np.nan  # given the scores that were drawn it is 1, and before that, what the law says
        error = self._told(self._law, notes, allowed, levels, greedy, action, propensity) if asked else None
        return Choices(action, propensity, error=error, explored=explored)

    def _told(
        self,
        law: Law,
        notes: Floats,
        allowed: Bools,
        levels: Floats,
        greedy: Bools,
        action: Ints,
        propensity: Floats,
    ) -> Floats | None:
        """Write the propensities (N,) of drawn scores, a mixture over levels of caution; return standard errors."""
        rows = np.flatnonzero(~greedy)
        shares = levels[:, 1] if len(levels) else np.ones(1)
        propensity[rows] = 0.0
        error: Floats | None = None
        for level, share in enumerate(shares):
            chance, spread = law.chance(notes[rows], allowed[rows, level], action[rows])
            propensity[rows] += share * chance
            if spread is not None:
                error = np.zeros(len(action)) if error is None else error
                error[rows] += share * spread  # the same draws at every level: no less than the error of their sum
        propensity[propensity == 0.0] = np.nan  # less than can be told: it was chosen
        np.minimum(propensity, 1.0, out=propensity)
        return error

    def estimates(self, block: Block) -> tuple[Floats, Floats]:
        """What is believed at each visit: means and standard deviations (N, K) [reward units]."""
        mean, sd = np.empty((len(block), self._K)), np.empty((len(block), self._K))
        zero = -self._scale.low / self._scale.span
        self._kernels.estimate(self.learnt, self._how, *self._seen(block), self._nothing, zero, mean, sd)
        return self._scale.low + self._scale.span * mean, self._scale.span * sd

    def learn_many(self, block: Block, choices: Choices, rewards: Floats) -> None:
        """Take in rewards (N,) that arrive later than their visits.

        Raises:
            InputError: where the policy needs propensities, and some are not known.
        """
        if self._weighs and not (choices.propensity[choices.action != self._nothing] > 0).all():
            raise InputError("learns from choices of known propensity only, got NaN or 0", self._policy)
        scale = self._scale
        seen = self._seen(block)
        learnt = self._kernels.learn(
            self.learnt,
            self._how,
            *seen,
            numbered(choices.action, self._K, "action", self._policy),
            np.ascontiguousarray(choices.propensity),
            np.ascontiguousarray(rewards),
            self._nothing,
            scale.low,
            scale.span,
            scale.bounded,
        )
        if learnt < len(block):
            raise self._unbounded()

    def correct_many(self, block: Block, choices: Choices, deltas: Floats) -> None:
        """Change rewards (N,) that were already learnt by `deltas`.

        Raises:
            InputError: where the policy cannot take back what it has learnt.
        """
        if self._kernels.correct is None:
            what = "cannot correct a reward it has already learnt; use feedback = 'at once' or 'wait'"
            raise InputError(what, self._policy)
        seen, span = self._seen(block), self._scale.span
        action = numbered(choices.action, self._K, "action", self._policy)
        try:
            self._kernels.correct(
                self.learnt, self._how, *seen, action, np.ascontiguousarray(deltas), self._nothing, span
            )
        except ValueError:  # more was taken back than was ever given
            raise self._unbounded() from None

    def _unbounded(self) -> InputError:
        low, high = self._scale.low, self._scale.low + self._scale.span
        what = f"was paid outside of the bounds that this world states, {low:g} to {high:g}; mend the world"
        if not self._scale.bounded:
            what = "was paid a reward that is no finite number; mend the world"
        return InputError(what, self._policy)
