"""What the README says works as printed."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from conftest import CHECKOUT
from ovdiar_export.cli import main as export

from ovdiar.cli import main

if TYPE_CHECKING:
    from pathlib import Path

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_set_up_takes_exactly_two_commands_of_one_line() -> None:
    assert [block.count("\n") for block in blocks("bash")] == [1, 1]


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("block", blocks("python"))
def test_every_python_block_runs(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "tests" / "data"
    data.mkdir(parents=True)
    shutil.copy(CHECKOUT / "tests" / "data" / "conversation.flac", data)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})  # noqa: S102 - that is the test
    assert "SPEAKER_0" in capsys.readouterr().out


def _paths() -> list[str]:
    named = re.findall(r"`((?:tests|ovdiar|export)/[\w./-]*|[\w-]+\.(?:md|toml))`", README)
    linked = re.findall(r"(?:^|[ (])(tests/data/[\w./]+)", README)
    return sorted({*named, *linked})


@pytest.mark.parametrize("path", _paths())
def test_every_path_exists(path: str) -> None:
    assert (CHECKOUT / path).exists()


@pytest.mark.parametrize(
    ("run", "commands"),
    [
        (main, ["diarize", "vad", "overlap", "segment", "resegment", "models", "info"]),
        (export, ["tiny", "custom", "check"]),
    ],
)
def test_every_command_that_is_named_has_help_with_an_example(
    run: object, commands: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(run)
    for command in commands:
        with pytest.raises(SystemExit) as stop:
            run([command, "--help"])
        assert stop.value.code == 0
        assert "example: ovdiar" in capsys.readouterr().out


def test_every_option_that_is_named_exists(capsys: pytest.CaptureFixture[str]) -> None:
    helps = ""
    for run, command in [(main, "diarize"), (export, "custom"), (export, "tiny")]:
        with pytest.raises(SystemExit):
            run([command, "--help"])
        helps += capsys.readouterr().out
    named = set(re.findall(r"`(?:[^`]* )?(--[a-z][a-z-]+)", README))
    assert {option for option in named if option not in helps} == set()
