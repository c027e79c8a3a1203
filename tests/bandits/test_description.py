"""Descriptions: frozen, checked, named by what differs from the defaults, known by all that defines them."""

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal, Self

import numpy as np
import pytest
from pydantic import Field, model_validator

from bandits import (
    ABTest,
    Always,
    Cautious,
    EpsilonGreedy,
    InputError,
    LinearThompson,
    LinUCB,
    PerCohort,
    PersonaBelief,
    Random,
    VowpalWabbit,
)
from bandits.description import Description, fields_of, identity, label_of, parameters, table_of
from bandits.errors import Fault
from bandits.registry import from_table

NO_POLICY = "must be a policy (an object with start(problem, rng)), got"


@dataclass(frozen=True)
class Mine:
    pace: float = 1.0
    name: str | None = None

    def start(self, problem, rng):
        return problem, rng


class Plain:
    def __init__(self, pace, weights=None):
        self.pace, self.weights = pace, weights

    def start(self, problem, rng):
        return problem, rng


@pytest.mark.parametrize(
    ("policy", "label"),
    [
        (LinUCB(), "LinUCB"),
        (LinUCB(alpha=0.5), "LinUCB(alpha=0.5)"),
        (LinUCB(alpha=1.0, ridge=2.0), "LinUCB(ridge=2.0)"),
        (LinUCB(alpha=0.5, name="bold"), "bold"),
        (Always("pen"), "Always(action=pen)"),
        (PersonaBelief(LinearThompson()), "PersonaBelief(LinearThompson)"),
        (PersonaBelief(LinUCB(alpha=2.0), evidence="visit"), "PersonaBelief(LinUCB(alpha=2.0), evidence=visit)"),
        (PerCohort(VowpalWabbit(exploration="bag", bag=3)), "PerCohort(VowpalWabbit(exploration=bag, bag=3))"),
        (Cautious(PersonaBelief(LinUCB()), margin=1.0), "Cautious(PersonaBelief(LinUCB), margin=1.0)"),
        (PerCohort(LinUCB(name="bold")), "PerCohort(bold)"),
        (Plain(2), "Plain(pace=2, weights=None)"),
        (Mine(name="mine"), "mine"),
    ],
    ids=range(12),
)
def test_a_policy_is_called_by_its_name_or_by_what_differs_from_the_defaults(policy, label):
    assert label_of(policy) == label


def test_the_same_parameters_are_the_same_whatever_they_are_called():
    assert identity(LinUCB(alpha=2.0, name="bold")) == identity(LinUCB(alpha=2.0))
    assert identity(PerCohort(LinUCB(name="bold"))) == identity(PerCohort(LinUCB(), name="each"))
    assert identity(Mine(name="mine")) == identity(Mine())


def test_other_parameters_are_others_at_every_depth():
    several = [
        LinUCB(),
        LinUCB(alpha=2.0),
        LinUCB(ridge=2.0),
        LinearThompson(),
        PerCohort(LinUCB()),
        PerCohort(LinUCB(alpha=2.0)),
        PersonaBelief(LinUCB()),
        PersonaBelief(LinUCB(), cards="estimated"),
        PersonaBelief(PerCohort(LinUCB())),
        PerCohort(PersonaBelief(LinUCB())),
        PerCohort(Mine()),
        PerCohort(Mine(pace=2.0)),
        Plain(1),
        Plain(1.0),
        Plain(1, np.arange(3)),
        Plain(1, np.arange(4)),
    ]
    assert len({identity(policy) for policy in several}) == len(several)


def test_a_table_is_plain_data():
    assert table_of(PersonaBelief(LinUCB(alpha=2.0), name="p")) == {
        "kind": "PersonaBelief",
        "policy": {"kind": "LinUCB", "alpha": 2.0, "ridge": 1.0},
        "cards": "declared",
        "evidence": "history",
    }
    table = table_of(VowpalWabbit(interactions=("ua", "uua")))
    assert table["interactions"] == ["ua", "uua"]
    assert table["gamma"] is None


@pytest.mark.parametrize(
    ("make", "lines"),
    [
        (lambda: LinUCB(alpha=-1.0), ["LinUCB: alpha: must be greater than or equal to 0, got -1.0"]),
        (
            lambda: LinUCB(alpha=-1.0, ridge=0.0, alhpa=3),
            [
                "LinUCB: alpha: must be greater than or equal to 0, got -1.0",
                "LinUCB: ridge: must be greater than or equal to 0.000001, got 0.0",
                "LinUCB: alhpa: unknown field 'alhpa' (known: alpha, name, ridge); did you mean 'alpha'?",
            ],
        ),
        (lambda: ABTest(visits_per_action=0), ["ABTest: visits_per_action: must be greater than or equal to 1, got 0"]),
        (lambda: ABTest(visits_per_action=1.5), ["ABTest: visits_per_action: must be a whole number, got 1.5"]),
        (lambda: EpsilonGreedy(epsilon=float("nan")), ["EpsilonGreedy: epsilon: must be a finite number, got nan"]),
        (lambda: LinUCB(name=3), ["LinUCB: name: must be text, got 3; put it in quotes"]),
        (
            lambda: PersonaBelief(LinUCB(), cards="guessed"),
            ["PersonaBelief: cards: must be 'declared' or 'estimated', got 'guessed'"],
        ),
        (
            lambda: PerCohort("LinUCB"),
            [
                f"PerCohort: policy: {NO_POLICY} 'LinUCB'; write {{ kind = \"LinUCB\" }}",
            ],
        ),
        (lambda: Cautious(Random(), margin=-1.0), ["Cautious: margin: must be greater than or equal to 0, got -1.0"]),
    ],
    ids=range(9),
)
def test_every_fault_is_one_line(make, lines):
    with pytest.raises(InputError) as caught:
        make()
    assert caught.value.lines == lines


