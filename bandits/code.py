"""A fingerprint of the code of a policy of one's own, so that an edited policy is never given its old results."""

from __future__ import annotations

import dis
import functools
import hashlib
import inspect
import pathlib
import pickle
import sys
import sysconfig
import types
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

import numpy as np

OURS = frozenset({"bandits", "environments", "experiments"})
INSTALLED = tuple(pathlib.Path(sysconfig.get_path(name)) for name in ("purelib", "platlib"))


def code_of(thing: type) -> str:
    """Hash the code of a class and of everything of one's own that it uses.

    Bytecode and constants count, and whatever the code refers to by name: functions (compiled or wrapped ones by what
    they were made of), classes, values, in the class's module or in others of one's own; defaults and closures, too.
    Comments, docstrings and the place in the file do not count. Installed packages do not, either: their versions are
    in the manifest. What is imported inside of a function, or looked up by a computed name, is not seen. Another
    version of Python has other bytecode, and so another fingerprint.
    """
    return _hashed(_Walk(thing.__module__).of(thing))[:16]


def value_of(thing: object) -> str:
    """Hash a value that is no plain data: an array, a set, a function, an object of one's own with its code."""
    return _hashed(_Walk(type(thing).__module__).of(thing))


def _hashed(pieces: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(f"{len(piece)}:{piece}".encode())
    return digest.hexdigest()


class _Walk:
    """Visits everything that a thing is made of, once, in an order that no process and no hash seed changes.

    Args:
        home: the module that is one's own, wherever it lies.
        seen: what was visited on the way.
    """

    def __init__(self, home: str, seen: Mapping[int, object] | None = None) -> None:
        self._home = home
        self._seen = dict(seen or {})

    def of(self, thing: object) -> Iterator[str]:
        """The pieces of anything."""
        if thing is None or isinstance(thing, (bool, int, float, complex, str, bytes, np.generic)):
            yield f"{type(thing).__name__} {thing!r}"
        elif isinstance(thing, types.CodeType):
            yield from self._code(thing)
        elif isinstance(thing, types.ModuleType):
            yield f"module {thing.__name__}"
        elif isinstance(thing, (tuple, AbstractSet)):  # equal ones may or may not be the same object
            yield from self._compound(thing)
        elif id(thing) in self._seen:
            yield "again"
        else:
            self._seen[id(thing)] = thing  # kept, so that its id is not given to another
            yield from self._compound(thing)

    def _compound(self, thing: object) -> Iterator[str]:
        if isinstance(thing, np.ndarray) and not thing.dtype.hasobject:
            yield f"array {thing.dtype.str} {thing.shape} {thing.tobytes().hex()}"
        elif isinstance(thing, (list, tuple, np.ndarray)):
            yield f"{type(thing).__name__} of {len(thing)}"
            for part in thing:
                yield from self.of(part)
        elif isinstance(thing, AbstractSet):
            yield f"set of {sorted(_hashed(_Walk(self._home, self._seen).of(part)) for part in thing)}"
        elif isinstance(thing, Mapping):
            yield f"table of {len(thing)}"
            for key, value in sorted(thing.items(), key=lambda item: repr(item[0])):
                yield from self.of(key)
                yield from self.of(value)
        else:
            yield from self._coded(thing)

    def _coded(self, thing: object) -> Iterator[str]:
        if inspect.isclass(thing):
            yield from self._class(thing)
        elif inspect.isfunction(thing):
            yield from self._function(thing)
        elif isinstance(thing, (property, functools.partial, functools.cached_property, types.MethodType)):
            for name in ("fget", "fset", "fdel", "func", "args", "keywords", "__func__", "__self__"):
                yield from self.of(getattr(thing, name, None))
        elif (wrapped := getattr(thing, "__wrapped__", None)) is not None:
            yield from self.of(wrapped)
        else:
            yield from self._object(thing)

    def _class(self, thing: type) -> Iterator[str]:
        yield f"class {thing.__qualname__}"
        if not self._own(thing):
            return
        for base in thing.__bases__:
            yield from self.of(base)
        for name, member in sorted(vars(thing).items()):
            if (_special(name) or name.startswith("_abc_")) and not inspect.isfunction(member):
                continue
            yield name
            yield from self.of(member)

    def _function(self, thing: types.FunctionType) -> Iterator[str]:
        yield f"function {thing.__name__}"
        if not self._own(thing):
            return
        yield from self._code(thing.__code__)
        yield from self.of(thing.__defaults__)
        yield from self.of(thing.__kwdefaults__)
        for cell in thing.__closure__ or ():
            if cell != types.CellType():  # one that nothing was put into yet
                yield from self.of(cell.cell_contents)
        attributes = sorted(_names(thing.__code__))
        for name in sorted(_globals(thing.__code__)):
            if name in thing.__globals__ and not _special(name):  # __file__ is where it lies, and no code
                used = thing.__globals__[name]
                yield name
                yield from self.of(used)
                if isinstance(used, types.ModuleType) and self._own_module(used.__name__):
                    for part in attributes:
                        if part in vars(used):
                            yield from self.of(vars(used)[part])

    def _code(self, code: types.CodeType) -> Iterator[str]:
        yield repr((code.co_flags, code.co_argcount, code.co_kwonlyargcount, code.co_varnames[: code.co_argcount]))
        for step in _steps(code):
            # by value, not by number: a docstring is a constant, too, and moves all others
            yield step.opname
            if step.opcode in dis.hasconst:
                yield from self.of(step.argval)
            else:
                named = step.opcode in {*dis.hasname, *dis.haslocal, *dis.hasfree}
                yield repr(step.argval if named else step.arg)

    def _object(self, thing: object) -> Iterator[str]:
        """An object by its class and its state; one of an installed class by its pickle, if it has one."""
        yield from self.of(type(thing))
        if not self._own(type(thing)) and type(thing).__module__.partition(".")[0] not in OURS:
            try:
                yield pickle.dumps(thing).hex()
            except Exception:  # noqa: BLE001, S110  whatever cannot be pickled, for whatever reason
                pass
            else:
                return
        yield from self.of(state_of(thing))

    def _own(self, thing: type | types.FunctionType) -> bool:
        # What is built into Python has no __module__ of its own, even where a notebook's module is called like it.
        made_by_code = inspect.isfunction(thing) or "__module__" in vars(thing)
        return made_by_code and self._own_module(thing.__module__)

    def _own_module(self, name: str | None) -> bool:
        if name in {self._home, "__main__"}:
            return True
        if name is None or name.partition(".")[0] in OURS | sys.stdlib_module_names:
            return False
        file = getattr(sys.modules.get(name), "__file__", None)
        return file is None or not any(pathlib.Path(file).is_relative_to(place) for place in INSTALLED)


def state_of(thing: object) -> dict[str, object]:
    """The attributes of an object: those of its dictionary, and those of its slots."""
    names = set(getattr(thing, "__dict__", ()))
    for cls in type(thing).__mro__:
        slots = vars(cls).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            private = name.startswith("__") and not name.endswith("__")
            names.add(f"_{cls.__name__.lstrip('_')}{name}" if private else name)
    names -= {"__dict__", "__weakref__"}
    return {name: getattr(thing, name) for name in sorted(names) if hasattr(thing, name)}


def _special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


@functools.lru_cache(maxsize=4096)
def _steps(code: types.CodeType) -> tuple[dis.Instruction, ...]:
    return tuple(dis.get_instructions(code))


def _names(code: types.CodeType) -> set[str]:
    """All names in some code: of globals, attributes and imports."""
    inner = [_names(c) for c in code.co_consts if isinstance(c, types.CodeType)]
    return set(code.co_names).union(*inner)


def _globals(code: types.CodeType) -> set[str]:
    """The names of globals alone: of a global that is called like an attribute, a pickle for a worker knows nothing."""
    own = {step.argval for step in _steps(code) if "GLOBAL" in step.opname or step.opname == "LOAD_NAME"}
    return own.union(*(_globals(c) for c in code.co_consts if isinstance(c, types.CodeType)))
