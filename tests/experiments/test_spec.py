"""An experiment as a TOML file and as an object: the same thing, with the same cells."""

from __future__ import annotations

import pathlib
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_sweeps import CLOTHES, POLICIES, SHOP, small

from bandits import LinearThompson, Nothing, Oracle, Random
from bandits.description import identity, table_of
from bandits.errors import InputError
from environments import ClothingReviews, Storefront
from experiments import Experiment
from experiments.cells import cells_of
from experiments.spec_file import SHIPPED

TOML = """
name = "mine"
replications = 3
seed = 5

[[environment]]
kind = "Storefront"
scenario = "acme"
objective = "long_term"
customers = 40
days = 30
observe_persona = true
name = "shop"

[[environment]]
kind = "ClothingReviews"
horizon = 600
block = 256
name = "clothes"

[[policy]]
kind = "Random"

[[policy]]
kind = "PersonaBelief"
policy = { kind = "LinearThompson", scale = 1 }
cards = "estimated"
evidence = "visit"
name = "belief"

[only]
belief = ["clothes"]
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / "file.toml"
    path.write_text(TOML)
    return path


def keys(experiment: Experiment) -> list[str]:
    return [cell.key for cell in cells_of(experiment)]


def test_a_file_says_what_an_object_says(written):
    """A whole number in TOML is as good as a broken one in Python."""
    objects = Experiment(
        name="mine",
        environments=[SHOP, CLOTHES],
        policies=[Random(), POLICIES[3]],
        replications=3,
        seed=5,
        only={"belief": ["clothes"]},
    )
    read = Experiment.load(str(written))
    assert keys(read) == keys(objects)
    assert [table_of(policy) for policy in read.policies] == [table_of(policy) for policy in objects.policies]
    assert len(keys(read)) == 3 * (1 + 2)


def test_defaults_are_thirty_replications_seed_0_and_the_files_name(written):
    short = TOML.replace('name = "mine"\nreplications = 3\nseed = 5\n', "")
    written.write_text(short)
    read = Experiment.load(str(written))
    assert (read.name, read.replications, read.seed) == ("file", 30, 0)


def test_what_the_caller_changes_stands_in_for_the_file(written):
    read = Experiment.load(str(written), replications=1, seed=9)
    assert (read.replications, read.seed) == (1, 9)


def test_a_byte_order_mark_does_no_harm(written):
    written.write_text(TOML, "utf-8-sig")
    assert Experiment.load(str(written)).name == "mine"


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_experiments_load_and_fit(name):
    experiment = Experiment.load(name)
    assert experiment.name == name
    assert experiment.replications >= 10
    assert any(isinstance(policy, Oracle) for policy in experiment.policies)
    assert len({cell.key for cell in cells_of(experiment)}) == len(cells_of(experiment))


def test_a_scenario_beside_the_file_is_found_from_anywhere(written, monkeypatch, tmp_path):
    acme = pathlib.Path(sys.modules["environments"].__file__).parent / "acme.toml"
    (tmp_path / "shop.toml").write_text(acme.read_text())
    written.write_text(TOML.replace('"acme"', '"shop.toml"'))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for place, path in ((tmp_path, "file.toml"), (elsewhere, "../file.toml"), (elsewhere, str(written))):
        monkeypatch.chdir(place)
        # the same shop, whatever the file is called
        assert keys(Experiment.load(path)) == keys(Experiment.load(str(written)))
    written.write_text(TOML)
    assert keys(Experiment.load(str(written))) == keys(Experiment.load(path, name="another"))


def test_no_label_counts_but_a_name_that_policies_see_does():
    """Labels of environments and policies are for people; Always("party lights") looks its item up by name."""
    assert identity(SHOP) == identity(SHOP.model_copy(update={"name": "another"}))
    first, second, *rest = SHOP.scenario.items
    swapped = (
        first.model_copy(update={"name": second.name}),
        second.model_copy(update={"name": first.name}),
        *rest,
    )
    renamed = SHOP.scenario.model_copy(update={"items": swapped})
    assert identity(SHOP.model_copy(update={"scenario": renamed})) != identity(SHOP)
    moved = SHOP.scenario.model_copy(update={"name": "another file"})
    assert identity(SHOP.model_copy(update={"scenario": moved})) == identity(SHOP)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**63 - 1),
    replications=st.integers(1, 3),
    order=st.permutations(range(len(POLICIES))),
)
def test_a_key_depends_on_what_the_cell_is_and_on_nothing_else(seed, replications, order):
    def by_place(experiment):
        return {(cell.environment.name, cell.policy.name, cell.replication): cell.key for cell in cells_of(experiment)}

    straight = by_place(small(replications=replications, seed=seed))
    shuffled = by_place(small([POLICIES[n] for n in order], (CLOTHES, SHOP), replications, seed, name="another"))
    assert shuffled.items() <= straight.items()
    assert len(set(straight.values())) == len(straight)
    assert not set(straight.values()) & set(by_place(small(replications=replications, seed=seed ^ 1)).values())


def test_every_parameter_of_every_environment_counts():
    changes = [
        (CLOTHES, [("horizon", 601), ("bound", 0.3), ("min_reviews", 30), ("block", 128), ("show_nothing", False)]),
        (
            SHOP,
            [
                ("objective", "cart_value"),
                ("feedback", "wait"),
                ("show_nothing", False),
                ("customers", 41),
                ("days", 31),
            ],
        ),
        (SHOP, [("labelled", 100), ("observe_persona", False), ("customers", None)]),
        (SHOP.scenario, [("tolerance", 0.1), ("handling", 9.0), ("currency", "€"), ("new_customers", 1.0)]),
    ]
    for thing, fields in changes:
        found = {identity(thing)} | {identity(thing.model_copy(update={field: value})) for field, value in fields}
        assert len(found) == 1 + len(fields)


def test_faults_of_an_object_are_said_all_at_once():
    with pytest.raises(InputError) as error:
        Experiment(name="x", environments=[SHOP, 3, Storefront], policies=[Random, None], replications=0, sed=1)
    world = "must be an environment (an object with open(seed, replication)), got"
    policy = "must be a policy (an object with start(problem, rng)), got"
    known = "(known: environments, name, only, policies, replications, seed)"
    assert error.value.lines == [
        f"Experiment: environments[2]: {world} 3",
        f"Experiment: environments[3]: {world} <class 'environments.shop.storefront.Storefront'>; write Storefront(…)",
        f"Experiment: policies[1]: {policy} <class 'bandits.baselines.Random'>; write Random(…)",
        f"Experiment: policies[2]: {policy} None",
        "Experiment: replications: must be greater than or equal to 1, got 0",
        f"Experiment: sed: unknown field 'sed' {known}; did you mean 'seed'?",
    ]


def test_all_misfits_are_said_at_once():
    silent = ClothingReviews(horizon=10, show_nothing=False, name="loud")
    low = Storefront.load("acme", objective="low_returns", name="low")
    with pytest.raises(InputError) as error:
        small([Nothing(), LinearThompson()], [SHOP, silent, low])
    what = "shows nothing, and in this world something must be shown; take it out, or say where it runs under `only`"
    assert error.value.lines == [f"Experiment: policy 'Nothing' in {place!r}: {what}" for place in ("loud", "low")]
