"""What changes under a policy's feet: what is on sale, prices, quality, and how often people come."""

import itertools
import math
import pickle

import numpy as np
import pytest

from bandits import Oracle, Random
from bandits.description import identity
from bandits.errors import InputError
from bandits.protocol import Choice
from environments import Delayed, Scenario, Storefront
from environments.shop import draws
from environments.shop.calendar import rates, visits_by_persona
from environments.shop.catalogue import seen_of
from environments.shop.changes import Incident, Promotion, Season
from environments.shop.rewards import truth_of
from environments.shop.shelves import shelves_of
from experiments.runner import run_cell
from tests.environments.test_scenario import SHOP, faults_of, load
from tests.stochastic import detectable_gap, proportions

ACME = Scenario.load("acme")
KEYS = [item.key for item in ACME.items]
LIGHTS, GADGET = KEYS.index("party_lights"), KEYS.index("smart_widget_pro")


def changed(scenario=ACME, *, items=None, personas=None, **changes):
    """A scenario with changed items and personas, by key; checked, as one from a file is."""
    fields = {key: getattr(scenario, key) for key in Scenario.model_fields}
    for part, edits in (("items", items or {}), ("personas", personas or {})):
        fields[part] = tuple(thing.model_copy(update=edits.get(thing.key, {})) for thing in fields[part])
    return Scenario(**fields | changes)


def promotion(**fields):
    return Promotion(**{"item": "party_lights", "from": 20, "until": 30, "price": 45.0} | fields)


def incident(**fields):
    return Incident(**{"item": "party_lights", "day": 25, "until": 40, "defect": 2.0} | fields)


ALL = changed(
    items={"party_lights": {"launch": 5, "retire": 50, "out_of_stock": ((10, 12),)}},
    personas={"harmony": {"season": Season(amplitude=0.5, peak=10.0, period=20.0)}},
    incidents=(incident(), incident(item="centrepiece", day=8, until=None, defect=1.0)),
    promotions=(promotion(), promotion(item="smart_widget_pro", **{"from": 3}, until=9, price=150.0)),
    customers=300,
    days=60,
)


def played(environment, action=LIGHTS):
    world, blocks = environment.open(4, 0), []
    while (visits := world.next_block()) is not None:
        blocks.append((visits, world.respond(np.full(len(visits), action))))
    return world, blocks


# What is written down


def test_a_report_is_told_what_changes_on_the_shelves():
    """Of the centrepiece, sold all along, only the bad batch; party lights in turn, but for the days before day 5."""
    name = {item.key: item.name for item in ACME.items}
    lights, pro = name["party_lights"], name["smart_widget_pro"]
    shop = Storefront(scenario=ALL, objective="kept_margin")
    assert [(change.time, change.label) for change in shop.about.changes] == [
        (3, f"cheaper: {pro}"),
        (5, f"new: {lights}"),
        (8, f"worse: {name['centrepiece']}"),
        (9, f"dearer: {pro}"),
        (10, f"out of stock: {lights}"),
        (12, f"back: {lights}"),
        (20, f"cheaper: {lights}"),
        (25, f"worse: {lights}"),
        (30, f"dearer: {lights}"),
        (40, f"better: {lights}"),
        (50, f"gone: {lights}"),
    ]
    shorter = Storefront(scenario=ALL, objective="kept_margin", days=10)
    assert [change.time for change in shorter.about.changes] == [3, 5, 8, 9]
    assert Storefront(scenario=ACME, objective="kept_margin").about.changes == ()


def test_days_are_half_open():
    """On sale from 2 until 9, but for days 4, 5 and 7."""
    item = ACME.items[0].model_copy(update={"launch": 2, "retire": 9, "out_of_stock": ((4, 6), (7, 8))})
    assert np.flatnonzero(item.on_sale(12)).tolist() == [2, 3, 6, 8]


