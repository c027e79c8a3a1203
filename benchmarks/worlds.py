"""What a block of visits costs each world, beside what LinUCB takes to play it, in one run.

    OPENBLAS_NUM_THREADS=1 python benchmarks/worlds.py

A block is 1,024 visits, in the storefront a day of about 2,000. Making it takes in all that luck decides: visitors,
features, expected rewards, and what each action would bring. The storefront draws a replication before its first day;
it is shown with its draws, which the cells of one replication share, and without. Processor time; world and policy take
turns, block by block, and each ratio is the median of the rounds' ratios, so that a machine that slows down meanwhile
does not favour either.
"""

from __future__ import annotations

import statistics
import time
from typing import NamedTuple

from bandits import LinUCB
from bandits.fit import start
from bandits.protocol import Needs
from bandits.streams import stream
from environments import (
    Bernoulli,
    ClothingReviews,
    Environment,
    Gaussian,
    Linear,
    Logistic,
    Scenario,
    Storefront,
    Wheel,
)
from environments.shop.draws import draw

ROUNDS = 15
VISITS = 20 * 1_024
VISITS_A_DAY, DAYS = 2_000, 180
GROUPS = [{"name": name, "share": 0.25, "distance": 1.0} for name in "abcd"]


class Round(NamedTuple):
    """What one replication took, a visit [s].

    Args:
        world: making the blocks.
        policy: playing them.
    """

    world: float
    policy: float


def storefront() -> Storefront:
    """Acme, with as many customers as make 2,000 visits on a day on which nobody has left yet."""
    personas = Scenario.load("acme").personas
    rate = sum(persona.share * persona.visit_rate for persona in personas)
    return Storefront.load("acme", objective="long_term", customers=round(VISITS_A_DAY / rate), days=DAYS)


def timed(environment: Environment, replication: int, *, draws: bool = False) -> Round:
    """Let LinUCB play a replication.

    Args:
        environment: makes the world.
        replication: its number.
        draws: whether to count what is done before the first block.
    """
    draw.cache_clear()
    begin = time.process_time()
    world = environment.open(1, replication)
    world_spent, policy_spent, served = (time.process_time() - begin) if draws else 0.0, 0.0, 0
    learner = start(LinUCB(), world.problem, stream(1, replication, "policy"))
    while True:
        begin = time.process_time()
        visits = world.next_block()
        world_spent += time.process_time() - begin
        if visits is None:
            return Round(world_spent / served, policy_spent / served)
        block = visits.shown_to(Needs())
        begin = time.process_time()
        choices = learner.play(block)
        policy_spent += time.process_time() - begin
        world.respond(choices.action)
        served += len(visits)


def row(what: str, environment: Environment, bar: float | None = None, *, draws: bool = False, rounds: int) -> None:
    """Print what a world costs, and whether a bar is kept."""
    timed(environment, 0)  # compiles what is not compiled yet
    found = [timed(environment, replication, draws=draws) for replication in range(1, rounds + 1)]
    world, policy = (1e9 * statistics.median(spent) for spent in zip(*found, strict=True))
    ratio = statistics.median(spent.world / spent.policy for spent in found)
    said = "" if bar is None else f"  {'within' if ratio <= bar else 'ABOVE'} the bar of {bar:.2f}"
    print(f"{what:42}{world:12,.0f}{policy:14,.0f}{ratio:10.2f}{said}")


def main() -> None:
    """Print the table."""
    print(f"{'world':42}{'ns a visit':>12}{'LinUCB':>14}{'ratio':>10}")
    size = {"horizon": VISITS}
    row("Linear, d = 10, K = 5", Linear(10, 5, **size), 1 / 3, rounds=ROUNDS)
    row("Linear, four cohorts", Linear(10, 5, cohorts=GROUPS, separation=1.0, **size), rounds=ROUNDS)
    row("Linear, d = 20, K = 50", Linear(20, 50, **size), rounds=ROUNDS)
    row("Logistic, d = 10, K = 5", Logistic(10, 5, **size), rounds=ROUNDS)
    row("Wheel, d = 2, K = 5", Wheel(**size), rounds=ROUNDS)
    row("Bernoulli, d = 1, K = 5", Bernoulli((0.9, 0.8, 0.7, 0.6, 0.5), **size), rounds=ROUNDS)
    row("Gaussian, d = 1, K = 5", Gaussian((0.9, 0.8, 0.7, 0.6, 0.5), **size), rounds=ROUNDS)
    row("ClothingReviews", ClothingReviews(**size), rounds=ROUNDS)
    row(f"Storefront, {VISITS_A_DAY:,} visits a day", storefront(), 1.0, rounds=3)
    row("  draws included, once a replication", storefront(), draws=True, rounds=3)


if __name__ == "__main__":
    main()
