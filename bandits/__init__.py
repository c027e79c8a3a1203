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
from bandits.softmax import EXP3, Softmax
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
        UCB1,
        KLUCB,
        BetaThompson,
        GaussianThompson,
        Softmax,
        EXP3,
        DiscountedBetaThompson,
        SlidingWindowUCB,
        LinUCB,
        LinearThompson,
        PerCohort,
        PersonaBelief,
        Cautious,
        VowpalWabbit,
    )
}

__all__ = [
    "EXP3",
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
]
