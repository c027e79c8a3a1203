"""No old result is given for new code."""

import shutil

import bandits
import experiments.cells
import experiments.work
from bandits import Random
from environments import ClothingReviews
from experiments import Experiment, Result, run
from experiments.provenance import made_with


def small():
    return Experiment(name="small", environments=[ClothingReviews(horizon=50)], policies=[Random()], replications=2)


def keys(folder):
    return {path.name for path in folder.rglob("*.parquet")}


def test_after_an_upgrade_everything_is_computed_anew_and_old_results_can_still_be_read(tmp_path, monkeypatch):
    run(small(), out=tmp_path / "results")
    old = Result.load(tmp_path / "results")
    before = keys(tmp_path / "results")
    for module in (experiments.cells, experiments.work):
        monkeypatch.setattr(module, "made_with", lambda: "a later version")
    told = []
    run(small(), out=tmp_path / "results", progress=lambda done, total: told.append((done, total)))
    assert told[0] == (0, 2)
    assert len(keys(tmp_path / "results") - before) == 2
    assert old.curves().height > 0


def test_every_source_file_of_policies_counts(tmp_path, monkeypatch):
    copy = tmp_path / "bandits"
    shutil.copytree(bandits.__path__[0], copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(bandits, "__path__", [str(copy)])
    same = made_with.__wrapped__()
    (copy / "ridge.py").write_text((copy / "ridge.py").read_text() + "\n# another line\n")
    assert same == made_with()
    assert made_with.__wrapped__() != same
