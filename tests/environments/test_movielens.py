import pathlib
import pickle

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bandits.description import identity, table_of
from bandits.errors import InputError
from environments.movielens import MovieLens
from environments.movielens_files import LAYOUTS
from environments.movielens_tastes import chances
from tests.stochastic import detectable_gap, same_mean

MADE_UP = pathlib.Path(__file__).parents[1] / "data" / "films"
GENRES = ("unknown", "Comedy", "Drama")
USERS = [(1, 17, "F", "student"), (2, 18, "M", "student"), (3, 24, "M", "writer"), (4, 60, "F", "writer")]
FILMS = [(10, "Ants (1990)", ("Comedy",)), (20, "Bees (1991)", ("Comedy", "Drama")), (30, "Cats (1992)", ("unknown",))]
RATINGS = [(1, 10, 5), (2, 10, 1), (2, 20, 3), (3, 10, 2), (3, 20, 4), (4, 30, 5)]
"""Ants: 5 by the girl, 1 and 2 by the two of 18–24. Bees: 3 and 4 by those. Cats, of no genre: 5 by the woman of 60."""


def original(folder, users=USERS, films=FILMS, ratings=RATINGS):
    def write(name, rows, between):
        (folder / name).write_text("".join(between.join(map(str, row)) + "\n" for row in rows), encoding="latin-1")

    write("u.data", [(*rating, 880_000_000) for rating in ratings], "\t")
    write("u.user", [(*user, "00000") for user in users], "|")
    flags = [(i, title, "01-Jan-1990", "", "url", *(int(g in of) for g in GENRES)) for i, title, of in films]
    write("u.item", flags, "|")
    write("u.genre", [*((genre, n) for n, genre in enumerate(GENRES)), ()], "|")
    return str(folder)


def recbole(folder, users=USERS, films=FILMS, ratings=RATINGS):
    def write(name, header, rows):
        lines = [header, *("\t".join(map(str, row)) for row in rows)]
        (folder / f"ml-100k.{name}").write_text("\n".join(lines) + "\n", encoding="utf-8")

    write("inter", "user_id:token\titem_id:token\trating:float\ttimestamp:float", [(*r, 880_000_000) for r in ratings])
    write("user", "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token", [(*u, 0) for u in users])
    header = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq"
    write("item", header, [(i, title[:-7], title[-5:-1], " ".join(of)) for i, title, of in films])
    return str(folder)


def widedeep(folder, users=USERS, films=FILMS, ratings=RATINGS):
    def write(name, columns, rows):
        frame = pl.DataFrame(rows, schema=columns, orient="row")
        frame.write_parquet(folder / f"MovieLens100k_{name}.parquet.brotli")

    write("data", ["user_id", "movie_id", "rating", "timestamp"], [(*rating, 880_000_000) for rating in ratings])
    write("users", ["user_id", "age", "gender", "occupation", "zip_code"], [(*user, "00000") for user in users])
    told = ["movie_id", "movie_title", "release_date", "video_release_date", "IMDb_URL"]
    flags = [(i, title, None, None, "url", *(int(g in of) for g in GENRES)) for i, title, of in films]
    write("items", [*told, *GENRES], flags)
    return str(folder)


WRITERS = {"original": original, "recbole": recbole, "widedeep": widedeep}


@pytest.fixture(params=WRITERS)
def folder(request, tmp_path):
    return WRITERS[request.param](tmp_path)


def visits_of(environment, seed=1, replication=0, action=0):
    world, blocks = environment.open(seed, replication), []
    while (visits := world.next_block()) is not None:
        world.respond(np.full(len(visits), action))
        blocks.append(visits)
    fields = ("x", "user", "cohort", "rewards", "expected", "welfare", "typical")
    return {field: np.concatenate([getattr(block, field) for block in blocks]) for field in fields}


def truth(environment, field):
    """What is hidden, by user, of those who came in 300 visits: all four of them."""
    visits = visits_of(environment)
    return {int(user): row.tolist() for user, row in zip(visits["user"], visits[field], strict=True)}


