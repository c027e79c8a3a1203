"""The storefront: when rewards are known, and what its description promises."""

import numpy as np
import pytest

from bandits import Always, PersonaOracle, Random
from bandits.errors import InputError
from bandits.protocol import BlockLearner, Choice, Choices
from environments import Scenario, Storefront
from environments.registry import environment_from
from environments.shop.objective import OUTCOMES, Objective
from environments.shop.rewards import typical_rewards
from experiments.runner import run_cell

ACME = Scenario.load("acme")
EVERYTHING = Objective(
    key="everything",
    asks="All outcomes at once.",
    weights={name: 0.3 + 0.7 * i for i, name in enumerate(OUTCOMES)},
    scale=1.0,
    unit="points",
)
SHOP = ACME.model_copy(update={"objectives": (*ACME.objectives, EVERYTHING), "customers": 400, "attribution_days": 14})
GADGET = [item.key for item in ACME.items].index("smart_widget_pro")
"""Often returned."""


def storefront(feedback="at once", objective="everything", days=50, **how):
    return Storefront(scenario=SHOP, objective=objective, feedback=feedback, days=days, **how)


def played(environment, action=GADGET):
    """The world, and every block with its outcome, when everybody is always shown the same."""
    world = environment.open(4, 0)
    blocks = []
    while (visits := world.next_block()) is not None:
        blocks.append((visits, world.respond(np.full(len(visits), action))))
    return world, blocks


@pytest.mark.parametrize("policy", [Random(), Always(GADGET)])
def test_feedback_changes_nothing_for_a_policy_that_does_not_learn(policy):
    books = [run_cell(storefront(feedback), policy, 4, 0) for feedback in ("at once", "wait", "correct")]
    for other in books[1:]:
        for frame in ("curves", "cohorts", "users"):
            assert getattr(books[0], frame).equals(getattr(other, frame))


def test_waiting_tells_each_reward_once_when_the_window_closes():
    """Whoever visits on day t is heard of at the end of day t + 14, once; nobody of the last 14 days is."""
    _, blocks = played(storefront("wait"))
    told = {}
    for day, (visits, outcome) in enumerate(blocks):
        assert visits.rewards is None
        assert outcome.corrections == ()
        for late in outcome.late:
            assert late.visits.rewards is None
            assert (late.visits.time == day - 14).all()
            for index, value in zip(late.visits.index.tolist(), late.values.tolist(), strict=True):
                assert index not in told
                told[index] = value
    due = {index: r for v, o in blocks[:-14] for index, r in zip(v.index.tolist(), o.reward.tolist(), strict=True)}
    assert told.keys() == due.keys()
    assert len(told) > 300


def test_waiting_tells_what_is_known_when_the_window_closes():
    """A return that would arrive within 14 days counts; a later one is not known, and the sale looks as if kept."""
    world, blocks = played(storefront("wait"))
    _, at_once = played(storefront())
    _, credit = played(storefront("correct"))
    final = {i: r for v, o in at_once for i, r in zip(v.index.tolist(), o.reward.tolist(), strict=True)}
    first = {i: r for v, _ in credit for i, r in zip(v.index.tolist(), v.rewards[:, GADGET].tolist(), strict=True)}
    later = 0
    for late in (late for _, outcome in blocks for late in outcome.late):
        for index, value in zip(late.visits.index.tolist(), late.values.tolist(), strict=True):
            in_time = world._luck.lag[index] <= 14
            assert value == (final if in_time else first)[index]
            later += not in_time and final[index] != first[index]
    assert later > 10


def test_late_news_repeats_what_was_seen_of_the_visit():
    for feedback in ("wait", "correct"):
        _, blocks = played(storefront(feedback, observe_persona=True))
        seen = {}
        for visits, outcome in blocks:
            for n, index in enumerate(visits.index.tolist()):
                seen[index] = (visits.x[n].tolist(), visits.user[n], visits.cohort[n], visits.expected[n].tolist())
            for late in (news.visits for news in outcome.late or outcome.corrections):
                for n, index in enumerate(late.index.tolist()):
                    again = (late.x[n].tolist(), late.user[n], late.cohort[n], late.expected[n].tolist())
                    assert again == seen[index]


