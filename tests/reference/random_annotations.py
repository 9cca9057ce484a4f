"""Generated pairs of reference and hypothesis, with everything that scoring can meet.

Plain rows and NumPy only: the script that captures expected numbers runs without ovdiar.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

Row = tuple[float, float, str]
"""Start (s), end (s) and speaker."""


class Case(NamedTuple):
    """One pair and how to score it; ``uem`` None means that all of it is scored."""

    reference: list[Row]
    hypothesis: list[Row]
    uem: list[tuple[float, float]] | None
    collar_width_s: float
    skip_overlap: bool


def generate(seed: int) -> Case:
    """Draw one case: the same seed always gives the same case.

    Times lie on eighths of a second (where borders meet and assignments tie exactly, without
    rounding), or anywhere.
    """
    rng = np.random.default_rng(seed)
    step = 0.125 if seed % 3 == 0 else 0.0
    length = rng.uniform(5, 90)
    speakers = 0 if rng.random() < 0.05 else int(rng.integers(1, 8))
    reference = _talk(rng, length, speakers, step)
    if rng.random() < 0.25:
        hypothesis = _talk(rng, length, int(rng.integers(0, 8)), step)
    else:
        hypothesis = _mistake(rng, reference, step, swaps=rng.uniform(0, 0.9))
    if rng.random() < 0.2 and reference:  # a speaker's own turns may meet, or be there twice
        start, end, who = reference[int(rng.integers(len(reference)))]
        reference.append((start, _grid(end + rng.choice([0.0, 1.0]), step), who))
    return Case(
        reference=reference,
        hypothesis=hypothesis,
        uem=_uem(rng, length, step) if rng.random() < 0.5 else None,
        collar_width_s=float(rng.choice([0.0, 0.0, 0.1, 0.25, 0.5])),
        skip_overlap=bool(rng.random() < 0.4),
    )


def _grid(time: float, step: float) -> float:
    return float(round(time / step) * step if step else time)


def _talk(rng: np.random.Generator, length: float, speakers: int, step: float) -> list[Row]:
    """Let speakers take turns, with gaps and overlaps between one turn and the next."""
    rows: list[Row] = []
    now = rng.exponential(1.0)
    while speakers and now < length:
        duration = 0.05 + rng.gamma(2.0, 1.2)
        who = f"spk{rng.integers(speakers)}"
        rows.append((_grid(now, step), _grid(now + duration, step), who))
        now = max(0.0, now + duration + rng.normal(0.2, 1.0))
    return [row for row in rows if row[1] > row[0]]


def _mistake(rng: np.random.Generator, rows: list[Row], step: float, swaps: float) -> list[Row]:
    """Blur borders, lose turns, invent turns, swap, split and join speakers; names change too."""
    names = sorted({who for *_, who in rows})
    other = {who: f"S{rng.integers(len(names) + 2)}" for who in names}
    found: list[Row] = []
    for start, end, who in rows:
        if rng.random() < 0.1:
            continue
        name = other[who] if rng.random() > swaps else f"S{rng.integers(len(names) + 2)}"
        start_, end_ = (_grid(max(0.0, time + rng.normal(0, 0.2)), step) for time in (start, end))
        if end_ > start_:
            found.append((start_, end_, name))
        if rng.random() < 0.15:
            found.append((start, _grid(start + rng.gamma(1.5, 1.0) + 0.2, step), "S0"))
    return found


def _uem(rng: np.random.Generator, length: float, step: float) -> list[tuple[float, float]]:
    """Up to three scored parts, which may touch, overlap, or lie where nobody speaks."""
    parts = []
    for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 2, 3, 3])):
        start = _grid(rng.uniform(0, length), step)
        parts.append((start, _grid(start + rng.uniform(0.5, length), step)))
    return parts