def test_shelves_by_hand():
    """Lights cost 60 and earn 30: at 45 they earn 15. Defect 1.2, and 2.0 from 25 to 39; so four epochs, and then
    three kinds of lights more: cheap and honest, cheap and poor, dear and poor.
    """
    shelves = shelves_of(changed(promotions=(promotion(),), incidents=(incident(),)))
    kinds = [(item.price, item.margin, item.defect) for item in shelves.variants if item.key == "party_lights"]
    assert kinds == [(60, 30, 1.2), (45, 15, 1.2), (45, 15, 2.0), (60, 30, 2.0)]
    assert [day for day in range(1, 180) if shelves.epoch[day] != shelves.epoch[day - 1]] == [20, 25, 30, 40]
    assert shelves.slot[:, LIGHTS].tolist() == [LIGHTS, 12, 13, 14, LIGHTS]
    others = np.delete(shelves.slot, LIGHTS, axis=1)
    assert (others == others[0]).all()
    assert shelves.on_sale.all()


def test_without_changes_the_variants_are_the_items():
    shelves = shelves_of(ACME)
    assert shelves.variants == ACME.items
    assert shelves.slot.tolist() == [list(range(12))]


def test_a_scenario_that_declares_no_change_has_the_identity_it_had():
    """As it was before there were any: nothing that was run must be run again."""
    assert identity(ACME) == identity(changed())
    assert "launch" not in str(ACME.items[0].model_dump(exclude_defaults=True))
    different = [
        changed(items={"party_lights": {"launch": 5}}),
        changed(personas={"luke": {"season": Season(amplitude=0.1, peak=0.0)}}),
        changed(incidents=(incident(),)),
        changed(promotions=(promotion(),)),
    ]
    assert len({identity(shop) for shop in [ACME, *different]}) == 5
    assert pickle.loads(pickle.dumps(different[3])) == different[3]  # noqa: S301  our own


CHANGING = SHOP.replace("visit_rate = 0.1", "visit_rate = 0.1\nseason = { amplitude = 0.3, peak = 17 }", 1).replace(
    'note = "Smells."', 'note = "Smells."\nlaunch = 3\nretire = 40\nout_of_stock = [[10, 12], [20, 21]]'
)
CHANGING += """
[[incident]]
item = "seeds"
day = 20
defect = 2.0

[[promotion]]
item = "seeds"
from = 10
until = 20
price = 12.0

[[promotion]]
item = "seeds"
from = 20
until = 21
price = 11.0
"""


def test_a_file_declares_all_of_it(tmp_path):
    shop = load(tmp_path, CHANGING)
    assert shop.personas[0].season == Season(amplitude=0.3, peak=17.0, period=365.0)
    assert shop.items[1].out_of_stock == ((10, 12), (20, 21))
    assert (shop.items[1].launch, shop.items[1].retire) == (3, 40)
    assert [(i.item, i.span, i.defect) for i in shop.incidents] == [("seeds", (20, None), 2.0)]
    assert [(p.span, p.price) for p in shop.promotions] == [((10, 20), 12.0), ((20, 21), 11.0)]