def lines(**fields):
    with pytest.raises(InputError) as refused:
        MovieLens(**fields)
    return [line.removeprefix("MovieLens: ") for line in refused.value.lines]


def test_expected_rewards_of_films_by_hand_in_every_layout(folder):
    """Smoothing m = 3. Ants, everybody: (5, 1, 2), mean 8/3; Bees: (3, 4), mean 3.5.

    The girl (under 18) rates Ants 5, so 2 above the middle; nobody of her band has rated Bees: everybody's mean, 0.5.
    Users 2 and 3 have rated both: 1 − 3, 3 − 3; and 2 − 3, 4 − 3. The woman of 60 has rated neither, nor has anybody
    of her band: 8/3 − 3 and 0.5.
    """
    environment = MovieLens(folder=folder, actions=2, smoothing=3.0, horizon=300)
    assert environment.problem.actions == ("Ants (1990)", "Bees (1991)", "nothing")
    expected = truth(environment, "expected")
    assert expected[0] == pytest.approx([2, 0.5, 0])
    assert expected[1] == pytest.approx([-2, 0, 0])
    assert expected[2] == pytest.approx([-1, 1, 0])
    assert expected[3] == pytest.approx([8 / 3 - 3, 0.5, 0])


def test_what_a_cohort_has_rated_counts_for_those_of_it_who_have_not(folder):
    """By gender: women rated Ants 5 (one rating), and Bees not at all; m = 3.

    User 3, a woman without a rating of Ants: ((5) + 3 · 8/3) / (1 + 3) = 13/4, so 0.25 above the middle. Her chance of
    two stars or fewer: (0 + 3 · 2/3) / 4 = 1/2, so welfare 0.2 − 0.5; of Bees, which nobody gave so few, 0.2 − 0.
    """
    environment = MovieLens(folder=folder, actions=2, smoothing=3.0, cohort="gender", horizon=300)
    assert truth(environment, "expected")[3] == pytest.approx([0.25, 0.5, 0])
    assert truth(environment, "welfare")[3] == pytest.approx([-0.3, 0.2, 0])
    assert [(c.key, c.name, c.share) for c in environment.about.cohorts] == [("F", "women", 0.5), ("M", "men", 0.5)]


def test_a_users_own_rating_is_the_outcome_and_two_stars_are_bad_for_sure(folder):
    """User 2 (index 1) gives Ants 1 star: always −2, and welfare 0.2 − 1; Bees 3 stars: always 0, and welfare 0.2."""
    visits = visits_of(MovieLens(folder=folder, actions=2, horizon=300))
    hers = visits["user"] == 1
    assert (visits["rewards"][hers] == [-2, 0, 0]).all()
    assert visits["welfare"][hers] == pytest.approx(np.tile([-0.8, 0.2, 0], (hers.sum(), 1)))


def test_a_genre_is_a_random_film_of_it_that_the_user_rated(folder):
    """Comedies: Ants, Bees; dramas: Bees; Cats are of no genre. User 2 rated the comedies 1 and 3: 2 on average.

    One of the two is drawn, so half of the time two stars or fewer: welfare 0.2 − 0.5.
    """
    environment = MovieLens(folder=folder, actions="genres", horizon=300)
    assert environment.problem.actions == ("Comedy", "Drama", "nothing")
    assert truth(environment, "expected")[1] == pytest.approx([-1, 0, 0])
    assert truth(environment, "welfare")[1] == pytest.approx([-0.3, 0.2, 0])
    visits = visits_of(environment)
    assert set(visits["rewards"][visits["user"] == 1][:, 0]) == {-2, 0}


def test_the_three_layouts_make_the_same_visits(tmp_path):
    made = {}
    for name, write in WRITERS.items():
        (tmp_path / name).mkdir()
        made[name] = visits_of(MovieLens(folder=write(tmp_path / name), actions=2, horizon=200))
    for field, values in made["original"].items():
        assert np.array_equal(values, made["recbole"][field])
        assert np.array_equal(values, made["widedeep"][field])


