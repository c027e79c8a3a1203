"""What a million customers take: memory at its peak, and speed.

    python benchmarks/million.py [--full] [--days N] [--policy NAME] [--feedback NAME]

Acme with a million customers, as many as a scenario may have: about 146,000 visits a day. One policy plays a few days,
or, with --full, all 180. What is told: the peak of the process's resident memory, and visits served a second, the
making of customers and their truth tables included and left out, in processor time of all threads.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import bandits
from bandits.description import identity
from bandits.fit import start
from bandits.protocol import Needs, Policy
from bandits.streams import stream
from environments import Storefront
from experiments.ledger import Ledger
from experiments.runner import play

CUSTOMERS = 1_000_000
FEW_DAYS = 5
BAR = 2.0
UNIT = 1024**2 if sys.platform != "darwin" else 1024**3  # kibibytes, or bytes, in a gibibyte


def peak() -> float:
    """Most resident memory so far [GiB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / UNIT


def cell(environment: Storefront, policy: Policy) -> None:
    """Play a replication, and print what it took."""
    before, begin = peak(), time.process_time()
    world = environment.open(1, 0)
    opened, ready = time.process_time(), peak()
    learner = start(policy, world.problem, stream(1, 0, f"policy:{identity(policy)}"))
    ledger = Ledger(environment.about, world.users, world.problem.nothing)
    play(world, learner, Needs.of(policy), ledger)
    books = ledger.close()
    end = time.process_time()
    visits = int(books.curves["visits"][-1])
    print(f"{environment.shop.customers:,} customers, {environment.shop.days} days, {visits:,} visits")
    print(f"customers and truth tables  {opened - begin:8.1f} s")
    print(f"visits                      {end - opened:8.1f} s {visits / (end - opened):12,.0f} visits/s")
    print(f"all together                {end - begin:8.1f} s {visits / (end - begin):12,.0f} visits/s")
    print(f"peak memory  {before:.2f} GiB at the start, {ready:.2f} GiB when opened, {peak():.2f} GiB in the end")
    print(f"{'within' if peak() <= BAR else 'ABOVE'} the bar of {BAR:g} GiB")


def main() -> None:
    """Read the command line and play."""
    parser = argparse.ArgumentParser(description="Memory and speed with a million customers.")
    parser.add_argument("--full", action="store_true", help="all 180 days")
    parser.add_argument("--days", type=int, default=FEW_DAYS)
    parser.add_argument("--policy", default="LinUCB", help="a built-in that needs no parameters")
    parser.add_argument("--feedback", default="at once", choices=("at once", "wait", "correct"))
    asked = parser.parse_args()
    days = None if asked.full else asked.days
    environment = Storefront.load(
        "acme", objective="kept_margin", feedback=asked.feedback, customers=CUSTOMERS, days=days
    )
    cell(environment, bandits.POLICIES[asked.policy]())


if __name__ == "__main__":
    main()
