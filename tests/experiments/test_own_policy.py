"""A policy of one's own in ten lines gets the same treatment as a built-in one; if it misbehaves, it is named."""

from __future__ import annotations

import dataclasses
import importlib
import pathlib
import subprocess
import sys
import textwrap
import types

import numpy as np
import pytest
from small_sweeps import CLOTHES, SHOP, cells_in, small

from bandits import (
    Block,
    BlockLearner,
    Cautious,
    Choice,
    Choices,
    LinearThompson,
    PerCohort,
    PersonaBelief,
    Random,
)
from bandits.description import identity
from environments import Storefront
from experiments import Experiment, Result, run

MODULE = """
import numpy as np
from bandits import Choice


class Greedy:
    def __init__(self, first=0.0):
        self.first = first

    def start(self, problem, rng):
        return Means(len(problem.actions), self.first, rng)


class Means:
    def __init__(self, actions, first, rng):
        self.sum, self.count, self.rng = np.full(actions, first), np.ones(actions), rng

    def choose(self, visit):
        score = np.where(visit.available, self.sum / self.count + 1e-9 * self.rng.random(len(self.sum)), -np.inf)
        return Choice(int(np.argmax(score)))

    def learn(self, visit, choice, reward):
        self.sum[choice.action] += reward
        self.count[choice.action] += 1
"""
SWEEP = """
replications = 2
seed = 7

[[environment]]
kind = "ClothingReviews"
horizon = 400
name = "clothes"

[[policy]]
kind = "my_greedy:Greedy"

[[policy]]
kind = "my_greedy:Greedy"
first = 1.0
name = "hopeful"

[[policy]]
kind = "PerCohort"
policy = { kind = "my_greedy:Greedy", first = 0.5 }
"""


def load(folder: pathlib.Path, module: str = MODULE, sweep: str = SWEEP) -> Experiment:
    folder.mkdir(exist_ok=True)
    (folder / "my_greedy.py").write_text(module)
    (folder / "sweep.toml").write_text(sweep)
    sys.modules.pop("my_greedy", None)
    return Experiment.load(str(folder / "sweep.toml"))


@pytest.fixture(autouse=True)
def forgotten():
    """What a test has put on the path is gone after it."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("my_"):
            del sys.modules[name]


def cells_of(experiment: Experiment, folder: pathlib.Path) -> set[str]:
    run(experiment, folder)
    return set(cells_in(folder))


def test_a_module_beside_the_toml_file(tmp_path):
    result = run(load(tmp_path), tmp_path / "out")
    assert result.failures == []
    labels = ["Greedy(first=0.0)", "hopeful", "PerCohort(Greedy(first=0.5))"]
    assert [policy["label"] for policy in result.manifest["policies"]] == labels
    assert set(result.summary()["policy"]) == set(labels)
    assert set(cells_in(tmp_path / "out")) == cells_of(load(tmp_path / "elsewhere"), tmp_path / "again")


@pytest.mark.slow
def test_two_workers_give_the_bits_of_one(tmp_path):
    run(load(tmp_path), tmp_path / "one")
    result = run(load(tmp_path), tmp_path / "two", workers=2)
    assert result.failures == []
    assert cells_in(tmp_path / "one") == cells_in(tmp_path / "two")


def test_modules_of_the_same_name_in_two_folders_are_not_mixed_up(tmp_path):
    one, other = load(tmp_path / "one"), load(tmp_path / "other", MODULE.replace("1e-9", "1e-6"))
    assert identity(one.policies[0]) != identity(other.policies[0])
    assert cells_of(one, tmp_path / "a").isdisjoint(cells_of(other, tmp_path / "b"))
    # both names are taken now; the file beside the TOML file counts, whichever was loaded before
    again = Experiment.load(str(tmp_path / "one" / "sweep.toml"))
    assert identity(again.policies[0]) == identity(one.policies[0])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1e-9", "1e-8"),
        ("/ self.count", "/ (self.count + 1)"),
        ("self.count[choice.action] += 1", "self.count[choice.action] += 2"),
        ("np.argmax", "np.argmin"),
    ],
)
def test_edited_code_computes_anew(tmp_path, old, new):
    run(load(tmp_path), tmp_path / "out")
    before = cells_in(tmp_path / "out")
    run(load(tmp_path, MODULE.replace(old, new)), tmp_path / "out")
    after = cells_in(tmp_path / "out")
    assert before.items() < after.items()
    assert len(after) == 2 * len(before)


def test_comments_docstrings_and_the_place_in_the_file_compute_nothing(tmp_path):
    run(load(tmp_path), tmp_path / "out")
    before = cells_in(tmp_path / "out")
    moved = '"""What it is."""\n\n\nclass Other:\n    x = 1\n' + MODULE.replace(
        "class Means:\n", 'class Means:\n    """Means of rewards."""\n    # keeps two arrays\n'
    ).replace("def choose(self, visit):\n", 'def choose(self, visit):\n        """Take the best."""\n')
    run(load(tmp_path, moved), tmp_path / "out")
    assert cells_in(tmp_path / "out") == before


HELPED = """
import numpy as np
import my_helper
from bandits import Choice
from my_helper import SCALES, Scorer, score


