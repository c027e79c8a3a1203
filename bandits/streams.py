"""Every random generator of the project is made here.

A stream is named by what it is for, never by its place in a list, so that adding a policy, a replication or a worker
moves nobody else's luck: SeedSequence(seed, spawn_key=(replication, purpose, …)).
"""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, replication: int, purpose: str) -> np.random.Generator:
    """Make the generator of one purpose in one replication.

    Args:
        seed: of the experiment, at least 0.
        replication: its number, from 0.
        purpose: any text; "policy:" and its identity for a policy, "mood" for the mood of a visit.
    """
    words = np.frombuffer(hashlib.sha256(purpose.encode()).digest()[:16], dtype="<u4")
    key = (replication, *(int(word) for word in words))
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
