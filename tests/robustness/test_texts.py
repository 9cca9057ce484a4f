"""Damaged texts are read or refused in one line, and the same seed makes the same texts."""

from __future__ import annotations

from robustness import texts

COUNT = 3000


def test_damaged_texts_are_read_or_refused() -> None:
    tallies = texts.run(COUNT, seed=14)
    assert [example for tally in tallies.values() for example in tally.examples] == []
    assert sum(tally.tried for tally in tallies.values()) == COUNT
    assert all(tally.read and tally.refused for tally in tallies.values())


def test_a_seed_makes_the_same_texts() -> None:
    for kind in texts.KINDS:
        assert texts.damaged(kind, 7, seed=1) == texts.damaged(kind, 7, seed=1)
        assert len({texts.damaged(kind, number, seed=1) for number in range(20)}) > 10
