"""Caution: what is withheld, from whom, and how often not. The cap: on whom things are tried out, and how often."""

from dataclasses import replace

import numpy as np
import pytest

from bandits import (
    Cautious,
    Choice,
    Conservative,
    EpsilonGreedy,
    ExposureCap,
    GaussianThompson,
    InputError,
    LinearThompson,
    LinUCB,
    PerCohort,
    PersonaBelief,
    Problem,
    Random,
    VowpalWabbit,
)
from bandits.answers import Misbehaviour
from bandits.description import label_of
from bandits.fit import misfit_of
from bandits.guarded import without_repeats
from bandits.protocol import Block, Choices, Needs
from tests.contracts.small_world import (
    NOTHING,
    assert_same,
    begin,
    in_pieces,
    seen_by,
    small_block,
    small_problem,
    stacked,
    step_by_step,
)
from tests.stochastic import detectable_gap, proportions, same_mean

PROBLEM = Problem(actions=("item", "nothing"), features=("one",), nothing=1, reward_scale=10.0)


def shown(policy, rewards, visits=200):
    """Whether the item is ever shown to somebody after these rewards of it were learnt."""
    learner = policy.start(PROBLEM, np.random.default_rng(5))
    N = len(rewards)
    block = Block(np.ones((N, 1)), np.ones((N, 2), dtype=bool))
    learner.learn_many(block, Choices(np.zeros(N, dtype=np.int64), np.ones(N)), np.array(rewards, dtype=float))
    return bool((learner.play(Block(np.ones((visits, 1)), np.ones((visits, 2), dtype=bool))).action == 0).any())


@pytest.mark.parametrize(
    ("inner", "margin", "rewards", "expected"),
    [
        # ridge 1, one reward of 20, which is 2 units: A = 2, theta = 1, sd = √½ = .71
        (LinUCB(alpha=0.0), 1.0, [20], True),
        (LinUCB(alpha=0.0), 1.5, [20], False),
        # its posterior is twice as wide under a noise of 2 units: sd = 1.41
        (LinearThompson(scale=2.0), 0.7, [20], True),
        (LinearThompson(scale=2.0), 0.72, [20], False),
        (GaussianThompson(scale=0.5), 2.8, [20], True),
        (GaussianThompson(scale=0.5), 2.9, [20], False),
        # four rewards of 20: A = 5, theta = 1.6, sd = .45
        (LinUCB(alpha=0.0), 1.5, [20] * 4, True),
        # a mean of 0 is not above 0, whatever the margin
        (LinUCB(alpha=9.0), 0.0, [], False),
        (LinUCB(alpha=9.0), 0.0, [-1], False),
        (LinUCB(alpha=0.0), 0.0, [1], True),
    ],
)
def test_an_item_is_withheld_until_its_mean_exceeds_the_margin(inner, margin, rewards, expected):
    assert shown(Cautious(inner, margin=margin, explore=0.0), rewards) is expected


def test_without_exceptions_nothing_is_ever_tried():
    block = small_block(300)
    learner = begin(Cautious(LinUCB(), explore=0.0), small_problem())
    assert (learner.play(block).action == NOTHING).all()


def test_with_exceptions_alone_it_is_the_policy_itself():
    policy, block = LinUCB(), small_block(300)
    inner = policy.start(small_problem(), np.random.default_rng(5).spawn(2)[0]).play(block)
    chosen = begin(Cautious(policy, explore=1.0), small_problem()).play(block)
    np.testing.assert_array_equal(chosen.action, inner.action)
    np.testing.assert_array_equal(chosen.propensity, inner.propensity)


@pytest.mark.parametrize("explore", [0.1, 0.25])
def test_exceptions_are_made_in_the_stated_share_of_visits(explore):
    """Before anything is learnt, LinUCB shows something whenever it may. 20,000 visits: a share off by .04 is found."""
    assert detectable_gap(20_000) < 0.04
    block = small_block(1).rows(np.zeros(20_000, dtype=np.int64))
    chosen = begin(Cautious(LinUCB(), explore=explore), small_problem()).play(Block(block.x, block.available))
    same_mean(chosen.action != NOTHING, explore)


