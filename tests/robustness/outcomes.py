"""What came of many damaged inputs: read, refused by an error of ours, or anything else."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
import traceback
import warnings
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ovdiar.errors import OvdiarError, OvdiarWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST_MESSAGE = 800
"""Characters of an error: a quoted value of 200, the path of the file, and a list of choices."""
KEPT = 5
"""Faults of a kind that are listed."""


@dataclass
class Tally:
    """Outcomes for one kind of input.

    Parameters
    ----------
    tried, read, refused
        Numbers of inputs.
    faults
        Number of outcomes that are neither: another exception, a long or broken message, or a
        time limit.
    longest_s
        Longest time of an input, in seconds, and the input it was.
    examples
        Name and last lines of the first faults.
    """

    tried: int = 0
    read: int = 0
    refused: int = 0
    faults: int = 0
    longest_s: float = 0.0
    longest: str = ""
    examples: list[str] = field(default_factory=list)

    def attempt(self, name: str, action: Callable[[], Any], limit_s: float = 20.0) -> None:
        """Run an action, and count what came of it.

        Parameters
        ----------
        name
            Name of the input, from which it can be made again.
        action
            Reads the input; raises an OvdiarError where it is refused.
        limit_s
            Longest time; beyond it, the input counts as a fault.
        """
        self.tried += 1
        started = time.perf_counter()
        try:
            with _within(limit_s), warnings.catch_warnings():
                warnings.simplefilter("ignore", OvdiarWarning)
                action()
            self.read += 1
        except OvdiarError as error:
            self._refusal(name, str(error))
        except Exception:  # noqa: BLE001 - every other exception is what is looked for
            self.fault(f"{name}: {''.join(traceback.format_exc().splitlines()[-3:])}")
        spent_s = time.perf_counter() - started
        if spent_s > self.longest_s:
            self.longest_s, self.longest = round(spent_s, 3), name

    def _refusal(self, name: str, message: str) -> None:
        if len(message) > LONGEST_MESSAGE or len(message.splitlines()) != 1:
            self.fault(f"{name}: a message of {len(message)} characters: {message[:300]!r}")
        else:
            self.refused += 1

    def add(self, other: Tally) -> None:
        """Add the outcomes of another tally of the same kind."""
        self.tried += other.tried
        self.read += other.read
        self.refused += other.refused
        self.faults += other.faults
        self.examples += other.examples[: max(KEPT - len(self.examples), 0)]
        if other.longest_s > self.longest_s:
            self.longest_s, self.longest = other.longest_s, other.longest

    def fault(self, text: str) -> None:
        """Count an outcome that must not be."""
        self.faults += 1
        if len(self.examples) < KEPT:
            self.examples.append(text)


@contextlib.contextmanager
def _within(limit_s: float) -> Iterator[None]:
    """Raise TimeoutError after a time, where the system has timers."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: Any) -> None:
        raise TimeoutError(f"more than {limit_s:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def report(tallies: dict[str, Tally], **conditions: Any) -> int:
    """Print the table as JSON; return the exit status, 1 with any fault."""
    table = {kind: asdict(tally) for kind, tally in tallies.items()}
    numbers = ("tried", "read", "refused", "faults")
    total: dict[str, Any] = {name: sum(row[name] for row in table.values()) for name in numbers}
    total["longest_s"] = max((row["longest_s"] for row in table.values()), default=0.0)
    content = {"conditions": conditions, "kinds": table, "total": total}
    sys.stdout.write(json.dumps(content, indent=1, ensure_ascii=True) + "\n")
    return int(bool(total["faults"]))