FAULTY = {
    "retired before launch": ("retire = 40", "retire = 3", "item.lavender.retire: must be after launch, day 3, got 3"),
    "no days": (
        "[20, 21]",
        "[20, 20]",
        "item.lavender.out_of_stock[2]: must be days [from, until] with until after from, got [20, 20]",
    ),
    "no pairs": (
        "[[10, 12], [20, 21]]",
        "[10, 12]",
        (
            "item.lavender.out_of_stock[1]: must be a pair of days such as [40, 50], got 10\n"
            "item.lavender.out_of_stock[2]: must be a pair of days such as [40, 50], got 12"
        ),
    ),
    "no pair": (
        "[20, 21]",
        "[20, 21, 22]",
        "item.lavender.out_of_stock[2]: must be a pair of days such as [40, 50], got [20, 21, 22]",
    ),
    "no spans": (
        "[[10, 12], [20, 21]]",
        "10",
        "item.lavender.out_of_stock: must be a list of pairs of days such as [[40, 50], [70, 72]], got 10",
    ),
    "no day": ("launch = 3", "launch = -3", "item.lavender.launch: must be greater than or equal to 0, got -3"),
    "unknown item": (
        '[[incident]]\nitem = "seeds"',
        '[[incident]]\nitem = "seed"',
        "incident[1].item: unknown item 'seed' (known: lavender, seeds); did you mean 'seeds'?",
    ),
    "unknown field": (
        "from = 20",
        "form = 20",
        (
            "promotion[2].form: unknown field 'form' (known: from, item, price, until); did you mean 'from'?\n"
            "promotion[2].from: is missing; add it"
        ),
    ),
    "ends before it begins": ("until = 20", "until = 9", "promotion[1].until: must be after day 10, got 9"),
    "two prices on a day": (
        "from = 20",
        "from = 19",
        "promotion[2].from: must not be on days of promotion[1], which is about seeds too",
    ),
    "dearer": ("price = 12.0", "price = 14.5", "promotion[1].price: must be at most the item's price 14, got 14.5"),
    "no list": (
        "[[incident]]",
        "[incident]",
        ("incident: must be a list of tables, each [[incident]], got {'item': 'seeds', 'day': 20, 'defect': 2.0}"),
    ),
    "below 0": ("defect = 2.0", "defect = -2.0", "incident[1].defect: must be greater than or equal to 0, got -2.0"),
    "no season": (
        "season = { amplitude = 0.3, peak = 17 }",
        "season = 0.3",
        "persona.ada.season: must be a table, got 0.3",
    ),
    "too wide a swing": (
        "amplitude = 0.3",
        "amplitude = 1.3",
        "persona.ada.season.amplitude: must be less than or equal to 1, got 1.3",
    ),
}


@pytest.mark.parametrize(("old", "new", "lines"), FAULTY.values(), ids=FAULTY)
def test_a_fault_is_said_at_its_place(tmp_path, old, new, lines):
    assert old in CHANGING
    assert faults_of(tmp_path, CHANGING.replace(old, new, 1)) == [f"shop.toml: {line}" for line in lines.splitlines()]


def test_where_something_must_be_shown_something_is_on_sale(tmp_path):
    """Lavender is out of stock on day 20: while seeds are on sale, something can be shown; and then they are not."""
    must = "weights.revenue = 1.0\nmust_show = true"
    load(tmp_path, CHANGING.replace("weights.revenue = 1.0", must))
    text = CHANGING.replace("price = 14.0\n", "price = 14.0\nout_of_stock = [[20, 22]]\n")
    what = "must be false, since nothing is on sale on day 20; or sell something then"
    assert faults_of(tmp_path, text.replace("weights.revenue = 1.0", must)) == [
        f"shop.toml: objective.sales.must_show: {what}"
    ]
    shop = load(tmp_path, text)
    Storefront(scenario=shop, objective="sales")
    Storefront(scenario=shop, objective="sales", show_nothing=False, days=20)
    with pytest.raises(InputError) as caught:
        Storefront(scenario=shop, objective="sales", show_nothing=False)
    (line,) = caught.value.lines
    assert line == (
        "Storefront: show_nothing: nothing is on sale on day 20, and something must be shown; set it to true, or sell "
        "something then"
    )


# What comes of it


def test_a_promotion_changes_what_is_anticipated_by_price_sensitivity_times_the_difference():
    """15 $ less: .01 · 15 for Luke and Harmony, .04 · 15 for Tianqi; for no other item."""
    luck = Storefront(scenario=changed(promotions=(promotion(),)), objective="long_term").open(1, 0)._luck
    gain = np.array([0.15, 0.15, 0.60])[luck.cohort]
    assert luck.v[:, 12] - luck.v[:, LIGHTS] == pytest.approx(gain, abs=1e-12)
    plain = Storefront(scenario=ACME, objective="long_term").open(1, 0)._luck
    assert np.array_equal(luck.v[:, :12], plain.v)
    assert np.array_equal(luck.mood, plain.mood)