def test_caution_within_caution_adds_up():
    """Both must make an exception: .5 · .5 of the visits; 20,000 of them: .04."""
    policy = Cautious(Cautious(LinUCB(), explore=0.5), explore=0.5)
    block = small_block(1).rows(np.zeros(20_000, dtype=np.int64))
    chosen = begin(policy, small_problem()).play(Block(block.x, block.available))
    same_mean(chosen.action != NOTHING, 0.25)


def test_it_reaches_through_other_wrappers():
    """A cautious belief and cautious cohorts withhold as a cautious regression does: everything, at first."""
    for policy in (PersonaBelief(LinUCB()), PerCohort(LinearThompson()), PerCohort(PersonaBelief(LinUCB()))):
        chosen = begin(Cautious(policy, explore=0.0), small_problem()).play(small_block(100))
        assert (chosen.action == NOTHING).all()


@pytest.mark.parametrize(
    ("inner", "label"),
    [
        (Random(), "Random"),
        (EpsilonGreedy(epsilon=0.2), "EpsilonGreedy(epsilon=0.2)"),
        (VowpalWabbit(), "VowpalWabbit"),
        (PersonaBelief(Random()), "PersonaBelief(Random)"),
        (PerCohort(VowpalWabbit()), "PerCohort(VowpalWabbit)"),
    ],
)
def test_what_has_no_uncertainty_is_refused(inner, label):
    with pytest.raises(InputError) as caught:
        Cautious(inner)
    assert caught.value.lines == [f"Cautious: policy: {label} has no uncertainty to be cautious about"]


def test_where_something_must_be_shown_it_is_refused():
    why = "withholds what may be bad, and in this world something must be shown"
    assert misfit_of(Cautious(LinUCB()), small_problem(nothing=None)) == why
    assert misfit_of(PerCohort(Cautious(LinUCB())), small_problem(nothing=None)) == why


THREE = Problem(actions=("good", "bad", "new", "nothing"), features=("one",), nothing=3, users=100)


def taught(policy, problem=THREE, seed=5):
    """8 rewards of 1 of the good item, 8 of −1 of the bad one: estimates ±8/9, sd 1/3; the new one's are 0 and 1."""
    learner = begin(policy, problem, seed)
    N, users = 16, np.arange(80, 96)
    block = Block(np.ones((N, 1)), np.ones((N, 4), dtype=np.bool_), user=users)
    learner.learn_many(block, Choices(np.arange(N) % 2, np.ones(N)), np.tile([1.0, -1.0], 8))
    return learner


def visits(N, user=0, **fields):
    """N visits alike."""
    return Block(np.ones((N, 1)), np.ones((N, 4), dtype=np.bool_), user=np.broadcast_to(user, N).copy(), **fields)


