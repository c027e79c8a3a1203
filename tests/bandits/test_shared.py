"""One regression for all actions: against numpy on the products written out, by hand, and its draws."""

import math

import numpy as np
import pytest
from scipy import stats

from bandits import InputError, Problem, SharedLinearThompson, SharedLinUCB
from bandits.products import Products
from bandits.protocol import Block, Choices
from bandits.tastes import a_joint_draw, estimate_shared, factorise
from tests.oracles.regression import posterior
from tests.stochastic import detectable_gap, proportions, same_mean

K, NOTHING = 6, 2
WEIGHTS = np.random.default_rng(99).normal(size=(4, 3))
Z = np.random.default_rng(98).normal(size=(K, 2))
PROBLEM = Problem(
    actions=tuple("abcdef"), features=tuple("wxy"), action_features=("soft", "warm"), nothing=NOTHING, reward_scale=2.5
)
BOTH = [SharedLinUCB(), SharedLinearThompson()]


def products(x, z=Z, nothing=NOTHING):
    """(1, x) ⊗ (1, z_k), written out (N, K, d); 0 for nothing."""
    one_x, one_z = np.column_stack([np.ones(len(x)), x]), np.column_stack([np.ones(len(z)), z])
    phi = np.einsum("ni,km->nkim", one_x, one_z).reshape(len(x), len(z), -1)
    if nothing is not None:
        phi[:, nothing] = 0.0
    return phi


def visits(N, seed=0, *, partly=True):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, 3))
    available = np.ones((N, K), dtype=bool)
    if partly:
        available = rng.random((N, K)) < 0.7
        available[np.arange(N), rng.integers(K, size=N)] = True
    rewards = products(x) @ WEIGHTS.ravel() + rng.normal(size=(N, K))
    rewards[:, NOTHING] = 0.0
    return Block(x, available, rewards, Z)


def begin(policy, problem=PROBLEM, seed=5):
    return policy.start(problem, np.random.default_rng(seed))


def again_and_again(block, n, times, **how):
    """The n-th visit of a block, many times, and nothing learnt from it."""
    one = block.rows(np.full(times, n))
    return Block(one.x, one.available, z=block.z, **how)


def batch(block, chosen, scale, ridge):
    """Mean and covariance of theta, from all visits at which something was shown, in one regression."""
    rows = np.flatnonzero(chosen.action != NOTHING)
    actions = chosen.action[rows]
    return posterior(products(block.x)[rows, actions], block.rewards[rows, actions] / 2.5, scale, ridge)


@pytest.mark.parametrize(("alpha", "ridge"), [(1.0, 1.0), (0.3, 4.0), (0.0, 1.0), (5.0, 0.1)])
def test_shared_linucb_chooses_as_a_literal_version_does(alpha, ridge):
    """2,000 visits of LinUCB with a Gram matrix (12, 12) that is inverted each time; rewards in units of 2.5."""
    block = visits(2000)
    chosen = begin(SharedLinUCB(alpha=alpha, ridge=ridge)).play(block)
    tie, phi = np.random.default_rng(5).spawn(1)[0].random(2000), products(block.x)
    A, b = ridge * np.eye(12), np.zeros(12)
    for t in range(2000):
        A_inv = np.linalg.inv(A)
        p = phi[t] @ A_inv @ b + alpha * np.sqrt(np.einsum("ki,ij,kj->k", phi[t], A_inv, phi[t]))
        p[~block.available[t]] = -np.inf
        tied = np.flatnonzero(p >= p.max() - 1e-9)
        k = tied[int(tie[t] * len(tied))]
        assert chosen.action[t] == k
        A += np.outer(phi[t, k], phi[t, k])
        b += block.rewards[t, k] / 2.5 * phi[t, k]


def test_shared_linucb_by_hand():
    """No visitor features; z = 1 and 2, ridge 1, alpha 1: phi = (1, 1) and (1, 2). Both always earn 1.

    visit 1: bounds √2 and √5: the second. A = ((2, 2), (2, 5)), A⁻¹ = ((5, −2), (−2, 2))/6, theta = (1, 2)/6.
    visit 2: (1, 1): mean 3/6, variance (5 − 4 + 2)/6 = 1/2; (1, 2): mean 5/6, variance (5 − 8 + 8)/6 = 5/6.
    """
    problem = Problem(actions=("one", "two"), action_features=("size",))
    learner = begin(SharedLinUCB(), problem)
    block = Block(np.empty((1, 0)), np.ones((1, 2), dtype=bool), np.ones((1, 2)), np.array([[1.0], [2.0]]))
    mean, sd = learner.estimates(block)
    np.testing.assert_allclose([mean[0], sd[0]], [[0, 0], [math.sqrt(2), math.sqrt(5)]], rtol=1e-14)
    assert learner.play(block).action.tolist() == [1]
    mean, sd = learner.estimates(block)
    np.testing.assert_allclose(mean[0], [3 / 6, 5 / 6], rtol=1e-14)
    np.testing.assert_allclose(sd[0], [math.sqrt(1 / 2), math.sqrt(5 / 6)], rtol=1e-14)


