"""Whatever a person gets wrong is one line a fault, with its place and what to do, and status 2; never a traceback."""

from __future__ import annotations

import math
import pathlib
import re
import shutil
import sys
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import NamedTuple

import pytest
from command_line import call
from small_sweeps import damage

import bandits
import environments
from bandits import InputError
from bandits.description import fields_of
from bandits.registry import policy_from
from environments.registry import environment_from
from experiments import Experiment, run
from experiments.store import MANIFEST

HEAD = "replications = 1\nseed = 7\n"
CLOTHES = '[[environment]]\nkind = "ClothingReviews"\nhorizon = 100\nname = "clothes"\n'
SHOP = '[[environment]]\nkind = "Storefront"\nscenario = "acme"\nobjective = "long_term"\nname = "shop"\n'
RANDOM = '[[policy]]\nkind = "Random"\nname = "random"\n'
GOOD = HEAD + CLOTHES + RANDOM
OWN = """
import numpy as np
from bandits import Choice

LEARNERS = []

class Particular:
    def __init__(self, alpha):
        if alpha < 0:
            raise ValueError(f"alpha must be at least 0, got {alpha}")

    def start(self, problem, rng):
        return self

class Startless:
    pass

class Picky:
    def start(self, problem, rng):
        return self

    def misfit(self, problem):
        raise KeyError("colour")

class Wild:
    def start(self, problem, rng):
        return self

    def choose(self, visit):
        return Choice(99)

    def learn(self, visit, choice, reward):
        pass
"""

FIELDS = "(known: environment, name, only, policy, replications, seed)"
ONES_OWN = "one's own is 'module:Name'"
ALL = ", ".join(map(str, range(14)))
CLOTHING = "(known: block, bound, horizon, kind, min_reviews, name, observe_cohort, show_nothing)"
ABOVE = "a field of the experiment must stand above all [[tables]]"
ENVIRONMENTS = "`personabandits environments` lists them"
POLICIES = "`personabandits policies` lists them"
CLASSES = (
    "(known: Blouses, Dresses, Fine gauge, Jackets, Jeans, Knits, Lounge, Outerwear, Pants, Shorts, Skirts, Sleep, "
    "Sweaters, nothing)"
)
NO_POLICY = "must be a policy (an object with start(problem, rng)), got"
UNKNOWN_FOLDER = "is not there; check the path, or run an experiment into it with -o"


class Case(NamedTuple):
    """What was got wrong.

    Args:
        lines: what must be said; "{here}" is the folder.
        sweep: the text of sweep.toml.
        words: of the command line, after personabandits.
        before: makes the folder as it is.
    """

    lines: str | list[str]
    sweep: str | bytes = GOOD
    words: str = "run sweep.toml -o out --workers 1"
    before: Callable[[pathlib.Path], object] | None = None


def policy(kind: str, rest: str = "", world: str = CLOTHES) -> str:
    return f'{HEAD}{world}[[policy]]\nkind = "{kind}"\n{rest}'


