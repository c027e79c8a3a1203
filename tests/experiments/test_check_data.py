"""`check-data`: what it prints, its exit status, and that no file brings it down."""

import json
import pathlib
import re
import time

import numpy as np
import polars as pl
import pytest
from command_line import call

from bandits import EpsilonGreedy
from environments import ClothingReviews
from experiments.runner import run_cell

N = 3000


def log(seed=0):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "action": np.array(["tea", "jam"])[rng.integers(0, 2, N)],
            "propensity": np.full(N, 0.5),
            "reward": rng.integers(0, 2, N),
            "x_basket": rng.normal(size=N),
        }
    )


def write(frame, path):
    frame.write_csv(
        path, separator="\t" if path.suffix == ".tsv" else ","
    ) if path.suffix != ".parquet" else frame.write_parquet(path)
    return str(path)


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_a_fit_log_ends_with_0_and_says_so_first(ending, tmp_path, capsys):
    path = write(log(), tmp_path / f"log.{ending}")
    status, told, out = call(capsys, "check-data", path, "--gap", "0.2")
    assert (status, told) == (0, [])
    assert out[0] == f"{path}: fit for use, no warnings"
    assert out[1] == "3,000 visits, 2 actions, 1 feature, no cohorts."


def test_an_unfit_log_ends_with_1_and_says_what_forbids_it_first(tmp_path, capsys):
    path = write(log().with_columns(x_paid="reward"), tmp_path / "log.csv")
    status, told, out = call(capsys, "check-data", path, "--gap", "0.2")
    assert (status, told) == (1, [])
    assert out[0] == f"{path}: not fit for use: 1 finding forbids it, no warnings"
    assert out.index("Forbids use") < out.index("Fine") < out.index("Columns")
    assert any("To do: Leave out what is not known" in line for line in out)


