"""Rewards that come late, and policies that learn in batches."""

import numpy as np
import pytest

from bandits import Choice
from bandits.errors import InputError
from environments import Batched, Delayed, Storefront
from environments.delay import Geometric, Weibull
from environments.registry import environment_from
from experiments.runner import run_cell
from tests.environments.tiny_world import Tiny, all_rewards, known, played, when
from tests.stochastic import detectable_gap, proportions


def test_a_constant_delay_by_hand():
    """By 2: visit t is known before visit t + 3. Of 6 visits, 0 → 3, 1 → 4, 2 → 5, 3 → 6; 4 and 5 never."""
    assert known(Delayed(Tiny(6), by=2), show=1) == {0: (3, 1.0), 1: (4, 11.0), 2: (5, 21.0), 3: (6, 31.0)}


def test_blocks_end_where_there_is_news():
    """By 2: nothing is known while 0, 1 and 2 are served; from then on there is news before each visit."""
    assert [len(visits) for visits, _, _ in played(Delayed(Tiny(6), by=2))] == [3, 1, 1, 1]
    assert all(visits.rewards is None for visits, _, _ in played(Delayed(Tiny(6), by=2)))


def test_without_delay_the_reward_is_known_before_the_next_visit():
    assert when(Delayed(Tiny(4), by=0)) == {0: 1, 1: 2, 2: 3, 3: 4}


def test_news_every_so_often_is_held_until_the_next_multiple():
    """By 2, every 4: 0 → 3 → 4, 1 → 4, 2 → 5 → 8, 3 → 6 → 8, 4 → 7 → 8, 5 → 8; 6 and 7 after the horizon, 8."""
    environment = Delayed(Tiny(8), by=2, news_every=4)
    assert when(environment) == {0: 4, 1: 4, 2: 8, 3: 8, 4: 8, 5: 8}
    assert [len(visits) for visits, _, _ in played(environment)] == [4, 4]


def test_with_a_clock_of_days_the_reward_is_known_at_the_end_of_a_day():
    """Days of 2, 1, 0 and 3 visits. By 1: those of day 0 at the end of day 1 (time 2), that of day 1 at the end of
    day 2, though nobody comes; those of day 3 never. It makes no difference in how many pieces a day is served.
    """
    environment = Delayed(Tiny(6, days=[2, 1, 0, 3]), by=1)
    assert when(environment) == when(environment, most=1) == {0: 2, 1: 2, 2: 3}


def test_batches_by_hand():
    """Of 8 visits in batches of 3: 0, 1, 2 are known before visit 3; 3, 4, 5 before 6; 6 and 7 never."""
    assert when(Batched(Tiny(8), visits=3)) == {0: 3, 1: 3, 2: 3, 3: 6, 4: 6, 5: 6}
    assert [len(visits) for visits, _, _ in played(Batched(Tiny(8), visits=3))] == [3, 3, 2]


def test_batches_count_visits_whatever_the_clock():
    """Days of 2, 1, 0 and 3 visits in batches of 2: 0 and 1 on day 0; 2 waits for 3, on day 3, which is not over (so
    its time is 3); 4 and 5 are at the end of day 3.
    """
    environment = Batched(Tiny(6, days=[2, 1, 0, 3]), visits=2)
    assert when(environment) == when(environment, most=1) == {0: 1, 1: 1, 2: 3, 3: 3, 4: 4, 5: 4}


def test_delayed_batches_and_batches_of_what_is_late():
    """By 1, in batches of 3, of 9 visits.

    Batches late: 0, 1, 2 would be known before visit 3, and so are before 4; 3, 4, 5 before 7; 6, 7, 8 (9 → 10) never.
    What is late, in batches: t is known before t + 2: 0 and 1 before 3; 2 (4), 3 (5), 4 (6) before 6; 5 (7), 6 (8),
    7 (9) before 9, which is the end; 8 never.
    """
    assert when(Delayed(Batched(Tiny(9), visits=3), by=1)) == {0: 4, 1: 4, 2: 4, 3: 7, 4: 7, 5: 7}
    assert when(Batched(Delayed(Tiny(9), by=1), visits=3)) == {0: 3, 1: 3, 2: 6, 3: 6, 4: 6, 5: 9, 6: 9, 7: 9}


