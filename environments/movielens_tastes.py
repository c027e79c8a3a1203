"""How each user of MovieLens would rate each action, estimated from the ratings that there are.

U users, K actions, C cohorts, r = 1 … 5 stars. n[u, k, r] counts the ratings by user u of the film k, or of the films
of genre k; a cohort's n[c, k, r] and everybody's n[k, r] are its sums, and those over r are n[u, k], n[c, k], n[k].

    P(r | u, k) = n[u, k, r] / n[u, k]                                   where the user has rated any
                = (n[c, k, r] + m n[k, r] / n[k]) / (n[c, k] + m)        else, c being the user's cohort, m smoothing
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np

from bandits.errors import Fault, InputError
from bandits.protocol import Floats, Ints
from environments.ages import band_of, names_of_nearness, nearness
from environments.movielens_ratings import STARS, Ratings, read_ratings
from environments.population import minus

GENRES: Literal["genres"] = "genres"
BAND_STARTS = (0, 18, 25, 35, 45, 50, 56)
BAND_KEYS = ("under 18", "18-24", "25-34", "35-44", "45-49", "50-55", "56+")
"""The age bands of MovieLens itself, in its later data sets."""
CENTRES = (15, 25, 35, 45, 55)
MIDDLE = 3
POOR = 2
"""At most so many stars are a bad experience."""
FEWEST_USERS = 20
OTHER = "other"

Cohorts = Literal["age", "gender", "occupation"]


@dataclass(frozen=True, slots=True)
class Tastes:
    """What is drawn from.

    Args:
        actions: K names.
        chance: (U, K, 5) of each number of stars.
        ratings: (K,) how many ratings an action has.
        known: (U, K) whether the user has rated the action.
        cohorts: C keys.
        cohort: (U,) index of each user's cohort.
        features: D names.
        x: (U, D).
        merged: occupations that count as other, each with its users.
        layout: of the files.
        total: ratings of all films.
        spread: standard deviation of all of them [stars].
    """

    actions: tuple[str, ...]
    chance: Floats = field(repr=False)
    ratings: Ints = field(repr=False)
    known: Floats = field(repr=False)
    cohorts: tuple[str, ...]
    cohort: Ints = field(repr=False)
    features: tuple[str, ...]
    x: Floats = field(repr=False)
    merged: tuple[tuple[str, int], ...]
    layout: str
    total: int
    spread: float

    @property
    def expected(self) -> Floats:
        """Expected reward of each action for each user (U, K) [stars above the middle]."""
        expected: Floats = self.chance @ (np.arange(1.0, STARS + 1) - MIDDLE)
        return expected

    def welfare(self, bound: float) -> Floats:
        """What is left (U, K) of the largest tolerable chance of a bad experience."""
        return minus(bound, self.chance[:, :, :POOR].sum(axis=2))


@lru_cache(maxsize=8)
def tastes(folder: str, sha256: str, actions: int | str, cohort: Cohorts, smoothing: float) -> Tastes:
    """Read the ratings and count them, once a process.

    Raises:
        InputError: as `read_ratings` does, or when fewer films have ratings than there are to be actions.
    """
    ratings = read_ratings(folder, sha256)
    names, own = _counted(ratings, actions)
    jobs, merged = _occupations(ratings.occupation)
    keys, index = _cohorts_of(ratings, cohort, jobs)
    features, x = _features_of(ratings, jobs)
    return Tastes(
        actions=names,
        chance=chances(own, index, len(keys), smoothing),
        ratings=own.sum(axis=(0, 2)).astype(np.int64),
        known=own.sum(axis=2) > 0,
        cohorts=keys,
        cohort=index,
        features=features,
        x=x,
        merged=merged,
        layout=ratings.layout,
        total=len(ratings.stars),
        spread=float(ratings.stars.std()) or 1.0,
    )


def chances(own: Floats, cohort: Ints, cohorts: int, smoothing: float) -> Floats:
    """P(r | u, k) as above (U, K, 5).

    Args:
        own: (U, K, 5) n[u, k, r]; every action has a rating by somebody.
        cohort: (U,).
        cohorts: C.
        smoothing: m.
    """
    by_cohort = np.zeros((cohorts, *own.shape[1:]))
    np.add.at(by_cohort, cohort, own)
    everybody = own.sum(axis=0)
    everybody /= everybody.sum(axis=1, keepdims=True)
    heard = by_cohort.sum(axis=2, keepdims=True)
    # Of a silent cohort the equation says everybody's chances, whatever m is, even 0.
    mixed = np.where(heard > 0, (by_cohort + smoothing * everybody) / np.maximum(heard + smoothing, 1.0), everybody)
    rated = own.sum(axis=2, keepdims=True)
    chance: Floats = np.where(rated > 0, own / np.maximum(rated, 1.0), mixed[cohort])
    return chance


def _counted(ratings: Ratings, actions: int | str) -> tuple[tuple[str, ...], Floats]:
    """The names of the actions (K), and n[u, k, r] (U, K, 5)."""
    rated = np.bincount(ratings.rated, minlength=len(ratings.film))
    if isinstance(actions, str):
        some = np.flatnonzero(rated @ ratings.is_of)
        names = tuple(ratings.genres[g] for g in some)
        belongs = ratings.is_of[:, some]
    else:
        most = np.argsort(-rated, kind="stable")[:actions]
        names = _titles(ratings, most)
        belongs = np.arange(len(ratings.film))[:, None] == most
        rated = rated[most]
        if (films := int((rated > 0).sum())) < actions:
            raise InputError(Fault(f"must be at most the {films} films with ratings, got {actions}", ("actions",)))
    if len(names) < 2:  # noqa: PLR2004  with one there is nothing to choose between
        raise InputError(Fault(f"the files have ratings of {len(names)} genres; name a number of films", ("actions",)))
    own = np.zeros((len(ratings.age), len(names), STARS))
    for k in range(len(names)):
        rows = np.flatnonzero(belongs[ratings.rated, k])
        np.add.at(own[:, k], (ratings.rater[rows], ratings.stars[rows] - 1), 1.0)
    return names, own


def _titles(ratings: Ratings, films: Ints) -> tuple[str, ...]:
    """The titles of some films, with the number of the film where two have the same."""
    titles = [ratings.titles[f] for f in films]
    return tuple(
        title if titles.count(title) == 1 else f"{title} [{ratings.film[f]}]"
        for f, title in zip(films, titles, strict=True)
    )


def _occupations(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[tuple[str, int], ...]]:
    """Occupations (U), the rare ones of which are called other; and these, with their numbers."""
    rare = sorted((word, words.count(word)) for word in set(words) if words.count(word) < FEWEST_USERS)
    few = {word for word, _ in rare if word != OTHER}
    return tuple(OTHER if word in few else word for word in words), tuple(pair for pair in rare if pair[0] in few)


def _cohorts_of(ratings: Ratings, by: Cohorts, jobs: tuple[str, ...]) -> tuple[tuple[str, ...], Ints]:
    """The keys of the cohorts that have users, and each user's (U,)."""
    if by == "age":
        there, index = np.unique(band_of(ratings.age, BAND_STARTS), return_inverse=True)
        return tuple(BAND_KEYS[b] for b in there), index.astype(np.int64)
    keys, index = np.unique(ratings.gender if by == "gender" else jobs, return_inverse=True)
    return tuple(str(key) for key in keys), index.astype(np.int64)


def _features_of(ratings: Ratings, jobs: tuple[str, ...]) -> tuple[tuple[str, ...], Floats]:
    """A constant, nearness to some ages, and 0/1 features of gender and occupation.

    Of the genders the last in order is left out, and of the occupations "other": the constant minus the rest.
    """
    names = ["constant", *names_of_nearness(CENTRES)]
    x = [np.ones(len(ratings.age)), *nearness(ratings.age, CENTRES).T]
    genders, occupations = sorted(set(ratings.gender))[:-1], sorted({*jobs} - {OTHER})
    for what, values, shown in (("gender", ratings.gender, genders), ("occupation", jobs, occupations)):
        names += [f"{what} {value}" for value in shown]
        x += [(np.array(values) == value).astype(np.float64) for value in shown]
    return tuple(names), np.stack(x, axis=1)
