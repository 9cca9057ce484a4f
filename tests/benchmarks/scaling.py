"""What longer recordings cost, in time and in memory: prints Markdown, writes JSON and a page.

cd tests && python -m benchmarks.scaling --bundle FOLDER [--minutes 1 6 60 480] [--json FILE]
[--write PAGE]

FOLDER holds the networks of `benchmarks.speed` (it makes them). Each recording runs in a process of
its own, ``tiny`` as it comes and the WeSpeaker bundle in fast mode; needs the reference material.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import describe, put
from benchmarks.simulation import conversation

RUNNER = Path(__file__).parent / "runners" / "run_ovdiar.py"


def run(audio: Path, bundle: str, options: dict[str, Any]) -> dict[str, Any]:
    """Time one recording."""
    task = {"bundle": bundle, "options": options, "audio": str(audio), "warm_up_s": 10}
    command = [sys.executable, str(RUNNER), json.dumps({**task, "threads": None})]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    outcome: dict[str, Any] = json.loads(answer)
    outcome["turns"] = len(outcome.pop("rttm").splitlines())
    return outcome


def markdown(found: dict[str, dict[float, dict[str, Any]]]) -> str:
    """Render a row for each mode and length."""
    lines = ["| mode | minutes | s | s per minute | peak MB | turns |"]
    lines.append("| --- " * 6 + "|")
    for mode, rows in found.items():
        for minutes, row in rows.items():
            seconds = row["seconds"]
            lines.append(
                f"| {mode} | {minutes:g} | {seconds:.1f} | {seconds / minutes:.2f} "
                f"| {row['peak_mb']:.0f} | {row['turns']} |"
            )
    return "\n".join([*lines, "", describe()])


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bundle", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 6, 60, 480], metavar="M")
    parser.add_argument("--modes", nargs="+", choices=["tiny", "fast"], default=["tiny", "fast"])
    parser.add_argument("--recordings", type=Path, metavar="FOLDER", help="where they are kept")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args()
    modes = {"tiny": ("tiny", {}), "fast": (str(options.bundle), {"embedding_reuse": "shared"})}
    found: dict[str, dict[float, dict[str, Any]]] = {mode: {} for mode in options.modes}
    with tempfile.TemporaryDirectory() as folder:
        for minutes in options.minutes:
            audio = conversation(options.recordings or Path(folder), minutes)
            for mode in options.modes:
                bundle, more = modes[mode]
                found[mode][minutes] = run(audio, bundle, more)
                print(mode, minutes, found[mode][minutes], file=sys.stderr, flush=True)
    text = markdown(found)
    print(text)
    if options.json is not None:
        content = {"machine": describe(), "found": found}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if options.write is not None:
        put(options.write, "scaling", text)


if __name__ == "__main__":
    main()
