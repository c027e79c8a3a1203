"""Worlds: frozen descriptions of who visits, and what comes of what they are shown."""

from environments.bernoulli import Bernoulli
from environments.clothing import ClothingReviews
from environments.drawn import Drawn, DrawnWorld, about_of
from environments.gaussian import Gaussian
from environments.linear import Linear, Logistic
from environments.protocol import About, Cohort, Environment, Late, Outcome, Users, Visits, World
from environments.scenario import Scenario
from environments.storefront import Storefront
from environments.wheel import Wheel

ENVIRONMENTS: dict[str, type[Environment]] = {
    "Storefront": Storefront,
    "ClothingReviews": ClothingReviews,
    "Bernoulli": Bernoulli,
    "Gaussian": Gaussian,
    "Linear": Linear,
    "Logistic": Logistic,
    "Wheel": Wheel,
}

__all__ = [
    "ENVIRONMENTS",
    "About",
    "Bernoulli",
    "ClothingReviews",
    "Cohort",
    "Drawn",
    "DrawnWorld",
    "Environment",
    "Gaussian",
    "Late",
    "Linear",
    "Logistic",
    "Outcome",
    "Scenario",
    "Storefront",
    "Users",
    "Visits",
    "Wheel",
    "World",
    "about_of",
]
