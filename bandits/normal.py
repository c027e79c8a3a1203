"""The normal distribution function and its inverse, for compiled kernels, which know no scipy."""

from __future__ import annotations

import math

from bandits.compiled import compiled

# Wichura 1988, algorithm AS 241, PPND16: numerators and denominators, the highest power first
_CENTRE = (
    *(2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987),
    *(13731.69376550946, 1971.5909503065513, 133.14166789178438, 3.3871328727963665),
)
_CENTRE_BELOW = (
    *(5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597),
    *(5394.196021424751, 687.1870074920579, 42.31333070160091, 1.0),
)
_SIDE = (
    *(0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684),
    *(3.6478483247632045, 5.769497221460691, 4.630337846156546, 1.4234371107496835),
)
_SIDE_BELOW = (
    *(1.0507500716444169e-09, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008),
    *(0.6897673349851, 1.6763848301838038, 2.053191626637759, 1.0),
)
_TAIL = (
    *(2.0103343992922881e-07, 2.7115555687434876e-05, 0.0012426609473880784, 0.026532189526576124),
    *(0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103),
)
_TAIL_BELOW = (
    *(2.0442631033899397e-15, 1.421511758316446e-07, 1.8463183175100548e-05, 0.0007868691311456133),
    *(0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1.0),
)


@compiled
def normal_cdf(x: float) -> float:
    """Φ(x)."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


@compiled
def normal_quantile(p: float) -> float:
    """Φ⁻¹(p), with a relative error below 1e-15 or so; −∞ at 0 and ∞ at 1."""
    q = p - 0.5
    if abs(q) <= 0.425:  # noqa: PLR2004  Wichura's
        r = 0.180625 - q * q
        return q * _polynomial(_CENTRE, r) / _polynomial(_CENTRE_BELOW, r)
    tail = min(p, 1.0 - p)
    if tail <= 0.0:
        return math.copysign(math.inf, q)
    r = math.sqrt(-math.log(tail))
    if r <= 5.0:  # noqa: PLR2004  Wichura's
        x = _polynomial(_SIDE, r - 1.6) / _polynomial(_SIDE_BELOW, r - 1.6)
    else:
        x = _polynomial(_TAIL, r - 5.0) / _polynomial(_TAIL_BELOW, r - 5.0)
    return math.copysign(x, q)


@compiled
def _polynomial(coefficients: tuple[float, ...], x: float) -> float:
    total = 0.0
    for coefficient in coefficients:
        total = total * x + coefficient
    return total