class Helped:
    def __init__(self, schedule=None, table=None):
        self.schedule, self.table = schedule, table

    def start(self, problem, rng):
        self.scorer = Scorer()
        return self

    def choose(self, visit):
        best = score(visit.x) + SCALES["a"][0] + my_helper.offset(1) + self.scorer(2)
        return Choice(int(np.flatnonzero(visit.available)[int(best) % visit.available.sum()]))

    def learn(self, visit, choice, reward):
        pass
"""
HELPER = """
import functools
from numba import njit

SCALES = {"a": [1.0, 2.0], "b": {"x", "y", "z"}}


@njit
def kernel(x):
    return x * 3.0


@functools.lru_cache
def offset(x):
    return kernel(x)


def score(x):
    return 1.0 if x.sum() in {0.25, 0.5, 4.0} else 2.0


class Scorer:
    rate = 1.0

    def __call__(self, x):
        return x * self.rate
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[1.0, 2.0]", "[1.0, 3.0]"),
        ('"y"', '"w"'),
        ("x * 3.0", "x * 4.0"),
        ("return kernel(x)", "return -kernel(x)"),
        ("0.25, 0.5", "0.25, 0.75"),
        ("rate = 1.0", "rate = 2.0"),
        ("x * self.rate", "x / self.rate"),
    ],
)
def test_whatever_it_uses_of_other_modules_of_ones_own_counts(tmp_path, monkeypatch, old, new):
    found = []
    for number, helper in enumerate((HELPER, HELPER, HELPER.replace(old, new))):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "my_helper.py").write_text(helper)
        (folder / "my_helped.py").write_text(HELPED)
        monkeypatch.syspath_prepend(str(folder))
        for name in ("my_helper", "my_helped"):
            sys.modules.pop(name, None)
        found.append(identity(importlib.import_module("my_helped").Helped()))
    assert found[0] == found[1]
    assert found[0] != found[2]


class Plain:
    """Chooses the first action that may be shown."""

    def __init__(self, **state):
        vars(self).update(state)

    def start(self, problem, rng):
        return First()


class First:
    def choose(self, visit):
        return Choice(int(np.argmax(visit.available)), 1.0)

    def learn(self, visit, choice, reward):
        pass


class Slotted(Plain):
    __slots__ = ("__hidden", "alpha")

    def __init__(self, alpha, hidden=0):
        self.alpha, self.__hidden = alpha, hidden


@dataclasses.dataclass(frozen=True)
class Tuned:
    """Shows an action picked by a rule."""

    rule: str = "first"
    shares: tuple[float, ...] = (0.5, 0.5)
    name: str | None = None

    def start(self, problem, rng):
        return First()


class Weights:
    def __init__(self, w):
        self.w = w


