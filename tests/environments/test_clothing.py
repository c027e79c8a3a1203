import math
import pickle
from collections import Counter

import numpy as np
import polars as pl
import pytest

from bandits.errors import InputError
from environments.ages import band_of
from environments.clothing import ClothingReviews, features_of
from environments.clothing_reviews import BAND_KEYS, BAND_STARTS, SHIPPED, Cells, load, points, read, tabulate

BANDS = {"18-29": range(18, 30), "30-39": range(30, 40), "40-49": range(40, 50), "50-59": range(50, 60)}


def band(age):
    return next((key for key, ages in BANDS.items() if age in ages), "60+")


def blocks(description, seed=1, replication=0, action=0):
    """All blocks of a replication, in which every visit is shown the same action."""
    world = description.open(seed, replication)
    served = []
    while (visits := world.next_block()) is not None:
        served.append((visits, world.respond(np.full(len(visits), action))))
    return served


def stacked(description, field, **how):
    return np.concatenate([getattr(visits, field) for visits, _ in blocks(description, **how)])


def furthest(n, cells, alarm):
    """How far the mean of n draws in [0, 1] strays from its expectation in any of the cells, but with chance `alarm`.

    Hoeffding: P(|mean − p| ≥ gap) ≤ 2 exp(−2 n gap²) in each cell.
    """
    return math.sqrt(math.log(2 * cells / alarm) / (2 * n))


def test_expected_rewards_equal_a_slow_count_of_the_reviews():
    """p = recommending reviews / reviews, a row at a time; expected = p − 0.8."""
    reviews, recommending = Counter(), Counter()
    for row in pl.read_parquet(SHIPPED).iter_rows(named=True):
        reviews[band(row["age"]), row["class"]] += 1
        recommending[band(row["age"]), row["class"]] += row["recommended"]
    environment = ClothingReviews(horizon=2_000)
    *classes, nothing = environment.problem.actions
    expected = {
        (key, k): recommending[key, name] / reviews[key, name] - 0.8
        for key in BAND_KEYS
        for k, name in enumerate(classes)
    }
    seen = set()
    for visits, _ in blocks(environment):
        for cohort, row in zip(visits.cohort, visits.expected, strict=True):
            seen.add(BAND_KEYS[cohort])
            assert row[-1] == 0
            assert row[:-1] == pytest.approx([expected[BAND_KEYS[cohort], k] for k in range(len(classes))], abs=1e-12)
    assert seen == set(BAND_KEYS)
    assert nothing == "nothing"


def test_counts_of_a_table_made_by_hand():
    """Coats: one review a band, recommended by the two bands of 50 and above. Hats: two reviews a band, of which one
    recommends, but only one review (not recommending) by the band 18–29. A review without a class counts as a visitor
    alone. Scarves have no review by the band 60+, so they are left out at min_reviews = 1; hats join them at 2, and
    then nothing is left.
    """
    rows = [(age, "Coats", int(age >= 50)) for age in (18, 39, 40, 59, 60)]
    rows += [(29, "Hats", 0), *((age, "Hats", r) for age in (30, 49, 50, 99) for r in (0, 1))]
    rows += [(age, "Scarves", 1) for age in (20, 30, 40, 50)]
    rows += [(25, None, 1)]
    frame = pl.DataFrame(rows, schema=["age", "class", "recommended"], orient="row")
    cells = tabulate(frame, min_reviews=1)
    assert cells.classes == ("Coats", "Hats")
    assert cells.left_out == (("Scarves", 0),)
    assert cells.reviews.T.tolist() == [[1, 1, 1, 1, 1], [1, 2, 2, 2, 2]]
    assert cells.recommending.T.tolist() == [[0, 0, 0, 1, 1], [0, 1, 1, 1, 1]]
    assert len(cells.ages) == len(rows)
    assert tabulate(frame, min_reviews=2).left_out == (("Coats", 1), ("Hats", 1), ("Scarves", 0))


