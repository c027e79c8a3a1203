"""Symmetric matrices that policies keep packed, arms last, as the matrices that papers write."""

import numpy as np


def whole(packed, D):
    """(K, D, D) from the upper triangles (T, K), row by row; what is left of T is 0."""
    row, column = np.triu_indices(D)
    assert (packed[len(row) :] == 0).all()
    full = np.empty((packed.shape[1], D, D))
    full[:, row, column] = full[:, column, row] = packed[: len(row)].T
    return full