class Row(Description):
    cells: Annotated[tuple[int, ...], Field(strict=False)]

    @model_validator(mode="after")
    def _no_zero(self) -> Self:
        if 0 in self.cells:
            raise InputError(Fault("must not be 0", ("cells", self.cells.index(0) + 1)))
        return self


class Grid(Description):
    rows: Annotated[tuple[Row, ...], Field(strict=False)]


def test_members_of_lists_count_from_1_whoever_finds_the_fault():
    """Pydantic finds that the third cell of the second row is text; a rule of its own, that one of the third row is 0.

    At every depth a member is counted once, and not once more by what holds it.
    """
    with pytest.raises(InputError) as refused:
        Grid(rows=[{"cells": [1, 2]}, {"cells": [1, 2, "x"]}, {"cells": [1, 0]}])
    assert refused.value.lines == [
        "Grid: rows[2].cells[3]: must be a whole number, got 'x'",
        "Grid: rows[3].cells[2]: must not be 0",
    ]
    with pytest.raises(InputError) as refused:
        Row(cells=["x"])
    assert refused.value.lines == ["Row: cells[1]: must be a whole number, got 'x'"]


class Labelled(Description):
    label_column: Annotated[str, Field(alias="label")] = "kind"
    horizon: int = 1


def test_a_field_is_called_by_its_alias_wherever_people_see_it():
    """`label` is what a description is called by, so a field of that name is stored under another one."""
    made = from_table({"kind": "Labelled", "label": "species"}, {"Labelled": Labelled}, "thing")
    assert (made.label_column, made.label) == ("species", "Labelled(label=species)")
    assert list(fields_of(Labelled)) == ["name", "label", "horizon"]
    assert parameters(made) == {"label": "species", "horizon": 1}
    with pytest.raises(InputError) as refused:
        Labelled(lable="species")
    assert refused.value.lines == [
        "Labelled: lable: unknown field 'lable' (known: horizon, label, name); did you mean 'label'?"
    ]


class Everything(Description):
    """A field of each kind that something can be refused for."""

    whole: Annotated[int, Field(ge=1, le=9)] = 1
    tens: Annotated[int, Field(multiple_of=10)] = 10
    real: Annotated[float, Field(gt=0, lt=1)] = 0.5
    small: Annotated[float, Field(ge=1e-6)] = 1.0
    text: Annotated[str, Field(min_length=2, max_length=3, pattern="^[ab]*$")] = "ab"
    yes: bool = True
    word: Literal["one", "two"] = "one"
    several: Annotated[list[int], Field(min_length=1, max_length=2)] = Field(default=[1])
    pair: Annotated[tuple[int, int], Field(strict=False)] = (1, 2)
    table: dict[str, list[str]] = Field(default={})
    part: Row = Row(cells=(1,))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("whole", 1.5, "must be a whole number, got 1.5"),
        ("whole", 1e4, "must be a whole number, got 10000.0; write 10000"),
        ("whole", math.inf, "must be a whole number, got inf"),
        ("whole", True, "must be a whole number, got True"),
        ("whole", "3", "must be a whole number, got '3'; take away the quotes"),
        ("whole", "3.5", "must be a whole number, got '3.5'"),
        ("whole", None, "must be a whole number, got None"),
        ("whole", date(2026, 11, 21), "must be a whole number, got 2026-11-21"),
        ("whole", 0, "must be greater than or equal to 1, got 0"),
        ("whole", 10, "must be less than or equal to 9, got 10"),
        ("tens", 11, "must be a multiple of 10, got 11"),
        ("real", "0.5", "must be a number, got '0.5'; take away the quotes"),
        ("real", "half", "must be a number, got 'half'"),
        ("real", False, "must be a number, got False"),
        ("real", [0.5], "must be a number, got [0.5]"),
        ("real", math.nan, "must be a finite number, got nan"),
        ("real", 0.0, "must be greater than 0, got 0.0"),
        ("real", 1, "must be less than 1, got 1"),
        ("small", 0.0, "must be greater than or equal to 0.000001, got 0.0"),
        ("text", 12, "must be text, got 12; put it in quotes"),
        ("text", True, "must be text, got True; put it in quotes"),
        ("text", date(2026, 11, 21), "must be text, got 2026-11-21; put it in quotes"),
        ("text", ["ab"], "must be text, got ['ab']"),
        ("text", "a", "must have 2 or more letters, got 'a'"),
        ("text", "abba", "must have 3 or fewer letters, got 'abba'"),
        ("text", "ac", "must match the pattern ^[ab]*$, got 'ac'"),
        ("text", 1000 * "a", f"must have 3 or fewer letters, got '{99 * 'a'}…"),
        ("yes", 1, "must be true or false, got 1"),
        ("yes", "true", "must be true or false, got 'true'; take away the quotes"),
        ("yes", "yes", "must be true or false, got 'yes'"),
        ("yes", [], "must be true or false, got []"),
        ("word", "three", "must be 'one' or 'two', got 'three'"),
        ("word", 1, "must be 'one' or 'two', got 1"),
        ("several", 1, "must be a list, got 1"),
        ("several", [], "must have 1 or more members, got []"),
        ("several", [1, 2, 3], "must have 2 or fewer members, got [1, 2, 3]"),
        ("several[2]", [1, "x"], "must be a whole number, got 'x'"),
        ("pair", "12", "must be a list, got '12'"),
        ("pair", {"a": 1}, "must be a list, got {'a': 1}"),
        ("pair", [1, 2, 3], "must have 2 or fewer members, got [1, 2, 3]"),
        ("pair[2]", [1], "is missing; add it"),
        ("table", 1, "must be a table, got 1"),
        ("table.a", {"a": "b"}, "must be a list, got 'b'"),
        ("table.a[2]", {"a": ["b", 3]}, "must be text, got 3; put it in quotes"),
        ("part", "row", "must be a table, got 'row'"),
        ("part.cells[1]", {"cells": [1.0]}, "must be a whole number, got 1.0; write 1"),
        ("part.cells[1]", {"cells": [0]}, "must not be 0"),
    ],
)
def test_what_is_refused_is_one_plain_line(field, value, said):
    """Nobody who writes a TOML file should have to know what Python, or pydantic, calls what is in it."""
    with pytest.raises(InputError) as refused:
        Everything(**{re.split(r"[.\[]", field)[0]: value})
    assert refused.value.lines == [f"Everything: {field}: {said}"]


