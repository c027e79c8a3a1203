"""Partial pooling: against one large Gaussian, the paper's two stages, no pooling and full pooling."""

from dataclasses import replace

import numpy as np
import pytest

from bandits import (
    GaussianThompson,
    HierarchicalLinearThompson,
    HierarchicalThompson,
    LinearThompson,
    PerCohort,
    Problem,
)
from bandits.fit import misfit_of
from bandits.protocol import Block
from tests.oracles.hierarchical import joint_posterior, two_stages
from tests.stochastic import detectable_gap, same_mean

K, D, C, UNIT = 4, 3, 5, 2.5
PROBLEM = Problem(actions=tuple("abcd"), features=tuple("xyz"), cohorts=tuple("ABCDE"), reward_scale=UNIT)


def visits(N, seed=0):
    rng = np.random.default_rng(seed)
    x, cohort = rng.normal(size=(N, D)), rng.integers(C, size=N)
    theta = np.random.default_rng(1).normal(size=(C, K, D))
    rewards = UNIT * (np.einsum("nd,nkd->nk", x, theta[cohort]) + 0.3 * theta[cohort, :, 0] + rng.normal(size=(N, K)))
    available = rng.random((N, K)) < 0.7
    available[np.arange(N), rng.integers(K, size=N)] = True
    return Block(x, available, rewards, cohort=cohort)


def begin(policy, problem=PROBLEM, seed=5):
    return policy.start(problem, np.random.default_rng(seed))


@pytest.mark.parametrize("policy", [HierarchicalThompson, HierarchicalLinearThompson])
@pytest.mark.parametrize(("between", "within", "scale"), [(1.0, 0.5, 1.0), (0.3, 2.0, 0.6), (2.0, 0.05, 1.5)])
def test_it_believes_what_the_joint_gaussian_says(policy, between, within, scale):
    """Means and standard deviations at 60 further visits, after 300; rewards in units of 2.5. D = 1 and x = 1 without
    features.
    """
    block, further = visits(300), visits(60, seed=1)
    learner = begin(policy(between=between, within=within, scale=scale))
    chosen = learner.play(block)
    mean, sd = learner.estimates(further)
    plain = policy is HierarchicalThompson
    x, new = (np.ones((len(b), 1)) if plain else b.x for b in (block, further))
    rewards = block.rewards / UNIT
    for k in range(K):
        rows = np.flatnonzero(chosen.action == k)
        theta, covariance = joint_posterior(x[rows], block.cohort[rows], rewards[rows, k], C, between, within, scale)
        for n, c in enumerate(further.cohort):
            assert mean[n, k] / UNIT == pytest.approx(new[n] @ theta[c], rel=1e-9, abs=1e-11)
            assert sd[n, k] / UNIT == pytest.approx(np.sqrt(new[n] @ covariance[c, :, c] @ new[n]), rel=1e-9)


def test_one_update_by_hand():
    """between 1, within 1, scale 1, two cohorts. One reward of 3 by an arm in cohort A.

    Before: theta_A, theta_B have variance 2 and covariance 1. The reward has variance 3: A gains 2/3 of it, B 1/3.
    A: mean 2, variance 2 − 2 · 2/3 = 2/3. B: mean 1, variance 2 − 1 · 1/3 = 5/3.
    """
    problem = Problem(actions=("one",), cohorts=("A", "B"))
    learner = begin(HierarchicalThompson(between=1.0, within=1.0), problem)
    first = Block(np.empty((1, 0)), np.ones((1, 1), dtype=bool), np.array([[3.0]]), cohort=np.array([0]))
    learner.play(first)
    both = Block(np.empty((2, 0)), np.ones((2, 1), dtype=bool), cohort=np.array([0, 1]))
    mean, sd = learner.estimates(both)
    np.testing.assert_allclose(mean[:, 0], [2.0, 1.0], rtol=1e-14)
    np.testing.assert_allclose(sd[:, 0] ** 2, [2 / 3, 5 / 3], rtol=1e-14)


def test_one_normal_an_arm_chooses_as_the_two_stages_of_the_paper_do():
    """200,000 choices each way at a visit of cohort C after 40 visits: the shares of the arms agree; .03 is found."""
    draws, how = 200_000, {"between": 0.8, "within": 0.4, "scale": 0.9}
    assert detectable_gap(draws, -1, 1, looks=K) < 0.03
    block, learner = visits(40), begin(HierarchicalThompson(**how))
    learned = learner.play(block)
    again = Block(np.zeros((draws, D)), np.ones((draws, K), dtype=bool), cohort=np.full(draws, 2))
    at_once, scores = learner.play(again).action, np.empty((draws, K))
    for k in range(K):
        rows = np.flatnonzero(learned.action == k)
        rewards = block.rewards[rows, k] / UNIT
        scores[:, k] = two_stages(block.cohort[rows], rewards, 2, **how, draws=draws, rng=np.random.default_rng(k))
    literal = scores.argmax(axis=1)
    assert (np.bincount(literal, minlength=K) > 0.02 * draws).sum() >= 3  # it is no foregone conclusion
    for k in range(K):
        same_mean((at_once == k).astype(float) - (literal == k), 0.0, -1, 1, looks=K)


PAIRS = [
    (HierarchicalThompson, GaussianThompson),
    (HierarchicalLinearThompson, LinearThompson),
]


