"""Disturb processes: ``python -m robustness.processes --bundle FOLDER`` does all of it.

Prints a table, and each failure; the exit status is 1 if there was any.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import soundfile

from robustness import compiled, concurrency, faults, sameness
from robustness.commands import Place, commands, export
from robustness.tally import HEAD, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DATA = Path(__file__).resolve().parent.parent / "data"
EXCERPT_S = 14
RECORDING, RTTM = DATA / "conversation.flac", DATA / "conversation.rttm"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
SEED = 14
PARTS = "disturbed exported cached concurrent same"


def excerpt(root: Path) -> Path:
    """Write the beginning of the recording, which is run hundreds of times."""
    path = root / "excerpt.flac"
    samples, rate = soundfile.read(RECORDING)
    soundfile.write(path, samples[: EXCERPT_S * rate], rate)
    return path


def disturbed(root: Path, bundle: Path, tries: int) -> Iterator[Tally]:
    """Send signals to diarize, report and tune; fill disks; take rights away."""
    place = Place(root / "commands")
    for command in commands(place, bundle, excerpt(root), RTTM):
        for seed, number in enumerate(SIGNALS, SEED):
            yield faults.kill(place, command, number, tries, seed)
        yield faults.full_disk(place, command, tries, SEED)
        if shutil.which("setpriv") and os.geteuid() == 0:
            yield faults.without_rights(place, command)


def exported(root: Path, tries: int) -> Iterator[Tally]:
    """Send signals to the export of a bundle."""
    place = Place(root / "export")
    command = export(place, os.environ.get("OVDIAR_WHEELS"))
    for seed, number in enumerate(SIGNALS, SEED):
        yield faults.kill(place, command, number, tries, seed)


def cached(root: Path, bundle: Path, rounds: int, tries: int) -> Iterator[Tally]:
    """Disturb the cache of compiled networks."""
    yield compiled.cold_cache(Place(root / "cold"), bundle, excerpt(root), rounds)
    yield compiled.flipped_bits(root / "flipped", bundle, tries, SEED)


def concurrent(bundle: Path, recordings: int) -> Iterator[Tally]:
    """Run in threads, processes and an event loop."""
    yield concurrency.threads(bundle, RECORDING, recordings)
    for method in ("fork", "spawn"):
        yield concurrency.processes(bundle, RECORDING, recordings, method)
    yield concurrency.coroutines(bundle, RECORDING, recordings)


def same(root: Path, bundle: Path, every: int) -> Iterator[Tally]:
    """Compare answers in several environments."""
    yield sameness.same_bytes(Place(root / "same"), bundle, RECORDING, every)


def main() -> int:
    """Run the parts that are named, by default all."""
    parser = argparse.ArgumentParser(description="Disturb processes, and print what came of it.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of: {PARTS}")
    parser.add_argument("--bundle", type=Path, required=True, help="the bundle that is run")
    parser.add_argument("--tries", type=int, default=50, help="signals of each kind (default: 50)")
    parser.add_argument("--rounds", type=int, default=100, help="of the cold cache (default: 100)")
    parser.add_argument("--flips", type=int, default=1000, help="damaged blobs (default: 1000)")
    parser.add_argument("--recordings", type=int, default=50, help="a thread (default: 50)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root, bundle = Path(folder), options.bundle.resolve()
        root.chmod(0o755)
        parts: dict[str, Callable[[], Iterator[Tally]]] = {
            "disturbed": lambda: disturbed(root, bundle, options.tries),
            "exported": lambda: exported(root, options.tries),
            "cached": lambda: cached(root, bundle, options.rounds, options.flips),
            "concurrent": lambda: concurrent(bundle, options.recordings),
            "same": lambda: same(root, bundle, 1),
        }
        return show(parts[name] for name in options.parts or parts)


def show(parts: Iterator[Callable[[], Iterator[Tally]]]) -> int:
    """Print the table as it grows; return 1 if anything failed."""
    failed = False
    print(HEAD, flush=True)
    for part in parts:
        for tally in part():
            print(tally.row(), flush=True)
            failed = failed or bool(tally.failures)
            for failure in tally.failures:
                print(failure, file=sys.stderr, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