class TestThePropensityUnderCaution:
    @pytest.mark.parametrize(
        ("policy", "expected"),
        [
            # UCB: 8/9 + alpha/3 against 0 + alpha: the new item wins if alpha > 4/3; caution leaves the good one alone
            (Cautious(LinUCB(alpha=2.0), margin=1.0, explore=0.25), [0.75, 0.0, 0.25, 0.0]),
            (Cautious(LinUCB(alpha=1.0), margin=1.0, explore=0.25), [1.0, 0.0, 0.0, 0.0]),
            # 8/9 − 3/3 is below 0: nothing is left of the items
            (Cautious(LinUCB(alpha=2.0), margin=3.0, explore=0.25), [0.0, 0.0, 0.25, 0.75]),
            # nested: with .5 · .4 both let go; the outer's 3 holds with .5, the inner's 1 alone with .5 · .6
            (
                Cautious(Cautious(LinUCB(alpha=2.0), margin=1.0, explore=0.4), margin=3.0, explore=0.5),
                [0.3, 0.0, 0.2, 0.5],
            ),
            (
                Cautious(Cautious(LinUCB(alpha=2.0), margin=3.0, explore=0.5), margin=1.0, explore=0.4),
                [0.3, 0.0, 0.2, 0.5],
            ),
        ],
        ids=label_of,
    )
    def test_by_hand(self, policy, expected):
        """And as often as stated, in 4,000 visits: a share that is off by .07 is found."""
        assert detectable_gap(4000, looks=4) < 0.08
        chosen = taught(policy).play(visits(4000))
        np.testing.assert_allclose(chosen.propensity, np.array(expected)[chosen.action], rtol=1e-12)
        proportions(np.bincount(chosen.action, minlength=4), expected)

    def test_of_drawn_scores_is_a_mixture_over_the_coin(self):
        """Thompson, margin 1: with probability ¾ the good item alone is left, and beats 0 with Φ(8/9 · 3) = .996170.

        The rest is told by quadrature, as of the policy itself.
        """
        free = taught(LinearThompson()).play(visits(2000, asks=True))
        chosen = taught(Cautious(LinearThompson(), margin=1.0, explore=0.25)).play(visits(2000, asks=True))
        for action, cautiously in enumerate((0.996170, 0.0, 0.0, 0.003830)):
            freely = free.propensity[free.action == action][0] if action in free.action else None
            stated = chosen.propensity[chosen.action == action]
            if freely is not None:
                np.testing.assert_allclose(stated, 0.25 * freely + 0.75 * cautiously, atol=1e-5)
        assert len(np.unique(chosen.action)) > 1

    def test_a_policy_of_ones_own_can_not_tell_but_without_a_coin(self):
        """It states the chance of its choice among what the coin has left it."""
        for explore, told in ((0.0, True), (0.5, False), (1.0, True)):
            chosen = begin(Cautious(Own(), explore=explore), THREE).play(visits(20))
            assert np.isnan(chosen.propensity).all() != told

    def test_within_a_caution_whose_chances_nobody_tells_it_can_not_tell(self):
        """A caution of 3 withholds all, and nobody says how often it would have been another."""
        policy = Cautious(LinUCB(alpha=2.0), margin=1.0, explore=0.25)
        for caution, told in ((-np.inf, True), (3.0, False)):
            chosen = taught(policy).play(visits(20, caution=np.full(20, caution)))
            assert np.isnan(chosen.propensity).all() != told
        assert (chosen.action == 3).all()


class Own:
    """A cautious policy of one's own: the first item; nothing, where caution is asked for. Explores until it knows."""

    uncertain = True

    def __init__(self, *, says=True):
        self.says = says

    def start(self, problem, rng):
        return _Own(problem, says=self.says)


class _Own:
    def __init__(self, problem, *, says):
        self.nothing, self.says, self.seen = problem.nothing, says, 0

    def choose(self, visit):
        silent = visit.greedy or visit.caution > -np.inf
        return Choice(self.nothing if silent else 0, 1.0, explored=not silent if self.says else None)

    def learn(self, visit, choice, reward):
        self.seen += 1


