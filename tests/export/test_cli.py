"""The command, from arguments to exit status."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from ovdiar_export.cli import main
from ovdiar_export.recipes import RECIPES
from reference import published
from reference.material import require_posix

from ovdiar.networks.bundle import load_bundle
from ovdiar.presets import DIARIZATION

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = [*RECIPES, "custom", "check"]


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give models in pyannote's layout; bundles go into a folder beside it."""
    monkeypatch.setenv("OVDIAR_MODELS", str(tmp_path / "models"))
    return published.write_layout(tmp_path / "copy")


def failing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line behind a status of 2."""
    status: object
    try:
        status = main(arguments)
    except SystemExit as leaving:
        status = leaving.code
    out, said = capsys.readouterr()
    lines = said.splitlines()
    assert (status, out, len(lines)) == (2, "", 1)
    assert lines[0].startswith("ovdiar-export")
    return lines[0]


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_shows_one_real_example(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        main([*command, "--help"])
    assert leaving.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert text.count("example: ovdiar-export " + " ".join(command)) == 1


def test_the_version_is_that_of_ovdiar(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["--version"])
    assert leaving.value.code == 0
    assert capsys.readouterr().out == f"ovdiar-export {version('ovdiar')}\n"


def test_help_loads_neither_openvino_nor_the_hubs_client() -> None:
    program = (
        "import sys; from ovdiar_export.cli import main\n"
        "try: main(['custom', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'openvino', 'huggingface_hub', 'yaml', 'scipy', 'librosa'}\n"
        "print(sorted(heavy & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["none"], "invalid choice: 'none'"),
        (["tiny", "more"], "unrecognized arguments: more"),
        (["tiny", "--preset", "3.1"], "unrecognized arguments: --preset 3.1"),
        (["custom"], "required: NAME"),
        (["check"], "required: BUNDLE"),
        (["custom", "mine"], "--segmentation and --embedding"),
        (["custom", "mine", "--segmentation", "a"], "mine lacks --embedding"),
        (["custom", "mine", "--preset", "4"], "invalid choice: '4'"),
        (["custom", "a/b", "--segmentation", "a", "--embedding", "b"], "'a/b'"),
        (["custom", "mine", "--segmentation", "ftp://a", "--embedding", "b"], "not ftp://"),
        (["custom", "mine", "--segmentation", "hf://a", "--embedding", "b"], "write hf://"),
        (["custom", "mine", "--segmentation", "none.bin", "--embedding", "b"], "no such file"),
        (["tiny", "--from", "none"], "none is no folder"),
        (["check", "none"], "make it with ovdiar-export"),
        (["tiny", "a\nb"], "unrecognized arguments: a b"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str],
    complaint: str,
    copy: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert complaint in failing(arguments, capsys)
    assert list(tmp_path.glob("models/*")) == []
    assert [path.name for path in tmp_path.iterdir() if path.name != "models"] == [copy.name]


@pytest.mark.parametrize("name", ["3.1", "community-1"])
def test_a_recipe_is_made_from_a_local_copy(
    name: str, copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--from", str(copy)]) == 0
    assert capsys.readouterr() == ("", f"wrote {tmp_path / 'models' / name}\n")
    assert load_bundle(name).pipeline == asdict(DIARIZATION[name])


def test_a_bundle_of_ones_own_is_made_from_files_and_a_preset(copy: Path, tmp_path: Path) -> None:
    files = [str(copy / part / "pytorch_model.bin") for part in ("segmentation", "embedding")]
    arguments = ["custom", "mine", "--segmentation", files[0], "--embedding", files[1]]
    assert main([*arguments, "--preset", "2.1", "--output", str(tmp_path / "here")]) == 0
    assert load_bundle(tmp_path / "here").pipeline == asdict(DIARIZATION["2.1"])
    assert main([*arguments, "--plda", str(copy / "plda")]) == 0
    assert load_bundle("mine").pipeline == asdict(DIARIZATION["community-1"])


def test_a_bundle_of_ones_own_may_mix_a_copy_with_files(copy: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(published.segmentation_file(powerset=False))
    assert main(["custom", "mine", "--from", str(copy), "--segmentation", str(other)]) == 0
    manifest = load_bundle("mine").manifest
    assert manifest["segmentation"]["source"] == "other.bin"
    assert manifest["embedding"]["source"] == "pytorch_model.bin"


def test_check_tells_a_whole_bundle_from_a_damaged_one(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["community-1", "--from", str(copy)])
    capsys.readouterr()
    folder = tmp_path / "models" / "community-1"
    assert main(["check", "community-1"]) == 0
    assert capsys.readouterr().err == f"{folder} is whole\n"
    assert main(["check", str(folder)]) == 0
    capsys.readouterr()
    for name in ("plda/plda.npz", "embedding/head/openvino_model.bin", "bundle.json"):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[:-2])
        assert name in failing(["check", "community-1"], capsys)
        (folder / name).write_bytes(whole)
    (folder / "plda" / "plda.npz").unlink()
    assert "is missing" in failing(["check", "community-1"], capsys)


def test_a_file_that_cannot_grow_is_told_in_one_line_and_leaves_nothing(
    copy: Path, tmp_path: Path
) -> None:
    require_posix("limit of a file's size")
    program = (
        "import resource, signal, sys; from ovdiar_export.cli import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"  # writing fails, as on a full disk
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, "3.1", "--from", str(copy)],  # no cut bytecode
        env={"PYTHONPATH": ":".join(sys.path), "OVDIAR_MODELS": str(tmp_path / "models")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "openvino_model.xml cannot be written" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list((tmp_path / "models").iterdir()) == []


def test_an_interruption_is_told_and_leaves_nothing(
    copy: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ovdiar_export.writer.write_manifest", interrupt)
    assert main(["3.1", "--from", str(copy)]) == 130
    assert capsys.readouterr() == ("", "ovdiar-export: interrupted\n")
    assert list((tmp_path / "models").iterdir()) == []