def test_one_customer_one_item_by_hand():
    """kept_margin of one Harmony, from day 20 of a promotion at 45 $ and day 25 of a defect of 2.

    v = theta·phi − .01 price + .6 · 2 − 3.9; P(buy) = sigmoid(v): the price moves it, the defect does not.
    expected = margin · (P(buy) − P(returned)) − 8 · P(returned), where the margin is 30, or 15 on the promotion.
    """
    faithful = {"share": 1.0, "visit_rate": 1.0, "taste_sd": 0.0, "b1": 0.0, "base_hazard": 1e-12}
    harmony = ACME.personas[1].model_copy(update=faithful)
    alone = ACME.model_copy(update={"personas": (harmony,), "items": (ACME.items[LIGHTS],)})
    one = changed(alone, promotions=(promotion(),), incidents=(incident(until=None),), customers=1)
    shop = Storefront(scenario=one, objective="kept_margin", days=40)
    _, blocks = played(shop, action=0)
    v = float(np.dot(harmony.taste, one.items[0].attributes)) + 0.6 * 2.0 - 3.9
    for day, (visits, outcome) in enumerate(blocks):
        price, margin = (45.0, 15.0) if 20 <= day < 30 else (60.0, 30.0)
        item = one.items[0].model_copy(update={"defect": 2.0 if day >= 25 else 1.2})
        t = truth_of(one, [item], np.array([0]), np.array([[v - 0.01 * price]]))
        assert t.buy[0, 0] == pytest.approx(1 / (1 + math.exp(0.01 * price - v)), rel=1e-12)
        due = margin * (t.buy - t.returned) - 8.0 * t.returned
        assert visits.expected[0].tolist() == pytest.approx([due[0, 0], 0.0], rel=1e-9)
        assert visits.typical[0].tolist() == pytest.approx([due[0, 0], 0.0], rel=1e-9)
        assert visits.welfare[0, 0] == pytest.approx(t.welfare[0, 0], rel=1e-9)
        assert visits.z[0, -2:].tolist() == [price / 60.0, 1.0]
        assert outcome.reward[0] in {0.0, margin, -8.0}
        assert outcome.values[0, 2] in {0.0, price}
        assert visits.rewards[0, 0] == outcome.reward[0]


def test_an_incident_is_felt_and_not_foreseen():
    """The same people buy the same lights in the same mood, and more of them send them back."""
    shops = [changed(customers=300, days=60), changed(customers=300, days=60, incidents=(incident(day=0, until=None),))]
    bought, returned = np.zeros(2), np.zeros(2)
    for i, shop in enumerate(shops):
        world = Storefront(scenario=shop, objective="kept_margin").open(4, 0)
        visits = world.next_block()
        outcome = world.respond(np.full(len(visits), LIGHTS))
        bought[i], returned[i] = outcome.values[:, 1].sum(), outcome.values[:, 4].sum()
    assert bought[0] == bought[1] > 0
    assert returned[0] < returned[1]


def test_before_the_first_change_all_is_as_without_it():
    """Until day 20 both shops are the same, bit for bit; from then on they are not."""
    plain = Storefront(scenario=changed(customers=300, days=30), objective="kept_margin")
    other = Storefront(scenario=changed(customers=300, days=30, promotions=(promotion(),)), objective="kept_margin")
    fields = ("x", "rewards", "expected", "welfare", "typical", "z", "user")
    for day, ((a, b), (c, d)) in enumerate(zip(played(plain)[1], played(other)[1], strict=True)):
        same = all(np.array_equal(getattr(a, f), getattr(c, f)) for f in fields) and np.array_equal(b.reward, d.reward)
        assert same == (day < 20)


def test_what_is_not_on_sale_is_not_available():
    for day, (visits, _) in enumerate(played(Storefront(scenario=ALL, objective="kept_margin"))[1]):
        on_sale = 5 <= day < 50 and day not in {10, 11}
        assert (visits.available[:, LIGHTS] == on_sale).all()
        assert np.delete(visits.available, LIGHTS, axis=1).all()


def test_the_oracle_shows_the_best_of_what_is_on_sale_at_todays_price_and_quality():
    environment = Storefront(scenario=ALL, objective="kept_margin")
    assert set(run_cell(environment, Oracle(), 4, 0).curves["regret"]) == {0.0}
    assert run_cell(environment, Random(), 4, 0).curves["regret"].min() > 0


