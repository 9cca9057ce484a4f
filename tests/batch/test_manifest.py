"""Manifests say what to diarize, and are refused by line where they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ovdiar.batch import manifest
from ovdiar.batch.job import checked_uri
from ovdiar.errors import ConfigError, FormatError, OvdiarError

if TYPE_CHECKING:
    from pathlib import Path

ROW: dict[str, Any] = {
    "path": "a.wav",
    "uri": "x/first",
    "min_speakers": 2,
    "max_speakers": 4,
    "channel": 1,
    "track": 2,
    "strict": True,
    "start": 1.5,
    "end": 9.0,
    "duration": 60,
}


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_json_and_csv_say_the_same(tmp_path: Path) -> None:
    lines = '{"path": "a.wav", "uri": "x/first", "min_speakers": 2, "max_speakers": 4, '
    lines += '"channel": 1, "track": 2, "strict": true, "start": 1.5, "end": 9.0, "duration": 60}'
    lines += '\n\n{"path": "b.wav"}\n'
    table = "path,uri,min_speakers,max_speakers,channel,track,strict,start,end,duration\n"
    table += "a.wav,x/first,2,4,1,2,True,1.5,9.0,60\nb.wav,,,,,,,,,\n"
    first = manifest.read(written(tmp_path, "all.jsonl", lines))
    assert first == manifest.read(written(tmp_path, "all.csv", table))
    assert first[0].path == str(tmp_path / "a.wav")
    assert (first[0].uri, first[1].uri) == ("x/first", "b")
    assert first[0].counts() == {"num_speakers": None, "min_speakers": 2, "max_speakers": 4}
    assert first[0].selection() == {"channel": 1, "track": 2, "strict": True}
    assert (first[0].start_s, first[0].end_s) == (1.5, 9.0)
    assert first[0].expected_s == 7.5


def test_a_url_stays_as_it_is() -> None:
    assert manifest.job_of({"path": "s3://a/b.wav"}, "row 0", "/data").path == "s3://a/b.wav"


def test_columns_of_others_are_left_alone() -> None:
    row = {"path": "a.wav", "text": "hello", "state": 3, "label": "x"}
    assert manifest.job_of(row, "row 0") == manifest.job_of({"path": "a.wav"}, "row 0")


@pytest.mark.parametrize(("written", "meant"), [("FALSE", False), (0, False), (1.0, True)])
def test_strict_is_read_as_tables_write_it(written: Any, meant: bool) -> None:  # noqa: FBT001
    assert manifest.job_of({"path": "a.wav", "strict": written}, "row 0").strict is meant


@pytest.mark.parametrize("absent", [None, "", float("nan")])
def test_what_is_absent_is_the_default(absent: Any) -> None:
    row = {"path": "a.wav"} | dict.fromkeys(manifest.COLUMNS[1:], absent)
    assert manifest.job_of(row, "row 0") == manifest.job_of({"path": "a.wav"}, "row 0")


def test_a_gap_of_a_data_frame_is_absent() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"path": ["a.wav", "b.wav"], "num_speakers": [2, None]})
    first, second = frame.astype({"num_speakers": "Int64"}).to_dict("records")
    assert manifest.job_of(first, "row 0").num_speakers == 2
    assert manifest.job_of(second, "row 1").num_speakers is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"path": None}, "no path"),
        ({"num_speaker": 2}, "did you mean 'num_speakers'"),
        ({"min_speakers": 1.5}, "min_speakers 1.5 is not a whole number"),
        ({"min_speakers": "two"}, "min_speakers 'two' is not a whole number"),
        ({"min_speakers": 5}, "min_speakers"),
        ({"channel": -1}, "channel -1 is not a whole number"),
        ({"track": -1}, "track -1 is not a whole number"),
        ({"strict": "perhaps"}, "strict 'perhaps' is neither true nor false"),
        ({"start": -1}, "the start -1 is below 0 s"),
        ({"end": "nan"}, "the end 'nan' is not a number of seconds"),
        ({"end": 1.5}, "end 1.5 s is not after start 1.5 s"),
        ({"uri": "../x"}, "the uri '../x' cannot name outputs"),
    ],
)
def test_a_row_that_is_wrong_is_named(change: dict[str, Any], says: str) -> None:
    with pytest.raises(OvdiarError) as caught:
        manifest.job_of(ROW | change, "all.csv, line 7")
    assert str(caught.value).startswith("all.csv, line 7")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("all.jsonl", '{"path": "a.wav"}\n{"path": \n', "line 2 is not valid JSON"),
        ("all.jsonl", '["a.wav"]\n', "line 1 is no object"),
        ("all.csv", "file,uri\na.wav,b\n", "has no column path"),
        ("all.csv", "path\na.wav,b\n", "line 2 has more cells than the header"),
        ("all.csv", "", "has no column path"),
    ],
)
def test_a_manifest_that_is_malformed_is_told_by_line(
    name: str, text: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(FormatError) as caught:
        manifest.read(written(tmp_path, name, text))
    assert says in str(caught.value)


def test_a_manifest_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"none\.csv cannot be read"):
        manifest.read(str(tmp_path / "none.csv"))


@pytest.mark.parametrize(
    "uri", ["", ".", "..", "a/../b", "/etc/x", "\\x", "C:\\x", "C:x", "a\nb", "a\0b"]
)
def test_no_name_leads_out_of_the_folder_of_outputs(uri: str) -> None:
    with pytest.raises(ConfigError, match="cannot name outputs"):
        checked_uri(uri, "row 0")


@pytest.mark.parametrize("uri", ["a", "a/b", "Zoë 1", "a..b", ".hidden"])
def test_ordinary_names_are_kept(uri: str) -> None:
    assert checked_uri(uri, "row 0") == uri
