from __future__ import annotations

import math
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.description import identity
from bandits.errors import InputError
from environments.shop.catalogue import Item
from environments.shop.objective import OUTCOMES, Objective
from environments.shop.scenario import Scenario
from environments.shop.scenario_rules import names_differ

SHOP = """
[scenario]
title = "Two Shelves"
currency = "$"
customers = 100
days = 50
new_customers = 0.0
tolerance = 0.05
handling = 5.0
attribution_days = 30
return_lag_min = 3
return_lag_mean = 8.0
attributes = ["useful", "pretty"]

[feature.mobile]
kind = "yes-no"
level = "visit"
meaning = "from a phone"

[feature.basket]
kind = "number"
level = "user"
meaning = "the usual basket"

[persona.ada]
name = "Ada"
pronoun = "she"
role = "the gardener"
profile = "Ada gardens."
motivations = "She grows things."
goals = "Seeds."
share = 0.4
taste = { useful = 2.0 }
taste_sd = 0.5
price_sensitivity = 0.02
appeal_sensitivity = 0.3
outside = 2.0
visit_rate = 0.1
annoyance = 0.5
patience = 2.5
trial_sd = 0.7
hassle = 0.6
rho = 0.8
loss_aversion = 2.0
base_hazard = 0.01
b1 = 2.0
organic_margin = 6.0
organic_sales = 20.0

[persona.ada.features]
mobile = 0.2
basket = { mean = 0.6, sd = 0.9 }

[persona.ben]
name = "Ben"
pronoun = "he"
role = "the beginner"
profile = "Ben begins."
motivations = "He likes green."
goals = "A plant."
share = 0.6
taste = [0.0, 1.5]
taste_sd = 0.5
price_sensitivity = 0.03
appeal_sensitivity = 1.2
outside = 1.5
visit_rate = 0.05
annoyance = 0.4
patience = 3.0
trial_sd = 1.0
hassle = 0.4
rho = 0.8
loss_aversion = 2.0
base_hazard = 0.01
b1 = 2.0
organic_margin = 3.0
organic_sales = 10.0

[persona.ben.features]
mobile = 0.7
basket = { mean = -0.3, sd = 0.8 }

[item.seeds]
name = "Seeds"
price = 14.0
margin = 5.0
attributes = { useful = 1.0 }

[item.lavender]
name = "Lavender"
price = 18.0
margin = 8.0
attributes = { pretty = 0.9, useful = 0.1 }
appeal = 0.5
note = "Smells."

[objective.sales]
asks = "Sell."
unit = "$"
scale = 10.0
weights.revenue = 1.0
"""

PERSONA_FIELDS = (
    "annoyance, appeal_sensitivity, b1, base_hazard, features, goals, hassle, loss_aversion, motivations, name, "
    "organic_margin, organic_sales, outside, patience, price_sensitivity, profile, pronoun, rho, role, season, share, "
    "taste, taste_sd, trial_sd, visit_rate"
)
ALL_OUTCOMES = "felt_welfare, irritated, margin, purchases, regretted, return_cost, returns, revenue, welfare"


def load(folder: Path, text: str) -> Scenario:
    file = folder / "shop.toml"
    file.write_text(text, "utf-8")
    return Scenario.load(str(file))


def faults_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(folder, text)
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]