class Sale(Description):
    start: Annotated[int, Field(alias="from", ge=0)] = 0
    until: int | None = None
    price: float
    before: float = 9.0
    colours: tuple[str, ...] = ()

    @property
    def lasts(self):
        return self.until is None or self.until > self.start

    @model_validator(mode="after")
    def _sells(self) -> Self:
        faults = (
            [] if self.price < self.before else [Fault(f"must be below {self.before}, got {self.price}", ("price",))]
        )
        if not self.lasts:
            faults.append(Fault(f"must be after {self.start}, got {self.until}", ("until",)))
        if faults:
            raise InputError(faults)
        return self


DEAR = "price: must be below 9.0, got 10.0"
EARLY = "until: must be after 0, got 0"


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ({"price": 10.0, "until": 0}, [DEAR, EARLY]),
        ({"price": 10.0, "colours": 3}, ["colours: must be a list, got 3", DEAR]),
        ({"price": 10.0, "colour": 3}, ["colour: unknown field 'colour'", DEAR]),
        # what the rule needs first is not valid, or missing: nothing can be said, whatever the default would be
        ({"price": "x", "until": 0}, ["price: must be a number, got 'x'"]),
        ({"price": 10.0, "before": "x"}, ["before: must be a number, got 'x'"]),
        ({"until": 0}, ["price: is missing; add it"]),
        # from is needed by a property that the rule asks, and is called otherwise in Python
        ({"price": 1.0, "until": 0, "from": -1}, ["from: must be greater than or equal to 0, got -1"]),
    ],
)
def test_rules_between_fields_are_told_with_the_faults_of_other_fields(fields, lines):
    """Somebody who has mended all that was told should not be told of something that could have been told before."""
    with pytest.raises(InputError) as refused:
        Sale(**fields)
    assert [line.split(" (known")[0] for line in refused.value.lines] == [f"Sale: {line}" for line in lines]


def test_a_rule_of_ones_own_may_refuse_as_pydantic_has_it():
    class Own(Description):
        n: int = 1
        m: int = 1

        @model_validator(mode="after")
        def _rule(self) -> Self:
            if self.m > 5:
                raise ValueError("m must be at most 5")
            return self

    for fields, lines in (
        ({"m": 6}, ["Own: m must be at most 5"]),
        ({"n": "x", "m": 6}, ["Own: n: must be a whole number, got 'x'", "Own: m must be at most 5"]),
    ):
        with pytest.raises(InputError) as refused:
            Own(**fields)
        assert list(refused.value.lines) == lines


def test_a_rule_that_breaks_by_itself_is_not_hushed_up():
    class Broken(Description):
        n: int = 1
        m: int = 1

        @model_validator(mode="after")
        def _rule(self) -> Self:
            return self.nothing_of_the_kind

    for fields in ({}, {"n": "x"}):
        with pytest.raises(AttributeError, match="nothing_of_the_kind"):
            Broken(**fields)