def test_classes_with_few_reviews_in_any_band_are_left_out():
    """Shorts have 23 reviews by the band 60+, fewer than any other cell that is kept; Legwear has 18 by 50–59."""
    cells = load(SHIPPED, 20)
    assert len(cells.classes) == 13
    assert cells.reviews.min() == 23
    assert cells.reviews[BAND_KEYS.index("60+"), cells.classes.index("Shorts")] == 23
    assert ("Legwear", 18) in cells.left_out
    assert "Legwear" in ClothingReviews(min_reviews=18).problem.actions
    assert "Shorts" not in ClothingReviews(min_reviews=24).problem.actions


@pytest.mark.parametrize("horizon", [1, 1_023, 1_024, 1_025, 2_500])
def test_a_replication_has_exactly_its_horizon_of_visits(horizon):
    served = blocks(ClothingReviews(horizon=horizon))
    assert sum(len(visits) for visits, _ in served) == horizon
    assert all(len(visits) == 1_024 for visits, _ in served[:-1])
    assert np.concatenate([visits.index for visits, _ in served]).tolist() == list(range(horizon))
    assert np.concatenate([visits.time for visits, _ in served]).tolist() == list(range(horizon))


def test_drawn_rewards_agree_with_expected_ones():
    """200,000 visits, 65 cells of a band and a class: some 23,000 visits in the smallest band.

    False alarms: 1e-9 by Hoeffding; a share that is wrong by 0.03 is found in 99 of 100 runs.
    """
    environment = ClothingReviews(horizon=200_000)
    cohort = stacked(environment, "cohort")
    surprise = stacked(environment, "rewards") - stacked(environment, "expected")
    for c in range(len(BAND_KEYS)):
        of_band = surprise[cohort == c][:, :-1]
        gap = furthest(len(of_band), 65, 1e-9)
        assert gap < 0.03
        assert np.abs(of_band.mean(axis=0)).max() < gap


def test_visitors_come_as_often_as_their_age_band_wrote_reviews():
    """False alarms of the drawn shares: 1e-9 by Hoeffding, over 5 bands; a share that is wrong by 0.015 is found in
    99 of 100 runs.
    """
    ages = pl.read_parquet(SHIPPED)["age"]
    count = Counter(band(age) for age in ages)
    about = ClothingReviews().about
    assert [cohort.key for cohort in about.cohorts] == list(BAND_KEYS)
    assert [cohort.share for cohort in about.cohorts] == [count[key] / len(ages) for key in BAND_KEYS]
    assert min(about.cohorts, key=lambda cohort: cohort.share).key == "60+"
    cohort = stacked(ClothingReviews(horizon=100_000), "cohort")
    drawn = np.bincount(cohort, minlength=5) / len(cohort)
    gap = furthest(len(cohort), 5, 1e-9)
    assert gap < 0.011
    assert drawn == pytest.approx([c.share for c in about.cohorts], abs=gap)


@pytest.mark.parametrize("field", ["x", "cohort", "rewards", "expected", "welfare", "available"])
def test_draws_do_not_depend_on_actions(field):
    environment = ClothingReviews(horizon=3_000)
    assert np.array_equal(stacked(environment, field, action=0), stacked(environment, field, action=13))


@pytest.mark.parametrize("field", ["x", "cohort", "rewards", "expected", "index", "time"])
def test_draws_do_not_depend_on_the_length_of_blocks(field):
    short, long = ClothingReviews(horizon=3_000, block=7), ClothingReviews(horizon=3_000)
    assert np.array_equal(stacked(short, field), stacked(long, field))


def test_draws_do_not_depend_on_what_else_is_offered():
    """The same visitors come, in the same mood, when nothing is no option and when the bound is another."""
    one, other = ClothingReviews(horizon=3_000), ClothingReviews(horizon=3_000, show_nothing=False, bound=0.5)
    assert np.array_equal(stacked(one, "x"), stacked(other, "x"))
    assert np.array_equal(stacked(one, "rewards")[:, :-1] > 0, stacked(other, "rewards") > 0)


def test_replications_and_seeds_differ_and_the_same_one_repeats():
    environment = ClothingReviews(horizon=1_000)
    first = stacked(environment, "rewards", seed=1, replication=0)
    assert np.array_equal(first, stacked(environment, "rewards", seed=1, replication=0))
    assert not np.array_equal(first, stacked(environment, "rewards", seed=1, replication=1))
    assert not np.array_equal(first, stacked(environment, "rewards", seed=2, replication=0))


