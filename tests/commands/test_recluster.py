"""The networks' outputs can be kept, and clustered again without the networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ovdiar import Prepared

if TYPE_CHECKING:
    from pathlib import Path

    from reference.commands import Run

CHANGES = [
    "",
    "--num-speakers 2",
    "--threshold 0.5",
    "--min-duration-off 0.5 --min-duration-on 0.3",
    "--no-refine-clusters --linkage complete",
]


@pytest.fixture
def kept(diarize: Run, excerpt: Path, tmp_path: Path) -> Path:
    path = tmp_path / "talk.npz"
    answer = diarize(excerpt, "--keep", path, "-o", tmp_path / "talk.rttm")
    assert (answer.status, answer.err) == (0, "")
    return path


@pytest.mark.parametrize("changed", CHANGES)
@pytest.mark.parametrize("form", ["rttm", "json"])
def test_reclustering_prints_what_a_full_run_prints(
    ovdiar: Run, diarize: Run, excerpt: Path, kept: Path, changed: str, form: str
) -> None:
    full = diarize(excerpt, "--format", form, *changed.split())
    again = ovdiar("recluster", kept, "--format", form, *changed.split())
    assert again == full


def test_keeping_changes_nothing_else(
    diarize: Run, excerpt: Path, kept: Path, tmp_path: Path
) -> None:
    assert (tmp_path / "talk.rttm").read_text() == diarize(excerpt).out
    assert Prepared.load(kept).uri == "talk"


def test_no_bundle_is_needed(ovdiar: Run, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVDIAR_MODELS", str(kept.parent / "nowhere"))
    assert ovdiar("recluster", kept).status == 0


def test_names_and_files_are_written(ovdiar: Run, kept: Path, tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text('{"SPEAKER_00": "Ann"}')
    out = tmp_path / "talk.srt"
    answer = ovdiar("recluster", kept, "-o", out, "--names", tmp_path / "names.json")
    assert answer == (0, "", "")
    assert "Ann" in out.read_text()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{audio}", "is no prepared recording, or it is damaged: make one with ovdiar diarize"),
        ("missing.npz", "no such file"),
        ("{kept} --num-speakers 0", "num_speakers is 0"),
        ("{kept} --threshold 3", "threshold is 3: give a number from 0 to 2"),
        ("{kept} --clustering vbx", "PLDA"),
        ("{kept} -o {kept}", "is one of the inputs"),
    ],
)
def test_mistakes_are_answered_in_one_line(
    ovdiar: Run, kept: Path, excerpt: Path, line: str, message: str
) -> None:
    words = line.format(audio=excerpt, kept=kept).split()
    answer = ovdiar("recluster", *words)
    assert (answer.status, answer.out) == (2, "")
    assert message in answer.err
    assert answer.err.count("\n") == 1


def test_a_place_that_cannot_be_written_is_refused_before_the_networks_run(
    diarize: Run, excerpt: Path, tmp_path: Path
) -> None:
    answer = diarize(excerpt, "--keep", tmp_path / "missing" / "talk.npz")
    assert (answer.status, answer.out) == (2, "")
    assert "name a file in a folder that exists" in answer.err


CORRECTED = ("--clustering", "corrected", "--threshold", "0.75", "--side-by-side", "0.3")


@pytest.mark.parametrize("reuse", ["window", "shared"])
@pytest.mark.parametrize("changed", ["", "--num-speakers 2", "--threshold 0.9 --margin-s 0.1"])
def test_corrected_clustering_is_repeated_from_pieces_and_from_windows(
    *, ovdiar: Run, diarize: Run, excerpt: Path, tmp_path: Path, reuse: str, changed: str
) -> None:
    path = tmp_path / "talk.npz"
    chosen = (*CORRECTED, "--embedding-reuse", reuse)
    assert diarize(excerpt, "--keep", path, *chosen).status == 0
    full = diarize(excerpt, "--format", "json", *chosen, *changed.split())
    assert ovdiar("recluster", path, "--format", "json", *changed.split()) == full
    assert full.status == 0


def test_alternatives_are_listed_beside_the_answer(
    ovdiar: Run, diarize: Run, excerpt: Path, tmp_path: Path
) -> None:
    path = tmp_path / "talk.npz"
    full = diarize(excerpt, "--keep", path, "--alternatives", *CORRECTED)
    assert full.out == diarize(excerpt, *CORRECTED).out
    numbers = [float(line.split(": ")[1]) for line in full.err.splitlines()]
    assert numbers == sorted(numbers, reverse=True)
    assert sum(numbers) == pytest.approx(1, abs=0.03)
    assert ovdiar("recluster", path, "--alternatives").err == full.err


def test_alternatives_need_a_clustering_that_ranks_them(diarize: Run, excerpt: Path) -> None:
    answer = diarize(excerpt, "--alternatives")
    assert answer.status == 2
    assert "does not tell how plausible" in answer.err
    assert "use clustering 'corrected'" in answer.err
