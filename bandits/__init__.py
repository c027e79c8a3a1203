"""Policies: frozen descriptions that start learners. They know nothing of the simulator, and run without it."""

from bandits.baselines import Always, Nothing, Oracle, PersonaOracle, Random
from bandits.belief import PersonaBelief
from bandits.beta import BetaThompson
from bandits.cards import FeatureCard, LabelledSample, PersonaCard
from bandits.counts import ABTest, EpsilonGreedy
from bandits.errors import InputError
from bandits.forgetting import DiscountedBetaThompson, SlidingWindowUCB
from bandits.guarded import Cautious
from bandits.linear import GaussianThompson, LinearThompson, LinUCB
from bandits.optimism import KLUCB, UCB1
from bandits.pooled import PerCohort
from bandits.protocol import Block, BlockLearner, Choice, Choices, Learner, Policy, Problem, Visit
from bandits.saving import load
from bandits.softmax import EXP3, Softmax
from bandits.vowpal import VowpalWabbit

FAMILIES: dict[str, tuple[type[Policy], ...]] = {
    "marks to measure against": (Nothing, Random, Always, Oracle, PersonaOracle),
    "no features": (ABTest, EpsilonGreedy, UCB1, KLUCB, BetaThompson, GaussianThompson, Softmax, EXP3),
    "linear, an arm at a time": (LinUCB, LinearThompson),
    "pooled": (PerCohort,),
    "non-stationary": (DiscountedBetaThompson, SlidingWindowUCB),
    "personas": (PersonaBelief,),
    "careful": (Cautious,),
    "Vowpal Wabbit": (VowpalWabbit,),
}
"""Every policy of this package, by what it is."""

POLICIES: dict[str, type[Policy]] = {policy.__name__: policy for family in FAMILIES.values() for policy in family}
"""The same by name: the `kind` of a TOML table."""

__all__ = [
    "EXP3",
    "FAMILIES",
    "KLUCB",
    "POLICIES",
    "UCB1",
    "ABTest",
    "Always",
    "BetaThompson",
    "Block",
    "BlockLearner",
    "Cautious",
    "Choice",
    "Choices",
    "DiscountedBetaThompson",
    "EpsilonGreedy",
    "FeatureCard",
    "GaussianThompson",
    "InputError",
    "LabelledSample",
    "Learner",
    "LinUCB",
    "LinearThompson",
    "Nothing",
    "Oracle",
    "PerCohort",
    "PersonaBelief",
    "PersonaCard",
    "PersonaOracle",
    "Policy",
    "Problem",
    "Random",
    "SlidingWindowUCB",
    "Softmax",
    "Visit",
    "VowpalWabbit",
    "load",
]
