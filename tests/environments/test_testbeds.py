"""The papers' testbeds: their means, their regret, their cohorts, and what they say of themselves."""

import dataclasses
import math
import re

import numpy as np
import pytest
from scipy import stats

from bandits import Always, LinUCB, PerCohort, PersonaBelief, Random
from bandits.errors import InputError
from bandits.protocol import Problem
from environments import Bernoulli, Change, Drawn, DrawnWorld, Gaussian, Linear, Logistic, Wheel, about_of
from environments.registry import environment_from
from environments.wheel import means_at
from experiments.runner import run_cell
from tests.stochastic import detectable_gap, proportions, same_mean

YOUNG, OLD = {"name": "young", "share": 0.25}, {"name": "old", "share": 0.75}


def served(environment, most=None, seed=1, replication=0):
    """All visits of a replication, in pieces of `most`."""
    world, blocks = environment.open(seed, replication), []
    while (visits := world.next_block(most)) is not None:
        blocks.append(visits)
        world.respond(np.zeros(len(visits), dtype=np.int64))
    return blocks


def stacked(environment, field, most=None, **how):
    return np.concatenate([getattr(visits, field) for visits in served(environment, most, **how)])


def regret_of(environment, policy, replication=0):
    return run_cell(environment, policy, 1, replication).curves.filter(cohort="all")["regret"][-1]


COHORTS = [
    Bernoulli((0.9, 0.8), cohorts=[YOUNG | {"means": (0.1, 0.5)}, OLD], horizon=20_000),
    Gaussian((1.0, 2.0), 3.0, cohorts=[YOUNG | {"means": (7.0, -2.0)}, OLD], horizon=20_000),
    Linear(4, 3, cohorts=[YOUNG, OLD | {"distance": 0.5}], separation=1.5, horizon=20_000),
    Logistic(4, 3, cohorts=[YOUNG | {"distance": 2.0}, OLD], horizon=20_000),
    Wheel(0.5, cohorts=[YOUNG | {"delta": 0.9}, OLD], horizon=20_000),
]
every = pytest.mark.parametrize("environment", COHORTS, ids=lambda environment: type(environment).__name__)


class TestCohorts:
    @every
    def test_they_visit_by_their_shares(self, environment):
        """By the exact binomial test; of 20,000 visits, a share that is off by .04 would be found."""
        assert detectable_gap(20_000, looks=2) < 0.04
        proportions(np.bincount(stacked(environment, "cohort")), [0.25, 0.75])

    def test_a_card_says_what_is_a_cohorts_own(self):
        """Of the wheel's disc, 1 − .9² = .19 and 1 − .5² = .75 lie outside; two means 1.5 apart about 0: −.75, .75."""
        far = "Its own: the parameters of each action lie {} from the common ones, whose length is 1."
        seen = " Its visitors show it: the mean of their x1 is {}."
        assert [cohort.text for environment in COHORTS for cohort in environment.about.cohorts] == [
            (("Mean rewards", "Its own; the highest: action 1 (0.5), action 0 (0.1)."),),
            (("Mean rewards", "The common ones; the highest: action 0 (0.9), action 1 (0.8)."),),
            (("Mean rewards", "Its own; the highest: action 0 (7), action 1 (\N{MINUS SIGN}2)."),),
            (("Mean rewards", "The common ones; the highest: action 1 (2), action 0 (1)."),),
            (("Taste", "The common one." + seen.format("\N{MINUS SIGN}0.75")),),
            (("Taste", far.format("0.5") + seen.format("0.75")),),
            (("Taste", far.format("2")),),
            (("Taste", "The common one."),),
            (("Rim", "From its own radius 0.9 on, in 19.0 % of its visits, there is the large reward."),),
            (("Rim", "From the common radius 0.5 on, in 75.0 % of its visits, there is the large reward."),),
        ]
        assert [cohort.text for cohort in Linear().about.cohorts] == [()]

    @every
    def test_each_visit_is_the_same_in_pieces_of_any_length_to_the_last_bit(self, environment):
        short = environment.model_copy(update={"horizon": 500})
        for field in ("x", "cohort", "expected", "rewards", "welfare"):
            np.testing.assert_array_equal(stacked(short, field), stacked(short, field, most=7))

    @every
    def test_labels_are_shown_where_declared(self, environment):
        assert environment.problem.cohorts == ("young", "old")
        assert environment.model_copy(update={"observe_cohort": False}).problem.cohorts is None

    @every
    def test_all_faults_of_their_tables_are_told_at_once(self, environment):
        table = {"kind": type(environment).__name__}
        table |= {"means": [0.5, 0.5]} if isinstance(environment, (Bernoulli, Gaussian)) else {}
        with pytest.raises(InputError) as refused:
            environment_from(table | {"cohorts": [YOUNG | {"name": "all"}, OLD, YOUNG, OLD]})
        assert [line.partition(": ")[2] for line in refused.value.lines] == [
            "cohorts[1].name: must be something else than 'all', which stands for all cohorts together",
            "cohorts[4].name: must differ from the other names, got 'old' twice",
            "cohorts: the shares of all cohorts must add up to 1, got 2",
        ]
        with pytest.raises(InputError) as refused:
            environment_from(table | {"cohorts": [{"nam": "x", "share": 0.0}, 3]})
        assert [line.partition(": ")[2] for line in refused.value.lines] == [
            "cohorts[1].name: is missing; add it",
            "cohorts[1].share: must be greater than 0, got 0.0",
            refused.value.lines[2].partition(": ")[2],
            "cohorts[2]: must be a table such as {name = 'young', share = 0.5}, got 3",
        ]
        assert "cohorts[1].nam: unknown field 'nam'" in refused.value.lines[2]
        with pytest.raises(InputError, match="cohorts: must be a list of tables"):
            environment_from(table | {"cohorts": "young"})


