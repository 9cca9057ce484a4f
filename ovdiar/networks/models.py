"""The networks of a bundle: loading, compiling, and sending them to other processes.

Models keep no state between calls, so one loaded bundle can serve several threads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ConfigError, ModelError
from ovdiar.log import LOGGER
from ovdiar.networks.bundle import MANIFEST, Bundle, find_bundle, load_bundle, user_cache
from ovdiar.networks.devices import (
    DEFAULT_PRECISION,
    check_device,
    check_precision,
    needs_fixed_shapes,
)
from ovdiar.networks.digests import sha256
from ovdiar.networks.names import DEFAULT_BUNDLE, recipe_of
from ovdiar.networks.pooled import PooledEmbedding
from ovdiar.networks.runtime import Network, RuntimeOptions, available_devices, capabilities
from ovdiar.networks.segmentation import Segmentation
from ovdiar.networks.utterance import UtteranceEmbedding

if TYPE_CHECKING:
    import os
    from pathlib import Path
    from typing import SupportsIndex

    from ovdiar.embedding import EmbeddingModel
    from ovdiar.networks.segmentation import SegmentationModel


@dataclass(frozen=True)
class Specification:
    """What a bundle was loaded with: enough to load it again, in another process or machine.

    ``folder`` is where it was found; elsewhere it is looked up by its ``name``. ``manifest`` is
    the SHA-256 of its manifest, which lists those of all its files.
    """

    folder: Path
    name: str
    manifest: str
    device: str
    threads: int | None
    embedding_precision: str

    def load(self) -> Models:
        """Load the same bundle.

        Raises
        ------
        ModelNotFoundError, ModelError, ConfigError
            As `load`, or the bundle found is another one.
        """
        folder = self.folder if (self.folder / MANIFEST).is_file() else find_bundle(self.name)
        found = sha256(folder / MANIFEST)
        if found != self.manifest:
            raise ModelError(
                f"bundle {str(folder)!r} has another manifest ({found[:12]}...) than the one that "
                f"was asked for ({self.manifest[:12]}...): install the same bundle here"
            )
        return load(
            folder,
            device=self.device,
            threads=self.threads,
            embedding_precision=self.embedding_precision,
        )


@dataclass(frozen=True, eq=False)
class Models:
    """The networks of a bundle, ready to run; the first argument of every pipeline.

    Those that `load` returned pickle and copy as their ``specification``: what is unpickled loads
    the same bundle again, and compiles its networks on the first call.
    """

    bundle: Bundle
    segmentation: SegmentationModel
    embedding: EmbeddingModel
    specification: Specification | None = None

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        """Pickle and copy as the specification, where there is one."""
        if self.specification is None:
            return super().__reduce_ex__(protocol)
        return Specification.load, (self.specification,)

    def release(self) -> None:
        """Free the memory of the compiled networks; they are compiled again on the next call."""
        for network in self._networks():
            network.release()

    def compile(self) -> None:
        """Compile the networks now, instead of each on its first call; errors are the same."""
        for network in self._networks():
            network.compile()

    def _networks(self) -> list[Network]:
        parts = [*vars(self.segmentation).values(), *vars(self.embedding).values()]
        return [part for part in parts if isinstance(part, Network)]


def load(
    name: str | os.PathLike[str] = DEFAULT_BUNDLE,
    *,
    device: str = "CPU",
    threads: int | None = None,
    embedding_precision: str = DEFAULT_PRECISION,
) -> Models:
    """Load a bundle by name or folder.

    Parameters
    ----------
    name
        Name of a bundle in ``$OVDIAR_MODELS`` or the user's cache folder, or the path of a bundle.
    device
        OpenVINO's name of a device: ``CPU``, ``GPU``, ``GPU.1``, ``NPU`` (fixed shapes only),
        ``AUTO``, or a list such as ``HETERO:NPU,CPU``.
    threads
        Number of threads that the networks use. By default, OpenVINO chooses.
    embedding_precision
        ``f32``, or what the device computes faster: ``bf16`` (processors with AMX or AVX512-BF16),
        ``f16``. Embeddings then differ slightly. The
        segmentation always runs in float32, since it needs it.

    Raises
    ------
    ModelNotFoundError
        If the bundle is missing.
    ModelError
        If the bundle is damaged or has a newer schema.
    ConfigError
        If the device does not exist, needs fixed shapes that the bundle does not have, or does not
        compute in the precision.
    """
    bundle = load_bundle(name)
    check_device(device, available_devices)
    _check_shapes(bundle, device)
    check_precision(embedding_precision, device, capabilities)
    if embedding_precision != DEFAULT_PRECISION:
        bundle = _with_embedding_precision(bundle, embedding_precision)
    options = RuntimeOptions(device, threads, _compiled_networks())
    LOGGER.info(
        "bundle %s on %s, threads: %s", bundle.name, device, threads or "the device's choice"
    )
    LOGGER.debug("bundle folder %s, embedding in %s", bundle.folder, embedding_precision)

    def network(
        part: str, threads_per_stream: int | None = None, precision: str = DEFAULT_PRECISION
    ) -> Network:
        path = bundle.folder / part / "openvino_model.xml"
        return Network(
            path, replace(options, threads_per_stream=threads_per_stream, precision=precision)
        )

    segmentation = Segmentation(bundle.segmentation, network("segmentation", 1))
    embedding: EmbeddingModel
    if bundle.embedding.kind == "pooled":
        embedding = PooledEmbedding(
            bundle.embedding,
            network("embedding/trunk", precision=embedding_precision),
            network("embedding/head"),
        )
    else:
        embedding = UtteranceEmbedding(
            bundle.embedding,
            network("embedding/features"),
            network(
                "embedding/network",
                1 if bundle.embedding.partial_frames else 2,  # any length: memory for each stream
                embedding_precision,
            ),
        )
    specification = Specification(
        bundle.folder.absolute(),
        bundle.name,
        sha256(bundle.folder / MANIFEST),
        device,
        threads,
        embedding_precision,
    )
    return Models(bundle, segmentation, embedding, specification)


def _with_embedding_precision(bundle: Bundle, precision: str) -> Bundle:
    """Return the bundle with the precision that its embedding runs in."""
    entry = {**bundle.manifest["embedding"], "precision": precision}
    return replace(bundle, manifest={**bundle.manifest, "embedding": entry})


def _compiled_networks() -> Path | None:
    """Return the cache folder for compiled networks, or None without a home folder."""
    try:
        return user_cache() / "compiled"
    except ConfigError:
        return None


def _check_shapes(bundle: Bundle, device: str) -> None:
    """Raise ConfigError if the device needs fixed shapes and the bundle has none."""
    if needs_fixed_shapes(device) and not bundle.static_batch:
        raise ConfigError(
            f"device {device!r} needs fixed shapes, which bundle {bundle.name!r} does not have: "
            f"make one with ovdiar-export {recipe_of(bundle.name)} --static 8 "
            f"--output {bundle.name}-static"
        )
