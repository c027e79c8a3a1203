"""Reading a TOML file that a person wrote: whatever is wrong with it is one line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from bandits.errors import InputError

NEW = "`personabandits new` writes a scenario to start from"


def read_toml(path: str | Path, advice: str = NEW) -> dict[str, Any]:
    """Read the tables of a TOML file.

    Args:
        path: of the file.
        advice: what to do where there is none.

    Raises:
        InputError: when it is not there, cannot be read, or is not TOML.
    """
    source = str(path)
    try:
        tables = tomllib.loads(Path(path).expanduser().read_text("utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"is not there; {advice}", source) from None
    except IsADirectoryError:
        raise InputError("is a folder; name the .toml file in it", source) from None
    except UnicodeDecodeError as error:
        what = f"must be UTF-8 text, got another encoding at byte {error.start}; save it as UTF-8"
        raise InputError(what, source) from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"must be TOML: {error}", source) from None
    except RecursionError:
        raise InputError("must be TOML: brackets are nested too deeply", source) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}", source) from None
    if not tables:
        raise InputError(f"is empty; {advice}", source)
    return tables
