"""A worker process: it compiles the networks once, and diarizes what it is given until the end.

Requests come on standard input and answers leave on standard output, pickled. When the parent ends,
however it does, standard input ends too: then a recording in work is cancelled, and the process
ends by itself.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
import warnings
from contextlib import suppress
from queue import SimpleQueue
from typing import IO, Any

from ovdiar.batch.outcome import perform
from ovdiar.errors import CancelledError, OvdiarError, OvdiarWarning

READY, STARTED, ROW, BROKEN = "ready", "started", "row", "broken"
"""Kinds of answers: able to work; a recording's length, s; a row; why no work is possible."""
GRACE_S = 5.0
"""How long a cancelled recording may take to stop."""


def main() -> None:
    """Work until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends this
    warnings.simplefilter("ignore", OvdiarWarning)  # rows have them as notices
    requests, answers = _own_streams()
    send = _sender(answers)
    try:
        pipeline, outputs = pickle.load(requests)  # noqa: S301 - from the parent
    except OvdiarError as error:
        send(BROKEN, str(error))
        return
    except EOFError:
        return
    jobs: SimpleQueue[Any] = SimpleQueue()
    orphaned = threading.Event()
    threading.Thread(target=_receive, args=(requests, jobs, orphaned), daemon=True).start()
    send(READY, None)
    while (job := jobs.get()) is not None:
        try:
            row = perform(
                pipeline,
                outputs,
                job,
                started=lambda duration_s: send(STARTED, duration_s),
                cancel=orphaned,
            )
        except CancelledError:
            return
        send(ROW, row)


def _own_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Take the standard streams; whatever a library prints goes to standard error."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return requests, answers


def _sender(answers: IO[bytes]) -> Any:
    def send(kind: str, value: object) -> None:
        try:
            pickle.dump((kind, value), answers)
            answers.flush()
        except OSError:  # the parent has gone
            os._exit(1)

    return send


def _receive(requests: IO[bytes], jobs: SimpleQueue[Any], orphaned: threading.Event) -> None:
    """Hand on jobs; at the end of the stream, cancel what is in work, and end."""
    with suppress(EOFError, pickle.UnpicklingError, OSError):
        while True:
            jobs.put(pickle.load(requests))  # noqa: S301 - from the parent
    orphaned.set()
    jobs.put(None)
    threading.Event().wait(GRACE_S)
    os._exit(1)
