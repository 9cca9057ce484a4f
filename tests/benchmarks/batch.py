"""An archive of short recordings, in one process, in a batch, and in a batch that is killed.

cd tests && python -m benchmarks.batch FOLDER [--recordings 1000] [--workers 2] [--kills 3]
[--long-hours 3] [--seed N] [--bundle base] [--json FILE] [--write PAGE]

FOLDER keeps the recordings: calls of 5 to 10 s of two voices, a long one, and with them one that is
corrupt, one that is empty and one that is missing. Four things are measured:

1. the rate of one process with one thread, without its start;
2. the rate of as many such processes at once as there are workers, which share no work: what the
   machine's cores are worth;
3. a batch of the short recordings: its rate without the start, and the memory of the parent and of
   each worker over time;
4. a batch of all, which is killed by SIGKILL at random moments, and a last run to the end: whether
   every recording is done once, what failed is reported, and no process is left.

Prints a table, writes JSON; the exit status is 1 if a promise is not kept. Needs the reference
material and Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.archive_material import FAILING, make
from benchmarks.machine import describe, put
from benchmarks.processes import Command, growth_mb

from ovdiar.batch.results import rows_of
from ovdiar.batch.storage import LocalFolder

if TYPE_CHECKING:
    from benchmarks.archive_material import Material

SINGLE = """
import json, resource, sys, time
import ovdiar
from ovdiar.batch.inline import InlineEngine
from ovdiar.batch.outputs import Outputs
from ovdiar.batch.work_list import collect
bundle, manifest, out, count = sys.argv[1:]
pipeline = ovdiar.SpeakerDiarization(ovdiar.load(bundle, threads=1))
jobs = collect([manifest]).jobs
jobs = jobs[:: len(jobs) // (int(count) + 1)][: int(count) + 1]
rows = InlineEngine().run(pipeline, Outputs(out), jobs)
next(rows)
began, cpu = time.monotonic(), time.process_time()
audio_s = [row["duration_s"] for row in rows]
print(json.dumps({
    "recordings": len(audio_s),
    "audio_s": sum(audio_s),
    "wall_s": time.monotonic() - began,
    "cpu_s": time.process_time() - cpu,
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
}))
"""
LIMITED = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
NEAR = 0.9
"""Least share of the rate of independent processes that a batch keeps."""
FLAT = 0.05
"""Most growth of a process's memory from the second to the last fifth of a run, as a share."""
KEPT = 60
"""Samples of memory that the JSON holds."""


def single(options: argparse.Namespace, material: Material, processes: int) -> dict[str, Any]:
    """Diarize some recordings in one process with one thread, or in several at once."""
    count = min(options.single, len(material.names) - 1)
    outs = [options.folder / f"single{number}" for number in range(processes)]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SINGLE, options.bundle, material.short, out, str(count)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **LIMITED},
        )
        for out in outs
    ]
    answers = [process.communicate()[0] for process in running]
    for out in outs:
        shutil.rmtree(out)
    found = [json.loads(answer) for answer in answers]
    return {
        "processes": processes,
        "recordings": found[0]["recordings"],
        "x_real_time": sum(each["audio_s"] / each["wall_s"] for each in found),
        "cpu_s_a_second": sum(e["cpu_s"] for e in found) / sum(e["audio_s"] for e in found),
        "peak_mb": max(each["peak_mb"] for each in found),
    }


def batch(options: argparse.Namespace, manifest: Path, out: Path) -> Command:
    """Start the command."""
    command = [sys.executable, "-m", "ovdiar", "batch", str(manifest), "-o", str(out)]
    command += ["--models", options.bundle, "--workers", str(options.workers)]
    return Command(command, lambda: count_rows(out))