def test_it_is_wrapped_at_80_columns_and_drawn_without_boxes(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    path = write(log().with_columns(x_paid="reward"), tmp_path / "log.parquet")
    _, _, out = call(capsys, "check-data", path)
    assert all(len(line) <= 80 for line in out[1:])
    assert not any(letter in line for line in out for letter in "│╭╰┃")


def test_a_program_reads_the_same(tmp_path, capsys):
    path = write(log().with_columns(x_paid="reward"), tmp_path / "log.csv")
    status, _, out = call(capsys, "check-data", path, "--json")
    said = json.loads("\n".join(out))
    assert (status, said["fit"], said["visits"], said["actions"]) == (1, False, N, 2)
    assert said["findings"][0]["severity"] == "forbids"
    assert said["findings"][0]["check"] == "leaks"
    assert said["columns"][0] == {"name": "action", "type": "String", "role": "action", "nulls": 0, "distinct": 2}


def test_options_name_the_columns(tmp_path, capsys):
    names = {"action": "shown", "propensity": "chance", "reward": "paid", "x_basket": "basket"}
    frame = log().rename(names).with_columns(band=pl.Series(["a", "b"] * (N // 2)), day=pl.int_range(N))
    path = write(frame, tmp_path / "log.csv")
    words = ("--action", "shown", "--propensity", "chance", "--reward", "paid", "--cohort", "band", "--time", "day")
    status, _, out = call(capsys, "check-data", path, *words, "--features", "basket", "--gap", "0.2", "--json")
    roles = {column["name"]: column["role"] for column in json.loads("\n".join(out))["columns"]}
    assert status == 0
    assert list(roles.values()) == ["action", "propensity", "reward", "feature", "cohort", "time"]


def test_columns_that_are_not_there_are_a_line_each_and_status_2(tmp_path, capsys):
    path = write(log(), tmp_path / "log.csv")
    status, told, out = call(capsys, "check-data", path, "--action", "actoin", "--features", "x_basket,x_baskte")
    assert (status, out) == (2, [])
    known = "(known: action, propensity, reward, x_basket)"
    assert told == [
        f"{path}: action: unknown column 'actoin' {known}; did you mean 'action'?",
        f"{path}: features: unknown column 'x_baskte' {known}; did you mean 'x_basket'?",
    ]


def test_a_table_without_actions_is_no_log(tmp_path, capsys):
    path = write(log().select("x_basket"), tmp_path / "log.csv")
    status, told, _ = call(capsys, "check-data", path)
    assert (status, len(told)) == (2, 2)
    assert told[0] == (
        f"{path}: action: must be a column, and none is called 'action' or 'item_id' (columns: x_basket); "
        "name it with --action"
    )


def test_the_log_of_a_run_is_fit(tmp_path, capsys):
    """Its folder of parts; the folder above it names the logs in it."""
    run_cell(ClothingReviews(horizon=700, block=512), EpsilonGreedy(epsilon=0.5), 3, 0, tmp_path / "log" / "cell")
    status, _, out = call(capsys, "check-data", str(tmp_path / "log" / "cell"))
    assert status in {0, 1}
    assert out[1] == "700 visits, 14 actions, 5 features, 5 cohorts."
    assert any("The mean weight 1/(K p)" in line for line in out)
    status, told, _ = call(capsys, "check-data", str(tmp_path / "log"))
    assert status == 2
    assert told[0].endswith(
        f"is a folder without parquet files; name one of the logs in it: {tmp_path / 'log' / 'cell'}"
    )


def text(content):
    return lambda path: path.write_bytes(content)


def frame(**columns):
    return lambda path: pl.DataFrame(columns).write_parquet(path)


HALF = {"action": ["a", "b"] * 50, "reward": [1, 0] * 50, "propensity": [0.5] * 100}
RUBBISH = np.random.default_rng(0).bytes(4000)
ODD = {
    "nothing.csv": (2, text(b"")),
    "header.csv": (2, text(b"action,reward\n")),
    "rubbish.csv": (2, text(RUBBISH)),
    "rubbish.parquet": (2, text(RUBBISH)),
    "zeros.csv": (2, text(bytes(1000))),
    "twice.csv": (2, text(b"action,reward,action\n1,1,1\n2,0,2\n1,1,1\n")),
    "log.txt": (2, text(b"action,reward\n1,1\n")),
    "folder.csv": (2, lambda path: path.mkdir()),
    "huge.csv": (
        1,
        text(b"action,reward\n" + b"".join(b"%d,%d\n" % (10**18 + i % 3, 9 * 10**18 + i % 2) for i in range(90))),
    ),
    "no_numbers.csv": (1, text(b"action,reward,propensity\na,yes,0.5\nb,no,0.5\n" * 20)),
    "one_row.parquet": (1, frame(action=["a"], reward=[1.0], propensity=[0.5], x_a=[1])),
    "one_action.parquet": (1, frame(action=["a"] * 100, reward=[1, 0] * 50, x_a=list(range(100)))),
    "no_action.parquet": (1, frame(action=[None] * 100, reward=[1, 0] * 50, cohort=[None] * 100, x_a=[None] * 100)),
    "no_reward.parquet": (1, frame(**HALF | {"reward": [None] * 100})),
    "no_propensity.parquet": (0, frame(**HALF | {"propensity": [None] * 100})),
    "not_finite.parquet": (1, frame(**HALF | {"reward": [float("nan"), float("inf")] * 50})),
    "impossible.parquet": (1, frame(**HALF | {"propensity": [0.0, float("nan")] * 50})),
    "tiny.parquet": (1, frame(**HALF | {"propensity": [1e-320] * 100, "reward": [1e-320, 0] * 50})),
    "vast.parquet": (0, frame(**HALF | {"reward": [1e308, -1e308, 5.0, 1e308] * 25, "x_a": [1e308, -1e308] * 50})),
    "lists.parquet": (2, frame(**HALF | {"action": [[1], [2]] * 50, "cohort": [b"a", b"b"] * 50})),
    "nested.parquet": (
        0,
        frame(**HALF, available=[[True], [True, False]] * 50, x_a=[{"a": 1}] * 100, x_b=[b"a"] * 100),
    ),
    "uint.parquet": (0, frame(**HALF, x_a=pl.Series([2**64 - 1, 2**64 - 1, 0, 0] * 25, dtype=pl.UInt64))),
    "dates.parquet": (
        0,
        frame(**HALF, time=pl.Series(range(100)).cast(pl.Date), x_a=pl.Series([1, 1, 2, 2] * 25).cast(pl.Datetime)),
    ),
    "many_cohorts.parquet": (0, frame(**HALF, cohort=list(range(100)))),
    "true_false.parquet": (
        0,
        frame(**HALF | {"reward": [True, False, False, True] * 25, "action": [True, False] * 50}),
    ),
    "unicode 💥.parquet": (
        0,
        frame(**HALF | {"action": ["ä", "日本\x1b[31m"] * 50, "x_é\n[b]": [0.5, 1.5, 1.5, 0.5] * 25}),
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_no_file_brings_it_down(name, tmp_path, capsys):
    """Status 2 is a line and nothing else; no control character reaches the terminal."""
    status, make = ODD[name]
    make(tmp_path / name)
    ended, told, out = call(capsys, "check-data", str(tmp_path / name))
    assert ended == status, (told, out)
    assert (len(told) >= 1 and not out) if status == 2 else (not told and out[0].startswith(str(tmp_path / name)))
    assert all(letter.isprintable() for line in (*told, *out) for letter in line)
    if status != 2:
        ended, _, out = call(capsys, "check-data", str(tmp_path / name), "--json")
        assert ended == status
        json.loads("\n".join(out))


def test_a_file_that_is_not_there_is_one_line(tmp_path, capsys):
    path = tmp_path / "none.csv"
    assert call(capsys, "check-data", str(path)) == (2, [f"{path}: is not there; check the path"], [])


@pytest.mark.slow
def test_a_million_visits_take_less_than_ten_seconds_a_core(tmp_path, capsys):
    """20 s of processor time over two cores, so that a busy machine fails nobody: 7.5 s when it was measured."""
    rng, n = np.random.default_rng(0), 1_000_000
    columns = {
        "action": rng.integers(0, 10, n),
        "propensity": np.full(n, 0.1),
        "cohort": np.array(["a", "b", "c"])[rng.integers(0, 3, n)],
        "reward": (rng.random(n) < 0.05).astype(np.int64),
        "time": np.arange(n),
    } | {f"x_{i}": rng.normal(size=n) for i in range(8)}
    path = write(pl.DataFrame(columns), tmp_path / "log.parquet")
    before = time.process_time()
    status, _, out = call(capsys, "check-data", path)
    assert (status, out[0]) == (0, f"{path}: fit for use, no warnings")
    assert time.process_time() - before < 20


def test_the_page_shows_what_is_printed(tmp_path, capsys, monkeypatch):
    """The example of docs/check-data.md, run again."""
    page = (pathlib.Path(__file__).parents[2] / "docs" / "check-data.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    shown = re.findall(r"^```text\n(log\.csv.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    exec(code, {})  # noqa: S102  our own page
    _, _, out = call(capsys, "check-data", "log.csv")
    assert ["\n".join(line.rstrip() for line in out) + "\n"] == shown