def test_what_is_typical_is_the_mean_over_the_users_of_the_cohort(folder):
    """18–24: users 2 and 3, who give Ants −2 and −1, and Bees 0 and 1."""
    typical = truth(MovieLens(folder=folder, actions=2, horizon=300), "typical")
    assert typical[1] == typical[2] == pytest.approx([-1.5, 0.5, 0])


def test_without_smoothing_a_cohort_speaks_for_itself_and_everybody_where_it_is_silent(folder):
    environment = MovieLens(folder=folder, actions=2, smoothing=0.0, cohort="gender", horizon=300)
    assert truth(environment, "expected")[3] == pytest.approx([2, 0.5, 0])


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.int64, (6, 3, 5), elements=st.integers(0, 3)), st.lists(st.integers(0, 1), min_size=6, max_size=6),
    st.floats(0, 100),
)  # fmt: skip
def test_chances_are_chances_whatever_the_ratings(counts, cohort, smoothing):
    """They add up to 1, and those who have rated keep their own ratings. One rating each makes no action unrated."""
    counts[0, :, 2] += 1
    chance = chances(counts.astype(np.float64), np.array(cohort), 2, smoothing)
    assert (chance >= 0).all()
    assert chance.sum(axis=2) == pytest.approx(np.ones((6, 3)))
    rated = counts.sum(axis=2)
    own = counts[rated > 0] / rated[rated > 0][:, None]
    assert chance[rated > 0] == pytest.approx(own)


def test_drawn_ratings_have_the_chances_that_they_are_said_to_have():
    """20,000 visits of 14 users: how often two stars or fewer come of each film, by user, over visits.

    False alarms: 1e-9; a chance that is off by 0.08 for any film is found in 99 of 100 runs.
    """
    environment = MovieLens(folder=str(MADE_UP), actions=5, horizon=20_000)
    visits = visits_of(environment)
    assert detectable_gap(20_000, -1, 1, looks=5) < 0.08
    for k in range(5):
        poor = (visits["rewards"][:, k] <= -1) - (0.2 - visits["welfare"][:, k])
        same_mean(poor, 0.0, -1, 1, looks=5)


def test_a_better_mood_is_a_better_rating_of_everything():
    """Among the visits of a user, the drawn ratings of any two films never rank two visits in opposite ways."""
    visits = visits_of(MovieLens(folder=str(MADE_UP), actions=5, horizon=2_000))
    drawn = 0
    for user in range(14):
        stars = np.unique(visits["rewards"][visits["user"] == user], axis=0)
        drawn += len(stars)
        for one in stars:
            for other in stars:
                assert (one >= other).all() or (one <= other).all()
    assert drawn > 28


def test_users_are_recognised_and_come_equally_often():
    """14 users in 2,000 visits, each of whom keeps a cohort and features."""
    environment = MovieLens(folder=str(MADE_UP), actions=4, horizon=2_000)
    world = environment.open(1, 0)
    visits = visits_of(environment)
    assert environment.problem.users == len(world.users.cohort) == 14
    assert (world.users.arrival == 0).all()
    assert set(visits["user"]) == set(range(14))
    assert len(np.unique(np.column_stack([visits["user"], visits["x"], visits["cohort"]]), axis=0)) == 14
    for user in range(14):
        same_mean(visits["user"] == user, 1 / 14, looks=14)


def test_features_are_ages_genders_and_the_occupations_of_many():
    """Everybody's occupation is rare among 14 users, so all are "other", which is no feature."""
    environment = MovieLens(folder=str(MADE_UP), actions=5)
    assert environment.problem.features == (
        "constant", "age near 25", "age near 35", "age near 45", "age near 55", "gender F",
    )  # fmt: skip
    assert "Occupations of fewer than 20 users" in " ".join(environment.about.notes)


