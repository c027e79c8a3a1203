"""Who is visiting: against Bayes' rule written out, and what a policy learns on."""

import math

import numpy as np
import pytest

from bandits import (
    FeatureCard,
    LabelledSample,
    LinUCB,
    Oracle,
    PerCohort,
    PersonaBelief,
    PersonaCard,
    Problem,
    Random,
    VowpalWabbit,
)
from bandits.fit import misfit_of
from bandits.likelihood import Likelihoods, estimated_cards
from bandits.protocol import Block, Choice
from tests.contracts.small_world import CARDS, FEATURES, LEVELS, begin, features, small_block, small_problem
from tests.oracles.bayes import beliefs
from tests.stochastic import detectable_gap, same_mean


class Spy:
    """A policy that writes down on which features it chose, and on which it learnt or was corrected."""

    corrects = True

    def __init__(self):
        self.chose, self.learnt, self.corrected = [], [], []

    def start(self, problem, rng):
        return self

    def choose(self, visit):
        self.chose.append(visit.x.copy())
        return Choice(0, 1.0, np.array([float(len(self.chose))]))

    def learn(self, visit, choice, reward):
        self.learnt.append((visit.x.copy(), reward, choice.memo))

    def correct(self, visit, choice, delta):
        self.corrected.append((visit.x.copy(), delta, choice.memo))


def played(policy, block, problem=None):
    """The beliefs (N, 3) on which a policy chose."""
    return begin(policy, problem or small_problem()).play(block).memo[:, :3]


