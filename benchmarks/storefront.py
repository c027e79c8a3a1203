"""What a visit costs: the storefront and the ledger beside the policy that plays in them, in one run.

    python benchmarks/storefront.py [days]

At 2,000 visits a day, in one process. All parts work on the same blocks, whose actions were drawn beforehand, so that
the ratios depend little on the machine. Draws and truth tables are made once a replication, and shared by all policies
and objectives. Processor time of all threads, the best of five rounds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bandits import LinearThompson
from bandits.fit import start
from bandits.protocol import Ints, Needs
from bandits.streams import stream
from environments import Scenario, Storefront
from environments.shop.draws import draw
from environments.shop.truth_tables import truth_tables
from experiments.ledger import Ledger
from experiments.runner import play

VISITS_A_DAY = 2000
ROUNDS = 5
BAR_RATIO = 1.0
BAR_SPEED = 0.5e6


class Clock:
    """Adds up how long each part takes [s]."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        """What is done meanwhile is on account of a part."""
        begin = time.process_time()
        yield
        self.spent[part] = self.spent.get(part, 0.0) + time.process_time() - begin


def storefront(days: int) -> Storefront:
    """Acme, with as many customers as make 2,000 visits on a day on which nobody has left yet."""
    personas = Scenario.load("acme").personas
    rate = sum(persona.share * persona.visit_rate for persona in personas)
    return Storefront.load("acme", objective="long_term", customers=round(VISITS_A_DAY / rate), days=days)


def parts(environment: Storefront, seed: int) -> tuple[dict[str, float], int]:
    """Seconds spent in each part of one replication, and visits served."""
    clock, policy = Clock(), LinearThompson()
    draw.cache_clear()
    truth_tables.cache_clear()
    with clock.on("draws and truth"):
        world = environment.open(seed, 0)
    learner = start(policy, world.problem, stream(seed, 0, "policy"))
    ledger = Ledger(environment.about, world.users, world.problem.nothing)
    rng, served = stream(seed, 0, "actions"), 0
    while True:
        with clock.on("world"):
            visits = world.next_block()
        if visits is None:
            break
        actions: Ints = rng.integers(len(world.problem.actions), size=len(visits))
        with clock.on("LinearThompson"):
            learner.play(visits.shown_to(Needs.of(policy)))
        with clock.on("world"):
            outcome = world.respond(actions)
        with clock.on("ledger"):
            ledger.enter(visits, actions, outcome)
        served += len(visits)
    with clock.on("ledger"):
        ledger.close()
    return clock.spent, served


def whole(environment: Storefront, seed: int) -> tuple[float, int]:
    """Seconds that a cell takes once its draws are made, and visits served."""
    world = environment.open(seed, 0)
    learner = start(LinearThompson(), world.problem, stream(seed, 0, "policy"))
    ledger = Ledger(environment.about, world.users, world.problem.nothing)
    begin = time.process_time()
    play(world, learner, Needs.of(LinearThompson()), ledger)
    books = ledger.close()
    spent = time.process_time() - begin
    return spent, int(books.curves["visits"][-1])


def main() -> None:
    """Print the table."""
    environment = storefront(int(sys.argv[1]) if len(sys.argv) > 1 else 180)
    parts(storefront(2), seed=0)  # compiles what is not compiled yet
    rounds = [parts(environment, seed=1) for _ in range(ROUNDS)]
    visits = rounds[0][1]
    best = {part: min(spent[part] for spent, _ in rounds) for part in rounds[0][0]}
    print(f"{visits:,} visits, {environment.shop.customers:,} customers, {environment.shop.days} days\n")
    print(f"{'part':18}{'ns a visit':>12}{'visits/s':>14}{'LinearThompson = 1':>22}")
    both = {"world and ledger": best["world"] + best["ledger"]}
    for part, spent in (best | both).items():
        ratio = spent / best["LinearThompson"]
        print(f"{part:18}{1e9 * spent / visits:12,.0f}{visits / spent:14,.0f}{ratio:22.2f}")
    spent, served = min(whole(environment, seed=1) for _ in range(ROUNDS))
    ratio = both["world and ledger"] / best["LinearThompson"]
    print(f"\nworld + ledger + LinearThompson: {served / spent:,.0f} visits/s a core")
    verdict = "within" if ratio <= BAR_RATIO else "ABOVE"
    print(f"world and ledger cost {ratio:.2f} of LinearThompson: {verdict} the bar of {BAR_RATIO:g}")
    print(f"speed is {'above' if served / spent >= BAR_SPEED else 'BELOW'} the bar of {BAR_SPEED:,.0f} visits/s")


if __name__ == "__main__":
    main()
