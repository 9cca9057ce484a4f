"""Names of bundles, apart from all that reads them: the help of commands needs no NumPy."""

from __future__ import annotations

DEFAULT_BUNDLE = "base"
"""The bundle that is loaded where none is named."""
RECIPES = (DEFAULT_BUNDLE, "tiny", "open", "2.1", "3.1", "community-1")
"""Bundles that the exporter makes by name alone."""


def recipe_of(name: str) -> str:
    """Return the arguments of ovdiar-export that make a bundle of that name."""
    return name if name in RECIPES else f"custom {name} --segmentation FILE --embedding FILE"
