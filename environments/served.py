"""What the visits that a world serves must hold to: compiled code relies on it, and would write beside its arrays."""

from __future__ import annotations

import numpy as np

from bandits.errors import Fault, InputError
from environments.protocol import Visits


def check_served(visits: Visits, cohorts: int, actions: int) -> None:
    """Refuse visits of a cohort that there is not, or at which nothing can be done.

    Args:
        visits: N.
        cohorts: C, how many there are.
        actions: K, how many there are.

    Raises:
        InputError: one line a fault.
    """
    N, cohort, available = len(visits), np.asarray(visits.cohort), np.asarray(visits.available)
    faults = []
    if cohort.shape != (N,) or cohort.dtype.kind not in "iu":
        faults.append(f"cohort must be whole numbers of shape {(N,)}, got {cohort.dtype} of shape {cohort.shape}")
    elif N and not (cohort.min() >= 0 and cohort.max() < cohorts):
        n = int(np.argmax((cohort < 0) | (cohort >= cohorts)))
        faults.append(f"cohort must be an index from 0 to {cohorts - 1}, got {cohort[n]} at visit {visits.index[n]}")
    if available.shape != (N, actions) or available.dtype != np.bool_:
        shape = (N, actions)
        faults.append(f"available must be of shape {shape} and bool, got {available.dtype} of shape {available.shape}")
    elif not available.any(axis=1).all():
        n = int(np.argmin(available.any(axis=1)))
        faults.append(f"available must have an action at each visit, and has none at visit {visits.index[n]}")
    if faults:
        raise InputError([Fault(f"{fault}; mend the world") for fault in faults])
