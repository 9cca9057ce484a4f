"""The house keeps its order: who may import whom, what is loaded when, and how large things are."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from reference.imports import Import, imports, modules

import ovdiar

CHECKOUT = Path(__file__).resolve().parent.parent

FIRST = ("errors", "log", "notices", "cancellation", "ending", "temporary", "files", "texts")
VALUES = (
    *FIRST,
    "frames",
    "segment",
    "discretization",
    "labels",
    "timeline_svg",
    "notebook",
    "annotation",
)
DECLARED = ("calibration", "parameters", "options", "presets")
VOCABULARY = (*VALUES, *DECLARED, "serialization", "result")
OF_WINDOWS = (
    "windows",
    "overlap_add",
    "conditioning",
    "activity",
    "counting",
    "embedding",
    "shared_trunk",
    "pieces",
)
STAGES = (*OF_WINDOWS, "clustering", "stitching", "reconstruction", "confidence")
EDGES = ("audio", "networks", "formats", "transcripts", "metrics")
BUILT_ON = ("hooks", "words", "voices", "streaming", "batch", "tuning", "report", "serve")
ORDER = (*VOCABULARY, *STAGES, *EDGES, "pipelines", *BUILT_ON, "commands", "cli", "__main__")
"""A module imports only from those before it; the order of the stages is that of the data."""

OWNERS = {
    "openvino": {"networks"},
    "soundfile": {"audio"},
    "librosa": {"audio"},
    "soxr": {"audio"},
    "sounddevice": {"audio"},
    "matplotlib": {"report"},
    "fastapi": {"serve"},
    "starlette": {"serve"},
    "pydantic": {"serve"},
    "uvicorn": {"serve"},
    "prometheus_client": {"serve"},
    "anyio": {"serve"},
    "fsspec": {"batch"},
    "shtab": {"commands"},
    "ray": {"batch"},
    "faiss": {"batch"},
}
"""Packages that only some modules import."""

NEVER = {"torch", "torchaudio", "pyannote", "onnx", "onnxruntime", "lightning", "speechbrain"}
NEVER |= {"ovdiar_export", "export", "huggingface_hub", "requests", "urllib3", "httpx", "aiohttp"}
NEVER |= {"urllib.request", "http.client", "socket", "ssl", "ftplib"}
"""What no module imports: PyTorch and its company, the exporter, clients of the network."""

BRIDGES = {
    ("annotation", "pyannote.core"): "to_pyannote hands over to it where it is installed",
    ("result", "pandas"): "to_dataframe hands over to it where it is installed",
}
FILES = {"io", "os", "pathlib", "shutil", "subprocess", "tempfile"}
"""What stages, which are functions of arrays, have no use for."""

PUBLIC = {
    "Annotation",
    "DiarizationResult",
    "FrameGrid",
    "Inference",
    "Models",
    "OnlineDiarizer",
    "OverlappedSpeechDetection",
    "Prepared",
    "Resegmentation",
    "Segment",
    "SpeakerDiarization",
    "SpeakerSegmentation",
    "Turn",
    "VoiceActivityDetection",
    "VoiceLibrary",
    "assign_speakers",
    "load",
}


def violations(root: Path) -> list[str]:
    """List what the modules of an ``ovdiar`` in a folder import and must not, a line each."""
    found = [_violation(each) for each in imports(root, "ovdiar")]
    unplaced = {_place(name) for name in modules(root, "ovdiar")} - {*ORDER, ""}
    cycles = _cycles([each for each in imports(root, "ovdiar") if not each.typing])
    return [
        *filter(None, found),
        *(f"{place} has no place in the order" for place in sorted(unplaced)),
        *(f"{name} imports itself in the end" for name in cycles),
    ]


def _place(module: str) -> str:
    """Name the part of the house that a module is, or is in: ``clustering`` of its files."""
    return f"{module}.".split(".")[1]


def _violation(each: Import) -> str | None:
    """Say what is wrong with an import, if anything; for types alone, anything may be imported."""
    if each.typing:
        return None
    importer, target = _place(each.importer), _place(each.target)
    package = each.target.split(".")[0]
    reason = None
    if package == "ovdiar":
        down = target in ORDER and importer in ORDER and ORDER.index(target) > ORDER.index(importer)
        if importer == "":
            reason = "the package itself imports when a name is asked for"
        elif target == "":
            reason = "inside, names are imported from their homes"
        elif down:
            reason = f"{target} comes after {importer}"
    elif {package, each.target} & NEVER and (importer, each.target) not in BRIDGES:
        reason = "never"
    elif importer not in OWNERS.get(package, {importer}):
        reason = f"only {', '.join(sorted(OWNERS[package]))} may"
    elif importer in VOCABULARY and not (
        package in {*sys.stdlib_module_names, "numpy"} or (importer, each.target) in BRIDGES
    ):
        reason = "the vocabulary needs NumPy only"
    elif importer in STAGES and package in FILES:
        reason = "stages are functions of arrays"
    return reason and f"{each.importer}:{each.line} imports {each.target}: {reason}"


def _cycles(edges: list[Import]) -> list[str]:
    """Name the modules that import themselves by way of others."""
    below: dict[str, set[str]] = {}
    for each in edges:
        below.setdefault(each.importer, set()).add(each.target)
    in_cycles = []
    for start in below:
        reached: set[str] = set()
        waiting = [start]
        while waiting:
            new = below.get(waiting.pop(), set()) - reached
            reached |= new
            waiting += new
        if start in reached:
            in_cycles.append(start)
    return in_cycles


def test_every_module_imports_only_from_those_before_it() -> None:
    assert violations(CHECKOUT / "ovdiar") == []


@pytest.mark.parametrize("exception", BRIDGES)
def test_every_exception_is_still_needed(exception: tuple[str, str]) -> None:
    made = {
        (_place(each.importer), name)
        for each in imports(CHECKOUT / "ovdiar", "ovdiar")
        for name in (_place(each.target), each.target)
    }
    assert exception in made


@pytest.mark.parametrize(
    ("module", "text", "complaint"),
    [
        ("frames", "from ovdiar.annotation import Segment", "annotation comes after frames"),
        ("frames", "import ovdiar.annotation", "annotation comes after frames"),
        ("frames", "from ovdiar import presets", "presets comes after frames"),
        ("frames", "from . import presets", "presets comes after frames"),
        ("frames", "from .presets import DIARIZATION", "presets comes after frames"),
        ("windows", "def f():\n    from ovdiar import cli", "cli comes after windows"),
        ("clustering/ahc", "from ovdiar.stitching import x", "stitching comes after clustering"),
        ("clustering/ahc", "from ..embedding import x", None),
        ("clustering/ahc", "from .kmeans import x", None),
        ("activity", "from ovdiar import Segment", "names are imported from their homes"),
        ("__init__", "from ovdiar.frames import FrameGrid", "when a name is asked for"),
        ("annotation", "def f():\n    from ovdiar import cli", "cli comes after annotation"),
        (
            "frames",
            "if TYPE_CHECKING:\n    import ovdiar.cli",
            None,
        ),
        ("frames", "if typing.TYPE_CHECKING:\n    import ovdiar.cli", None),
        ("frames", "if TYPE_CHECKING:\n    x = 1\nelse:\n    import ovdiar.cli", "cli comes after"),
        ("metrics/der", "import openvino", "only networks may"),
        ("report/page", "from openvino import opset13", "only networks may"),
        ("networks/runtime", "def f():\n    import openvino", None),
        ("embedding", "import soundfile", "only audio"),
        ("cli", "import librosa", "only audio"),
        ("timeline_svg", "import matplotlib", "only report may"),
        ("audio/reading", "import soundfile, soxr", None),
        ("networks/models", "import torch", "never"),
        ("networks/models", "def f():\n    import torch.nn", "never"),
        ("networks/models", "from pyannote.audio import Model", "never"),
        ("networks/models", "import importlib\nimportlib.import_module('onnx')", "never"),
        (
            "networks/models",
            "from importlib import import_module\nimport_module('pyannote.core')",
            "never",
        ),
        ("annotation", "import importlib\nimportlib.import_module('pyannote.core')", None),
        ("annotation", "import importlib\nimportlib.import_module('pyannote.audio')", "never"),
        ("cli", "from ovdiar_export import cli", "never"),
        ("networks/bundle", "from urllib.request import urlopen", "never"),
        ("networks/bundle", "from urllib import parse", None),
        ("networks/bundle", "import http.client", "never"),
        ("networks/bundle", "import socket", "never"),
        ("networks/bundle", "from huggingface_hub import snapshot_download", "never"),
        ("result", "import importlib\nimportlib.import_module('pandas')", None),
        ("annotation", "import pandas", "the vocabulary needs NumPy only"),
        ("frames", "import scipy", "the vocabulary needs NumPy only"),
        ("windows", "from pathlib import Path", "stages are functions of arrays"),
        ("clustering/vbx", "import os", "stages are functions of arrays"),
        ("helpers", "x = 1", "helpers has no place in the order"),
    ],
)
def test_a_breach_is_noticed_and_nothing_else(
    tmp_path: Path, module: str, text: str, complaint: str | None
) -> None:
    files = ["frames", "annotation", "presets", "cli", module]
    files += ["clustering/__init__", "__init__"]
    for name in files:
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text if name == module else "", encoding="utf-8")
    found = violations(tmp_path)
    assert len(found) == (complaint is not None)
    assert complaint is None or complaint in found[0]


def test_modules_of_one_part_that_import_each_other_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "formats").mkdir()
    for name, other in [("rttm", "uem"), ("uem", "rttm"), ("csv", "uem")]:
        text = f"from ovdiar.formats.{other} import x"
        (tmp_path / "formats" / f"{name}.py").write_text(text, encoding="utf-8")
    cycle = ["ovdiar.formats.rttm", "ovdiar.formats.uem"]
    assert violations(tmp_path) == [f"{name} imports itself in the end" for name in cycle]


def _run(code: str) -> Any:
    """Run code in a fresh interpreter and return what it prints, parsed."""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_importing_ovdiar_takes_less_than_a_third_of_a_second() -> None:
    code = "import time; t = time.perf_counter(); import ovdiar; print(time.perf_counter() - t)"
    assert min(_run(code) for _ in range(5)) < 0.3


HEAVY = {
    "torch",
    "pyannote",
    "onnx",
    "librosa",
    "soundfile",
    "sklearn",
    "scipy",
    "openvino",
    "tqdm",
}


@pytest.mark.parametrize(
    "statement",
    ["pass", "[getattr(ovdiar, name) for name in ovdiar.__all__]", "import ovdiar.cli"],
)
def test_nothing_heavy_is_loaded_before_it_is_used(statement: str) -> None:
    code = f"import json, sys, ovdiar\n{statement}\nprint(json.dumps(list(sys.modules)))"
    assert {name.split(".")[0] for name in _run(code)}.isdisjoint(HEAVY)


def test_importing_ovdiar_loads_no_library_at_all() -> None:
    code = "import json, sys; before = set(sys.modules); import ovdiar; "
    code += "print(json.dumps(sorted(set(sys.modules) - before)))"
    loaded = {name.split(".")[0] for name in _run(code)}
    assert loaded - sys.stdlib_module_names == {"ovdiar"}


def test_public_names_are_these_and_at_most_twenty() -> None:
    assert set(ovdiar.__all__) == PUBLIC
    assert len(PUBLIC) <= 20
    assert dir(ovdiar) == sorted(PUBLIC)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_name_comes_from_one_home(name: str) -> None:
    value = getattr(ovdiar, name)
    home = importlib.import_module(value.__module__)
    assert getattr(home, name) is value


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(AttributeError, match=r"has no name 'Diarization': it has .*Annotation"):
        _ = ovdiar.Diarization  # type: ignore[attr-defined]


def _folders_with_code(root: Path, package: str) -> set[str]:
    folders = {path.parent.relative_to(root) for path in root.rglob("*.py")}
    return {".".join([package, *folder.parts]) for folder in folders}


def test_the_package_list_is_the_tree() -> None:
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    settings = toml.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = settings["tool"]["setuptools"]["packages"]
    trees = _folders_with_code(CHECKOUT / "ovdiar", "ovdiar")
    trees |= _folders_with_code(CHECKOUT / "export", "ovdiar_export")
    assert sorted(listed) == sorted(trees)


def _sources() -> list[Path]:
    return sorted(path for part in ("ovdiar", "export") for path in (CHECKOUT / part).rglob("*.py"))


LONG = {
    "ovdiar/parameters.py": "the declarations of all hyper-parameters",
    "ovdiar/pipelines/diarization/pipeline.py": "one class, whose four entry points are documented",
}
"""Files whose split would tear one thing apart, and what that is."""


@pytest.mark.parametrize("path", _sources(), ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_no_file_exceeds_three_hundred_lines_but_for_a_reason(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert (lines > 300) == (path.relative_to(CHECKOUT).as_posix() in LONG)


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for path in _sources()}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_no_module_is_a_bag_of_things() -> None:
    assert {path.stem for path in _sources()}.isdisjoint({"utils", "helpers", "core", "common"})
