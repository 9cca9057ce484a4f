"""The same bytes, whatever the environment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from robustness.tally import Tally

if TYPE_CHECKING:
    from pathlib import Path

    from robustness.commands import Place

OPTIONS = (
    [],
    *(["--threads", str(number)] for number in (1, 2, 3, 8)),
    *(["--batch-size", str(number)] for number in (1, 2, 7, 64)),
)
ENVIRONMENTS = (
    *({"PYTHONHASHSEED": str(seed)} for seed in (0, 1, 4711)),
    *({"LC_ALL": name, "LANG": name} for name in ("C", "C.UTF-8", "de_DE.UTF-8", "tr_TR.UTF-8")),
    *({"TZ": zone} for zone in ("UTC", "Asia/Kathmandu", "America/St_Johns")),
    *({"OMP_NUM_THREADS": str(number)} for number in (1, 4)),
    {"PYTHONOPTIMIZE": "2"},
    {"PYTHONDEVMODE": "1"},
)


def same_bytes(place: Place, bundle: Path, recording: Path, every: int) -> Tally:
    """Diarize with each option, environment and folder; ``every`` so manieth of them is tried."""
    tally = Tally("the same bytes: threads, batches, hash seeds, locales, zones, folders")
    arguments = ["-m", "ovdiar", "diarize", str(recording), "--models", str(bundle)]
    cases: list[tuple[list[str], dict[str, str]]] = [(options, {}) for options in OPTIONS]
    cases += [([], environment) for environment in ENVIRONMENTS]
    answers: dict[str, str] = {}
    for options, environment in cases[::every]:
        with tally.one():
            process = replace(place, more=environment).start([*arguments, *options])
            out, err = process.communicate(timeout=300)
        what = f"{options} {environment}"
        answers.setdefault(out, what)
        tally.expect(process.returncode == 0 and bool(out), f"{what}: {err[-300:]!r}")
        tally.expect(len(answers) == 1, f"{what} differs from {next(iter(answers.values()))}")
    return tally