def test_what_a_batch_tells_within_a_day_is_known_at_the_end_of_a_day():
    """Days of 2, 1, 0 and 3 visits in batches of 2: 0 and 1 would be known on day 0, 2 and 3 on day 3, before it is
    over, 4 and 5 at its end. By 0: at the end of day 0 (time 1) and of day 3 (time 4); by 1: 0 and 1 on day 1.
    """
    batched = Batched(Tiny(6, days=[2, 1, 0, 3]), visits=2)
    assert when(Delayed(batched, by=0)) == {0: 1, 1: 1, 2: 4, 3: 4, 4: 4, 5: 4}
    assert when(Delayed(batched, by=1)) == {0: 2, 1: 2}


def test_delays_add_up():
    """By 1 around by 2 is by 3: what the inner one tells before visit t + 3 is known before t + 4."""
    assert known(Delayed(Delayed(Tiny(9), by=2), by=1)) == known(Delayed(Tiny(9), by=3))


def test_corrections_are_late_as_well():
    """Visit t is corrected by −1 once t + 1 is over, so before t + 2; by 2, before t + 4, its reward before t + 3."""
    environment = Delayed(Tiny(8, corrects=True), by=2)
    assert known(environment, "corrections") == {t: (t + 4, -1.0) for t in range(5)}
    assert known(environment) == {t: (t + 3, 10.0 * t) for t in range(6)}
    batches = Batched(Tiny(8, corrects=True), visits=3)
    assert when(batches, "corrections") == {0: 3, 1: 3, 2: 6, 3: 6, 4: 6}


def test_a_visit_that_does_not_take_place_is_no_news():
    """Only visits with the action t mod 3 take place; a policy that always shows a sees 0, 3 and 6 do so."""
    assert when(Delayed(Tiny(9, replays=True), by=1)) == {0: 2, 3: 5, 6: 8}
    assert when(Batched(Tiny(9, replays=True), visits=2)) == {0: 2, 3: 4, 6: 8}


def test_all_of_it_counts():
    """What is never known to the policy is still earned: 0 + 10 + … + 70."""
    assert all_rewards(Tiny(8)) == all_rewards(Delayed(Tiny(8), by=100)) == all_rewards(Batched(Tiny(8), visits=100))


@pytest.mark.parametrize("wrap", [lambda w: Delayed(w, by=2), lambda w: Batched(w, visits=3)])
@pytest.mark.parametrize("most", [1, 2, 3, 7])
def test_news_comes_at_the_same_time_whatever_the_length_of_blocks(wrap, most):
    assert known(wrap(Tiny(20)), most=most) == known(wrap(Tiny(20)))


class Diary:
    """Shows the actions in turn, with a propensity and a memo of its own, and notes the order of events."""

    corrects = True

    def start(self, problem, rng):
        DIARY.clear()
        return DiaryLearner()


DIARY = []


class DiaryLearner:
    def choose(self, visit):
        t = int(visit.x[1])
        DIARY.append(("choose", t))
        return Choice(t % 3, 1 / (t + 1), np.array([float(t)]))

    def learn(self, visit, choice, reward):
        t = int(visit.x[1])
        assert choice == Choice(t % 3, 1 / (t + 1), choice.memo)
        assert choice.memo == [t]
        DIARY.append(("learn", t, reward))

    def correct(self, visit, choice, delta):
        DIARY.append(("correct", int(visit.x[1]), delta))


def test_a_policy_is_handed_back_its_own_choices_in_time():
    """By 1: 0 and 1 are chosen blindly, then each is learnt before the next but one; reward 10 t + t mod 3."""
    run_cell(Delayed(Tiny(4), by=1), Diary(), 0, 0)
    assert DIARY == [
        ("choose", 0),
        ("choose", 1),
        ("learn", 0, 0.0),
        ("choose", 2),
        ("learn", 1, 11.0),
        ("choose", 3),
        ("learn", 2, 22.0),
    ]