def closed(k):
    class Closed(Plain):
        def start(self, problem, rng):
            return [First(), k][0]

    return Closed()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Plain(a=1), Plain(a=2)),
        (Plain(a=1), Plain(b=1)),
        (Plain(w=np.arange(3)), Plain(w=np.array([0, 1, 3]))),
        (Plain(w=np.arange(3)), Plain(w=np.arange(3.0))),
        (Plain(f=lambda t: 1 / t), Plain(f=lambda t: 2 / t)),
        (Plain(w=Weights([1])), Plain(w=Weights([2]))),
        (Plain(w={"x", "y"}), Plain(w={"x", "z"})),
        (Plain(w={"k": (1, [2])}), Plain(w={"k": (1, [3])})),
        (Plain(path=pathlib.Path("a")), Plain(path=pathlib.Path("b"))),
        (Plain(inner=LinearThompson()), Plain(inner=LinearThompson(scale=0.5))),
        (Slotted(1), Slotted(2)),
        (Slotted(1, 2), Slotted(1, 3)),
        (Tuned(), Tuned(rule="last")),
        (Tuned(), Tuned(shares=(0.4, 0.6))),
        (Tuned(), Plain()),
        (closed(1), closed(2)),
        (PerCohort(Plain(a=1)), PerCohort(Plain(a=2))),
    ],
)
def test_whatever_differs_makes_another_policy(one, other):
    assert identity(one) != identity(other)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Plain(
            a=1, w=np.arange(3), s={"x", "y", "z"}, f=lambda t: t, o=Weights({"a", "b"}), p=pathlib.Path("a")
        ),
        lambda: Slotted(1, 2),
        Tuned,
        lambda: closed(1),
        lambda: PersonaBelief(Tuned()),
    ],
)
def test_the_same_again_is_the_same_policy(make):
    assert identity(make()) == identity(make())


def test_a_name_makes_no_other_policy():
    assert identity(Tuned(name="a")) == identity(Tuned(name="b")) == identity(Tuned())


def test_a_policy_that_changes_itself_does_not_carry_it_into_the_next_cell():
    class Counting(Plain):
        def start(self, problem, rng):
            self.seen = getattr(self, "seen", 0) + 1
            assert self.seen == 1
            return First()

    assert run(small([Counting()], [CLOTHES], replications=3)).failures == []


@pytest.mark.slow
def test_a_class_that_is_known_to_nobody_but_the_caller(tmp_path):
    """As in a notebook: its module is __main__, and no file has it."""
    cell = """
    import numpy as np
    from bandits import Choice

    class Mine:
        def __init__(self, k=1): self.k = k
        def start(self, problem, rng): return Learner(self.k, rng)

    class Learner:
        def __init__(self, k, rng): self.k, self.rng = k, rng
        def choose(self, visit): return Choice(int(self.rng.choice(np.flatnonzero(visit.available))))
        def learn(self, visit, choice, reward): pass
    """
    made = []
    for name in ("__main__", "notebook"):
        space = {"__name__": name}
        exec(textwrap.dedent(cell), space)  # noqa: S102  what a notebook does
        made += [space["Mine"](), space["Mine"](k=2)]
    experiment = small([*made[:2], PerCohort(made[2]), PerCohort(made[3])], [CLOTHES])
    for workers in (1, 2):
        assert run(experiment, tmp_path / str(workers), workers=workers).failures == []
    assert cells_in(tmp_path / "1") == cells_in(tmp_path / "2")
    assert len(cells_in(tmp_path / "1")) == 8


SCRIPT = """
import sys
import numpy as np
from bandits import Choice
from environments import ClothingReviews
from experiments import Experiment, run

BONUS = {"a": 0.1, "b": 0.2}

class Mine:
    def start(self, problem, rng):
        return Learner(rng)

class Learner:
    def __init__(self, rng):
        self.rng = rng
    def choose(self, visit):
        return Choice(int(self.rng.choice(np.flatnonzero(visit.available))), 1 / visit.available.sum())
    def learn(self, visit, choice, reward):
        assert reward + BONUS["a"] in {0.2 + 0.1, -0.8 + 0.1, 0.1}

experiment = Experiment(name="x", environments=[ClothingReviews(horizon=300)], policies=[Mine()], replications=2)
assert run(experiment, sys.argv[1], workers=int(sys.argv[2])).failures == []
"""


@pytest.mark.slow
def test_a_script_without_a_guard(tmp_path):
    """`if __name__ == "__main__":` is not needed, and a set's order, new in every process, does not matter."""
    (tmp_path / "script.py").write_text(SCRIPT)
    for workers in ("1", "2"):
        subprocess.run([sys.executable, "script.py", workers, workers], check=True, cwd=tmp_path)
    assert cells_in(tmp_path / "1") == cells_in(tmp_path / "2")
    assert len(cells_in(tmp_path / "1")) == 2


def test_code_that_is_edited_while_workers_start_is_not_run_under_the_old_name(tmp_path):
    experiment = load(tmp_path)
    (tmp_path / "my_greedy.py").write_text(MODULE.replace("argmax", "argmin"))
    result = run(experiment, tmp_path / "out", workers=2)
    assert len(result.failures) == 6
    assert result.failures[0]["message"] == (
        "policy 'Greedy(first=0.0)' in replication 0 of clothes: its code, or a value that it uses, is not what it was "
        "when this run began (edited since, or made anew by every process); run it again"
    )
    assert cells_in(tmp_path / "out") == {}


