"""``ovdiar tune`` writes a preset and tells what it gained, or in one line what is wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from reference.corpora import write_corpus

from ovdiar import SpeakerDiarization, cli
from ovdiar.tuning import search

if TYPE_CHECKING:
    from pathlib import Path

    from ovdiar.networks.models import Models


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Models:
    """Put networks that know the recordings of ``corpus`` in the place of a bundle."""
    found = write_corpus(tmp_path / "corpus", threshold=1.9)
    monkeypatch.setattr("ovdiar.networks.models.load", lambda *_, **__: found)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return found


def test_the_preset_is_written_and_the_gain_told(
    models: Models, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["tune", "corpus", "--trials", "12", "--folds", "3", "-o", "tuned.json"]
    assert cli.main([*arguments, "--cache", "kept"]) == 0
    printed = capsys.readouterr()
    assert "gain " in printed.out
    assert printed.out.endswith("wrote tuned.json: use it with --preset tuned.json\n")
    assert printed.err == ""
    preset = SpeakerDiarization(models, preset="tuned.json").parameters
    assert preset.threshold < 1.9


def test_an_interrupt_still_writes_the_preset(
    models: Models, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    attempt, left = search._try, iter(range(9))

    def interrupted(*arguments: object) -> object:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return attempt(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(search, "_try", interrupted)
    assert cli.main(["tune", "corpus", "--cache", "kept"]) == 0
    assert "9 of 200 trials, interrupted" in capsys.readouterr().out
    assert SpeakerDiarization(models, preset="preset.json").parameters.threshold < 1.9


@pytest.mark.usefixtures("models")
def test_a_terminal_is_shown_one_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert cli.main(["tune", "corpus", "--trials", "12", "--cache", "kept"]) == 0
    drawn = capsys.readouterr().err
    assert "100%|" in drawn
    assert drawn.count("\n") == 1


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "'nowhere' is no folder"),
        (["."], "holds no audio file"),
        (["corpus", "--folds", "1"], "1 folds of 3 recordings: give 2 to 3"),
        (["corpus", "-o", "no/where.json"], "cannot be written: name a file in a folder"),
        (["corpus", "--nist-collar", "1", "--collar-width", "1"], "two collars"),
        (["corpus", "--cache", "corpus/meeting0.wav"], "cannot be written"),
    ],
)
def test_one_line_says_what_is_wrong(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["tune", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.count("\n") == 1
