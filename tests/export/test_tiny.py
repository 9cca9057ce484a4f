"""The bundle ``tiny``, from the two wheels of the package index to who spoke when."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from ovdiar_export import writer
from ovdiar_export.cli import main
from ovdiar_export.recipes import TINY
from ovdiar_export.sources.packages import PackageFile
from reference import published
from reference.commands import answer_of

from ovdiar import SpeakerDiarization, load

if TYPE_CHECKING:
    from pathlib import Path

    from reference.commands import Run

SECOND_RUN = """
import sys, time
from ovdiar_export.cli import main
start = time.perf_counter()
status = main(sys.argv[1:])
print(status, "openvino" in sys.modules, time.perf_counter() - start < 1)
"""


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the two wheels, downloaded as the exporter itself does it."""
    folder = tmp_path_factory.mktemp("wheels")
    for origin in TINY.origins().values():
        location = origin.source.location
        assert isinstance(location, PackageFile)
        location._download(folder)
    return folder


@pytest.fixture(scope="session")
def made(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a bundle that was made of wheels on disk, alone in its folder."""
    target = tmp_path_factory.mktemp("bundles") / "made"
    assert main(["tiny", "--wheels", str(wheels), "--output", str(target)]) == 0
    return target


@pytest.fixture
def export(capsys: pytest.CaptureFixture[str]) -> Run:
    """Give the command, to be run in this process."""
    return partial(answer_of, main, capsys)


@pytest.fixture
def outdated(made: Path, tmp_path: Path) -> Path:
    """Give a bundle of another schema, which the next export replaces."""
    bundle = shutil.copytree(made, tmp_path / "bundles" / "tiny")
    change_manifest(bundle, schema=0)
    return bundle


def change_manifest(bundle: Path, **entries: Any) -> None:
    path = bundle / "bundle.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file below a folder: when it was written, and its bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_wheels_on_disk_give_the_bundle_that_the_index_gives(made: Path, tiny: Path) -> None:
    assert [path.name for path in made.parent.iterdir()] == ["made"]
    weights = [path.relative_to(tiny) for path in tiny.rglob("*.bin")]
    assert len(weights) == 3
    for name in weights:
        assert (made / name).read_bytes() == (tiny / name).read_bytes()


def test_the_second_run_is_instant_and_writes_nothing(made: Path, tmp_path: Path) -> None:
    before = contents(made.parent)
    arguments = ["tiny", "--wheels", str(tmp_path), "--output", str(made)]
    done = subprocess.run(
        [sys.executable, "-c", SECOND_RUN, *arguments], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("0 False True\n", f"{made} is up to date\n")
    assert contents(made.parent) == before


def test_an_outdated_bundle_is_replaced(export: Run, wheels: Path, outdated: Path) -> None:
    answer = export("tiny", "--wheels", wheels, "--output", outdated)
    assert answer == (0, "", f"wrote {outdated}\n")
    assert load(outdated).bundle.manifest["schema"] > 0
    assert list(outdated.parent.iterdir()) == [outdated]


def test_an_interruption_between_the_networks_leaves_the_old_bundle(
    export: Run, wheels: Path, outdated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Any] = []
    save = writer.save_networks

    def save_one(part: Any, folder: Path) -> dict[str, str]:
        if written:
            raise KeyboardInterrupt
        written.append(part)
        return save(part, folder)

    monkeypatch.setattr(writer, "save_networks", save_one)
    before = contents(outdated.parent)
    answer = export("tiny", "--wheels", wheels, "--output", outdated)
    assert answer == (130, "", "ovdiar-export: interrupted\n")
    assert contents(outdated.parent) == before
    assert list(outdated.parent.iterdir()) == [outdated]


def test_a_replaced_wheel_is_refused_by_its_checksum_and_the_old_bundle_stays(
    export: Run, wheels: Path, outdated: Path, tmp_path: Path
) -> None:
    location = TINY.embedding.source.location
    assert isinstance(location, PackageFile)
    [name] = [path.name for path in wheels.iterdir() if path.name.lower().startswith("resem")]
    replaced = shutil.copytree(wheels, tmp_path / "wheels")
    published.write_wheel(replaced, name, {location.member: published.ge2e_file()})
    before = contents(outdated.parent)
    answer = export("tiny", "--wheels", replaced, "--output", outdated)
    assert answer.is_complaint()
    assert f"expected {TINY.embedding.source.sha256:.12}" in answer.err
    assert contents(outdated.parent) == before
    assert list(outdated.parent.iterdir()) == [outdated]


@pytest.mark.parametrize(
    "settings",
    [{"PIP_NO_INDEX": "1"}, {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0"}],
)
def test_without_network_one_line_names_the_way_round(
    settings: dict[str, str], export: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in {"PIP_CONFIG_FILE": os.devnull, **settings}.items():
        monkeypatch.setenv(name, value)
    answer = export("tiny", "--output", tmp_path / "tiny")
    assert answer.is_complaint()
    assert "--wheels FOLDER" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_without_pip_one_line_names_the_way_round(
    export: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    answer = export("tiny", "--output", tmp_path / "tiny")
    assert answer.is_complaint()
    assert "pip is not importable" in answer.err
    assert "--wheels FOLDER" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_wheels_that_are_not_there_are_told_in_one_line(export: Run, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        answer = export("tiny", "--wheels", folder, "--output", tmp_path / "tiny")
        assert answer.is_complaint()
        assert str(folder) in answer.err
    assert list(tmp_path.iterdir()) == []


def test_the_pipeline_names_no_shape_by_hand(
    export: Run, wheels: Path, shared: Path, tiny: Path, conversation: Path, tmp_path: Path
) -> None:
    powerset = tmp_path / "powerset"
    checkpoint = shared / "checkpoints" / "segmentation_powerset.bin"
    embedding = TINY.embedding.source.address
    models = ("--segmentation", checkpoint, "--embedding", embedding, "--wheels", wheels)
    assert export("custom", "powerset", *models, "--output", powerset).status == 0
    for bundle, window_samples, shape in [
        (tiny, 80_000, (26, 293, 3)),
        (powerset, 160_000, (13, 589, 3)),
    ]:
        pipeline, trace = SpeakerDiarization(load(bundle), segmentation_step=0.5), dict[str, Any]()
        assert pipeline.models.segmentation.spec.window_samples == window_samples  # type: ignore[union-attr]
        result = pipeline(conversation, num_speakers=3, trace=trace)
        assert trace["segmentations"].data.shape == shape
        assert len(result.speaker_diarization.labels()) == 3
