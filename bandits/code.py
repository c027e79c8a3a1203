"""A fingerprint of the code of a policy of one's own, so that an edited policy is never given its old results."""

from __future__ import annotations

import hashlib
import inspect
import types
from collections.abc import Iterator


def code_of(thing: type) -> str:
    """Hash the code of a class and of everything that it uses from its own module.

    The bytecode, its constants and the module's own functions, classes and plain constants count; comments and the
    place in the file do not.
    """
    digest = hashlib.sha256()
    for piece in _pieces(thing, thing.__module__, set()):
        digest.update(piece.encode())
    return digest.hexdigest()[:16]


def _pieces(thing: object, module: str, seen: set[int]) -> Iterator[str]:
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if inspect.isclass(thing):
        for base in thing.__mro__[1:]:
            if base.__module__ == module:
                yield from _pieces(base, module, seen)
        for name, member in sorted(vars(thing).items()):
            function = getattr(member, "__func__", getattr(member, "fget", member))
            if inspect.isfunction(function):
                yield name
                yield from _pieces(function, module, seen)
            elif isinstance(member, (int, float, str, tuple)) and not name.startswith("__"):
                yield f"{name}={member!r}"
    elif inspect.isfunction(thing):
        yield from _code(thing.__code__)
        yield repr((thing.__defaults__, thing.__kwdefaults__))
        for name in sorted(_names(thing.__code__)):
            used = thing.__globals__.get(name)
            if isinstance(used, (bool, int, float, str, tuple)):
                yield f"{name}={used!r}"
            elif getattr(used, "__module__", None) == module:
                yield from _pieces(used, module, seen)


def _code(code: types.CodeType) -> Iterator[str]:
    yield code.co_code.hex()
    yield repr(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _code(constant)
        else:
            yield repr(constant)


def _names(code: types.CodeType) -> set[str]:
    inner = [_names(c) for c in code.co_consts if isinstance(c, types.CodeType)]
    return set(code.co_names).union(*inner)
