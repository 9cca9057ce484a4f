"""Damaged bundles diarize or are refused, and do not end the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robustness import manifests

if TYPE_CHECKING:
    from pathlib import Path


def test_damaged_bundles_diarize_or_are_refused(tiny: Path) -> None:
    tallies = manifests.run(24, seed=14, source=tiny)
    assert [example for tally in tallies.values() for example in tally.examples] == []
    assert tallies["manifest"].read
    assert all(tally.refused for kind, tally in tallies.items() if kind != "network.bin")
