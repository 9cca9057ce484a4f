"""Give a release the addresses of its repository: ``python docs/site/addresses.py URL REF``.

A package index shows the README alone, so its relative links and images become absolute, and the
project's links are added to ``pyproject.toml``. Both files are changed in place, in the checkout
that a release is built from.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
RELATIVE = re.compile(r"(!?)\[([^\]]*)\]\((?!https?://|#)([^)\s]+)\)")


def absolute(readme: str, url: str, ref: str) -> str:
    """Make the relative links of a README lead to a revision of the repository."""

    def replace(link: re.Match[str]) -> str:
        view = "raw" if link[1] else "blob"
        return f"{link[1]}[{link[2]}]({url}/{view}/{ref}/{link[3]})"

    return RELATIVE.sub(replace, readme)


def with_urls(settings: str, url: str) -> str:
    """Add the project's links to the text of ``pyproject.toml``."""
    table = (
        f'[project.urls]\nSource = "{url}"\nIssues = "{url}/issues"\n'
        f'Changelog = "{url}/blob/main/CHANGELOG.md"\n\n'
    )
    return settings.replace("[project.scripts]\n", f"{table}[project.scripts]\n", 1)


def main(url: str, ref: str) -> None:
    """Change the README and ``pyproject.toml`` of the checkout."""
    readme, settings = CHECKOUT / "README.md", CHECKOUT / "pyproject.toml"
    readme.write_text(absolute(readme.read_text("utf-8"), url, ref), "utf-8")
    settings.write_text(with_urls(settings.read_text("utf-8"), url), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
