"""An archive of short recordings in a batch that is killed: prints Markdown, writes JSON.

cd tests && python -m benchmarks.archive FOLDER [--recordings 1000] [--kills 3] [--long-hours 3]
[--json FILE]

FOLDER keeps the recordings: 5 to 10 s each of two voices, a long one, and with them one that is
corrupt, one that is empty and one that is missing. The rate of one process with one thread is
measured first; then the batch is started and killed by SIGKILL at random moments, and run to its
end. Needs the reference material.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from benchmarks.acoustics import RATE
from benchmarks.conversations import phrases, spoken
from benchmarks.machine import describe
from benchmarks.simulation import conversation

SINGLE = """
import sys, json, time, resource
import ovdiar
from ovdiar.batch.inline import InlineEngine
from ovdiar.batch.outputs import Outputs
from ovdiar.batch.work_list import collect
bundle, mode, out, *paths = sys.argv[1:]
pipeline = ovdiar.SpeakerDiarization(ovdiar.load(bundle, threads=1), embedding_reuse=mode)
jobs = collect(paths).jobs
rows = InlineEngine().run(pipeline, Outputs(out), jobs)
next(rows)
began, cpu = time.monotonic(), time.process_time()
count = len(list(rows))
spent = time.monotonic() - began
print(json.dumps({"count": count, "wall_s": spent, "cpu_s": time.process_time() - cpu}))
"""
FAILING = ("corrupt", "empty", "missing")


def make(folder: Path, recordings: int, long_hours: float) -> Path:
    """Make the recordings that are lacking; return the manifest of all."""
    folder.mkdir(parents=True, exist_ok=True)
    held = {name: rows for name, rows in phrases().items() if sum(e - s for _, s, e in rows) > 8}
    voices = sorted(held)
    names = [f"call{number:05d}" for number in range(recordings)]
    for number, name in enumerate(names):
        path = folder / f"{name}.flac"
        if not path.is_file():
            soundfile.write(path, _call(held, voices, np.random.default_rng(number)), RATE)
    (folder / "corrupt.wav").write_bytes(b"RIFF" + bytes(range(256)) * 40)
    (folder / "empty.wav").write_bytes(b"")
    rows = [f"{name}.flac" for name in names] + ["corrupt.wav", "empty.wav", "missing.wav"]
    if long_hours:
        rows.append(conversation(folder, long_hours * 60).name)
    manifest = folder / "all.jsonl"
    lines = (json.dumps({"path": row, "uri": Path(row).stem}) + "\n" for row in rows)
    manifest.write_text("".join(lines), encoding="utf-8")
    return manifest


def _call(held: dict[str, Any], voices: list[str], rng: np.random.Generator) -> Any:
    """Let two voices speak in turn for 5 to 10 s, over faint noise."""
    pair = [held[str(name)] for name in rng.choice(voices, 2, replace=False)]
    parts, length, turn = [], 0, 0
    wanted = int(rng.uniform(5, 10) * RATE)
    while length < wanted:
        rows = pair[turn % 2]
        parts += [spoken(*rows[int(rng.integers(len(rows)))]), np.zeros(RATE // 4, np.float32)]
        length += len(parts[-2]) + len(parts[-1])
        turn += 1
    signal = np.concatenate(parts)[:wanted] * 0.05
    return signal + 1e-4 * rng.standard_normal(len(signal)).astype(np.float32)


def single_rate(bundle: str, folder: Path, count: int, *, fast: bool) -> dict[str, Any]:
    """Time one process with one thread, without its start."""
    paths = [str(folder / f"call{number:05d}.flac") for number in range(count + 1)]
    mode = "shared" if fast else "window"
    command = [sys.executable, "-c", SINGLE, bundle, mode, str(folder / "single"), *paths]
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **limits}
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


class Memory(threading.Thread):
    """Samples the resident memory of a process's children, MB, every second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid, self.samples = pid, list[tuple[float, float]]()
        self.start()

    def run(self) -> None:
        began = time.monotonic()
        while Path(f"/proc/{self._pid}").exists():
            sizes = [_resident_mb(pid) for pid in children(self._pid)]
            if sizes:
                self.samples.append((time.monotonic() - began, max(sizes)))
            time.sleep(1)


def children(pid: int) -> list[int]:
    """List the processes that a process has started."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(each) for each in text.split()]


def _resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * resource.getpagesize() / 2**20


def killed(command: list[str], after_s: float) -> dict[str, Any]:
    """Start the batch, kill it, and see how long its workers go on."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    time.sleep(after_s)
    workers = children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    began = time.monotonic()
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        if time.monotonic() - began > 60:
            break
        time.sleep(0.05)
    return {
        "after_s": after_s,
        "workers": len(workers),
        "workers_end_after_s": time.monotonic() - began,
    }


def checked(manifest: Path, out: Path) -> dict[str, Any]:
    """Compare the outputs and the rows with the manifest."""
    wanted = [json.loads(line)["uri"] for line in manifest.read_text("utf-8").splitlines()]
    lines = (out / "results.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    done = {row["uri"] for row in rows if row["status"] == "done"}
    files = sorted(path.name for path in out.rglob("*") if path.is_file())
    return {
        "recordings": len(wanted),
        "rows": len(rows),
        "every recording has one row": sorted(row["uri"] for row in rows) == sorted(wanted),
        "done": len(done),
        "every output is there once": files
        == sorted([*(f"{u}.rttm" for u in done), "results.jsonl"]),
        "failed": {row["uri"]: row["error"]["code"] for row in rows if row["status"] == "failed"},
    }


def main() -> None:
    """Make, run, kill, run, check, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bundle", default="base")
    parser.add_argument("--fast", action="store_true", help="as of ovdiar batch")
    parser.add_argument("--recordings", type=int, default=1000)
    parser.add_argument("--long-hours", type=float, default=3)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--kill-within-s", type=float, default=120)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--single", type=int, default=60, help="recordings of the single process")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    manifest = make(options.folder, options.recordings, options.long_hours)
    out = options.folder / "out"
    command = [sys.executable, "-m", "ovdiar", "batch", str(manifest), "-o", str(out)]
    command += ["--models", options.bundle, "--workers", str(options.workers)]
    command += ["--fast"] * options.fast
    found: dict[str, Any] = {
        "single": single_rate(options.bundle, options.folder, options.single, fast=options.fast)
    }
    moments = np.random.default_rng(0).uniform(5, options.kill_within_s, options.kills)
    found["kills"] = [killed(command, float(moment)) for moment in moments]
    began = time.monotonic()
    before = _rows(out)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    memory = Memory(process.pid)
    _, said = process.communicate()
    spent = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    found["last run"] = {
        "exit status": process.returncode,
        "said": said.strip().splitlines()[-1],
        "wall_s": spent,
        "recordings": _rows(out) - before,
        "children_cpu_s": used.ru_utime + used.ru_stime,
    }
    found["memory_mb"] = memory.samples[:: max(1, len(memory.samples) // 20)]
    found["check"] = checked(manifest, out)
    found["machine"] = describe()
    text = json.dumps(found, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")


def _rows(out: Path) -> int:
    path = out / "results.jsonl"
    return len(path.read_bytes().splitlines()) if path.is_file() else 0


if __name__ == "__main__":
    main()
