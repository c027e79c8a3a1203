"""Worlds: frozen descriptions of who visits, and what comes of what they are shown."""

from environments.clothing import ClothingReviews
from environments.movielens import MovieLens
from environments.protocol import About, Cohort, Environment, Late, Outcome, Users, Visits, World
from environments.scenario import Scenario
from environments.storefront import Storefront
from environments.tabular import Tabular

ENVIRONMENTS: dict[str, type[Environment]] = {
    "Storefront": Storefront,
    "ClothingReviews": ClothingReviews,
    "Tabular": Tabular,
    "MovieLens": MovieLens,
}

__all__ = [
    "ENVIRONMENTS",
    "About",
    "ClothingReviews",
    "Cohort",
    "Environment",
    "Late",
    "MovieLens",
    "Outcome",
    "Scenario",
    "Storefront",
    "Tabular",
    "Users",
    "Visits",
    "World",
]