def test_a_reward_is_learnt_before_it_is_corrected():
    """In one batch of two: the rewards of 0 and 1, then the correction of 0; that of 1 is known once 2 is over."""
    run_cell(Batched(Tiny(4, corrects=True), visits=2), Diary(), 0, 0)
    assert DIARY == [
        ("choose", 0),
        ("choose", 1),
        ("learn", 0, 0.0),
        ("learn", 1, 11.0),
        ("correct", 0, -1.0),
        ("choose", 2),
        ("choose", 3),
        ("learn", 2, 22.0),
        ("learn", 3, 30.0),
        ("correct", 1, -1.0),
        ("correct", 2, -1.0),
    ]


def test_a_policy_learns_the_same_of_batches_of_one_as_at_once():
    """What is known before the next visit is known as at once: all that is learnt, and shown, is the same."""
    for wrapped in (Batched(Tiny(30), visits=1), Delayed(Tiny(30), by=0)):
        run_cell(wrapped, Diary(), 0, 0)
        late = list(DIARY)
        run_cell(Tiny(30), Diary(), 0, 0)
        assert late == DIARY


N = 30_000
LAW = {
    "geometric": (Geometric(mean=3.0), [0.25 * 0.75**d for d in range(6)]),
    "weibull": (
        Weibull(scale=2.0, shape=0.7),
        [0.0, *(np.exp(-(((d - 1) / 2) ** 0.7)) - np.exp(-((d / 2) ** 0.7)) for d in range(1, 6))],
    ),
}


@pytest.mark.parametrize("kind", LAW)
def test_delays_have_their_distribution(kind):
    """Geometric of mean 3: P(d) = ¼ (¾)ᵈ. Weibull: P(d) = exp(−((d − 1)/2)^0.7) − exp(−(d/2)^0.7), for d ≥ 1.

    Over 30,000 visits, 0.04 off would be found for any of seven cells (0 to 5, and more).
    """
    by, law = LAW[kind]
    delays = Delayed(Tiny(), by=by).open(1, 0)._delay.of(np.arange(N))
    assert detectable_gap(N, looks=7) < 0.04
    proportions(np.bincount(delays.clip(0, 6).astype(np.int64), minlength=7), [*law, 1 - sum(law)])


@pytest.mark.parametrize("kind", LAW)
def test_news_comes_when_its_delay_is_over(kind):
    environment = Delayed(Tiny(300), by=LAW[kind][0])
    delays = environment.open(1, 0)._delay.of(np.arange(300)).astype(int)
    assert when(environment) == {t: t + 1 + d for t, d in enumerate(delays.tolist()) if t + 1 + d <= 300}


def test_some_rewards_are_lost():
    """Of 30,000, three in ten; 0.03 off would be found. They are the same whatever is shown."""
    environment = Delayed(Tiny(N), by=5, lost=0.3, news_every=200)
    came = when(environment)
    assert detectable_gap(N - 200, looks=2) < 0.03
    there = sum(t < N - 200 for t in came)
    proportions([there, N - 200 - there], [0.7, 0.3])
    assert came == when(environment, show=2)


def shop_news(environment, what):
    """(visit, news) ↦ the end of the day on which the policy learns it, where the bargain bin is always shown."""
    found = {}
    for visits, _, outcome in played(environment, show=4):
        for late in getattr(outcome, what):
            for index, value in zip(late.visits.index.tolist(), late.values.tolist(), strict=True):
                assert (index, value) not in found
                found[index, value] = visits.end
    return found


