"""Descriptions: frozen, validated, hashable; one TOML table each; named by what differs from the defaults."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from bandits.code import code_of, state_of, value_of
from bandits.errors import Fault, InputError
from bandits.refusals import faults_of


class Description(BaseModel):
    """A frozen description. Two with the same parameters have the same `identity`, whatever they are called.

    Args:
        name: what to call it in tables; without one it is named by its kind and what differs from the defaults.

    Raises:
        InputError: one line a fault, when a parameter is out of bounds, of the wrong type, or unknown.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, arbitrary_types_allowed=True
    )

    name: str | None = None

    incidental: ClassVar[frozenset[str]] = frozenset()
    """Parameters that are no part of what it is, such as the place of a file whose content is a parameter too."""

    added: ClassVar[frozenset[str]] = frozenset()
    """Parameters that came later: unset, they leave the identity as it was before there were any."""

    def __init__(self, **fields: object) -> None:
        sound: dict[str, object] = {}
        try:
            # What pydantic's own __init__ does, and `_keep` is told where to.
            self.__pydantic_validator__.validate_python(fields, self_instance=self, context=sound)
        except ValidationError as error:
            refused = error.errors()
            faults = [fault for detail in refused for fault in faults_of(detail, list(fields_of(type(self))))]
            if all(detail["loc"] for detail in refused):  # else the rules between fields were reached
                faults += _faults_between(type(self), fields, sound)
            raise InputError(faults, type(self).__name__) from None

    @field_validator("*")
    @classmethod
    def _keep(cls, value: object, info: ValidationInfo) -> object:
        """Keep what is valid, so that rules between fields can be asked about it where another field is not."""
        if isinstance(info.context, dict):
            info.context[str(info.field_name)] = value
        return value

    @property
    def label(self) -> str:
        """Its name, or its kind and the parameters that differ from the defaults."""
        return label_of(self)


def _faults_between(kind: type[Description], given: Mapping[str, object], sound: Mapping[str, object]) -> list[Fault]:
    """What the rules between fields find wrong, as far as the fields that they look at are sound.

    Args:
        kind: of the description.
        given: what it was to be made of, by the names under which fields are given.
        sound: the values of those fields that are valid, by their names in Python.
    """
    part = kind.model_construct()  # of the defaults
    for key, field in kind.model_fields.items():
        if key in sound:
            part.__dict__[key] = sound[key]
        elif key in given or field.alias in given:
            part.__dict__.pop(key, None)
    unsound = set(kind.model_fields) - set(part.__dict__)
    try:
        for rule, decorated in kind.__pydantic_decorators__.model_validators.items():
            if decorated.info.mode == "after":
                getattr(part, rule)()
    except InputError as error:
        return list(error.faults)
    except (ValueError, AssertionError) as error:  # as a rule of one's own says it
        return [Fault(str(error))]
    except AttributeError as error:
        if error.name not in unsound:
            raise
    return []


def fields_of(kind: type[Description]) -> dict[str, FieldInfo]:
    """The fields of a kind of description, by the names under which they are given.

    A field whose name the class needs for something else, such as `label`, is stored under another one: its alias is
    what it is called by everybody.
    """
    return {field.alias or key: field for key, field in kind.model_fields.items()}


def parameters(thing: object) -> dict[str, object]:
    """What defines a description or an object of one's own, without its label and what is incidental.

    A name that may be left out is a label; one that must be given (of an item, a feature, a persona) is a parameter,
    since policies can see it.
    """
    if isinstance(thing, Description):
        fields = type(thing).model_fields
        outside = thing.incidental | {key for key in thing.added if getattr(thing, key) == fields[key].default}
        return {
            field.alias or key: getattr(thing, key)
            for key, field in fields.items()
            if key not in outside and (key != "name" or field.is_required())
        }
    fields = getattr(thing, "__dataclass_fields__", {})
    state = {key: getattr(thing, key, None) for key in fields} or state_of(thing)
    return {key: value for key, value in sorted(state.items()) if key != "name"}


def kind_of(thing: object) -> str:
    """The `kind` of its TOML table: the bare name of a built-in, "module:Name" of one's own."""
    cls = type(thing)
    own = cls.__module__.split(".")[0] not in {"bandits", "environments"}
    return f"{cls.__module__}:{cls.__qualname__}" if own else cls.__name__


def table_of(thing: object) -> object:
    """The description as plain data (what JSON and TOML hold), nested descriptions included."""
    if isinstance(thing, (str, int, float, bool)) or thing is None:
        return thing
    if isinstance(thing, Mapping):
        return {str(key): table_of(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [table_of(value) for value in thing]
    if isinstance(thing, Description) or _plays(thing):
        table: dict[str, object] = {"kind": kind_of(thing)}
        table.update({key: table_of(value) for key, value in parameters(thing).items()})
        if ":" in kind_of(thing):
            table["code"] = code_of(type(thing))
        return table
    return f"{type(thing).__name__}:{value_of(thing)}"


def _plays(thing: object) -> bool:
    """Whether it is a policy or an environment, perhaps of one's own."""
    if isinstance(thing, type):
        return False
    opens = callable(getattr(thing, "open", None)) and "problem" in dir(thing)
    return opens or callable(getattr(thing, "start", None))


def codes(thing: object) -> list[str]:
    """The fingerprints of all code of one's own in a description, at every depth; none in what is built in."""
    found: list[str] = []
    todo = [table_of(thing)]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            found += [part["code"]] if ":" in str(part.get("kind")) and "code" in part else []
            todo += part.values()
        elif isinstance(part, list):
            todo += part
    return sorted(found)


def identity(thing: object) -> str:
    """A hash of all that defines a description: kind and parameters, at every depth, but no name."""
    return hashlib.sha256(json.dumps(table_of(thing), sort_keys=True).encode()).hexdigest()


def label_of(thing: object) -> str:
    """Its name, or its kind and the parameters that differ from the defaults."""
    name = getattr(thing, "name", None)
    if isinstance(name, str) and name:
        return name
    said = []
    for key, value in parameters(thing).items():
        if isinstance(thing, Description) and value == fields_of(type(thing))[key].default:
            continue
        nested = isinstance(value, Description) or _plays(value)
        said.append(label_of(value) if nested else f"{key}={value}")
    return type(thing).__name__ + (f"({', '.join(said)})" if said else "")
