"""Where the tests find what they run on."""

from __future__ import annotations

import os
import shutil
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import soundfile
from hypothesis import Phase, settings
from reference.commands import answer_of
from reference.material import missing
from reference.sounds import RATE, write_float

from ovdiar import cli

if TYPE_CHECKING:
    from reference.commands import Run

settings.register_profile("here", deadline=None)  # a busy machine is no failure
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile(  # the same examples every time, and no time spent on a smaller one
    "mutation", deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")

for _name, _handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    # a shell (or nohup) starts jobs in the background so, and commands of tests would inherit it
    if signal.getsignal(getattr(signal, _name, signal.SIGINT)) is signal.SIG_IGN:
        signal.signal(getattr(signal, _name), _handler)

CHECKOUT = Path(__file__).resolve().parent.parent


def locate_shared() -> Path | None:
    """Return the folder of recordings and reference answers, or None where it is absent."""
    folder = Path(os.environ.get("OVDIAR_SHARED") or CHECKOUT.parent / "shared")
    return folder if (folder / "reference").is_dir() else None


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the reference material, see `reference.material`."""
    folder = locate_shared()
    if folder is None:
        missing("the reference material is missing: set OVDIAR_SHARED, or put it at ../shared")
    return folder


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """Give the program ffmpeg, see `reference.material`."""
    program = shutil.which("ffmpeg")
    if program is None:
        missing("ffmpeg is missing: install it with the system's package manager")
    return program


@pytest.fixture(scope="session")
def tiny() -> Path:
    """Give the folder of the ``tiny`` bundle, exported where the user's own would be."""
    from ovdiar_export.bundles import install
    from ovdiar_export.recipes import TINY

    return install(TINY)


@pytest.fixture(scope="session")
def base() -> Path:
    """Give the folder of the ``base`` bundle, exported where the user's own would be.

    Its wheel is downloaded, or taken from the folder ``$OVDIAR_WHEELS``.
    """
    from ovdiar_export.bundles import install
    from ovdiar_export.recipes import BASE

    wheels = os.environ.get("OVDIAR_WHEELS")
    return install(BASE, wheels=Path(wheels) if wheels else None)


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a bundle of full size: ``tiny``'s segmentation, and a ResNet34 with random weights."""
    from ovdiar_export.bundles import install
    from ovdiar_export.recipes import Recipe
    from ovdiar_export.sources.origins import PYANNOTE_SEGMENTATION, origin_of
    from reference import published, random_weights
    from reference.torch_files import zip_form

    folder = tmp_path_factory.mktemp("slow")
    weights = random_weights.resnet((3, 4, 6, 3), bottleneck=False)
    checkpoint = folder / "resnet34.bin"
    checkpoint.write_bytes(zip_form({"state_dict": published.tensors_of(weights)}))
    recipe = Recipe("slow", PYANNOTE_SEGMENTATION, origin_of(str(checkpoint)), preset="2.1")
    return install(recipe, output=folder / "slow")


@pytest.fixture(scope="session")
def conversation() -> Path:
    """Give our own recording; its exact labels lie beside it."""
    return CHECKOUT / "tests" / "data" / "conversation.flac"


@pytest.fixture(scope="session")
def excerpt(conversation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give 14 s of our recording, three voices: 19 windows."""
    samples, _ = soundfile.read(conversation, frames=14 * RATE)
    return write_float(tmp_path_factory.mktemp("excerpt") / "talk.wav", samples)


@pytest.fixture
def ovdiar(capsys: pytest.CaptureFixture[str]) -> Run:
    """Give the command, to be run in this process."""
    return partial(answer_of, cli.main, capsys)


@pytest.fixture
def diarize(ovdiar: Run, tiny: Path) -> Run:
    """Give ``ovdiar diarize`` with the tiny bundle."""
    return partial(ovdiar, "diarize", "--models", tiny)
