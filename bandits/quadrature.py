"""The probability that one of several independent draws is the largest, by quadrature.

N visits, K arms, E edges, P panels. f, F: density and distribution function of an arm's draw.

P(arm k has the largest draw, and it is above the floor) = ∫ f_k(x) G(x) dx over x > floor,  G(x) = Π F_j(x), j ≠ k

G only rises, so that a panel from a to b is worth between (F_k(b) − F_k(a)) G(a) and (F_k(b) − F_k(a)) G(b). Where
these are next to equal, their mean will do: no arm is looked at where it decides nothing. Every other panel is
integrated by Gauss and Kronrod's rules, and halved where they disagree. Panels begin at landmarks of every arm, so that
the step of a narrow arm is not stepped over.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from bandits.compiled import compiled
from bandits.protocol import Bools, Floats, Ints

# Piessens et al. 1983, QUADPACK, dqk15: Kronrod's 15 nodes from −1 to 0, their weights, and those of Gauss' 7
_NODES = (
    *(-0.991455371120812640, -0.949107912342758525, -0.864864423359769073, -0.741531185599394440),
    *(-0.586087235467691130, -0.405845151377397167, -0.207784955007898468, 0.0),
)
_KRONROD = (
    *(0.022935322010529225, 0.063092092629978553, 0.104790010322250184, 0.140653259715525919),
    *(0.169004726639267903, 0.190350578064785410, 0.204432940075298892, 0.209482141084727828),
)
_GAUSS = (0.0, 0.129484966168869693, 0.0, 0.279705391489276668, 0.0, 0.381830050505118945, 0.0, 0.417959183673469388)
NODES = np.array([*_NODES, *(-x for x in _NODES[-2::-1])])
KRONROD, GAUSS = (np.array([*half, *half[-2::-1]]) for half in (_KRONROD, _GAUSS))
_MIDDLE = 7

_PANEL = 1e-9  # what a panel may err by: a few hundred of them stay below 1e-6
_STILL = 1e-12  # an arm whose F rises by less than this in a panel is a constant there
_HALVINGS = 60
_AT_ONCE = 500_000  # evaluations of F, which bounds the memory [numbers]


class Draws(Protocol):
    """Independent draws of continuous scores, one a visit and arm."""

    def landmarks(self) -> tuple[Floats, Floats]:
        """Points (N, K, B) between which each arm's F is smooth, and by how much each point may be off, (N, K, B)."""
        ...

    def cdf(self, x: Floats, n: Ints, k: Ints) -> Floats:
        """F(x) of arm k at visit n; x has a last axis more than n and k."""
        ...

    def density(self, x: Floats, n: Ints, k: Ints) -> Floats:
        """f(x) of arm k at visit n; x has a last axis more than n and k."""
        ...


@compiled
def _edges(marks: Floats, slack: Floats, arms: Bools, floor: Floats) -> Floats:
    """The landmarks of the arms (N, K) above the floor (N,), in order, without those that another one replaces.

    Args:
        marks: (N, K, B).
        slack: (N, K, B) how far from its landmark an edge may be.
        arms: which of them matter.
        floor: the first edge, −inf where there is none.

    Returns:
        (N, K·B + 2), filled up with ∞.
    """
    N, K, B = marks.shape
    edges = np.full((N, K * B + 2), math.inf)
    points, near = np.empty(K * B), np.empty(K * B)
    for n in range(N):
        size = 0
        for k in range(K):
            if arms[n, k]:
                for b in range(B):
                    if marks[n, k, b] > floor[n]:
                        points[size], near[size] = marks[n, k, b], slack[n, k, b]
                        size += 1
        last = edges[n, 0] = floor[n]
        e = 1
        for i in np.argsort(points[:size]):
            # the outermost landmark stays, since the panel beyond it is never halved
            if points[i] - last > near[i] or points[i] == points[:size].max():
                last = edges[n, e] = points[i]
                e += 1
    return edges


