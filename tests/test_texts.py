"""Texts are opened in one way, whatever their encoding, and messages quote them shortly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovdiar import texts
from ovdiar.errors import FormatError

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "SPEAKER 李 1 0 5 <NA> <NA> Zoë <NA> <NA>\n"
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32"]
WITHOUT_MARK = ["utf-16-le", "utf-16-be"]


@pytest.mark.parametrize("encoding", [*ENCODINGS, *WITHOUT_MARK])
def test_every_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a").write_bytes(TEXT.encode(encoding))
    assert texts.read(tmp_path / "a") == TEXT


@pytest.mark.parametrize("mark", ["\ufeff"])
@pytest.mark.parametrize("encoding", [*WITHOUT_MARK, "utf-32-le", "utf-32-be"])
def test_a_byte_order_mark_is_dropped(encoding: str, mark: str) -> None:
    assert texts.decode((mark + TEXT).encode(encoding), "a") == TEXT


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xfe\x00", r"a is not UTF-16 text \(byte 2\): save it as UTF-8"),
        ("Zoë".encode("latin-1"), r"a is not UTF-8 text \(byte 2\)"),
        (b"\xff\xfe\x00\x00\x00", "a is not UTF-32 text"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        texts.decode(data, "a")


@given(st.binary(max_size=40))
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    try:
        assert isinstance(texts.decode(data, "a"), str)
    except FormatError as error:
        assert str(error).startswith("a is not UTF-")  # noqa: PT017 - either outcome is right


def test_invalid_bytes_are_kept_where_a_format_may_hold_them() -> None:
    assert texts.decode(b"caf\xc3", "a", "surrogateescape") == "caf\udcc3"


@pytest.mark.parametrize("name", ["none", "a\0b", "x" * 300, "."])
def test_a_path_that_cannot_be_read_is_an_error_of_the_input(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match=r"cannot be read \(.*\): check the path"):
        texts.read(f"{tmp_path}/{name}")


def test_a_file_without_end_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(texts, "MAX_BYTES", 1 << 20)
    (tmp_path / "a").write_bytes(b"a" * (1 << 20))
    assert len(texts.read(tmp_path / "a")) == 1 << 20
    (tmp_path / "a").write_bytes(b"a" * ((1 << 20) + 1))
    with pytest.raises(FormatError, match="has more than 1 MiB"):
        texts.read(tmp_path / "a")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_lines_end_as_anywhere(end: str) -> None:
    assert texts.split_lines(f"a{end}b{end}{end}c") == ["a", "b", "", "c"]


def nested(depth: int) -> Any:
    """Return a list in a list, so many deep."""
    found: Any = []
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    "value",
    [
        *("a" * 10_000, "\udc80" * 10_000, "'\"\n" * 999, 10**4000, list(range(9999)), nested(900)),
        *({"a" * 9999: 1}, dict.fromkeys(range(99), "b" * 999), b"\x00" * 999, None, 1.5, "x"),
    ],
)
@pytest.mark.parametrize("most", [40, 200])
def test_a_quotation_is_short_and_one_line(value: Any, most: int) -> None:
    quotation = texts.quoted(value, most)
    assert 0 < len(quotation) <= most
    assert len(quotation.splitlines()) == 1


def test_short_values_are_quoted_in_full() -> None:
    assert texts.quoted("it's") == '"it\'s"'
    assert texts.quoted([1, "a"]) == "[1, 'a']"
    assert texts.quoted("a" * 198) == repr("a" * 198)
    assert texts.quoted("a" * 250).endswith("a...")
    assert [texts.counted(count, "turn") for count in (0, 1, 2)] == ["0 turns", "1 turn", "2 turns"]
    assert texts.listed(["a", "b"]) == "a, b"
    assert len(texts.listed(["a" * 150] * 9)) == 200


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"a":' * 100_000, "1" * 5000, ""])
def test_json_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match=r"a is not valid JSON \(.*\): check the file"):
        texts.parse_json(text, "a")


def test_json_that_cannot_be_written_is_refused() -> None:
    assert json.loads(texts.dump_json({"a": [1, "ë"]})) == {"a": [1, "ë"]}
    with pytest.raises(FormatError, match="nested too deeply"):
        texts.dump_json(nested(5000))