def test_the_reward_of_a_visit_is_that_of_the_action_shown():
    for action in (0, 5, 13):
        for visits, outcome in blocks(ClothingReviews(horizon=1_500), action=action):
            assert np.array_equal(outcome.reward, visits.rewards[:, action])
            assert outcome.values.shape == (len(visits), 0)
            assert not outcome.left.any()
            assert outcome.lost.size == 0


def test_rewards_are_one_of_two_and_nothing_earns_nothing():
    """recommended − (1 − 0.2): 0.2 or −0.8."""
    environment = ClothingReviews(horizon=5_000)
    rewards = stacked(environment, "rewards")
    assert set(np.unique(rewards[:, :-1])) == {-0.8, 0.2} == set(environment.problem.reward_range)
    assert not rewards[:, environment.problem.nothing].any()
    assert not stacked(environment, "welfare")[:, environment.problem.nothing].any()
    assert environment.problem.reward_scale == pytest.approx(0.4)


def test_without_nothing_there_is_one_action_fewer():
    environment = ClothingReviews(horizon=10, show_nothing=False)
    assert environment.problem.nothing is None
    assert environment.problem.actions == ClothingReviews().problem.actions[:-1]
    assert stacked(environment, "rewards").shape == stacked(environment, "available").shape == (10, 13)


def bad_classes(bound):
    """The classes that are bad for each band, by the rule that the ledger applies: harm > tolerance."""
    environment = ClothingReviews(horizon=2_000, bound=bound)
    tolerance, names = environment.about.tolerance, environment.problem.actions
    return {
        BAND_KEYS[cohort]: {name for name, welfare in zip(names, row, strict=True) if max(0, -welfare) > tolerance}
        for visits, _ in blocks(environment)
        for cohort, row in zip(visits.cohort, visits.welfare, strict=True)
    }


def test_bad_is_what_more_than_the_bound_would_not_recommend():
    """40–49: Knits .205, Sweaters .229 do not recommend; Outerwear exactly 15 of 75 = .2, which is still tolerated."""
    bad = bad_classes(0.2)
    assert bad["18-29"] == {"Blouses", "Jackets", "Outerwear", "Sweaters"}
    assert bad["30-39"] == {"Blouses", "Dresses", "Sleep"}
    assert bad["40-49"] == {"Knits", "Sweaters"}
    assert bad["50-59"] == bad["60+"] == set()
    assert "Outerwear" in bad_classes(0.1999)["40-49"]


def test_a_share_that_equals_the_bound_is_tolerated_whatever_the_rounding():
    """r of n recommend and bound = (n − r) / n: nothing is above the bound, nor is there anything to gain."""
    for n in range(2, 80):
        for r in range(1, n):
            one = np.array([[n]]), np.array([[r]])
            assert points(Cells(("Hats",), *one, np.array([18]), ()), (n - r) / n) == 0


def test_features_interpolate_between_the_middles_of_the_bands():
    """30 is halfway from 25 to 35; 42 is .3 from 45, as .7 lies between it and 35; beyond 65 nothing changes."""
    x = features_of(np.array([18, 25, 30, 35, 42, 65, 99]))
    assert x == pytest.approx(
        np.array(
            [
                [1, 0, 0, 0, 0],
                [1, 0, 0, 0, 0],
                [1, 0.5, 0, 0, 0],
                [1, 1, 0, 0, 0],
                [1, 0.3, 0.7, 0, 0],
                [1, 0, 0, 0, 1],
                [1, 0, 0, 0, 1],
            ]
        )
    )


def test_age_bands_start_where_they_say():
    ages = np.arange(18, 100)
    assert [BAND_KEYS[c] for c in band_of(ages, BAND_STARTS)] == [band(age) for age in ages]


def test_the_labelled_sample_is_of_visitors_with_their_bands():
    """A sample of 200 has a stream of its own: another one in each replication, and no visit moves."""
    environment = ClothingReviews()
    sample = environment.open(3, 1).problem.sample
    assert sample.x.shape == (200, 5)
    assert sample.cohorts == BAND_KEYS
    assert sample.level == ("visit",) * 5
    assert ((sample.cohort == 0) == (sample.x[:, 1:].sum(axis=1) < 0.5)).all()
    assert not np.array_equal(sample.x, environment.open(3, 2).problem.sample.x)
    assert np.array_equal(environment.problem.sample.x, environment.open(0, 0).problem.sample.x)


