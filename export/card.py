"""The model card of a bundle: its manifest as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


TITLES = {"segmentation": "Segmentation", "embedding": "Embedding", "plda": "PLDA"}
"""The parts of a bundle, and their titles."""


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
    for name, title in TITLES.items():
        if manifest.get(name, {}).get("verified") is False:
            lines += [f"{title} is not verified: no other evaluation of it could be run.", ""]
    if manifest.get("static"):
        batch = manifest["static"]["batch"]
        lines += ["## Shapes", "", f"Fixed: {batch} windows at once, of one length.", ""]
    lines += ["## Pipeline", "", *_table(manifest["pipeline"]), ""]
    if manifest.get("calibration"):
        lines += ["## Calibration", "", *_table(manifest["calibration"]), ""]
    if manifest["parity"]:
        lines += ["## Largest difference from an independent evaluation of the same weights", ""]
        lines += [*_table(manifest["parity"]), ""]
    if manifest.get("cost"):
        lines += ["## Cost of the precision, on audio that was not used for calibration", ""]
        lines += [*_table(manifest["cost"]), ""]
    return "\n".join(lines)


def _part(entry: Mapping[str, Any]) -> list[str]:
    return _table({name: value for name, value in entry.items() if name != "files"})


def _table(values: Mapping[str, Any]) -> list[str]:
    """Render a table without empty values; bars within values are escaped."""
    texts = {name: _text(value).replace("|", "\\|") for name, value in values.items()}
    rows = [f"| {name} | {text} |" for name, text in texts.items() if text]
    return ["| | |", "| --- | --- |", *rows]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)
