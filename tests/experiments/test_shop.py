from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from bandits.description import fields_of
from bandits.errors import InputError
from environments.shop.catalogue import Item
from environments.shop.changes import Incident, Promotion
from environments.shop.features import Feature
from environments.shop.objective import Objective
from environments.shop.persona import Persona
from environments.shop.scenario import Scenario
from experiments.shop import check, new, show

TEMPLATE = Path(__file__).parents[2] / "environments" / "new_shop.toml"


def printed(command, name: str, width: int = 80) -> str:
    out = io.StringIO()
    command(name, Console(file=out, width=width, force_terminal=False))
    return out.getvalue()


def edited(folder: Path, *edits: tuple[str, str]) -> str:
    text = TEMPLATE.read_text("utf-8")
    for old, new_ in edits:
        assert old in text
        text = text.replace(old, new_)
    file = folder / "mine.toml"
    file.write_text(text, "utf-8")
    return str(file)


def words(text: str) -> str:
    return " ".join(text.split())


def test_show_prints_every_card_whole():
    out = words(printed(show, "acme"))
    for persona in Scenario.load("acme").personas:
        assert f"{persona.name}, {persona.role}" in out
        for text in (persona.motivations, persona.goals):
            assert text in out
        assert persona.profile in out


def test_show_prints_every_item_and_what_it_is_worth_to_each_persona():
    """A row in the catalogue, and a row for each of three personas."""
    lines = printed(show, "acme").splitlines()
    for item in Scenario.load("acme").items:
        assert sum(line.strip().startswith(item.name) for line in lines) == 4


def test_show_marks_good_harmless_and_bad():
    """To Tianqi, everyday widgets are worth .41, spare brackets −.03 (no worse than −.05), office cases −.40."""
    out = printed(show, "acme")
    tianqi = out[out.index("worth to Tianqi") :]

    def row(item):
        return next(line for line in tianqi.splitlines() if line.strip().startswith(item)).split()[-1]

    assert [row("Everyday widget"), row("Spare bracket"), row("Office case")] == ["good", "harmless", "bad"]


@pytest.mark.parametrize("command", [show, check])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_the_terminal_and_needs_no_colour(command, width):
    out = printed(command, "acme", width)
    assert max(len(line) for line in out.splitlines()) <= width
    assert "\x1b" not in out


@pytest.mark.parametrize("command", [show, check])
def test_names_are_printed_as_they_are(tmp_path, command):
    """Square brackets are markup to rich, and none of a user's."""
    path = edited(
        tmp_path, ('"Ada"', '"A[b]d"'), ('"Heirloom seeds"', '"[red]seeds[/]"'), ('currency = "$"', 'currency = "[x]"')
    )
    out = printed(command, path)
    assert "A[b]d" in out
    assert "[red]seeds[/]" in out


def test_check_foresees_visits():
    """820 · 180 · (.06 · .0714 + .60 · .1429 + .34 · .1667) = 147,600 · .146702 = 21,653, of which Luke's are 632."""
    out = printed(check, "acme")
    assert "about 21,653 visits in 180 days: 120.3 a day" in words(out)
    luke = next(line for line in out.splitlines() if line.strip().startswith("Luke"))
    assert luke.split()[:6] == ["Luke", "49", "632", "2", "of", "12"]
    assert "Refill carton (+0.27)" in luke
    assert "No warnings." in out


def test_check_counts_those_who_join(tmp_path):
    """400 customers and .5 a day for 120 days: 60, there for half of the time, make 400 + 30; a third of them Ada's.

    Ada: .35 · 430 · 120 · .1 = 1,806; Ben: .65 · 430 · 120 · .06 = 2,012.4.
    """
    out = words(printed(check, edited(tmp_path)))
    assert "about 3,818 visits in 120 days" in out
    assert "Ada 161 1,806" in out
    assert "Ben 299 2,012" in out