def test_corrections_are_the_returns_and_come_when_they_arrive():
    """Each return, and nothing else, is told at the end of the day on which it arrives: its lag after the visit."""
    world, blocks = played(storefront("correct"))
    corrected = {}
    for day, (_, outcome) in enumerate(blocks):
        assert outcome.late == ()
        for news in outcome.corrections:
            for index, time in zip(news.visits.index.tolist(), news.visits.time.tolist(), strict=True):
                assert index not in corrected
                assert day == time + world._luck.lag[index]
                corrected[index] = day
    returned = {
        index: int(v.time[n]) + int(world._luck.lag[index])
        for v, o in blocks
        for n, index in enumerate(v.index.tolist())
        if o.values[n, 4]
    }
    assert corrected == {index: day for index, day in returned.items() if day < 50}
    assert 100 < len(corrected) < len(returned)


def test_credit_and_corrections_add_up_to_the_final_reward():
    _, blocks = played(storefront("correct"))
    known, final, pending = {}, {}, set()
    for visits, outcome in blocks:
        for n, index in enumerate(visits.index.tolist()):
            known[index], final[index] = visits.rewards[n, GADGET], outcome.reward[n]
            if outcome.values[n, 4]:
                pending.add(index)
        for news in outcome.corrections:
            for index, delta in zip(news.visits.index.tolist(), news.values.tolist(), strict=True):
                known[index] += delta
                pending.remove(index)
    assert len(pending) > 10  # returns that arrive after the last day
    for index in known.keys() - pending:
        assert known[index] == pytest.approx(final[index], rel=0, abs=1e-9)


HEARD = {}


class Listener:
    """Remembers what it chose, with a memo of its own, and what it was told of it."""

    corrects = True

    def start(self, problem, rng):
        HEARD.clear()
        return ListeningLearner(rng, len(problem.actions))


class ListeningLearner:
    def __init__(self, rng, K):
        self._rng, self._K, self._n = rng, K, 0

    def choose(self, visit):
        self._n += 1
        choice = Choice(int(self._rng.integers(self._K)), 1 / self._K, np.array([float(self._n)]))
        HEARD[float(self._n)] = [visit.x.copy(), choice]
        return choice

    def learn(self, visit, choice, reward):
        x, own = HEARD[choice.memo[0]][:2]
        assert np.array_equal(visit.x, x)
        assert (choice.action, choice.propensity) == (own.action, own.propensity)
        HEARD[choice.memo[0]].append(reward)

    correct = learn


def test_late_news_reaches_the_learner_with_its_own_choice_and_memo():
    """At once, or within the window, or corrected: the sum of what a learner hears of a visit is the same."""
    heard = {}
    for feedback in ("at once", "wait", "correct"):
        run_cell(storefront(feedback), Listener(), 4, 0, what="listener")
        heard[feedback] = {n: told[2:] for n, told in HEARD.items()}
    assert {len(told) for told in heard["at once"].values()} == {1}
    assert {len(told) for told in heard["wait"].values()} == {0, 1}
    assert {len(told) for told in heard["correct"].values()} == {1, 2}
    twice = [n for n, told in heard["correct"].items() if len(told) == 2]
    assert len(twice) > 30
    for n in twice:
        assert sum(heard["correct"][n]) == pytest.approx(heard["at once"][n][0])


class Waiting:
    """Plays blocks, and insists that no reward is there yet."""

    def start(self, problem, rng):
        return WaitingLearner()


