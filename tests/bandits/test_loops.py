"""The plain loop around learners of one's own: what it lets pass, and what it says of what it does not."""

import pickle
import sys

import numpy as np
import pytest

from bandits import BlockLearner, Choice, Choices, InputError, LinUCB, Oracle, PersonaOracle, Problem
from bandits.answers import Misbehaviour
from bandits.fit import misfit_of, start
from bandits.loops import in_blocks
from bandits.protocol import Block

N, K = 6, 3


class Learner:
    """Chooses by a function of the number of the visit and the visit."""

    def __init__(self, answer):
        self.answer, self.visits, self.learnt = answer, 0, []

    def choose(self, visit):
        self.visits += 1
        return self.answer(self.visits - 1, visit)

    def learn(self, visit, choice, reward):
        self.learnt.append((choice.action, reward))


def block(rewards=True):
    available = np.ones((N, K), dtype=bool)
    available[3] = [False, False, True]
    return Block(np.ones((N, 2)), available, np.arange(N * K, dtype=float).reshape(N, K) if rewards else None)


def play(answer, **fields):
    return in_blocks(Learner(answer)).play(block(**fields))


def test_it_learns_the_reward_of_what_was_chosen():
    """Rewards count up row by row: the last action of each visit earns 2, 5, 8 …"""
    learner = Learner(lambda _n, _visit: Choice(2, 0.5))
    chosen = in_blocks(learner).play(block())
    assert chosen.action.tolist() == [2] * N
    assert chosen.propensity.tolist() == [0.5] * N
    assert chosen.memo is None
    assert learner.learnt == [(2, 2.0 + 3 * n) for n in range(N)]


def test_memos_are_handed_back():
    chosen = play(lambda n, _visit: Choice(2, memo=np.array([n, -n])), rewards=False)
    assert chosen.memo.tolist() == [[n, -n] for n in range(N)]
    assert chosen.choice(4).memo.tolist() == [4, -4]


SHAPES = "answered a block with memos of different shapes"


@pytest.mark.parametrize(
    ("answer", "row", "said"),
    [
        (lambda _n, _visit: Choice(0), 3, "chose action 0, but only 2 were available"),
        (lambda _n, _visit: Choice(3), 0, "chose action 3, but only 0, 1, 2 were available"),
        (lambda _n, _visit: Choice(-1), 0, "chose action -1, but only 0, 1, 2 were available"),
        (lambda n, _visit: Choice(2.0) if n == 4 else Choice(2), 4, "chose action 2.0, which is no whole number"),
        (lambda _n, _visit: Choice(True), 0, "chose action True, which is no whole number"),
        (lambda _n, _visit: 2, 0, "answered 2, which is no Choice(action, propensity)"),
        (lambda _n, _visit: None, 0, "answered None, which is no Choice(action, propensity)"),
        (lambda _n, _visit: Choice(2, 0.0), 0, "stated propensity 0.0, which is not in (0, 1]"),
        (lambda _n, _visit: Choice(2, 1.5), 0, "stated propensity 1.5, which is not in (0, 1]"),
        (lambda _n, _visit: Choice(2, "half"), 0, "stated propensity 'half', which is not in (0, 1]"),
        (lambda n, _visit: Choice(2, 1 / (5 - n)), 5, "raised ZeroDivisionError (test_loops.py:"),
        (lambda _n, visit: visit.x.fill(0), 0, "raised ValueError (test_loops.py:"),
        (lambda n, _visit: Choice(2, memo=np.ones(n)), None, SHAPES),
        (lambda n, _visit: Choice(2, memo=None if n else np.ones(1)), None, SHAPES),
    ],
    ids=range(14),
)
def test_misbehaviour_is_named_with_its_visit(answer, row, said):
    with pytest.raises(Misbehaviour) as caught:
        play(answer)
    assert str(caught.value).startswith(said)
    assert caught.value.row == row
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  our own bytes
    assert (str(again), again.row) == (str(caught.value), row)


def test_a_learner_that_cannot_correct_says_so():
    learner = in_blocks(Learner(lambda _n, _visit: Choice(2)))
    chosen = learner.play(block())
    with pytest.raises(Misbehaviour, match="could not correct a reward: its learner has no `correct`"):
        learner.correct_many(block(), chosen, np.zeros(N))


