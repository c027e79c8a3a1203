import contextlib
import pathlib
import pickle

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.description import identity, table_of
from bandits.errors import InputError
from bandits.registry import from_table
from environments import ENVIRONMENTS
from environments.table_columns import features_of, groups_of
from environments.tabular import Tabular
from environments.tabular_rows import title_of

TEN = {
    "size": [1.0, 3.0] * 5,
    "soil": ["clay", "sand", "peat", "sand", "clay"] * 2,
    "wet": [True, False] * 5,
    "kind": ["fern", "moss"] * 5,
    "region": ["north"] * 10,
}


@pytest.fixture
def table(tmp_path):
    """Write a table, and give its path."""

    def write(columns, name="plants.csv"):
        path, frame = tmp_path / name, pl.DataFrame(columns)
        frame.write_parquet(path) if name.endswith("parquet") else frame.write_csv(path)
        return str(path)

    return write


def served(environment, seed=1, replication=0):
    """All visits of a replication, stacked, by field."""
    world, blocks = environment.open(seed, replication), []
    while (visits := world.next_block()) is not None:
        world.respond(np.zeros(len(visits), dtype=np.int64))
        blocks.append(visits)
    fields = ("x", "cohort", "rewards", "expected", "welfare", "typical", "index")
    return {field: np.concatenate([getattr(block, field) for block in blocks]) for field in fields}


def lines(**fields):
    with pytest.raises(InputError) as refused:
        Tabular(**fields)
    return refused.value.lines


def test_the_right_label_earns_1_and_the_others_0(table):
    """In the order of the table: fern, moss, fern …; the actions are the classes in alphabetical order."""
    environment = Tabular(path=table(TEN), label="kind", shuffle=False)
    visits = served(environment)
    assert environment.problem.actions == ("fern", "moss")
    assert visits["rewards"].tolist() == visits["expected"].tolist() == [[1, 0], [0, 1]] * 5
    assert (visits["welfare"] == 0).all()
    assert environment.about.bad_means == ""
    assert not environment.about.estimated
    assert environment.problem.reward_range == (0, 1)


def test_reward_columns_are_the_rewards(table):
    """Ten rows of a = 0 … 9 and b = 4: bad below 4 are the actions a of the rows 0 to 3; a reward of 4 is not."""
    path = table({"x": list(range(10)), "a": list(range(10)), "b": [4.0] * 10})
    environment = Tabular(path=path, rewards=("a", "b"), bad_below=4.0, shuffle=False)
    visits = served(environment)
    assert visits["rewards"].tolist() == [[a, 4] for a in range(10)]
    assert visits["welfare"].tolist() == [[a - 4, 0] for a in range(10)]
    assert environment.problem.reward_range == (0, 9)
    assert environment.about.bad_means == "A recommendation is bad where the table records a reward below 4 for it."
    assert environment.about.tolerance == 0


def test_nothing_earns_0_and_is_never_bad(table):
    """Rewards of 2 and 3 are bad below 2.5; the range of rewards takes in the 0 of showing nothing."""
    path = table({"x": list(range(10)), "a": [2.0] * 10, "b": [3.0] * 10})
    environment = Tabular(path=path, rewards=("a", "b"), bad_below=2.5, show_nothing=True)
    assert environment.problem.actions == ("a", "b", "nothing")
    assert environment.problem.nothing == 2
    assert environment.problem.reward_range == (0, 3)
    visits = served(environment)
    assert visits["rewards"].tolist() == [[2, 3, 0]] * 10
    assert visits["welfare"].tolist() == [[-0.5, 0.5, 0]] * 10
    assert visits["typical"].tolist() == [[2, 3, 0]] * 10


def test_a_reward_that_equals_the_bound_is_not_bad_whatever_the_rounding(table):
    """0.1 + 0.2 is 0.30000000000000004; a bound of that, and a reward of 0.3, are the same to a reader."""
    path = table({"x": list(range(10)), "a": [0.3] * 10, "b": [0.1] * 10})
    environment = Tabular(path=path, rewards=("a", "b"), bad_below=0.1 + 0.2)
    assert served(environment)["welfare"].tolist() == [[0, -0.2]] * 10