@pytest.mark.parametrize(("scale", "ridge"), [(1.0, 1.0), (0.4, 3.0)])
def test_what_is_learnt_visit_by_visit_is_the_regression_of_all_visits_at_once(scale, ridge):
    """Mean and sd of every action's reward, after 600 visits; then again, after corrections of all their rewards."""
    block, learner = visits(600), begin(SharedLinearThompson(scale=scale, ridge=ridge))
    chosen = learner.play(block)
    shift = np.where(chosen.action == NOTHING, 0.0, np.random.default_rng(1).normal(size=600))
    for deltas in (np.zeros(600), shift):
        learner.correct_many(block, chosen, deltas)
        right = Block(block.x, block.available, block.rewards + deltas[:, None], Z)
        theta, covariance = batch(right, chosen, scale, ridge)
        fresh = visits(50, seed=1)
        phi = products(fresh.x)
        mean, sd = learner.estimates(fresh)
        np.testing.assert_allclose(mean / 2.5, phi @ theta, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose((sd / 2.5) ** 2, np.einsum("nki,ij,nkj->nk", phi, covariance, phi), rtol=1e-9)
        np.testing.assert_array_equal(mean[:, NOTHING], 0.0)


def test_ten_thousand_visits_leave_the_regression_accurate():
    """As above: A⁻¹ is kept by rank-one updates, whose rounding must not add up."""
    block, learner = visits(10_000, partly=False), begin(SharedLinUCB(ridge=0.1))
    theta, _ = batch(block, learner.play(block), 1.0, 0.1)
    np.testing.assert_allclose(learner.learnt.theta, theta, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_draws_have_the_mean_and_the_covariance_of_the_scores_of_a_drawn_theta():
    """200,000 draws of six scores after 30 visits, whitened by what the batch regression of theta says they are.

    Whitened, the three numbers behind the scores are independent standard normals. So E Φ(w) = 1/2, which a mean that
    is .05 off would move by more than .012; P(|w| < .6745) = 1/2, which a standard deviation 3 % off would; and two of
    them have the same sign with probability 1/2, which a correlation of .04 would.
    """
    draws, scale = 200_000, 0.8
    assert detectable_gap(draws, looks=9) < 0.012
    assert stats.norm.cdf(0.05 / math.sqrt(2)) - 0.5 > 0.012
    assert 2 * stats.norm.cdf(0.6745) - 2 * stats.norm.cdf(0.6745 / 1.03) > 0.012
    assert math.asin(0.04) / math.pi > 0.012
    block, learner = visits(30), begin(SharedLinearThompson(scale=scale))
    theta, covariance = batch(block, learner.play(block), scale, 1.0)
    x, state, how = np.append(1.0, block.x[3]), learner.learnt, learner._how
    z = Products("", PROBLEM).actions(block)
    mean, sd, scores = np.empty(K), np.empty(K), np.empty((draws, K))
    estimate_shared(state, how, x, z, -1, mean, sd)
    luck = np.random.default_rng(4).standard_normal((draws, 3))
    for n in range(draws):
        a_joint_draw(state, how, luck, n, mean, sd, scores[n])
    phi = products(block.x[3:4])[0]
    centre, spread = phi @ theta, phi @ covariance @ phi.T
    value, vector = np.linalg.eigh(spread)
    assert (value[:3] < 1e-12).all()  # six scores of a draw are made of three numbers
    white = (scores - centre) @ vector[:, 3:] / np.sqrt(value[3:])
    np.testing.assert_allclose((scores - centre) @ vector[:, :3], 0.0, atol=1e-9)
    for a in range(3):
        same_mean(stats.norm.cdf(white[:, a]), 0.5, looks=9)
        same_mean((np.abs(white[:, a]) < stats.norm.ppf(0.75)).astype(float), 0.5, looks=9)
        same_mean((white[:, a] * white[:, a - 1] > 0).astype(float), 0.5, looks=9)


def test_actions_are_chosen_as_often_as_a_draw_of_all_of_theta_chooses_them():
    """200,000 choices each way at one visit after 40: the share of each action agrees; .03 off would be found."""
    draws, scale = 200_000, 0.8
    assert detectable_gap(draws, -1, 1, looks=K) < 0.03
    block, learner = visits(40, partly=False), begin(SharedLinearThompson(scale=scale))
    theta, covariance = batch(block, learner.play(block), scale, 1.0)
    at_once = learner.play(again_and_again(block, 3, draws)).action
    drawn = np.random.default_rng(6).multivariate_normal(theta, covariance, size=draws)
    literal = (drawn @ products(block.x[3:4])[0].T).argmax(axis=1)
    assert len(np.unique(literal)) >= 3  # it is no foregone conclusion
    for k in range(K):
        same_mean((at_once == k).astype(float) - (literal == k), 0.0, -1, 1, looks=K)


def test_the_propensity_is_estimated_when_asked_for_and_moves_no_choice():
    """20,000 choices at one visit: the frequency of each action is what was stated at 500 of them; .04 off is found.

    What was stated is the mean over the visits at which the action was chosen, since each has an estimate of its own.
    """
    assert detectable_gap(20_000, looks=K) < 0.04
    block = visits(40, partly=False)
    asked, silent = begin(SharedLinearThompson(scale=0.8)), begin(SharedLinearThompson(scale=0.8))
    for learner in (asked, silent):
        learner.play(block)
    told, untold = asked.play(again_and_again(block, 3, 500, asks=True)), silent.play(again_and_again(block, 3, 20_000))
    np.testing.assert_array_equal(told.action, untold.action[:500])
    assert np.isnan(untold.propensity).all()
    assert (told.error > 0).any()
    assert (told.error < 0.02).all()
    seen = np.unique(told.action)
    stated = np.array([told.propensity[told.action == k].mean() for k in seen])
    assert len(seen) >= 3
    counts = np.bincount(untold.action, minlength=K)
    proportions([*counts[seen], 20_000 - counts[seen].sum()], [*stated, 1 - stated.sum()])


def test_without_noise_thompson_is_greedy():
    block, learner = visits(200, partly=False), begin(SharedLinearThompson(scale=0.0))
    learner.play(block)
    again = Block(block.x, block.available, z=Z)
    mean, _ = learner.estimates(again)
    np.testing.assert_array_equal(learner.play(again).action, mean.argmax(axis=1))


def test_a_factor_of_a_spread_that_is_singular():
    """((4, 2, 0), (2, 1, 0), (0, 0, 9)): the second is half of the first. C = ((2, 0, 0), (1, 0, 0), (0, 0, 3))."""
    spread, factor = np.array([[4.0, 2, 0], [2, 1, 0], [0, 0, 9]]), np.full((3, 3), 7.0)
    factorise(spread, factor)
    np.testing.assert_allclose(np.tril(factor), [[2, 0, 0], [1, 0, 0], [0, 0, 3]], rtol=1e-14)


@pytest.mark.parametrize(
    ("features", "action_features", "D", "M"),
    [
        (("w", "x"), ("p",), 3, 2),
        (("constant", "x"), ("p",), 2, 2),
        (("w", "x"), ("p", "constant"), 3, 2),
        ((), ("p",), 1, 2),
    ],
)
def test_a_constant_stands_in_the_products_once(features, action_features, D, M):
    problem = Problem(actions=("a", "b", "c"), features=features, action_features=action_features, nothing=1)
    block = Block(
        np.full((2, len(features)), 5.0), np.ones((2, 3), dtype=bool), z=np.full((3, len(action_features)), 7.0)
    )
    made = Products("", problem)
    assert (made.D, made.M) == (D, M)
    x, z = made.visitors(block), made.actions(block)
    assert (x.shape, z.shape) == ((2, D), (3, M))
    assert (x == 1).sum() == 2 * ("constant" not in features)
    assert (z[1] == 0).all()
    assert (z == 1).sum() == 2 * ("constant" not in action_features)


def test_an_action_that_nobody_has_seen_is_judged_by_its_features():
    """Actions a and b have the same features; a alone is ever shown, and b is then known as well."""
    z = Z.copy()
    z[1] = z[0]
    block, learner = visits(100), begin(SharedLinUCB())
    block = Block(block.x, np.tile(np.arange(K) == 0, (100, 1)), block.rewards, z)
    learner.play(block)
    mean, sd = learner.estimates(block)
    np.testing.assert_array_equal(mean[:, 0], mean[:, 1])
    np.testing.assert_array_equal(sd[:, 0], sd[:, 1])
    assert (sd[:, 3] > sd[:, 0]).all()


@pytest.mark.parametrize("policy", BOTH)
def test_the_unit_of_rewards_makes_no_difference(policy):
    """Dollars or cents: rewards and reward_scale a power of two apart give the same bits."""
    block = visits(300)
    coins = Problem(PROBLEM.actions, PROBLEM.features, NOTHING, PROBLEM.action_features, reward_scale=2.5 * 64)
    cents = begin(policy, coins).play(Block(block.x, block.available, block.rewards * 64, Z))
    np.testing.assert_array_equal(begin(policy).play(block).action, cents.action)


@pytest.mark.parametrize("policy", BOTH)
def test_a_world_whose_actions_have_no_features_is_refused(policy):
    assert policy.misfit(Problem(actions=("a",))) == "needs features of the actions, and this world has none"


@pytest.mark.parametrize("policy", BOTH)
def test_a_visit_without_the_features_of_the_actions_is_refused(policy):
    block, learner = visits(3), begin(policy)
    with pytest.raises(InputError, match="needs features of the actions at every visit, got z = None"):
        learner.play(Block(block.x, block.available))
    with pytest.raises(InputError, match=type(policy).__name__):
        learner.learn_many(Block(block.x, block.available), Choices(np.zeros(3, dtype=int), np.ones(3)), np.zeros(3))
