"""A policy of one's own is known by its code: what changes what it does gives it another fingerprint, and only that."""

import base64
import os
import subprocess
import sys
import types

import cloudpickle
import pytest

from bandits.code import code_of
from bandits.description import identity

MINE = '''
import numpy as np
from numba import njit

PACE = 0.5
TABLE = {"fast": [1, 2], "slow": np.array([3.0, 4.0])}
mean = 7

@njit
def kernel(x):
    return x + 1.0

def helper(x, scale=2.0):
    return scale * kernel(x)

class Base:
    shift = 1

    def base(self):
        return self.shift

class Mine(Base):
    """What it is for."""

    corrects = True

    def start(self, problem, rng):
        # why
        return Learner(rng)

    @staticmethod
    def known(word):
        return word in {"alpha", "beta", "gamma"}

class Learner:
    def __init__(self, rng):
        self.rng, self.rate = rng, PACE

    def choose(self, visit):
        return helper(visit.x.mean()) + TABLE["slow"][0]

    def learn(self, visit, choice, reward):
        self.rate *= (lambda r: r * 0.9)(reward)
'''


def module(source):
    """A module of one's own, made from text."""
    made = types.ModuleType("own_code")
    made.__dict__["__file__"] = __file__
    exec(compile(source, "own_code.py", "exec"), made.__dict__)  # noqa: S102  our own text
    return made


def fingerprint(source):
    sys.modules["own_code"] = made = module(source)
    try:
        return code_of(made.Mine)
    finally:
        del sys.modules["own_code"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("PACE = 0.5", "PACE = 0.6"),
        ("[1, 2]", "[1, 3]"),
        ("[3.0, 4.0]", "[3.0, 4.5]"),
        ("x + 1.0", "x + 2.0"),
        ("scale=2.0", "scale=3.0"),
        ("scale * kernel(x)", "scale - kernel(x)"),
        ("shift = 1", "shift = 2"),
        ("return self.shift", "return -self.shift"),
        ('"gamma"', '"delta"'),
        ("r * 0.9", "r * 0.8"),
        ("corrects = True", "corrects = False"),
        ("class Mine(Base)", "class Mine"),
        ("return Learner(rng)", "return Learner(rng.spawn(1)[0])"),
        ("self.rng, self.rate = rng, PACE", "self.rng, self.rate = rng, TABLE"),
    ],
)
def test_an_edit_gives_another_fingerprint(before, after):
    assert before in MINE
    assert fingerprint(MINE.replace(before, after)) != fingerprint(MINE)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# why", "# because, and at length"),
        ("What it is for.", "What it is not for."),
        ("PACE = 0.5", "\n\n\nPACE = 0.5\nUNUSED = 3"),
        ("def helper(x, scale=2.0):\n", "def helper(x, scale=2.0):\n\n    # doubled\n"),
        ("class Base:", "def unused():\n    return 1\n\nclass Base:"),
    ],
)
def test_comments_docstrings_places_and_what_is_not_used_do_not_count(before, after):
    assert before in MINE
    assert fingerprint(MINE.replace(before, after)) == fingerprint(MINE)


def test_what_a_class_was_made_around_counts():
    """A factory's variable is part of the policy that it makes."""

    def make(rate):
        class Mine:
            def start(self, problem, rng):
                return rate, problem, rng

        return Mine

    assert code_of(make(1)) != code_of(make(2))
    assert code_of(make(1)) == code_of(make(1))


@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_worker_sees_the_same_fingerprint(seed):
    """Sent by cloudpickle, as workers get it: with the names that are used, and in another order of sets."""
    sys.modules["own_code"] = made = module(MINE)
    cloudpickle.register_pickle_by_value(made)
    try:
        sent = base64.b64encode(cloudpickle.dumps(made.Mine())).decode()
        here = identity(made.Mine())
    finally:
        cloudpickle.unregister_pickle_by_value(made)
        del sys.modules["own_code"]
    code = (
        "import base64, pickle\nfrom bandits.description import identity\n"
        f"print(identity(pickle.loads(base64.b64decode({sent!r}))))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == here