class Bad(Plain):
    """Does what it is told at its 10th visit."""

    corrects = True

    def start(self, problem, rng):
        return self.what(problem)


class Turning(First):
    def __init__(self, turn, what="choose"):
        self.turn, self.what, self.visits = turn, what, 0

    def choose(self, visit):
        self.visits += 1
        return self.turn(visit) if self.visits == 11 and self.what == "choose" else super().choose(visit)

    def learn(self, visit, choice, reward):
        if self.visits == 11 and self.what == "learn":
            self.turn(visit)

    def correct(self, visit, choice, delta):
        if self.what == "correct":
            self.turn(visit)


def at_eleven(answer):
    return lambda problem: Turning(lambda visit: answer)


def fail(*_):
    raise ZeroDivisionError("what a\npity")


class Blocks(BlockLearner):
    def __init__(self, answer):
        self.answer = answer

    def play(self, block):
        return self.answer(block)

    def learn_many(self, block, choices, rewards):
        pass

    def correct_many(self, block, choices, deltas):
        pass


def blocks(answer):
    return lambda problem: Blocks(answer)


def choices(block: Block, **changes) -> Choices:
    return dataclasses.replace(Choices(np.zeros(len(block), dtype=np.int64), np.ones(len(block))), **changes)


HERE = pathlib.Path(__file__).name
FALL = f"({HERE}:{fail.__code__.co_firstlineno + 1}): what a pity"
TEN = "on visit 10 of replication 0 of clothes"
MISBEHAVIOURS = {
    "an action that there is not": (at_eleven(Choice(99)), f"chose action 99 {TEN}, but only 0, 1, 2, 3, 4, 5"),
    "a negative action": (at_eleven(Choice(-1)), f"chose action -1 {TEN}, but only 0, 1"),
    "an action that is no number": (at_eleven(Choice("top")), f"chose action 'top' {TEN}, which is no whole number"),
    "a broken action": (at_eleven(Choice(1.0)), f"chose action 1.0 {TEN}, which is no whole number"),
    "a truth for an action": (at_eleven(Choice(True)), f"chose action True {TEN}, which is no whole number"),
    "a plain number": (at_eleven(3), f"answered 3 {TEN}, which is no Choice(action, propensity)"),
    "no answer": (at_eleven(None), f"answered None {TEN}, which is no Choice(action, propensity)"),
    "propensity 0": (at_eleven(Choice(0, 0.0)), f"stated propensity 0.0 {TEN}, which is not in (0, 1] (NaN where"),
    "propensity 2": (at_eleven(Choice(0, 2)), f"stated propensity 2 {TEN}, which is not in (0, 1] (NaN where"),
    "propensity None": (at_eleven(Choice(0, None)), f"stated propensity None {TEN}, which is not in (0, 1]"),
    "a deep memo": (at_eleven(Choice(0, memo=np.zeros((2, 2)))), f"gave a memo of shape (2, 2) {TEN}, where (any,)"),
    "a fall in choose": (lambda p: Turning(fail), f"raised ZeroDivisionError {TEN} {FALL}"),
    "a fall in learn": (lambda p: Turning(fail, "learn"), f"raised ZeroDivisionError {TEN} {FALL}"),
    "a fall in start": (fail, f"raised ZeroDivisionError in replication 0 of clothes {FALL}"),
    "no learner": (lambda p: None, "started None in replication 0 of clothes, which has no choose and learn"),
    "writing to a visit": (
        lambda p: Turning(lambda visit: visit.x.fill(0)),
        f"raised ValueError {TEN} ({HERE}",
    ),
    "a block of None": (
        blocks(lambda block: None),
        "answered a block with None on visits 0 to 255 of replication 0 of clothes, which is no Choices",
    ),
    "a short block": (
        blocks(lambda block: choices(block, action=np.zeros(3, dtype=np.int64))),
        "answered a block with actions int64 (3,) on visits 0 to 255 of replication 0 of clothes, where an array",
    ),
    "a block of broken actions": (
        blocks(lambda block: choices(block, action=np.zeros(len(block)))),
        "answered a block with actions float64 (256,) on visits 0 to 255",
    ),
    "a block of lists": (
        blocks(lambda block: choices(block, propensity=[1.0] * len(block))),
        "answered a block with propensities list on visits 0 to 255",
    ),
    "a block with a wrong action": (
        blocks(lambda block: choices(block, action=np.where(np.arange(len(block)) == 10, 77, 0))),
        f"chose action 77 {TEN}, but only 0, 1, 2",
    ),
    "a block with a wrong propensity": (
        blocks(lambda block: choices(block, propensity=np.where(np.arange(len(block)) == 10, 1.5, 1.0))),
        f"stated propensity 1.5 {TEN}, which is not in (0, 1]",
    ),
    "a flat memo": (
        blocks(lambda block: choices(block, memo=np.zeros(len(block)))),
        "answered a block on visits 0 to 255 of replication 0 of clothes with a memo of shape (256,), where (256, any)",
    ),
    "a fall in play": (blocks(fail), f"raised ZeroDivisionError on visits 0 to 255 of replication 0 of clothes {FALL}"),
}


