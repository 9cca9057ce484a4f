"""What commands say on standard error: nothing, a little, or everything."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ovdiar import cli, formats
from ovdiar.annotation import Annotation
from ovdiar.pipelines.steps import Steps

if TYPE_CHECKING:
    from pathlib import Path

    from reference.commands import Run

UNKNOWN = '{"NOBODY": "Ann"}'


@pytest.fixture
def turns(tmp_path: Path) -> Path:
    """Give a file of turns, and beside it names of speakers that it does not have."""
    formats.write(tmp_path / "call.rttm", Annotation.of([(0, 1, "A")], "call"))
    (tmp_path / "names.json").write_text(UNKNOWN)
    return tmp_path / "call.rttm"


def test_quiet_drops_warnings(ovdiar: Run, turns: Path) -> None:
    command = ("convert", turns, "--names", turns.with_name("names.json"))
    assert "NOBODY" in ovdiar(*command).err
    assert ovdiar(*command, "--quiet").err == ""


def test_quiet_keeps_errors(ovdiar: Run, tmp_path: Path) -> None:
    assert ovdiar("convert", tmp_path / "none.rttm", "-q").is_complaint()


def test_quiet_and_verbose_exclude_each_other(ovdiar: Run, turns: Path) -> None:
    assert "not allowed with" in ovdiar("convert", turns, "-q", "-v").err


def test_verbose_lists_bundle_stages_and_durations(diarize: Run, excerpt: Path) -> None:
    said = diarize(excerpt, "--verbose", "--threads", 2).err.splitlines()
    assert said[0] == "ovdiar: bundle tiny on CPU, threads: 2"
    named = [line.split(": ")[1] for line in said[1:-1]]
    stages = ["segmentation", "speaker_counting", "embeddings", "discrete_diarization"]
    assert named == stages
    assert all(line.endswith(" s") for line in said[1:])
    assert "windows" in diarize(excerpt, "-vv").err


def test_by_default_nothing_is_logged(diarize: Run, excerpt: Path) -> None:
    assert diarize(excerpt).err == ""


def test_the_log_is_off_again_when_the_command_ends(ovdiar: Run, turns: Path) -> None:
    logger = logging.getLogger("ovdiar")
    before = (logger.level, list(logger.handlers))
    ovdiar("convert", turns, "-vv")
    assert (logger.level, logger.handlers) == before


def test_python_logs_under_one_name(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "ovdiar"), Steps(None, "call") as steps:
        steps.done("segmentation", None)
    assert [(each.name, each.getMessage().split(" ")[0]) for each in caplog.records] == [
        ("ovdiar", "segmentation:"),
        ("ovdiar", "finished"),
    ]


def test_python_prints_nothing_where_logging_is_not_configured() -> None:
    code = "from ovdiar.pipelines.steps import Steps\nwith Steps(None, 'a') as s: s.done('x', None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


@pytest.mark.parametrize(
    ("arguments", "program"),
    [
        ("convert a.rttm --unknown", "ovdiar convert"),
        ("voices list v.json --unknown", "ovdiar voices list"),
        ("convert", "ovdiar convert"),
        ("--unknown convert a.rttm", "ovdiar"),
    ],
)
def test_usage_errors_name_the_command(arguments: str, program: str, ovdiar: Run) -> None:
    answer = ovdiar(*arguments.split())
    assert answer.is_complaint()
    assert answer.err.startswith(f"{program}: ")
    assert answer.err.endswith(f": see {program} --help\n")


def test_every_command_can_be_quiet() -> None:
    parser = cli._parser()
    (subparsers,) = (action.choices for action in parser._actions if action.choices)
    lacking = [
        name
        for name, command in dict(subparsers).items()
        if not {"--quiet", "--verbose"} <= command._option_string_actions.keys()
    ]
    assert lacking == []
