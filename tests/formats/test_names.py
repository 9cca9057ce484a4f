"""Speakers get the names that a file gives them, and what is wrong with the file is told."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from ovdiar.errors import FormatError, OvdiarWarning
from ovdiar.formats import names

if TYPE_CHECKING:
    from pathlib import Path


def test_names_are_read(tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text('{"SPEAKER_00": "Zoë", "B": "李"}', encoding="utf-8")
    assert names.load(tmp_path / "names.json") == {"SPEAKER_00": "Zoë", "B": "李"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not valid JSON"),
        ('{"A": "B",}', "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ('["A"]', "is not an object of labels and names: give names as"),
        ('{"A": 3}', "the name 3 of 'A' is not a string"),
        ('{"A": " "}', "the name ' ' of 'A' is not a string"),
    ],
)
def test_invalid_names_raise_an_error(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text(text)
    with pytest.raises(FormatError, match=message) as caught:
        names.load(tmp_path / "names.json")
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_file_raises_an_error(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be read"):
        names.load(tmp_path / "names.json")


def test_unknown_labels_cause_a_warning() -> None:
    with pytest.warns(OvdiarWarning, match="no speaker is named C, D: the labels are A, B"):
        names.warn_of_unknown({"D": "x", "A": "y", "C": "z"}, ["B", "A"])
    with pytest.warns(OvdiarWarning, match="the labels are none"):
        names.warn_of_unknown({"D": "x"}, [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        names.warn_of_unknown({"A": "y"}, ["B", "A"])
