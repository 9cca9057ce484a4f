"""Speech is wherever any one speaker is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from reference.replay import Replay

from ovdiar import load
from ovdiar.formats import rttm
from ovdiar.metrics.detection import detection_errors
from ovdiar.pipelines.voice_activity import VoiceActivityDetection

if TYPE_CHECKING:
    from pathlib import Path


def test_speech_goes_on_while_speakers_take_turns() -> None:
    scores = np.zeros((1, 293, 3))
    scores[0, 50:100, 0] = scores[0, 100:150, 2] = 0.9
    network = Replay(scores)
    [(segment, label)] = VoiceActivityDetection(network)(network.recording())
    assert label == "SPEECH"
    assert segment.start == pytest.approx((50 * 270 + 991 / 2) / 16000)
    assert segment.duration == pytest.approx(100 * 270 / 16000)


def test_speech_is_found_in_our_own_recording(tiny: Path, conversation: Path) -> None:
    reference = rttm.load(conversation.with_suffix(".rttm"))["conversation"]
    speech = VoiceActivityDetection(load(tiny))(conversation)
    assert detection_errors(reference, speech).rate < 0.1
