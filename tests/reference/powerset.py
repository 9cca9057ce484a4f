"""The classes of a powerset model, found by counting through all sets in binary."""

from __future__ import annotations


def classes(speakers: int, largest_set: int) -> list[tuple[int, ...]]:
    """List the sets of speakers by size, then by members."""
    sets = [
        tuple(speaker for speaker in range(speakers) if code >> speaker & 1)
        for code in range(2**speakers)
    ]
    return sorted((s for s in sets if len(s) <= largest_set), key=lambda s: (len(s), s))
