"""Damage that recordings meet: cut, flipped, edited, joined, renamed, with junk or a hole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from robustness.recordings import Original

KINDS = ("cut", "flip", "header", "joined", "joined-other", "suffix", "junk", "hole", "zeros")
HEADER_BYTES = 128
EXTREMES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\1")
JUNK_BYTES = 20_000


@dataclass(frozen=True)
class Mutant:
    """A damaged file.

    ``expected_s`` is the duration that must be read, or less with a notice; None where nothing can
    be expected.
    """

    number: int
    kind: str
    form: str
    suffix: str
    data: bytes
    expected_s: float | None


def mutants(originals: Sequence[Original], count: int, seed: int) -> Iterator[Mutant]:
    """Make so many mutants, formats and kinds in turn; each depends on its number and the seed."""
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        original = originals[number % len(originals)]
        kind = KINDS[number // len(originals) % len(KINDS)]
        yield mutant(original, kind, number, rng, originals)


def mutant(
    original: Original,
    kind: str,
    number: int,
    rng: np.random.Generator,
    originals: Sequence[Original],
) -> Mutant:
    """Damage a file in one way."""
    data, suffix = original.data, original.suffix
    expected_s: float | None = None
    at = int(rng.integers(1, len(data)))
    if kind == "cut":
        data = data[:at]
        expected_s = original.duration_s
    elif kind == "flip":
        data = _flipped(data, rng)
    elif kind == "header":
        data = _edited(data, rng)
    elif kind == "joined":
        data = data * int(rng.integers(2, 4))
        expected_s = original.duration_s * (len(data) // len(original.data))
    elif kind == "joined-other":
        data += originals[int(rng.integers(len(originals)))].data
    elif kind == "suffix":
        suffix = originals[int(rng.integers(len(originals)))].suffix
    elif kind == "junk":
        junk = rng.bytes(int(rng.integers(1, JUNK_BYTES)))
        data = (junk + data, data[:at] + junk + data[at:], data + junk)[int(rng.integers(3))]
    elif kind == "hole":
        data = data[:at] + data[at + int(rng.integers(1, JUNK_BYTES)) :]
    else:
        size = int(rng.integers(1, JUNK_BYTES))
        data = data[:at] + bytes(size) + data[at + size :]
    return Mutant(number, kind, original.form, suffix, data, expected_s)


def _flipped(data: bytes, rng: np.random.Generator) -> bytes:
    """Flip 1 to 50 bits."""
    damaged = bytearray(data)
    for at in rng.integers(0, len(data), int(rng.integers(1, 51))):
        damaged[at] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def _edited(data: bytes, rng: np.random.Generator) -> bytes:
    """Overwrite one to four fields of the header with extreme or random values."""
    damaged = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        width = int(rng.choice([1, 2, 4, 8]))
        at = int(rng.integers(0, max(1, min(HEADER_BYTES, len(data)) - width)))
        choice = int(rng.integers(len(EXTREMES) + 1))
        value = rng.bytes(width) if choice == len(EXTREMES) else EXTREMES[choice] * width
        damaged[at : at + width] = value
    return bytes(damaged)
