"""The policies on the terminal: all of them, and each in full."""

import re
import tomllib

import pytest
from rich.console import Console

from bandits import FAMILIES, POLICIES
from bandits.registry import policy_from
from experiments.shelf import show_one
from tests.experiments.command_line import call


def test_all_are_listed_once_with_a_line_and_their_parameters(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    status, _, said = call(capsys, "policies")
    assert status == 0
    for family, policies in FAMILIES.items():
        assert family in said
        for policy in policies:
            assert sum(line.split()[:1] == [policy.__name__] for line in said) == 1
    assert any(line.startswith(f"{len(POLICIES)} policies") for line in said)
    assert any(line.strip() == "alpha = 1.0, ridge = 1.0" for line in said)


@pytest.mark.parametrize("name", ["LinUCB", "linucb", "LINUCB"])
def test_one_is_shown_in_full_whatever_the_letters(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    status, _, said = call(capsys, "policies", name)
    assert status == 0
    assert "Source: Li, Chu, Langford & Schapire 2010, Algorithm 1." in said
    assert any("width of the confidence bound, in standard deviations" in line for line in said)
    assert "Rewards already learnt can be corrected." in said
    assert any(line.startswith("It has an uncertainty") for line in said)


def test_an_unknown_one_is_one_line(capsys):
    status, complaint, said = call(capsys, "policies", "linucc")
    assert (status, said) == (2, [])
    (line,) = complaint
    assert line.startswith("unknown policy 'linucc' (known: ")
    assert line.endswith("did you mean 'LinUCB'?")


@pytest.mark.parametrize("name", POLICIES)
def test_every_one_explains_all_its_parameters_and_gives_a_table_that_works(name, capsys):
    show_one(name, Console(width=200))
    said = capsys.readouterr().out
    (table,) = tomllib.loads(said.split("In a TOML file:\n")[1])["policy"]
    assert type(policy_from(table)) is POLICIES[name]
    for parameter in POLICIES[name].model_fields:
        if parameter != "name":
            assert re.search(rf"^\s*{parameter}\s+\S+\s+\S", said, re.MULTILINE), parameter
