"""The features of a visit: how they are declared, how they are drawn, and how well they tell the personas apart.

N visits, U users, C personas, F declared features, D = 1 + F columns of x (a constant 1.0 first).

    x_f | c ~ Bernoulli(mean_cf)  for a yes-no feature,  Normal(mean_cf, sd_cf²)  for a number
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bandits.description import Description


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must say something, got nothing but blanks")
    return text


def _a_key(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text):
        raise ValueError(f"must be called with letters, digits, _ and - alone, a letter first, got {text!r}")
    return text


Text = Annotated[str, AfterValidator(_not_blank)]
Key = Annotated[str, AfterValidator(_a_key)]


class Feature(Description):
    """One thing that a policy may see of a visit.

    Args:
        name: as in the header of its table.
        kind: "yes-no" (0 or 1) or "number".
        level: "visit", drawn anew at each visit, or "user", a fact about the customer that every visit repeats.
        meaning: what it says, for people.
    """

    name: Key
    kind: Literal["yes-no", "number"]
    level: Literal["visit", "user"]
    meaning: Text


class Likelihood(Description):
    """How one feature is distributed among the visits (or the users) of one persona.

    Args:
        name: of the feature.
        mean: of a number; the probability of a yes.
        sd: of a number; unused for yes-no.
    """

    name: str
    mean: Annotated[float, Field(ge=-1e6, le=1e6)]
    sd: Annotated[float, Field(gt=0, le=1e6)] = 1.0
