"""The ``config.yaml`` of a pyannote pipeline, read as plain data.

Nothing that it names is imported: names are compared with those known here. Its form is that of
pyannote.audio's ``Pipeline.from_pretrained``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ConfigError, MissingPackageError, ModelError
from ovdiar.parameters import DiarizationParameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MAX_BYTES, MAX_DEPTH, MAX_NAME = 64 * 2**10, 20, 200
"""Limits of the file, its nesting and the name of a place; published files have 1 kB, 3 levels."""

PIPELINES = (
    "pyannote.audio.pipelines.SpeakerDiarization",
    "pyannote.audio.pipelines.speaker_diarization.SpeakerDiarization",
)
CLUSTERINGS = {
    "AgglomerativeClustering": "ahc",
    "VBxClustering": "vbx",
    "KMeansClustering": "kmeans",
}
PARAMETERS = {
    "segmentation.threshold": "segmentation_threshold",
    "segmentation.min_duration_off": "min_duration_off",
    "clustering.method": "linkage",
    "clustering.threshold": "threshold",
    "clustering.min_cluster_size": "min_cluster_size",
    "clustering.Fa": "fa",
    "clustering.Fb": "fb",
}
"""The tuned hyper-parameters (``params``, ``freeze``), and their names here."""

OPTIONS = ("segmentation_step", "embedding_exclude_overlap")
"""Hyper-parameters among the constructor's arguments; their names here are the same."""

PLACES = ("segmentation", "embedding", "plda")
KNOWN: Mapping[str, frozenset[str]] = {
    "": frozenset(
        {"version", "dependencies", "optimization", "device", "pipeline", "params", "freeze"}
    ),
    "pipeline": frozenset({"name", "params"}),
    "pipeline.params": frozenset(
        {*PLACES, *OPTIONS, "clustering"}
        | {"segmentation_batch_size", "embedding_batch_size", "der_variant", "legacy"}
        | {"token", "use_auth_token", "cache_dir"}
    ),
}
"""Keys by section: those that are read, and those that do not affect results."""


@dataclass(frozen=True)
class Configuration:
    """The content of a configuration.

    Parameters
    ----------
    places : where each of `PLACES` is, as written: ``$model/NAME``, a path, a repository
    pipeline : hyper-parameters by their names here
    """

    places: Mapping[str, str]
    pipeline: Mapping[str, Any]


def read_configuration(path: Path) -> Configuration:
    """Read a configuration.

    Raises
    ------
    ModelError
        It is damaged, is of another pipeline, or has an unknown key.
    MissingPackageError
        PyYAML is not installed.
    """
    try:
        return _understand(_parse(path))
    except (ModelError, ConfigError) as error:
        if isinstance(error, MissingPackageError):
            raise
        raise ModelError(f"{path}: {error}") from error


def _parse(path: Path) -> Any:
    """Parse YAML of limited length and depth, without the references that multiply it."""
    try:
        import yaml  # noqa: PLC0415 - an extra, and only a configuration needs it
    except ImportError as error:
        raise MissingPackageError(
            f'{path} needs PyYAML: pip install "ovdiar[export]", or remove it'
        ) from error
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"it cannot be read ({error.strerror}): check it") from error
    if len(text) > MAX_BYTES:
        raise ModelError(f"it has more than {MAX_BYTES} bytes: not a configuration of a pipeline")
    try:
        if _is_plain(yaml.parse(text, Loader=yaml.SafeLoader), yaml):
            return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, TypeError, OverflowError) as error:
        raise ModelError("it is not YAML: fetch or write it again") from error
    raise ModelError("it has references or is nested too deeply: write it out flat")


def _is_plain(events: Iterable[Any], yaml: Any) -> bool:
    """Return whether a document has no references and little depth: both can exhaust a reader."""
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > MAX_DEPTH:
            return False
    return True


def _understand(tree: Any) -> Configuration:
    """Take what a bundle needs; refuse unknown keys, which might affect results."""
    sections = {"": _mapping(tree, "the file")}
    sections["pipeline"] = _mapping(sections[""].get("pipeline"), "pipeline")
    given = _mapping(sections["pipeline"].get("params"), "pipeline.params")
    sections["pipeline.params"] = given
    name = sections["pipeline"].get("name")
    if name not in PIPELINES:
        raise ModelError(f"it is of the pipeline {name!r:.80}: only {PIPELINES[0]} is supported")
    for section, entries in sections.items():
        for key in entries:
            if key not in KNOWN[section]:
                raise _unknown(f"{section}.{key}".lstrip("."))
    clustering = CLUSTERINGS.get(str(given.get("clustering")))
    if clustering is None:
        raise ModelError(
            f"it clusters by {given.get('clustering')!r:.80}: give one of {', '.join(CLUSTERINGS)}"
        )
    pipeline = {name: given[name] for name in OPTIONS if name in given}
    pipeline |= {"clustering": clustering}
    pipeline |= _tuned(sections[""].get("freeze")) | _tuned(sections[""].get("params"))
    DiarizationParameters().with_values(pipeline)
    places = {name: _place(given[name], name) for name in PLACES if given.get(name) is not None}
    return Configuration(places, pipeline)


def _tuned(tree: Any) -> dict[str, Any]:
    """Translate hyper-parameters, which are grouped by step."""
    found = {}
    for step, values in _mapping(tree, "params").items():
        for name, value in _mapping(values, f"params.{step}").items():
            key = f"{step}.{name}"
            if key not in PARAMETERS:
                raise _unknown(f"params.{key}")
            found[PARAMETERS[key]] = value
    return found


def _place(value: Any, role: str) -> str:
    """Return a place as text: it is written as text, or as checkpoint and subfolder."""
    if isinstance(value, dict) and isinstance(value.get("checkpoint"), str):
        value = "/".join(
            str(part) for part in (value["checkpoint"], value.get("subfolder")) if part
        )
    if isinstance(value, str) and value.isprintable() and 0 < len(value.encode()) <= MAX_NAME:
        return value
    raise ModelError(f"pipeline.params.{role} is {value!r:.80}: name a folder")


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        name = what if what.isprintable() else repr(what)
        raise ModelError(f"{name:.80} is {value!r:.40}, not a mapping of names to values")
    return value


def _unknown(key: str) -> ModelError:
    return ModelError(
        f"it sets {key!r:.80}, which is unknown: remove it if it does not affect results"
    )
