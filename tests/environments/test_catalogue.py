"""What a policy may see of the catalogue."""

import numpy as np

from environments import Scenario, Storefront
from environments.shop.catalogue import Item, seen_of

ACME = Scenario.load("acme")
PEN = Item(key="pen", name="Pen", price=45.0, margin=10.0, attributes=(1.0, 0.4), defect=3.0)
BOOK = Item(key="book", name="Book", price=90.0, margin=20.0, attributes=(0.0, -1.0), appeal=2.0)
LAMP = Item(key="lamp", name="Lamp", price=9.0, margin=1.0, attributes=(0.2, 0.0), appeal=0.5)


def z_of(scenario, **how):
    return Storefront(scenario=scenario, objective="kept_margin", days=1, **how).open(1, 0).next_block().z


def test_attributes_then_price_and_appeal_beside_the_largest():
    """45 of 90 is 0.5 and 9 of 90 is 0.1; an appeal of 0.5 beside one of 2 is 0.25."""
    seen = seen_of([PEN, BOOK, LAMP])
    np.testing.assert_allclose(seen, [[1, 0.4, 0.5, 0], [0, -1, 1, 1], [0.2, 0, 0.1, 0.25]], rtol=1e-15)


def test_where_everything_is_free_and_nothing_is_hyped_price_and_appeal_are_0():
    free = PEN.model_copy(update={"price": 0.0})
    assert seen_of([free, free]).tolist() == [[1, 0.4, 0, 0]] * 2


def test_the_storefront_shows_it_and_zeros_for_nothing():
    np.testing.assert_array_equal(z_of(ACME), np.vstack([seen_of(ACME.items), np.zeros(6)]))
    np.testing.assert_array_equal(z_of(ACME, show_nothing=False), seen_of(ACME.items))
    names = Storefront(scenario=ACME, objective="kept_margin").problem.action_features
    assert names == ("refill", "unique", "practical", "quality", "price", "appeal")


def test_it_tells_nothing_of_defects_margins_customers_or_luck():
    """The same shop with other defects, margins and tastes, and another replication of it, look the same."""
    items = tuple(item.model_copy(update={"defect": 3.0, "margin": 0.5 * item.margin}) for item in ACME.items)
    personas = tuple(p.model_copy(update={"taste": p.taste[::-1], "appeal_sensitivity": 0.1}) for p in ACME.personas)
    other = ACME.model_copy(update={"items": items, "personas": personas})
    np.testing.assert_array_equal(z_of(other), z_of(ACME))
    shop = Storefront(scenario=ACME, objective="long_term", days=1)
    np.testing.assert_array_equal(shop.open(2, 5).next_block().z, z_of(ACME))


def test_whoever_writes_to_it_spoils_no_later_block():
    world = Storefront(scenario=ACME, objective="kept_margin", days=2).open(1, 0)
    first = world.next_block()
    first.z[...] = 7.0
    world.respond(np.zeros(len(first), dtype=np.int64))
    np.testing.assert_array_equal(world.next_block().z, z_of(ACME))
