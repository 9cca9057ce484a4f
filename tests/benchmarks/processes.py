"""What a command's processes take while it runs, and whether any are left: Linux only."""

from __future__ import annotations

import os
import resource
import secrets
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import Self

MARK = "OVDIAR_BENCHMARK"
"""Variable by which a command's descendants are known, whoever their parent is by now."""
EVERY_S = 0.5


class Sample(NamedTuple):
    """At a time, s: how much is done, and the memory of the parent and of each child, MB."""

    at_s: float
    done: int
    parent_mb: float
    children_mb: dict[int, float]


class Command:
    """A command in a process of its own, whose descendants are marked; its output is kept.

    Parameters
    ----------
    command : program and arguments
    done : tells how much it has done
    """

    def __init__(self, command: Sequence[str], done: Callable[[], int] = lambda: 0) -> None:
        self._mark, self._done = secrets.token_hex(8), done
        self.samples: list[Sample] = []
        self.began = time.monotonic()
        self.wall_s = 0.0
        self._process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env={**os.environ, MARK: self._mark}
        )
        self._ended = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, if it has not ended."""
        if not self._ended.is_set():
            self._process.kill()
            self.wait()

    def wait(self) -> tuple[int, str]:
        """Wait for its end; return its exit status and the last line on standard error."""
        _, said = self._process.communicate()
        self.wall_s = time.monotonic() - self.began
        self._ended.set()
        self._sampler.join()
        return self._process.returncode, (said.strip().splitlines() or [""])[-1]

    def kill_after(self, seconds: float) -> bool:
        """Kill it by SIGKILL; return whether it was still running."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            return True
        return False

    def descendants(self) -> list[int]:
        """List the processes of this command that exist."""
        text = f"{MARK}={self._mark}".encode()
        return [pid for pid in map(int, _numbers(Path("/proc"))) if text in _environment(pid)]

    def descendants_end_after_s(self, most_s: float = 60) -> float | None:
        """Wait until no process of this command is left; return how long that took, s, or None."""
        began = time.monotonic()
        while self.descendants():
            if time.monotonic() - began > most_s:
                return None
            time.sleep(0.05)
        return time.monotonic() - began

    def _sample(self) -> None:
        while not self._ended.wait(EVERY_S):
            pid = self._process.pid
            each = {child: size for child in children(pid) if (size := resident_mb(child))}
            at_s = round(time.monotonic() - self.began, 2)
            self.samples.append(Sample(at_s, self._done(), resident_mb(pid), each))


def children(pid: int) -> list[int]:
    """List the processes that a process's first thread has started."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(each) for each in text.split()]


def resident_mb(pid: int) -> float:
    """Return the memory of a process, MB; 0 where it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0.0
    return round(pages * resource.getpagesize() / 1e6, 1)


def growth_mb(samples: Sequence[Sample]) -> dict[str, list[float]]:
    """Compare the memory of each process early and late, MB.

    Medians of the second and of the last fifth of the time: networks are compiled in the first.
    """
    end = samples[-1].at_s
    early = [each for each in samples if 0.2 * end <= each.at_s < 0.4 * end]
    late = [each for each in samples if each.at_s >= 0.8 * end]
    found = {"parent": [_median([each.parent_mb for each in part]) for part in (early, late)]}
    steady = set(early[0].children_mb) & set(late[0].children_mb) if early and late else set()
    for number, pid in enumerate(sorted(steady)):
        rows = [[each.children_mb.get(pid, 0.0) for each in part] for part in (early, late)]
        found[f"worker {number}"] = [_median([mb for mb in row if mb]) for row in rows]
    return found


def _median(values: Sequence[float]) -> float:
    return round(float(np.median(values)), 1) if len(values) else float("nan")


def _numbers(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir() if each.name.isdecimal()]


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
