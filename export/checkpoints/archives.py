"""Turn the errors of reading a zip archive into ModelError."""

from __future__ import annotations

import struct
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ovdiar.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    RuntimeError,  # encrypted, or a compression that is not implemented
)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn all that :mod:`zipfile` raises on damage into a ModelError about ``what``.

    A full or failing disk has a message of its own.
    """
    try:
        yield
    except ModelError:
        raise
    except _DAMAGE as error:
        raise ModelError(f"{what} is damaged: download or save it again") from error
    except OSError as error:
        reason = error.strerror or "it is damaged"  # a seek to nowhere has no reason of its own
        raise ModelError(
            f"{what} cannot be read or unpacked ({reason}): check file and disk"
        ) from error
