"""A table of tables, such as action ↦ when it is sold, as a tuple of descriptions with those names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bandits.description import Description
from bandits.errors import Fault, InputError, unknown


def by_name(kind: type[Description], known: tuple[str, ...], what: str) -> Callable[[object], object]:
    """Make the validator of such a field.

    Args:
        kind: of the descriptions; it must be given a name.
        known: the fields of an inner table.
        what: the names are of: "action".
    """

    def listed(value: object) -> object:
        if isinstance(value, tuple) and all(isinstance(part, kind) for part in value):
            return value
        if not isinstance(value, Mapping):
            raise InputError(f"must be a table of tables, {what} = {{ {' = …, '.join(known)} = … }}, got {value!r}")
        if not value:
            raise InputError(f"must name at least one {what}, got none; add one")
        made: list[Description] = []
        faults: list[Fault] = []
        for name, table in value.items():
            if not isinstance(table, Mapping):
                faults.append(Fault(f"must be a table ({', '.join(known)}), got {table!r}", (str(name),)))
                continue
            strange = [key for key in table if key not in known]
            faults += [Fault(unknown("field", str(key), known), (str(name), str(key))) for key in strange]
            try:
                part = kind(**{**{key: table[key] for key in table if key in known}, "name": name})
            except InputError as error:
                faults.extend(error.within("", str(name)).faults)
            else:
                made.append(part)
        if faults:
            raise InputError(faults)
        return tuple(made)

    return listed
