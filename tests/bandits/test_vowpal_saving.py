"""What Vowpal Wabbit's policies leave behind: a state to go on from, and nothing else."""

from __future__ import annotations

import gc
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import pytest

from bandits.errors import InputError
from bandits.vowpal import VowpalWabbit
from tests.bandits.vowpal_world import EXPLORATIONS, assert_same, block, problem, resumed, with_nothing

ALL_TYPES = set(EXPLORATIONS) - {"squarecb", "regcb", "cover"}  # of estimators; "cover" lacks "dm"


class TestSaving:
    def learner(self, **fields):
        learner = VowpalWabbit(**fields).start(problem(), np.random.default_rng(5))
        learner.play(block(50))
        return learner

    @pytest.mark.parametrize(
        ("exploration", "cb_type"),
        [
            *((exploration, "mtr") for exploration in EXPLORATIONS),
            *((exploration, cb_type) for exploration in sorted(ALL_TYPES | {"cover"}) for cb_type in ("dr", "ips")),
            *((exploration, "dm") for exploration in sorted(ALL_TYPES)),
        ],
    )
    def test_once_saved_and_loaded_a_learner_goes_on_as_if_it_had_never_stopped(self, exploration, cb_type):
        """300 visits, then 300 more by the learner itself, and by another one that takes over its state."""
        nothing = None if exploration == "regcb" else 2
        world = problem(nothing=nothing, reward_scale=0.5, action_features=("p", "q"))
        policy = VowpalWabbit(exploration=exploration, cb_type=cb_type)
        learner = policy.start(world, np.random.default_rng(5))
        learner.play(with_nothing(block(300, partly=True, z=True), nothing))
        other = resumed(policy, world, learner)
        later = with_nothing(block(300, seed=1, partly=True, z=True), nothing)
        assert_same(other.play(later), learner.play(later))

    def test_saving_changes_nothing(self):
        saved, plain = self.learner(exploration="bag"), self.learner(exploration="bag")
        saved.state()
        assert_same(saved.play(block(100)), plain.play(block(100)))

    def test_a_learner_can_be_taken_back_to_an_earlier_state(self):
        learner = self.learner(exploration="rnd")
        state = learner.state()
        once = learner.play(block(100))
        learner.restore(state)
        assert_same(learner.play(block(100)), once)

    @pytest.mark.parametrize("fields", [{"exploration": "bag"}, {"interactions": ("ua", "uua")}, {"extra": "--coin"}])
    def test_a_model_with_other_options_is_refused(self, fields):
        with pytest.raises(InputError, match="VowpalWabbit: has a saved model with other options, "):
            self.learner().restore(self.learner(**fields).state())

    def test_a_model_of_another_size_is_refused(self):
        with pytest.raises(InputError, match=r"VowpalWabbit: .*bit"):
            self.learner(bits=10).restore(self.learner(bits=12).state())

    def test_a_model_can_not_smuggle_in_options_that_write_files(self, tmp_path):
        """Vowpal Wabbit follows the options in a model's header; this one would make it write wherever it says."""
        state = self.learner().state()
        model = state["model"].tobytes()
        place = model.index(b" --cb_adf")
        length = int.from_bytes(model[place - 4 : place], "little")
        forged = f" --predictions {tmp_path / 'stolen'}".encode() + model[place : place + length]
        state["model"] = np.frombuffer(
            model[: place - 4] + len(forged).to_bytes(4, "little") + forged + model[place + length :], dtype=np.uint8
        )
        with pytest.raises(InputError, match="has a saved model with other options, ' --predictions"):
            self.learner().restore(state)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("size", [0, 3, 20, 60])
    def test_a_damaged_model_is_refused_and_changes_nothing(self, size):
        learner, plain = self.learner(), self.learner()
        state = learner.state()
        with pytest.raises(InputError, match="VowpalWabbit: has a saved model that is damaged"):
            learner.restore(state | {"model": state["model"][:size]})
        assert_same(learner.play(block(50)), plain.play(block(50)))

    def test_it_leaves_no_file_behind(self, tmp_path, monkeypatch, capfd):
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        self.learner().restore(self.learner().state())
        assert list(tmp_path.iterdir()) == []
        assert capfd.readouterr() == ("", "")


class TestHousekeeping:
    def test_it_is_silent_and_writes_no_file(self, capfd, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for exploration in EXPLORATIONS:
            VowpalWabbit(exploration=exploration).start(problem(), np.random.default_rng(5)).play(block(50))
        gc.collect()
        assert capfd.readouterr() == ("", "")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.skipif(not pathlib.Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")
    def test_examples_do_not_leak(self):
        """20,000 visits may take 4 MiB, 210 bytes a visit; an example has room for 256 namespaces, over 20 kB."""
        learner, visits = VowpalWabbit().start(problem(), np.random.default_rng(5)), block(5000, partly=True)
        learner.play(visits)
        before = resident()
        for _ in range(4):
            learner.play(visits)
        assert resident() - before < 2**22

    @pytest.mark.skipif(not pathlib.Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")
    def test_learners_do_not_leak(self):
        """A workspace of 2^18 weights has 4 MiB or more; 30 of them, one after another, may take 16."""
        policy, visits = VowpalWabbit(), block(20)
        policy.start(problem(), np.random.default_rng(5)).play(visits)
        before = resident()
        for _ in range(30):
            policy.start(problem(), np.random.default_rng(5)).play(visits)
        gc.collect()
        assert resident() - before < 2**24

    def test_a_missing_package_is_named_with_its_remedy(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "vowpalwabbit", None)
        with pytest.raises(InputError, match="needs the package vowpalwabbit; run: pip install vowpalwabbit"):
            VowpalWabbit().start(problem(), np.random.default_rng(5))

    def test_it_is_imported_only_when_it_is_started(self):
        code = "import sys, bandits.vowpal; bandits.vowpal.VowpalWabbit(); sys.exit('vowpalwabbit' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def resident():
    """Resident memory [bytes]."""
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4096
