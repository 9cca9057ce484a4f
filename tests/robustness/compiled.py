"""The cache of compiled networks: several processes on an empty one, and flipped bits."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.networks.runtime import Network, RuntimeOptions
from robustness.tally import Tally

if TYPE_CHECKING:
    from pathlib import Path

    from robustness.commands import Place

PROCESSES = 6
MOST_BITS = 50


def cold_cache(place: Place, bundle: Path, recording: Path, rounds: int) -> Tally:
    """Start six processes at once on an empty cache: each answers, and the same."""
    tally = Tally(f"{PROCESSES} processes on an empty cache")
    arguments = ["-m", "ovdiar", "diarize", str(recording), "--models", str(bundle)]
    answers = set()
    for number in range(rounds):
        shutil.rmtree(place.cache / "ovdiar", ignore_errors=True)
        with tally.one():
            started = [place.start(arguments) for _ in range(PROCESSES)]
            ended = [(*each.communicate(timeout=600), each.returncode) for each in started]
        answers |= {out for out, _, _ in ended}
        wrong = [f"round {number}: {code} {err[-200:]!r}" for _, err, code in ended if code or err]
        tally.expect(not wrong, "; ".join(wrong))
        tally.expect(len(answers) == 1, f"round {number}: {len(answers)} answers")
        tally.expect(not place.left(), f"round {number}: left {place.left()}")
    return tally


def flipped_bits(folder: Path, bundle: Path, tries: int, seed: int) -> Tally:
    """Flip 1 to 50 bits of a kept network: it is compiled again and answers the same."""
    tally = Tally(f"1 to {MOST_BITS} flipped bits in a compiled network", seed)
    draw = random.Random(seed)  # noqa: S311 - no secret
    path = bundle / "segmentation" / "openvino_model.xml"
    sound = np.random.default_rng(seed).standard_normal((1, 80_000), dtype=np.float32)
    wanted = Network(path)(sound)
    options = RuntimeOptions(cache=folder)
    Network(path, options)(sound)
    for number in range(tries):
        (blob,) = folder.glob("*.blob")
        content = bytearray(blob.read_bytes())
        for place in draw.sample(range(8 * len(content)), draw.randint(1, MOST_BITS)):
            content[place // 8] ^= 1 << place % 8
        damaged = bytes(content)
        blob.write_bytes(damaged)
        with tally.one():
            found = Network(path, options)(sound)
        tally.expect(np.array_equal(found, wanted), f"try {number}: another answer")
        tally.expect(blob.read_bytes() != damaged, f"try {number}: the damage stays")
    return tally
