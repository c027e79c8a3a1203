"""Ages of people: in which band one is, and what a policy sees of it.

N people, B bands, C centres.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.protocol import Floats, Ints


def band_of(ages: Ints, starts: Sequence[int]) -> Ints:
    """Index (N,) of the band of each age (N,) [years].

    Args:
        ages: (N,) [years].
        starts: (B,) of the bands; whoever is younger belongs to the first one too [years].
    """
    return np.searchsorted(starts[1:], ages, side="right").astype(np.int64)


def nearness(ages: Ints, centres: Sequence[int]) -> Floats:
    """How near each age is to each centre but the first (N, C − 1).

    It is 1 at the centre, falls in straight lines to 0 at the centres before and after, and stays 1 beyond the last
    one. So a linear policy, which sees a constant too, can have any value at each centre and interpolates between
    them; the first one is left out, being the constant minus the others.

    Args:
        ages: (N,) [years].
        centres: (C,) in increasing order [years].
    """
    near = [np.interp(ages, centres, hat) for hat in np.eye(len(centres))[1:]]
    return np.stack(near, axis=1)


def names_of_nearness(centres: Sequence[int]) -> tuple[str, ...]:
    """Names of the features (C − 1)."""
    return tuple(f"age near {centre}" for centre in centres[1:])
