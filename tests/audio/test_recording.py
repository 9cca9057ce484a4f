"""A recording can be read again and again, a block at a time."""

from __future__ import annotations

import io
import os
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from reference.material import require_posix

from ovdiar.audio.reading import load
from ovdiar.audio.recording import open_recording
from ovdiar.errors import AudioError, AudioNotFoundError, OvdiarWarning

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Pipe(io.RawIOBase):
    """A stream that cannot be rewound."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    path = tmp_path / "noise.wav"
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 30 * 8000)
    soundfile.write(path, samples, 8000)
    return path


def test_every_pass_reads_what_loading_reads(noise: Path) -> None:
    whole = load(noise).samples
    with open_recording(noise, rate=16000) as recording:
        for _ in range(2):
            assert np.array_equal(np.concatenate(list(recording.blocks())), whole)


def test_a_stream_that_cannot_be_rewound_is_read_twice(noise: Path) -> None:
    with open_recording(Pipe(noise.read_bytes()), rate=16000) as recording:  # type: ignore[arg-type]
        first, second = (np.concatenate(list(recording.blocks())) for _ in range(2))
    assert np.array_equal(first, second)


def test_a_channel_of_a_stream_that_cannot_be_rewound_is_read_twice(noise: Path) -> None:
    request = {"audio": Pipe(noise.read_bytes()), "channel": 0}
    with open_recording(request, rate=16000) as recording:
        first, second = (np.concatenate(list(recording.blocks())) for _ in range(2))
    assert np.array_equal(first, load(noise).samples)
    assert np.array_equal(first, second)


def test_a_named_pipe_is_read_twice(noise: Path, tmp_path: Path) -> None:
    require_posix("named pipes among its files")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(noise.read_bytes()))
    writer.start()
    with open_recording(pipe, rate=16000) as recording:
        writer.join()
        assert recording.uri == "pipe"
        for _ in range(2):
            assert np.array_equal(np.concatenate(list(recording.blocks())), load(noise).samples)


def replaced(path: Path) -> None:
    other = path.with_suffix(".new")
    soundfile.write(other, np.zeros(30 * 8000), 8000, format="WAV")
    other.replace(path)


def overwritten(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(1000)
        file.write(bytes(1000))


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def grown(path: Path) -> None:
    with path.open("ab") as file:
        file.write(bytes(1000))


@pytest.mark.parametrize("change", [replaced, overwritten, truncated, grown])
@pytest.mark.parametrize("when", ["within a pass", "between passes"])
@pytest.mark.parametrize("held", ["path", "file", "mapping"])
def test_a_file_that_changes_is_refused(
    noise: Path, change: Callable[[Path], None], when: str, held: str
) -> None:
    with noise.open("rb") as file:
        audio: Any = {"path": noise, "file": file, "mapping": {"audio": str(noise)}}[held]
        with open_recording(audio, rate=16000) as recording:
            blocks = recording.blocks()
            next(blocks) if when == "within a pass" else list(blocks)
            change(noise)
            if held == "file" and change is replaced:
                list(blocks)  # what is open stays as it was
                list(recording.blocks())
                return
            with pytest.raises(AudioError, match=r"changed while it was read|ends after"):
                list(blocks if when == "within a pass" else recording.blocks())


def test_name_and_length_are_known_at_once(noise: Path) -> None:
    with open_recording(noise, rate=16000) as recording:
        assert (recording.uri, recording.length) == ("noise", 30 * 16000)
        assert recording.duration_s == 30


def test_a_missing_file_raises_an_error_before_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(AudioNotFoundError), open_recording(tmp_path / "no.wav", rate=16000):
        pass


def test_errors_of_the_decoder_reach_the_reader() -> None:
    samples = np.zeros(200_000)
    samples[190_000] = np.nan
    audio = {"waveform": samples, "sample_rate": 16000}
    with (
        open_recording(audio, rate=16000) as recording,
        pytest.raises(AudioError, match="not a finite number"),
    ):
        list(recording.blocks())


def test_a_reader_that_stops_early_leaves_no_thread(noise: Path) -> None:
    before = threading.active_count()
    with open_recording(noise, rate=16000) as recording:
        blocks = recording.blocks()
        next(blocks)
        del blocks
    assert threading.active_count() == before


@pytest.fixture
def longer(noise: Path) -> Path:
    """A recording with more bytes than its header announces."""
    with noise.open("ab") as file:
        file.write(bytes(2**21))
    return noise


def test_a_notice_is_there_after_a_pass_and_once_for_several(longer: Path) -> None:
    with open_recording(longer, rate=16000) as recording:
        before = recording.notices
        assert before == ()
        for _ in range(3):
            assert sum(map(len, recording.blocks())) == 30 * 16000
            (notice,) = recording.notices
        assert notice.code == "unread-audio"
        assert notice.text.startswith(f"{longer}: 2097152 bytes follow the 30.000 s")
        assert notice.values == {
            "audio": str(longer),
            "bytes": 2**21,
            "announced_s": 30.0,
            "heard_s": 30.0,
        }
        assert recording.take_notices() == (notice,)


def test_a_notice_that_nobody_took_is_one_warning_at_the_line_of_the_user(longer: Path) -> None:
    def use() -> None:
        with open_recording(longer, rate=16000) as recording:
            for _ in range(3):
                list(recording.blocks())

    with pytest.warns(OvdiarWarning, match="bytes follow") as caught:
        use()
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.filterwarnings("error")
def test_a_notice_that_was_taken_is_no_warning_as_well(longer: Path) -> None:
    with open_recording(longer, rate=16000) as recording:
        list(recording.blocks())
        assert len(recording.take_notices()) == 1
        list(recording.blocks())
        assert recording.take_notices() == ()
        assert len(recording.notices) == 1


@pytest.mark.filterwarnings("error")
def test_a_pass_that_stops_early_has_nothing_to_say(longer: Path) -> None:
    with open_recording(longer, rate=16000) as recording:
        next(recording.blocks())
    assert recording.notices == ()


def test_every_pass_is_brought_to_the_level() -> None:
    samples = np.random.default_rng(0).normal(0, 1e-3, 40_000).astype(np.float32)
    with open_recording(
        {"waveform": samples, "sample_rate": 16000}, rate=16000, level_dbfs=-20.0
    ) as recording:
        first, second = (np.concatenate([*recording.blocks()]) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.std() == pytest.approx(0.1, rel=0.05)