@pytest.mark.parametrize(
    ("edits", "warning"),
    [
        (
            [("outside = 2.5 ", "outside = 9.0 "), ("outside = 2.5\n", "outside = 9.0\n")],
            "Ben: no item is good for him; any of them leaves him worse off than nothing would.",
        ),
        (
            [("visit_rate = 0.06", "visit_rate = 0.005")],
            "Ben: about 168 visits are few to learn from; have more customers, or more days.",
        ),
        (
            [
                ("mobile = 0.20", "mobile = 0.75"),
                ("has_garden = 0.95", "has_garden = 0.10"),
                ("mean = 0.6", "mean = -0.3"),
            ],
            "Ada: the features hardly tell her apart; 0% of her visits are recognised.",
        ),
        (
            [("weights.revenue = 1.0", "weights.returns = -1.0")],
            "revenue: showing nothing wins, since nothing that it weights is welcome; set must_show = true.",
        ),
    ],
    ids=["no good item", "few visits", "not told apart", "silence wins"],
)
def test_check_warns(tmp_path, edits, warning):
    edits = [edit for edit in edits if edit[0] in TEMPLATE.read_text("utf-8")]
    out = words(printed(check, edited(tmp_path, *edits)))
    assert "1 warning:" in out
    assert f"- {warning}" in out


def test_check_raises_what_is_wrong(tmp_path):
    path = edited(tmp_path, ("share = 0.35", "share = 0.45"))
    with pytest.raises(InputError) as caught:
        printed(check, path)
    assert str(caught.value) == f"{path}: persona.ada.share: the shares of all personas must add up to 1, got 1.1"


def test_a_new_shop_is_sound_and_warns_of_nothing(tmp_path):
    new(str(tmp_path / "my-shop.toml"))
    shop = Scenario.load(str(tmp_path / "my-shop.toml"))
    assert (len(shop.personas), len(shop.items)) == (2, 4)
    assert "No warnings." in printed(check, str(tmp_path / "my-shop.toml"))


def test_a_new_shop_explains_every_key():
    """Where a key first stands, a comment follows; what people read explains itself, and weights have a paragraph."""
    settings = set(Scenario.model_fields) - {"personas", "items", "objectives", "incidents", "promotions"}
    parts = (Feature, Persona, Item, Objective, Incident, Promotion)
    fields = settings.union(*(fields_of(part) for part in parts))
    clear = {"key", "name", "meaning", "role", "profile", "motivations", "goals", "asks", "note", "weights"}
    first = {}
    for text in TEMPLATE.read_text("utf-8").splitlines():
        line = text.removeprefix("# ")  # what is optional
        key = line.split(" = ")[0] if not line.startswith("[") else line.split("]")[0].split(".")[-1]
        first.setdefault(key, line)
    assert [field for field in sorted(fields - clear) if "#" not in first[field]] == []


def test_new_never_overwrites_unless_told_to(tmp_path):
    path = tmp_path / "my-shop.toml"
    path.write_text("mine")
    with pytest.raises(InputError) as caught:
        new(str(path))
    assert str(caught.value) == f"{path}: is there already; choose another name, or --force"
    assert path.read_text() == "mine"
    new(str(path), force=True)
    assert path.read_text("utf-8") == TEMPLATE.read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("shop", "shop: must end with .toml; call it shop.toml"),
        ("folder.toml", "folder.toml: is a folder; name a .toml file in it"),
        ("gone/shop.toml", "gone/shop.toml: must be in a folder that is there; make 'gone' first"),
    ],
)
def test_new_refuses(tmp_path, monkeypatch, name, line):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(InputError) as caught:
        new(name)
    assert str(caught.value) == line


CHANGES = (
    ("# season = { amplitude", "season = { amplitude"),
    ("# launch", "launch"),
    ("# retire", "retire"),
    ("# out_of_stock", "out_of_stock"),
    *((f"# {word}", word) for word in ("[[incident]]", "[[promotion]]", "item =", "day =", "until =", "defect =")),
    *((f"# {word}", word) for word in ("from =", "price =")),
)


