"""The wheel: a rare, large reward at the rim, whose action depends on where; a policy must explore to find it.

C cohorts, N visits, five actions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Unpack

import numpy as np
from pydantic import Field

from bandits.protocol import Bools, Floats, Ints, Problem
from bandits.streams import stream
from environments.cohort_cards import percent
from environments.drawn import BLOCK, Block, Drawn, Horizon
from environments.testbed import HORIZON, Common, Testbed, numbered
from environments.testbed_cohorts import Group, each, visitors

PLAIN, SAFE, LARGE = 1.0, 1.2, 50.0
QUADRANTS = 4
K = QUADRANTS + 1

Delta = Annotated[float, Field(ge=0, le=1)]


class WheelCohort(Group):
    """A cohort of `Wheel`.

    Args:
        name: as in tables and sentences.
        share: of the visits.
        delta: its radius; the one that all have in common without it.
    """

    delta: Delta | None = None


def means_at(x: Floats, outside: Bools) -> Floats:
    """Mean reward of each action (N, 5) at points (N, 2): 1, and 1.2 of the last; outside, 50 of the quadrant's own.

    The quadrants are x>0 y>0: 0; x>0 y≤0: 1; x≤0 y>0: 2; x≤0 y≤0: 3.
    """
    mean = np.full((len(x), K), PLAIN)
    mean[:, -1] = SAFE
    rows = np.flatnonzero(outside)
    right, upper = x[rows, 0] > 0, x[rows, 1] > 0
    quadrant: Ints = 2 * ~right + ~upper
    mean[rows, quadrant] = LARGE
    return mean


class Wheel(Testbed):
    """Points on a disc: at the rim one of four actions, which depends on the quadrant, is worth fifty times the others.

    x is uniform on the unit disc. reward_a = mu_a(x) + sd · eps, with one standard normal eps a visit for all actions.
    mu is 1 of actions 0 to 3 and 1.2 of action 4; where ‖x‖ ≥ delta, it is 50 of the action of x's quadrant. The closer
    delta is to 1, the rarer the large reward. Features are the two coordinates, without a constant, as in the paper.

    Args:
        delta: radius beyond which there is the large reward, 0 to 1.
        sd: standard deviation of a reward.
        cohorts: tables of name, share and delta, where this differs from the common one.
        horizon: visits in a replication.
        block: visits that are served together.
        observe_cohort: whether a policy that asks is told the visitor's cohort.
        bad_below: a shown action is a bad recommendation where its mean reward is below this; None: nothing is bad.

    Source: Riquelme, Tucker & Snoek 2018, "Deep Bayesian Bandits Showdown" (the wheel bandit).
    """

    title: ClassVar[str] = "Wheel bandit"
    objective_text: ClassVar[str] = "The reward: about 1, and about 50 for the right action at the rim."

    delta: Delta = 0.95
    sd: Annotated[float, Field(ge=0, le=1e9)] = 0.05
    cohorts: Annotated[tuple[WheelCohort, ...], each(WheelCohort)] = ()
    horizon: Horizon = HORIZON
    block: Block = BLOCK
    observe_cohort: bool = True
    bad_below: float | None = None

    def __init__(self, delta: float = 0.95, sd: float = 0.05, **common: Unpack[Common]) -> None:
        super().__init__(delta=delta, sd=sd, **common)

    @property
    def deltas(self) -> Floats:
        """Radius of each cohort (C,)."""
        own = [self.delta if cohort.delta is None else cohort.delta for cohort in self.cohorts]
        return np.array(own or [self.delta])

    @property
    def paragraphs(self) -> tuple[tuple[str, str], ...]:
        """What is each declared cohort's own: the radius beyond which there is the large reward."""
        told = [
            f"From {'the common' if cohort.delta is None else 'its own'} radius {delta:g} on, "
            f"in {percent(1 - delta**2)} of its visits, there is the large reward."
            for cohort, delta in zip(self.cohorts, self.deltas.tolist(), strict=False)  # one radius without cohorts
        ]
        return tuple(("Rim", text) for text in told)

    @property
    def mu(self) -> Floats:
        """Mean reward of each action over the visits of each cohort (C, 5): 1 + 49 (1 − delta²) / 4, and 1.2."""
        mean = np.full((len(self.deltas), K), SAFE)
        mean[:, :QUADRANTS] = (PLAIN + (LARGE - PLAIN) * (1 - self.deltas**2) / QUADRANTS)[:, None]
        return mean

    @property
    def best_action(self) -> int:
        """The best action for those who see neither x nor cohort; at a visit it depends on x, see `means_at`."""
        return int(np.argmax(self.shares @ self.mu))

    @property
    def optimal_value(self) -> float:
        """Expected reward a visit of always choosing what is best at x: 1.2 delta² + 50 (1 − delta²)."""
        return float(self.shares @ (SAFE * self.deltas**2 + LARGE * (1 - self.deltas**2)))

    @property
    def uniform_regret(self) -> float:
        """Regret a visit of uniform play: .16 delta² + 39.16 (1 − delta²). The paper's score is 100 regret / this."""
        return self.optimal_value - float(self.shares @ self.mu.mean(axis=1))

    @property
    def problem(self) -> Problem:
        """What is public; a unit of reward is that of an action which is nothing special."""
        return Problem(
            actions=numbered(K),
            features=("x", "y"),
            reward_scale=PLAIN,
            cohorts=self.shown_cohorts,
            typical=True,
        )

    def draws(self, seed: int, replication: int) -> Callable[[int], Drawn]:
        """Make the function n ↦ the next n visits of a replication."""
        who = visitors(self.cohorts, stream(seed, replication, "Wheel: visitors"))
        angles, areas, luck = (stream(seed, replication, f"Wheel: {what}") for what in ("angle", "area", "luck"))
        mu, deltas = self.mu, self.deltas

        def draw(size: int) -> Drawn:
            cohort = who(size)
            # The share of the disc within a radius is its square.
            angle, radius = 2 * np.pi * angles.random(size), np.sqrt(areas.random(size))
            x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
            expected = means_at(x, radius >= deltas.take(cohort))
            rewards = expected + self.sd * luck.standard_normal(size)[:, None]
            return Drawn(expected, rewards, x, cohort, typical=mu.take(cohort, axis=0))

        return draw
