"""From a TOML file to the table of an experiment, and from the faults of the table to lines about the file."""

from __future__ import annotations

import pathlib
import sys
from typing import Any

from bandits import POLICIES
from bandits.errors import Fault, InputError, closest, unknown
from environments import ENVIRONMENTS
from environments.toml_file import read_toml

HERE = pathlib.Path(__file__).parent
SHIPPED = tuple(sorted(path.stem for path in HERE.glob("*.toml")))
"""Every experiment file that lies beside this module."""
PLURAL = {"environment": "environments", "policy": "policies"}
SINGULAR = {plural: field for field, plural in PLURAL.items()}
KINDS = {"environment": (tuple(ENVIRONMENTS), "ClothingReviews"), "policy": (tuple(POLICIES), "LinUCB")}
"""What can stand in each list, by the names of what is built in, and one of them as an example."""
FILES = ("scenario", "path", "folder")
DEPTH = 3
"""How deep a field of an environment, or of a policy, lies in an experiment: environment[1].horizon."""
FIELDS = ("name", "environment", "policy", "replications", "seed", "only")


def table_of_file(path_or_name: str) -> tuple[str, dict[str, Any]]:
    """Read a shipped experiment by its name, or one's own from a .toml file.

    Returns:
        What to call it in messages, and its table.

    Raises:
        InputError: when there is none, or it is no TOML.
    """
    if path_or_name in SHIPPED:
        return f"{path_or_name}.toml", read_toml(HERE / f"{path_or_name}.toml")
    if not path_or_name.endswith(".toml"):
        raise InputError(unknown("experiment", path_or_name, SHIPPED) + "; one's own is the path of a .toml file")
    table = read_toml(path_or_name, advice="`personabandits run acme` runs one that is shipped; check the path")
    _look_beside(pathlib.Path(path_or_name).expanduser().parent, table)
    return path_or_name, table


def fields_of(table: dict[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """The fields of an experiment by their names in Python, and what in the table is none."""
    faults = [Fault(unknown("field", key, FIELDS), (key,)) for key in table if key not in FIELDS]
    faults += [
        Fault(f"must be a list of tables{_listed(field, table[field])}", (field,))
        for field in PLURAL
        if field in table and not isinstance(table[field], list)
    ]
    wrong = {fault.where[0] for fault in faults}
    return {PLURAL.get(key, key): value for key, value in table.items() if key not in wrong}, faults


def _listed(field: str, value: object) -> str:
    """What to write where one table, a name or something else stands in place of a list of tables."""
    if isinstance(value, dict):
        return f"; write [[{field}]] in place of [{field}]"
    names, example = KINDS[field]
    kind = closest(value, names) or example if isinstance(value, str) else example
    return f', got {value!r}; write [[{field}]] and, in the line below it, kind = "{kind}"'


def in_file(fault: Fault) -> Fault:
    """A fault of an experiment, by the names in its file."""
    if not fault.where:
        return fault
    first = str(fault.where[0])
    # TOML takes what stands below a [[table]] for a part of it, whatever lies between.
    lost = len(fault.where) == DEPTH and fault.where[-1] in FIELDS and fault.what.startswith("unknown field")
    advice = "; a field of the experiment must stand above all [[tables]]" if lost else ""
    return Fault(fault.what + advice, (SINGULAR.get(first, first), *fault.where[1:]))


def _look_beside(folder: pathlib.Path, table: dict[str, Any]) -> None:
    """Find the modules and scenarios that a file names in its own folder, before anything of the same name."""
    place = str(folder.resolve())
    sys.path[:] = [place, *(path for path in sys.path if path != place)]
    for module in _modules_of(table):
        here, there = folder.resolve() / f"{module}.py", getattr(sys.modules.get(module), "__file__", None)
        if here.exists() and there is not None and not here.samefile(there):
            del sys.modules[module]  # another experiment's, from another folder
    environments = table.get("environment")
    for environment in environments if isinstance(environments, list) else ():
        _find_files(folder, environment)


def _find_files(folder: pathlib.Path, environment: object) -> None:
    """Take the files that an environment names, or the world that it wraps, for files beside the experiment's."""
    if not isinstance(environment, dict):
        return
    for field in FILES:
        place = environment.get(field)
        if isinstance(place, str) and (field != "scenario" or place.endswith(".toml")):
            environment[field] = str(folder / pathlib.Path(place).expanduser())
    _find_files(folder, environment.get("world"))


def _modules_of(part: object) -> set[str]:
    """All modules of one's own that a table names, at every depth."""
    if isinstance(part, list):
        return set().union(*map(_modules_of, part))
    if not isinstance(part, dict):
        return set()
    kind = part.get("kind")
    named = {kind.partition(":")[0]} if isinstance(kind, str) and ":" in kind else set()
    return named.union(*map(_modules_of, part.values()))