def test_what_is_typical_is_the_mean_over_the_rows_of_the_cohort(table):
    """North: fern 5 of 10 rows. South: fern 8 of 10. So (.5, .5) and (.8, .2), and half of the rows each."""
    path = table(
        {
            "x": list(range(20)),
            "region": ["north"] * 10 + ["south"] * 10,
            "kind": ["fern", "moss"] * 5 + ["fern"] * 8 + ["moss"] * 2,
        }
    )
    environment = Tabular(path=path, label="kind", cohort="region", shuffle=False)
    visits = served(environment)
    assert visits["cohort"].tolist() == [0] * 10 + [1] * 10
    assert visits["typical"].tolist() == [[0.5, 0.5]] * 10 + [[0.8, 0.2]] * 10
    assert [(c.key, c.name, c.share) for c in environment.about.cohorts] == [
        ("north", "visitors with region north", 0.5),
        ("south", "visitors with region south", 0.5),
    ]
    assert dict(environment.about.cohorts[1].text) == {
        "Rows": "10 of 20.",
        "Right most often": "fern (80.0 %), moss (20.0 %).",
    }
    assert environment.problem.cohorts == ("north", "south")
    assert Tabular(path=path, label="kind", cohort="region", observe_cohort=False).problem.cohorts is None
    assert environment.problem.features == ("constant", "x")


def test_without_a_cohort_everybody_is_one(table):
    (cohort,) = Tabular(path=table(TEN), label="kind").about.cohorts
    assert (cohort.key, cohort.name, cohort.share) == ("everybody", "everybody", 1.0)


def test_numbers_are_standardised_and_categories_are_yes_or_no(table):
    """Size is 1 or 3: mean 2, sd 1. Soil: clay is all zeros. Wet is 1 or 0. The region is the same everywhere."""
    environment = Tabular(path=table(TEN), label="kind", shuffle=False)
    assert environment.problem.features == ("constant", "size", "soil=peat", "soil=sand", "wet")
    x = served(environment)["x"]
    assert x[:3] == pytest.approx(np.array([[1, -1, 0, 0, 1], [1, 1, 0, 1, 0], [1, -1, 1, 0, 1]]))
    notes = " ".join(environment.about.notes)
    assert "Left out: region (always the same)." in notes
    assert "size, soil, wet" in notes


def test_zeros_and_ones_stay_as_they_are():
    frame = pl.DataFrame({"flag": [0, 1, 1], "half": [0.0, 0.5, 1.0]})
    x = features_of(frame, ("flag", "half")).x
    assert x[:, 1].tolist() == [0, 1, 1]
    assert x[:, 2] == pytest.approx([-np.sqrt(1.5), 0, np.sqrt(1.5)])


def test_huge_numbers_are_standardised_without_overflow():
    """±1e300: mean 0, sd 1e300."""
    x = features_of(pl.DataFrame({"huge": [-1e300, 1e300]}), ("huge",)).x
    assert x[:, 1].tolist() == [-1, 1]


def test_numbers_that_differ_by_less_than_a_float_tells_are_always_the_same():
    """A float holds 2^60, and next 2^60 + 256."""
    features = features_of(pl.DataFrame({"id": [2**60, 2**60 + 1]}), ("id",))
    assert (features.names, features.left_out) == (("constant",), (("id", "always the same"),))


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        ([10, 9, 9], ("9", "10")),
        ([True, False, True], ("no", "yes")),
        ([1.0, 2.5, 1.0], ("1", "2.5")),
        (["b", "a", "b"], ("a", "b")),
    ],
)
def test_groups_are_in_order_and_named_as_people_write_them(values, keys):
    named, code = groups_of(pl.Series(values))
    assert named == keys
    assert code.tolist() == [0, 1, 0] if keys == ("1", "2.5") else len(set(code)) == 2


