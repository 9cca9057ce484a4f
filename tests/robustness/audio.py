"""The full run over damaged recordings: ``python -m robustness.audio --count 20000 --seed 0``.

Every file is read as the commands read it; of every hundredth, ``ovdiar vad`` is run as a whole.
A failure is a traceback, a hang, a crash, or a silent loss: a file that was cut or joined, whose
format states its length, and which is read in part without a notice.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from robustness.mutations import mutants
from robustness.reading import ANSWERED, CRASH, HANG, REFUSED, TRACEBACK, Outcome, Reader
from robustness.recordings import by_ffmpeg, by_soundfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robustness.mutations import Mutant
    from robustness.recordings import Original

LIMIT_S = 30.0
COMMAND_EVERY = 100
LOSS_S, LOSS = 0.35, 0.05
"""How much less may be read without a notice: seconds, or a share; encoders cut and pad."""


@dataclass
class Row:
    """Figures of one format."""

    files: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    notices: Counter[str] = field(default_factory=Counter)
    silent_losses: int = 0
    undetectable: int = 0
    longest_s: float = 0.0
    peak_mb: float = 0.0

    def add(self, outcome: Outcome, loss: str) -> None:
        """Count an outcome."""
        self.files += 1
        self.outcomes[outcome.kind] += 1
        self.notices.update(outcome.notices)
        self.silent_losses += loss == "silent"
        self.undetectable += loss == "undetectable"
        self.longest_s = max(self.longest_s, outcome.time_s)
        self.peak_mb = max(self.peak_mb, outcome.peak_mb)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "files": self.files,
            "answered": self.outcomes[ANSWERED],
            "refused": self.outcomes[REFUSED],
            "notices": dict(self.notices),
            "tracebacks": self.outcomes[TRACEBACK],
            "hangs": self.outcomes[HANG],
            "crashes": self.outcomes[CRASH],
            "silent_losses": self.silent_losses,
            "cut where the format states no length": self.undetectable,
            "longest_s": round(self.longest_s, 2),
            "peak_mb": round(self.peak_mb),
        }


def measured(
    originals: Sequence[Original], folder: Path, readers: SimpleQueue[Reader]
) -> list[Original]:
    """Give each original the duration that is read of it; leave out what is not read whole."""
    found = []
    for original in originals:
        path = folder / f"whole.{original.suffix}"
        path.write_bytes(original.data)
        outcome = _read(path, readers)
        if outcome.kind == ANSWERED and not outcome.notices:
            found.append(replace(original, duration_s=outcome.heard_s))
        else:
            sys.stderr.write(f"{original.form}: left out: {outcome}\n")
    return found


def loss_of(mutant: Mutant, outcome: Outcome, *, announces: bool) -> str:
    """Tell whether a part was not read without a notice: "silent", "undetectable" or ""."""
    if outcome.kind != ANSWERED or outcome.notices or mutant.expected_s is None:
        return ""
    enough = outcome.heard_s + max(LOSS_S, LOSS * mutant.expected_s) >= mutant.expected_s
    return "" if enough else "silent" if announces else "undetectable"


def run_command(path: Path) -> Outcome:
    """Run ``ovdiar vad`` over a file."""
    command = [sys.executable, "-m", "ovdiar", "vad", str(path), "--models", "tiny"]
    started = time.perf_counter()
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=4 * LIMIT_S)
    except subprocess.TimeoutExpired:
        return Outcome(HANG, message=f"command: hang of {path.name}", time_s=4 * LIMIT_S)
    error = done.stderr.decode(errors="replace")
    kind = {0: ANSWERED, 2: REFUSED}.get(done.returncode, CRASH)
    if "Traceback" in error:
        kind = TRACEBACK
    return Outcome(kind, message=error[-500:], time_s=time.perf_counter() - started)


def run(
    count: int,
    seed: int,
    *,
    forms: Sequence[Original],
    folder: Path,
    command_every: int = 0,
    jobs: int = 1,
    limit_s: float = math.inf,
) -> dict[str, Any]:
    """Try so many mutants, or as many as the time allows, and return the table."""
    rows: dict[str, Row] = {}
    failures: list[dict[str, Any]] = []
    commands, total = Row(), Row()
    started = time.perf_counter()
    with ExitStack() as stack:
        readers: SimpleQueue[Reader] = SimpleQueue()
        for _ in range(jobs):
            readers.put(stack.enter_context(Reader(LIMIT_S)))
        originals = measured(forms, folder, readers)
        announcing = {original.form: original.announces for original in originals}

        def attempt(mutant: Mutant) -> tuple[Mutant, Outcome, Outcome | None]:
            path = folder / f"{mutant.number}-{mutant.kind}.{mutant.suffix}"
            path.write_bytes(mutant.data)
            outcome = _read(path, readers)
            chosen = command_every and mutant.number % command_every == command_every - 1
            whole = run_command(path) if chosen else None
            path.unlink()
            return replace(mutant, data=b""), outcome, whole

        threads = stack.enter_context(ThreadPoolExecutor(jobs))
        numbers = mutants(originals, count, seed)
        while time.perf_counter() < started + limit_s and (
            batch := list(islice(numbers, 10 * jobs))
        ):
            for mutant, outcome, whole in threads.map(attempt, batch):
                loss = loss_of(mutant, outcome, announces=announcing[mutant.form])
                rows.setdefault(mutant.form, Row()).add(outcome, loss)
                total.add(outcome, loss)
                if loss == "silent" or outcome.kind not in (ANSWERED, REFUSED):
                    failures.append(_failure(mutant, outcome, loss))
                if whole is not None:
                    commands.add(whole, "")
                    if whole.kind not in (ANSWERED, REFUSED):
                        failures.append(_failure(mutant, whole, "command"))
    return {
        "seed": seed,
        "minutes": round((time.perf_counter() - started) / 60, 1),
        "total": total.to_dict(),
        "commands": commands.to_dict(),
        "formats": {form: row.to_dict() for form, row in sorted(rows.items())},
        "failures": failures,
    }


def _read(path: Path, readers: SimpleQueue[Reader]) -> Outcome:
    reader = readers.get()
    try:
        return reader.read(path)
    finally:
        readers.put(reader)


def _failure(mutant: Mutant, outcome: Outcome, loss: str) -> dict[str, Any]:
    return {
        "number": mutant.number,
        "kind": mutant.kind,
        "format": mutant.form,
        "outcome": outcome.kind,
        "loss": loss,
        "heard_s": outcome.heard_s,
        "expected_s": mutant.expected_s,
        "message": outcome.message,
    }


def main() -> int:
    """Parse the command line, run, and write the table; return 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m robustness.audio", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--command-every", type=int, default=COMMAND_EVERY)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("-o", "--output", type=Path, default=Path("robustness-audio.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = run(
            options.count,
            options.seed,
            forms=[*by_soundfile(), *by_ffmpeg()],
            folder=Path(folder),
            command_every=options.command_every,
            jobs=options.jobs,
            limit_s=60 * options.minutes,
        )
    options.output.write_text(json.dumps(table, indent=1), encoding="utf-8")
    sys.stdout.write(json.dumps(table["total"], indent=1) + "\n")
    return 1 if table["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
