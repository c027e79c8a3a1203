"""What a report says of MovieLens-100k: its cohorts, its source, and what its numbers cannot say."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from environments.cohort_cards import highest
from environments.movielens_tastes import MIDDLE, Cohorts, Tastes
from environments.protocol import Cohort

NAMES = {"age": "age band", "gender": "gender", "occupation": "occupation"}
GENDERS = {"F": "women", "M": "men"}


def cards(tastes: Tastes, by: Cohorts, bound: float) -> tuple[Cohort, ...]:
    """The cards of the cohorts, made of the data.

    Args:
        tastes: of all users.
        by: what tells cohorts apart.
        bound: largest tolerable chance of two stars or fewer.
    """
    users = np.bincount(tastes.cohort, minlength=len(tastes.cohorts))
    expected, welfare = tastes.expected, tastes.welfare(bound)
    cohorts = []
    for c, key in enumerate(tastes.cohorts):
        here = tastes.cohort == c
        stars = expected[here].mean(axis=0) + MIDDLE
        bad = (welfare[here] < 0).mean()
        text = (
            ("Users", f"{users[c]:,} of {len(tastes.cohort):,}."),
            ("Most stars on average", highest(tastes.actions, stars, "{:.2f}".format)),
            ("Bad for them", f"{100 * bad:.0f} % of all pairs of one of these users and something to recommend."),
        )
        share = float(users[c] / len(tastes.cohort))
        cohorts.append(Cohort(key=key, name=_name(by, key), share=share, text=text))
    return tuple(cohorts)


def _name(by: Cohorts, key: str) -> str:
    if by == "gender":
        return GENDERS.get(key, f"users with the gender {key}")
    if by == "occupation":
        return f"users with the occupation {key}"
    return (
        f"users {key}" if key.startswith("under") else f"users aged {key.replace('-', '–').replace('+', ' and over')}"
    )


def notes(tastes: Tastes, what: str, cohort: str, smoothing: float) -> tuple[str, ...]:
    """What a reader must know of the data.

    Args:
        tastes: of all users.
        what: an action is, "film" or "genre".
        cohort: what tells cohorts apart, in words.
        smoothing: m.
    """
    return tuple(_notes(tastes, what, cohort, smoothing))


def _notes(tastes: Tastes, what: str, cohort: str, smoothing: float) -> Iterator[str]:
    users, pairs = tastes.known.shape[0], tastes.known.size
    yield (
        f"Source: MovieLens-100k, {tastes.total:,} ratings by {users:,} users, collected by GroupLens in 1997 and 1998 "
        f"(layout: {tastes.layout}). F. Maxwell Harper and Joseph A. Konstan 2015, The MovieLens Datasets: History and "
        "Context, ACM TiiS 5(4), article 19. Licence: for research; no redistribution, and no commercial use, without "
        "permission."
    )
    own = "their own rating of it" if what == "film" else "their own rating of a random film of it that they rated"
    yield (
        f"The rewards are estimated from ratings. A user gives a {what} {own}, where there is one: of "
        f"{100 * tastes.known.sum() / pairs:.0f} % of the {pairs:,} pairs of a user and a {what}. Else it is one "
        f"that is drawn from the ratings by their {cohort} and, with the weight of {smoothing:g} of these, from "
        "everybody's. The world takes these shares as exact."
    )
    fewest = int(np.argmin(tastes.ratings))
    yield (
        f"Those who rate a film have chosen it themselves. Somebody to whom it is only recommended may like it less, "
        f"and the ratings cannot say by how much. The fewest ratings, {tastes.ratings[fewest]:,}, has "
        f"{tastes.actions[fewest]}."
    )
    yield (
        "Every user is as likely to come as any other, and is recognised. They may be recommended the same again, and "
        "rate it as before where the rating is their own; nobody leaves, and no taste changes."
    )
    if tastes.merged:
        merged = ", ".join(f"{word} ({count})" for word, count in tastes.merged)
        yield f"Occupations of fewer than 20 users (in brackets) count as other: {merged}."
    left_out = "films without a genre" if what == "genre" else "all films with fewer ratings"
    yield f"Left out: {left_out}, zip codes, and the times of ratings."