@pytest.mark.parametrize(
    ("table", "twin"),
    [
        ({"kind": "Bernoulli", "means": [0.9, 0.8]}, Bernoulli((0.9, 0.8))),
        ({"kind": "Gaussian", "means": [1, 2.5], "sd": 2}, Gaussian([1.0, 2.5], 2.0)),
        (
            {"kind": "Linear", "features": 3, "actions": 4, "noise": 0.1, "bad_below": 1},
            Linear(3, 4, 0.1, bad_below=1.0),
        ),
        ({"kind": "Logistic", "cohorts": [YOUNG, OLD]}, Logistic(10, 5, cohorts=(YOUNG, OLD))),
        ({"kind": "Wheel", "delta": 0.7, "horizon": 9}, Wheel(0.7, 0.05, horizon=9)),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_a_table_and_a_call_describe_the_same_world(table, twin):
    assert environment_from(table) == twin


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"kind": "Bernoulli", "means": [0.9]}, "means: must hold at least two, one an action, got 1"),
        ({"kind": "Bernoulli", "means": "0.9"}, "means: must be a list such as [0.9, 0.8], got '0.9'"),
        ({"kind": "Bernoulli", "means": [0.9, 1.5]}, "means[2]: must be less than or equal to 1, got 1.5"),
        (
            {"kind": "Gaussian", "means": [1.0, 2.0], "cohorts": [YOUNG | {"share": 1.0, "means": [1.0]}]},
            "cohorts[1].means: must hold one an action, as many as the common means (2), got 1",
        ),
        ({"kind": "Gaussian", "means": [1.0, 2.0], "sd": 0.0}, "sd: must be greater than 0, got 0.0"),
        ({"kind": "Linear", "noise": 0.0}, "noise: must be greater than 0, got 0.0"),
        ({"kind": "Linear", "actions": 1}, "actions: must be greater than or equal to 2, got 1"),
        (
            {"kind": "Linear", "separation": 1.0},
            "separation: must be 0 where there are not two cohorts to tell apart, got 1; declare cohorts",
        ),
        (
            {"kind": "Logistic", "features": 1, "separation": 1.0, "cohorts": [YOUNG, OLD]},
            "separation: must be 0 where a constant is the only feature, got 1; take 2 features or more",
        ),
        ({"kind": "Wheel", "delta": 1.5}, "delta: must be less than or equal to 1, got 1.5"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_a_bad_parameter_is_refused_in_one_line(table, says):
    with pytest.raises(InputError) as refused:
        environment_from(table)
    assert refused.value.lines == [f"{table['kind']}: {says}"]


def test_what_is_bad_is_what_is_declared():
    """Of means .9 and .3 with a bound of .5 the second harms by .2 at each of 100 visits, and loses .6."""
    world = Bernoulli((0.9, 0.3), bad_below=0.5, horizon=100)
    last = run_cell(world, Always(1), 1, 0).curves.filter(cohort="all").row(-1, named=True)
    assert (last["bad"], last["harm"]) == (100, pytest.approx(20.0))
    assert last["user_regret"] == pytest.approx(60.0)
    untold = (
        run_cell(Bernoulli((0.9, 0.3), horizon=100), Always(1), 1, 0).curves.filter(cohort="all").row(-1, named=True)
    )
    assert untold["bad"] is untold["harm"] is untold["user_regret"] is None
    assert Linear().bad_below == 0.0
    assert Logistic().bad_below == 0.5


def test_a_world_is_called_by_its_name_or_by_what_differs_from_the_defaults():
    assert Wheel().label == "Wheel"
    assert Linear(noise=0.1).label == "Linear(noise=0.1)"
    assert Logistic(cohorts=[YOUNG, OLD | {"distance": 2.0}]).label == (
        "Logistic(cohorts=(young(share=0.25), old(share=0.75, distance=2.0)))"
    )
    assert Wheel().about.title == "Wheel bandit"
    assert Wheel(name="narrow rim").about.title == "narrow rim"


@pytest.mark.parametrize(("number", "sd"), [(1, 3.0), (2, 0.5), (4, 0.05)], ids=["Gaussian", "Linear", "Wheel"])
def test_normal_rewards_are_normal_about_what_is_expected(number, sd):
    """Φ((reward − expected) / sd) is uniform: its tenths are equally full; of 20,000, one off by .04 would be found."""
    u = stats.norm.cdf((stacked(COHORTS[number], "rewards") - stacked(COHORTS[number], "expected"))[:, 0] / sd)
    assert detectable_gap(len(u), looks=10) < 0.04
    proportions(np.histogram(u, bins=10, range=(0, 1))[0], np.full(10, 0.1))


class TestArms:
    @pytest.mark.parametrize(("means", "C"), [((0.9, 0.8), 2.2521), ((0.9, 0.8, 0.7), 3.5536), ((0.25, 0.2), 7.1407)])
    def test_the_floor_of_lai_and_robbins(self, means, C):
        assert Bernoulli(means).lai_robbins == pytest.approx(C, abs=5e-5)

    def test_the_floor_at_the_edges(self):
        """kl(0, ½) = ln 2; a tie costs nothing; where the best never fails, one failure tells the others apart."""
        assert Bernoulli((0.0, 0.5)).lai_robbins == pytest.approx(0.5 / math.log(2))
        assert Bernoulli((0.5, 0.5)).lai_robbins == 0.0
        assert Bernoulli((1.0, 0.5, 0.0)).lai_robbins == 0.0

    def test_values_with_cohorts(self):
        """Young (a quarter): .1 .5; old: .9 .8. Means over all: .7 .725, so 1 is best for all; knowing: ¼ .5 + ¾ .9."""
        world = COHORTS[0]
        assert world.best_action == 1
        assert world.optimal_value == pytest.approx(0.8)
        assert world.mean_over_cohorts == pytest.approx([0.7, 0.725])
        assert world.lai_robbins == pytest.approx(Bernoulli((0.7, 0.725)).lai_robbins)
        gaussian = COHORTS[1]  # ¼ 7 + ¾ 1 = 2.5, ¼ (−2) + ¾ 2 = 1; knowing: ¼ 7 + ¾ 2
        assert gaussian.best_action == 0
        assert gaussian.optimal_value == pytest.approx(3.25)

    def test_regret_by_hand(self):
        """Action 1 of .9 .8 loses .1 at each of 300 visits."""
        assert Bernoulli((0.9, 0.8)).best_action == 0
        assert Bernoulli((0.9, 0.8)).optimal_value == pytest.approx(0.9)
        assert regret_of(Bernoulli((0.9, 0.8), horizon=300), Always(1)) == pytest.approx(30.0)
        assert regret_of(Bernoulli((0.9, 0.8), horizon=300), Always(0)) == 0.0

    def test_rewards_have_their_means_by_cohort(self):
        """Young .1 .5, old .9 .8: each of four means; one off by .07 would be found."""
        for c, means in enumerate(([0.1, 0.5], [0.9, 0.8])):
            rewards = stacked(COHORTS[0], "rewards")[stacked(COHORTS[0], "cohort") == c]
            assert detectable_gap(len(rewards), looks=4) < 0.07
            for k, mean in enumerate(means):
                same_mean(rewards[:, k], mean, looks=4)

    def test_luck_is_common_to_all_actions(self):
        """Of one visit, what is likelier to succeed succeeds wherever another does; normal rewards are off alike."""
        rewards = stacked(Bernoulli((0.2, 0.5, 0.7), horizon=500), "rewards")
        assert (np.diff(rewards, axis=1) >= 0).all()
        noise = stacked(COHORTS[1], "rewards") - stacked(COHORTS[1], "expected")
        np.testing.assert_allclose(noise[:, 0], noise[:, 1], atol=1e-12)


class TestWheel:
    def test_means_by_quadrant(self):
        """x>0 y>0: 0; x>0 y≤0: 1; x≤0 y>0: 2; else 3."""
        x = np.array([[0.8, 0.5], [0.8, 0.0], [0.8, -0.5], [0.0, 0.9], [-0.8, 0.5], [0.0, 0.0], [-0.8, -0.5]])
        mean = means_at(x, np.ones(7, dtype=bool))
        assert mean.argmax(axis=1).tolist() == [0, 1, 1, 2, 2, 3, 3]
        assert sorted(mean[0]) == [1.0, 1.0, 1.0, 1.2, 50.0]
        assert means_at(x, np.zeros(7, dtype=bool)).tolist() == [[1.0, 1.0, 1.0, 1.0, 1.2]] * 7

    @pytest.mark.parametrize("delta", [0.0, 0.5, 0.7, 0.95, 1.0])
    def test_what_uniform_play_loses(self, delta):
        """Within delta 1.2 − (4 + 1.2)/5 = .16; beyond, 50 − (50 + 3 + 1.2)/5 = 39.16; the area within is delta²."""
        world = Wheel(delta, horizon=5_000)
        assert world.uniform_regret == pytest.approx(0.16 * delta**2 + 39.16 * (1 - delta**2))
        assert world.optimal_value == pytest.approx(1.2 * delta**2 + 50 * (1 - delta**2))
        expected = stacked(world, "expected")
        lost = expected.max(axis=1) - expected.mean(axis=1)
        outside = np.linalg.norm(stacked(world, "x"), axis=1) >= delta
        np.testing.assert_allclose(lost, np.where(outside, 39.16, 0.16))
        proportions(np.bincount(outside, minlength=2), [delta**2, 1 - delta**2])

    def test_values_with_cohorts(self):
        """Young (¼) .9: .19 of the disc is beyond; old (¾) .5: .75. Beyond: ¼ .19 + ¾ .75 = .61; 1.2 + 48.8 · .61."""
        assert COHORTS[4].optimal_value == pytest.approx(1.2 + 48.8 * 0.61)
        assert COHORTS[4].uniform_regret == pytest.approx(0.16 + 39.0 * 0.61)
        assert COHORTS[4].mu == pytest.approx(
            np.array([[1 + 49 * 0.19 / 4] * 4 + [1.2], [1 + 49 * 0.75 / 4] * 4 + [1.2]])
        )

    def test_best_for_those_who_see_nothing(self):
        """1 + 49 (1 − delta²)/4 exceeds 1.2 while 1 − delta² > .0163: at delta .99 yes (.0199), at .995 no (.00998)."""
        assert Wheel(0.99).best_action == 0
        assert Wheel(0.995).best_action == 4

    def test_points_are_uniform_on_the_disc(self):
        """Squares of radii fall in ten equal bins, and angles too; of 20,000, a bin off by .04 would be found."""
        x = stacked(COHORTS[4], "x")
        assert detectable_gap(len(x), looks=20) < 0.04
        proportions(np.histogram((x**2).sum(axis=1), bins=10, range=(0, 1))[0], np.full(10, 0.1), looks=2)
        angle = np.arctan2(x[:, 1], x[:, 0])
        proportions(np.histogram(angle, bins=10, range=(-np.pi, np.pi))[0], np.full(10, 0.1), looks=2)

    def test_typical_is_the_mean_over_the_cohort(self):
        """Of the visits of each cohort, action by action; in units of 49 a gap of .16 would be found."""
        cohort, expected, typical = (stacked(COHORTS[4], field) for field in ("cohort", "expected", "typical"))
        for c in range(2):
            rows = cohort == c
            assert detectable_gap(rows.sum(), -1, 1, looks=10) < 0.16
            for k in range(5):
                same_mean((expected - typical)[rows, k] / 49, 0.0, -1, 1, looks=10)


class TestContextual:
    @pytest.mark.parametrize("kind", [Linear, Logistic])
    def test_expected_rewards_are_those_of_the_parameters(self, kind):
        """Σ_d x_d theta_ckd, visit by visit, or its logistic; a reward is off by noise · eps, alike for all."""
        world = kind(4, 3, cohorts=[YOUNG, OLD | {"distance": 0.5}], separation=1.5, horizon=200)
        theta = world.theta(1, 0)
        x, cohort, expected, rewards = (stacked(world, field) for field in ("x", "cohort", "expected", "rewards"))
        score = np.array([theta[c] @ row for c, row in zip(cohort, x, strict=True)])
        if kind is Logistic:
            np.testing.assert_allclose(expected, 1 / (1 + np.exp(-score)), rtol=1e-12)
            assert set(rewards.ravel()) == {0.0, 1.0}
            order = expected.argsort(axis=1)
            assert (np.diff(np.take_along_axis(rewards, order, 1), axis=1) >= 0).all()
        else:
            np.testing.assert_allclose(expected, score, atol=1e-12)
            np.testing.assert_allclose((rewards - expected).std(axis=1), 0.0, atol=1e-12)

    @pytest.mark.parametrize("kind", [Linear, Logistic])
    def test_cohorts_lie_as_far_from_the_common_parameters_as_declared(self, kind):
        """Common ones have length 1, of each action; those of a cohort with distance 0 are the common ones."""
        cohorts = [YOUNG, {"name": "near", "share": 0.5, "distance": 0.3}, YOUNG | {"name": "far", "distance": 2.0}]
        theta = kind(6, 4, cohorts=cohorts).theta(3, 2)
        assert theta.shape == (3, 4, 6)
        np.testing.assert_allclose(np.linalg.norm(theta[0], axis=1), 1.0)
        np.testing.assert_allclose(
            np.linalg.norm(theta - theta[0], axis=2), [[0.0] * 4, [0.3] * 4, [2.0] * 4], atol=1e-12
        )
        np.testing.assert_array_equal(theta[0], kind(6, 4).theta(3, 2)[0])
        assert not np.array_equal(theta, kind(6, 4, cohorts=cohorts).theta(3, 1))

    def test_features_are_a_constant_and_normals_about_the_means_of_the_cohort(self):
        """Separation 1.5 of two cohorts: −.75 and .75 in the first normal feature, 0 in the others.

        Φ(x − mean) falls in ten equal bins; of about 5,000 visits of the smaller cohort, .09 off would be found.
        """
        x, cohort = stacked(COHORTS[2], "x"), stacked(COHORTS[2], "cohort")
        assert (x[:, 0] == 1.0).all()
        assert detectable_gap(np.bincount(cohort).min(), looks=60) < 0.09
        for c, first in enumerate((-0.75, 0.75)):
            assert [card.mean for card in COHORTS[2].cards[c].features] == [first, 0.0, 0.0]
            for d, mean in ((1, first), (2, 0.0), (3, 0.0)):
                u = stats.norm.cdf(x[cohort == c, d] - mean)
                proportions(np.histogram(u, bins=10, range=(0, 1))[0], np.full(10, 0.1), looks=6)

    def test_typical_is_what_the_parameters_say_of_mean_features(self):
        """theta_c · (1, ∓.75, 0, 0)."""
        theta, visits = COHORTS[2].theta(1, 0), served(COHORTS[2])[0]
        means = np.array([[1, -0.75, 0, 0], [1, 0.75, 0, 0]])
        by_hand = np.array([theta[c] @ means[c] for c in range(2)])
        np.testing.assert_allclose(visits.typical, by_hand[visits.cohort], atol=1e-12)
        assert served(COHORTS[3])[0].typical is None

    def test_features_teach_a_linear_policy(self):
        """2,000 visits at noise .5: LinUCB loses less than a tenth of what chance does (at most 1/40 in 40 trials)."""
        world = Linear(5, 4, horizon=2_000)
        for replication in range(3):
            assert regret_of(world, LinUCB(), replication) < regret_of(world, Random(), replication) / 10

    def test_cohorts_that_want_different_things_need_a_policy_each(self):
        """Distance 3, hidden in the features: one LinUCB loses over twice what one a cohort does (over 3.9 in 40)."""
        far = [{"name": "a", "share": 0.5, "distance": 3.0}, {"name": "b", "share": 0.5, "distance": 3.0}]
        world = Linear(5, 4, cohorts=far, horizon=2_000)
        for replication in range(3):
            assert regret_of(world, LinUCB(), replication) > 2 * regret_of(world, PerCohort(LinUCB()), replication)

    def test_cards_tell_a_belief_who_visits(self):
        """Separation 6: the cohort is plain from the first feature, its card says so, and a policy on beliefs learns.

        It sees nothing else of the visitor, and loses less than nine tenths of what chance does (at most .79 in 40).
        """
        far = [{"name": "a", "share": 0.5, "distance": 3.0}, {"name": "b", "share": 0.5, "distance": 3.0}]
        world = Linear(3, 4, cohorts=far, separation=6.0, horizon=1_000)
        belief = PersonaBelief(LinUCB(), evidence="visit")
        for replication in range(3):
            assert regret_of(world, belief, replication) < 0.9 * regret_of(world, Random(), replication)


@dataclasses.dataclass(frozen=True)
class Small:
    horizon: int = 10
    bad_below: float | None = None
    problem = Problem(actions=("a", "b"), features=("constant",))

    @property
    def about(self):
        return about_of(self, "small", self.horizon, bad_below=self.bad_below)


class TestDrawnWorld:
    def test_its_changes_are_told_in_order(self):
        late, early = Change(9, "rain"), Change(2, "a fair")
        about = about_of(Small(), "small", 10, changes=[late, early])
        assert about.changes == (early, late)

    def test_what_is_left_out_is_everybody_everything_and_a_constant(self):
        drawn = Drawn(expected=np.full((3, 2), 0.5), rewards=np.eye(3, 2, dtype=bool))
        visits = DrawnWorld(Small(3), lambda n: drawn).next_block()
        assert visits.x.tolist() == [[1.0]] * 3
        assert visits.available.all()
        assert visits.cohort.tolist() == [0, 0, 0]
        assert visits.rewards.tolist() == [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
        assert not visits.welfare.any()

    def test_the_horizon_is_kept_whatever_is_asked_for(self):
        world = DrawnWorld(Small(), lambda n: Drawn(np.zeros((n, 2)), np.zeros((n, 2))), block=4)
        assert [len(world.next_block(most)) for most in (None, 1, 3, None)] == [4, 1, 3, 2]
        assert world.next_block() is None

    @pytest.mark.parametrize(
        ("drawn", "says"),
        [
            (Drawn(np.zeros((10, 3)), np.zeros((10, 2))), "expected of 10 visits must have shape (10, 2), got (10, 3)"),
            (Drawn(np.zeros((10, 2)), np.zeros(10)), "rewards of 10 visits must have shape (10, 2), got (10,)"),
            (
                Drawn(np.zeros((10, 2)), np.zeros((10, 2)), x=np.zeros((9, 1))),
                "x of 10 visits must have shape (10, 1), got (9, 1)",
            ),
        ],
        ids=["expected", "rewards", "x"],
    )
    def test_a_draw_of_another_shape_is_refused(self, drawn, says):
        with pytest.raises(InputError, match=re.escape(says)):
            DrawnWorld(Small(), lambda n: drawn).next_block()

    @pytest.mark.parametrize(("told", "given"), [(None, 0.5), (0.5, None)])
    def test_what_is_bad_must_be_told_where_it_is_meant(self, told, given):
        with pytest.raises(InputError, match="small: bad_below: must be given to about_of and DrawnWorld alike"):
            DrawnWorld(Small(bad_below=told), lambda n: None, bad_below=given)
