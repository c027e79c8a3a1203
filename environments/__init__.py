"""Worlds: frozen descriptions of who visits, and what comes of what they are shown."""

from environments.availability import Launches
from environments.batches import Batched
from environments.bernoulli import Bernoulli
from environments.changing import Change
from environments.clothing import ClothingReviews
from environments.delay import Delayed
from environments.drawn import Drawn, DrawnWorld, about_of
from environments.drift import Drifting
from environments.eligibility import Eligible, Holdout
from environments.gaussian import Gaussian
from environments.linear import Linear, Logistic
from environments.logged_replay import LoggedReplay
from environments.movielens import MovieLens
from environments.noise import Noisy
from environments.open_bandit import OpenBandit
from environments.protocol import About, Cohort, Environment, Late, Outcome, Users, Visits, World
from environments.shop.scenario import Scenario
from environments.shop.storefront import Storefront
from environments.tabular import Tabular
from environments.wheel import Wheel
from environments.wrapping import Relay, Wrapped

FAMILIES: dict[str, tuple[type[Environment], ...]] = {
    "shops of personas": (Storefront,),
    "testbeds of the papers": (Bernoulli, Gaussian, Linear, Logistic, Wheel),
    "real data": (ClothingReviews, OpenBandit, MovieLens, Tabular, LoggedReplay),
    "wrappers: what changes": (Delayed, Batched, Drifting, Launches, Eligible, Noisy, Holdout),
}
"""Every environment of this package, by what it is."""

ENVIRONMENTS: dict[str, type[Environment]] = {kind.__name__: kind for family in FAMILIES.values() for kind in family}
"""The same by name: the `kind` of a TOML table."""

__all__ = [
    "ENVIRONMENTS",
    "FAMILIES",
    "About",
    "Batched",
    "Bernoulli",
    "Change",
    "ClothingReviews",
    "Cohort",
    "Delayed",
    "Drawn",
    "DrawnWorld",
    "Drifting",
    "Eligible",
    "Environment",
    "Gaussian",
    "Holdout",
    "Late",
    "Launches",
    "Linear",
    "LoggedReplay",
    "Logistic",
    "MovieLens",
    "Noisy",
    "OpenBandit",
    "Outcome",
    "Relay",
    "Scenario",
    "Storefront",
    "Tabular",
    "Users",
    "Visits",
    "Wheel",
    "World",
    "Wrapped",
    "about_of",
]