class WaitingLearner(BlockLearner):
    def play(self, block):
        assert block.rewards is None
        return Choices(np.zeros(len(block), dtype=np.int64), np.ones(len(block)))

    def learn_many(self, block, choices, rewards):
        assert block.rewards is None
        assert len(rewards) == len(block) > 0
        assert (choices.action == 0).all()

    def correct_many(self, block, choices, deltas):
        raise AssertionError("nothing is corrected")


def test_a_learner_that_must_wait_sees_no_reward():
    run_cell(storefront("wait"), Waiting(), 4, 0)


def test_a_world_that_corrects_refuses_who_cannot():
    with pytest.raises(InputError, match="cannot correct a reward it has already learnt"):
        run_cell(storefront("correct"), Waiting(), 4, 0)


def test_who_has_left_is_lost_and_nobody_else():
    """Every visit on the calendar takes place or is lost: lost iff its customer left on an earlier day."""
    world, blocks = played(storefront("at once"))
    gone, first = set(), world._luck.first
    for day, (visits, outcome) in enumerate(blocks):
        calendar = world._luck.user[first[day] : first[day + 1]].tolist()
        assert visits.user.tolist() == [u for u in calendar if u not in gone]
        assert outcome.lost.tolist() == [u for u in calendar if u in gone]
        assert (visits.time == day).all()
        gone |= set(visits.user[outcome.left].tolist())
    assert len(gone) > 20


def test_a_world_grows_by_its_new_customers():
    shop = SHOP.model_copy(update={"new_customers": 4.0})
    environment = Storefront(scenario=shop, objective="everything", days=50)
    world, blocks = played(environment)
    assert world.problem.users == len(world.users.cohort) > 500
    newest = int(np.argmax(world.users.arrival))
    assert world.users.arrival[newest] > 40
    for visits, outcome in blocks:
        assert np.isfinite(outcome.satisfaction).all()
        assert (world.users.arrival[visits.user] <= visits.time).all()


def test_satisfaction_is_the_mean_of_those_who_have_arrived():
    shop = SHOP.model_copy(update={"new_customers": 4.0})
    world = Storefront(scenario=shop, objective="everything", days=50).open(4, 0)
    for day in range(50):
        outcome = world.respond(np.full(len(world.next_block()), GADGET))
        own = [(world.users.cohort == c) & (world.users.arrival <= day) for c in range(3)]
        means = [world._satisfaction[members].mean() for members in own]
        assert outcome.satisfaction == pytest.approx(means, rel=1e-9, abs=1e-12)


def test_nothing_is_no_action_where_something_must_be_shown():
    must = storefront(objective="low_returns").problem
    may_not = storefront(show_nothing=False).problem
    may = storefront().problem
    assert (must.nothing, may_not.nothing, may.nothing) == (None, None, 12)
    assert (len(must.actions), len(may_not.actions), may.actions[12]) == (12, 12, "nothing")


def test_what_is_public():
    problem = storefront(observe_persona=True).problem
    assert problem.cohorts == ("Luke", "Harmony", "Tianqi")
    assert storefront().problem.cohorts is None
    assert problem.features == ("constant", *(feature.name for feature in ACME.features))
    assert [card.name for card in problem.cards] == ["Luke", "Harmony", "Tianqi"]
    assert problem.users == 400
    assert len(problem.sample.cohort) == 200
    assert storefront(labelled=0).problem.sample is None
    assert storefront("correct").problem.corrections
    assert not storefront("wait").problem.corrections


def test_reward_range_by_hand():
    """cart_value: 0 to the dearest item, 190 $. kept_margin: a return costs 8 $, the best margin is 80 $."""
    ranges = {goal.key: storefront(objective=goal.key).reward_range for goal in ACME.objectives}
    assert ranges == {"cart_value": (0, 190), "low_returns": (-1, 0), "kept_margin": (-8, 80), "long_term": None}


