"""The one error that a person can mend: where, what, and what to do."""

import pickle

import pytest

from bandits.errors import Fault, InputError, unknown


@pytest.mark.parametrize(
    ("fault", "source", "line"),
    [
        (Fault("must be there"), "", "must be there"),
        (Fault("must be there"), "a.toml", "a.toml: must be there"),
        (Fault("must be there", ("alpha",)), "a.toml", "a.toml: alpha: must be there"),
        (Fault("must be there", ("policy", 2, "alpha")), "a.toml", "a.toml: policy[2].alpha: must be there"),
        (Fault("must be there", (1,)), "", "[1]: must be there"),
        (Fault("must\nbe   there\n"), "", "must be there"),
    ],
)
def test_a_fault_is_one_line(fault, source, line):
    assert fault.line(source) == line


def test_all_faults_come_at_once():
    error = InputError([Fault("is missing", ("a",)), "is odd"], "a.toml")
    assert error.lines == ["a.toml: a: is missing", "a.toml: is odd"]
    assert str(error) == "a.toml: a: is missing\na.toml: is odd"


def test_faults_are_placed_in_what_contains_them():
    inner = InputError(Fault("must be above 0", ("alpha",)), "LinUCB")
    assert inner.within("sweep.toml", "policy", 2).lines == ["sweep.toml: policy[2].alpha: must be above 0"]


def test_every_line_survives_the_trip_from_a_worker():
    error = InputError([Fault("is missing", ("a", 1)), "is odd"], "a.toml")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert again.lines == error.lines


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("alhpa", ["alpha", "ridge"], "unknown field 'alhpa' (known: alpha, ridge); did you mean 'alpha'?"),
        ("ALPHA", ["alpha", "ridge"], "unknown field 'ALPHA' (known: alpha, ridge); did you mean 'alpha'?"),
        ("zzz", ["ridge", "alpha"], "unknown field 'zzz' (known: alpha, ridge)"),
        ("zzz", [], "unknown field 'zzz' (known: none)"),
    ],
)
def test_an_unknown_word_is_shown_with_the_known_ones(word, known, said):
    assert unknown("field", word, known) == said


def test_a_word_that_is_one_of_many_is_shown_with_what_lists_them():
    many = [f"field{n}" for n in range(100)]
    assert unknown("field", "feild7", many, "ls") == "unknown field 'feild7'; did you mean 'field7'? `ls` lists them"
    assert unknown("field", "zzz", many, "ls") == "unknown field 'zzz'; `ls` lists them"
