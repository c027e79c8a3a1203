"""The ratings of MovieLens-100k as numbers, checked row by row.

U users, F films, G genres, R ratings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from bandits.errors import Fault, InputError
from bandits.protocol import Bools, Ints
from environments.movielens_files import Row, Texts, layout_of, read_texts

STARS = 5
UNKNOWN = "unknown"
"""What MovieLens calls the genre of a film without one."""
MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Ratings:
    """Who rated which film how.

    Args:
        layout: of the files.
        age: (U,) of each user, in the order of their ids [years].
        gender: U.
        occupation: U.
        film: (F,) ids, in order.
        titles: F.
        genres: G names, in order.
        is_of: (F, G) which film is of which genres.
        rater: (R,) index of the user.
        rated: (R,) index of the film.
        stars: (R,) 1 … 5.
    """

    layout: str
    age: Ints = field(repr=False)
    gender: tuple[str, ...] = field(repr=False)
    occupation: tuple[str, ...] = field(repr=False)
    film: Ints = field(repr=False)
    titles: tuple[str, ...] = field(repr=False)
    genres: tuple[str, ...]
    is_of: Bools = field(repr=False)
    rater: Ints = field(repr=False)
    rated: Ints = field(repr=False)
    stars: Ints = field(repr=False)


@lru_cache(maxsize=4)
def read_ratings(folder: str, sha256: str) -> Ratings:
    """Read and check the files, once a process.

    Raises:
        InputError: one line a fault, the first twenty of them.
    """
    texts = read_texts(folder, sha256)
    faults = list(texts.faults)
    tables = {"ratings": texts.ratings, "users": texts.users, "films": texts.films}
    if empty := [what for what, rows in tables.items() if not rows]:
        raise InputError(faults or f"{folder}: there are no {' and no '.join(empty)} in the files")
    users, films = _by_id(texts.users, "user", faults), _by_id(texts.films, "film", faults)
    age = [_number(users[user], 1, "the age", 0, 150, faults) for user in users]
    rows = list(_rated(texts, users, films, faults))
    faults += [f"{row[0]}: the {what} is missing" for row in users.values() for what in _blank(row)]
    if faults:
        more = len(faults) - MOST_FAULTS
        said = [*faults[:MOST_FAULTS], *([f"and {more} more faults like these"] if more > 0 else [])]
        raise InputError([Fault(fault) for fault in said])
    genres = tuple(sorted({genre for _, values in films.values() for genre in values[2:]} - {UNKNOWN}))
    numbers = np.array(rows, dtype=np.int64)
    user_index, film_index = np.array(sorted(users)), np.array(sorted(films))
    return Ratings(
        layout=layout_of(folder),
        age=np.array(age, dtype=np.int64),
        gender=tuple(values[2] for _, values in users.values()),
        occupation=tuple(values[3] for _, values in users.values()),
        film=film_index,
        titles=tuple(values[1] for _, values in films.values()),
        genres=genres,
        is_of=np.array([[genre in values[2:] for genre in genres] for _, values in films.values()], dtype=np.bool_),
        rater=np.searchsorted(user_index, numbers[:, 0]),
        rated=np.searchsorted(film_index, numbers[:, 1]),
        stars=numbers[:, 2],
    )


def _blank(user: Row) -> list[str]:
    return [what for what, text in zip(("gender", "occupation"), user[1][2:4], strict=True) if not text.strip()]


def _by_id(rows: tuple[Row, ...], what: str, faults: list[str]) -> dict[int, Row]:
    """The rows by the number that is their id, in its order."""
    found: dict[int, Row] = {}
    for row in rows:
        number = _number(row, 0, f"the id of the {what}", 0, 10**9, faults)
        if number is not None and number in found:
            faults.append(f"{row[0]}: {what} {number} is there already, in {found[number][0]}")
        elif number is not None:
            found[number] = row
    return dict(sorted(found.items()))


def _rated(
    texts: Texts, users: dict[int, Row], films: dict[int, Row], faults: list[str]
) -> Iterator[tuple[int, int, int]]:
    """User, film and stars of each rating that is none twice, and of somebody and something that is known."""
    seen: set[tuple[int, int]] = set()
    for row in texts.ratings:
        user = _number(row, 0, "the id of the user", 0, 10**9, faults)
        film = _number(row, 1, "the id of the film", 0, 10**9, faults)
        stars = _number(row, 2, "the rating", 1, STARS, faults)
        if user is None or film is None or stars is None:
            continue
        if user not in users:
            faults.append(f"{row[0]}: user {user} is not among the users")
        elif film not in films:
            faults.append(f"{row[0]}: film {film} is not among the films")
        elif (user, film) in seen:
            faults.append(f"{row[0]}: user {user} has rated film {film} before; keep one of the two")
        else:
            seen.add((user, film))
            yield user, film, stars


def _number(row: Row, place: int, what: str, low: int, high: int, faults: list[str]) -> int | None:
    """A whole number from low to high, or None and a fault."""
    text = row[1][place]
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if low <= number <= high and number % 1 == 0:
        return int(number)
    faults.append(f"{row[0]}: {what} must be a whole number from {low} to {high}, got {text!r}")
    return None
