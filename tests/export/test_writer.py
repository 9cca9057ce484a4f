"""A bundle's folder is replaced as a whole, or stays as it was."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import openvino as ov
import pytest
from openvino import opset13 as op
from ovdiar_export.parts import Part
from ovdiar_export.writer import replacing, save_networks

from ovdiar.errors import DownloadError, ModelError
from ovdiar.networks.bundle import MANIFEST

OLD, NEW = '{"schema": 0}', '{"schema": 1}'


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Give the place of a bundle that is there already."""
    folder = tmp_path / "bundles" / "mine"
    (folder / "segmentation").mkdir(parents=True)
    (folder / MANIFEST).write_text(OLD)
    return folder


def write(target: Path) -> None:
    """Write a bundle of a manifest alone."""
    with replacing(target) as folder:
        (folder / MANIFEST).write_text(NEW)


def is_as_it_was(target: Path) -> bool:
    """Tell whether the old bundle is whole, and alone in its folder."""
    whole = (target / MANIFEST).read_text() == OLD and (target / "segmentation").is_dir()
    return whole and list(target.parent.iterdir()) == [target]


def test_the_new_bundle_replaces_all_of_the_old(target: Path) -> None:
    write(target)
    assert [path.name for path in target.iterdir()] == [MANIFEST]
    assert (target / MANIFEST).read_text() == NEW
    assert list(target.parent.iterdir()) == [target]


def test_folders_above_are_made_and_an_empty_one_is_taken(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b")
    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty")
    assert (tmp_path / "a" / "b" / MANIFEST).read_text() == NEW
    assert (tmp_path / "empty" / MANIFEST).read_text() == NEW


def test_a_bundle_may_be_read_by_all_who_may_read_new_folders(tmp_path: Path) -> None:
    (tmp_path / "usual").mkdir()
    write(tmp_path / "mine")
    assert (tmp_path / "mine").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_link_to_a_bundle_stays_a_link(target: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(target, target_is_directory=True)
    write(link)
    assert link.is_symlink()
    assert (target / MANIFEST).read_text() == NEW


@pytest.mark.parametrize("failure", [KeyboardInterrupt, MemoryError, ZeroDivisionError])
def test_whatever_stops_the_writing_leaves_the_old_bundle_alone(
    failure: type[BaseException], target: Path
) -> None:
    def write_half() -> None:
        with replacing(target) as folder:
            (folder / MANIFEST).write_text(NEW[:3])
            raise failure

    with pytest.raises(failure):
        write_half()
    assert is_as_it_was(target)


def test_a_full_disk_is_told_in_one_line_and_leaves_the_old_bundle_alone(target: Path) -> None:
    with pytest.raises(ModelError, match=r"No space left on device\): choose"), replacing(target):
        raise OSError(28, "No space left on device")
    assert is_as_it_was(target)


def test_what_went_wrong_keeps_its_name_though_the_system_has_one_for_it(target: Path) -> None:
    message = "the hub is out of reach"  # a ConnectionError, and so an OSError
    with pytest.raises(DownloadError, match=f"^{message}$"), replacing(target):
        raise DownloadError(message)
    assert is_as_it_was(target)


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("failure", [KeyboardInterrupt, PermissionError(13, "Permission denied")])
def test_the_old_bundle_comes_back_where_the_exchange_fails(
    step: int, failure: BaseException, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, steps = Path.replace, iter(range(1, 9))

    def fail_once(self: Path, other: Path) -> Path:
        if next(steps) == step:
            raise failure
        return rename(self, other)

    monkeypatch.setattr(Path, "replace", fail_once)
    with pytest.raises((KeyboardInterrupt, ModelError)):
        write(target)
    assert is_as_it_was(target)


def test_other_folders_and_files_are_never_replaced(tmp_path: Path) -> None:
    music, text = tmp_path / "music", tmp_path / "text"
    music.mkdir()
    (music / "song.mp3").touch()
    text.touch()
    for place in (music, text, text / "below"):
        with pytest.raises(ModelError, match="choose another folder"):
            write(place)
    assert sorted(tmp_path.rglob("*")) == [music, music / "song.mp3", text]


def test_the_folder_that_one_stands_in_is_not_pulled_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="run this from another one"):
        write(Path())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x" * 300, os.path.join("x" * 300, "mine")])  # noqa: PTH118
def test_a_name_that_the_system_refuses_is_told_in_one_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be written"):
        write(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    source = op.parameter([1], ov.Type.f32)
    model = ov.Model([op.relu(source)], [source])
    (tmp_path / "segmentation" / "openvino_model.xml").mkdir(parents=True)
    with pytest.raises(ModelError, match=r"openvino_model\.xml cannot be written") as caught:
        save_networks(Part({"segmentation": model}, {}), tmp_path)
    assert "\n" not in str(caught.value)
    shutil.rmtree(tmp_path / "segmentation")
    assert len(save_networks(Part({"segmentation": model}, {}), tmp_path)) == 2
