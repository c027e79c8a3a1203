"""From a TOML table to a policy, and every way in which that can go wrong."""

import math
import sys

import pytest

from bandits import EpsilonGreedy, InputError, LinearThompson, LinUCB, PersonaBelief, Random
from bandits.description import identity, label_of, table_of
from bandits.registry import from_table, policy_from

LISTED = "`personabandits policies` lists them"


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    (tmp_path / "own_policies.py").write_text(
        "class Mine:\n"
        "    def __init__(self, pace=1): self.pace = pace\n"
        "    def start(self, problem, rng): ...\n"
        "class Idle: ...\n"
        "made = Mine()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("own_policies", None)


def test_tables_may_be_nested():
    table = {"kind": "PersonaBelief", "policy": {"kind": "LinearThompson", "scale": 0.5}, "evidence": "visit"}
    assert policy_from(table) == PersonaBelief(LinearThompson(scale=0.5), evidence="visit")


def test_whole_numbers_will_do_for_fractions():
    """`alpha = 1` in TOML is 1."""
    assert policy_from({"kind": "LinUCB", "alpha": 1}) == LinUCB(alpha=1.0)
    assert identity(policy_from({"kind": "LinUCB", "alpha": 2})) == identity(LinUCB(alpha=2.0))


@pytest.mark.usefixtures("own_module")
def test_a_policy_of_ones_own_is_found_by_module_and_name():
    mine = policy_from({"kind": "own_policies:Mine", "pace": 3})
    assert (type(mine).__name__, mine.pace) == ("Mine", 3)
    assert label_of(mine) == "Mine(pace=3)"
    assert table_of(mine)["kind"] == "own_policies:Mine"
    assert policy_from(mine) is mine


WRONG = {
    "no kind": ({}, [f"kind: is missing; add the name of a policy ({LISTED})"]),
    "no text": ({"kind": 3}, [f"kind: must be the name of a policy ({LISTED}), got 3"]),
    "unknown": (
        {"kind": "LinUBC"},
        [f"kind: unknown policy 'LinUBC'; did you mean 'LinUCB'? {LISTED}; one's own is 'module:Name'"],
    ),
    "in small letters": (
        {"kind": "linucb"},
        [f"kind: unknown policy 'linucb'; did you mean 'LinUCB'? {LISTED}; one's own is 'module:Name'"],
    ),
    "like no other": ({"kind": "zzz"}, [f"kind: unknown policy 'zzz'; {LISTED}; one's own is 'module:Name'"]),
    "no module": ({"kind": "no_such_module:Mine"}, ["kind: cannot import 'no_such_module': ModuleNotFoundError"]),
    "no name": ({"kind": "own_policies:"}, ["kind: must be 'module:Name', got 'own_policies:'"]),
    "no class of it": (
        {"kind": "own_policies:Yours"},
        ["kind: unknown class of own_policies 'Yours' (known: Idle, Mine)"],
    ),
    "no class": ({"kind": "own_policies:made"}, ["kind: 'own_policies:made' must be a class, got <own_policies.Mine"]),
    "no policy": (
        {"kind": "own_policies:Idle"},
        ["must be a policy (an object with start(problem, rng)), got <own_pol"],
    ),
    "own field": (
        {"kind": "own_policies:Mine", "pac": 3},
        ["pac: unknown field 'pac' (known: kind, name, pace); did you mean"],
    ),
    "class": (
        LinUCB,
        ["must be a policy (an object with start(problem, rng)), got <class 'bandits.linear.LinUCB'>; write LinUCB(…)"],
    ),
    "word": (
        "LinUCB",
        ["must be a policy (an object with start(problem, rng)), got 'LinUCB'; write { kind = \"LinUCB\" }"],
    ),
    "two faults": (
        {"kind": "LinUCB", "alhpa": 1.0, "ridge": -1},
        [
            "alhpa: unknown field 'alhpa' (known: alpha, kind, name, ridge); did you mean",
            "ridge: must be greater than or equal to 0.000001, got -1",
        ],
    ),
    "infinite": ({"kind": "LinUCB", "alpha": math.inf}, ["LinUCB: alpha: must be a finite number, got inf"]),
    "text": ({"kind": "LinUCB", "alpha": "1"}, ["LinUCB: alpha: must be a number, got '1'; take away the quotes"]),
    "truth": ({"kind": "LinUCB", "alpha": True}, ["LinUCB: alpha: must be a number, got True"]),
    "bound": (
        {"kind": "EpsilonGreedy", "epsilon": 1.5},
        ["EpsilonGreedy: epsilon: must be less than or equal to 1, got 1"],
    ),
    "nothing to wrap": ({"kind": "Cautious"}, ["policy: is missing; add it"]),
    "inner kind": (
        {"kind": "PersonaBelief", "policy": {"kind": "LinUBC"}},
        ["PersonaBelief: policy.kind: unknown policy 'LinUBC'"],
    ),
    "inner bound": (
        {"kind": "PersonaBelief", "policy": {"kind": "LinUCB", "alpha": -1}},
        ["PersonaBelief: policy.alpha: must be greater than or equal to 0, got -1"],
    ),
}


@pytest.mark.usefixtures("own_module")
@pytest.mark.parametrize(("value", "lines"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_in_one_line_a_fault(value, lines):
    with pytest.raises(InputError) as caught:
        policy_from(value)
    assert len(caught.value.lines) == len(lines)
    for line, beginning in zip(caught.value.lines, lines, strict=True):
        assert line.startswith(beginning)
        assert "\n" not in line


def test_an_object_with_start_is_a_policy_and_another_is_not():
    policy = EpsilonGreedy()
    assert policy_from(policy) is policy
    with pytest.raises(InputError, match="must be a policy"):
        policy_from(object())


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({}, "kind: is missing; add the name of a colour (known: Red, Blue)"),
        ({"kind": 3}, "kind: must be the name of a colour (known: Red, Blue), got 3"),
        (
            {"kind": "red"},
            "kind: unknown colour 'red' (known: Blue, Red); did you mean 'Red'?; one's own is 'module:Name'",
        ),
    ],
)
def test_kinds_that_no_command_lists_are_named(table, line):
    with pytest.raises(InputError) as error:
        from_table(table, {"Red": LinUCB, "Blue": Random}, "colour")
    assert error.value.lines == [line]
