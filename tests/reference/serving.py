"""The service in a process of its own, as users start it."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import time
from typing import IO, TYPE_CHECKING

import httpx
import soundfile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATH = "/v1/audio/diarization"


def wav(recording: Path, seconds: float) -> bytes:
    """Return the first seconds of a recording as a WAV file."""
    samples, rate = soundfile.read(recording, frames=round(seconds * 16000))
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV")
    return file.getvalue()


class Server:
    """A service that listens at ``url``."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url
        once = httpx.Limits(max_keepalive_connections=0)
        self.client = httpx.Client(base_url=url, timeout=120, trust_env=False, limits=once)

    def diarize(self, audio: bytes, *, name: str = "talk.wav", **fields: object) -> httpx.Response:
        """Send a recording and wait for the answer."""
        data = {key: str(value) for key, value in fields.items()}
        return self.client.post(PATH, files={"file": (name, audio)}, data=data)

    def running(self) -> int:
        """Ask how many requests are in progress."""
        return int(self.client.get("/healthz").json()["running"])

    def waiting(self) -> int:
        """Ask how many requests are in the queue."""
        return int(self.client.get("/healthz").json()["waiting"])

    def wait_until_ready(self) -> None:
        """Wait until the networks are compiled."""
        for _ in range(1200):
            if self.client.get("/readyz").status_code == 200:
                return
            time.sleep(0.05)
        raise TimeoutError("the service is not ready after a minute")

    def wait_until_running(self, count: int, within_s: float) -> float:
        """Wait for a number of requests in progress; return how long that took."""
        start = time.perf_counter()
        while self.running() != count:
            if time.perf_counter() - start > within_s:
                raise TimeoutError(f"{self.running()} are in progress, not {count}")
            time.sleep(0.02)
        return time.perf_counter() - start


@contextlib.contextmanager
def serving(log: Path, *options: object, **environment: str) -> Iterator[Server]:
    """Start ``ovdiar serve`` on a free port, writing to a log; end it by SIGTERM."""
    command = [sys.executable, "-m", "ovdiar", "serve", "--port", "0", *map(str, options)]
    with log.open("w") as file, _started(command, file, environment) as process:
        server = Server(process, _address(process, log))
        with server.client:
            server.wait_until_ready()
            yield server


@contextlib.contextmanager
def _started(
    command: list[str], log: IO[str], environment: dict[str, str]
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stderr=log, env=os.environ | environment, text=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[str], log: Path) -> str:
    """Wait until the service says where it listens."""
    for _ in range(1200):
        found = re.search(r"http://\S+", log.read_text())
        if found:
            return found.group()
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(log.read_text())