@pytest.mark.parametrize("command", [show, check])
def test_what_changes_is_said_in_a_line_each(tmp_path, command):
    """Ada comes .10 · (1 ± .3) times a day; everything else is as the template has it, behind a #."""
    assert "What changes" not in printed(command, edited(tmp_path))
    out = printed(command, edited(tmp_path, *CHANGES), width=200)
    for line in (
        "- Ada: 0.13 visits a day at the peak, day 120, and 0.07 at the trough; every 365 days.",
        "- Miracle feed: on sale from day 30 to day 109.",
        "- Miracle feed: out of stock from day 40 to day 49.",
        "- Miracle feed: out of stock from day 70 to day 71.",
        "- Sack of compost: defect 1.5 instead of 0 from day 60 to day 89.",
        "- Potted lavender: $14.00 instead of $18.00 from day 20 to day 29.",
    ):
        assert line in out


def test_check_warns_of_changes_that_nobody_will_notice(tmp_path):
    """Miracle feed is launched after the last day, 119; compost is out of stock while it is bad."""
    edits = (("# launch = 30 ", "launch = 120 "), ("# out_of_stock = [[40, 50]", "out_of_stock = [[60, 90]"))
    incident = ("# [[incident]]", '[[incident]]\nitem = "heirloom_seeds"\nday = 120\ndefect = 1.0\n#')
    out = words(printed(check, edited(tmp_path, *edits, incident), width=200))
    assert "Miracle feed: is not on sale on any of the 120 days." in out
    assert "incident[1]: heirloom_seeds is not on sale from day 120, within 120 days." in out
    assert "2 warnings:" in out


def test_check_warns_of_sales_that_change_nothing(tmp_path):
    """Miracle feed is sold from day 30 to 109, of 120 days; what ends on day 120 is not seen to end."""
    sold = ("# launch = 30 ", "launch = 30 ")
    spans = "[[40, 50], [49, 52], [500, 600], [10, 30], [110, 115], [100, 130]]"
    stock = ("# out_of_stock = [[40, 50], [70, 72]]", f"out_of_stock = {spans}")
    warned = {
        "retire = 110": [
            "Miracle feed: out_of_stock[2], from day 49 to day 51, overlaps with out_of_stock[1].",
            "Miracle feed: out_of_stock[3], from day 500 to day 599, is after the last day, 119.",
            "Miracle feed: out_of_stock[4], from day 10 to day 29, is when it is not on sale anyway.",
            "Miracle feed: out_of_stock[5], from day 110 to day 114, is when it is not on sale anyway.",
            "Miracle feed: out_of_stock[6], from day 100 to day 129, overlaps with out_of_stock[5].",
        ],
        "retire = 120": [
            "Miracle feed: retires on day 120, after the last day, 119.",
            "Miracle feed: out_of_stock[2], from day 49 to day 51, overlaps with out_of_stock[1].",
            "Miracle feed: out_of_stock[3], from day 500 to day 599, is after the last day, 119.",
            "Miracle feed: out_of_stock[4], from day 10 to day 29, is when it is not on sale anyway.",
            "Miracle feed: out_of_stock[6], from day 100 to day 129, overlaps with out_of_stock[5].",
        ],
    }
    for retire, lines in warned.items():
        out = printed(check, edited(tmp_path, sold, stock, ("# retire = 110", retire)), width=200)
        assert re.findall("- (Miracle feed: (?:retires|out_of_stock).*[.])", out) == lines
        assert f"{len(lines)} warnings:" in out


def test_check_counts_visits_by_season(tmp_path):
    """A swing of 100 % over 240 days from a peak on day 60: days 0 to 119 hold its upper half, a factor 1 + 2 / pi."""
    season = "season = { amplitude = 0.3, peak = 120, period = 365 }"
    wide = "season = { amplitude = 1, peak = 59.5, period = 240 }"
    assert "1,806" in printed(check, edited(tmp_path))
    joined = 400 + 0.5 * (np.arange(120) + 0.5)
    ada = 0.35 * 0.1 * (joined * (1 + np.cos(2 * np.pi * (np.arange(120) - 59.5) / 240))).sum()
    assert ada == pytest.approx(1806 * (1 + 2 / np.pi), rel=0.01)
    assert f"{ada:,.0f}" in printed(check, edited(tmp_path, (f"# {season}", wide)))
