"""Learners on disk: what is refused, and in which words. That they go on bit for bit is a law for every policy."""

import json
import pickle
import zipfile

import numpy as np
import pytest

from bandits import BlockLearner, Choice, Choices, InputError, LinUCB, PerCohort, PersonaBelief, load
from bandits.learner_state import text_array
from bandits.saving import FORMAT
from tests.contracts.small_world import Copycat, assert_same, begin, seen_by, small_block, small_problem


def saved(tmp_path, policy, problem=None):
    learner = begin(policy, problem or small_problem())
    learner.play(seen_by(policy, small_block(50)))
    learner.save(tmp_path / "learner")
    return learner, tmp_path / "learner"


def altered(path, **changes):
    """The file with other arrays in it."""
    with np.load(path) as file:
        content = {name: file[name] for name in file.files}
    content = {name: array for name, array in (content | changes).items() if array is not None}
    with path.open("wb") as file:
        np.savez(file, **content)
    return path


def refused(path, policy=None):
    with pytest.raises(InputError) as caught:
        load(path, policy)
    (line,) = caught.value.lines
    return line.removeprefix(f"{path}: ")


def test_the_file_is_called_as_it_was_said_and_holds_arrays_alone(tmp_path):
    _, path = saved(tmp_path, LinUCB())
    assert [p.name for p in tmp_path.iterdir()] == ["learner"]
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            header = archive.read(name)[:200]
            assert header.startswith(b"\x93NUMPY")
            assert b"|O" not in header


def test_what_was_there_before_is_replaced_whole(tmp_path):
    saved(tmp_path, LinUCB(alpha=3.0))
    learner, path = saved(tmp_path, LinUCB(alpha=0.5))
    block = small_block(30, seed=4)
    assert_same(load(path).play(block), learner.play(block))


def test_a_loaded_learner_knows_its_policy_and_problem(tmp_path):
    policy, problem = PersonaBelief(LinUCB(alpha=0.5), cards="estimated"), small_problem()
    _, path = saved(tmp_path, policy, problem)
    loaded_policy, loaded_problem = load(path).origin
    assert loaded_policy == policy
    np.testing.assert_array_equal(loaded_problem.sample.x, problem.sample.x)
    assert loaded_problem.cards == problem.cards
    assert loaded_problem.nothing == problem.nothing


class TestFilesThatAreRefused:
    def test_one_that_is_not_there(self, tmp_path):
        assert refused(tmp_path / "none") == "there is no such file"

    @pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 and then nothing"])
    def test_one_of_another_kind(self, tmp_path, content):
        (tmp_path / "other").write_bytes(content)
        assert refused(tmp_path / "other").startswith("holds no saved learner")

    def test_a_pickle_is_not_even_looked_at(self, tmp_path):
        """Unpickling it would create a file."""
        path, trap = tmp_path / "evil", tmp_path / "trap"

        class Evil:
            def __reduce__(self):
                return (open, (str(trap), "w"))

        path.write_bytes(pickle.dumps(Evil()))
        assert refused(path).startswith("holds no saved learner")
        _, path = saved(tmp_path, LinUCB())
        altered(path, format=np.array([Evil()], dtype=object))
        assert refused(path).startswith("holds no saved learner")
        assert not trap.exists()

    def test_one_of_another_format(self, tmp_path):
        _, path = saved(tmp_path, LinUCB())
        altered(path, format=np.array(FORMAT + 1))
        assert refused(path) == f"was saved in format {FORMAT + 1}, and this version reads {FORMAT}"

    def test_one_that_lacks_something(self, tmp_path):
        _, path = saved(tmp_path, LinUCB())
        altered(path, **{"state/learnt/theta": None})
        assert refused(path) == "is damaged: 'learnt/theta' is missing"

    @pytest.mark.parametrize("wrong", [np.zeros((3, 1)), np.array(1.0), np.array(["a"])])
    def test_one_whose_arrays_do_not_fit(self, tmp_path, wrong):
        _, path = saved(tmp_path, LinUCB())
        altered(path, **{"state/learnt/theta": wrong})
        assert refused(path).startswith("is damaged: 'learnt/theta' is ")

    def test_one_that_names_code_needs_the_policy(self, tmp_path):
        """Nothing is imported because a file says so."""
        _, path = saved(tmp_path, LinUCB())
        altered(path, policy=text_array(json.dumps({"kind": "antigravity:Policy"})))
        assert refused(path) == "holds a policy of one's own; hand it in: load(path, policy)"

    def test_one_of_another_policy(self, tmp_path):
        _, path = saved(tmp_path, LinUCB())
        line = "holds a learner of LinUCB, not of LinUCB(alpha=2.0)"
        assert refused(path, LinUCB(alpha=2.0)) == line
        with pytest.raises(InputError, match="holds a learner of LinUCB, not of"):
            begin(LinUCB(alpha=2.0), small_problem()).load(path)

    def test_one_for_another_problem(self, tmp_path):
        _, path = saved(tmp_path, LinUCB())
        with pytest.raises(InputError, match="holds a learner for another problem"):
            begin(LinUCB(), small_problem(reward_scale=3.0)).load(path)


def test_a_folder_that_is_not_there_is_one_line(tmp_path):
    learner = begin(LinUCB(), small_problem())
    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        learner.save(tmp_path / "none" / "learner")


def test_a_plain_learner_of_ones_own_is_saved_if_it_says_how(tmp_path):
    with pytest.raises(
        InputError, match=r"_Copycat: cannot be saved: its learner has no state\(\) and restore\(state\)"
    ):
        saved(tmp_path, PerCohort(Copycat()))

    class Counting:
        def start(self, problem, rng):
            return Counter()

    policy = PerCohort(Counting())
    learner, path = saved(tmp_path, policy)
    block = seen_by(policy, small_block(30, seed=4))
    assert "hand it in" in refused(path)
    assert_same(load(path, policy).play(block), learner.play(block))


class Counter:
    """Shows the actions in turn."""

    def __init__(self):
        self.seen = 0

    def choose(self, visit):
        self.seen += 1
        return Choice(self.seen % 5)

    def learn(self, visit, choice, reward):
        pass

    def state(self):
        return {"seen": np.array(self.seen)}

    def restore(self, state):
        self.seen = int(state["seen"])


def test_a_block_learner_of_ones_own_must_consist_of_arrays(tmp_path):
    class Odd(BlockLearner):
        def __init__(self):
            self.memory = {1, 2}

        def play(self, block):
            return Choices(np.argmax(block.available, axis=1), np.ones(len(block)))

        def learn_many(self, block, choices, rewards):
            pass

        def correct_many(self, block, choices, deltas):
            pass

    class Strange:
        def start(self, problem, rng):
            return Odd()

    with pytest.raises(InputError, match="cannot be saved: what it keeps as 'memory' is a set; use arrays"):
        saved(tmp_path, PerCohort(Strange()))
