"""The full run over damaged recordings: ``python -m robustness.audio --count 20000 --seed 0``.

Every file is read as the commands read it; of every hundredth, ``ovdiar vad`` is run as a whole.
A failure is a traceback, a hang, a crash, or a silent loss: a file that was cut or joined, whose
format states its length, and which is read in part without a notice.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.mutations import mutants
from robustness.reading import ANSWERED, CRASH, HANG, REFUSED, TRACEBACK, Reader
from robustness.recordings import by_ffmpeg, by_soundfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robustness.mutations import Mutant
    from robustness.reading import Outcome
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


def measured(originals: Sequence[Original], folder: Path, reader: Reader) -> list[Original]:
    """Give each original the duration that is read of it; leave out what is not read whole."""
    found = []
    for original in originals:
        path = folder / f"whole.{original.suffix}"
        path.write_bytes(original.data)
        outcome = reader.read(path)
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
        from robustness.reading import Outcome

        return Outcome(HANG, message=f"command: hang of {path.name}", time_s=4 * LIMIT_S)
    from robustness.reading import Outcome

    error = done.stderr.decode(errors="replace")
    kind = {0: ANSWERED, 2: REFUSED}.get(done.returncode, CRASH)
    if "Traceback" in error:
        kind = TRACEBACK
    return Outcome(kind, message=error[-500:], time_s=time.perf_counter() - started)


def run(
    count: int, seed: int, *, forms: Sequence[Original], folder: Path, command_every: int
) -> dict[str, Any]:
    """Try so many mutants, and return the table."""
    rows: dict[str, Row] = {}
    failures: list[dict[str, Any]] = []
    commands = Row()
    with Reader(LIMIT_S) as reader:
        originals = measured(forms, folder, reader)
        announcing = {original.form: original.announces for original in originals}
        for mutant in mutants(originals, count, seed):
            path = folder / f"{mutant.number}-{mutant.kind}.{mutant.suffix}"
            path.write_bytes(mutant.data)
            outcome = reader.read(path)
            loss = loss_of(mutant, outcome, announces=announcing[mutant.form])
            rows.setdefault(mutant.form, Row()).add(outcome, loss)
            if command_every and mutant.number % command_every == command_every - 1:
                whole = run_command(path)
                commands.add(whole, "")
                if whole.kind not in (ANSWERED, REFUSED):
                    failures.append(_failure(mutant, whole, "command"))
            if loss == "silent" or outcome.kind not in (ANSWERED, REFUSED):
                failures.append(_failure(mutant, outcome, loss))
            path.unlink()
    total = Row()
    for row in rows.values():
        total.files += row.files
        total.outcomes += row.outcomes
        total.notices += row.notices
        total.silent_losses += row.silent_losses
        total.undetectable += row.undetectable
        total.longest_s = max(total.longest_s, row.longest_s)
        total.peak_mb = max(total.peak_mb, row.peak_mb)
    return {
        "seed": seed,
        "total": total.to_dict(),
        "commands": commands.to_dict(),
        "formats": {form: row.to_dict() for form, row in sorted(rows.items())},
        "failures": failures,
    }


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
    parser.add_argument("-o", "--output", type=Path, default=Path("robustness-audio.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = run(
            options.count,
            options.seed,
            forms=[*by_soundfile(), *by_ffmpeg()],
            folder=Path(folder),
            command_every=options.command_every,
        )
    options.output.write_text(json.dumps(table, indent=1), encoding="utf-8")
    sys.stdout.write(json.dumps(table["total"], indent=1) + "\n")
    return 1 if table["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
