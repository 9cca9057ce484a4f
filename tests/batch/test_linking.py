"""Voices are joined across recordings where that is sure, and never within one."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.material import missing

from ovdiar.batch.identities import check_linking, link
from ovdiar.batch.linking import Speakers, link_speakers
from ovdiar.batch.outputs import SPEAKERS
from ovdiar.errors import ConfigError, FormatError, MissingPackageError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

DIMENSION = 32


def require_faiss() -> None:
    """Skip what needs faiss where it is not installed."""
    if find_spec("faiss") is None:
        missing("faiss is missing: pip install faiss-cpu")


def exact(rows: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find nearest neighbours by comparing all, as the index does approximately."""
    similar = rows @ rows.T
    np.fill_diagonal(similar, -2)
    order = np.argsort(-similar, axis=1, kind="stable")[:, :count]
    return order, np.take_along_axis(similar, order, axis=1)


def made(voices: list[int], recordings: list[int], noise: float = 0.1, seed: int = 0) -> Speakers:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((max(voices, default=0) + 1, DIMENSION))
    rows = centres[voices] + noise * rng.standard_normal((len(voices), DIMENSION))
    speech_s = np.full(len(voices), 30, np.float32)
    return Speakers(rows.astype(np.float32), speech_s, np.array(recordings, np.int64))


def test_a_voice_of_many_recordings_is_one_identity() -> None:
    voices = [number % 7 for number in range(350)]
    speakers = made(voices, list(range(350)))
    assert link_speakers(speakers, 0.7, 5, exact).tolist() == voices


@given(st.data())
def test_two_speakers_of_one_recording_are_never_joined(data: Any) -> None:
    recordings = data.draw(st.lists(st.integers(0, 5), min_size=0, max_size=30))
    voices = data.draw(
        st.lists(st.integers(0, 3), min_size=len(recordings), max_size=len(recordings))
    )
    noise = data.draw(st.floats(0, 2))
    labels = link_speakers(made(voices, recordings, noise), 0.1, 5, exact)
    pairs = list(zip(labels.tolist(), recordings, strict=True))
    assert len(set(pairs)) == len(pairs)
    assert sorted(set(labels.tolist())) == list(range(len(set(labels.tolist()))))


def test_what_is_not_sure_stays_apart() -> None:
    speakers = made([0, 0, 0, 1], [0, 1, 2, 3])
    short = speakers._replace(speech_s=np.array([30, 4, 30, 30], np.float32))
    assert link_speakers(short, 0.7, 5, exact).tolist() == [0, 1, 0, 2]
    silent = speakers.embeddings.copy()
    silent[0] = 0
    assert link_speakers(speakers._replace(embeddings=silent), 0.7, 5, exact).tolist() == [
        0,
        1,
        1,
        2,
    ]
    assert link_speakers(speakers, 1.0, 5, exact).tolist() == [0, 1, 2, 3]


def test_the_index_finds_what_comparing_all_finds() -> None:
    require_faiss()
    from ovdiar.batch.neighbours import neighbours

    speakers = made([number % 50 for number in range(1000)], list(range(1000)), noise=0.5)
    found = link_speakers(speakers, 0.7, 5, neighbours)
    assert found.tolist() == link_speakers(speakers, 0.7, 5, exact).tolist()
    assert found.tolist() == link_speakers(speakers, 0.7, 5, neighbours).tolist()


def test_equal_rows_are_neighbours_of_each_other() -> None:
    require_faiss()
    from ovdiar.batch.neighbours import neighbours

    rows = np.full((40, 4), 0.5, np.float32)
    indices, similarities = neighbours(rows, 5)
    assert (indices != np.arange(40)[:, np.newaxis]).all()
    assert np.allclose(similarities, 1)


def write_archive(folder: Path, speakers: Speakers, bundle: str = "base") -> None:
    from io import BytesIO

    lines = []
    for recording in np.unique(speakers.recordings):
        own = speakers.recordings == recording
        file = BytesIO()
        np.savez(
            file,
            labels=np.array([f"S{n}" for n in range(own.sum())]),
            embeddings=speakers.embeddings[own],
            speech_s=speakers.speech_s[own],
        )
        name = f"r{recording}{SPEAKERS}"
        (folder / name).write_bytes(file.getvalue())
        row = {"uri": f"r{recording}", "status": "done", "outputs": [name]}
        lines.append(json.dumps(row | {"bundle": {"name": bundle}}) + "\n")
    (folder / "results.jsonl").write_text("".join(lines))


def test_a_folder_gets_a_line_for_each_voice_the_most_frequent_first(tmp_path: Path) -> None:
    require_faiss()
    write_archive(tmp_path, made([0, 1, 1, 2, 1, 2], [0, 0, 1, 1, 2, 2]))
    assert link(str(tmp_path)) == (6, 3, 2)
    lines = (tmp_path / "identities.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    members = [[(each["uri"], each["speaker"]) for each in row["speakers"]] for row in found]
    assert [row["identity"] for row in found] == ["VOICE_000000", "VOICE_000001", "VOICE_000002"]
    assert members == [
        [("r0", "S1"), ("r1", "S0"), ("r2", "S0")],
        [("r1", "S1"), ("r2", "S1")],
        [("r0", "S0")],
    ]


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    require_faiss()
    with pytest.raises(ConfigError, match="cannot be compared"):
        check_linking({"base", "tiny"}, None)
    with pytest.raises(ConfigError, match="no threshold was measured for speakers of bundle 'x'"):
        check_linking({"x"}, None)
    with pytest.raises(ConfigError, match="the threshold is 2"):
        check_linking({"base"}, 2)
    assert check_linking({"x"}, 0.6) == 0.6
    write_archive(tmp_path, made([0], [0]))
    (tmp_path / f"r0{SPEAKERS}").write_bytes(b"damaged")
    with pytest.raises(FormatError, match="delete it, and run again"):
        link(str(tmp_path))


def test_a_folder_without_speakers_has_no_identities(tmp_path: Path) -> None:
    require_faiss()
    failed = {"uri": "r0", "status": "failed", "outputs": [f"r0{SPEAKERS}"]}
    without = {"uri": "r1", "status": "done", "outputs": ["r1.rttm"]}
    gone = {"uri": "r2", "status": "done", "outputs": [f"r2{SPEAKERS}"]}
    text = "".join(json.dumps(row) + "\n" for row in (failed, without, gone))
    (tmp_path / "results.jsonl").write_text(text)
    (tmp_path / f"r0{SPEAKERS}").write_bytes(b"of a run before it failed")
    assert link(str(tmp_path)) == (0, 0, 0)
    assert (tmp_path / "identities.jsonl").read_bytes() == b""


def test_without_faiss_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingPackageError, match=r'pip install "ovdiar\[link\]"'):
        check_linking({"base"}, None)
