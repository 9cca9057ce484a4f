"""Read files in a process of its own, which may hang or die without harm."""

from __future__ import annotations

import contextlib
import multiprocessing
import re
import resource
import time
import traceback
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from typing_extensions import Self

ANSWERED, REFUSED, TRACEBACK, HANG, CRASH = "answered", "refused", "traceback", "hang", "crash"


@dataclass(frozen=True)
class Outcome:
    """What came of a file: seconds read and notices, or a message; time and memory."""

    kind: str
    heard_s: float = 0.0
    notices: tuple[str, ...] = ()
    message: str = ""
    time_s: float = 0.0
    peak_mb: float = 0.0


def read(path: Path) -> Outcome:
    """Read one file in this process."""
    from ovdiar.audio.reading import open_audio
    from ovdiar.errors import OvdiarError

    started = time.perf_counter()
    try:
        with open_audio(path) as reader:
            samples = sum(len(block) for block in reader.blocks())
            codes = tuple(notice.code for notice in reader.notices)
        found: dict[str, Any] = {"kind": ANSWERED, "heard_s": samples / 16_000, "notices": codes}
    except OvdiarError as error:
        one_line = "\n" not in str(error)
        found = {"kind": REFUSED if one_line else TRACEBACK, "message": str(error)}
    except Exception:  # noqa: BLE001 - what must not be
        found = {"kind": TRACEBACK, "message": traceback.format_exc(limit=-3)}
    return Outcome(**found, time_s=time.perf_counter() - started, peak_mb=_peak_mb())


def _peak_mb() -> float:
    """Return the most memory that this process has held; ``ru_maxrss`` holds its parent's too."""
    try:
        (line,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    except OSError:  # not Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(line) / 1024


def _serve(requests: Connection) -> None:
    warnings.simplefilter("ignore")
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            requests.send(asdict(read(requests.recv())))


class Reader:
    """A process that reads files; it is started anew when it hangs or dies."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._process: Any = None
        self._requests: Any = None

    def __enter__(self) -> Self:
        """Start."""
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._stop()

    def read(self, path: Path) -> Outcome:
        """Read a file within the time limit."""
        self._requests.send(path)
        try:
            if self._requests.poll(self._limit_s):
                return Outcome(**self._requests.recv())
            kind = HANG
        except EOFError:
            kind = CRASH
        self._stop()
        self._start()
        return Outcome(kind, message=f"{kind} of {path.name}", time_s=self._limit_s)

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._requests, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def _stop(self) -> None:
        self._requests.close()
        self._process.kill()
        self._process.join()
