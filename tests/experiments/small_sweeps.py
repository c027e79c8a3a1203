"""A sweep that takes a second, and ways to look at what it left."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Sequence

from bandits import EpsilonGreedy, GaussianThompson, LinearThompson, PerCohort, PersonaBelief, Policy, Random
from environments import ClothingReviews, Environment, Storefront
from experiments import Experiment

SHOP = Storefront.load("acme", objective="long_term", customers=40, days=30, observe_persona=True, name="shop")
SALES = Storefront.load("acme", objective="cart_value", customers=40, days=30, observe_persona=True, name="sales")
CLOTHES = ClothingReviews(horizon=600, block=256, name="clothes")
POLICIES = (
    Random(name="random"),
    EpsilonGreedy(name="greedy"),
    LinearThompson(name="linear"),
    PersonaBelief(LinearThompson(), cards="estimated", evidence="visit", name="belief"),
    PerCohort(GaussianThompson(), name="apart"),
)


def small(
    policies: Sequence[Policy] = POLICIES,
    environments: Sequence[Environment] = (SHOP, SALES, CLOTHES),
    replications: int = 2,
    seed: int = 7,
    name: str = "small",
) -> Experiment:
    return Experiment(name=name, environments=environments, policies=policies, replications=replications, seed=seed)


def cells_in(folder: pathlib.Path) -> dict[str, bytes]:
    """Every cell's file by name, byte for byte."""
    return {path.name: path.read_bytes() for path in folder.glob("cells/*/*.parquet")}


def stamps_in(folder: pathlib.Path) -> dict[str, int]:
    """When every cell's file was written [ns]."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("cells/*/*.parquet")}


def damage(path: pathlib.Path, how: str) -> None:
    """Damage a file in place: "truncated", "flipped" (one bit), "empty"."""
    data = path.read_bytes()
    middle = len(data) // 2
    flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    path.write_bytes({"truncated": data[:middle], "flipped": flipped, "empty": b""}[how])
    os.utime(path, ns=(0, 0))