def count_rows(out: Path) -> int:
    """Count the rows that are recorded."""
    path = out / "results.jsonl"
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def clean(options: argparse.Namespace, material: Material) -> dict[str, Any]:
    """Run a batch of the short recordings to its end, and watch it."""
    out = options.folder / "clean"
    shutil.rmtree(out, ignore_errors=True)
    with batch(options, material.short, out) as command:
        status, said = command.wait()
        samples = command.samples
        left = command.descendants()
    first = next(each for each in samples if each.done >= options.workers)
    last = next(each for each in samples if each.done == samples[-1].done)
    lines = (out / "results.jsonl").read_text("utf-8").splitlines()[first.done : last.done]
    audio_s = sum(json.loads(line)["duration_s"] for line in lines)
    step = max(1, len(samples) // KEPT)
    return {
        "exit status": status,
        "said": said,
        "wall_s": command.wall_s,
        "start_s": first.at_s,
        "recordings": len(lines),
        "x_real_time": audio_s / (last.at_s - first.at_s),
        "growth_mb": growth_mb(samples),
        "samples": [
            [each.at_s, each.done, each.parent_mb, *each.children_mb.values()]
            for each in samples[::step]
        ],
        "left": len(left),
    }


def killed(options: argparse.Namespace, material: Material, within_s: float) -> dict[str, Any]:
    """Kill a batch of all at random moments, run it to its end, and compare what came of it."""
    out = options.folder / "killed"
    shutil.rmtree(out, ignore_errors=True)
    moments = np.random.default_rng(options.seed).uniform(0, within_s, options.kills)
    kills, before = [], [written(out)]
    for moment in map(float, moments):
        with batch(options, material.all, out) as command:
            hit = command.kill_after(moment)
            ended_s = command.descendants_end_after_s()
        before.append(written(out))
        kills.append({"after_s": moment, "running": hit, "workers_end_after_s": ended_s})
        kills[-1]["rows"] = count_rows(out)
    with batch(options, material.all, out) as command:
        status, said = command.wait()
        left = command.descendants()
    before.append(written(out))
    touched = [
        name
        for earlier, later in pairwise(before)
        for name, state in earlier.items()
        if later.get(name) != state
    ]
    return {
        "kills": kills,
        "exit status": status,
        "said": said,
        "wall_s": command.wall_s,
        "left": len(left) + sum(each["workers_end_after_s"] is None for each in kills),
        "done again": len(touched),
        **compared(material.all_names, out),
    }


def written(out: Path) -> dict[str, int]:
    """Return the time of each output whose recording is recorded as done."""
    rows = rows_of(LocalFolder(str(out)))
    names = [name for row in rows if row["status"] == "done" for name in row["outputs"]]
    return {name: (out / name).stat().st_mtime_ns for name in names}


def compared(names: list[str], out: Path) -> dict[str, Any]:
    """Compare rows and files with the names of all recordings."""
    lines = (out / "results.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    files = sorted(path.name for path in out.rglob("*") if path.is_file())
    done = sorted(row["uri"] for row in rows if row["status"] == "done")
    return {
        "recordings": len(names),
        "one row each": sorted(row["uri"] for row in rows) == sorted(names),
        "one output each": files == sorted([*(f"{uri}.rttm" for uri in done), "results.jsonl"]),
        "done": len(done),
        "failed": {row["uri"]: row["error"]["code"] for row in rows if row["status"] == "failed"},
    }


def table(found: dict[str, Any], workers: int) -> tuple[str, bool]:
    """Render what was measured beside what is promised; tell whether every promise is kept."""
    one, several, run, kill = (found[name] for name in ("one", "several", "batch", "killed"))
    alone, together, rate = (each["x_real_time"] for each in (one, several, run))
    growth = {name: f"{early:g} to {late:g} MB" for name, (early, late) in run["growth_mb"].items()}
    flat = all(late <= early * (1 + FLAT) for early, late in run["growth_mb"].values())
    ends = [each["workers_end_after_s"] for each in kill["kills"]]
    slowest = max((end for end in ends if end is not None), default=0.0)
    once = kill["one row each"] and kill["one output each"] and not kill["done again"]
    moments = ", ".join(f"{each['after_s']:.0f} s ({each['rows']} rows)" for each in kill["kills"])
    rows: list[tuple[str, str, str, bool | None]] = [
        ("one process, one thread", f"{alone:.1f} x real time", "", None),
        (f"{workers} such processes at once", f"{together:.1f} x real time", "", None),
        (
            f"batch, {workers} workers",
            f"{rate:.1f} x real time: {rate / alone:.2f} times one, {rate / together:.0%} of those",
            f"at least {NEAR:.0%}",
            rate >= NEAR * together,
        ),
        ("CPU time, a second of audio", f"{one['cpu_s_a_second']:.4f} s", "", None),
        (
            "memory, second to last fifth",
            ", ".join(f"{name} {text}" for name, text in growth.items()),
            f"at most {FLAT:.0%} more",
            flat and len(growth) == workers + 1,
        ),
        (
            "parent killed after",
            moments,
            "while it runs",
            all(each["running"] for each in kill["kills"]),
        ),
        (
            "its workers end within",
            f"{slowest:.1f} s; {kill['left'] + run['left']} processes left",
            "none left",
            kill["left"] + run["left"] == 0,
        ),
        (
            "each recording once",
            f"{kill['recordings']} recordings, {kill['done']} done, {kill['done again']} again",
            "a row and an output each",
            once and kill["done"] + len(kill["failed"]) == kill["recordings"],
        ),
        (
            "failed",
            ", ".join(f"{name}: {code}" for name, code in kill["failed"].items()),
            "only what cannot be read",
            kill["failed"] == FAILING and kill["exit status"] == 3 and run["exit status"] == 0,
        ),
    ]
    marks = {None: "", True: "yes", False: "**no**"}
    lines = ["| | measured | promised | kept |", "| --- | --- | --- | --- |"]
    lines += [f"| {name} | {text} | {said} | {marks[kept]} |" for name, text, said, kept in rows]
    return "\n".join(lines), all(kept is not False for *_, kept in rows)


def main() -> None:
    """Make, run, kill, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bundle", default="base")
    parser.add_argument("--recordings", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--single", type=int, default=100, help="recordings of a single process")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--kill-within-s", type=float, help="default: a share of the work")
    parser.add_argument("--seed", type=int, help="of the moments (default: a new one)")
    parser.add_argument("--long-hours", type=float, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = secrets.randbelow(2**32)
    material = make(options.folder, options.recordings, options.long_hours)
    found: dict[str, Any] = {"seed": options.seed, "hours": material.hours, "machine": describe()}
    for name, processes in (("one", 1), ("several", options.workers)):
        found[name] = single(options, material, processes)
        print(name, found[name], file=sys.stderr, flush=True)
    found["batch"] = clean(options, material)
    print("batch", found["batch"]["said"], file=sys.stderr, flush=True)
    work_s = (material.hours + options.long_hours) * 3600 * found["one"]["cpu_s_a_second"]
    expected_s = found["batch"]["start_s"] + work_s / options.workers / (options.kills + 1)
    within_s = options.kill_within_s or expected_s
    found["killed"] = killed(options, material, within_s)
    text, is_kept = table(found, options.workers)
    text += f"\n\n{options.recordings} calls, {material.hours:.2f} h, and {options.long_hours:g} h "
    text += f"in one recording; {options.bundle}; seed {options.seed}; {found['machine']}"
    print(text)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if options.write:
        put(options.write, "batch", text)
    sys.exit(not is_kept)


if __name__ == "__main__":
    main()