class TestExposureCap:
    def test_nobody_is_tried_out_on_more_than_n_times(self):
        """Whoever had n is shown what is best by the estimates; the others what the policy likes."""
        policy, block = ExposureCap(LinearThompson(), 3), small_block(600)
        chosen = begin(policy, small_problem()).play(block)
        times = np.bincount(block.user, chosen.explored)
        assert times.max() == 3
        free = begin(LinearThompson(), small_problem()).play(block)
        assert np.bincount(block.user, free.explored).max() > 6

    def test_by_hand(self):
        """The new item has the highest bound; it is tried out on user 0 twice, who is then shown the good one."""
        learner = taught(ExposureCap(LinUCB(alpha=2.0), 2))
        chosen = learner.play(visits(6, user=np.array([0, 0, 1, 0, 0, 1])))
        np.testing.assert_array_equal(chosen.action, [2, 2, 2, 0, 0, 2])
        np.testing.assert_array_equal(chosen.explored, [True, True, True, False, False, True])
        np.testing.assert_array_equal(chosen.propensity, np.ones(6))
        np.testing.assert_array_equal(learner.play(visits(2, user=np.array([1, 2]))).action, [0, 2])

    def test_a_cap_of_none_is_greed(self):
        """The good item, or nothing where it is not available."""
        available = np.ones((4, 4), dtype=np.bool_)
        available[2:, 0] = False
        chosen = taught(ExposureCap(LinearThompson(), 0)).play(replace(visits(4), available=available))
        np.testing.assert_array_equal(chosen.action, [0, 0, 3, 3])
        np.testing.assert_array_equal(chosen.propensity, np.ones(4))

    def test_an_ample_cap_changes_nothing(self):
        block = small_block(200)
        assert_same(
            begin(ExposureCap(LinUCB(), 1000), small_problem()).play(block),
            begin(LinUCB(), small_problem()).play(block),
        )

    def test_a_cap_around_a_cap_is_the_smaller(self):
        block = small_block(600)
        for one, other in ((2, 5), (5, 2)):
            chosen = begin(ExposureCap(ExposureCap(LinearThompson(), one), other), small_problem()).play(block)
            assert np.bincount(block.user, chosen.explored).max() == 2

    @pytest.mark.parametrize(
        "policy",
        [ExposureCap(Cautious(LinUCB(), explore=0.5), 1), Cautious(ExposureCap(LinearThompson(), 1), explore=0.5)],
        ids=label_of,
    )
    def test_in_and_around_caution(self, policy):
        block = seen_by(policy, small_block(400))
        chosen = begin(policy, small_problem()).play(block)
        assert np.bincount(block.user, chosen.explored).max() == 1
        slow = begin(policy, small_problem())
        assert_same(chosen, step_by_step(slow, block))
        pieces = begin(policy, small_problem())
        assert_same(chosen, stacked([pieces.play(piece) for piece in in_pieces(block, 33)]))

    def test_proposals_of_a_capped_policy_count_inside_of_conservative(self):
        """So nobody is shown more than n of them."""
        policy, block = Conservative(ExposureCap(LinUCB(), 2), Random(), allowance=1e9), small_block(400)
        chosen = begin(policy, small_problem()).play(block)
        assert np.bincount(block.user, chosen.explored).max() == 2

    def test_runs_without_repeats(self):
        runs = without_repeats(np.array([3, 1, 3, 3, 2, 1, 2]))
        assert [run.tolist() for run in runs] == [[0, 1], [2], [3, 4, 5], [6]]
        assert without_repeats(np.empty(0, dtype=np.int64)) == []

    def test_a_policy_of_ones_own(self):
        chosen = begin(ExposureCap(Own(), 2), THREE).play(visits(5))
        np.testing.assert_array_equal(chosen.action, [0, 0, 3, 3, 3])
        with pytest.raises(Misbehaviour, match="without saying what it explores"):
            begin(ExposureCap(Own(says=False), 2), THREE).play(visits(5))

    def test_what_does_not_know_what_it_explores_is_refused(self):
        with pytest.raises(InputError) as caught:
            ExposureCap(VowpalWabbit(), 3)
        assert caught.value.lines == ["ExposureCap: policy: VowpalWabbit has no uncertainty to tell what it explores"]
        with pytest.raises(InputError, match="n: must be greater than or equal to 0, got -1"):
            ExposureCap(LinUCB(), -1)

    def test_it_needs_to_recognise_users(self):
        assert Needs.of(ExposureCap(LinUCB(), 1)).sees_user
        why = misfit_of(ExposureCap(LinUCB(), 1), small_problem(users=None))
        assert why == "needs to recognise returning users, and this world's visitors are strangers"
