"""The ledger against plain dictionaries, over small worlds made at random."""

import math
from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.errors import InputError
from environments.protocol import About, Cohort, Outcome, Users, Visits
from experiments.ledger import COHORTS, CURVES, USERS, Ledger, checkpoints

OUTCOMES = ("welfare", "purchases", "revenue", "margin", "returns", "regretted", "irritated", "organic")
TOLERANCE = 0.25


@dataclass
class Story:
    """A world that was played, block by block."""

    about: About
    users: Users | None
    nothing: int | None
    blocks: list[tuple[Visits, np.ndarray, Outcome]]

    def books(self):
        ledger = Ledger(self.about, self.users, self.nothing)
        for block in self.blocks:
            ledger.enter(*block)
        return ledger.close()


def about_of(cohorts, clock, horizon, outcomes=OUTCOMES):
    people = tuple(Cohort(key=f"c{c}", name=f"C{c}", share=1 / cohorts) for c in range(cohorts))
    return About("", "", "", "", people, outcomes, TOLERANCE, "It harms.", clock, horizon, people=True)


def eighths(rng, shape, low=-16, high=16):
    """Multiples of 1/8, whose sums are exact in any order."""
    return rng.integers(low, high + 1, shape) / 8


def story(seed, clock="day", horizon=40, cohorts=2, users=5, outcomes=OUTCOMES, kindness=2.0):
    """Make a world up. Recommendations get kinder with time, so that the signal of some cohorts is reached.

    Args:
        clock: a block is a day of 0 to 6 visits, or all visits.
        users: None for strangers.
    """
    rng = np.random.default_rng(seed)
    K = int(rng.integers(2, 5))
    nothing = K - 1 if rng.random() < 0.7 else None
    who = None
    if users is not None:
        arrival = rng.integers(0, max(1, horizon // 2), users) * (clock == "day")
        who = Users(rng.integers(0, cohorts, users), arrival)
    blocks, served, now = [], 0, 0
    sizes = rng.integers(0, 7, horizon).tolist() if clock == "day" else [horizon]
    for size in sizes:
        index = np.arange(served, served + size)
        end = now + 1 if clock == "day" else horizon
        user = None if who is None else rng.integers(0, len(who.cohort), size)
        welfare = eighths(rng, (size, K))
        welfare += np.round(kindness * index[:, None] / 100 * 8) / 8
        expected = eighths(rng, (size, K))
        if nothing is not None:
            welfare[:, nothing] = expected[:, nothing] = 0
        available = rng.random((size, K)) < 0.7
        actions = rng.integers(0, K, size)
        available[np.arange(size), actions] = True
        visits = Visits(
            index=index,
            time=np.full(size, now) if clock == "day" else index,
            end=end,
            x=np.ones((size, 1)),
            available=available,
            rewards=None,
            cohort=rng.integers(0, cohorts, size) if who is None else who.cohort[user],
            user=user,
            expected=expected,
            welfare=welfare,
        )
        outcome = Outcome(
            reward=eighths(rng, size),
            values=eighths(rng, (size, len(outcomes)), low=0),
            left=rng.random(size) < 0.05 if who is not None else np.zeros(size, dtype=np.bool_),
            lost=rng.integers(0, users, rng.integers(0, 3))
            if clock == "day" and users
            else np.empty(0, dtype=np.int64),
            satisfaction=eighths(rng, cohorts) if clock == "day" else None,
        )
        counts = [q for q, name in enumerate(outcomes) if name in {"purchases", "returns", "regretted", "irritated"}]
        outcome.values[:, counts] = outcome.values[:, counts] > 1
        blocks.append((visits, actions, outcome))
        served, now = served + size, end
    return Story(about_of(cohorts, clock, horizon, outcomes), who, nothing, blocks)


def cut(whole, length):
    """The same visits, served in blocks of so many."""
    visits, actions, outcome = whole.blocks[0]
    blocks = []
    for a in range(0, len(visits), length):
        rows = slice(a, a + length)
        part = {
            name: None if getattr(visits, name) is None else getattr(visits, name)[rows]
            for name in ("index", "time", "x", "available", "cohort", "user", "expected", "welfare")
        }
        piece = replace(visits, end=min(a + length, len(visits)), **part)
        came = replace(outcome, reward=outcome.reward[rows], values=outcome.values[rows], left=outcome.left[rows])
        blocks.append((piece, actions[rows], came))
    return Story(whole.about, whole.users, whole.nothing, blocks)


def rows_of(whole):
    """Every visit as a dictionary, with what the ledger must know of it."""
    for visits, actions, outcome in whole.blocks:
        for n in range(len(visits)):
            a, allowed = actions[n], np.flatnonzero(visits.available[n])
            harm = max(0.0, -visits.welfare[n, a])
            yield {
                "time": int(visits.time[n]),
                "cohort": int(visits.cohort[n]),
                "user": None if visits.user is None else int(visits.user[n]),
                "visits": 1,
                "reward": outcome.reward[n],
                "regret": max(visits.expected[n, k] for k in allowed) - visits.expected[n, a],
                "user_regret": max(visits.welfare[n, k] for k in allowed) - visits.welfare[n, a],
                "bad": int(harm > TOLERANCE),
                "harm": harm,
                "nothing": int(a == whole.nothing),
                "churned": int(outcome.left[n]),
                **dict(zip(whole.about.outcomes, outcome.values[n], strict=True)),
            }


def expected_curves(whole):
    """Every column at every checkpoint: sums over the visits, and the losses, before it."""
    events = list(rows_of(whole))
    for visits, _, outcome in whole.blocks:
        events += [
            {"time": visits.end - 1, "cohort": int(whole.users.cohort[u]), "lost": 1} for u in outcome.lost.tolist()
        ]
    events.sort(key=lambda event: event["time"])
    groups = (*range(len(whole.about.cohorts)), "all")
    sums = {g: dict.fromkeys(CURVES[2:], 0) for g in groups}
    table = []
    for t in checkpoints(whole.about.horizon).tolist():
        while events and events[0]["time"] < t:
            event = events.pop(0)
            for g in (event["cohort"], "all"):
                for name in CURVES[2:]:
                    sums[g][name] += event.get(name, 0)
        moods = {v.end: o.satisfaction for v, _, o in whole.blocks if v.end <= t and o.satisfaction is not None}
        for g in groups:
            mood = mood_of(moods[max(moods)], whole.users, t, g) if moods else None
            table.append({"cohort": f"c{g}" if g != "all" else g, "time": t} | sums[g] | {"satisfaction": mood})
    return table


def mood_of(mood, users, t, g):
    """Of a cohort; of all: the mean, weighted by who has arrived (equally, where visitors are strangers)."""
    if g != "all":
        return mood[g]
    weight = [sum((users.cohort == c) & (users.arrival < t)) if users else 1 for c in range(len(mood))]
    return sum(w * s for w, s in zip(weight, mood, strict=True)) / max(sum(weight), 1)


def expected_users(whole):
    table = []
    for u, c in enumerate(whole.users.cohort):
        own = [row for row in rows_of(whole) if row["user"] == u]
        streak = run = 0
        for row in own:
            run = run + 1 if row["bad"] else 0
            streak = max(streak, run)
        new = sum(row["bad"] for row in own if row["time"] < whole.users.arrival[u] + 30)
        table.append(
            {
                "cohort": f"c{c}",
                "user": u,
                "visits": len(own),
                "bad": sum(row["bad"] for row in own),
                "streak": streak,
                "bad_first_30_days": new if whole.about.clock == "day" else None,
                "lost": sum(int((o.lost == u).sum()) for _, _, o in whole.blocks),
            }
        )
    return table


def expected_cohorts(whole):
    table = []
    for g in (*range(len(whole.about.cohorts)), "all"):
        own = [row for row in rows_of(whole) if g in (row["cohort"], "all")]
        bad = [row["bad"] for row in own]
        calm = [row["time"] for n, row in enumerate(own) if n >= 49 and sum(bad[n - 49 : n + 1]) <= 12.5]
        members = None if whole.users is None else sum(g in (c, "all") for c in whole.users.cohort.tolist())
        table.append(
            {
                "cohort": f"c{g}" if g != "all" else g,
                "customers": members,
                "first_visits": min(100, len(own)),
                "first_bad": sum(bad[:100]),
                "signal": calm[0] if calm else None,
            }
        )
    return table


def nulled(table, absent):
    return [{name: None if name in absent else value for name, value in row.items()} for row in table]


def assert_books_right(whole):
    books = whole.books()
    absent = set() if whole.nothing is not None else {"nothing"}
    absent |= {"lost", "churned"} if whole.users is None else set()
    absent |= set(OUTCOMES) - set(whole.about.outcomes)
    for got, wanted in zip(books.curves.to_dicts(), nulled(expected_curves(whole), absent), strict=True):
        mood = wanted["satisfaction"]  # of all: the only number that is divided by something, and so rounded
        assert got == wanted | {"satisfaction": None if mood is None else pytest.approx(mood, rel=1e-12)}
    assert books.curves.columns == list(CURVES)
    assert books.cohorts.to_dicts() == expected_cohorts(whole)
    assert books.cohorts.columns == list(COHORTS)
    assert books.users.to_dicts() == ([] if whole.users is None else expected_users(whole))
    assert books.users.columns == list(USERS)


@given(
    seed=st.integers(0, 10**6),
    horizon=st.integers(1, 130),
    cohorts=st.integers(1, 3),
    users=st.none() | st.integers(1, 8),
    outcomes=st.sampled_from([OUTCOMES, (), ("revenue", "purchases")]),
)
@settings(max_examples=25, deadline=None)
def test_the_books_of_days_equal_plain_sums(seed, horizon, cohorts, users, outcomes):
    assert_books_right(story(seed, "day", horizon, cohorts, users, outcomes=outcomes))


@given(
    seed=st.integers(0, 10**6),
    horizon=st.integers(1, 400),
    cohorts=st.integers(1, 3),
    users=st.none() | st.integers(1, 8),
    length=st.sampled_from([1, 7, 1024]),
)
@settings(max_examples=20, deadline=None)
def test_the_books_of_visits_equal_plain_sums(seed, horizon, cohorts, users, length):
    whole = story(seed, "visit", horizon, cohorts, users)
    assert_books_right(cut(whole, length))


@pytest.mark.parametrize("users", [None, 6])
def test_the_length_of_blocks_does_not_matter(users):
    whole = story(5, "visit", 700, 3, users)
    books = [cut(whole, length).books() for length in (1, 7, 1024)]
    for other in books[1:]:
        for name in ("curves", "cohorts", "users"):
            assert getattr(books[0], name).equals(getattr(other, name))


@pytest.mark.parametrize("seed", range(5))
def test_everybody_is_the_sum_of_the_cohorts(seed):
    books = story(seed, "day", 120, 3, 9).books()
    for _, rows in books.curves.group_by("time", maintain_order=True):
        sums = rows.drop("cohort", "time", "satisfaction", "nothing")
        assert rows["cohort"].to_list() == ["c0", "c1", "c2", "all"]
        assert sums[-1].row(0) == pytest.approx(sums[:-1].sum().row(0))


def shown(bad, clock="day", arrival=0, days=None):
    """One user who is shown one item at each visit, bad (harm 1) or good (welfare 1), one a day unless told."""
    days = range(len(bad)) if days is None else days
    about = about_of(1, clock, max(days) + 1, outcomes=())
    ledger = Ledger(about, Users(np.array([0]), np.array([arrival])), None)
    for n, (day, hurt) in enumerate(zip(days, bad, strict=True)):
        visits = Visits(
            index=np.array([n]),
            time=np.array([day]),
            end=day + 1,
            x=np.ones((1, 1)),
            available=np.ones((1, 1), dtype=np.bool_),
            rewards=None,
            cohort=np.array([0]),
            user=np.array([0]),
            expected=np.zeros((1, 1)),
            welfare=np.array([[-1.0 if hurt else 1.0]]),
        )
        nobody = np.empty(0, dtype=np.int64)
        ledger.enter(visits, np.array([0]), Outcome(np.zeros(1), np.empty((1, 0)), np.zeros(1, dtype=np.bool_), nobody))
    return ledger.close()


def test_the_signal_comes_when_a_quarter_or_less_of_the_last_fifty_were_bad():
    """37 bad visits, then good ones. After visit n ≥ 50 (from 1) the last 50 hold 37 − (n − 50) bad ones while n ≤ 87.

    At most 12 (a quarter of 50 is 12.5) is first true when n = 75, which is day 74, counted from 0.
    """
    books = shown([True] * 37 + [False] * 60)
    assert books.cohorts["signal"].to_list() == [74, 74]


def test_no_signal_comes_before_fifty_visits():
    assert shown([False] * 49).cohorts["signal"].to_list() == [None, None]
    assert shown([False] * 50).cohorts["signal"].to_list() == [49, 49]


def test_thirteen_of_fifty_is_no_signal():
    """A bad visit in every four, from the first on: any 50 in a row hold 12 or 13; the first 50 hold 13."""
    bad = [n % 4 == 0 for n in range(60)]
    assert sum(bad[:50]) == 13
    assert sum(bad[1:51]) == 12
    assert shown(bad).cohorts["signal"].to_list() == [50, 50]


def test_the_first_thirty_days_are_counted_from_the_day_of_arrival():
    """Arrived on day 10, bad on days 10, 39, 40 and 41: the first thirty days are 10 to 39, so two count."""
    books = shown([True] * 4, arrival=10, days=[10, 39, 40, 41])
    assert books.users["bad_first_30_days"].to_list() == [2]
    assert books.users["bad"].to_list() == [4]


def test_the_longest_streak_is_of_one_users_visits():
    """bad, bad, good, bad: two in a row."""
    assert shown([True, True, False, True]).users["streak"].to_list() == [2]


def test_harm_within_the_tolerance_is_not_bad():
    """Harm 0.25 equals the tolerance and is tolerated; the next number above it is not."""
    for harm, bad in ((TOLERANCE, 0), (math.nextafter(TOLERANCE, 1), 1)):
        whole = story(1, "visit", 1, 1, None)
        visits, actions, outcome = whole.blocks[0]
        visits.welfare[:] = -harm
        books = Story(whole.about, None, None, [(visits, actions, outcome)]).books()
        assert books.curves["bad"].to_list() == [bad, bad]


def test_a_world_that_ends_early_keeps_its_last_page():
    whole = story(3, "day", 60, 2, 4)
    whole.blocks = whole.blocks[:20]
    curves = whole.books().curves
    assert curves["time"].max() == 60
    last = curves.filter(time=20).drop("time", "satisfaction")
    assert curves.filter(time=60).drop("time", "satisfaction").equals(last)


@given(st.integers(1, 10**6))
def test_checkpoints_are_about_a_hundred_and_end_at_the_horizon(horizon):
    times = checkpoints(horizon)
    assert times[-1] == horizon
    assert times[0] >= 1
    assert (np.diff(times) > 0).all()
    assert len(times) == horizon if horizon <= 100 else 80 <= len(times) <= 125


def test_users_who_have_left_stay_in_the_books():
    """Every user has a row, also who never came, and every loss is somebody's."""
    whole = story(9, "day", 30, 2, 8)
    lost = defaultdict(int)
    for _, _, outcome in whole.blocks:
        for u in outcome.lost.tolist():
            lost[u] += 1
    books = whole.books()
    assert books.users["lost"].to_list() == [lost[u] for u in range(8)]
    assert books.curves.filter(cohort="all")["lost"][-1] == sum(lost.values())


@pytest.mark.parametrize("users", [None, 5])
def test_where_nothing_is_declared_bad_no_harm_is_told_and_all_else_is(users):
    """The same visits, in a world that does not say what is bad: what follows from welfare is null, not 0."""
    told = story(4, "day", 90, 2, users)
    silent = replace(told, about=replace(told.about, bad_means=""))
    books, plain = silent.books(), told.books()
    harm = {"curves": ["user_regret", "bad", "harm"], "cohorts": ["first_bad", "signal"]}
    harm["users"] = ["bad", "streak", "bad_first_30_days"]
    for name, columns in harm.items():
        got, wanted = getattr(books, name), getattr(plain, name)
        assert got.columns == wanted.columns
        assert got.schema == wanted.schema
        assert got.select(columns).null_count().row(0) == (len(got),) * len(columns)
        assert got.drop(columns).equals(wanted.drop(columns))
    assert plain.curves["bad"][-1] > 0


@pytest.mark.parametrize("where", ["reward", "values"])
@pytest.mark.parametrize("what", [math.nan, math.inf])
def test_what_comes_of_a_visit_is_a_finite_number(where, what):
    visits, actions, outcome = story(2, "visit", 30, 1, None).blocks[0]
    getattr(outcome, where)[3] = what
    with pytest.raises(InputError, match="of a visit must be finite"):
        Ledger(about_of(1, "visit", 30), None, None).enter(visits, actions, outcome)
