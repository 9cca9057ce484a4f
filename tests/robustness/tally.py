"""What a series of tries came to."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = "| what | seed | tries | failures | longest, s |\n| --- | --- | --- | --- | --- |"


@dataclass
class Tally:
    """A series of tries with a seed: how many, which failed and how, and the longest."""

    what: str
    seed: int | None = None
    tries: int = 0
    failures: list[str] = field(default_factory=list)
    longest_s: float = 0.0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count a try and its time."""
        start = time.perf_counter()
        yield
        self.tries += 1
        self.longest_s = max(self.longest_s, time.perf_counter() - start)

    def expect(self, fits: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as an assertion
        """Note a failure unless something fits."""
        if not fits:
            self.failures.append(otherwise)

    def row(self) -> str:
        """Return the row of a table."""
        seed = "" if self.seed is None else self.seed
        failures = len(self.failures)
        return f"| {self.what} | {seed} | {self.tries} | {failures} | {self.longest_s:.1f} |"