def test_whole_numbers_of_numpy_will_do():
    chosen = play(lambda _n, _visit: Choice(np.int64(2), np.float32(0.25)))
    assert chosen.action.tolist() == [2] * N
    assert chosen.propensity.tolist() == [0.25] * N


class Labels:
    sees_cohort = True

    def start(self, problem, rng):
        return problem, rng


@pytest.mark.parametrize(
    ("policy", "problem", "why"),
    [
        (Labels(), Problem(("a",), cohorts=("x",)), None),
        (Labels(), Problem(("a",)), "needs cohort labels, and this world shows none"),
        (Labels(), Problem(("a",), cohorts=("x",), corrections=True), "cannot correct a reward it has already learnt"),
        (LinUCB(), Problem(("a",), ("x",), corrections=True), None),
        (LinUCB(), Problem(("a",)), "needs features of the visitor, and this world has none"),
    ],
)
def test_a_policy_that_does_not_fit_is_refused(policy, problem, why):
    misfit = misfit_of(policy, problem)
    assert misfit is None if why is None else misfit.startswith(why)
    if why is not None:
        with pytest.raises(InputError, match=why):
            start(policy, problem, np.random.default_rng(5))


def test_what_is_started_must_be_a_learner():
    with pytest.raises(Misbehaviour, match="has no choose and learn"):
        start(Labels(), Problem(("a",), cohorts=("x",)), np.random.default_rng(5))


class Peeking(BlockLearner):
    """Reads what every action would bring before it chooses."""

    def __init__(self, pick):
        self.pick = pick

    def play(self, block):
        return Choices(self.pick(block.rewards, axis=1), np.ones(len(block)))

    def learn_many(self, block, choices, rewards): ...

    def correct_many(self, block, choices, deltas): ...


@pytest.mark.parametrize("pick", [np.argmax, np.nanargmax, np.argmin])
def test_a_block_learner_of_ones_own_that_reads_what_it_did_not_choose_is_caught(pick):
    rewards = np.random.default_rng(1).normal(size=(N, K))
    block = Block(x=np.ones((N, 1)), available=np.ones((N, K), dtype=bool), rewards=rewards)
    with pytest.raises(Misbehaviour, match="chose another action, when the rewards of those that it had not chosen"):
        in_blocks(Peeking(pick)).play(block)


def test_a_block_learner_that_cannot_be_copied_faithfully_is_not_accused():
    """Its luck comes from outside: a copy of it draws other luck, hidden rewards or not."""
    luck = np.random.default_rng(1)

    def pick(rewards, axis):
        return luck.integers(rewards.shape[axis], size=len(rewards))

    block = Block(x=np.ones((N, 1)), available=np.ones((N, K), dtype=bool), rewards=np.zeros((N, K)))
    assert in_blocks(Peeking(pick)).play(block).action.shape == (N,)


def test_the_oracle_alone_is_handed_expected_rewards():
    class Clairvoyant:
        sees_expected = True

        def start(self, problem, rng):
            raise AssertionError

    problem = Problem(actions=("a",), features=("x",))
    assert misfit_of(Clairvoyant(), problem) == "asks for expected rewards, which the oracles alone are handed"
    assert misfit_of(Oracle(), problem) is None


def test_the_persona_oracle_alone_is_handed_those_of_cohorts_by_worlds_that_tell_them():
    class Clairvoyant:
        sees_typical = True

        def start(self, problem, rng):
            raise AssertionError

    silent, telling = (Problem(actions=("a",), features=("x",), typical=told) for told in (False, True))
    assert misfit_of(Clairvoyant(), telling) == "asks for expected rewards, which the oracles alone are handed"
    assert misfit_of(PersonaOracle(), silent) == "needs the expected rewards of cohorts, which this world does not tell"
    assert misfit_of(PersonaOracle(), telling) is None


def test_a_policy_that_exits_does_not_take_the_run_with_it():
    learner = Learner(lambda _, __: sys.exit(3))
    block = Block(x=np.ones((1, 1)), available=np.ones((1, K), dtype=bool))
    with pytest.raises(Misbehaviour, match=r"raised SystemExit .*: 3"):
        in_blocks(learner).play(block)
