"""Files that are whole, or not there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, and its folder where it lacks: beside its place, then renamed.

    Raises
    ------
    ConfigError
        When that is not possible.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(content)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{str(path)!r} cannot be written ({error.strerror}): choose another folder"
        ) from error