def test_features_are_what_is_asked_for(table):
    """Also the cohort, which is no feature unless it is named."""
    path = table(TEN | {"region": ["north"] * 0 + ["south", "west"] * 5})
    assert Tabular(path=path, label="kind", features=("soil", "region")).problem.features == (
        "constant",
        "soil=peat",
        "soil=sand",
        "region=west",
    )
    assert Tabular(path=path, label="kind", features=()).problem.features == ("constant",)


def test_one_pass_through_all_rows_is_the_default_horizon(table):
    """A column of row numbers tells which rows came: each once a pass, in another order."""
    path = table({"row": list(range(40)), "kind": ["fern", "moss"] * 20})
    one, two = Tabular(path=path, label="kind"), Tabular(path=path, label="kind", horizon=80)
    assert (one.about.horizon, two.about.horizon) == (40, 80)
    row = served(two)["x"][:, 1].round(9).tolist()
    assert sorted(row[:40]) == sorted(row[40:]) == sorted(set(row))
    assert row[:40] != row[40:]
    assert served(one)["x"][:, 1].round(9).tolist() == row[:40]
    assert served(one, replication=1)["x"][:, 1].round(9).tolist() != row[:40]


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(12)), columns=st.permutations(["x", "c", "kind", "region"]))
def test_the_order_of_rows_and_columns_changes_no_truth(tmp_path_factory, order, columns):
    """What every row of the file is worth, and what is typical of its cohort, goes with the row."""
    data = pl.DataFrame(
        {
            "x": [i * i for i in range(12)],
            "c": [f"c{i % 3}" for i in range(12)],
            "kind": ["fern" if i % 5 else "moss" for i in range(12)],
            "region": ["north"] * 12,
        }
    )
    folder = tmp_path_factory.mktemp("orders")
    data.write_csv(folder / "a.csv")
    data[list(order)].select(columns).write_csv(folder / "b.csv")
    features = ("x", "c")
    one, other = (
        served(Tabular(path=str(folder / n), label="kind", cohort="region", features=features, shuffle=False))
        for n in ("a.csv", "b.csv")
    )
    for field in ("rewards", "cohort", "typical"):
        assert np.array_equal(one[field][list(order)], other[field])
    assert one["x"][list(order)] == pytest.approx(other["x"], abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30).filter(lambda v: len(set(v)) > 2))
def test_a_standardised_number_has_mean_0_and_sd_1(values):
    spread = np.std(values)
    x = features_of(pl.DataFrame({"v": values}), ("v",)).x[:, 1]
    assert np.isfinite(x).all()
    if spread > 1e-6 * np.abs(values).max():
        assert x.mean() == pytest.approx(0, abs=1e-6)
        assert x.std() == pytest.approx(1, abs=1e-6)


def test_a_parquet_file_and_a_csv_file_of_the_same_table_make_the_same_visits(table):
    one = Tabular(path=table(TEN), label="kind", shuffle=False)
    other = Tabular(path=table(TEN, "plants.parquet"), label="kind", shuffle=False)
    for field, values in served(one).items():
        assert np.array_equal(values, served(other)[field])


def test_a_world_is_named_by_the_content_of_its_file_and_not_by_its_place(table):
    one = Tabular(path=table(TEN), label="kind")
    twin = Tabular(path=table(TEN, "copy.csv"), label="kind")
    other = Tabular(path=table(TEN | {"size": [2.0, 3.0] * 5}, "other.csv"), label="kind")
    assert identity(one) == identity(twin) != identity(other)
    assert one.sha256 == twin.sha256 != other.sha256
    assert "path" not in table_of(one)
    assert one.about.notes[0].startswith("Source: plants.csv, 10 rows, SHA-256 " + one.sha256[:12])


def test_it_is_called_by_its_file_and_what_differs_from_the_defaults(table):
    path = table(TEN)
    assert Tabular(path=path, label="kind").label == "Tabular(plants.csv, label=kind)"
    assert Tabular(path=path, rewards=("size", "wet")).label == "Tabular(plants.csv, rewards=('size', 'wet'))"
    assert Tabular(path=path, label="kind", name="mine").label == "mine"
    assert title_of("data/heart-disease_2.csv") == "Heart disease 2"


