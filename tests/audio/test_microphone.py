"""A microphone is heard block by block; what goes wrong with it is told in one line."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ovdiar.audio.microphone import open_microphone
from ovdiar.errors import AudioError, MissingPackageError

if TYPE_CHECKING:
    from collections.abc import Callable


class PortAudio(SimpleNamespace):
    """Stands for sounddevice, since test machines have no microphone: calls back as it does."""

    PortAudioError = type("PortAudioError", (Exception,), {})

    def __init__(self, blocks: list[np.ndarray], status: str = "", *, device: bool = True) -> None:
        super().__init__(blocks=blocks, status=status, device=device, given={})

    def InputStream(self, *, callback: Callable[..., None], **given: Any) -> Any:  # noqa: N802
        if not self.device:
            raise self.PortAudioError("no such device")
        self.given, self._callback = given, callback
        self.active = False
        return self

    def __enter__(self) -> None:
        for block in self.blocks:
            self._callback(block, len(block), None, self.status)

    def __exit__(self, *_: object) -> None:
        self.active = False


def test_blocks_come_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [np.full((1600, 1), value, np.float32) for value in (0.1, 0.2, 0.3)]
    microphone = PortAudio(blocks)
    monkeypatch.setitem(sys.modules, "sounddevice", microphone)
    with open_microphone("desk", rate=16_000) as heard:
        assert [float(next(heard)[0]) for _ in blocks] == pytest.approx([0.1, 0.2, 0.3])
        with pytest.raises(AudioError, match="has stopped"):
            next(heard)
    assert (microphone.given["device"], microphone.given["samplerate"]) == ("desk", 16_000)


def test_lost_audio_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [np.zeros((1600, 1), np.float32)]
    monkeypatch.setitem(sys.modules, "sounddevice", PortAudio(blocks, "input overflow"))
    with open_microphone(rate=16_000) as heard, pytest.raises(AudioError, match="input overflow"):
        next(heard)


def test_an_unknown_device_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", PortAudio([], device=False))
    with pytest.raises(AudioError, match="microphone 7 cannot be opened"):
        open_microphone(7, rate=16_000).__enter__()


def test_without_the_extra_the_next_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingPackageError, match=r"ovdiar\[live\]"):
        open_microphone(rate=16_000).__enter__()
