"""One loaded bundle for the tests of live diarization."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import soundfile

import ovdiar

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


@pytest.fixture(scope="session")
def live_models(base: Path) -> ovdiar.Models:
    """Give the networks of ``base``."""
    return ovdiar.load(base)


@pytest.fixture(scope="session")
def talk(conversation: Path) -> NDArray[np.float32]:
    """Give 11 s of our recording: one voice, then another."""
    samples: NDArray[np.float32]
    samples, _ = soundfile.read(conversation, dtype="float32", frames=11 * 16000)
    return samples
