"""Who is visiting, told by what came of earlier visits too: against posteriors in one batch, and by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bandits import Always, FeatureCard, LinearThompson, LinUCB, PersonaBelief, PersonaCard, Problem, Random
from bandits.errors import InputError
from bandits.fit import misfit_of
from bandits.outcomes import log_density, no_rewards
from bandits.protocol import Block, Choices
from tests.contracts.small_world import (
    CARDS,
    FEATURES,
    NOTHING,
    begin,
    rewards_of,
    small_block,
    small_problem,
)
from tests.oracles.bayes import beliefs
from tests.oracles.outcomes import beliefs_with_outcomes, predictive

OUTCOMES = {"evidence": "outcomes"}


@pytest.mark.parametrize("policy", [Random(), LinearThompson()])
def test_beliefs_are_those_of_bayes_rule(policy):
    """200 visits by 40 people in one block; rewards in units of 2; nothing is shown at some of them."""
    block = small_block(200)
    chosen = begin(PersonaBelief(policy, **OUTCOMES), small_problem()).play(block)
    assert (chosen.action == NOTHING).any()
    rewards = rewards_of(block, chosen) / 2
    exact = beliefs_with_outcomes(CARDS, FEATURES, block.x, block.user, chosen.action, rewards, NOTHING)
    np.testing.assert_allclose(chosen.memo[:, :3], exact, rtol=1e-8, atol=1e-13)
    assert np.abs(exact - beliefs(CARDS, FEATURES, block.x, block.user)).max() > 0.1  # outcomes do tell


def test_the_density_of_the_next_reward_by_hand():
    """Nothing seen: a = b = kappa = 1: t with 2 degrees of freedom, location 0, scale² 2.

    One whole visit of reward 2: kappa 2, a 1.5, mean 1, b 1 + 2²/4 = 2: 3 degrees, location 1, scale² 2 · 3/(1.5 · 2).
    The densities differ from scipy's by one and the same constant, −½ ln π.
    """
    rewards = no_rewards(1, 2)
    rewards.visits[0, 1], rewards.mean[0, 1], rewards.b[0, 1] = 1.0, 1.0, 2.0
    for reward in (-3.0, 0.0, 1.0, 2.5, 40.0):
        before, after = predictive([], []), predictive([1.0], [2.0])
        assert (before["df"], before["loc"], before["scale"] ** 2) == pytest.approx((2, 0, 2))
        assert (after["df"], after["loc"], after["scale"] ** 2) == pytest.approx((3, 1, 2))
        for k, exact in enumerate((before, after)):
            off = log_density(rewards, 0, k, reward) - stats.t.logpdf(reward, **exact)
            assert off == pytest.approx(0.5 * math.log(math.pi), rel=1e-9)


def two_kinds(**changes):
    """Personas a and b, alike but for a fact about the user: P(office) .99 and .01; a second one tells nothing."""
    cards = tuple(
        PersonaCard(
            name,
            0.5,
            1.0,
            (FeatureCard("office", "yes-no", "user", p), FeatureCard("moved", "yes-no", "visit", 0.5)),
        )
        for name, p in (("a", 0.99), ("b", 0.01))
    )
    return Problem(("pen", "lamp"), ("office", "moved"), cards=cards, users=100, **changes)


def paid(users, office, rewards):
    """One visit each, at which both actions pay the same."""
    x = np.column_stack([office, np.zeros(len(users))]).astype(float)
    return Block(x, np.ones((len(users), 2), dtype=bool), np.tile(rewards, (2, 1)).T, user=np.array(users))


def test_a_user_whose_features_mislead_is_known_by_outcomes():
    """20 people from an office earn 1 by a pen, and 20 others −1. Somebody from an office who earns −1 five times is
    believed to be of the others; by the features alone, to be of the first, 99 to 1, for ever.
    """
    others = [paid([u], [u < 20], [1.0 if u < 20 else -1.0]) for u in range(40)]
    mistaken = paid([77] * 6, [1] * 6, [-1.0] * 6)
    for evidence, believed in (("outcomes", 0.05), ("history", 0.99)):
        learner = begin(PersonaBelief(Always("pen"), evidence=evidence), two_kinds())
        for block in others:
            learner.play(block)
        belief = learner.play(mistaken).memo
        assert belief[0, 0] == pytest.approx(0.99)
        assert belief[5, 0] == pytest.approx(believed, abs=0.05)


def test_a_single_wild_reward_tells_little():
    """A million times the typical one, when a's pens have earned 1 twenty times and b's −1: the odds move by a factor
    below 3. Under normal rewards the factor would have millions of digits.
    """
    learner = begin(PersonaBelief(Always("pen"), **OUTCOMES), two_kinds())
    learner.play(paid(list(range(40)), [u < 20 for u in range(40)], [1.0 if u < 20 else -1.0 for u in range(40)]))
    belief = learner.play(paid([77, 77], [1, 1], [1e6, 0.0])).memo
    before, after = belief[:, 0] / belief[:, 1]
    assert 1 / 3 < after / before < 3


def test_a_late_reward_counts_by_the_belief_of_the_time_of_the_choice():
    """Five visits by one person before any reward: each reward is taken in with the memo of its visit."""
    learner = begin(PersonaBelief(LinUCB(), **OUTCOMES), small_problem())
    block = replace(small_block(5), user=np.full(5, 7), rewards=None)
    chosen = learner.play(block)
    rows = np.flatnonzero(chosen.action != NOTHING)
    learner.learn_many(block.rows(rows), chosen.rows(rows), np.ones(len(rows)))
    for p in range(3):
        for k in range(5):
            here = rows[chosen.action[rows] == k]
            assert learner._rewards.visits[p, k] == pytest.approx(chosen.memo[here, p].sum())


def test_choices_of_another_policy_teach_alike_at_once_and_one_by_one():
    """Without memos, and with one and the same user at several of the visits."""
    block = replace(small_block(60), rewards=None)
    other = Choices(np.arange(60) % 5, np.full(60, 0.2))
    rewards = np.where(other.action == NOTHING, 0.0, np.linspace(-3, 3, 60))
    many, single = (begin(PersonaBelief(LinUCB(), **OUTCOMES), small_problem()) for _ in range(2))
    many.learn_many(block, other, rewards)
    for n in range(60):
        single.learn(block.visit(n), other.choice(n), float(rewards[n]))
    further = small_block(60, seed=1)
    np.testing.assert_array_equal(many.play(further).memo, single.play(further).memo)


def test_it_is_refused_where_rewards_are_corrected():
    """And says so where it is asked all the same."""
    policy, problem = PersonaBelief(LinUCB(), **OUTCOMES), small_problem(corrections=True)
    assert misfit_of(policy, problem).startswith("cannot correct a reward it has already learnt")
    assert misfit_of(PersonaBelief(LinUCB()), problem) is None
    learner, block = begin(policy, small_problem()), small_block(3)
    with pytest.raises(InputError, match="cannot correct a reward it has already learnt"):
        learner.correct_many(block, learner.play(block), np.ones(3))


def test_strangers_are_refused():
    assert misfit_of(PersonaBelief(LinUCB(), **OUTCOMES), small_problem(users=None)).startswith("needs to recognise")
