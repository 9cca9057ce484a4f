"""Bundles that are damaged, or not there, are told in one line."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reference.commands import Run


def without_a_manifest(bundle: Path) -> None:
    (bundle / "bundle.json").unlink()


def with_half_a_manifest(bundle: Path) -> None:
    path = bundle / "bundle.json"
    path.write_text(path.read_text()[:-100])


def with_a_manifest_of_another_kind(bundle: Path) -> None:
    (bundle / "bundle.json").write_text("[1, 2]")


def with_a_manifest_that_lacks_the_frames(bundle: Path) -> None:
    change_manifest(bundle, segmentation={})


def of_a_newer_schema(bundle: Path) -> None:
    change_manifest(bundle, schema=99)


def with_a_bit_flipped(bundle: Path) -> None:
    path = bundle / "segmentation" / "openvino_model.bin"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def with_a_network_missing(bundle: Path) -> None:
    (bundle / "embedding" / "network" / "openvino_model.bin").unlink()


def change_manifest(bundle: Path, **entries: Any) -> None:
    path = bundle / "bundle.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


BAD_BUNDLES = {
    without_a_manifest: "ovdiar-export",
    with_half_a_manifest: "export the bundle again",
    with_a_manifest_of_another_kind: "export the bundle again",
    with_a_manifest_that_lacks_the_frames: "export the bundle again",
    of_a_newer_schema: "schema 99",
    with_a_bit_flipped: "SHA-256",
    with_a_network_missing: "is missing",
}


@pytest.mark.parametrize(("damage", "reason"), BAD_BUNDLES.items())
def test_a_bundle_that_cannot_be_trusted_is_told_in_one_line(
    damage: Callable[[Path], None],
    reason: str,
    ovdiar: Run,
    tiny: Path,
    excerpt: Path,
    tmp_path: Path,
) -> None:
    bundle = shutil.copytree(tiny, tmp_path / "bundle")
    damage(bundle)
    answer = ovdiar("diarize", excerpt, "--models", bundle, "-o", tmp_path / "out.rttm")
    assert answer.is_complaint()
    assert reason in answer.err
    assert list(tmp_path.iterdir()) == [bundle]


def test_a_bundle_that_is_not_installed_names_the_command_that_makes_it(
    ovdiar: Run, excerpt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVDIAR_MODELS", str(tmp_path))
    answer = ovdiar("diarize", excerpt)
    assert answer.is_complaint()
    assert answer.err.endswith("make it with ovdiar-export base\n")