@pytest.mark.parametrize(("hierarchical", "plain"), PAIRS)
def test_without_spread_within_all_are_pooled(hierarchical, plain):
    """within 0: the prior of a coefficient is Normal(0, between²), so that ridge = (scale / between)² = 2.25/4."""
    block, further = visits(300), visits(60, seed=1)
    one, other = begin(hierarchical(between=2.0, within=0.0, scale=1.5)), begin(plain(scale=1.5, ridge=1.5**2 / 4))
    chosen = other.play(replace(block, rewards=None))
    for learner in (one, other):
        learner.learn_many(block, chosen, block.rewards[np.arange(300), chosen.action])
    np.testing.assert_allclose(one.estimates(further), other.estimates(further), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("hierarchical", "plain"), PAIRS)
def test_without_spread_between_nothing_is_pooled(hierarchical, plain):
    """between 0: each cohort is alone, with the prior Normal(0, within²)."""
    block, further = visits(300), visits(60, seed=1)
    one = begin(hierarchical(between=0.0, within=2.0, scale=1.5))
    other = begin(PerCohort(plain(scale=1.5, ridge=1.5**2 / 4)))
    chosen = other.play(replace(block, rewards=None))
    for learner in (one, other):
        learner.learn_many(block, chosen, block.rewards[np.arange(300), chosen.action])
    np.testing.assert_allclose(one.estimates(further), other.estimates(further), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("policy", [HierarchicalThompson(), HierarchicalLinearThompson()])
def test_a_world_without_labels_is_refused(policy):
    why = misfit_of(policy, replace(PROBLEM, cohorts=None))
    assert why is not None
    assert why.startswith("needs cohort labels, and this world shows none")


def test_a_world_without_features_is_refused_by_the_linear_one():
    bare = replace(PROBLEM, features=())
    assert misfit_of(HierarchicalLinearThompson(), bare) == "needs features of the visitor, and this world has none"
    assert misfit_of(HierarchicalThompson(), bare) is None


GROUPS, ARMS, TURNS, NOISE, Q = 10, 5, 200, 0.5, 0.5


class KnowsTheMean:
    """Thompson sampling a group whose prior is right: theta_sk ~ Normal(mu_k, s0²), mu_k told. Slow and literal."""

    def __init__(self, mu, s0):
        self.mean = np.tile(mu, (GROUPS, 1))
        self.variance = np.full((GROUPS, ARMS), s0**2)

    def play(self, block, rng):
        action = np.empty(len(block), dtype=np.int64)
        for n, s in enumerate(block.cohort):
            action[n] = k = rng.normal(self.mean[s], np.sqrt(self.variance[s])).argmax()
            gain = self.variance[s, k] / (self.variance[s, k] + NOISE**2)
            self.mean[s, k] += gain * (block.rewards[n, k] - self.mean[s, k])
            self.variance[s, k] *= 1 - gain
        return action


def total_regrets(s0, replications):
    """Total regret (replications, 4) of: mu known, hierarchical, one Thompson a group, one Thompson for all groups.

    Every one knows the prior of what it models: a group's own mean has variance q² + s0².
    """
    problem = Problem(actions=tuple("abcde"), cohorts=tuple(map(str, range(GROUPS))))
    ridge, regrets = NOISE**2 / (Q**2 + s0**2), np.empty((replications, 4))
    cohort = np.tile(np.arange(GROUPS), TURNS)
    for replication in range(replications):
        rng = np.random.default_rng([replication, int(10 * s0)])
        mu = rng.normal(0, Q, size=ARMS)
        theta = rng.normal(mu, s0, size=(GROUPS, ARMS))
        rewards = rng.normal(theta[cohort], NOISE)
        N = len(cohort)
        block = Block(np.empty((N, 0)), np.ones((N, ARMS), dtype=bool), rewards, cohort=cohort)
        policies = (
            HierarchicalThompson(between=Q, within=s0, scale=NOISE),
            PerCohort(GaussianThompson(scale=NOISE, ridge=ridge)),
            GaussianThompson(scale=NOISE, ridge=ridge),
        )
        actions = [KnowsTheMean(mu, s0).play(block, rng)]
        actions += [begin(policy, problem, replication).play(block).action for policy in policies]
        best = theta.max(axis=1)[cohort]
        regrets[replication] = [(best - theta[cohort, action]).sum() for action in actions]
    return regrets


@pytest.mark.slow
@pytest.mark.parametrize("s0", [0.1, 0.5])
def test_pooling_in_part_lies_between_knowing_the_mean_and_not_pooling(s0):
    """Total regret: knowing mu_k < hierarchical < one Thompson a group. Pooling everything is better than one a group
    where groups are alike, s0 = .1 against q = .5, and worse than twice the next where they are not, s0 = .5.

    400 replications, in pairs. Each gap is more than 6 standard errors of the mean difference (1e-9, one-sided); they
    are about 9 and 17 where s0 = .5, and more where it is .1.

    Source: the experiment of Hong et al. 2022, with 10 groups of 200 visits in turn, 5 arms, noise .5.
    """

    def beyond_luck(gap):
        return gap.mean() > 6 * gap.std(ddof=1) / np.sqrt(len(gap))

    known, hierarchical, alone, together = total_regrets(s0, 400).T
    assert beyond_luck(hierarchical - known)
    assert beyond_luck(alone - hierarchical)
    assert beyond_luck(alone - together if s0 == 0.1 else together - 2 * alone)
