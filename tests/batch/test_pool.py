"""A pool of worker processes replaces those that end, and says why they cannot work."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest
from reference.material import require_posix

from ovdiar.batch import Outputs, TimeLimit, pool, process
from ovdiar.batch.job import Job
from ovdiar.batch.pool import WorkerPool
from ovdiar.batch.process import WorkerProcess
from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import ovdiar

SLEEPS = "import time; time.sleep(600)"


class Loaded:
    """Stands for a pipeline that does something else where a worker loads it."""

    def __init__(self, program: str) -> None:
        self._program = program

    def __reduce__(self) -> tuple[Any, ...]:
        """Run the program in place of loading."""
        return exec, (self._program,)


@pytest.fixture
def outputs(tmp_path: Path) -> Outputs:
    return Outputs(str(tmp_path / "out"))


def pool_of(task: tuple[Any, Outputs], workers: int = 1) -> WorkerPool:
    return WorkerPool(task, 1, workers, TimeLimit())


def job(path: Path) -> Job:
    return Job(str(path), path.stem, size=1)


def test_why_a_worker_cannot_load_the_pipeline_ends_the_run(talks: Path, outputs: Outputs) -> None:
    program = "from ovdiar.errors import ModelError; raise ModelError('it is of schema 9: upgrade')"
    workers = pool_of((Loaded(program), outputs))
    with pytest.raises(ConfigError, match=r"^it is of schema 9: upgrade$"):
        list(workers.run([job(talks / "talk0.wav")]))
    workers.close()


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("import os; os._exit(7)", r"\(exit status 7\)"),
        ("import os; os.write(2, b'cannot map\\n'); os._exit(7)", r"\(exit status 7: cannot map\)"),
        ("import os; os.kill(os.getpid(), 9)", r"\(SIGKILL\)"),
        ("import os; os.kill(os.getpid(), 40)", r"\(signal 40\)"),
    ],
)
def test_workers_that_end_before_they_work_end_the_run_with_the_reason(
    program: str, says: str, talks: Path, outputs: Outputs
) -> None:
    if "kill" in program:
        require_posix("signals that end a process")
    workers = pool_of((Loaded(program), outputs))
    with pytest.raises(ConfigError, match=rf"end before they can work {says}: give fewer"):
        list(workers.run([job(talks / "talk0.wav")]))


def test_workers_that_never_become_ready_end_the_run(
    talks: Path, outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "START_LIMIT_S", 0.2)
    workers = pool_of((Loaded(SLEEPS), outputs))
    with pytest.raises(ConfigError, match="end before they can work"):
        list(workers.run([job(talks / "talk0.wav")]))
    workers.close()


def test_a_worker_that_does_not_end_with_its_stream_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "JOIN_S", 0.2)
    worker = WorkerProcess(Loaded(SLEEPS), 1, SimpleQueue())
    worker.close()
    worker.join()
    assert worker._process.returncode == (1 if sys.platform == "win32" else -signal.SIGKILL)


def test_a_recording_whose_worker_ends_is_not_given_to_one_that_has_ended_idle(
    talks: Path, tmp_path: Path, outputs: Outputs, pipeline: ovdiar.SpeakerDiarization
) -> None:
    require_posix("named pipes")
    held = tmp_path / "held.wav"
    os.mkfifo(held)
    workers = pool_of((pipeline, outputs), workers=2)
    rows: Iterator[Any] = workers.run([job(talks / "talk0.wav"), job(held)])
    assert next(rows)["uri"] == "talk0"
    (idle,) = (each for each in workers._workers if each.job is None)
    (busy,) = (each for each in workers._workers if each is not idle)

    def end_both() -> None:
        os.kill(idle.pid, signal.SIGKILL)
        writing = os.open(held, os.O_WRONLY)  # waits until the other one has opened it
        end = time.monotonic() + 60
        while idle in workers._workers and time.monotonic() < end:
            time.sleep(0.02)
        os.kill(busy.pid, signal.SIGKILL)
        shutil.copy(talks / "talk1.wav", tmp_path / "whole.wav")
        (tmp_path / "whole.wav").replace(held)
        os.close(writing)

    ending = threading.Thread(target=end_both)
    ending.start()
    (row,) = rows
    ending.join()
    workers.close()
    assert (row["uri"], row["status"]) == ("held", "done")
