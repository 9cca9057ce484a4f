"""Networks and entries of the manifest do not change without a new version.

After a change, increase ``NETWORKS_VERSION`` and write the descriptions again::

    python -m pytest tests/export/test_networks_version.py --basetemp FOLDER
    cp FOLDER/networks_version.json tests/export/data/
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar_export.bundles import NETWORKS_VERSION, description
from reference.parts import PARTS

if TYPE_CHECKING:
    import openvino as ov
    import pytest

KNOWN = Path(__file__).parent / "data" / "networks_version.json"


def structure(model: ov.Model) -> str:
    """Digest the operations of a network, and the shapes of its constants."""
    lines = []
    for operation in model.get_ops():
        kind = operation.get_type_name()
        shape = operation.get_output_partial_shape(0) if kind == "Constant" else ""
        lines.append(f"{kind} {shape}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def described() -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for name, (weights, make, _) in PARTS.items():
        part = make(weights())
        kind = next(iter(part.networks)).partition("/")[0]
        parts[name] = {
            "entry": description(kind, part),
            "networks": {place: structure(model) for place, model in part.networks.items()},
        }
    return {"version": NETWORKS_VERSION, "parts": parts}


def test_networks_and_entries_are_those_of_their_version(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    found = described()
    path = tmp_path_factory.getbasetemp() / KNOWN.name
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    assert found == json.loads(KNOWN.read_text(encoding="utf-8"))
