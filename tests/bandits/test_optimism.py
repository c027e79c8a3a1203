"""UCB1 and KL-UCB: by hand, and against the papers' algorithms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits import KLUCB, UCB1, Cautious, InputError, Problem
from bandits.optimism import kl_bound
from bandits.protocol import Block, Choices
from tests.oracles.kl_ucb import d, kl_ucb, largest
from tests.oracles.ucb1 import ucb1


def begin(policy, K=3, seed=5, *, nothing=None, bounds=(0.0, 1.0)):
    problem = Problem(actions=tuple(f"arm {k}" for k in range(K)), nothing=nothing, reward_range=bounds)
    return policy.start(problem, np.random.default_rng(seed))


def visits(N, K=3):
    return Block(np.empty((N, 0)), np.ones((N, K), dtype=bool))


def taught(learner, arms, rewards, K=3):
    """A learner that has been paid so much for so many arms."""
    learner.learn_many(visits(len(arms), K), Choices(np.array(arms), np.ones(len(arms))), np.array(rewards) * 1.0)
    return learner


def bernoulli(N, means, *, partly, fractions=False, seed=3):
    """Visits with rewards of 0, 1 and, if asked for, fractions between; `partly`: not all arms are always available."""
    rng, K = np.random.default_rng(seed), len(means)
    available = rng.random((N, K)) < (0.6 if partly else 1.1)
    available[np.arange(N), rng.integers(K, size=N)] = True
    rewards = (rng.random((N, K)) < means).astype(float)
    if fractions:
        rewards = rng.beta(2 * np.array(means), 2 - 2 * np.array(means), size=(N, K))
    return Block(np.empty((N, 0)), available, rewards)


def ties_of(N, seed=5):
    """The uniform draws by which a learner of this seed breaks ties."""
    return np.random.default_rng(seed).spawn(1)[0].random(N)


worlds = pytest.mark.parametrize("world", [{"partly": False}, {"partly": True}, {"partly": True, "fractions": True}])


@worlds
@pytest.mark.parametrize("alpha", [0.3, 1.0])
def test_ucb1_chooses_as_the_paper_does(alpha, world):
    """Many arms have earned the same in another order, and tie: so they do here, too."""
    block = bernoulli(2000, [0.2, 0.5, 0.45, 0.5], **world)
    chosen = begin(UCB1(alpha=alpha), 4).play(block).action
    assert chosen.tolist() == ucb1(block.available, block.rewards, ties_of(2000), alpha=alpha)


@worlds
@pytest.mark.parametrize("c", [0.0, 3.0])
def test_kl_ucb_chooses_as_the_paper_does(c, world):
    block = bernoulli(2000, [0.2, 0.5, 0.45, 0.5], **world)
    chosen = begin(KLUCB(c=c), 4).play(block).action
    assert chosen.tolist() == kl_ucb(block.available, block.rewards, c, ties_of(2000))


@given(p=st.floats(0, 1), budget=st.floats(1e-9, 40))
def test_the_kl_bound_is_where_the_divergence_equals_the_budget(p, budget):
    """Against 200 halvings of [p, 1], which are off by as much as rounding makes of kl: ε q (1 − q) / (q − p)."""
    q, halved = kl_bound(p, budget), largest(p, budget)
    slope = (halved - p) / max(halved * (1 - halved), 1e-300)
    assert p <= q <= 1
    assert abs(q - halved) <= 1e-15 + 1e-15 / max(slope, 1e-7)


def test_the_kl_bound_by_hand():
    """Where p = 0, kl = −ln(1 − q), and q = 1 − e^−b, b the budget; where p = 1, q = 1.

    Where p = ½, kl = −½ ln 4q(1 − q), and q = ½ + ½ √(1 − e^−2b).

    The last at a budget of 1e-12, too, where q − ½ = 7.07e-7 has lost ten digits if it is told from kl(½, q) directly.
    """
    assert kl_bound(0.0, 0.3) == pytest.approx(1 - math.exp(-0.3), abs=1e-16)
    assert kl_bound(1.0, 0.3) == 1.0
    for budget in (1e-12, 1e-6, 0.01, 0.3, 5.0, 30.0):
        assert kl_bound(0.5, budget) == pytest.approx(0.5 + 0.5 * math.sqrt(-math.expm1(-2 * budget)), abs=3e-16)
    assert kl_bound(0.5, 800.0) == 1.0
    assert kl_bound(0.4, 0.0) == 0.4
    assert d(0.5, kl_bound(0.5, 0.3)) == pytest.approx(0.3, rel=1e-14)


def test_ucb1_by_hand():
    """Arm 0: 3 of 4; arm 1: 1 of 1; arm 2: 0 of 1; t = 6, 2 ln 6 = 3.5835.

    Indices .75 + √(3.5835 / 4) = 1.6965, 1 + 1.8930 = 2.8930, 1.8930: arm 1; without it arm 2; with alpha = .2, .9393,
    1.3786, .3786: arm 1, and without it arm 0.
    """
    for alpha, second in [(1.0, 2), (0.2, 0)]:
        learner = taught(begin(UCB1(alpha=alpha)), [0, 0, 0, 0, 1, 2], [1, 1, 0, 1, 1, 0])
        without = np.array([[1, 1, 1], [1, 0, 1]], dtype=bool)
        chosen = learner.play(Block(np.empty((2, 0)), without))
        assert chosen.action.tolist() == [1, second]
        assert chosen.propensity.tolist() == [1.0, 1.0]


def test_kl_ucb_by_hand():
    """Arm 0: 3 of 4; arm 1: none of 1; t = 6: its budgets are ln 6 / 4 = .448 and ln 6 = 1.79.

    kl(¾, .97) = ¾ ln(¾ / .97) + ¼ ln(¼ / .03) = .337, and kl(¾, .99) = .597: index of arm 0 between .97 and .99.
    Arm 1: 1 − 1/6 = .833. So arm 0. UCB1 (t = 5) says ¾ + √(2 ln 5 / 4) = 1.65 against √(2 ln 5) = 1.79: arm 1.
    """
    for policy, best in [(KLUCB(), 0), (UCB1(), 1)]:
        learner = taught(begin(policy, 2), [0, 0, 0, 0, 1], [1, 1, 0, 1, 0], K=2)
        assert learner.play(visits(1, 2)).action.tolist() == [best]


@pytest.mark.parametrize("policy", [UCB1(), KLUCB()])
class TestBoth:
    def test_each_arm_is_tried_once_before_any_is_tried_again(self, policy):
        """The first three visits show three arms, although one of them earns everything; each has an equal chance."""
        block = Block(np.empty((3, 0)), np.ones((3, 3), dtype=bool), np.tile([0.0, 1.0, 0.0], (3, 1)))
        chosen = begin(policy).play(block)
        assert sorted(chosen.action) == [0, 1, 2]
        np.testing.assert_allclose(chosen.propensity, [1 / 3, 1 / 2, 1.0])

    def test_bounds_map_rewards(self, policy):
        """Bounds −10 … 30: rewards of −10, 30 are 0, 1, and choices those of the world of 0 and 1."""
        block = bernoulli(500, [0.3, 0.5, 0.6], partly=True)
        wide = Block(block.x, block.available, block.rewards * 40 - 10)
        plain, other = begin(policy).play(block), begin(policy, bounds=(-10.0, 30.0)).play(wide)
        np.testing.assert_array_equal(plain.action, other.action)

    def test_estimates_in_reward_units(self, policy):
        """Bounds −10 … 30. Arm 0: 30, 10, −10 and −10, mean 5, sd 40 / 2√4 = 10. Arm 1: untried, mean 0, sd 20."""
        learner = taught(begin(policy, bounds=(-10.0, 30.0), nothing=2), [0, 0, 0, 0], [30, 10, -10, -10])
        mean, sd = learner.estimates(visits(1))
        np.testing.assert_allclose(mean, [[5, 0, 0]], atol=1e-12)
        np.testing.assert_allclose(sd, [[10, 20, 0]])

    @pytest.mark.parametrize("margin", [0.0, 0.5])
    def test_no_untried_arm_is_good_enough_for_caution(self, policy, margin):
        """Whatever the margin: its mean is that of nothing."""
        learner = begin(Cautious(policy, margin=margin, explore=0.0), nothing=2, bounds=(-1.0, 3.0))
        assert (learner.play(visits(100)).action == 2).all()
        learner.learn_many(visits(9), Choices(np.zeros(9, dtype=np.int64), np.ones(9)), np.full(9, 3.0))
        assert (learner.play(visits(100)).action == 0).all()

    def test_a_correction_cannot_take_back_more_than_was_given(self, policy):
        """Paid 1 and .5 for arm 1: it takes back .75 twice, and no more."""
        learner = taught(begin(policy), [1, 1], [1.0, 0.5])
        one = Choices(np.array([1]), np.ones(1))
        for _ in range(2):
            learner.correct_many(visits(1), one, np.array([-0.75]))
        assert learner.learnt.total.tolist() == [0.0, 0.0, 0.0]
        with pytest.raises(InputError, match="was paid outside of the bounds that this world states, 0 to 1"):
            learner.correct_many(visits(1), one, np.array([-0.01]))

    def test_it_needs_bounds(self, policy):
        assert "needs bounded rewards" in policy.misfit(Problem(actions=("a",)))
