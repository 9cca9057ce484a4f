"""The local engine survives crashed, stuck and orphaned workers, and spreads threads over cores."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from reference.material import require_posix

from ovdiar.batch import Archive, LocalEngine, Outputs, TimeLimit
from ovdiar.batch.inline import InlineEngine
from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    import ovdiar

DONE = {"talk0", "talk1", "talk2"}


def rows(out: Path) -> dict[str, dict[str, Any]]:
    found = [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]
    assert len({row["uri"] for row in found}) == len(found)
    return {row["uri"]: row for row in found}


def children(pid: int) -> list[int]:
    """List the processes that a process has started, on Linux."""
    found = []
    with contextlib.suppress(OSError):  # a thread, or all of it, has ended
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(each) for each in (task / "children").read_text("ascii").split()]
    return found


def pool_of(parent: int) -> list[int]:
    """List the workers of a process."""
    workers = []
    for pid in children(parent):
        with contextlib.suppress(OSError):
            if b"ovdiar.batch.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                workers.append(pid)
    return workers


def until(condition: Callable[[], Any], within_s: float = 60) -> Any:
    """Wait for something, and return it."""
    end = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return found


def test_the_answers_are_those_of_one_process(
    talks: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    for name, engine in (("one", InlineEngine()), ("two", LocalEngine(2))):
        outputs = Outputs(str(tmp_path / name), ("rttm", "json"))
        Archive([talks], pipeline, outputs).run(engine=engine)
    for uri in DONE:
        for suffix in ("rttm", "json"):
            one, two = (tmp_path / name / f"{uri}.{suffix}" for name in ("one", "two"))
            assert one.read_bytes() == two.read_bytes()
    assert rows(tmp_path / "one").keys() == rows(tmp_path / "two").keys()


def test_a_recording_without_end_is_given_up_and_the_rest_goes_on(
    talks: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    require_posix("named pipes")
    pipe = tmp_path / "endless.wav"
    os.mkfifo(pipe)
    engine = LocalEngine(1, limit=TimeLimit(factor=5, least_s=10))
    inputs = [pipe, talks / "talk0.wav", talks / "talk1.wav"]
    summary = Archive(inputs, pipeline, Outputs(str(tmp_path / "out"))).run(engine=engine)
    assert (summary.done, summary.failed) == (2, 1)
    error = rows(tmp_path / "out")["endless"]["error"]
    assert error["code"] == "time-limit"
    assert "took longer than 5 times its length and 10 s" in error["message"]
    assert children(os.getpid()) == []


@pytest.mark.parametrize(("kills", "done"), [(1, 3), (2, 2)])
def test_a_worker_that_ends_is_replaced_and_its_recording_tried_once_more(
    kills: int, done: int, talks: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    require_posix("process folders")
    names = ["talk0.wav", "talk1.wav", "talk2.wav"]
    first = tmp_path / "in" / names[0]
    first.parent.mkdir()
    os.mkfifo(first)
    killed: list[int] = []

    def workers() -> list[int]:
        return [pid for pid in pool_of(os.getpid()) if pid not in killed]

    def kill() -> None:
        while len(killed) < kills:
            held = os.open(first, os.O_WRONLY)  # waits until a process opens it to read
            reader = until(lambda: [p for p in (os.getpid(), *workers()) if _reads(p, first)])[0]
            if reader != os.getpid():
                os.kill(reader, signal.SIGKILL)
                killed.append(reader)
            os.close(held)
        (tmp_path / names[0]).write_bytes((talks / names[0]).read_bytes())
        (tmp_path / names[0]).replace(first)

    killer = threading.Thread(target=kill)
    killer.start()
    inputs = [first, *(talks / name for name in names[1:])]
    summary = Archive(inputs, pipeline, Outputs(str(tmp_path / "out"))).run(engine=LocalEngine(1))
    killer.join()
    assert (summary.done, len(killed)) == (done, kills)
    if kills == 2:
        error = rows(tmp_path / "out")["talk0"]["error"]
        assert error["code"] == "worker-crashed"
        assert "ended 2 worker processes (SIGKILL)" in error["message"]


def _reads(pid: int, pipe: Path) -> bool:
    """Tell whether a process has opened a pipe to read."""
    with contextlib.suppress(OSError):  # it, or what it had opened, has gone
        for each in Path(f"/proc/{pid}/fd").iterdir():
            if each.readlink() == pipe:
                flags = Path(f"/proc/{pid}/fdinfo/{each.name}").read_text("ascii")
                if not int(re.findall(r"flags:\s*(\d+)", flags)[0], 8) & os.O_WRONLY:
                    return True
    return False


def batch(*arguments: object) -> subprocess.Popen[str]:
    """Start the command in a process of its own."""
    command = [sys.executable, "-m", "ovdiar", "batch", *(str(each) for each in arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_a_batch_that_is_killed_is_ended_by_the_next_and_leaves_no_process(
    talks: Path, tiny: Path, tmp_path: Path
) -> None:
    require_posix("process folders")
    given = (talks, "-o", tmp_path, "--models", tiny, "--workers", 2)
    process = batch(*given)
    workers = until(lambda: len(found := pool_of(process.pid)) == 2 and found)
    until((tmp_path / "results.jsonl").is_file)
    process.kill()
    process.wait()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), within_s=30)
    last = batch(*given)
    assert last.wait(timeout=300) == 3
    found = rows(tmp_path)
    assert {uri for uri, row in found.items() if row["status"] == "done"} == DONE
    names = {*(f"{uri}.rttm" for uri in DONE), "results.jsonl"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_two_batches_on_one_folder_do_no_harm(talks: Path, tiny: Path, tmp_path: Path) -> None:
    both = [
        batch(talks, "-o", tmp_path / "out", "--models", tiny, "--workers", 1) for _ in range(2)
    ]
    assert [process.wait(timeout=300) for process in both] == [3, 3]
    found = rows(tmp_path / "out")
    assert {uri for uri, row in found.items() if row["status"] == "done"} == DONE
    names = {*(f"{uri}.rttm" for uri in DONE), "results.jsonl"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names


def test_no_thread_of_two_workers_stays_bound_to_a_core(
    talks: Path, tiny: Path, tmp_path: Path
) -> None:
    """OpenVINO binds a thread to each core for a moment, to learn what cores there are."""
    require_posix("process folders")
    process = batch(talks, "-o", tmp_path, "--models", tiny, "--workers", 2, "--threads", 2)
    seen: dict[int, Counter[frozenset[int]]] = {}
    while process.poll() is None:
        for pid in pool_of(process.pid):
            seen.setdefault(pid, Counter()).update(_affinities(pid))
    assert len(seen) == 2
    free = frozenset(os.sched_getaffinity(0))
    shares = [1 - cores[free] / cores.total() for cores in seen.values()]
    assert all(share < 0.01 for share in shares)


def _affinities(pid: int) -> list[frozenset[int]]:
    """Return the cores that each thread of a process may run on."""
    found = []
    with contextlib.suppress(OSError):  # the process has ended
        for each in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):  # the thread has ended
                found.append(frozenset(os.sched_getaffinity(int(each.name))))
    return found


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: LocalEngine(0), "workers is 0: give at least 1"),
        (lambda: LocalEngine(1, threads=0), "threads is 0: give at least 1"),
        (lambda: TimeLimit(factor=0), "factor is 0: give a number above 0"),
        (lambda: TimeLimit(least_s=float("nan")), "least_s is nan"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        make()