@pytest.mark.parametrize(("feedback", "what"), [("wait", "late"), ("correct", "corrections")])
def test_what_a_storefront_tells_late_is_told_later(feedback, what):
    """By 4 days: whatever is known at the end of day e without it is known at the end of day e + 4, the rest never."""
    shop = Storefront.load("acme", objective="kept_margin", feedback=feedback, customers=80, days=60)
    plain = shop_news(shop, what)
    assert len(plain) > 20
    assert shop_news(Delayed(shop, by=4), what) == {key: e + 4 for key, e in plain.items() if e + 4 <= 60}


@pytest.mark.parametrize(("feedback", "what"), [("wait", "late"), ("correct", "corrections")])
def test_what_a_storefront_tells_late_waits_for_the_batch(feedback, what):
    """In batches of 50: news of the end of day e, after n visits, comes after visit ⌈n / 50⌉ · 50."""
    shop = Storefront.load("acme", objective="kept_margin", feedback=feedback, customers=80, days=60)
    count, visits_by = 0, {}
    for visits, _, _ in played(shop, show=4):
        count += len(visits)
        visits_by[visits.end] = count
    due = {key: -(-visits_by[e] // 50) * 50 for key, e in shop_news(shop, what).items()}
    seen, found = 0, {}
    for visits, _, outcome in played(Batched(shop, visits=50), show=4):
        seen += len(visits)
        for late in getattr(outcome, what):
            found |= dict.fromkeys(zip(late.visits.index.tolist(), late.values.tolist(), strict=True), seen)
    assert found == {key: n for key, n in due.items() if n <= count}
    assert len(found) > 10


def test_late_news_shows_the_visit_as_it_was():
    shop = Storefront.load("acme", objective="kept_margin", feedback="wait", customers=40, days=30)
    served = {}
    for visits, _, outcome in played(Delayed(shop, by={"kind": "geometric", "mean": 2.0})):
        for n, index in enumerate(visits.index.tolist()):
            served[index] = (visits.x[n].tobytes(), visits.cohort[n], visits.user[n], visits.expected[n].tobytes())
        for late in (news.visits for news in outcome.late):
            for n, index in enumerate(late.index.tolist()):
                assert served[index] == (late.x[n].tobytes(), late.cohort[n], late.user[n], late.expected[n].tobytes())


BAD = [
    ({"by": -1}, "by: must be from 0 to 1099511627776, got -1"),
    ({"by": 2.5}, "by: must be a whole number of clock units"),
    ({"by": True}, "by: must be a whole number of clock units"),
    ({}, "by: is missing; add it"),
    ({"by": {"mean": 3.0}}, "by.kind: is missing"),
    ({"by": {"kind": "geometrik", "mean": 3.0}}, "did you mean 'geometric'?"),
    ({"by": {"kind": "geometric", "mean": 0.0}}, "by.mean: must be greater than 0, got 0.0"),
    ({"by": {"kind": "weibull", "scale": 3.0}}, "by.shape: is missing; add it"),
    ({"by": 3, "lost": 1.0}, "lost: must be less than 1, got 1.0"),
    ({"by": 3, "news_every": 0}, "news_every: must be greater than or equal to 1, got 0"),
    ({"kind": "Batched", "visits": 0}, "visits: must be greater than or equal to 1, got 0"),
]


@pytest.mark.parametrize(("change", "says"), BAD)
def test_a_bad_delay_is_refused_in_one_line(change, says):
    with pytest.raises(InputError) as refused:
        environment_from({"kind": "Delayed", "world": Tiny()} | change)
    (line,) = refused.value.lines
    assert says in line


def test_a_label_says_by_how_much():
    shop = Storefront.load("acme", objective="kept_margin")
    assert Delayed(shop, by=30).label == "Delayed(acme/kept_margin, by=30)"
    assert Batched(shop, visits=500).label == "Batched(acme/kept_margin, visits=500)"
    late = Delayed(shop, by={"kind": "geometric", "mean": 30}, lost=0.1, news_every=7)
    assert late.label == "Delayed(acme/kept_margin, by=geometric with mean 30, lost=0.1, news_every=7)"
    assert late == Delayed(shop, by=Geometric(mean=30.0), lost=0.1, news_every=7)
