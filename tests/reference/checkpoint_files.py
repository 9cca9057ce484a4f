"""Checkpoints written to disk and read back, in both forms that torch writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ovdiar_export.checkpoints.checkpoint import Checkpoint, read_checkpoint
from reference.torch_files import (
    stream_form,
    zip_form,
)

from ovdiar.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


FORMS: dict[str, Callable[..., bytes]] = {"zip": zip_form, "stream": stream_form}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def load(folder: Path, data: bytes) -> Checkpoint:
    path = folder / "checkpoint"
    path.write_bytes(data)
    return read_checkpoint(path)


def refusal(folder: Path, data: bytes) -> str:
    """Return the one line with which a file is refused."""
    with pytest.raises(ModelError) as caught:
        load(folder, data)
    message = str(caught.value)
    assert message.startswith(f"{folder / 'checkpoint'}: ")
    assert "\n" not in message
    return message
