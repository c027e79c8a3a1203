"""Actions that change roles."""

import numpy as np
import pytest

from bandits import Oracle, Random
from bandits.errors import InputError
from environments import Delayed, Drifting, Launches, Storefront
from environments.drift import roles_of
from environments.registry import environment_from
from experiments.runner import run_cell
from tests.environments.tiny_world import Tiny, all_rewards, every_visit, known, played
from tests.stochastic import detectable_gap, proportions, same_mean


def swapped(environment, **how):
    """Which visits are of another regime: where action a pays what b would."""
    return (every_visit(environment, "expected", **how)[:, 0] % 10 == 1).astype(int).tolist()


def test_an_abrupt_change_by_hand():
    """Only a and b can change roles, so they swap at visit 3: a pays 10 t + 1 from then on, b 10 t, nothing 0."""
    environment = Drifting(Tiny(5, nothing=True), kind="abrupt", at=[3])
    table = [[0, 1, 0], [10, 11, 0], [20, 21, 0], [31, 30, 0], [41, 40, 0]]
    for field in ("expected", "welfare", "rewards", "typical"):
        assert every_visit(environment, field).tolist() == table
    assert all_rewards(environment, show=0) == [0, 10, 20, 31, 41]
    assert all_rewards(environment, show=2) == [0, 0, 0, 0, 0]


def test_they_swap_again_and_again():
    environment = Drifting(Tiny(9, nothing=True), how="abrupt", every=2)
    assert swapped(environment) == [0, 0, 1, 1, 0, 0, 1, 1, 0]
    assert swapped(Drifting(Tiny(7, nothing=True), how="abrupt", at=[1, 4, 5])) == [0, 1, 1, 1, 0, 1, 1]


def test_with_a_clock_of_days_they_swap_on_a_day():
    """Days of 2, 1, 0 and 3 visits; on day 1."""
    assert swapped(Drifting(Tiny(6, days=[2, 1, 0, 3], nothing=True), how="abrupt", at=[1])) == [0, 0, 1, 1, 1, 1]


def test_the_best_available_action_now_is_what_regret_compares_with():
    """a, shown at all of 5 visits, costs 1 a visit until b takes its role on visit 3: 1 + 1 + 1, and then nothing."""
    environment = Drifting(Tiny(5, nothing=True), how="abrupt", at=[3])
    expected = every_visit(environment, "expected")
    assert (expected.max(axis=1) - expected[:, 0]).tolist() == [1, 1, 1, 0, 0]
    assert set(run_cell(environment, Oracle(), 1, 0).curves["regret"]) == {0.0}


N = 40_000


def test_a_gradual_change_takes_over_a_growing_share_of_visits():
    """Over 20,000 visits from 10,000 on: none before, ⅛, ⅜, ⅝, ⅞ of its quarters, all after; 0.07 off is found."""
    changed = np.array(swapped(Drifting(Tiny(N, nothing=True), how="gradual", at=[10_000], over=20_000), most=4_000))
    assert not changed[:10_000].any()
    assert changed[30_000:].all()
    assert detectable_gap(5_000, looks=4) < 0.07
    for quarter in range(4):
        same_mean(changed[10_000 + 5_000 * quarter :][:5_000], 1 / 8 + quarter / 4, looks=4)


