"""Policies: frozen descriptions that start learners. They know nothing of the simulator, and run without it."""

from bandits.baselines import Always, Nothing, Oracle, PersonaOracle, Random
from bandits.belief import PersonaBelief
from bandits.beta import BetaThompson
from bandits.cards import FeatureCard, LabelledSample, PersonaCard
from bandits.counts import ABTest, EpsilonGreedy
from bandits.errors import InputError
from bandits.guarded import Cautious
from bandits.hierarchical import HierarchicalLinearThompson, HierarchicalThompson
from bandits.linear import GaussianThompson, LinearThompson, LinUCB
from bandits.pooled import PerCohort
from bandits.protocol import Block, BlockLearner, Choice, Choices, Learner, Policy, Problem, Visit
from bandits.vowpal import VowpalWabbit

POLICIES: dict[str, type[Policy]] = {
    policy.__name__: policy
    for policy in (
        Nothing,
        Random,
        Always,
        Oracle,
        PersonaOracle,
        ABTest,
        EpsilonGreedy,
        BetaThompson,
        GaussianThompson,
        LinUCB,
        LinearThompson,
        HierarchicalThompson,
        HierarchicalLinearThompson,
        PerCohort,
        PersonaBelief,
        Cautious,
        VowpalWabbit,
    )
}

__all__ = [
    "POLICIES",
    "ABTest",
    "Always",
    "BetaThompson",
    "Block",
    "BlockLearner",
    "Cautious",
    "Choice",
    "Choices",
    "EpsilonGreedy",
    "FeatureCard",
    "GaussianThompson",
    "HierarchicalLinearThompson",
    "HierarchicalThompson",
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
    "Visit",
    "VowpalWabbit",
]
