"""Replay of a log by rejection: a visit takes place only where the policy shows what was shown when the log was made.

E events, N visits, K actions, D features, C cohorts. Event i showed action aᵢ with propensity pᵢ:

    keep event i with probability p_min / pᵢ, p_min = min pᵢ       whatever the policy
    a kept event is a visit; it takes place iff the policy shows aᵢ, and then brings the reward that the log tells

A kept event has every action with the same probability, whoever the visitor is: P(aᵢ = a, kept | x) = p_min. So every
policy meets visitors as they come, and of the Σ p_min / pᵢ events that are kept, 1 in K takes place. The history of a
policy in the replay is distributed as that of as many visits online, if the events are independent of each other.

Source: Li, Chu, Langford & Wang 2011, "Unbiased offline evaluation of contextual-bandit-based news article
recommendation algorithms", Algorithm 3 (a finite, uniform log). Thinning is von Neumann's rejection sampling.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from bandits.errors import Fault
from bandits.protocol import Floats, Ints, Problem
from bandits.streams import stream
from environments.drawn import rewards_alone
from environments.protocol import Outcome, Visits
from environments.replay_estimates import Estimates

Order = Literal["shuffled", "log"]


@dataclass(frozen=True, slots=True)
class Log:
    """What was shown to whom, and what came of it.

    Args:
        actions: K names.
        features: D names.
        x: (E, D) features of the visitors.
        action: (E,) what was shown.
        reward: (E,) what came of it.
        propensity: (E,) with what probability it was shown.
        cohort: (E,).
        estimates: of the expected rewards.
        action_features: M names.
        z: (K, M) features of the actions, where there are any.
    """

    actions: tuple[str, ...]
    features: tuple[str, ...]
    x: Floats = field(repr=False)
    action: Ints = field(repr=False)
    reward: Floats = field(repr=False)
    propensity: Floats = field(repr=False)
    cohort: Ints = field(repr=False)
    estimates: Estimates = field(repr=False)
    action_features: tuple[str, ...] = ()
    z: Floats | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.action)

    @property
    def keep(self) -> Floats:
        """The probability (E,) with which each event is kept."""
        keep: Floats = self.propensity.min() / self.propensity
        return keep

    @property
    def counted(self) -> float:
        """How many visits take place on average in a replay of the whole log, whatever the policy."""
        return float(self.keep.sum()) / len(self.actions)

    def faults_of_horizon(self, horizon: int | None) -> list[Fault]:
        """What is wrong with replaying so many events; None stands for all."""
        if horizon is None or horizon <= len(self):
            return []
        return [Fault(f"must be at most {len(self)}, the events of the log, got {horizon}", ("horizon",))]

    def problem(self, cohorts: tuple[str, ...] | None) -> Problem:
        """What is public: nothing of the estimates.

        Args:
            cohorts: names, where a policy may see labels.
        """
        return Problem(
            actions=self.actions,
            features=self.features,
            action_features=self.action_features,
            reward_range=(float(self.reward.min()), float(self.reward.max())),
            reward_scale=float(self.reward.std()) or 1.0,
            cohorts=cohorts,
            typical=True,
        )


class Replay:
    """The visits of one replication: which events are kept, and in which order they come, is drawn beforehand.

    Args:
        log: what is replayed.
        problem: what is public about it.
        horizon: how many of its events are replayed; the clock counts them, kept or not.
        order: "shuffled" in an order of this replication's own, or "log" as they were logged.
        block: visits that are served together.
        bad_below: an expected reward below it is bad for the visitor; None where nothing is declared to be bad.
        seed: of the experiment.
        replication: its number.
    """

    users = None

    def __init__(
        self,
        log: Log,
        problem: Problem,
        *,
        horizon: int,
        order: Order,
        block: int,
        bad_below: float | None,
        seed: int,
        replication: int,
    ) -> None:
        self.problem = problem
        self._log = log
        self._horizon = horizon
        self._block = block
        size = len(log)
        kept = stream(seed, replication, "replay: thinning").random(size) < log.keep
        shuffled = order == "shuffled"
        events = stream(seed, replication, "replay: order").permutation(size) if shuffled else np.arange(size)
        self._place = np.flatnonzero(kept[events[:horizon]])
        self._event = events[self._place]
        self._expected = log.estimates.mean
        self._welfare = np.zeros_like(self._expected) if bad_below is None else self._expected - bad_below
        self._served = 0
        self._end = 0
        self._rewards: Floats = np.empty((0, len(log.actions)))

    def next_block(self, most: int | None = None) -> Visits | None:
        """Serve the next visits; None when the horizon is reached.

        Args:
            most: how many events of the log at most, kept or not, so that time goes on by no more. There may be no
                visit among them.
        """
        if self._end == self._horizon:
            return None
        log = self._log
        if most is None:
            stop = self._served + self._block
            # After the last kept event the log runs out, with the events that were not kept.
            self._end = int(self._place[stop - 1]) + 1 if stop < len(self._event) else self._horizon
        else:
            self._end = min(self._end + most, self._horizon)
            stop = int(np.searchsorted(self._place, self._end))
        place, event = self._place[self._served : stop], self._event[self._served : stop]
        self._served += len(event)
        cohort = log.cohort[event]
        expected = self._expected.take(cohort, axis=0)
        self._rewards = np.full(expected.shape, np.nan)
        self._rewards[np.arange(len(event)), log.action[event]] = log.reward[event]
        return Visits(
            index=place,
            time=place,
            end=self._end,
            x=log.x[event],
            available=np.ones(expected.shape, dtype=np.bool_),
            rewards=self._rewards,
            cohort=cohort,
            user=None,
            expected=expected,
            welfare=self._welfare.take(cohort, axis=0),
            z=None if log.z is None else log.z.copy(),  # a policy may write to what it is shown
            typical=expected,
        )

    def respond(self, actions: Ints) -> Outcome:
        """Close the block with the actions that were shown (N,)."""
        outcome = rewards_alone(self._rewards, actions)
        return replace(outcome, happened=~np.isnan(outcome.reward))