@pytest.mark.parametrize(("what", "message"), MISBEHAVIOURS.values(), ids=MISBEHAVIOURS)
def test_a_misbehaviour_is_named_with_its_place_and_the_other_cells_go_on(tmp_path, what, message):
    mine = Bad(what=what, name="mine")
    result = run(small([mine, Random(name="random")], [CLOTHES]), tmp_path)
    assert [f["message"].partition(message)[0] for f in result.failures[:1]] == ["policy 'mine' "], result.failures
    assert [(f["policy"], f["replication"], f["user"]) for f in result.failures] == [
        ("mine", 0, True),
        ("mine", 1, True),
    ]
    assert len(cells_in(tmp_path)) == 2
    assert [f["message"] for f in Result.load(tmp_path).failures] == [f["message"] for f in result.failures]
    assert "\n" not in result.failures[0]["message"]


def test_a_nan_propensity_is_honest():
    assert run(small([Bad(what=at_eleven(Choice(0, float("nan"))))], [CLOTHES])).failures == []


def test_the_visit_is_the_right_one_whoever_wraps_the_policy():
    """The visitor's cohort hides the visit's number from a learner per cohort; the 11th visit of one is another's."""
    mine = Bad(what=lambda problem: Turning(lambda visit: Choice(99)), name="mine")
    for wrapped in (PerCohort(mine), PersonaBelief(mine, cards="estimated", evidence="visit")):
        (failure, *_) = run(small([wrapped], [CLOTHES])).failures
        world = CLOTHES.open(7, 0)
        visits = world.next_block()
        cohort = visits.cohort if isinstance(wrapped, PerCohort) else np.zeros(len(visits), dtype=np.int64)
        elevenths = {int(np.flatnonzero(cohort == c)[10]) for c in set(cohort.tolist()) if (cohort == c).sum() > 10}
        assert any(f"chose action 99 on visit {n} of" in failure["message"] for n in elevenths), failure["message"]
        assert failure["user"]


@pytest.mark.parametrize("verb", ["learn", "correct"])
def test_a_fall_over_late_news_names_the_visit_that_the_news_is_about(verb):
    """The shop says `wait` or `correct`: what is learnt on day 30 is about a visit of day 0."""
    feedback = {"learn": "wait", "correct": "correct"}[verb]
    shop = Storefront.load(
        "acme", objective="cart_value" if verb == "learn" else "kept_margin", feedback=feedback, name="s"
    )

    class Late(First):
        def learn(self, visit, choice, reward):
            if verb == "learn":
                fail()

        def correct(self, visit, choice, delta):
            fail()

    (failure,) = run(small([Bad(what=lambda problem: Late(), name="mine")], [shop], replications=1)).failures
    world = shop.open(7, 0)
    news = ()
    while not news:
        visits = world.next_block()
        outcome = world.respond(np.argmax(visits.available, axis=1))
        news = outcome.late if verb == "learn" else outcome.corrections
    (late,) = news
    first = f"policy 'mine' raised ZeroDivisionError on visit {late.visits.index[0]} of replication 0 of s {FALL}"
    assert failure["message"] == first


def test_what_failed_is_tried_again_and_forgotten_once_it_works(tmp_path):
    flag = tmp_path / "broken"
    flag.touch()
    mine = Bad(what=lambda problem: fail() if flag.exists() else First(), name="mine")
    experiment = small([mine, Random(name="random")], [CLOTHES])
    assert len(run(experiment, tmp_path / "out").failures) == 2
    assert not Result.load(tmp_path / "out").complete
    flag.unlink()
    calls = []
    result = run(experiment, tmp_path / "out", progress=lambda done, total: calls.append((done, total)))
    assert calls == [(2, 4), (3, 4), (4, 4)]
    assert result.failures == Result.load(tmp_path / "out").failures == []
    assert result.complete
    assert not list((tmp_path / "out" / "failed").iterdir())