def test_every_reward_of_every_day_is_within_the_range():
    """At 1 $ a gadget that earns 80 of 190 $ loses 109 on each sale that is kept. The next dearest costs 160 $."""
    dump = changed(promotions=(promotion(item="smart_widget_pro", price=1.0),))
    assert Storefront(scenario=dump, objective="kept_margin").reward_range == (-109, 80)
    assert Storefront(scenario=dump, objective="kept_margin", days=20).reward_range == (-8, 80)
    assert Storefront(scenario=dump, objective="cart_value").reward_range == (0, 190)
    always = changed(promotions=(promotion(item="smart_widget_pro", **{"from": 0}, until=180, price=1.0),))
    assert Storefront(scenario=always, objective="cart_value").reward_range == (0, 160)


def test_z_tells_todays_price_on_the_scale_of_the_list():
    """Lights at 45 of the 190 $ of the dearest item; all else as listed. It tells nothing of an incident."""
    shop = Storefront(
        scenario=changed(promotions=(promotion(),), incidents=(incident(),)), objective="cart_value", days=60
    )
    listed = seen_of(ACME.items)
    for day, (visits, _) in enumerate(played(shop)[1]):
        due = listed.copy()
        if 20 <= day < 30:
            due[LIGHTS, -2] = 45 / 190
        assert np.array_equal(visits.z[:12], due)


@pytest.mark.parametrize("later", [0, 3])
@pytest.mark.parametrize("feedback", ["wait", "correct"])
def test_late_news_tells_the_visit_as_it_was(feedback, later):
    """Of other days than today: prices, truth and what was on sale then, each piece of news with its own z."""
    shop = Storefront(scenario=ALL, objective="kept_margin", feedback=feedback)
    world, blocks = played(Delayed(shop, by=later, news_every=1 + later) if later else shop)
    assert world.problem.corrections == (feedback == "correct")
    seen, several, told = {}, 0, 0
    fields = ("x", "user", "cohort", "time", "expected", "welfare", "typical", "available")
    for visits, outcome in blocks:
        for n, index in enumerate(visits.index.tolist()):
            seen[index] = [getattr(visits, field)[n].tolist() for field in fields] + [visits.z.tolist()]
        news = outcome.late if feedback == "wait" else outcome.corrections
        several += len(news) > 1
        for late in (part.visits for part in news):
            for n, index in enumerate(late.index.tolist()):
                assert [getattr(late, field)[n].tolist() for field in fields] + [late.z.tolist()] == seen[index]
                told += 1
    assert told > 100
    assert (several > 0) == (feedback == "correct" or later > 0)


HEARD = []


class Attentive:
    """Notes with which features of the actions it chose, and insists that it learns and corrects with the same."""

    corrects = True

    def start(self, problem, rng):
        HEARD.clear()
        return AttentiveLearner(rng)


class AttentiveLearner:
    def __init__(self, rng):
        self._rng = rng

    def choose(self, visit):
        return Choice(int(self._rng.choice(np.flatnonzero(visit.available))), 0.1, visit.z.ravel().copy())

    def learn(self, visit, choice, reward):
        assert np.array_equal(visit.z.ravel(), choice.memo)
        HEARD.append(reward)

    correct = learn


def test_a_learner_hears_of_a_visit_with_the_prices_that_it_had():
    """At once, when the window closes (for all but the last visits), or at once and again with each return."""
    heard = {}
    for feedback in ("at once", "wait", "correct"):
        run_cell(Storefront(scenario=ALL, objective="kept_margin", feedback=feedback), Attentive(), 4, 0, what="same")
        heard[feedback] = len(HEARD)
    assert heard["wait"] < heard["at once"] < heard["correct"]


