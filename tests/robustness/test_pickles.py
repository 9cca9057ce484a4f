"""Damaged checkpoints are read as arrays or refused, and nothing in them is executed."""

from __future__ import annotations

from robustness import pickles


def test_damaged_checkpoints_are_read_or_refused() -> None:
    tallies = pickles.run(1500, seed=14)
    assert [example for tally in tallies.values() for example in tally.examples] == []
    assert all(tally.refused for tally in tallies.values())
    assert sum(tally.read for tally in tallies.values()) > 100