@pytest.mark.parametrize("objective", ["long_term", "low_returns"])
def test_a_toml_table_makes_the_same_storefront(objective):
    table = {"kind": "Storefront", "scenario": "acme", "objective": objective, "feedback": "wait", "days": 30}
    loaded = Storefront.load("acme", objective=objective, feedback="wait", days=30)
    assert environment_from(table) == loaded
    assert loaded.label == f"acme/{objective} (feedback=wait, days=30)"
    assert Storefront.load("acme", objective=objective, name="mine").label == "mine"


def test_customers_and_days_replace_those_of_the_scenario():
    environment = storefront(days=7, customers=33)
    world, blocks = played(environment)
    assert (len(blocks), len(world.users.cohort)) == (7, 33)
    assert (environment.about.horizon, environment.problem.users) == (7, 33)


def test_environments_with_the_same_customers_tell_so():
    """They share their draws: same scenario in `about`, whatever the objective; other customers are another."""
    one, other = storefront(), storefront("wait", objective="cart_value")
    assert one.about.scenario == other.about.scenario
    assert one.about.scenario != storefront(customers=50).about.scenario


def test_a_storefront_that_was_used_equals_a_new_one():
    used = storefront()
    assert used.problem.actions
    assert used.about.title == "Acme Widgets"
    used.open(1, 0)
    assert used == storefront()
    assert {used: 1}[storefront()] == 1


def test_a_changed_copy_of_a_storefront_that_was_used_is_another_storefront():
    """Nothing that was worked out for the first may be left in the copy."""
    used = storefront()
    played(used)
    assert (used.about.horizon, used.problem.nothing) == (50, 12)
    changes = {"objective": "low_returns", "customers": 30, "days": 9}
    copy, fresh = used.model_copy(update=changes), Storefront(scenario=SHOP, **changes)
    assert copy == fresh
    assert copy.about == fresh.about
    assert copy.problem.nothing is None
    for (visits, outcome), (other, result) in zip(played(copy)[1], played(fresh)[1], strict=True):
        assert np.array_equal(visits.rewards, other.rewards)
        assert np.array_equal(outcome.reward, result.reward)


def test_the_survey_of_a_replication_cannot_be_spoilt():
    problem = storefront().open(1, 0).problem
    for array in (problem.sample.x, problem.sample.cohort):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_what_is_typical_is_the_mean_over_the_users_of_a_cohort():
    """Everybody comes on the first day, so the mean over its visitors is the mean over the users."""
    daily = tuple(p.model_copy(update={"visit_rate": 1.0}) for p in SHOP.personas)
    shop = Storefront(scenario=SHOP.model_copy(update={"personas": daily}), objective="everything", days=1)
    visits = shop.open(4, 0).next_block()
    assert len(visits) == 400
    for c in range(3):
        mean = visits.expected[visits.cohort == c].mean(axis=0)
        assert (np.abs(visits.typical[visits.cohort == c] - mean) < 1e-12).all()


def test_a_cohort_without_users_has_nothing_to_expect():
    """One customer, who is of the second of three personas."""
    typical = typical_rewards(np.array([[2.0, -1.0]]), np.array([1]), 3)
    assert typical.tolist() == [[0.0, 0.0], [2.0, -1.0], [0.0, 0.0]]


@pytest.mark.parametrize("alike", [True, False])
def test_the_persona_oracle_is_the_oracle_where_all_of_a_persona_are_alike(alike):
    """Else it errs for somebody: in this shop the best item of 400 customers is not always their persona's."""
    same = tuple(p.model_copy(update={"taste_sd": 0.0}) for p in SHOP.personas)
    scenario = SHOP.model_copy(update={"personas": same}) if alike else SHOP
    for objective in ("long_term", "low_returns", "everything"):
        shop = Storefront(scenario=scenario, objective=objective, days=20)
        regret = run_cell(shop, PersonaOracle(), 4, 0).curves.filter(cohort="all")["regret"].to_numpy()
        assert (np.diff(regret, prepend=0.0) >= 0).all()
        assert (regret[-1] == 0) == alike