def test_a_short_change_by_hand():
    """Every 4 visits, over 2: of visits 4 r to 4 r + 3, shares 0, ½, 1 and 1 have changed r times, the
    others once less. 0.05 off would be found.
    """
    changed = np.array(swapped(Drifting(Tiny(N, nothing=True), how="gradual", every=4, over=2), most=4_000))
    # Whether visits 4 r … 4 r + 3 are in the regime that an even, or odd, number r of changes leads to.
    there = (changed.reshape(-1, 4) == np.arange(N // 4)[:, None] % 2)[1:]
    assert not there[:, 0].any()
    assert there[:, 2:].all()
    assert detectable_gap(N // 4 - 1) < 0.05
    same_mean(there[:, 1], 0.5)


def test_seasons_come_and_go():
    """With a period of 4 visits: shares 0, ½, 1, ½ of visits 0, 1, 2, 3 modulo 4. 0.05 off would be found."""
    changed = np.array(swapped(Drifting(Tiny(N, nothing=True), how="seasonal", period=4), most=4_000)).reshape(-1, 4)
    assert not changed[:, 0].any()
    assert changed[:, 2].all()
    assert detectable_gap(N // 4, looks=4) < 0.05
    for t in (1, 3):
        proportions(np.bincount(changed[:, t]), [0.5, 0.5], looks=2)


def test_changes_that_follow_one_another_are_complete_before_the_next():
    """At 3 and 8, over 5: visit 3 is still of the old regime, and 8 of the first change; 13 of the second."""
    environment = Drifting(Tiny(20, nothing=True), how="gradual", at=[3, 8], over=5)
    changed = swapped(environment)
    assert changed[:4] == [0, 0, 0, 0]
    assert changed[8] == 1
    assert changed[13:] == [0] * 7


def test_every_role_is_played_and_who_takes_part_changes():
    """Of 6 actions but nothing (the third), a half takes part: 3 have another role than before, at every change."""
    roles = roles_of(7, 2, 0.5, 200, np.random.default_rng(1))
    assert (np.sort(roles, axis=1) == np.arange(7)).all()
    assert (roles[0] == np.arange(7)).all()
    assert (roles[:, 2] == 2).all()
    assert ((roles[1:] != roles[:-1]).sum(axis=1) == 3).all()
    assert (roles_of(7, None, 1.0, 50, np.random.default_rng(1))[1:] != np.arange(7)).any(axis=1).all()
    assert ((roles_of(7, 2, 0.01, 50, np.random.default_rng(1))[1:] != np.arange(7)).sum(axis=1) <= 7).all()
    few = roles_of(7, 2, 0.01, 50, np.random.default_rng(1))
    assert ((few[1:] != few[:-1]).sum(axis=1) == 2).all()


def test_all_circles_are_equally_likely():
    """Three actions change places in one of two circles; 10,000 draws, 0.05 off would be found."""
    roles = roles_of(3, None, 1.0, 10_000, np.random.default_rng(2))
    # The step from one change to the next: which former role each action took over.
    step = [np.flatnonzero(before == role)[0] for before, role in zip(roles, roles[1:, 0], strict=False)]
    assert detectable_gap(10_000, looks=2) < 0.05
    proportions(np.bincount(step, minlength=3)[1:], [0.5, 0.5])


def test_launches_go_by_name_outside_and_by_role_inside():
    """b is on offer from visit 4 on, and a and b swap roles at 2.

    Outside, b is missing until 4. Inside it is the role of b: that of action b until 2, of a until 4.
    """
    schedule, swap = {"b": {"from": 4}}, {"how": "abrupt", "at": [2]}
    outside = Launches(Drifting(Tiny(6, nothing=True), **swap), schedule=schedule)
    assert every_visit(outside, "available").tolist() == [[True, t >= 4, True] for t in range(6)]
    inside = Drifting(Launches(Tiny(6, nothing=True), schedule=schedule), **swap)
    a, b = [True, True, False, False, True, True], [False, False, True, True, True, True]
    assert every_visit(inside, "available").tolist() == [[a[t], b[t], True] for t in range(6)]


def test_a_report_is_told_when_roles_change_and_that_what_happens_later_happens_to_roles():
    """Roles change at 2 and 4; a is new at 1 and b gone at 3, when that is a role, and its name unknown."""
    inner = Launches(Tiny(6), schedule={"a": {"from": 1}, "b": {"until": 3}})

    def told(**how):
        return [(change.time, change.label) for change in Drifting(inner, **how).about.changes]

    assert told(kind="abrupt", every=2) == [
        (1, "new: a"),
        (2, "roles change"),
        (3, "gone: b (its role)"),
        (4, "roles change"),
    ]
    assert told(kind="gradual", at=(4,), over=2) == [(1, "new: a"), (3, "gone: b"), (4, "roles begin to change")]
    assert told(kind="seasonal", period=4) == [(1, "new: a (its role)"), (3, "gone: b (its role)")]


def test_late_news_is_of_the_role():
    """a and b swap at 2; by 1, a's rewards are 0, 10, 21, 31 and known before 2, 3, 4, 5, in either order."""
    news = {0: (2, 0.0), 1: (3, 10.0), 2: (4, 21.0), 3: (5, 31.0)}
    swap = {"how": "abrupt", "at": [2]}
    assert known(Delayed(Drifting(Tiny(5, nothing=True), **swap), by=1)) == news
    drifting = Drifting(Delayed(Tiny(5, nothing=True), by=1), **swap)
    assert known(drifting) == news
    seen = {}
    for _, _, outcome in played(drifting):
        for late in outcome.late:
            seen |= dict(zip(late.visits.index.tolist(), late.visits.expected.tolist(), strict=True))
    assert seen == {0: [0, 1, 0], 1: [10, 11, 0], 2: [21, 20, 0], 3: [31, 30, 0]}


@pytest.mark.parametrize("feedback", ["at once", "wait", "correct"])
def test_customers_of_a_storefront_live_with_the_role(feedback):
    """Whoever always shows the action that plays the fifth item's role does to people what showing the fifth does."""
    shop = Storefront.load("acme", objective="kept_margin", feedback=feedback, customers=80, days=40)
    drifting = Drifting(shop, how="gradual", every=10, over=5)

    def told(environment, show):
        found = []
        for _, _, outcome in played(environment, show=show):
            rows = [outcome.reward, outcome.values, outcome.left, outcome.lost, outcome.satisfaction]
            found += [row.tolist() for row in rows]
            found += [late.values.tolist() for late in (*outcome.late, *outcome.corrections)]
        return found

    world = drifting.open(1, 0)
    assert told(drifting, lambda visits: np.argmax(world._role(visits) == 4, axis=1)) == told(shop, 4)


def test_another_replication_drifts_in_another_way():
    shop = Storefront.load("acme", objective="kept_margin", customers=10, days=40)
    drifting = Drifting(shop, how="abrupt", at=[5])
    one, other, again = (drifting.open(1, replication)._roles[1].tolist() for replication in (0, 1, 0))
    assert one == again != other


def test_a_policy_that_does_not_learn_does_not_care():
    """Random shows what it shows; in Tiny it earns the same on average, whatever the names of a and b."""
    plain = run_cell(Tiny(50, nothing=True), Random(), 1, 0, what="one").curves
    drifting = run_cell(Drifting(Tiny(50, nothing=True), how="abrupt", at=[25]), Random(), 1, 0, what="one").curves
    assert plain["nothing"].equals(drifting["nothing"])


BAD = [
    ({}, ["how: is missing; add it"]),
    ({"how": "abrubt", "at": [3]}, ["how: must be 'abrupt', 'gradual' or 'seasonal', got 'abrubt'"]),
    ({"how": "abrupt"}, ["at: must be given, or `every`, got neither; say when roles change"]),
    ({"how": "abrupt", "at": [3], "every": 2}, ["at: must be given, or `every`, got both"]),
    ({"how": "abrupt", "at": [3, 3]}, ["at: must be times in increasing order, got [3, 3]"]),
    ({"how": "abrupt", "at": [0]}, ["at[1]: must be greater than or equal to 1, got 0"]),
    ({"how": "abrupt", "at": [8]}, ["at: must lie before the horizon, 8, got 8; nothing would change"]),
    ({"how": "abrupt", "every": 9}, ["every: must lie before the horizon, 8, got 9"]),
    ({"how": "abrupt", "at": [3], "period": 4}, ["period: means nothing to how = 'abrupt' (which takes at, every)"]),
    ({"how": "gradual", "at": [3]}, ["over: is missing; how = 'gradual' needs it"]),
    (
        {"how": "gradual", "every": 3, "over": 4},
        ["over: must not be longer than from one change to the next, 3, got 4"],
    ),
    ({"how": "gradual", "at": [1, 3], "over": 4}, ["over: must not be longer than from one change to the next, 2"]),
    ({"how": "seasonal"}, ["period: is missing; how = 'seasonal' needs it"]),
    ({"how": "seasonal", "period": 4, "at": [3]}, ["at: means nothing to how = 'seasonal' (which takes period)"]),
    ({"how": "seasonal", "period": 1}, ["period: must be 2 or more, got 1; nothing would change"]),
    ({"how": "seasonal", "over": 4}, ["over: means nothing", "period: is missing"]),
]


@pytest.mark.parametrize(("fields", "says"), BAD)
def test_a_bad_drift_is_refused(fields, says):
    with pytest.raises(InputError) as refused:
        environment_from({"kind": "Drifting", "world": Tiny()} | fields)
    assert len(refused.value.lines) == len(says)
    for line, part in zip(refused.value.lines, says, strict=True):
        assert part in line


def test_one_action_has_nobody_to_change_with():
    class Lonely(Tiny):
        def __init__(self):
            super().__init__()
            self.problem = type(self.problem)(actions=("a", "nothing"), nothing=1)

    with pytest.raises(InputError, match="must have at least two actions that can change roles, got 1"):
        Drifting(Lonely(), how="abrupt", at=[3])
