"""Wrongly typed and damaged bundles: each diarizes, or is refused, in bounded time and memory.

Run ``python -m robustness.manifests --count 2000 --seed 0`` in ``tests/``; it prints a table as
JSON, and its exit status is 1 if there is any fault. Ctrl-C ends it with the table so far. Bundles
are used by another process, so that one that ends the process is counted too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import soundfile

from ovdiar import SpeakerDiarization, VoiceActivityDetection
from ovdiar.networks.bundle import find_bundle
from ovdiar.networks.models import load
from robustness.outcomes import Tally, report

RECORDING = Path(__file__).parents[1] / "data" / "conversation.flac"
SECONDS = 8
LIMIT_S = 60.0
MEMORY = 6 * 2**30
"""Bytes of addresses that the process may have; it needs a third of that for a healthy bundle."""
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 2, 3, -1, -5, 7, 100, 16000, 2**16, 2**31, 10**9, 10**30, -(10**30)),
    *(10**400, 0.0, 0.5, -0.5, 1e-300, 1e308, -1e308, float("nan"), float("inf"), "", " ", "x"),
    *("16000", "0.5", "pooled", "utterance", "samples", "frames", "../up", "/etc/passwd", "a\0b"),
    *("\ud800", "a" * 5000, [], [1], ["a"], [[]], {}, {"a": 1}, {"a": {"b": []}}),
)
KINDS = ("manifest", "network.xml", "network.bin", "file.xml", "file.bin")
"""The manifest with other values; a network damaged with the digest of the damaged file, so that it
is loaded; a network damaged as a disk or a copy would, which its digest tells."""


def _places(content: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    if isinstance(content, (list, dict)):
        for key in list(content) if isinstance(content, dict) else range(len(content)):
            found += [(content, key), *_places(content[key])]
    return found


def _mutate_values(manifest: dict[str, Any], random: Random) -> None:
    """Replace, remove or scale one to three values."""
    for _ in range(random.choice((1, 1, 2, 3))):
        holder, key = random.choice(_places(manifest) or [(manifest, "name")])
        match random.choice(("replace", "replace", "remove", "scale")):
            case "replace":
                holder[key] = random.choice(VALUES)
            case "remove":
                holder.pop(key)
            case "scale":
                value = holder[key]
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    holder[key] = type(value)(value * random.choice((-1, 0, 2, 3, 10, 1000)))


def _damaged(data: bytes, random: Random, *, text: bool) -> bytes:
    """Flip, cut or overwrite some of a file; of XML, also its numbers."""
    changed = bytearray(data)
    start = random.randrange(len(changed))
    match random.choice(("flip", "cut", "overwrite", "number" if text else "flip")):
        case "flip":
            changed[start] ^= 1 << random.randrange(8)
        case "cut":
            del changed[start:]
        case "overwrite":
            changed[start : start + 64] = random.randbytes(64)
        case "number":
            places = [n for n, byte in enumerate(changed) if chr(byte).isdigit()]
            changed[random.choice(places)] = ord(random.choice("0123456789"))
    return bytes(changed)


def make(folder: Path, source: Path, kind: str, number: int, seed: int) -> None:
    """Write a damaged copy of a bundle; the same arguments make the same copy."""
    random = Random(f"{seed} {kind} {number}")  # noqa: S311 - not for secrets
    manifest = json.loads((source / "bundle.json").read_text(encoding="utf-8"))
    parts = [manifest[part]["files"] for part in ("segmentation", "embedding")]
    for name in (name for files in parts for name in files):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            (folder / name).unlink()
        os.link(source / name, folder / name)
    if kind == "manifest":
        _mutate_values(manifest, random)
    else:
        how, suffix = kind.split(".")
        files = random.choice(parts)
        name = random.choice([name for name in files if name.endswith(suffix)])
        data = _damaged((source / name).read_bytes(), random, text=suffix == "xml")
        (folder / name).unlink()
        (folder / name).write_bytes(data)
        if how == "network":
            files[name] = hashlib.sha256(data).hexdigest()
    (folder / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")


def use(folder: Path) -> None:
    """Load a bundle, and run two pipelines on a few seconds."""
    samples, rate = soundfile.read(RECORDING, frames=SECONDS * 16000, dtype="float32")
    audio = {"waveform": np.asarray(samples), "sample_rate": rate, "uri": "talk"}
    models = load(folder)
    result = SpeakerDiarization(models)(audio, max_speakers=4)
    json.dumps(result.serialize())
    VoiceActivityDetection(models)(audio)


def _begin(cache: str) -> None:
    """Prepare a process: a cache of its own, and a limit of memory."""
    os.environ["XDG_CACHE_HOME"] = cache
    with suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _attempt(folder: Path, source: Path, kind: str, number: int, seed: int) -> Tally:
    tally = Tally()
    make(folder, source, kind, number, seed)
    tally.attempt(f"{kind} {number}", lambda: use(folder), LIMIT_S)
    return tally


def run(count: int, seed: int, source: Path) -> dict[str, Tally]:
    """Use so many damaged copies of a bundle: three quarters of them by their manifest."""
    tallies = {kind: Tally() for kind in KINDS}
    context = multiprocessing.get_context("spawn")
    with TemporaryDirectory() as root, suppress(KeyboardInterrupt):
        base = Path(root, "base")
        shutil.copytree(source, base)  # on one disk, so that files can be linked
        folder = Path(root, "bundle")
        pool: ProcessPoolExecutor | None = None
        for number in range(count):
            kind = KINDS[0] if number % 4 else KINDS[1 + number // 4 % 4]
            if pool is None:
                pool = ProcessPoolExecutor(1, context, _begin, (str(Path(root, "cache")),))
            try:
                found = pool.submit(_attempt, folder, base, kind, number, seed).result(2 * LIMIT_S)
            except (BrokenProcessPool, TimeoutError) as error:
                found = Tally(tried=1)
                found.fault(f"{kind} {number}: the process ended or hangs ({error!r})")
                pool.shutdown(wait=False, cancel_futures=True)
                pool = None
            tallies[kind].add(found)
        if pool is not None:
            pool.shutdown()
    return tallies


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Use damaged bundles.")
    parser.add_argument("--count", type=int, default=2000, help="number of bundles")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--models", default="tiny", help="the healthy bundle (default: tiny)")
    options = parser.parse_args()
    tallies = run(options.count, options.seed, find_bundle(options.models))
    return report(tallies, count=options.count, seed=options.seed, models=options.models)


if __name__ == "__main__":
    sys.exit(main())
