"""The commands that are disturbed, each in folders of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LEFT = ".ovdiar-*"
"""How temporary files and folders are called."""


@dataclass(frozen=True, eq=False)
class Place:
    """Folders of one series: what is written, the cache, temporary files."""

    root: Path
    more: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the folders."""
        for folder in (self.out, self.cache, self.temporary):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def out(self) -> Path:
        """Where outputs are written."""
        return self.root / "out"

    @property
    def cache(self) -> Path:
        """The user's cache."""
        return self.root / "cache"

    @property
    def temporary(self) -> Path:
        """The system's folder for temporary files."""
        return self.root / "tmp"

    def environment(self) -> dict[str, str]:
        """Return the environment of a process in this place."""
        own = {"XDG_CACHE_HOME": str(self.cache), "TMPDIR": str(self.temporary)}
        return {**os.environ, **own, **self.more}

    def left(self) -> list[Path]:
        """List temporary files and folders."""
        return sorted([*self.root.rglob(LEFT), *self.temporary.iterdir()])

    def start(self, arguments: list[str]) -> subprocess.Popen[str]:
        """Start Python with arguments."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@dataclass(frozen=True, eq=False)
class Command:
    """A command that writes ``output``, and what tells whether it is whole.

    ``parts`` says that the content is a set whose members are written one after the other.
    """

    name: str
    arguments: list[str]
    output: Path
    content: Callable[[Path], Any]
    parts: bool = False

    def whole(self, wanted: Any) -> bool:
        """Tell whether the output is what it should be."""
        try:
            return bool(self.content(self.output) == wanted)
        except (OSError, ValueError):
            return False

    def undamaged(self, wanted: Any) -> bool:
        """Tell whether the output is absent, or whole, or some whole parts of it."""
        if not self.output.exists() or self.whole(wanted):
            return True
        return self.parts and self.content(self.output) <= wanted

    def forget(self) -> None:
        """Delete the output."""
        if self.output.is_dir():
            shutil.rmtree(self.output)
        self.output.unlink(missing_ok=True)


def commands(place: Place, bundle: Path, recording: Path, rttm: Path) -> list[Command]:
    """Return diarize, report, tune and batch, which write into a place."""
    corpus = place.root / "corpus"
    if not corpus.exists():
        corpus.mkdir()
        for name in ("one", "two"):
            shutil.copy(recording, corpus / f"{name}{recording.suffix}")
            shutil.copy(rttm, corpus / f"{name}.rttm")
    out, models = place.out, ["--models", str(bundle)]
    page, preset, turns = out / "a.html", out / "a.json", out / "a.rttm"
    tune = ["tune", str(corpus), *models, "--trials", "2", "-o", str(preset)]
    ovdiar = ["-m", "ovdiar"]
    diarize = [*ovdiar, "diarize", str(recording), *models, "-o", str(turns)]
    report = [*ovdiar, "report", str(recording), str(rttm), "-o", str(page)]
    batch = [*ovdiar, "batch", str(corpus), *models, "--workers", "2", "-o", str(out / "batch")]
    return [
        Command("diarize", diarize, turns, Path.read_bytes),
        Command("report", report, page, Path.read_bytes),
        Command("tune", [*ovdiar, *tune], preset, _is_preset),
        Command("batch", batch, out / "batch", _answers, parts=True),
    ]


def export(place: Place, wheels: str | None) -> Command:
    """Return the export of a bundle into a place."""
    out = place.out / "bundle"
    given = ["--wheels", wheels] if wheels else []
    arguments = ["-m", "ovdiar_export", "base", "--output", str(out), *given]
    return Command("export", arguments, out, _manifest)


def _is_preset(path: Path) -> bool:
    """Tell whether a preset is whole; an interrupted search writes the best so far."""
    return isinstance(json.loads(path.read_bytes()), dict)


def _answers(folder: Path) -> frozenset[tuple[str, bytes]]:
    """Read the answers of a batch, and the rows of `results.jsonl` that say what is done."""
    rows = [json.loads(line) for line in _lines(folder / "results.jsonl")]
    done = [(row["uri"], row["content"].encode()) for row in rows if row["status"] == "done"]
    return frozenset([*done, *((path.name, path.read_bytes()) for path in folder.glob("*.rttm"))])


def _lines(path: Path) -> list[str]:
    """Return the whole lines of a file; the last one may be cut by SIGKILL."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return text.split("\n")[:-1]


def _manifest(folder: Path) -> Any:
    """Read a bundle and check all of its files; its figures of parity may differ."""
    from ovdiar.networks.bundle import load_bundle

    manifest = load_bundle(folder).manifest
    return [manifest[part]["files"] for part in ("segmentation", "embedding")]
