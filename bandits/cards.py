"""What a team declares about its personas, in a form that a policy may use: how their features are distributed.

log P(evidence | persona) = Σ over features of log Bernoulli(x; p)  or  log Normal(x; mean, sd)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class FeatureCard:
    """How one feature is distributed among the users of one persona.

    Args:
        name: as in `Problem.features`.
        kind: "yes-no" (1 with probability `mean`) or "number" (normal).
        level: "visit", drawn anew at each visit, or "user", a fact about the person that every visit repeats.
        mean: probability, or mean.
        sd: of a number; unused for yes-no.
    """

    name: str
    kind: Literal["yes-no", "number"]
    level: Literal["visit", "user"]
    mean: float
    sd: float = 1.0


@dataclass(frozen=True, slots=True)
class PersonaCard:
    """The part of a persona's card that is public to policies.

    Args:
        name: of the persona.
        share: of all users.
        visit_rate: visits a user a day, which makes `share · visit_rate` the share of visits.
        features: one card a feature.
    """

    name: str
    share: float
    visit_rate: float
    features: tuple[FeatureCard, ...]


@dataclass(frozen=True, slots=True)
class LabelledSample:
    """Visits of users whose cohort somebody has labelled by hand.

    Args:
        x: (S, D) features of one visit of each user.
        cohort: (S,) index into `cohorts`.
        cohorts: names.
        level: (D,) "visit" or "user", as in `FeatureCard`.
    """

    x: npt.NDArray[np.float64] = field(repr=False)
    cohort: npt.NDArray[np.int64] = field(repr=False)
    cohorts: tuple[str, ...]
    level: tuple[Literal["visit", "user"], ...]