def good(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def finished(here: pathlib.Path) -> pathlib.Path:
    """A finished run of the good experiment."""
    run(Experiment.load(str(here / "sweep.toml")), here / "out")
    return here / "out"


def edited(old: str, new: str) -> Callable[[pathlib.Path], object]:
    return lambda here: (finished(here) / MANIFEST).write_text((here / "out" / MANIFEST).read_text().replace(old, new))


def scenario(old: str, new: str) -> Callable[[pathlib.Path], object]:
    """A scenario of one's own with a fault in it."""
    acme = (pathlib.Path(sys.modules["environments"].__file__).parent / "acme.toml").read_text()
    assert old in acme
    return lambda here: (here / "shop.toml").write_text(acme.replace(old, new, 1))


OWN_SHOP = SHOP.replace('"acme"', '"shop.toml"')
CASES = {
    # TOML
    "no value": Case("sweep.toml: must be TOML: Invalid value (at line 1, column 8)", "name = \n"),
    "no bracket": Case(
        "sweep.toml: must be TOML: Expected ']]' at the end of an array declaration (at line 1, column 9)",
        "[[policy]\n",
    ),
    "twice": Case(
        "sweep.toml: must be TOML: Cannot overwrite a value (at line 4, column 9)", "seed = 1\n\n\nseed = 7\n"
    ),
    "nested": Case("sweep.toml: must be TOML: brackets are nested too deeply", "a = " + "[" * 5_000),
    "empty": Case(
        "sweep.toml: is empty; `personabandits run acme` runs one that is shipped; check the path", "# nothing yet\n"
    ),
    "latin-1": Case(
        "sweep.toml: must be UTF-8 text, got another encoding at byte 11; save it as UTF-8",
        'name = "café"'.encode("latin-1"),
    ),
    "zeros": Case("sweep.toml: must be TOML: Invalid statement (at line 1, column 1)", b"\0\0"),
    # fields
    "unknown field": Case(
        f"sweep.toml: replication: unknown field 'replication' {FIELDS}; did you mean 'replications'?",
        good("replications", "replication"),
    ),
    "two unknown fields": Case(
        [f"sweep.toml: foo: unknown field 'foo' {FIELDS}", f"sweep.toml: bar: unknown field 'bar' {FIELDS}"],
        "foo = 1\nbar = 2\n" + GOOD,
    ),
    "plural": Case(
        [
            f"sweep.toml: policies: unknown field 'policies' {FIELDS}; did you mean 'policy'?",
            "sweep.toml: policy: is missing; add it",
        ],
        good("[[policy]]", "[[policies]]"),
    ),
    "replications 0": Case(
        "sweep.toml: replications: must be greater than or equal to 1, got 0", good("= 1\n", "= 0\n")
    ),
    "replications 1.5": Case("sweep.toml: replications: must be a whole number, got 1.5", good("= 1\n", "= 1.5\n")),
    "replications in words": Case(
        "sweep.toml: replications: must be a whole number, got 'one'", good("= 1\n", '= "one"\n')
    ),
    "replications true": Case("sweep.toml: replications: must be a whole number, got True", good("= 1\n", "= true\n")),
    "replications without end": Case(
        "sweep.toml: replications: must be less than or equal to 1000000, got 10000000", good("= 1\n", "= 10000000\n")
    ),
    "seed -1": Case("sweep.toml: seed: must be greater than or equal to 0, got -1", good("seed = 7", "seed = -1")),
    "seed a date": Case("sweep.toml: seed: must be a whole number, got 2026-11-21", good("= 7", "= 2026-11-21")),
    "seed too large": Case(
        "sweep.toml: seed: must be less than or equal to 9223372036854775807, got 9223372036854775808",
        good("= 7", f"= {2**63}"),
    ),
    "below the tables": Case(
        [
            f"sweep.toml: environment[1].seed: unknown field 'seed' {CLOTHING}; {ABOVE}",
            f"sweep.toml: policy[1].replications: unknown field 'replications' (known: kind, name); {ABOVE}",
        ],
        CLOTHES + "seed = 7\n" + RANDOM + "replications = 1\n",
    ),
    "name of a path": Case(
        "sweep.toml: name: must be a name that a folder could have, got 'a/b'", 'name = "a/b"\n' + GOOD
    ),
    "name of nothing": Case(
        "sweep.toml: name: must be a name that a folder could have, got ' '", 'name = " "\n' + GOOD
    ),
    "name a number": Case("sweep.toml: name: must be text, got 3; put it in quotes", "name = 3\n" + GOOD),
    # lists
    "nothing asked": Case(
        ["sweep.toml: environment: is missing; add it", "sweep.toml: policy: is missing; add it"], HEAD
    ),
    "no policy": Case("sweep.toml: policy: is missing; add it", HEAD + CLOTHES),
    "no environments": Case(
        "sweep.toml: environment: must hold at least one environment, got none; add one",
        HEAD + "environment = []\n" + RANDOM,
    ),
    "one environment in single brackets": Case(
        "sweep.toml: environment: must be a list of tables; write [[environment]] in place of [environment]",
        good("[[environment]]", "[environment]"),
    ),
    "policies a number": Case(
        "sweep.toml: policy: must be a list of tables, got 3; "
        'write [[policy]] and, in the line below it, kind = "LinUCB"',
        HEAD + "policy = 3\n" + CLOTHES,
    ),
    "policies a word": Case(
        "sweep.toml: policy: must be a list of tables, got 'Random'; "
        'write [[policy]] and, in the line below it, kind = "Random"',
        HEAD + 'policy = "Random"\n' + CLOTHES,
    ),
    "environments a word that is not quite one": Case(
        "sweep.toml: environment: must be a list of tables, got 'Storefrond'; "
        'write [[environment]] and, in the line below it, kind = "Storefront"',
        HEAD + 'environment = "Storefrond"\n' + RANDOM,
    ),
    "policies of numbers and words": Case(
        [
            f"sweep.toml: policy[1]: {NO_POLICY} 1",
            f"sweep.toml: policy[2]: {NO_POLICY} 'LinUCB'; write {{ kind = \"LinUCB\" }}",
        ],
        HEAD + 'policy = [1, "LinUCB"]\n' + CLOTHES,
    ),
    # environments
    "unknown environment": Case(
        "sweep.toml: environment[1].kind: unknown environment 'Clothing'; did you mean "
        f"'ClothingReviews'? {ENVIRONMENTS}; {ONES_OWN}",
        good("ClothingReviews", "Clothing"),
    ),
    "environment without kind": Case(
        f"sweep.toml: environment[1].kind: is missing; add the name of an environment ({ENVIRONMENTS})",
        good('kind = "ClothingReviews"\n', ""),
    ),
    "kind a number": Case(
        f"sweep.toml: environment[1].kind: must be the name of an environment ({ENVIRONMENTS}), got 3",
        good('"ClothingReviews"', "3"),
    ),
    "horizon 0": Case(
        "sweep.toml: environment[1].horizon: must be greater than or equal to 1, got 0", good("= 100", "= 0")
    ),
    "bound beyond": Case(
        "sweep.toml: environment[1].bound: must be less than 1, got 1.5", good("horizon = 100", "bound = 1.5")
    ),
    "bound nan": Case(
        "sweep.toml: environment[1].bound: must be a finite number, got nan", good("horizon = 100", "bound = nan")
    ),
    "no classes left": Case(
        "sweep.toml: environment[1].min_reviews: must leave at least two classes, got 9999, which leaves 0; "
        "take at most 587",
        good("horizon = 100", "min_reviews = 9999"),
    ),
    "two faults in an environment, and one in a policy": Case(
        [
            f"sweep.toml: environment[1].horizn: unknown field 'horizn' {CLOTHING}; did you mean 'horizon'?",
            f"sweep.toml: policy[1].kind: unknown policy 'Rnd'; did you mean 'Random'? {POLICIES}; {ONES_OWN}",
        ],
        good("horizon", "horizn").replace('"Random"', '"Rnd"'),
    ),
    "unknown objective": Case(
        "sweep.toml: environment[1].objective: unknown objective 'profit' "
        "(known: cart_value, kept_margin, long_term, low_returns)",
        HEAD + SHOP.replace("long_term", "profit") + RANDOM,
    ),
    "no objective": Case(
        "sweep.toml: environment[1].objective: is missing; add it",
        HEAD + SHOP.replace('objective = "long_term"\n', "") + RANDOM,
    ),
    "unknown scenario": Case(
        "sweep.toml: environment[1].scenario: unknown scenario 'acmee' (known: acme, or the path of a .toml file); "
        "did you mean 'acme'?",
        HEAD + SHOP.replace('"acme"', '"acmee"') + RANDOM,
    ),
    "scenario a number": Case(
        'sweep.toml: environment[1].scenario: must be a scenario by its name, such as "acme", or by the path of its '
        ".toml file, got 3",
        HEAD + SHOP.replace('"acme"', "3") + RANDOM,
    ),
    "no file of a scenario": Case(
        "sweep.toml: environment[1].scenario: shop.toml: is not there; "
        "`personabandits new` writes a scenario to start from",
        HEAD + OWN_SHOP + RANDOM,
    ),
    "faults in a scenario": Case(
        "sweep.toml: environment[1].scenario: shop.toml: persona.luke.share: must be greater than 0, got -0.06",
        HEAD + OWN_SHOP + RANDOM,
        before=scenario("share = 0.06", "share = -0.06"),
    ),
    "unknown feedback": Case(
        "sweep.toml: environment[1].feedback: must be 'at once', 'wait' or 'correct', got 'later'",
        HEAD + SHOP + 'feedback = "later"\n' + RANDOM,
    ),
    "no customers": Case(
        "sweep.toml: environment[1].customers: must be greater than or equal to 1, got 0",
        HEAD + SHOP + "customers = 0\n" + RANDOM,
    ),
    "yes for true": Case(
        "sweep.toml: environment[1].observe_persona: must be true or false, got 'yes'",
        HEAD + SHOP + 'observe_persona = "yes"\n' + RANDOM,
    ),
    # policies
    "unknown policy": Case(
        f"sweep.toml: policy[1].kind: unknown policy 'LinUBC'; did you mean 'LinUCB'? {POLICIES}; {ONES_OWN}",
        policy("LinUBC"),
    ),
    "unknown parameter": Case(
        "sweep.toml: policy[1].alhpa: unknown field 'alhpa' (known: alpha, kind, name, ridge); did you mean 'alpha'?",
        policy("LinUCB", "alhpa = 1.0\n"),
    ),
    "parameter out of bounds": Case(
        "sweep.toml: policy[1].epsilon: must be less than or equal to 1, got 1.5",
        policy("EpsilonGreedy", "epsilon = 1.5\n"),
    ),
    "parameter in words": Case(
        "sweep.toml: policy[1].alpha: must be a number, got 'one'", policy("LinUCB", 'alpha = "one"\n')
    ),
    "parameter without end": Case(
        "sweep.toml: policy[1].alpha: must be a finite number, got inf", policy("LinUCB", "alpha = inf\n")
    ),
    "two faults in a policy": Case(
        [
            "sweep.toml: policy[1].alpha: must be greater than or equal to 0, got -1.0",
            "sweep.toml: policy[1].ridge: must be greater than or equal to 0.000001, got 0.0",
        ],
        policy("LinUCB", "alpha = -1.0\nridge = 0.0\n"),
    ),
    "parameter missing": Case("sweep.toml: policy[1].action: is missing; add it", policy("Always")),
    "inner policy missing": Case("sweep.toml: policy[1].policy: is missing; add it", policy("PerCohort")),
    "inner policy a word": Case(
        "sweep.toml: policy[1].policy: must be a policy (an object with start(problem, rng)), got 'LinUCB'; "
        'write { kind = "LinUCB" }',
        policy("PerCohort", 'policy = "LinUCB"\n'),
    ),
    "baseline a word that is not quite one": Case(
        "sweep.toml: policy[1].baseline: must be a policy (an object with start(problem, rng)), got 'Randm'; "
        'write a table such as { kind = "Random" }',
        policy("Conservative", 'policy = { kind = "LinUCB" }\nbaseline = "Randm"\n'),
    ),
    "fault at depth": Case(
        "sweep.toml: policy[1].policy.policy.alhpa: unknown field 'alhpa' (known: alpha, kind, name, ridge); "
        "did you mean 'alpha'?",
        policy("PerCohort", 'policy = { kind = "Cautious", policy = { kind = "LinUCB", alhpa = 1.0 } }\n'),
    ),
    "cautious without doubt": Case(
        "sweep.toml: policy[1].policy: Random has no uncertainty to be cautious about",
        policy("Cautious", 'policy = { kind = "Random" }\n'),
    ),
    "unknown exploration": Case(
        "sweep.toml: policy[1].exploration: must be 'epsilon', 'first', 'bag', 'cover', 'squarecb', 'regcb', "
        "'softmax', 'rnd' or 'synthcover', got 'thompson'",
        policy("VowpalWabbit", 'exploration = "thompson"\n'),
    ),
    "an option that does nothing": Case(
        "sweep.toml: policy[1].bag: does nothing with exploration 'epsilon' (only with 'bag'); leave it out",
        policy("VowpalWabbit", 'exploration = "epsilon"\nbag = 3\n'),
    ),
    "a parameter out of bounds, and another that does nothing": Case(
        [
            "sweep.toml: policy[1].bits: must be greater than or equal to 4, got 1",
            "sweep.toml: policy[1].bag: does nothing with exploration 'epsilon' (only with 'bag'); leave it out",
        ],
        policy("VowpalWabbit", 'exploration = "epsilon"\nbits = 1\nbag = 3\n'),
    ),
    "a seed out of bounds, and two policies of one name": Case(
        [
            "sweep.toml: seed: must be greater than or equal to 0, got -1",
            "sweep.toml: policy[2]: is called 'random', as number 1 is; give one of them another name",
        ],
        good("seed = 7", "seed = -1") + RANDOM,
    ),
    "name of a policy a number": Case(
        "sweep.toml: policy[1].name: must be text, got 3; put it in quotes", policy("Random", "name = 3\n")
    ),
    # of one's own
    "no module": Case(
        "sweep.toml: policy[1].kind: cannot import 'my_nothing': ModuleNotFoundError: No module named 'my_nothing'; "
        "put it beside the TOML file, or on the path",
        policy("my_nothing:X"),
    ),
    "no class in the module": Case(
        "sweep.toml: policy[1].kind: unknown class of my_own 'Wld' (known: Particular, Picky, Startless, Wild); "
        "did you mean 'Wild'?",
        policy("my_own:Wld"),
    ),
    "no class but a value": Case(
        "sweep.toml: policy[1].kind: 'my_own:LEARNERS' must be a class, got []", policy("my_own:LEARNERS")
    ),
    "half a name": Case("sweep.toml: policy[1].kind: must be 'module:Name', got 'my_own:'", policy("my_own:")),
    "a module that falls": Case(
        "sweep.toml: policy[1].kind: cannot import 'my_broken': ZeroDivisionError: division by zero",
        policy("my_broken:X"),
        before=lambda here: (here / "my_broken.py").write_text("1 / 0\n"),
    ),
    "a module that is no Python": Case(
        "sweep.toml: policy[1].kind: cannot import 'my_prose': SyntaxError: invalid syntax (my_prose.py, line 1)",
        policy("my_prose:X"),
        before=lambda here: (here / "my_prose.py").write_text("once upon a time\n"),
    ),
    "a module that exits": Case(
        "sweep.toml: policy[1].kind: cannot import 'my_exit': SystemExit: 0",
        policy("my_exit:X"),
        before=lambda here: (here / "my_exit.py").write_text("raise SystemExit(0)\n"),
    ),
    "no parameters of one's own": Case(
        [
            "sweep.toml: policy[1].alpha: is missing; add it",
            "sweep.toml: policy[1].beta: unknown field 'beta' (known: alpha, kind, name)",
        ],
        policy("my_own:Particular", "beta = 1\n"),
    ),
    "a constructor that refuses": Case(
        "sweep.toml: policy[1]: my_own:Particular: ValueError: alpha must be at least 0, got -3",
        policy("my_own:Particular", "alpha = -3\n"),
    ),
    "a judgement that falls": Case(
        "sweep.toml: policy 'Picky' in 'clothes': cannot tell whether it fits: its misfit raised KeyError: 'colour'",
        policy("my_own:Picky"),
    ),
    "a policy that misbehaves": Case(
        [
            "sweep: 0 of 1 cells",
            "sweep: 1 of 1 cells",
            f"policy 'Wild' chose action 99 on visit 0 of replication 0 of clothes, but only {ALL} were available",
            "1 cell failed (see out/failed); the same command tries again what failed",
        ],
        policy("my_own:Wild"),
    ),
    # names that go together
    "two policies of one name": Case(
        "sweep.toml: policy[2]: is called 'random', as number 1 is; give one of them another name", GOOD + RANDOM
    ),
    "two environments without names": Case(
        "sweep.toml: environment[2]: is called 'ClothingReviews(horizon=100)', as number 1 is; "
        "give one of them another name",
        HEAD + 2 * CLOTHES.replace('name = "clothes"\n', "") + RANDOM,
    ),
    "only an unknown policy": Case(
        "sweep.toml: only.randm: unknown policy 'randm' (known: random); did you mean 'random'?",
        GOOD + '[only]\nrandm = ["clothes"]\n',
    ),
    "only in an unknown environment": Case(
        "sweep.toml: only.random: unknown environment 'cloths' (known: clothes); did you mean 'clothes'?",
        GOOD + '[only]\nrandom = ["cloths"]\n',
    ),
    "only nowhere": Case(
        "sweep.toml: only.random: must name at least one environment, got none", GOOD + "[only]\nrandom = []\n"
    ),
    "only a word": Case(
        "sweep.toml: only.random: must be a list, got 'clothes'", GOOD + '[only]\nrandom = "clothes"\n'
    ),
    "only a list": Case("sweep.toml: only: must be a table, got ['random']", 'only = ["random"]\n' + GOOD),
    "an environment for nobody": Case(
        "sweep.toml: environment[2]: has no policy that runs in it; take it out, or name it under `only`",
        HEAD + CLOTHES + SHOP + RANDOM + '[only]\nrandom = ["clothes"]\n',
    ),
    # combinations that are impossible
    "labels where there are none": Case(
        "sweep.toml: policy 'PerCohort(LinUCB)' in 'shop': needs cohort labels, and this world shows none "
        "(see observe_persona, or observe_cohort, of the world)",
        policy("PerCohort", 'policy = { kind = "LinUCB" }\n', SHOP),
    ),
    "history of strangers": Case(
        "sweep.toml: policy 'PersonaBelief(LinUCB, cards=estimated)' in 'clothes': needs to recognise returning users, "
        "and this world's visitors are strangers",
        policy("PersonaBelief", 'cards = "estimated"\npolicy = { kind = "LinUCB" }\n'),
    ),
    "cards where there are none": Case(
        "sweep.toml: policy 'PersonaBelief(LinUCB, evidence=visit)' in 'clothes': needs persona cards, and this "
        "world has none; use cards = 'estimated' or another policy",
        policy("PersonaBelief", 'evidence = "visit"\npolicy = { kind = "LinUCB" }\n'),
    ),
    "a sample where there is none": Case(
        "sweep.toml: policy 'PersonaBelief(LinUCB, cards=estimated)' in 'shop': needs a labelled sample of users, "
        "and this world has none",
        policy("PersonaBelief", 'cards = "estimated"\npolicy = { kind = "LinUCB" }\n', SHOP + "labelled = 0\n"),
    ),
    "silence under must_show": Case(
        "sweep.toml: policy 'Nothing' in 'shop': shows nothing, and in this world something must be shown",
        policy("Nothing", "", SHOP.replace("long_term", "low_returns")),
    ),
    "caution under must_show": Case(
        "sweep.toml: policy 'Cautious(LinUCB)' in 'shop': withholds what may be bad, and in this world something "
        "must be shown",
        policy("Cautious", 'policy = { kind = "LinUCB" }\n', SHOP + "show_nothing = false\n"),
    ),
    "bounds where there are none": Case(
        "sweep.toml: policy 'BetaThompson' in 'shop': needs bounded rewards, and this world's have no bounds; "
        "use GaussianThompson",
        policy("BetaThompson", "", SHOP),
    ),
    "corrections to who cannot correct": Case(
        "sweep.toml: policy 'VowpalWabbit' in 'shop': cannot correct a reward it has already learnt; "
        "use feedback = 'at once' or 'wait'",
        policy("VowpalWabbit", "", SHOP + 'feedback = "correct"\n'),
    ),
    "an action that there is not": Case(
        "sweep.toml: policy 'Always(action=Dreses)' in 'clothes': unknown action 'Dreses' "
        f"{CLASSES}; did you mean 'Dresses'?",
        policy("Always", 'action = "Dreses"\n'),
    ),
    "one of several worlds does not fit": Case(
        "sweep.toml: policy 'BetaThompson' in 'shop': needs bounded rewards, and this world's have no bounds; "
        "use GaussianThompson; take it out, or say where it runs under `only`",
        policy("BetaThompson", "", CLOTHES + SHOP),
    ),
    # what is named on the command line
    "unknown experiment": Case(
        "unknown experiment 'clothin' (known: acme, clothing, policies, worlds); did you mean 'clothing'?; "
        "one's own is the path of a .toml file",
        words="run clothin",
    ),
    "no file": Case(
        "nowhere.toml: is not there; `personabandits run acme` runs one that is shipped; check the path",
        words="run nowhere.toml",
    ),
    "a folder for a file": Case(
        "folder.toml: is a folder; name the .toml file in it",
        words="run folder.toml",
        before=lambda here: (here / "folder.toml").mkdir(),
    ),
    "--workers 0": Case(
        "workers: must be a whole number of at least 1, got 0", words="run sweep.toml -o out --workers 0"
    ),
    "--replications 0": Case(
        "replications: must be greater than or equal to 1, got 0", words="run sweep.toml -o out --replications 0"
    ),
    "--seed -1": Case("seed: must be greater than or equal to 0, got -1", words="run sweep.toml -o out --seed -1"),
    "unknown scenario to show": Case(
        "unknown scenario 'acmee' (known: acme, or the path of a .toml file); did you mean 'acme'?", words="show acmee"
    ),
    "a fault in a scenario to check": Case(
        "shop.toml: persona.luke.hassle: must be greater than or equal to 0, got -0.8",
        words="check shop.toml",
        before=scenario("hassle = 0.8", "hassle = -0.8"),
    ),
    "something there already": Case(
        "sweep.toml: is there already; choose another name, or --force", words="new sweep.toml"
    ),
    # folders
    "a file for a folder": Case(
        "{here}/out: cannot be written: Not a directory; choose another folder, or mend this one and run it again",
        words="run sweep.toml -o {here}/out",
        before=lambda here: (here / "out").write_text("text"),
    ),
    "a foreign folder": Case(
        "out: is not empty and holds no experiment.json: it is no folder of results; choose another",
        before=lambda here: ((here / "out").mkdir(), (here / "out" / "thesis.tex").touch()),
    ),
    "a folder that cannot be made": Case(
        "/proc/nothing: cannot be written: No such file or directory; choose another folder, or mend this one and "
        "run it again",
        words="run sweep.toml -o /proc/nothing",
    ),
    "another seed": Case(
        "out: made with seed 8, and this run asks for 7; choose another folder, or --overwrite",
        before=edited('"seed": 7', '"seed": 8'),
    ),
    "another experiment": Case(
        "out: made with name 'other', and this run asks for 'sweep'; choose another folder, or --overwrite",
        before=edited('"name": "sweep"', '"name": "other"'),
    ),
    "an old format": Case(
        "out/experiment.json: has result format 0, and this version reads 1; choose another folder, or --overwrite",
        before=edited('"format": 1', '"format": 0'),
    ),
    "no folder to report": Case(f"nowhere: {UNKNOWN_FOLDER}", words="report nowhere"),
    "a file to report": Case("sweep.toml: is a file, and must be a folder of results", words="report sweep.toml"),
    "a foreign folder to report": Case(
        "{here}: holds no experiment.json: it is no folder of results", words="report {here}"
    ),
    "a damaged manifest to report": Case(
        "out/experiment.json: is damaged; run the experiment again, which writes it anew",
        words="report out",
        before=edited("{", "["),
    ),
    "an empty manifest to report": Case(
        "out/experiment.json: is damaged; run the experiment again, which writes it anew",
        words="report out",
        before=lambda here: (finished(here) / MANIFEST).write_text(""),
    ),
    "nothing finished to report": Case(
        "no cell is finished, so there is nothing to show; run it first",
        words="report out",
        before=lambda here: shutil.rmtree(finished(here) / "cells"),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_bad_input_is_one_line_a_fault_and_status_2(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    text = case.sweep if isinstance(case.sweep, bytes) else case.sweep.encode()
    (tmp_path / "sweep.toml").write_bytes(text)
    (tmp_path / "my_own.py").write_text(OWN)
    monkeypatch.delitem(sys.modules, "my_own", raising=False)
    if case.before is not None:
        case.before(tmp_path)
    status, told, _ = call(capsys, *case.words.format(here=tmp_path).split())
    expected = [case.lines] if isinstance(case.lines, str) else case.lines
    assert told == [line.format(here=tmp_path) if "{here}" in line else line for line in expected]
    assert status == 2


def test_there_are_at_least_sixty_kinds_of_it():
    assert len(CASES) >= 60
    assert len({str(case.lines) for case in CASES.values()}) >= 60


def test_a_damaged_cell_is_named_by_report_and_computed_anew_by_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweep.toml").write_text(GOOD)
    (path,) = finished(tmp_path).glob("cells/*/*.parquet")
    damage(path, "flipped")
    status, told, _ = call(capsys, "report", "out")
    line = f"{path.relative_to(tmp_path)}: is damaged; run the experiment again, which computes it anew"
    assert (status, told) == (2, [line])
    assert call(capsys, "run", "sweep.toml", "-o", "out")[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        "run",
        "run sweep.toml extra",
        "run sweep.toml --workers two",
        "run sweep.toml --seed 1.5",
        "run sweep.toml --replications",
        "run sweep.toml --log everything",
        "check-data log.csv --gap wide",
        "run sweep.toml --logg full",
        "report",
        "runn sweep.toml",
        "--nonsense",
        "new",
        "check",
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(tmp_path, monkeypatch, capsys, words):
    """The words are typer's own, and change with its versions."""
    monkeypatch.chdir(tmp_path)
    status, (line,), out = call(capsys, *words.split())
    assert (status, out) == (2, [])
    assert re.search(r"; see personabandits( run| report| new| check| check-data)? --help$", line)
    assert "Input should" not in line
    assert "error" not in line
    assert not any(letter in line for letter in "│╭╰")


def test_a_command_without_what_it_needs_is_told_where_to_read_on(capsys):
    assert call(capsys, "run") == (2, ["Missing argument 'FILE|NAME'; see personabandits run --help"], [])


DATA = pathlib.Path(__file__).parents[1] / "data"
FILES = {"MovieLens": {"folder": "films"}, "Tabular": {"path": "plants.csv"}, "LoggedReplay": {"path": "log.csv"}}
BUILT_IN = [(kind, policy_from) for kind in bandits.POLICIES.values()]
BUILT_IN += [(kind, environment_from) for kind in environments.ENVIRONMENTS.values()]


@pytest.mark.parametrize(("kind", "made"), BUILT_IN, ids=[kind.__name__ for kind, _ in BUILT_IN])
def test_whatever_a_parameter_is_given_it_is_taken_or_refused_in_plain_words(kind, made):
    """Every parameter of all that is built in, with ten values of which most are wrong; and the next one wrong, too."""
    fields = fields_of(kind)
    table = {"kind": kind.__name__, **{key: field.examples[0] for key, field in fields.items() if field.is_required()}}
    table |= {field: str(DATA / name) for field, name in FILES.get(kind.__name__, {}).items()}
    values = [object(), "x", -1, 3, [], {}, [[5]], True, math.inf, date(2026, 11, 21)]
    wrong = [{key: value, other: values[0]} for key, other in pairwise(fields) for value in values]
    said: list[str] = []
    for changes in [*({key: value} for key in fields for value in values), *wrong]:
        try:
            made(table | changes)
        except InputError as error:
            said += error.lines
    assert said
    assert not [line for line in said if re.search("should|valid|Input|String", line)]
