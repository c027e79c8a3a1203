"""Worlds: frozen descriptions of who visits, and what comes of what they are shown."""

from environments.clothing import ClothingReviews
from environments.logged import LoggedReplay
from environments.open_bandit import OpenBandit
from environments.protocol import About, Cohort, Environment, Late, Outcome, Users, Visits, World
from environments.scenario import Scenario
from environments.storefront import Storefront

ENVIRONMENTS: dict[str, type[Environment]] = {
    "Storefront": Storefront,
    "ClothingReviews": ClothingReviews,
    "OpenBandit": OpenBandit,
    "LoggedReplay": LoggedReplay,
}

__all__ = [
    "ENVIRONMENTS",
    "About",
    "ClothingReviews",
    "Cohort",
    "Environment",
    "Late",
    "LoggedReplay",
    "OpenBandit",
    "Outcome",
    "Scenario",
    "Storefront",
    "Users",
    "Visits",
    "World",
]