def test_a_table_of_toml_makes_it_and_it_makes_a_table(table):
    path = table(TEN)
    made = from_table({"kind": "Tabular", "path": path, "label": "kind", "features": ["size"]}, ENVIRONMENTS, "world")
    assert made == Tabular(path=path, label="kind", features=("size",))
    assert table_of(made)["label"] == "kind"
    again = from_table(table_of(made) | {"path": path}, ENVIRONMENTS, "world")
    assert again == made == pickle.loads(pickle.dumps(made))  # noqa: S301  our own


def test_a_changed_file_is_refused_where_its_sha256_is_given(table):
    path = table(TEN)
    digest = Tabular(path=path, label="kind").sha256
    assert Tabular(path=path, label="kind", sha256=digest).sha256 == digest
    table(TEN | {"size": [2.0, 3.0] * 5})
    (line,) = lines(path=path, label="kind", sha256=digest)
    assert line.startswith(f"Tabular: sha256: {path} has another SHA-256, ")


def test_a_file_that_is_no_table_is_said_in_one_line(table, tmp_path):
    assert lines(path="no.csv", label="kind") == ["Tabular: path: no.csv is not there; check the path"]
    (line,) = lines(path=str(tmp_path), label="kind")
    assert "is a folder" in line
    (tmp_path / "notes.txt").write_text("hello")
    assert "must end in .csv" in lines(path=str(tmp_path / "notes.txt"), label="kind")[0]
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    assert "is no table" in lines(path=str(tmp_path / "broken.parquet"), label="kind")[0]
    (tmp_path / "empty.csv").write_text("a,b\n")
    assert lines(path=str(tmp_path / "empty.csv"), label="a")[0].endswith("empty.csv has no rows")
    (tmp_path / "table").write_text("a,b\n")
    assert lines(path=str(tmp_path / "table"), label="a")[0].endswith(
        "must end in .csv, .tsv or .parquet, got no ending"
    )


COMMAS = "must have its values separated by commas, got"
NO_TEXT_TABLE = {
    "semicolons": ("a.csv", b"a;b\n1;2\n", f"{COMMAS} semicolons in the header; save it with commas"),
    "decimal commas": ("a.csv", b"a;b\n1,5;2\n", f"{COMMAS} semicolons in the header; save it with commas"),
    "tabs": ("a.csv", b"\na\tb\n1\t2\n", f"{COMMAS} tabs in the header; save it with commas"),
    "no tabs": (
        "a.tsv",
        b"a,b\n1,2\n",
        "must have its values separated by tabs, got commas in the header; save it with tabs",
    ),
    "Latin-1": ("a.csv", b"a,b\n\xe9,1\n", "must be UTF-8 text, got another encoding at byte 4; save it as UTF-8"),
    "a name twice": (
        "a.csv",
        b'\xef\xbb\xbfa,b,"a"\n1,2,3\n',
        "must name every column once in its header, got 'a' twice; rename one",
    ),
    "names twice": (
        "a.tsv",
        b"a\tb\ta\t\t\n1\t2\t3\t4\t5\n",
        "must name every column once in its header, got 'a', '' twice; rename one",
    ),
    "too many values": (
        "a.csv",
        b"a,b\n1,5,2\n",
        "is no table: a row has more values than the header; commas within a value must stand in quotes",
    ),
}


@pytest.mark.parametrize(("name", "raw", "why"), NO_TEXT_TABLE.values(), ids=NO_TEXT_TABLE)
def test_text_that_is_no_table_says_what_to_mend(tmp_path, name, raw, why):
    (tmp_path / name).write_bytes(raw)
    assert lines(path=str(tmp_path / name), label="b") == [f"Tabular: path: {tmp_path / name} {why}"]