def largest(draws: Draws, visits: Ints, action: Ints, rivals: Bools, floor: Floats) -> Floats:
    """P(the draw of arm `action` (N,) is above those of all rivals and above the floor).

    Args:
        draws: of at least these visits, and K arms.
        visits: (N,) indices into the draws.
        action: (N,).
        rivals: (N, K) the others that compete, `action` not among them.
        floor: (N,) −inf where there is none.

    Returns:
        (N,).
    """
    N, K = rivals.shape
    marks, slack = (part[visits] for part in draws.landmarks())
    arms = rivals.copy()
    arms[np.arange(N), action] = True
    edges = _edges(marks, slack, arms, floor)
    edges = edges[:, : int(np.isfinite(edges).sum(axis=1).max(initial=0)) + 2]
    total = np.zeros(N)
    step = max(1, _AT_ONCE // (K * edges.shape[1]))
    for first in range(0, N, step):
        some = slice(first, first + step)
        total[some] = _integrate(draws, visits[some], action[some], rivals[some], edges[some])
    return total.clip(0.0, 1.0)


def _integrate(draws: Draws, visits: Ints, action: Ints, rivals: Bools, edges: Floats) -> Floats:
    """The integrals (N,) over the panels between the edges (N, E), all of them at once."""
    v, arms = np.nonzero(rivals)
    F = np.ones((*edges.shape, rivals.shape[1]))
    F[v, :, arms] = draws.cdf(edges[v], visits[v], arms)
    own = draws.cdf(edges, visits, action)
    G = F.prod(axis=2)
    mass = np.diff(own, axis=1)
    # no panel without an end is integrated; landmarks reach so far out that it does not matter
    open_ended = np.isinf(edges[:, 1:]) | np.isinf(edges[:, :-1])
    settled = (mass * np.diff(G, axis=1) <= _PANEL) | open_ended
    total: Floats = (np.where(settled, mass, 0.0) * (G[:, 1:] + G[:, :-1]) / 2).sum(axis=1)
    v, e = np.nonzero(~settled)
    a, b, Fa, Fb, own_a, own_b = edges[v, e], edges[v, e + 1], F[v, e], F[v, e + 1], own[v, e], own[v, e + 1]
    for _ in range(_HALVINGS):
        if len(v) == 0:
            break
        middle, half = (a + b) / 2, (b - a) / 2
        x = middle[:, None] + half[:, None] * NODES
        moving = Fb - Fa > _STILL
        p, k = np.nonzero(moving)
        Fx = draws.cdf(x[p], visits[v[p]], k)
        # a panel that is not settled has an arm that moves, so that none of the products is empty
        G_x = np.multiply.reduceat(Fx, np.searchsorted(p, np.arange(len(v))), axis=0)
        G_x *= np.where(moving, 1.0, Fa).prod(axis=1)[:, None]
        heights = draws.density(x, visits[v], action[v]) * G_x
        fine, coarse = half * (heights @ KRONROD), half * (heights @ GAUSS)
        mass = own_b - own_a
        done = np.abs(fine - coarse) <= _PANEL
        np.add.at(total, v[done], fine.clip(mass * Fa.prod(axis=1), mass * Fb.prod(axis=1))[done])
        F_middle = Fa.copy()
        F_middle[p, k] = Fx[:, _MIDDLE]
        left = ~done
        own_middle = draws.cdf(middle[left, None], visits[v[left]], action[v[left]])[:, 0]
        v = np.tile(v[left], 2)
        a, b = np.concatenate([a[left], middle[left]]), np.concatenate([middle[left], b[left]])
        Fa, Fb = np.concatenate([Fa[left], F_middle[left]]), np.concatenate([F_middle[left], Fb[left]])
        own_a, own_b = np.concatenate([own_a[left], own_middle]), np.concatenate([own_middle, own_b[left]])
        G_a, G_b, mass = Fa.prod(axis=1), Fb.prod(axis=1), own_b - own_a
        settled = mass * (G_b - G_a) <= _PANEL
        np.add.at(total, v[settled], (mass * (G_a + G_b) / 2)[settled])
        v, a, b, Fa, Fb, own_a, own_b = (part[~settled] for part in (v, a, b, Fa, Fb, own_a, own_b))
    return total
