"""Policies: frozen descriptions that start learners. They know nothing of the simulator, and run without it."""

from bandits.ab_test import ABTest
from bandits.baselines import Always, Nothing, Oracle, PersonaOracle, Random
from bandits.belief import PersonaBelief
from bandits.beta import BetaThompson
from bandits.bootstrap import BootstrapThompson
from bandits.cards import FeatureCard, LabelledSample, PersonaCard
from bandits.conservative import Conservative
from bandits.counts import EpsilonGreedy
from bandits.errors import InputError
from bandits.forgetting import DiscountedBetaThompson, SlidingWindowUCB
from bandits.forgetting_linear import DiscountedLinearThompson, DiscountedLinUCB
from bandits.guarded import Cautious, ExposureCap
from bandits.hierarchical import HierarchicalLinearThompson, HierarchicalThompson
from bandits.hybrid import HybridLinUCB
from bandits.incumbents import CollaborativeFiltering, Popularity
from bandits.linear import GaussianThompson, LinearThompson, LinUCB
from bandits.linear_greedy import LinearEpsilonGreedy, SquareCB
from bandits.logistic import LogisticThompson, LogisticUCB
from bandits.optimism import KLUCB, UCB1
from bandits.pooled import PerCohort
from bandits.protocol import Block, BlockLearner, Choice, Choices, Learner, Policy, Problem, Visit
from bandits.saving import load
from bandits.shared import SharedLinearThompson, SharedLinUCB
from bandits.softmax import EXP3, Softmax
from bandits.unknown_noise import BayesianLinearThompson
from bandits.vowpal import VowpalWabbit

FAMILIES: dict[str, tuple[type[Policy], ...]] = {
    "marks to measure against": (Nothing, Random, Always, Oracle, PersonaOracle),
    "what shops do today": (ABTest, Popularity, CollaborativeFiltering),
    "no features": (EpsilonGreedy, UCB1, KLUCB, BetaThompson, GaussianThompson, Softmax, EXP3),
    "linear, an arm at a time": (LinUCB, LinearThompson, BayesianLinearThompson, LinearEpsilonGreedy, SquareCB),
    "features of visitor × action": (SharedLinUCB, SharedLinearThompson, HybridLinUCB),
    "logistic": (LogisticThompson, LogisticUCB),
    "bootstrap": (BootstrapThompson,),
    "non-stationary": (DiscountedBetaThompson, SlidingWindowUCB, DiscountedLinUCB, DiscountedLinearThompson),
    "pooled": (PerCohort, HierarchicalThompson, HierarchicalLinearThompson),
    "personas": (PersonaBelief,),
    "careful": (Cautious, Conservative, ExposureCap),
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
    "BayesianLinearThompson",
    "BetaThompson",
    "Block",
    "BlockLearner",
    "BootstrapThompson",
    "Cautious",
    "Choice",
    "Choices",
    "CollaborativeFiltering",
    "Conservative",
    "DiscountedBetaThompson",
    "DiscountedLinUCB",
    "DiscountedLinearThompson",
    "EpsilonGreedy",
    "ExposureCap",
    "FeatureCard",
    "GaussianThompson",
    "HierarchicalLinearThompson",
    "HierarchicalThompson",
    "HybridLinUCB",
    "InputError",
    "LabelledSample",
    "Learner",
    "LinUCB",
    "LinearEpsilonGreedy",
    "LinearThompson",
    "LogisticThompson",
    "LogisticUCB",
    "Nothing",
    "Oracle",
    "PerCohort",
    "PersonaBelief",
    "PersonaCard",
    "PersonaOracle",
    "Policy",
    "Popularity",
    "Problem",
    "Random",
    "SharedLinUCB",
    "SharedLinearThompson",
    "SlidingWindowUCB",
    "Softmax",
    "SquareCB",
    "Visit",
    "VowpalWabbit",
    "load",
]