def test_occupations_of_many_are_features_and_cohorts(tmp_path):
    """20 students, 19 writers: the writers count as other."""
    users = [(u, 30, "M", "student" if u <= 20 else "writer") for u in range(1, 40)]
    environment = MovieLens(folder=original(tmp_path, users=users), actions=2, cohort="occupation")
    assert environment.problem.cohorts == ("other", "student")
    assert environment.problem.features[-1] == "occupation student"
    assert "occupation writer" not in environment.problem.features
    assert "(in brackets) count as other: writer (19)." in " ".join(environment.about.notes)
    assert [c.share for c in environment.about.cohorts] == [19 / 39, 20 / 39]


def test_age_bands_are_those_of_movielens(folder):
    """17, 18, 24 and 60: bands without users are no cohorts."""
    about = MovieLens(folder=folder, actions=2).about
    assert [(c.key, c.name, c.share) for c in about.cohorts] == [
        ("under 18", "users under 18", 0.25),
        ("18-24", "users aged 18–24", 0.5),
        ("56+", "users aged 56 and over", 0.25),
    ]


def test_films_of_the_same_title_are_told_apart(tmp_path):
    films = [(10, "Ants (1990)", ("Comedy",)), (20, "Ants (1990)", ("Drama",)), (30, "Cats (1992)", ())]
    environment = MovieLens(folder=original(tmp_path, films=films), actions=3)
    assert environment.problem.actions == ("Ants (1990) [10]", "Ants (1990) [20]", "Cats (1992)", "nothing")


def test_about_says_where_the_data_come_from_and_what_they_cannot_say():
    about = MovieLens(folder=str(MADE_UP), actions=5).about
    notes = " ".join(about.notes)
    for said in ("GroupLens", "Harper and Joseph A. Konstan 2015", "no redistribution", "estimated", "nobody leaves"):
        assert said in notes
    assert about.estimated
    assert about.bad_means == (
        "A recommendation is bad where the chance that this user gives it two stars or fewer is above 20 %."
    )
    assert (about.clock, about.people, about.horizon, about.tolerance) == ("visit", True, 20_000, 0)


def test_a_world_is_named_by_the_content_of_its_files_and_not_by_their_place(tmp_path):
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    one = MovieLens(folder=original(tmp_path / "one"), actions=2)
    twin = MovieLens(folder=original(tmp_path / "two"), actions=2)
    other = MovieLens(folder=original(tmp_path / "three", ratings=[*RATINGS, (1, 20, 1)]), actions=2)
    assert identity(one) == identity(twin) != identity(other)
    assert "folder" not in table_of(one)
    assert one.label == "MovieLens(actions=2)"
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301  our own
    assert MovieLens(folder=one.folder, actions=2, sha256=one.sha256) == one
    (line,) = lines(folder=other.folder, actions=2, sha256=one.sha256)
    assert line.startswith(f"sha256: the files in {other.folder} have another SHA-256, {other.sha256[:12]}")


def test_a_folder_without_the_files_says_which_were_looked_for(tmp_path):
    assert lines(folder="nowhere") == ["folder: nowhere is not there; check the path"]
    (line,) = lines(folder=str(tmp_path))
    for names in LAYOUTS.values():
        assert ", ".join(names) in line
    (tmp_path / "u.data").write_text("")
    (tmp_path / "u.user").write_text("")
    assert lines(folder=str(tmp_path)) == [
        f"folder: {tmp_path} has u.data, u.user but not u.item, u.genre; put all of them there"
    ]
    assert lines(folder=str(tmp_path / "u.data")) == [
        f"folder: {tmp_path}/u.data is a file; name the folder that it is in"
    ]