@pytest.mark.parametrize("evidence", ["history", "visit"])
def test_beliefs_are_those_of_bayes_rule(evidence):
    """120 visits by 40 people, whose own facts count once, whatever they show at each visit."""
    block = small_block(120)
    user = block.user if evidence == "history" else np.arange(120)
    exact = beliefs(CARDS, FEATURES, block.x, user)
    ours = played(PersonaBelief(LinUCB(), evidence=evidence), block)
    np.testing.assert_allclose(ours, exact, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(ours.sum(axis=1), 1.0, rtol=1e-14)


def test_beliefs_by_hand():
    """Two personas, shares .25 and .75, visit rates 3 and 1: even odds. One yes-no feature of a visit, .8 and .2.

    Yes: odds 4 to 1. No after that: (.8 · .2) to (.2 · .8): even again. Yes again: 4 to 1.
    """
    cards = tuple(
        PersonaCard(name, share, rate, (FeatureCard("click", "yes-no", "visit", p),))
        for name, share, rate, p in (("a", 0.25, 3.0, 0.8), ("b", 0.75, 1.0, 0.2))
    )
    problem = Problem(actions=("x", "y"), features=("click",), cards=cards, users=1)
    block = Block(np.array([[1.0], [0.0], [1.0]]), np.ones((3, 2), dtype=bool), user=np.zeros(3, dtype=np.int64))
    memo = begin(PersonaBelief(Random()), problem).play(block).memo
    np.testing.assert_allclose(memo, [[0.8, 0.2], [0.5, 0.5], [0.8, 0.2]])


def test_a_fact_about_the_user_counts_once():
    """The same fact, .9 to .3, at ten visits: 3 to 1 each time."""
    cards = tuple(
        PersonaCard(n, 0.5, 1.0, (FeatureCard("office", "yes-no", "user", p),)) for n, p in (("a", 0.9), ("b", 0.3))
    )
    problem = Problem(actions=("x", "y"), features=("office",), cards=cards, users=1)
    block = Block(np.ones((10, 1)), np.ones((10, 2), dtype=bool), user=np.zeros(10, dtype=np.int64))
    memo = begin(PersonaBelief(Random()), problem).play(block).memo
    np.testing.assert_allclose(memo, np.tile([0.75, 0.25], (10, 1)))


def test_overwhelming_evidence_leaves_no_nan():
    """A basket 1,000 standard deviations away, and 5,000 visits by one person."""
    block = small_block(5000)
    x = block.x.copy()
    x[17] = [1, -500, 0, 1000]
    block = Block(x, block.available, user=np.zeros(5000, dtype=np.int64))
    for evidence in ("visit", "history"):
        ours = played(PersonaBelief(Random(), evidence=evidence), block)
        assert np.isfinite(ours).all()
        np.testing.assert_allclose(ours.sum(axis=1), 1.0)


def test_features_that_no_card_mentions_are_ignored():
    cards = tuple(PersonaCard(c.name, c.share, c.visit_rate, c.features[:3]) for c in CARDS)
    block = small_block(100)
    elsewhere = Block(block.x * [1, 1, 1, 50], block.available, user=block.user)
    problem = small_problem(cards=cards)
    np.testing.assert_array_equal(
        played(PersonaBelief(Random()), block, problem), played(PersonaBelief(Random()), elsewhere, problem)
    )


def test_the_arrays_and_the_kernel_tell_the_same():
    """log P(persona) + log_evidence, normalised, is the belief from this visit alone."""
    block = small_block(50)
    like = Likelihoods(CARDS, FEATURES)
    log = like.log_prior + like.log_evidence(block.x)
    weight = np.exp(log - log.max(axis=1, keepdims=True))
    exact = weight / weight.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(played(PersonaBelief(Random(), evidence="visit"), block), exact, rtol=1e-10)


def test_beliefs_are_calibrated_where_the_cards_are_right():
    """Of 100,000 visits by strangers, drawn from shares and cards, those believed to be Ben with .2 to .8 are as often
    Ben as believed; a belief that is off by .05 is found.
    """
    rng = np.random.default_rng(2)
    weight = np.array([card.share * card.visit_rate for card in CARDS])
    cohort = rng.choice(3, size=100_000, p=weight / weight.sum())
    business, orders, coupon, basket = ([[c.features[d].mean, c.features[d].sd] for c in CARDS] for d in range(4))
    yes = [rng.random(100_000) < np.array(card)[cohort, 0] for card in (business, coupon)]
    numbers = [rng.normal(*np.array(card)[cohort].T) for card in (orders, basket)]
    x = np.column_stack([yes[0], numbers[0], yes[1], numbers[1]]).astype(float)
    ben = played(PersonaBelief(Random(), evidence="visit"), Block(x, np.ones((100_000, 5), dtype=bool)))[:, 1]
    unsure = (ben > 0.2) & (ben < 0.8)
    assert detectable_gap(unsure.sum(), -1, 1) < 0.05
    same_mean((cohort == 1)[unsure] - ben[unsure], 0.0, -1, 1)


def test_rewards_that_come_later_are_learnt_with_the_belief_of_the_time_of_the_choice():
    """One person's five visits, all before the first reward: each reward and correction goes with its own belief."""
    spy, block = Spy(), small_block(5)
    block = Block(block.x, block.available, user=np.full(5, 7))
    learner = begin(PersonaBelief(spy), small_problem())
    choices = learner.play(block)
    assert len({tuple(x) for x in spy.chose}) == 5
    order = np.array([3, 0, 4])
    learner.learn_many(block.rows(order), choices.rows(order), np.array([30.0, 0.0, 40.0]))
    learner.correct_many(block.rows(order), choices.rows(order), np.array([-3.0, 0.0, -4.0]))
    for news in (spy.learnt, spy.corrected):
        for n, (x, value, memo) in zip(order, news, strict=True):
            np.testing.assert_array_equal(x, spy.chose[n])
            assert abs(value) in (10 * n, n)
            assert memo.tolist() == [n + 1.0]


def test_a_choice_made_by_another_policy_is_learnt_with_the_belief_of_now():
    """Without a memo there is no other."""
    spy, block = Spy(), small_block(1)
    learner = begin(PersonaBelief(spy, evidence="visit"), small_problem())
    learner.learn(block.visit(0), Choice(1, 0.5), 2.0)
    x, reward, _ = spy.learnt[0]
    np.testing.assert_allclose(x, beliefs(CARDS, FEATURES, block.x, block.user)[0])
    assert reward == 2.0


def test_a_visit_that_another_policy_chose_for_counts_once():
    """Its reward is learnt, and corrected twice; then its user comes again: evidence of two visits."""
    spy, block = Spy(), small_block(2)
    block = Block(block.x, block.available, user=np.full(2, 7))
    learner = begin(PersonaBelief(spy), small_problem())
    learner.learn(block.visit(0), Choice(1, 0.5), 2.0)
    for _ in range(2):
        learner.correct(block.visit(0), Choice(1, 0.5), 1.0)
    learner.choose(block.visit(1))
    np.testing.assert_allclose(spy.chose[0], beliefs(CARDS, FEATURES, block.x, block.user)[1], rtol=1e-9)


def test_wrapped_policies_are_told_which_features_they_get():
    seen = []

    class Curious(Spy):
        def start(self, problem, rng):
            seen.append(problem.features)
            return super().start(problem, rng)

    begin(PersonaBelief(Curious()), small_problem())
    begin(PersonaBelief(Curious(), cards="estimated"), small_problem())
    assert seen == [("P(Ada)", "P(Ben)", "P(Cleo)")] * 2


class TestEstimatedCards:
    def test_by_hand(self):
        """Cohort a: clicks 1, 1, 0; hours 1, 2, 3. Cohort b: clicks 0; hours 6. Everybody: hours 3 ± √3.5 (n = 4).

        P(click | a) = (2 + 1)/(3 + 2), P(click | b) = (0 + 1)/(1 + 2); shares (3 + 1)/6, (1 + 1)/6.
        hours | a: mean (6 + 3)/4 = 2.25, variance (1.25² + .25² + .75² + 3.5)/4 = 1.421875
        hours | b: mean (6 + 3)/2 = 4.5, variance (1.5² + 3.5)/2 = 2.875
        The third feature never varies.
        """
        x = np.array([[1, 1, 4], [1, 2, 4], [0, 3, 4], [0, 6, 4]], dtype=float)
        sample = LabelledSample(x, np.array([0, 0, 0, 1]), ("a", "b"), ("visit", "user", "visit"))
        a, b = estimated_cards(sample, ("click", "hours", "planet"))
        assert a.share == pytest.approx(4 / 6)
        assert b.share == pytest.approx(2 / 6)
        assert [f.name for f in a.features] == ["click", "hours"]
        assert [f.level for f in a.features] == ["visit", "user"]
        assert a.features[0].mean == pytest.approx(3 / 5)
        assert b.features[0].mean == pytest.approx(1 / 3)
        assert (a.features[1].mean, a.features[1].sd) == pytest.approx((2.25, math.sqrt(1.421875)))
        assert (b.features[1].mean, b.features[1].sd) == pytest.approx((4.5, math.sqrt(2.875)))

    def test_a_cohort_that_nobody_was_labelled_as_looks_like_everybody(self):
        sample = LabelledSample(np.array([[0.0, 1.5], [1.0, 2.5]]), np.array([0, 0]), ("a", "b"), ("visit", "visit"))
        _, b = estimated_cards(sample, ("click", "hours"))
        assert b.share == pytest.approx(1 / 4)
        assert b.features[0].mean == 0.5
        assert (b.features[1].mean, b.features[1].sd) == (2.0, 0.5)

    def test_many_labels_give_the_declared_cards_back(self):
        """20,000 labelled visits, over 6,600 of each persona: probabilities within .05, by Hoeffding; means and spreads
        of normal numbers of standard deviation 1 or less within 6.5 standard errors, 6.5/√6,600 = .08, and less.
        """
        assert detectable_gap(6600, looks=6, miss=1.0) < 0.05
        problem = small_problem()
        cohort = np.arange(20_000) % 3
        sample = LabelledSample(features(cohort, np.random.default_rng(4)), cohort, problem.cohorts, LEVELS)
        for ours, theirs in zip(estimated_cards(sample, FEATURES), CARDS, strict=True):
            for mine, declared in zip(ours.features, theirs.features, strict=True):
                assert (mine.name, mine.kind, mine.level) == (declared.name, declared.kind, declared.level)
                assert mine.mean == pytest.approx(declared.mean, abs=0.05 if mine.kind == "yes-no" else 0.08)
                if mine.kind == "number":
                    assert mine.sd == pytest.approx(declared.sd, abs=0.08)


ESTIMATED = {"cards": "estimated"}
HIDDEN = "needs the feature 'business' of its persona cards, which visitors do not show"
FEWER = "needs a labelled sample of 3 features, and has one of 4"


@pytest.mark.parametrize(
    ("policy", "changes", "why"),
    [
        (PersonaBelief(LinUCB()), {}, None),
        (PersonaBelief(LinUCB(), **ESTIMATED), {"cards": ()}, None),
        (PersonaBelief(LinUCB(), evidence="visit"), {"users": None}, None),
        (PersonaBelief(LinUCB()), {"cards": ()}, "needs persona cards, and this world has none"),
        (PersonaBelief(LinUCB(), **ESTIMATED), {"sample": None}, "needs a labelled sample of users, and this world"),
        (PersonaBelief(LinUCB()), {"users": None}, "needs to recognise returning users"),
        (PersonaBelief(LinUCB()), {"features": FEATURES[1:]}, HIDDEN),
        (PersonaBelief(LinUCB(), **ESTIMATED), {"features": FEATURES[1:]}, FEWER),
        (PersonaBelief(PersonaBelief(LinUCB())), {}, HIDDEN),
        (PersonaBelief(PersonaBelief(LinUCB(), **ESTIMATED)), {}, FEWER),
        (PersonaBelief(PerCohort(LinUCB())), {"cohorts": None}, "needs cohort labels"),
        (PersonaBelief(VowpalWabbit()), {"corrections": True}, "cannot correct a reward"),
    ],
)
def test_worlds_that_it_does_not_fit_are_named(policy, changes, why):
    misfit = misfit_of(policy, small_problem(**changes))
    assert misfit is None if why is None else misfit.startswith(why)


def test_an_oracle_needs_no_belief_and_stays_an_oracle():
    block = small_block(100)
    plain = begin(Oracle(), small_problem()).play(block)
    np.testing.assert_array_equal(begin(PersonaBelief(Oracle()), small_problem()).play(block).action, plain.action)