def test_a_semicolon_within_a_name_or_a_value_is_text(tmp_path):
    (tmp_path / "a.csv").write_text('"a;b",c\n' + "1;2,x\n3;4,y\n" * 5)
    assert Tabular(path=str(tmp_path / "a.csv"), label="c").problem.features == ("constant", "a;b=3;4")


NULLS = [1.0, None, float("nan"), 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, float("inf")]
FAULTS = [
    ({}, ["label: is missing; name the column of the right class, or a column an action in rewards"]),
    ({"label": "kind", "rewards": ("size", "wet")}, ["rewards: must not go with label; keep one of the two"]),
    ({"rewards": ("size",)}, ["rewards: must name two columns or more, got 1"]),
    ({"rewards": ("size", "size")}, ["rewards[2]: column 'size' is named twice; name it once"]),
    ({"rewards": ("size", "soil")}, ["rewards[2]: column 'soil' holds text, and no numbers"]),
    ({"label": "knid"}, ["label: unknown column 'knid' (known: kind, region, size, soil, wet); did you mean 'kind'?"]),
    ({"label": "region"}, ["label: column 'region' has the class 'north' alone; a label must have two or more"]),
    ({"label": "kind", "cohort": "kind"}, ["cohort: column 'kind' says what is right, so it cannot be the cohort too"]),
    (
        {"label": "kind", "cohort": "soil"},
        [
            "cohort: column 'soil': cohort 'clay' has 4 rows, fewer than 10; merge it with another",
            "cohort: column 'soil': cohort 'peat' has 2 rows, fewer than 10; merge it with another",
            "cohort: column 'soil': cohort 'sand' has 4 rows, fewer than 10; merge it with another",
        ],
    ),
    (
        {"label": "kind", "features": ("size", "kind", "size")},
        [
            "features[3]: column 'size' is named twice; name it once",
            "features[2]: column 'kind' says what is right, and must not be seen; leave it out",
        ],
    ),
    (
        {"label": "knid", "cohort": "regoin", "features": ("sise",)},
        [
            "label: unknown column 'knid' (known: kind, region, size, soil, wet); did you mean 'kind'?",
            "cohort: unknown column 'regoin' (known: kind, region, size, soil, wet); did you mean 'region'?",
            "features[1]: unknown column 'sise' (known: kind, region, size, soil, wet); did you mean 'size'?",
        ],
    ),
    ({"label": "kind", "horizon": 0}, ["horizon: must be greater than or equal to 1, got 0"]),
    ({"label": "kind", "bad_below": "low"}, ["bad_below: must be a number, got 'low'"]),
]


@pytest.mark.parametrize(("fields", "said"), FAULTS)
def test_all_faults_are_said_at_once_in_a_line_each(table, fields, said):
    assert lines(path=table(TEN), **fields) == [f"Tabular: {line}" for line in said]


def test_gaps_are_counted_and_refused_wherever_they_matter(table):
    """A null, a NaN and an infinity in size; a blank soil; a null kind. The region has no value at all: left out."""
    columns = TEN | {
        "size": NULLS,
        "soil": ["clay", " "] + ["sand"] * 8,
        "kind": [None, "fern"] + ["moss"] * 8,
        "region": pl.Series([None] * 10, dtype=pl.String),
    }
    mend = "fill them in, or drop these rows (or leave the column out)"
    assert lines(path=table(columns, "gaps.parquet"), label="kind") == [
        "Tabular: label: column 'kind': 1 of 10 rows has no value; fill them in, or drop these rows",
        f"Tabular: features: column 'size': 3 of 10 rows have no value; {mend}",
        f"Tabular: features: column 'soil': 1 of 10 rows has no value; {mend}",
    ]