def test_labels_are_offered_only_where_they_are_observed():
    assert ClothingReviews().problem.cohorts == BAND_KEYS
    assert ClothingReviews(observe_cohort=False).problem.cohorts is None


def test_about_says_where_the_data_come_from_and_what_they_cannot_say():
    about = ClothingReviews().about
    notes = " ".join(about.notes)
    for said in ("Kaggle", "CC0", "estimated", "has 23 reviews", "Trend (13)", "bought and reviewed"):
        assert said in notes
    assert about.bad_means.startswith(
        "A recommendation is bad where more than 20 % of the reviewers in the visitor's age band"
    )
    assert (about.clock, about.horizon, about.people, about.outcomes) == ("visit", 20_000, False, ())
    assert dict(about.cohorts[0].text)["More than 20 % would not recommend"] == (
        "Blouses (21.5 %), Jackets (20.2 %), Outerwear (28.9 %), Sweaters (22.4 %)."
    )


@pytest.mark.parametrize("other", [{"min_reviews": 30}, {"block": 7}, {"bound": 0.25}, {"show_nothing": False}])
def test_worlds_with_other_parameters_tell_so_whatever_they_are_called(other):
    """`about.scenario` tells worlds apart by all that defines them; a name does not."""
    one = ClothingReviews().about.scenario
    assert one == ClothingReviews(name="clothes").about.scenario
    assert one != ClothingReviews(**other).about.scenario


def test_a_description_is_named_hashable_and_picklable():
    environment = ClothingReviews(bound=0.15)
    assert environment.label == "ClothingReviews(bound=0.15)"
    assert pickle.loads(pickle.dumps(environment)) == environment  # noqa: S301  our own
    assert {environment: 1}[ClothingReviews(bound=0.15)] == 1


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"bound": 0}, "bound: must be greater than 0, got 0"),
        ({"bound": 1.0}, "bound: must be less than 1, got 1.0"),
        ({"bound": float("nan")}, "bound: must be a finite number, got nan"),
        ({"bound": "0.2"}, "bound: must be a number, got '0.2'; take away the quotes"),
        ({"horizon": 0}, "horizon: must be greater than or equal to 1, got 0"),
        ({"horizon": 1e4}, "horizon: must be a whole number, got 10000.0; write 10000"),
        ({"block": 0}, "block: must be greater than or equal to 1, got 0"),
        ({"block": 2_000_000}, "block: must be less than or equal to 1000000, got 2000000"),
        ({"min_reviews": 0}, "min_reviews: must be greater than or equal to 1, got 0"),
        (
            {"min_reviews": 588},
            "min_reviews: must leave at least two classes, got 588, which leaves 1; take at most 587",
        ),
        ({"show_nothing": 1}, "show_nothing: must be true or false, got 1"),
    ],
)
def test_a_parameter_out_of_bounds_is_refused_in_one_line(fields, line):
    with pytest.raises(InputError) as refused:
        ClothingReviews(**fields)
    assert refused.value.lines == [f"ClothingReviews: {line}"]


def test_the_largest_min_reviews_leaves_two_classes():
    assert ClothingReviews(min_reviews=587).problem.actions == ("Dresses", "Knits", "nothing")


def test_a_missing_file_of_reviews_is_said_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("environments.clothing.SHIPPED", tmp_path / "reviews.parquet")
    with pytest.raises(InputError) as refused:
        ClothingReviews()
    (line,) = refused.value.lines
    assert line.startswith(f"ClothingReviews: {tmp_path}/reviews.parquet: cannot be read (No such file or directory)")
    assert line.endswith("install personabandits again")


@pytest.mark.parametrize("damage", [lambda raw: raw[:-100], lambda _: b"", lambda raw: raw[:500] + b"!" + raw[501:]])
def test_a_damaged_file_of_reviews_is_said_in_one_line(tmp_path, damage):
    path = tmp_path / "reviews.parquet"
    path.write_bytes(damage(SHIPPED.read_bytes()))
    with pytest.raises(InputError) as refused:
        read(path)
    (line,) = refused.value.lines
    assert line.startswith(f"{path}: is damaged or was changed")
