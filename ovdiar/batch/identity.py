"""The digest of all settings by which a finished recording is recognised."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping


def settings_digest(pipeline: Mapping[str, Any], request: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what determines one recording's result besides its audio.

    Neither the bundle's name nor ovdiar's version counts.

    Parameters
    ----------
    pipeline : see `SpeakerDiarization.identity`
    request : the recording's own settings, see `Job.request`
    """
    bundle = {name: value for name, value in pipeline["bundle"].items() if name != "name"}
    text = json.dumps([{**pipeline, "bundle": bundle}, request], sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
