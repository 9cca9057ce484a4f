"""A run does what is not done, records every outcome, and no failure stops the others."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

import ovdiar
from ovdiar import formats
from ovdiar.batch import Archive, Outputs, Summary
from ovdiar.batch.inline import InlineEngine
from ovdiar.batch.job import Job
from ovdiar.batch.outcome import attempt, code_of
from ovdiar.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from pathlib import Path

DONE = {"talk0", "talk1", "talk2"}
FAILED = {"damaged", "empty"}


class Counting(InlineEngine):
    """Remembers which recordings it was given."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def run(self, pipeline: Any, outputs: Any, jobs: Any) -> Any:
        for row in super().run(pipeline, outputs, jobs):
            self.given.append(row["uri"])
            yield row


def rows(out: Path) -> dict[str, dict[str, Any]]:
    found = [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]
    assert len({row["uri"] for row in found}) == len(found)
    return {row["uri"]: row for row in found}


@pytest.fixture
def mine(talks: Path, tmp_path: Path) -> Path:
    """Give a copy of the archive, to change."""
    return shutil.copytree(talks, tmp_path / "talks")


def again(inputs: Any, pipeline: Any, out: Path, **options: Any) -> tuple[Summary, list[str]]:
    """Run, and say what the engine was given."""
    retry = options.pop("retry_failed", False)
    defaults = options.pop("defaults", None)
    engine = Counting()
    outputs = Outputs(str(out), **options)
    archive = Archive(inputs, pipeline, outputs, retry_failed=retry, defaults=defaults)
    return archive.run(engine=engine), engine.given


