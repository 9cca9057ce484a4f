"""A worker process as its parent sees it."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from queue import SimpleQueue

    from ovdiar.batch.job import Job

GONE = "gone"
"""Kind of event after the last answer: the process has ended."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Variables that limit the threads of NumPy's and SciPy's libraries."""
JOIN_S = 10.0
LAST_BYTES = 2000
"""How much of what a process printed is looked at for why it ended."""


class WorkerProcess:
    """A process that runs `ovdiar.batch.worker`.

    Parameters
    ----------
    task : the pipeline and the outputs, pickled to the process
    threads : of NumPy and SciPy there
    events : receives (this, kind, value) for each answer, and `GONE` in the end

    Attributes
    ----------
    job : the recording in work, or None
    is_ready : whether the pipeline was loaded
    deadline : when it is late, as `time.monotonic` counts
    """

    def __init__(
        self, task: Any, threads: int, events: SimpleQueue[tuple[WorkerProcess, str, Any]]
    ) -> None:
        self.job: Job | None = None
        self.is_ready = False
        self.deadline = 0.0
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - closed in the end
        path = [os.path.abspath(each) for each in sys.path]  # noqa: PTH100 - "" is the current one
        code = f"import sys; sys.path[:] = {path!r}; from ovdiar.batch.worker import main; main()"
        self._process = subprocess.Popen(  # noqa: S603 - this Python
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            env={**os.environ, **dict.fromkeys(THREADS, str(threads))},
        )
        self._send(task)
        threading.Thread(target=self._listen, args=(events,), daemon=True).start()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def assign(self, job: Job) -> None:
        """Give it a recording."""
        self.job = job
        self._send(job)

    def close(self) -> None:
        """End its requests, which ends it, too."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        self.close()

    def join(self) -> None:
        """Wait until it has ended; kill it if it does not."""
        try:
            self._process.wait(JOIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._printed.close()

    def how_it_ended(self) -> str:
        """Say how it ended, and the last line that it printed."""
        status = self._process.returncode
        if status is not None and status < 0:
            try:
                ended = signal.Signals(-status).name
            except ValueError:
                ended = f"signal {-status}"
        else:
            ended = f"exit status {status}"
        line = self._last_line()
        self._printed.close()
        return f"{ended}: {line}" if line else ended

    def _last_line(self) -> str:
        end = self._printed.seek(0, os.SEEK_END)
        self._printed.seek(max(0, end - LAST_BYTES))
        lines = self._printed.read().decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def _send(self, value: Any) -> None:
        stream = self._process.stdin
        with suppress(OSError):  # it has ended, which `_listen` tells
            if stream is not None:
                pickle.dump(value, stream)
                stream.flush()

    def _listen(self, events: SimpleQueue[tuple[WorkerProcess, str, Any]]) -> None:
        stream = self._process.stdout
        try:
            while stream is not None:
                kind, value = pickle.load(stream)  # noqa: S301 - from our own process
                events.put((self, kind, value))
        except Exception:  # noqa: BLE001 - whatever a killed process leaves of an answer
            self._process.wait()
            events.put((self, GONE, None))
