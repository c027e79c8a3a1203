"""The policies and the environments on the terminal: all of them, and each in full."""

import itertools
import re
import tomllib
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field
from rich.console import Console

from bandits.description import Description
from bandits.registry import policy_from
from environments.registry import EnvironmentField, environment_from
from experiments.shelf import Shelf, example, show_all, show_one
from experiments.shelves import SHELVES, needed, needs_a_file
from tests.experiments.command_line import call

ROOT = Path(__file__).parents[2]
MAKE = {"policies": policy_from, "environments": environment_from}
EVERY = [(several, name) for several, shelf in SHELVES.items() for name in shelf.kinds]


@pytest.mark.parametrize(
    ("several", "parameters"),
    [
        ("policies", "alpha = 1.0, ridge = 1.0"),
        (
            "environments",
            "horizon = 20000, bound = 0.2, min_reviews = 20, block = 1024, show_nothing = true, observe_cohort = true",
        ),
    ],
)
def test_all_are_listed_once_with_a_line_and_their_parameters(several, parameters, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    shelf = SHELVES[several]
    status, _, said = call(capsys, several)
    assert status == 0
    for family, kinds in shelf.families.items():
        assert family in said
        for kind in kinds:
            assert sum(line.split()[:1] == [kind.__name__] for line in said) == 1
    assert any(line.startswith(f"{len(shelf.kinds)} {several}. ") for line in said)
    assert any(line.strip() == parameters for line in said)


@pytest.mark.parametrize("name", ["LinUCB", "linucb", "LINUCB"])
def test_one_is_shown_in_full_whatever_the_letters(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    status, _, said = call(capsys, "policies", name)
    assert status == 0
    assert "Source: Li, Chu, Langford & Schapire 2010, Algorithm 1." in said
    assert any("width of the confidence bound, in standard deviations" in line for line in said)
    assert "Rewards already learnt can be corrected." in said
    assert any(line.startswith("It has an uncertainty") for line in said)


@pytest.mark.parametrize("name", ["ClothingReviews", "clothingreviews"])
def test_an_environment_is_shown_with_its_size_its_harm_and_its_notes(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    status, _, said = call(capsys, "environments", name)
    assert status == 0
    assert "As in the TOML below: 14 actions, 5 features of the visitor, 5 cohorts, 20,000 visits." in said
    assert any("more than 20 % of the reviewers in the visitor's age band" in line for line in said)
    assert any("CC0" in line for line in said)


@pytest.mark.parametrize(
    ("several", "word", "line"),
    [
        ("policies", "linucv", "unknown policy 'linucv'; did you mean 'LinUCB'? `personabandits policies` lists them"),
        ("policies", "zzz", "unknown policy 'zzz'; `personabandits policies` lists them"),
        (
            "environments",
            "clothing",
            "unknown environment 'clothing'; did you mean 'ClothingReviews'? `personabandits environments` lists them",
        ),
    ],
)
def test_an_unknown_one_is_one_line(several, word, line, capsys):
    assert call(capsys, several, word) == (2, [line], [])


@pytest.mark.parametrize(("several", "name"), EVERY)
def test_every_one_explains_all_its_parameters_and_gives_a_table_that_works(several, name, capsys):
    """A parameter that must be given needs Field(examples=[…]); a file of one's own is named, and need not be there."""
    shelf = SHELVES[several]
    kind = shelf.kinds[name]
    show_one(shelf, name, Console(width=200))
    said = capsys.readouterr().out
    snippet, more = said.split("In a TOML file:\n")[1].split("\nMore: ")
    (table,) = tomllib.loads(snippet)[shelf.what]
    assert Path(ROOT, more.strip()).is_file()
    parameters = [field.alias or key for key, field in kind.model_fields.items() if key != "name"]
    assert needed(kind) <= set(table)
    if not needs_a_file(kind):
        assert type(MAKE[several](table)) is kind
    for parameter in parameters:
        assert re.search(rf"^\s*{parameter}\s+\S+\s+\S", said, re.MULTILINE), parameter


def _rows_after(said, heading):
    """First and second column of the table of parameters behind a heading, without what it says of them."""
    lines = said[said.index(heading) :].splitlines()[1:]
    start = next(i for i, line in enumerate(lines) if "─" in line) + 1
    return [tuple(line.split()[:2]) for line in itertools.takewhile(str.strip, lines[start:])]


@pytest.mark.parametrize(
    ("name", "heading", "rows"),
    [
        ("Launches", "Launches", [("world", "needed"), ("schedule", "needed")]),
        ("Launches", "schedule, as a table", [("from", "0"), ("until", "not"), ("out", "[]")]),
        (
            "Eligible",
            "rule, as a table",
            [(word, "not") for word in ("feature", "at_least", "at_most", "cohorts", "share")],
        ),
        (
            "Noisy",
            "features, as a table",
            [("sd", "0.0"), ("flip", "0.0"), ("missing", "0.0"), ("dropped", "false")],
        ),
    ],
)
def test_what_must_be_given_is_called_needed_and_the_name_of_a_table_is_none_of_its_fields(name, heading, rows, capsys):
    show_one(SHELVES["environments"], name, Console(width=200))
    assert _rows_after(capsys.readouterr().out, heading) == rows


def test_a_name_within_a_table_of_a_list_is_a_field(capsys):
    show_one(SHELVES["environments"], "Bernoulli", Console(width=200))
    assert _rows_after(capsys.readouterr().out, "cohorts, as a table")[0] == ("name", "needed")


def test_the_table_that_is_shown_of_a_file_of_ones_own_loads_where_the_file_fits(tmp_path):
    (tmp_path / "table.csv").write_text("size,species\n" + "1.0,fern\n2.0,moss\n" * 5)
    table = example(SHELVES["environments"].kinds["Tabular"])
    assert environment_from(table | {"path": str(tmp_path / table["path"])}).problem.actions == ("fern", "moss")


class Group(Description):
    """Some of them.

    Args:
        share: of the visitors.
        gap: to the others.
    """

    share: float
    gap: float = Field(default=0.0, alias="from")


class Within(Description):
    """A world around a world.

    Args:
        world: the inner one.
        path: of a log.
        groups: who comes.
        steps: when it changes.
        weights: by name.
        bound: if any.
        every: so often.

    Raises:
        InputError: never.
    """

    incidental = frozenset({"path"})

    world: EnvironmentField
    path: Annotated[str, Field(examples=["log.csv"])]
    groups: tuple[Group, ...] = (Group(share=0.5), Group(**{"share": 0.5, "from": 1.0}))
    steps: tuple[tuple[int, str], ...] = ((1, 'a "b"'),)
    weights: dict[str, float] = Field(default_factory=lambda: {"return rate": -1.0, "sales": 2.0})
    bound: float | None = None
    every: int | None = Field(default=None, examples=[5])


def test_tables_in_tables_are_shown_as_toml_has_them(capsys):
    shelf = Shelf("world", "worlds", {"all": (Within,)}, "within", "", lambda kind, table: [])
    show_one(shelf, "WITHIN", Console(width=200))
    said = capsys.readouterr().out
    assert said.split("In a TOML file:\n")[1].splitlines() == [
        "[[world]]",
        'kind = "Within"',
        'world = { kind = "ClothingReviews" }',
        'path = "log.csv"',
        "groups = [{ share = 0.5 }, { share = 0.5, from = 1.0 }]",
        'steps = [[1, "a \\"b\\""]]',
        'weights = { "return rate" = -1.0, sales = 2.0 }',
        "every = 5",
        "",
        "More: docs/worlds.md",
    ]
    assert "groups, as a table: Some of them." in said
    assert re.search(r"^ *from +0\.0 +to the others\. *$", said, re.MULTILINE)
    assert re.search(r"^ *bound +not given +if any\. *$", said, re.MULTILINE)
    assert "Raises" not in said
    assert needs_a_file(Within)


def test_the_list_says_which_parameters_are_needed(capsys):
    shelf = Shelf("world", "worlds", {"all": (Within,)}, "within", "", lambda kind, table: [])
    show_all(shelf, Console(width=300))
    assert "world (needed), path (needed), groups = [{ share = 0.5 }, { sh" in capsys.readouterr().out
