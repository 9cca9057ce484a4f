"""What some tests need beside the checkout: reference material, programs, other people's packages.

Where something is missing, its tests are skipped by name; with ``CI_SHARED=required`` they fail.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(message: str) -> NoReturn:
    """Skip, or fail, the test that needs what is missing."""
    if os.environ.get("CI_SHARED") == "required":
        pytest.fail(message)
    pytest.skip(message)


def require_posix(what: str) -> None:
    """Skip the test on Windows, which lacks what it needs."""
    if os.name == "nt":
        pytest.skip(f"Windows has no {what}")
