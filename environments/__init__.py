"""Worlds: frozen descriptions of who visits, and what comes of what they are shown."""

from environments.availability import Launches
from environments.batches import Batched
from environments.clothing import ClothingReviews
from environments.delay import Delayed
from environments.drift import Drifting
from environments.eligibility import Eligible, Holdout
from environments.noise import Noisy
from environments.protocol import About, Cohort, Environment, Late, Outcome, Users, Visits, World
from environments.scenario import Scenario
from environments.storefront import Storefront
from environments.wrapping import Relay, Wrapped

ENVIRONMENTS: dict[str, type[Environment]] = {
    "Storefront": Storefront,
    "ClothingReviews": ClothingReviews,
    "Delayed": Delayed,
    "Batched": Batched,
    "Drifting": Drifting,
    "Launches": Launches,
    "Eligible": Eligible,
    "Noisy": Noisy,
    "Holdout": Holdout,
}

__all__ = [
    "ENVIRONMENTS",
    "About",
    "Batched",
    "ClothingReviews",
    "Cohort",
    "Delayed",
    "Drifting",
    "Eligible",
    "Environment",
    "Holdout",
    "Late",
    "Launches",
    "Noisy",
    "Outcome",
    "Relay",
    "Scenario",
    "Storefront",
    "Users",
    "Visits",
    "World",
    "Wrapped",
]