def test_rates_follow_the_season_by_hand():
    """.1 · (1 + .5 cos(2π (t − 2) / 8)): .15 on day 2, .1 on days 0 and 4, .05 on day 6. A rate of .8 is cut at 1."""
    season = Season(amplitude=0.5, peak=2.0, period=8.0)
    swing = {"visit_rate": 0.1, "season": season}
    shop = changed(personas={"luke": swing, "harmony": swing | {"visit_rate": 0.8}}, days=9)
    assert rates(shop)[0, [2, 0, 4, 6]] == pytest.approx([0.15, 0.1, 0.1, 0.05])
    assert rates(shop)[1].max() == 1.0
    assert (rates(shop)[2] == ACME.personas[2].visit_rate).all()


def test_people_come_by_their_season():
    """Harmony's visits in the upper and the lower halves of her swings; 0.03 off would be found."""
    shop = changed(
        personas={"harmony": {"season": Season(amplitude=0.8, peak=10.0, period=40.0)}}, customers=2000, days=80
    )
    luck = draws.draw(shop, 0, 5, 0)
    day = np.searchsorted(luck.first, np.arange(len(luck.user)), side="right") - 1
    high = np.cos(2 * np.pi * (np.arange(80) - 10.0) / 40.0) > 0
    hers = day[luck.cohort[luck.user] == 1]
    rate = rates(shop)[1]
    n = int((luck.cohort == 1).sum())
    for half in (high, ~high):
        came, asked = int(half[hers].sum()), n * int(half.sum())
        assert detectable_gap(asked, looks=2) < 0.03
        proportions([came, asked - came], [rate[half].mean(), 1 - rate[half].mean()], looks=2)
    assert visits_by_persona(shop)[1] == pytest.approx(0.6 * 2000 * rate.sum())


# Day by day


@pytest.mark.parametrize(
    ("scenario", "customers"),
    [(ACME, 300), (ALL, 300), (changed(new_customers=3.0), 100), (changed(), 1)],
    ids=["acme", "all changes", "growing", "one customer"],
)
def test_drawn_day_by_day_or_at_once_it_is_the_same(monkeypatch, scenario, customers):
    """In pieces of 64 users and 64 visits, so that there are many of each."""
    monkeypatch.setattr("environments.shop.daily_draws.PIECE", 64)
    monkeypatch.setattr("environments.shop.features.PIECE", 64)
    shop = scenario.model_copy(update={"customers": customers, "days": 60})
    one, other = draws.draw_at_once(shop, 20, 3, 1), draws.DayByDay(shop, 20, 3, 1)
    for name in ("cohort", "arrival", "v"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert np.array_equal(one.sample.x, other.sample.x)
    for _ in range(2):  # each call begins anew
        for a, b in itertools.zip_longest(one.days(), other.days()):
            for name in a.__slots__:
                assert np.array_equal(getattr(a, name), getattr(b, name)), name
    for rows, truth in other.truths():
        for name in truth.__slots__:
            assert np.array_equal(getattr(truth, name), getattr(one.truth, name)[rows]), name


@pytest.mark.parametrize("feedback", ["at once", "wait", "correct"])
def test_a_run_is_the_same_however_it_is_drawn(monkeypatch, feedback):
    environment = Storefront(scenario=ALL, objective="long_term", feedback=feedback)
    one = run_cell(environment, Random(), 3, 1)
    monkeypatch.setattr(draws, "MOST", 0)
    draws.draw.cache_clear()
    other = run_cell(environment, Random(), 3, 1)
    assert isinstance(draws.draw(environment.shop, environment.labelled, 3, 1), draws.DayByDay)
    draws.draw.cache_clear()
    assert one.curves.equals(other.curves)
    assert one.users.equals(other.users)


def test_which_way_it_is_drawn_depends_on_the_scenario_alone():
    """820 users: 820 · (2 + 7 · 12) + 19,700 · (5 + 8) numbers fit; a million users' do not."""
    at = {n: draws._numbers(ACME.model_copy(update={"customers": n})) for n in (820, 1_000_000)}
    visits = float(visits_by_persona(ACME).sum())
    assert at[820] == pytest.approx(820 * 86 + visits * 13)
    assert at[820] < draws.MOST < at[1_000_000]
