"""The model card of a bundle: its manifest, told to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


TITLES = {"segmentation": "Segmentation", "embedding": "Embedding", "plda": "PLDA"}
"""The parts of a bundle and how the card calls them."""


def model_card(manifest: Mapping[str, Any]) -> str:
    """Render a manifest as Markdown."""
    lines = [
        f"# {manifest['name']}",
        "",
        "OpenVINO networks for ovdiar: speaker diarization without PyTorch.",
        "",
        f"Made by {manifest['created_by']}. Licences: {', '.join(manifest['licenses'])}.",
        "",
    ]
    for name, title in TITLES.items():
        if name in manifest:
            lines += [f"## {title}", "", *_part(manifest[name]), ""]
    if manifest.get("static"):
        batch = manifest["static"]["batch"]
        lines += ["## Shapes", "", f"Fixed, for {batch} windows at once and no other length.", ""]
    lines += ["## Pipeline", "", *_table(manifest["pipeline"]), ""]
    if manifest["parity"]:
        lines += ["## Largest difference from an independent evaluation of the same weights", ""]
        lines += [*_table(manifest["parity"]), ""]
    if manifest.get("cost"):
        lines += ["## What the precision cost, on audio that did not calibrate it", ""]
        lines += [*_table(manifest["cost"]), ""]
    return "\n".join(lines)


def _part(entry: Mapping[str, Any]) -> list[str]:
    told = {name: value for name, value in entry.items() if name != "files"}
    return _table(told)


def _table(values: Mapping[str, Any]) -> list[str]:
    """Render what there is to tell; a bar within a value would end its column."""
    told = {name: _text(value).replace("|", "\\|") for name, value in values.items()}
    rows = [f"| {name} | {text} |" for name, text in told.items() if text]
    return ["| | |", "| --- | --- |", *rows]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)