def test_a_failure_goes_by_the_name_that_the_policy_has_now(tmp_path):
    for name in ("old", "new"):
        failures = run(small([Bad(what=fail, name=name)], [CLOTHES]), tmp_path).failures
        assert {failure["policy"] for failure in failures} == {name}


def test_a_policy_that_no_other_process_can_be_given_is_refused_at_once(tmp_path):
    mine = Plain(file=(tmp_path / "open").open("w"), name="mine")
    try:
        with pytest.raises(ValueError, match="'mine' cannot be sent to another process") as error:
            run(small([mine], [CLOTHES]), workers=2)
        assert "\n" not in str(error.value)
    finally:
        mine.file.close()


@pytest.mark.slow
def test_what_another_process_cannot_find_is_named():
    """A module that exists in this process alone."""
    ghost = types.ModuleType("my_ghost")
    sys.modules["my_ghost"] = ghost
    exec(MODULE, vars(ghost))  # noqa: S102  a module without a file
    (failure,) = run(small([ghost.Greedy()], [CLOTHES], replications=1), workers=2).failures
    what = "its process died every time (ModuleNotFoundError: No module named 'my_ghost')"
    assert failure["message"] == f"policy 'Greedy(first=0.0)' in replication 0 of clothes: {what}"


WORLD = """
import dataclasses
import numpy as np
from environments import ClothingReviews

INNER = ClothingReviews(horizon=300)

@dataclasses.dataclass(frozen=True)
class Mirror:
    tolerance: float = 0.0

    @property
    def about(self):
        return dataclasses.replace(INNER.about, tolerance=np.float32(self.tolerance))

    @property
    def problem(self):
        return INNER.problem

    def open(self, seed, replication):
        return INNER.open(seed, replication)
"""
IN_MIRROR = """
replications = 1

[[environment]]
kind = "my_world:Mirror"
tolerance = 0.5
name = "mirror"

[[policy]]
kind = "Random"
"""


def test_a_world_of_ones_own_is_named_by_its_code_and_parameters(tmp_path):
    found = []
    variants = [(WORLD, IN_MIRROR), (WORLD, IN_MIRROR), (WORLD, IN_MIRROR.replace("0.5", "0.25"))]
    for world, sweep in [*variants, (WORLD.replace("300", "301"), IN_MIRROR)]:
        (tmp_path / "my_world.py").write_text(world)
        (tmp_path / "sweep.toml").write_text(sweep)
        sys.modules.pop("my_world", None)
        folder = tmp_path / str(len(found))
        result = run(Experiment.load(str(tmp_path / "sweep.toml")), folder)
        assert result.failures == []
        assert set(Result.load(folder).summary()["environment"]) == {"mirror"}
        found.append(cells_in(folder))
    assert found[0] == found[1]
    assert len(set().union(*found[1:])) == 3


def test_what_cannot_be_copied_is_blamed_on_the_policy():
    class Stubborn(Plain):
        def __deepcopy__(self, memo):
            raise TypeError("there is but one of me")

    (failure, *_) = run(small([Stubborn(name="mine")], [CLOTHES])).failures
    assert failure["message"] == (
        "policy 'mine' cannot be copied in replication 0 of clothes: TypeError: there is but one of me; "
        "keep what cannot be copied in the learner that start makes"
    )


def test_a_learner_that_wants_to_be_cautious_must_say_how_uncertain_it_is():
    with pytest.raises(ValueError, match="has no uncertainty to be cautious about"):
        Cautious(Plain(name="mine"))


def test_a_policy_in_a_shop_sees_and_earns_like_any_other():
    """Alone, or beside built-in ones, under late rewards or not, it gets the ledger that every policy gets."""
    shop = SHOP.model_copy(update={"feedback": "wait"})
    mine = run(small([Tuned(name="mine")], [shop])).summary()
    both = run(small([Tuned(name="mine"), Random(name="random")], [shop])).summary()
    assert mine.equals(both.filter(policy="mine"))
    assert mine.filter(metric="visits", cohort="all")["mean"].item() > 100
