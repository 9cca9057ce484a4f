"""Without librosa and scikit-learn, 16 kHz audio is diarized, and all else says what to install."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import soundfile
from conftest import CHECKOUT
from reference.material import require_posix
from reference.recordings import record

if TYPE_CHECKING:
    from collections.abc import Sequence

SLIM = ("openvino", "numpy", "scipy", "soundfile", "tqdm", "cffi", "pycparser", "typing_extensions")
"""What is installed by hand, and what soundfile itself brings."""
RATE = 16_000


@pytest.fixture(scope="module")
def slim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the Python of an environment that links those packages, and ovdiar, and no other."""
    require_posix("environments of symbolic links")
    environment = tmp_path_factory.mktemp("slim") / "venv"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", "--symlinks", environment], check=True
    )
    scheme = {"base": str(environment), "platbase": str(environment)}
    packages = Path(sysconfig.get_path("purelib", "venv", scheme))
    for name in SLIM:
        try:
            found = distribution(name)
        except PackageNotFoundError:  # cffi and pycparser, on some platforms
            continue
        for top in {file.parts[0] for file in found.files or () if file.parts[0] != ".."}:
            link = packages / top
            if not link.exists() and top != "__pycache__":
                link.symlink_to(str(found.locate_file(top)))
    (packages / "ovdiar").symlink_to(CHECKOUT / "ovdiar")
    (packages / "ovdiar_export").symlink_to(CHECKOUT / "export")
    about = packages / "ovdiar-0.1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ovdiar\nVersion: 0.1.0\n")
    return environment / "bin" / "python"


def run(python: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command: Sequence[str] = [str(python), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_the_environment_is_slim(slim: Path) -> None:
    for name in ("sklearn", "librosa", "soxr", "numba", "torch"):
        assert "No module named" in run(slim, "-c", f"import {name}").stderr


def test_audio_at_16_khz_is_diarized(
    slim: Path, tiny: Path, conversation: Path, tmp_path: Path
) -> None:
    samples, _ = soundfile.read(conversation, frames=14 * RATE)
    soundfile.write(tmp_path / "talk.flac", samples, RATE)
    command = ("-m", "ovdiar", "diarize", tmp_path / "talk.flac", "--models", tiny)
    done, full = run(slim, *command), run(Path(sys.executable), *command)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == full.stdout
    assert done.stdout.count("\n") > 3


def test_audio_at_another_rate_says_what_to_install(slim: Path, tiny: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "call.wav", [0.0] * 8000, 8000)
    done = run(slim, "-m", "ovdiar", "diarize", tmp_path / "call.wav", "--models", tiny)
    assert done.returncode == 2
    assert done.stderr == (
        "ovdiar: resampling from 8000 to 16000 Hz needs soxr, which comes with librosa: "
        "pip install librosa, or give audio at 16000 Hz\n"
    )


def test_the_exporter_says_what_to_install(slim: Path, tmp_path: Path) -> None:
    done = run(slim, "-m", "ovdiar_export", "tiny", "--output", tmp_path / "tiny")
    assert done.returncode == 2
    assert done.stderr == "ovdiar-export: making bundles needs librosa: pip install librosa\n"
    assert not list(tmp_path.iterdir())


CLUSTER = """
import sys
import numpy as np
from ovdiar import SpeakerDiarization
from ovdiar.frames import FrameGrid
from ovdiar.errors import MissingPackageError
scores, embeddings = (np.load(name) for name in sys.argv[1:3])
how = {"window_s": 5.0, "step_s": 0.5, "grid": FrameGrid(step=1600, width=1600)}
for linkage in ("average", "centroid", "complete", "single", "ward", "weighted", "median"):
    pipeline = SpeakerDiarization(None, clustering="ahc", linkage=linkage)
    assert len(pipeline.decode(scores, embeddings, **how).speaker_diarization), linkage
pipeline = SpeakerDiarization(None, clustering="vbx", plda=sys.argv[3])
assert len(pipeline.decode(scores, embeddings, **how).speaker_diarization)
try:
    SpeakerDiarization(None, clustering="kmeans").decode(scores, embeddings, num_speakers=2, **how)
except MissingPackageError as error:
    print(error)
"""


def test_every_clustering_but_k_means_works(slim: Path, tmp_path: Path) -> None:
    import numpy as np
    from reference.recordings import write_plda

    recording = record(0, voices=3, windows=30)
    np.save(tmp_path / "scores.npy", recording.scores)
    np.save(tmp_path / "embeddings.npy", recording.embeddings)
    plda = write_plda(tmp_path / "plda")
    arrays = tmp_path / "scores.npy", tmp_path / "embeddings.npy"
    done = run(slim, "-c", CLUSTER, *arrays, plda)
    assert done.stderr == ""
    assert "k-means needs scikit-learn" in done.stdout
