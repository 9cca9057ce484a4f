"""Files of ONNX: what they are told by, and what is refused before anything is built."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from ovdiar_export.onnx import segmentation_network
from ovdiar_export.onnx.reader import is_onnx, read_onnx
from reference import onnx_networks, published
from reference.onnx_files import node, onnx_file, value_info

from ovdiar.errors import ModelError, ModelNotFoundError

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = onnx_networks.segmentation_onnx(metadata={"sample_rate": 16000, "maker": "us"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.onnx"


def refusal(path: Path, data: bytes) -> str:
    """Return the one line with which a file is refused."""
    path.write_bytes(data)
    with pytest.raises(ModelError) as caught:
        read_onnx(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_is_onnx_by_its_name_or_its_first_bytes(tmp_path: Path) -> None:
    def written(name: str, data: bytes) -> Path:
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    assert is_onnx(written("net", WHOLE))
    assert is_onnx(written("net.onnx", b""))
    assert is_onnx(written("net.ONNX", b""))
    assert not is_onnx(written("torch.bin", published.embedding_file()))
    assert not is_onnx(written("safe.bin", published.embedding_safetensors()))
    header_of_264_bytes = b"\x08\x01" + bytes(6) + b"{"
    assert not is_onnx(written("other.safetensors", header_of_264_bytes))
    assert not is_onnx(written("empty", b""))
    assert not is_onnx(tmp_path / "none")
    assert not is_onnx(tmp_path)


def test_properties_are_read_as_their_maker_wrote_them(path: Path) -> None:
    path.write_bytes(WHOLE)
    found = read_onnx(path)
    assert found.metadata == {"sample_rate": "16000", "maker": "us"}
    assert found.number("sample_rate", 8000, 48_000) == 16_000
    assert found.number("window_size", 3, 10) == 3


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "16000", "1e3", "²", "9" * 30, "None"])
def test_a_property_that_is_no_number_within_its_range_is_refused(text: str, path: Path) -> None:
    path.write_bytes(onnx_networks.segmentation_onnx(metadata={"sample_rate": text}))
    with pytest.raises(ModelError, match="expected 1 to 9999"):
        read_onnx(path).number("sample_rate", 1, 9999)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "not ONNX"),
        (b"<html>", "not ONNX"),
        (bytes(1000), "not ONNX"),
        (b"\x08", "cannot read it"),
        (b"\x08\x08", "0 inputs (none)"),
        (WHOLE[: len(WHOLE) // 2], "cannot read it"),
        (WHOLE.replace(b"LogSoftmax", b"LogSoftnax"), "LogSoftnax"),
        (onnx_file([], [], [], {}), "0 inputs"),
    ],
)
def test_what_is_no_network_is_refused(data: bytes, complaint: str, path: Path) -> None:
    assert complaint in refusal(path, data)


def test_inputs_and_outputs_that_are_too_many_are_named(path: Path) -> None:
    two = [value_info(name, ["N", 80, "T"]) for name in ("audio_signal", "length")]
    add = node("Add", ["audio_signal", "length"], "sum")
    assert refusal(path, onnx_file(two, [add], [value_info("sum", ["N", 80, "T"])], {})) == (
        "it has 2 inputs ('audio_signal' [?,80,?], 'length' [?,80,?]), expected one"
    )
    nodes = [node("Abs", ["length"], name) for name in ("logits", "embs")]
    outputs = [value_info(name, ["N", 80, "T"]) for name in ("logits", "embs")]
    message = refusal(path, onnx_file(two[1:], nodes, outputs, {}))
    assert message == "it has 2 outputs ('logits' [?,80,?], 'embs' [?,80,?]), expected one"


def test_a_missing_file_says_so(path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no such file"):
        read_onnx(path)


def test_five_gigabytes_that_are_no_onnx_are_refused_at_once(path: Path) -> None:
    path.touch()
    os.truncate(path, 5 * 10**9)
    start = time.perf_counter()
    with pytest.raises(ModelError, match="not ONNX"):
        read_onnx(path)
    assert time.perf_counter() - start < 1


def test_a_network_of_whole_numbers_is_refused(path: Path) -> None:
    path.write_bytes(onnx_networks.absolute_onnx(["N", 1, "T"], "int64"))
    with pytest.raises(ModelError, match="is i64, expected float32"):
        segmentation_network.part(path)


def test_a_damaged_file_prints_nothing(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    refusal(path, WHOLE[:-20])
    assert capfd.readouterr() == ("", "")
