"""Policies: frozen descriptions that start learners. They know nothing of the simulator, and run without it."""

from bandits.baselines import Always, Nothing, Oracle, PersonaOracle, Random
from bandits.belief import PersonaBelief
from bandits.beta import BetaThompson
from bandits.bootstrap import BootstrapThompson
from bandits.cards import FeatureCard, LabelledSample, PersonaCard
from bandits.counts import ABTest, EpsilonGreedy
from bandits.errors import InputError
from bandits.guarded import Cautious
from bandits.hybrid import HybridLinUCB
from bandits.linear import GaussianThompson, LinearThompson, LinUCB
from bandits.logistic import LogisticThompson, LogisticUCB
from bandits.pooled import PerCohort
from bandits.protocol import Block, BlockLearner, Choice, Choices, Learner, Policy, Problem, Visit
from bandits.shared import SharedLinearThompson, SharedLinUCB
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
        SharedLinUCB,
        SharedLinearThompson,
        HybridLinUCB,
        LogisticThompson,
        LogisticUCB,
        BootstrapThompson,
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
    "BootstrapThompson",
    "Cautious",
    "Choice",
    "Choices",
    "EpsilonGreedy",
    "FeatureCard",
    "GaussianThompson",
    "HybridLinUCB",
    "InputError",
    "LabelledSample",
    "Learner",
    "LinUCB",
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
    "Problem",
    "Random",
    "SharedLinUCB",
    "SharedLinearThompson",
    "Visit",
    "VowpalWabbit",
]
