"""The same seed gives the same bits, whoever computes them and in whatever order; and nothing is computed twice."""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys

import pytest
from loky import get_reusable_executor
from polars.testing import assert_frame_equal
from small_sweeps import CLOTHES, SHOP, cells_in, small, stamps_in

import experiments.work
from bandits import EpsilonGreedy, LinearThompson, Oracle, Random
from bandits.errors import InputError
from experiments import Result, run


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """One worker: 2 replications of 3 environments with 5 policies, so 30 cells."""
    folder = tmp_path_factory.mktemp("reference")
    run(small(), folder)
    assert len(cells_in(folder)) == 30
    return folder


@pytest.fixture
def computed(monkeypatch):
    """The cells that are computed in this process, as (environment, policy, replication)."""
    names = []
    real = experiments.work.run_cell

    def counting(environment, policy, seed, replication, *rest):
        names.append((environment.label, policy.name, replication))
        return real(environment, policy, seed, replication, *rest)

    monkeypatch.setattr(experiments.work, "run_cell", counting)
    return names


def test_two_workers_give_the_bits_of_one(reference, tmp_path):
    run(small(), tmp_path, workers=2)
    assert cells_in(tmp_path) == cells_in(reference)


def test_the_order_of_policies_and_environments_does_not_matter(reference, tmp_path):
    backwards = small()
    backwards = small(policies=backwards.policies[::-1], environments=backwards.environments[::-1])
    result = run(backwards, tmp_path)
    assert cells_in(tmp_path) == cells_in(reference)
    by = ["environment", "policy", "replication", "cohort", "time"]
    assert_frame_equal(result.curves().sort(by), Result.load(reference).curves().sort(by))


@pytest.mark.parametrize("kind", ["threads", pytest.param("processes", marks=pytest.mark.slow)])
def test_an_executor_that_is_handed_in_gives_the_same_bits(reference, tmp_path, kind):
    if kind == "threads":
        with concurrent.futures.ThreadPoolExecutor(2) as executor:
            run(small(), tmp_path, executor=executor)
    else:
        executor = get_reusable_executor(max_workers=1)
        run(small(), tmp_path, executor=executor)
        executor.shutdown(wait=True)
    assert cells_in(tmp_path) == cells_in(reference)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_in_memory_is_as_in_a_folder(reference, workers):
    calls = []
    there = Result.load(reference)
    here = run(small(), workers=workers, progress=lambda done, total: calls.append((done, total)))
    for frame in ("curves", "users", "summary", "mean_curves"):
        assert_frame_equal(getattr(here, frame)(), getattr(there, frame)())
    assert_frame_equal(here.differences("random"), there.differences("random"))
    assert here.failures == there.failures == []
    assert calls[0] == (0, 30)
    assert calls[-1] == (30, 30)
    assert calls == sorted(calls)


def test_a_replication_does_not_depend_on_how_many_there_are(reference, tmp_path):
    run(small(replications=1), tmp_path)
    few, many = cells_in(tmp_path), cells_in(reference)
    assert len(few) == 15
    assert few.items() <= many.items()


def test_another_seed_is_another_world(reference, tmp_path):
    run(small(seed=8), tmp_path)
    assert not cells_in(tmp_path).keys() & cells_in(reference).keys()
    assert not set(cells_in(tmp_path).values()) & set(cells_in(reference).values())


def test_running_again_computes_nothing(tmp_path, computed):
    run(small(), tmp_path)
    before, written = stamps_in(tmp_path), cells_in(tmp_path)
    computed.clear()
    calls = []
    run(small(), tmp_path, workers=2, progress=lambda done, total: calls.append((done, total)))
    assert computed == []
    assert calls == [(30, 30)]
    assert (stamps_in(tmp_path), cells_in(tmp_path)) == (before, written)


