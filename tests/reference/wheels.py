"""Wheels that pip accepts, of one project, with weights inside."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS = bytes(range(256)) * 40
MEMBER = "some_project/assets/net.bin"


def write_wheel(
    folder: Path,
    name: str = "some_project-1.2-py3-none-any.whl",
    compression: int = zipfile.ZIP_DEFLATED,
    size: int = 0,
) -> Path:
    """Write a wheel that pip accepts, weights inside, and so many bytes beside them."""
    project, version = name.split("-")[:2]
    info = f"{project}-{version}.dist-info"
    files = {
        MEMBER: WEIGHTS,
        "some_project/other.py": b"raise SystemExit('imported')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n"
        "Requires-Python: <3\nRequires-Dist: no-such-dependency\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if size:
        files["some_project/noise"] = np.random.default_rng(0).bytes(size)
    record = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()[:-1]},"
        for path, data in files.items()
    ]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"]).encode()
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / name, "w", compression) as wheel:
        for path, data in files.items():
            wheel.writestr(path, data)
    return folder / name