FAULTY = {
    "shares that do not add up": (
        "share = 0.4",
        "share = 0.32",
        "persona.ada.share: the shares of all personas must add up to 1, got 0.92",
    ),
    "unknown table": (
        "[feature.mobile]",
        "[featur.old]\n[feature.mobile]",
        (
            "featur: unknown table 'featur' (known: feature, incident, item, objective, persona, promotion, "
            "scenario); did you mean 'feature'?"
        ),
    ),
    "unknown setting": (
        "days = 50",
        "days = 50\ntolerence = 1.0",
        (
            "scenario.tolerence: unknown field 'tolerence' (known: attributes, attribution_days, currency, "
            "customers, days, handling, new_customers, return_lag_mean, return_lag_min, title, tolerance); "
            "did you mean 'tolerance'?"
        ),
    ),
    "unknown field of a persona": (
        "hassle = 0.6",
        "hassle = 0.6\nhasle = 0.6",
        f"persona.ada.hasle: unknown field 'hasle' (known: {PERSONA_FIELDS}); did you mean 'hassle'?",
    ),
    "unknown field of an item": (
        "appeal = 0.5",
        "hype = 0.5",
        (
            "item.lavender.hype: unknown field 'hype' (known: appeal, attributes, defect, launch, margin, name, note, "
            "out_of_stock, price, retire)"
        ),
    ),
    "missing field": ("hassle = 0.6\n", "", "persona.ada.hassle: is missing; add it"),
    "missing taste": ("taste = { useful = 2.0 }\n", "", "persona.ada.taste: is missing; add it"),
    "missing setting": ("days = 50\n", "", "scenario.days: is missing; add it"),
    "no such attribute in a taste": (
        "taste = { useful = 2.0 }",
        "taste = { usefull = 2.0 }",
        "persona.ada.taste.usefull: unknown attribute 'usefull' (known: pretty, useful); did you mean 'useful'?",
    ),
    "no such attribute in an item": (
        "{ useful = 1.0 }",
        "{ quality = 1.0 }",
        "item.seeds.attributes.quality: unknown attribute 'quality' (known: pretty, useful)",
    ),
    "too short a taste": (
        "taste = [0.0, 1.5]",
        "taste = [1.5]",
        "persona.ben.taste: must have 2 entries, one an attribute (useful, pretty), got 1",
    ),
    "a taste that is no table": (
        "taste = [0.0, 1.5]",
        "taste = 1.5",
        "persona.ben.taste: must be a table such as { useful = 1.0 }, got 1.5",
    ),
    "a taste that is no number": (
        "taste = [0.0, 1.5]",
        'taste = [0.0, "high"]',
        "persona.ben.taste.pretty: must be a number between -100 and 100, got 'high'",
    ),
    "an attribute that is not a number": (
        "{ useful = 1.0 }",
        "{ useful = nan }",
        "item.seeds.attributes.useful: must be a number between -100 and 100, got nan",
    ),
    "undeclared feature": (
        "mobile = 0.2\n",
        "",
        "persona.ada.features.mobile: is missing; add it, since every persona declares every feature",
    ),
    "unknown feature": (
        "mobile = 0.2",
        "mobile = 0.2\nmobil = 0.2",
        "persona.ada.features.mobil: unknown feature 'mobil' (known: basket, mobile); did you mean 'mobile'?",
    ),
    "a certain yes": (
        "mobile = 0.2",
        "mobile = 1.0",
        "persona.ada.features.mobile: must be a probability above 0 and below 1, since mobile is yes-no, got 1.0",
    ),
    "a yes-no with a mean": (
        "mobile = 0.2",
        "mobile = { mean = 0.2, sd = 1.0 }",
        (
            "persona.ada.features.mobile: must be a probability above 0 and below 1, since mobile is yes-no, "
            "got {'mean': 0.2, 'sd': 1.0}"
        ),
    ),
    "a number without a mean": (
        "basket = { mean = 0.6, sd = 0.9 }",
        "basket = 0.6",
        "persona.ada.features.basket: must be { mean = …, sd = … }, since basket is a number, got 0.6",
    ),
    "no spread": (
        "basket = { mean = 0.6, sd = 0.9 }",
        "basket = { mean = 0.6, sd = 0.0 }",
        "persona.ada.features.basket.sd: must be greater than or equal to 0.000001, got 0.0",
    ),
    "no sd": (
        "basket = { mean = 0.6, sd = 0.9 }",
        "basket = { mean = 0.6 }",
        "persona.ada.features.basket.sd: is missing; add it",
    ),
    "unknown kind": (
        'kind = "number"',
        'kind = "category"',
        "feature.basket.kind: must be 'yes-no' or 'number', got 'category'",
    ),
    "unknown level": (
        'level = "user"',
        'level = "session"',
        "feature.basket.level: must be 'visit' or 'user', got 'session'",
    ),
    "unknown pronoun": (
        'pronoun = "he"',
        'pronoun = "it"',
        "persona.ben.pronoun: must be 'he', 'she' or 'they', got 'it'",
    ),
    "out of bounds: rho": ("rho = 0.8\nloss", "rho = 1.0\nloss", "persona.ada.rho: must be less than 1, got 1.0"),
    "out of bounds: visit_rate": (
        "visit_rate = 0.05",
        "visit_rate = 1.5",
        "persona.ben.visit_rate: must be less than or equal to 1, got 1.5",
    ),
    "out of bounds: trial_sd": (
        "trial_sd = 0.7",
        "trial_sd = 0.0",
        "persona.ada.trial_sd: must be greater than or equal to 0.01, got 0.0",
    ),
    "out of bounds: customers": (
        "customers = 100",
        "customers = 0",
        "scenario.customers: must be greater than or equal to 1, got 0",
    ),
    "infinite price": ("price = 14.0", "price = inf", "item.seeds.price: must be a finite number, got inf"),
    "wrong type: text for a number": (
        "price = 14.0",
        'price = "14"',
        "item.seeds.price: must be a number, got '14'; take away the quotes",
    ),
    "wrong type: part of a day": (
        "days = 50",
        "days = 50.0",
        "scenario.days: must be a whole number, got 50.0; write 50",
    ),
    "wrong type: a number for a text": ('"Seeds"', "7", "item.seeds.name: must be text, got 7; put it in quotes"),
    "margin above the price": (
        "margin = 5.0",
        "margin = 15.0",
        "item.seeds.margin: must be at most the price 14, got 15",
    ),
    "blank name": ('name = "Ada"', 'name = " "', "persona.ada.name: must say something, got nothing but blanks"),
    "control character": (
        '"Smells."',
        '"\\u001b[31mred"',
        "item.lavender.note: must be plain text, got the control character '\\x1b'",
    ),
    "a name twice": (
        'name = "Ben"',
        'name = "Ada"',
        "persona.ben.name: must differ from the name of persona.ada, got 'Ada' twice",
    ),
    "reserved key": (
        "[item.seeds]",
        "[item.nothing]",
        "item.nothing: must be called something else than 'nothing', which stands for no recommendation",
    ),
    "a key with blanks": (
        "[item.seeds]",
        '[item."my seeds"]',
        "item.my seeds: must be called with letters, digits, _ and - alone, a letter first, got 'my seeds'",
    ),
    "an attribute twice": (
        '["useful", "pretty"]',
        '["useful", "pretty", "pretty"]',
        (
            "persona.ben.taste: must have 3 entries, one an attribute (useful, pretty, pretty), got 2\n"
            "scenario.attributes.pretty: must be there once, got 2 of it"
        ),
    ),
    "attributes that are no list": (
        '["useful", "pretty"]',
        '"useful"',
        """scenario.attributes: must be a list such as ["refill", "unique"], got 'useful'""",
    ),
    "a list for tables": (
        "[item.seeds]",
        "[[item.seeds]]",
        "item.seeds: must be a table, [item.seeds], got [{'name': 'Seeds', 'price': 14.0, 'margin': 5.0, 'attributes…",
    ),
    "unknown outcome": (
        "weights.revenue",
        "weights.revenu",
        f"objective.sales.weights.revenu: unknown outcome 'revenu' (known: {ALL_OUTCOMES}); did you mean 'revenue'?",
    ),
    "no weights": (
        "weights.revenue = 1.0",
        "",
        f"objective.sales.weights: must weight at least one outcome (known: {', '.join(OUTCOMES)})",
    ),
    "a weight that is no number": (
        "weights.revenue = 1.0",
        "weights.revenue = true",
        "objective.sales.weights.revenue: must be a number between -1,000,000 and 1,000,000, got True",
    ),
    "no scale": ("scale = 10.0", "scale = 0.0", "objective.sales.scale: must be greater than 0, got 0.0"),
    "another currency for prices": (
        "price_sensitivity = 0.02",
        "price_sensitivity = 40.0",
        (
            "persona.ada: must anticipate utilities within ±500, got -721.6 for item.lavender; "
            "are the prices and price_sensitivity in the same currency?"
        ),
    ),
    "no TOML": (
        "days = 50",
        "days 50",
        "must be TOML: Expected '=' after a key in a key/value pair (at line 6, column 6)",
    ),
    "a table twice": (
        "[item.lavender]",
        "[item.seeds]",
        "must be TOML: Cannot declare ('item', 'seeds') twice (at line 89, column 12)",
    ),
}


