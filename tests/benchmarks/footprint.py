"""Print, or write into a page, what installations weigh, package by package.

cd tests && python -m benchmarks.footprint [--ovdiar V] [--slim V] [--pyannote V] [--sherpa V]
[--write PAGE] [--json FILE]

Each V is a virtual environment that exists; what is not given is made afresh, from the package
index: ovdiar of this checkout; ovdiar without dependencies, beside the five packages that 16 kHz
audio needs; pyannote.audio with PyTorch for the CPU; sherpa-onnx. Bytes are those of every file
that a package's record names; what an environment itself brings (pip, setuptools) is left out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from importlib.metadata import Distribution, distributions
from pathlib import Path

from benchmarks.machine import put

CHECKOUT = Path(__file__).parents[2]
INSTALLS: dict[str, tuple[str, list[list[str]]]] = {
    "ovdiar": ("ovdiar", [[str(CHECKOUT)]]),
    "slim": (
        "ovdiar, slim",
        [
            ["--no-deps", str(CHECKOUT)],
            ["openvino", "numpy", "scipy", "soundfile", "tqdm"],
        ],
    ),
    "pyannote": ("pyannote.audio 4.0.7", [["torch==2.13.0"], ["pyannote.audio==4.0.7"]]),
    "sherpa": ("sherpa-onnx 2.0.1", [["sherpa-onnx==2.0.1", "soundfile"]]),
}
TOOLS = {"pip", "setuptools", "wheel"}
SHOWN = 8
"""Packages listed by name; the rest is summed up."""
MB = 1e6


def main() -> None:
    """Measure the installations; print, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in INSTALLS:
        parser.add_argument(f"--{name}", type=Path, metavar="ENVIRONMENT")
    parser.add_argument("--only", nargs="+", choices=list(INSTALLS), default=list(INSTALLS))
    parser.add_argument("--write", type=Path, metavar="PAGE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only:
            title, steps = INSTALLS[name]
            given: Path | None = getattr(options, name)
            found[title] = weigh(given or make(Path(folder, name), steps))
    table = to_table(found)
    print(table)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if options.write is not None:
        put(options.write, "footprint", table)


def make(environment: Path, steps: list[list[str]]) -> Path:
    """Make an environment and install into it, step by step."""
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    for step in steps:
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", *step]
        subprocess.run(pip, check=True)
    return environment


def weigh(environment: Path) -> dict[str, int]:
    """Return the bytes of each package of an environment, the heaviest first."""
    places = [str(path) for path in environment.glob("lib/python*/site-packages")]
    sizes = {found.metadata["Name"].lower(): _bytes(found) for found in distributions(path=places)}
    kept = {name: size for name, size in sizes.items() if name not in TOOLS}
    return dict(sorted(kept.items(), key=lambda item: -item[1]))


def _bytes(found: Distribution) -> int:
    """Add up the files that a package brought, bytecode that Python made of them included."""
    paths = {Path(str(found.locate_file(file))) for file in found.files or ()}
    return sum(path.stat().st_size for path in paths if path.is_file())


def to_table(found: dict[str, dict[str, int]]) -> str:
    """Render one column for each installation's total, and its heaviest packages."""
    rows = ["| installation | MB | packages | of which, MB |", "| --- | ---: | ---: | --- |"]
    for title, sizes in found.items():
        heavy = list(sizes.items())[:SHOWN]
        rest = sum(sizes.values()) - sum(size for _, size in heavy)
        listed = ", ".join(f"{name} {size / MB:.0f}" for name, size in heavy if size >= MB / 2)
        listed += f", all else {rest / MB:.0f}" if rest >= MB / 2 else ""
        rows.append(f"| {title} | {sum(sizes.values()) / MB:.0f} | {len(sizes)} | {listed} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