def test_a_new_policy_a_new_environment_and_a_new_replication_compute_what_is_new_alone(tmp_path, computed):
    """Policies a, b in one environment, 2 replications: 4 cells. c is new: 2 more. A third replication: 3 more.

    A second environment: 3 replications × 3 policies = 9 more.
    """
    a, b, c = Random(name="a"), EpsilonGreedy(name="b"), Oracle(name="c")
    run(small([a, b], [SHOP]), tmp_path)
    assert len(computed) == 4
    steps = [
        (small([c, a, b], [SHOP]), {("shop", "c", 0), ("shop", "c", 1)}),
        (small([c, a, b], [SHOP], replications=3), {("shop", name, 2) for name in "abc"}),
        (small([c, a, b], [CLOTHES, SHOP], 3), {("clothes", name, r) for name in "abc" for r in range(3)}),
    ]
    for experiment, new in steps:
        before, written = stamps_in(tmp_path), cells_in(tmp_path)
        computed.clear()
        run(experiment, tmp_path)
        assert set(computed) == new
        assert len(computed) == len(new)
        assert stamps_in(tmp_path).items() >= before.items()
        assert cells_in(tmp_path).items() >= written.items()


def test_another_name_computes_nothing_and_another_parameter_computes_anew(tmp_path, computed):
    run(small([LinearThompson(name="old")], [SHOP]), tmp_path)
    computed.clear()
    result = run(small([LinearThompson(name="new")], [SHOP.model_copy(update={"name": "renamed"})]), tmp_path)
    assert computed == []
    assert set(result.summary()["policy"]) == {"new"}
    assert set(result.summary()["environment"]) == {"renamed"}
    run(small([LinearThompson(scale=0.5, name="new")], [SHOP]), tmp_path)
    assert computed == [("shop", "new", 0), ("shop", "new", 1)]
    run(small([LinearThompson(name="new")], [SHOP.model_copy(update={"labelled": 10})]), tmp_path)
    assert len(computed) == 4


def test_a_policy_under_two_names_is_computed_once_and_told_twice(tmp_path, computed):
    calls = []
    twins = small([LinearThompson(name="one"), LinearThompson(name="other")], [SHOP])
    result = run(twins, tmp_path, progress=lambda done, total: calls.append((done, total)))
    assert len(computed) == 2
    assert calls == [(0, 4), (2, 4), (4, 4)]
    one, other = (result.curves().filter(policy=name).drop("policy") for name in ("one", "other"))
    assert_frame_equal(one, other)


def test_policies_that_are_limited_to_some_environments_run_there_alone():
    policies, environments = [Random(name="a"), EpsilonGreedy(name="b")], [SHOP, CLOTHES]
    experiment = small(policies, environments).model_copy(update={"only": {"b": ["shop"]}})
    pairs = run(experiment).summary().select("environment", "policy").unique()
    assert set(pairs.rows()) == {("shop", "a"), ("shop", "b"), ("clothes", "a")}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"workers": 0}, "workers: must be a whole number of at least 1, got 0"),
        ({"workers": True}, "workers: must be a whole number of at least 1, got True"),
        ({"workers": 1.5}, "workers: must be a whole number of at least 1, got 1.5"),
        ({"log": "some"}, "log: must be 'none' or 'full', got 'some'"),
        ({"log": "full"}, "log: 'full' writes files; say where with out=…"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, line):
    with pytest.raises(InputError) as error:
        run(small(), **arguments)
    assert error.value.lines == [line]


SCRIPT = """
import hashlib, sys
from bandits import LinearThompson, PersonaBelief, Random
from environments import Storefront
from experiments import Experiment, run
shop = Storefront.load("acme", objective="long_term", days=60)
run(Experiment(name="x", environments=[shop], policies=[Random(), PersonaBelief(LinearThompson())], replications=1),
    sys.argv[1])
"""


@pytest.mark.slow
def test_the_number_of_threads_of_the_linear_algebra_does_not_matter(tmp_path):
    for threads in ("1", "2"):
        variables = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"), threads)
        arguments = [sys.executable, "-c", SCRIPT, str(tmp_path / threads)]
        subprocess.run(arguments, check=True, env=os.environ | variables)
    assert cells_in(tmp_path / "1") == cells_in(tmp_path / "2")
    assert len(cells_in(tmp_path / "1")) == 2
