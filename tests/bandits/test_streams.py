"""Streams of luck: named by what they are for."""

import numpy as np
import pytest

from bandits.streams import stream
from tests.stochastic import detectable_gap, proportions


def test_the_same_name_gives_the_same_luck():
    np.testing.assert_array_equal(stream(7, 3, "mood").random(5), stream(7, 3, "mood").random(5))


def test_every_part_of_the_name_counts():
    names = [(7, 3, "mood"), (8, 3, "mood"), (7, 4, "mood"), (7, 3, "trial"), (7, 3, "policy:mood"), (3, 7, "mood")]
    assert len({stream(*name).random() for name in names}) == len(names)


def test_a_stream_is_what_its_docstring_says():
    """SeedSequence(seed, spawn_key=(replication, the first 16 bytes of sha256(purpose) as four words))."""
    digest = bytes.fromhex("5891b5b522d5df086d0ff0b110fbd9d2")  # how sha256 of "hello\\n" begins
    words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]
    sequence = np.random.SeedSequence(7, spawn_key=(3, *words))
    np.testing.assert_array_equal(np.random.default_rng(sequence).random(5), stream(7, 3, "hello\n").random(5))


def test_replications_are_not_alike():
    """The first uniforms of 5,000 replications fill ten bins evenly: a bin that is off by .08 is found."""
    assert detectable_gap(5000, looks=10) < 0.08
    first = [stream(7, replication, "mood").random() for replication in range(5000)]
    proportions(np.histogram(first, bins=10, range=(0, 1))[0], np.full(10, 0.1))


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="non-negative"):
        stream(-1, 0, "mood")
