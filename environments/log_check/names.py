"""Which column of a table is what: as the user says, or found by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bandits.errors import Fault, InputError, unknown
from environments.log_check.finding import Finding, fine, printable

KNOWN = {
    "action": ("action", "item_id"),
    "reward": ("reward", "click"),
    "propensity": ("propensity", "propensity_score"),
    "cohort": ("cohort",),
    "time": ("time", "timestamp"),
}
"""The names by which a column is found; the second ones are those of the Open Bandit data."""

NEEDED = ("action", "reward")
VISIT, USER = ("visit", "visit_id"), ("user", "user_id")
AVAILABLE = "available"
PREFIX = "x_"
LISTED = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """The columns that the user names; None means: to be found by name."""

    action: str | None = None
    reward: str | None = None
    propensity: str | None = None
    cohort: str | None = None
    time: str | None = None
    features: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column is what. `features` are what a policy would see of a visitor."""

    action: str
    reward: str
    propensity: str | None
    cohort: str | None
    time: str | None
    visit: str | None
    user: str | None
    available: str | None
    features: tuple[str, ...]

    def of(self, column: str) -> str:
        """The role of a column, in a word."""
        for role in (*KNOWN, "visit", "user", "available"):
            if getattr(self, role) == column:
                return role
        return "feature" if column in self.features else "not used"


def roles_of(columns: Sequence[str], asked: Asked, path: str) -> tuple[Roles, list[Finding]]:
    """Find the column of each role, and say which were taken under another name than the role's.

    Without features named, they are the columns x_…, or where there are none, all that have no other role.

    Raises:
        InputError: when a column that is asked for is not there, or asked for twice, or there is no action or reward.
    """
    given = {role: getattr(asked, role) for role in KNOWN}
    faults = [_absent(role, name, columns) for role, name in given.items() if name is not None and name not in columns]
    faults += [_absent("features", name, columns) for name in asked.features or () if name not in columns]
    found = {
        role: name or next((alias for alias in KNOWN[role] if alias in columns), None) for role, name in given.items()
    }
    faults += [
        Fault(
            f"must be a column, and none is called {' or '.join(map(repr, KNOWN[role]))} "
            f"(columns: {_some(columns)}); name it with --{role}",
            (role,),
        )
        for role in NEEDED
        if found[role] is None
    ]
    faults += _twice(found, asked.features or ())
    if faults:
        raise InputError(faults, path)
    visit, user = (next((name for name in names if name in columns), None) for names in (VISIT, USER))
    taken = {name for name in (*found.values(), visit, user, AVAILABLE) if name is not None}
    if asked.features is not None:
        features = tuple(dict.fromkeys(asked.features))
    else:
        rest = [name for name in columns if name not in taken]
        features = tuple([name for name in rest if name.startswith(PREFIX)] or rest)
    roles = Roles(
        action=str(found["action"]),
        reward=str(found["reward"]),
        propensity=found["propensity"],
        cohort=found["cohort"],
        time=found["time"],
        visit=None if visit in found.values() else visit,
        user=None if user in found.values() else user,
        available=AVAILABLE if AVAILABLE in columns and AVAILABLE not in found.values() else None,
        features=features,
    )
    return roles, _told(found, given)


def _told(found: dict[str, str | None], given: dict[str, str | None]) -> list[Finding]:
    aliases = [
        f"{printable(name)} is taken for the {role}"
        for role, name in found.items()
        if name is not None and given[role] is None and name != role
    ]
    return [fine("columns", f"{', '.join(aliases)}.")] if aliases else []


def _absent(role: str, name: str, columns: Sequence[str]) -> Fault:
    if not name:
        return Fault("must name a column, got nothing", (role,))
    words = unknown("column", name, columns)
    known, closing, hint = words.partition(")")
    return Fault(
        words if len(columns) <= LISTED else f"{known.split(' (')[0]} (known: {_some(columns)}{closing}{hint}", (role,)
    )


def _some(columns: Sequence[str]) -> str:
    names = ", ".join(printable(name) for name in columns[:LISTED])
    return f"{names} and {len(columns) - LISTED} more" if len(columns) > LISTED else names


def _twice(found: dict[str, str | None], features: Sequence[str]) -> list[Fault]:
    """One column cannot be two things; only the cohort may be a feature, too."""
    faults, seen = [], dict[str, str]()
    for role, name in found.items():
        if name in seen:
            faults.append(
                Fault(f"must be another column than the {seen[name]}, got {printable(name)!r} for both", (role,))
            )
        elif name is not None:
            seen[name] = role
    faults += [
        Fault(f"must not contain the {seen[name]} {printable(name)!r}; leave it out", ("features",))
        for name in features
        if seen.get(name, "cohort") not in {"cohort", "time"}
    ]
    return faults