def test_what_cannot_be_a_class_a_cohort_or_a_feature_says_what_to_do(table):
    """1,001 classes, 51 cohorts, 51 categories, fractions, a date."""
    V = 1001
    columns = {
        "id": list(range(V)),
        "fraction": [i + 0.5 for i in range(V)],
        "many": [f"m{i % 51:02}" for i in range(V)],
        "when": pl.Series([None] * (V - 1) + [0], dtype=pl.Int32).cast(pl.Date),
        "kind": ["fern", "moss"] * 500 + ["fern"],
        "all": ["all", "some"] * 500 + ["all"],
    }
    path = table(columns, "many.parquet")
    merge, out = "merge some (or leave the column out)", "(or leave the column out)"
    assert lines(path=path, label="id", cohort="many", features=("many", "when")) == [
        "Tabular: label: column 'id' has 1001 classes, and 1000 at most can be actions; merge the rare ones",
        "Tabular: cohort: column 'many' has 51 different values, and 50 at most can be cohorts; bin it first",
        f"Tabular: features[1]: column 'many' has 51 different values, and 50 at most can be features; {merge}",
        f"Tabular: features[2]: column 'when' holds Date; it must hold numbers, truth values or text: convert it {out}",
    ]
    (line,) = lines(path=path, label="fraction")
    assert (
        line
        == "Tabular: label: column 'fraction' has fractions, so it is no class; bin it first, or name it in rewards"
    )
    (line,) = lines(path=path, label="kind", cohort="all")
    assert line.endswith("column 'all': 'all' is how tables call everybody; give that cohort another name")
    made = Tabular(path=path, label="kind")
    assert made.problem.features == ("constant", "id", "fraction", "all=some")
    assert "Left out: many (51 different texts), when (holds Date)." in " ".join(made.about.notes)


def test_a_class_called_nothing_cannot_go_with_showing_nothing(table):
    path = table(TEN | {"kind": ["fern", "nothing"] * 5})
    assert Tabular(path=path, label="kind").problem.nothing is None
    assert lines(path=path, label="kind", show_nothing=True) == [
        "Tabular: show_nothing: 'nothing' is an action of the table already; rename it there, or leave show_nothing out"
    ]


def test_text_that_is_stored_as_a_category_is_text(table):
    path = table(TEN | {"soil": pl.Series(TEN["soil"], dtype=pl.Categorical)}, "coded.parquet")
    plain = Tabular(path=table(TEN), label="kind", shuffle=False)
    coded = Tabular(path=path, label="kind", shuffle=False)
    assert plain.problem.features == coded.problem.features
    assert np.array_equal(served(plain)["x"], served(coded)["x"])


@settings(max_examples=40, deadline=None)
@given(
    junk=st.binary(max_size=300), place=st.floats(0, 1), kind=st.sampled_from(["junk.csv", "junk.parquet", "worse.csv"])
)
def test_whatever_is_in_a_file_it_is_a_world_or_is_refused(tmp_path_factory, junk, place, kind):
    """Junk alone, or a good file with junk in the middle: any other error than an InputError would be a bug."""
    path, good = tmp_path_factory.mktemp("junk") / kind, pl.DataFrame(TEN).write_csv().encode()
    middle = int(place * len(good))
    path.write_bytes(good[:middle] + junk + good[middle:] if kind == "worse.csv" else junk)
    with contextlib.suppress(InputError):
        served(Tabular(path=str(path), label="kind"))


@pytest.mark.parametrize("length", range(0, 1_000, 50))
def test_the_beginning_of_a_parquet_file_is_no_table(table, tmp_path, length):
    """As after a download that was cut off."""
    whole = pathlib.Path(table(TEN, "whole.parquet")).read_bytes()
    assert length < len(whole)
    (tmp_path / "cut.parquet").write_bytes(whole[:length])
    (line,) = lines(path=str(tmp_path / "cut.parquet"), label="kind")
    assert line.startswith(f"Tabular: path: {tmp_path}/cut.parquet is no table: ")


def test_what_makes_the_reader_of_tables_panic_is_said_in_one_line(table, monkeypatch):
    """A damaged parquet file can make polars panic, which is no Exception of Python's."""

    def panic(_):
        raise pl.exceptions.PanicException("range end index 9 out of range")

    path = table(TEN, "broken.parquet")
    monkeypatch.setattr(pl, "read_parquet", panic)
    assert lines(path=path, label="kind") == [f"Tabular: path: {path} is no table: range end index 9 out of range"]