def test_damaged_rows_are_said_with_their_place_all_at_once(tmp_path):
    folder = original(tmp_path)
    with (tmp_path / "u.data").open("a") as data:
        data.write("1\t10\t6\t0\n1\tten\t3\t0\n1 10 3 0\n9\t10\t3\t0\n1\t99\t3\t0\n1\t10\t4\t0\n1\t20\t3.5\t0\n")
    with (tmp_path / "u.user").open("a") as users:
        users.write("5|old|F||00000\n1|30|F|writer|00000\n")
    with (tmp_path / "u.item").open("a") as films:
        films.write("40|Dogs (1993)|||url|0|1\n")
    assert lines(folder=folder, actions=2) == [
        "folder: u.data line 9: must have 4 values between tabs, got 1",
        "folder: u.item line 4: must have 8 values between '|', got 7",
        "folder: u.user line 6: user 1 is there already, in u.user line 1",
        "folder: u.user line 5: the age must be a whole number from 0 to 150, got 'old'",
        "folder: u.data line 7: the rating must be a whole number from 1 to 5, got '6'",
        "folder: u.data line 8: the id of the film must be a whole number from 0 to 1000000000, got 'ten'",
        "folder: u.data line 10: user 9 is not among the users",
        "folder: u.data line 11: film 99 is not among the films",
        "folder: u.data line 12: user 1 has rated film 10 before; keep one of the two",
        "folder: u.data line 13: the rating must be a whole number from 1 to 5, got '3.5'",
        "folder: u.user line 5: the occupation is missing",
    ]


def test_of_many_faults_the_first_twenty_are_said(tmp_path):
    folder = original(tmp_path, ratings=[*RATINGS, *((1, 1000 + film, 3) for film in range(100))])
    said = lines(folder=folder, actions=2)
    assert len(said) == 21
    assert said[-1] == "folder: and 80 more faults like these"


def test_missing_columns_and_broken_tables_are_said(tmp_path):
    for name in ("recbole", "widedeep"):
        (tmp_path / name).mkdir()
    folder = recbole(tmp_path / "recbole")
    (tmp_path / "recbole" / "ml-100k.user").write_text("user_id:token\tsex:token\n1\tF\n")
    (line,) = lines(folder=folder)
    assert line == "folder: ml-100k.user: has no column age, gender, occupation (it has user_id, sex)"
    folder = widedeep(tmp_path / "widedeep")
    (tmp_path / "widedeep" / "MovieLens100k_data.parquet.brotli").write_bytes(b"broken")
    pl.DataFrame({"user_id": [1]}).write_parquet(tmp_path / "widedeep" / "MovieLens100k_users.parquet.brotli")
    one, two = lines(folder=folder)
    assert one.startswith("folder: MovieLens100k_data.parquet.brotli: is no table: ")
    assert two.endswith("has no column age, gender, occupation (it has user_id)")


def test_empty_files_are_said(tmp_path):
    folder = original(tmp_path, ratings=[])
    assert lines(folder=folder) == [f"folder: {folder}: there are no ratings in the files"]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"actions": 4}, "actions: must be at most the 3 films with ratings, got 4"),
        ({"actions": 1}, 'actions: must be "genres", or a number of films from 2 to 500, got 1'),
        ({"actions": "genre"}, "actions: must be \"genres\", or a number of films from 2 to 500, got 'genre'"),
        ({"actions": True}, 'actions: must be "genres", or a number of films from 2 to 500, got True'),
        ({"cohort": "zip"}, "cohort: must be 'age', 'gender' or 'occupation', got 'zip'"),
        ({"bound": 1.0}, "bound: must be less than 1, got 1.0"),
        ({"smoothing": -1.0}, "smoothing: must be greater than or equal to 0, got -1.0"),
        ({"horizon": 0}, "horizon: must be greater than or equal to 1, got 0"),
    ],
)  # fmt: skip
def test_a_parameter_out_of_bounds_is_refused_in_one_line(tmp_path, fields, line):
    assert lines(folder=original(tmp_path), **{"actions": 2} | fields) == [line]


def test_films_with_one_genre_are_no_choice_of_genres(tmp_path):
    films = [(film, title, ("Drama",)) for film, title, _ in FILMS]
    (line,) = lines(folder=original(tmp_path, films=films), actions="genres")
    assert line == "actions: the files have ratings of 1 genres; name a number of films"