def test_every_recording_has_its_outputs_or_its_reason(
    talks: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    out = tmp_path / "out"
    summary, _ = again([talks, talks / "none.wav"], pipeline, out, formats=("rttm", "json"))
    assert (summary.done, summary.failed) == (3, 3)
    found = rows(out)
    assert {uri for uri, row in found.items() if row["status"] == "done"} == DONE
    assert {uri: row["error"]["code"] for uri, row in found.items() if "error" in row} == {
        "damaged": "audio",
        "empty": "audio",
        "none": "audio-not-found",
    }
    for uri in DONE:
        expected = pipeline({"audio": talks / f"{uri}.wav", "uri": uri})
        saved = formats.read(out / f"{uri}.rttm")
        assert formats.dumps(saved, "rttm") == formats.dumps(expected.speaker_diarization, "rttm")
        assert json.loads((out / f"{uri}.json").read_text("utf-8")) == expected.serialize()
    assert found["talk0"]["duration_s"] == 6.0
    assert found["talk0"]["speakers"] == len(formats.read(out / "talk0.rttm").labels())
    assert {"segmentation", "embeddings", "total"} <= set(found["talk0"]["timings"])
    names = {*(f"{uri}.{suffix}" for uri in DONE for suffix in ("rttm", "json")), "results.jsonl"}
    assert {path.name for path in out.iterdir()} == names


def test_what_is_done_is_not_done_again_and_what_failed_only_on_demand(
    talks: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    again([talks], pipeline, tmp_path)
    plan = Archive([talks], pipeline, Outputs(str(tmp_path))).plan()
    assert (plan.jobs, plan.finished, plan.failed) == ((), 3, 2)
    assert again([talks], pipeline, tmp_path, retry_failed=True)[1] == ["damaged", "empty"]


def test_what_changed_is_done_again(
    mine: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    again([mine], pipeline, tmp_path / "out")
    shutil.copy(mine / "talk0.wav", mine / "talk1.wav")
    shutil.copy(mine / "talk2.wav", mine / "damaged.wav")
    (tmp_path / "out" / "talk2.rttm").unlink()
    _, given = again([mine], pipeline, tmp_path / "out")
    assert sorted(given) == ["damaged", "talk1", "talk2"]
    assert rows(tmp_path / "out")["talk1"]["duration_s"] == 6.0


def test_a_file_with_another_time_is_compared_and_left(
    mine: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    out = tmp_path / "out"
    again([mine], pipeline, out)
    before = (out / "talk0.rttm").stat().st_mtime_ns
    os.utime(mine / "talk0.wav", (1, 1))
    summary, given = again([mine], pipeline, out)
    assert (given, summary.unchanged, summary.done) == (["talk0"], 1, 0)
    assert (out / "talk0.rttm").stat().st_mtime_ns == before
    assert again([mine], pipeline, out)[1] == []
    assert rows(out)["talk0"]["status"] == "done"


def test_other_settings_are_done_anew(
    talks: Path, tmp_path: Path, tiny: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    inputs = [talks / "talk0.wav", talks / "talk1.wav"]
    again(inputs, pipeline, tmp_path)
    other = ovdiar.SpeakerDiarization(ovdiar.load(tiny), threshold=0.9)
    assert len(again(inputs, other, tmp_path)[1]) == 2
    faster = ovdiar.SpeakerDiarization(ovdiar.load(tiny, threads=2), threshold=0.9, batch_size=3)
    assert again(inputs, faster, tmp_path)[1] == []
    assert len(again(inputs, other, tmp_path, defaults={"num_speakers": 2})[1]) == 2
    given = {"defaults": {"num_speakers": 2}}
    assert len(again(inputs, other, tmp_path, formats=("rttm", "srt"), **given)[1]) == 2
    assert again(inputs, other, tmp_path, **given)[1] == []


def test_kept_outputs_of_the_networks_give_the_same_answer(
    talks: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    again([talks / "talk0.wav"], pipeline, tmp_path, keep=True)
    prepared = ovdiar.Prepared.load(tmp_path / "talk0.npz")
    text = formats.dumps(pipeline.cluster(prepared).speaker_diarization, "rttm")
    assert text == (tmp_path / "talk0.rttm").read_text("utf-8")


def test_a_part_of_a_recording_has_the_times_of_the_whole(
    conversation: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    manifest = tmp_path / "parts.jsonl"
    parts = [(10, 16), (62, 100), (500, 600)]
    manifest.write_text(
        "".join(
            json.dumps({"path": str(conversation), "uri": f"from{a}", "start": a, "end": b}) + "\n"
            for a, b in parts
        )
    )
    again([manifest], pipeline, tmp_path / "out")
    found = rows(tmp_path / "out")
    assert found["from10"]["duration_s"] == 6.0
    assert found["from500"]["error"]["code"] == "audio"
    assert "the part from 500 s is empty" in found["from500"]["error"]["message"]
    saved = formats.read(tmp_path / "out" / "from10.rttm")
    assert len(saved) > 0
    assert saved.extent.start >= 10
    assert saved.extent.end <= 16
    assert formats.read(tmp_path / "out" / "from62.rttm").extent.start >= 62


def test_what_to_read_is_each_recordings_own_and_a_setting(
    mine: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    whole = (mine / "talk0.wav").read_bytes()
    (mine / "cut.wav").write_bytes(whole[:-40_000])
    manifest = mine / "all.jsonl"
    manifest.write_text(
        '{"path": "cut.wav", "uri": "lenient"}\n'
        '{"path": "cut.wav", "uri": "strict", "strict": true}\n'
        '{"path": "talk1.wav", "uri": "track", "track": 1}\n'
        '{"path": "cut.wav", "uri": "end", "start": 2}\n'
        '{"path": "cut.wav", "uri": "begin", "end": 2, "strict": true}\n'
    )
    out = tmp_path / "out"
    assert len(again([manifest], pipeline, out)[1]) == 5
    found = rows(out)
    for uri in ("lenient", "end"):
        assert "incomplete-audio" in [notice["code"] for notice in found[uri]["notices"]]
    assert found["begin"]["status"] == "done"
    assert "refused by strict" in found["strict"]["error"]["message"]
    assert "audio track 1 does not exist" in found["track"]["error"]["message"]
    assert again([manifest], pipeline, out, defaults={"strict": False})[1] == []
    stricter = again([manifest], pipeline, out, defaults={"strict": True})[1]
    assert sorted(stricter) == ["end", "lenient", "track"]


def test_a_folder_that_cannot_be_written_is_told_before_any_work(
    talks: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    (tmp_path / "out").write_text("a file")
    engine = Counting()
    with pytest.raises(OutputError):
        Archive([talks], pipeline, Outputs(str(tmp_path / "out"))).run(engine=engine)
    assert engine.given == []


def test_a_format_that_is_unknown_is_refused() -> None:
    with pytest.raises(ConfigError, match="the format 'xml' is unknown"):
        Outputs("out", ("rttm", "xml"))
    with pytest.raises(ConfigError, match="no format was given"):
        Outputs("out", ())


def test_what_another_run_does_in_the_meantime_is_left(
    talks: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    inputs = [talks / "talk0.wav", talks / "talk1.wav"]

    class Overtaken(Counting):
        def run(self, pipeline: Any, outputs: Any, jobs: Any) -> Any:
            assert again(inputs, pipeline, tmp_path)[0].done == 2
            yield from super().run(pipeline, outputs, jobs)

    engine = Overtaken()
    summary = Archive(inputs, pipeline, Outputs(str(tmp_path))).run(engine=engine)
    assert (summary.done, summary.unchanged, engine.given) == (0, 2, [])


def test_a_plan_is_as_long_as_its_recordings(
    talks: Path, tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    manifest = tmp_path / "all.jsonl"
    parts = [{"uri": "a", "duration": 60}, {"uri": "b", "start": 1, "end": 3.5}]
    lines = [json.dumps({"path": str(talks / "talk0.wav"), **part}) for part in parts]
    manifest.write_text("\n".join(lines))
    assert Archive([manifest], pipeline, Outputs(str(tmp_path))).plan().expected_s == 62.5


def test_a_fault_that_nobody_foresaw_is_the_recordings_own(
    talks: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    def write(_result: Any, _prepared: Any) -> list[str]:
        raise ZeroDivisionError("by zero")

    row = attempt(pipeline, Job(str(talks / "talk0.wav"), "a"), write)
    assert row["status"] == "failed"
    assert row["error"] == {"code": "unexpected", "message": "ZeroDivisionError: by zero"}


def test_memory_that_does_not_suffice_is_told_apart() -> None:
    assert code_of(MemoryError()) == "memory"


def test_a_recording_whose_file_cannot_be_opened_has_failed(
    tmp_path: Path, pipeline: ovdiar.SpeakerDiarization
) -> None:
    (tmp_path / "call.wav").mkdir()
    row = attempt(pipeline, Job(str(tmp_path / "call.wav"), "a"), lambda *_: [])
    assert (row["status"], row["error"]["code"]) == ("failed", "audio")
    assert str(tmp_path / "call.wav") in row["error"]["message"]