@pytest.mark.parametrize(("old", "new", "lines"), FAULTY.values(), ids=FAULTY)
def test_a_fault_is_one_line_with_its_place(tmp_path, old, new, lines):
    assert old in SHOP
    assert faults_of(tmp_path, SHOP.replace(old, new, 1)) == [f"shop.toml: {line}" for line in lines.splitlines()]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", "is empty; `personabandits new` writes a scenario to start from"),
        (b"# nothing yet\n", "is empty; `personabandits new` writes a scenario to start from"),
        (b'title = "caf\xe9"', "must be UTF-8 text, got another encoding at byte 12; save it as UTF-8"),
        (b"a = " + b"[" * 5000, "must be TOML: brackets are nested too deeply"),
    ],
    ids=["empty", "only comments", "Latin-1", "nested"],
)
def test_a_file_that_is_no_toml_is_refused(tmp_path, data, line):
    file = tmp_path / "shop.toml"
    file.write_bytes(data)
    with pytest.raises(InputError) as caught:
        Scenario.load(str(file))
    assert str(caught.value) == f"{file}: {line}"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("acmee", "unknown scenario 'acmee' (known: acme, or the path of a .toml file); did you mean 'acme'?"),
        ("gone.toml", "gone.toml: is not there; `personabandits new` writes a scenario to start from"),
        ("folder.toml", "folder.toml: is a folder; name the .toml file in it"),
        ("file.toml/shop.toml", "file.toml/shop.toml: cannot be read: Not a directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, monkeypatch, name, line):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "file.toml").write_text("")
    with pytest.raises(InputError) as caught:
        Scenario.load(name)
    assert str(caught.value) == line


def test_a_missing_part_is_said_once(tmp_path):
    """No [scenario], and no [item.…]: two lines, rather than one for each of their fields."""
    text = SHOP[SHOP.index("[feature.mobile]") : SHOP.index("[item.seeds]")] + SHOP[SHOP.index("[objective.sales]") :]
    assert faults_of(tmp_path, text) == [
        "shop.toml: scenario: is missing; add [scenario]",
        "shop.toml: item: must have at least one table, such as [item.refill_carton]",
    ]


def test_all_faults_are_said_at_once(tmp_path):
    """One in each part of the file, and one between parts (0.5 + 0.6 = 1.1), in the order of the parts."""
    text = SHOP
    for old, new in {
        "days = 50": "days = 0",
        'level = "user"': 'level = "session"',
        "share = 0.4": "share = 0.5",
        "hassle = 0.6": "hassle = -1.0",
        "mobile = 0.7": "mobile = 7.0",
        "margin = 8.0": "margin = 80.0",
        "weights.revenue": "weights.margn",
    }.items():
        text = text.replace(old, new, 1)
    assert faults_of(tmp_path, text) == [
        "shop.toml: scenario.days: must be greater than or equal to 1, got 0",
        "shop.toml: feature.basket.level: must be 'visit' or 'user', got 'session'",
        "shop.toml: persona.ada.hassle: must be greater than or equal to 0, got -1.0",
        (
            "shop.toml: persona.ben.features.mobile: must be a probability above 0 and below 1, "
            "since mobile is yes-no, got 7.0"
        ),
        "shop.toml: item.lavender.margin: must be at most the price 18, got 80",
        (
            f"shop.toml: objective.sales.weights.margn: unknown outcome 'margn' (known: {ALL_OUTCOMES}); "
            "did you mean 'margin'?"
        ),
        "shop.toml: persona.ada.share: the shares of all personas must add up to 1, got 1.1",
    ]


def test_tables_by_name_become_tuples_in_order(tmp_path):
    """Lavender is {pretty = 0.9, useful = 0.1}, and the attributes are useful, pretty; what is absent is 0."""
    shop = load(tmp_path, SHOP)
    assert shop.name == "shop"
    assert [item.attributes for item in shop.items] == [(1.0, 0.0), (0.1, 0.9)]
    assert [persona.taste for persona in shop.personas] == [(2.0, 0.0), (0.0, 1.5)]
    assert shop.feature_names == ("constant", "mobile", "basket")
    ada, _ = shop.persona_cards()
    assert (ada.name, ada.share, ada.visit_rate) == ("Ada", 0.4, 0.1)
    assert [(f.name, f.kind, f.level, f.mean, f.sd) for f in ada.features] == [
        ("mobile", "yes-no", "visit", 0.2, 1.0),
        ("basket", "number", "user", 0.6, 0.9),
    ]


def test_a_byte_order_mark_is_forgiven(tmp_path):
    assert load(tmp_path, "\ufeff" + SHOP) == load(tmp_path, SHOP)


def test_texts_are_on_one_line(tmp_path):
    text = SHOP.replace('"Ada gardens."', '"""\nAda\n  gardens."""')
    assert load(tmp_path, text).personas[0].profile == "Ada gardens."


def test_what_is_made_in_python_is_checked_too():
    shop = Scenario.load("acme")
    fields = {key: getattr(shop, key) for key in Scenario.model_fields}
    with pytest.raises(InputError, match=r"^Scenario: persona\.luke\.share: .* must add up to 1, got 0\.66$"):
        Scenario(**{**fields, "personas": shop.personas[:2]})
    with pytest.raises(InputError, match=r"^Scenario: persona\.luke\.features: must declare every feature in order"):
        Scenario(**{**fields, "features": shop.features[1:]})


def test_acme_is_what_the_team_knows():
    """Twelve widgets, three personas; four fifths of organic sales are Harmony's, and 3 % of visits are Luke's.

    Visits a customer a day: Luke .06 · .0714 = .00428, Harmony .6 · .1429 = .08574, Tianqi .34 · .1667 = .05668: in all
    .14670, of which Luke's are 2.9 %. Sales: .00428 · 60 = .257, .08574 · 40 = 3.430, .05668 · 10 = .567: in all 4.254,
    of which Harmony's are 81 %.
    """
    acme = Scenario.load("acme")
    assert [persona.name for persona in acme.personas] == ["Luke", "Harmony", "Tianqi"]
    assert [len(acme.items), len(acme.features), len(acme.objectives)] == [12, 7, 4]
    visits = [persona.share * persona.visit_rate for persona in acme.personas]
    sales = [v * persona.organic_sales for v, persona in zip(visits, acme.personas, strict=True)]
    assert visits[0] / sum(visits) == pytest.approx(0.029, abs=5e-4)
    assert sales[1] / sum(sales) == pytest.approx(0.81, abs=5e-3)


def test_every_number_of_acme_has_its_reason():
    """Each line that sets a number carries a comment."""
    text = (Path(__file__).parents[2] / "environments" / "acme.toml").read_text("utf-8")
    bare = [line for line in text.splitlines() if " = " in line and "#" not in line and any(c.isdigit() for c in line)]
    assert [line for line in bare if '"' not in line] == []


def test_b0_is_the_base_hazard_on_the_scale_of_satisfaction():
    """1 − exp(−exp(b0)) = base_hazard: Luke's log(−log(.99)) = log(.0100503) = −4.6001."""
    luke = Scenario.load("acme").personas[0]
    assert luke.b0 == pytest.approx(-4.60015, abs=1e-5)
    assert 1 - math.exp(-math.exp(luke.b0)) == pytest.approx(luke.base_hazard, rel=1e-12)


def test_a_scenario_is_hashable_and_survives_pickling():
    acme = Scenario.load("acme")
    again = pickle.loads(pickle.dumps(acme))  # noqa: S301  our own
    assert again == acme == Scenario.load("acme")
    assert hash(again) == hash(acme)
    assert identity(again) == identity(acme)


def test_another_number_is_another_scenario(tmp_path):
    assert identity(load(tmp_path, SHOP)) != identity(load(tmp_path, SHOP.replace("hassle = 0.6", "hassle = 0.7")))


def test_weights_may_be_a_mapping():
    fields = {"key": "o", "asks": "Earn.", "scale": 1.0, "unit": "$"}
    assert Objective(**fields, weights={"margin": 1.0}) == Objective(**fields, weights=(("margin", 1.0),))
    with pytest.raises(InputError, match=r"^Objective: weights\.margin: must be weighted once$"):
        Objective(**fields, weights=(("margin", 1.0), ("margin", 2.0)))


@given(price=st.floats(0, 1e6), margin=st.floats(-1e6, 1e6))
def test_an_item_earns_at_most_its_price(price, margin):
    fields = {"key": "i", "name": "I", "price": price, "margin": margin, "attributes": ()}
    if margin <= price:
        assert Item(**fields).margin == margin
    else:
        with pytest.raises(InputError, match=r"^Item: margin: must be at most the price"):
            Item(**fields)


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=6))
def test_shares_of_all_customers_add_up(parts):
    """Any positive numbers over their sum are shares; the first one doubled are none."""
    acme = Scenario.load("acme")
    fields = {key: getattr(acme, key) for key in Scenario.model_fields}
    shares = [part / math.fsum(parts) for part in parts]

    def personas(of):
        return tuple(
            acme.personas[0].model_copy(update={"key": f"p{i}", "name": f"P{i}", "share": share})
            for i, share in enumerate(of)
        )

    assert len(Scenario(**{**fields, "personas": personas(shares)}).personas) == len(parts)
    with pytest.raises(InputError, match="must add up to 1"):
        Scenario(**{**fields, "personas": personas([2 * shares[0], *shares[1:]])})


def test_an_experiment_is_no_scenario(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[[environment]]\nkind = "ClothingReviews"\n[[policy]]\nkind = "Random"\n')
    with pytest.raises(InputError, match=r"mine\.toml: is an experiment, and a scenario is wanted"):
        Scenario.load(str(path))


def test_no_item_is_called_nothing_since_a_log_could_not_tell_it_from_no_recommendation():
    acme = Scenario.load("acme")
    items = (acme.items[0].model_copy(update={"name": "Nothing"}), *acme.items[1:])
    faults = names_differ("item", items)
    assert [fault.line() for fault in faults] == [
        "item.refill_carton.name: must be something else than 'Nothing', which stands for no recommendation"
    ]
