"""The real reviews of clothes behind `ClothingReviews`: who wrote them, and what each age band recommends.

C age bands, K classes of clothing, R reviews.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bandits.protocol import Floats, Ints
from environments.ages import band_of
from environments.cohort_cards import highest, percent
from environments.population import minus
from environments.protocol import Cohort
from environments.shipped import content

if TYPE_CHECKING:
    import polars as pl

SHIPPED = Path(__file__).parent / "data" / "clothing_reviews.parquet"
SHA256 = "8efedf8127940b48db2c49b78097e4dee6633e5be4dbac38c6803655ee408232"

BAND_STARTS = (18, 30, 40, 50, 60)
BAND_KEYS = ("18-29", "30-39", "40-49", "50-59", "60+")
BAND_NAMES = ("aged 18–29", "aged 30–39", "aged 40–49", "aged 50–59", "aged 60 and over")


@dataclass(frozen=True, slots=True)
class Cells:
    """The reviews, counted by age band and class.

    Args:
        classes: K names, in alphabetical order.
        reviews: (C, K) how many.
        recommending: (C, K) how many of them recommend what they are about.
        ages: (R,) of the writers of all reviews, those of classes that are left out included [years].
        left_out: classes with too few reviews, each with its count in the band that has fewest.
    """

    classes: tuple[str, ...]
    reviews: Ints = field(repr=False)
    recommending: Ints = field(repr=False)
    ages: Ints = field(repr=False)
    left_out: tuple[tuple[str, int], ...]


def read(path: Path) -> pl.DataFrame:
    """Read the shipped reviews: `age` [years], `recommended` (0 or 1), `class` (14 have none), and what is not used.

    Raises:
        InputError: when the file is missing, or is not, byte for byte, the one that this code was written for.
    """
    import polars as pl  # noqa: PLC0415  heavy: imported where it is used

    return pl.read_parquet(io.BytesIO(content(path, SHA256)))


def tabulate(frame: pl.DataFrame, min_reviews: int) -> Cells:
    """Count the reviews, and leave out the classes with fewer than `min_reviews` in any age band."""
    known = frame.drop_nulls("class")
    names, code = np.unique(known["class"].to_list(), return_inverse=True)
    band = band_of(known["age"].to_numpy(), BAND_STARTS)
    reviews = np.zeros((len(BAND_STARTS), len(names)), dtype=np.int64)
    recommending = np.zeros_like(reviews)
    np.add.at(reviews, (band, code), 1)
    np.add.at(recommending, (band, code), known["recommended"].to_numpy())
    fewest = reviews.min(axis=0)
    kept = fewest >= min_reviews
    return Cells(
        classes=tuple(str(name) for name in names[kept]),
        reviews=reviews[:, kept],
        recommending=recommending[:, kept],
        ages=frame["age"].to_numpy().astype(np.int64),
        left_out=tuple((str(name), int(count)) for name, count in zip(names[~kept], fewest[~kept], strict=True)),
    )


@lru_cache
def load(path: Path, min_reviews: int) -> Cells:
    """Read and count, once a process.

    Raises:
        InputError: as `read` does.
    """
    return tabulate(read(path), min_reviews)


def points(cells: Cells, bound: float) -> Floats:
    """Expected reward (C, K) of each class for each age band, above what is tolerable [points]."""
    return minus(cells.recommending / cells.reviews, 1 - bound)


def cards(cells: Cells, bound: float) -> tuple[Cohort, ...]:
    """The cards of the age bands, made of the data."""
    writers = np.bincount(band_of(cells.ages, BAND_STARTS), minlength=len(BAND_KEYS))
    share = cells.recommending / cells.reviews
    bad = points(cells, bound) < 0
    cohorts = []
    for c, (key, name) in enumerate(zip(BAND_KEYS, BAND_NAMES, strict=True)):
        disliked = ", ".join(f"{cells.classes[k]} ({100 - 100 * share[c, k]:.1f} %)" for k in np.flatnonzero(bad[c]))
        text = (
            ("Reviews", f"{writers[c]:,} of {len(cells.ages):,} reviews are by people {name}."),
            ("Recommend most", highest(cells.classes, share[c], percent)),
            (f"More than {100 * bound:.6g} % would not recommend", (disliked or "No class of clothing") + "."),
        )
        cohorts.append(Cohort(key=key, name=f"visitors {name}", share=float(writers[c] / len(cells.ages)), text=text))
    return tuple(cohorts)


def notes(cells: Cells, min_reviews: int) -> tuple[str, ...]:
    """What a reader must know of the data."""
    c, k = np.unravel_index(np.argmin(cells.reviews), cells.reviews.shape)
    fewest = int(cells.reviews[c, k])
    p = cells.recommending.sum() / cells.reviews.sum()
    left_out = ", ".join(f"{name} ({count})" for name, count in cells.left_out)
    source = (
        f"Source: Women's E-Commerce Clothing Reviews, {len(cells.ages):,} real reviews of one shop, published by "
        "nicapotato on Kaggle in 2018. Licence: CC0 1.0, public domain."
    )
    estimate = (
        "The rewards are estimated from reviews: what a class is worth to an age band is the share of that band's "
        f"reviews that recommend it. The smallest cell, {cells.classes[k]} reviewed by people {BAND_NAMES[c]}, has "
        f"{fewest} reviews, and its share a standard error of about {100 * np.sqrt(p * (1 - p) / fewest):.0f} "
        "percentage points; the world takes the shares as exact."
    )
    selection = (
        "Those who speak have chosen, bought and reviewed the garment themselves. Somebody to whom it is only "
        "recommended may like it less, and the reviews cannot say by how much."
    )
    visitors = (
        "A visitor's age is that of a review drawn at random, and every visit is somebody new: nobody leaves, buys or "
        "sends back anything here."
    )
    classes = f"Left out, having fewer than {min_reviews} reviews in some age band (fewest in brackets): {left_out}."
    return source, estimate, selection, visitors, classes
