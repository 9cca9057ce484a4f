"""A file of a repository on Hugging Face, through the hub's own client and its cache."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ovdiar.errors import ConfigError, DownloadError, MissingPackageError, ModelError

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(
    rf"hf://(?P<repository>{_NAME}/{_NAME})"
    r"(?:@(?P<revision>[A-Za-z0-9][A-Za-z0-9._/-]*))?#(?P<file>.+)"
)


@dataclass(frozen=True)
class HubFile:
    """A file of a model repository, ``OWNER/NAME``, at a revision."""

    repository: str
    revision: str
    file: str

    def __str__(self) -> str:
        """Return the address."""
        return f"hf://{self.repository}@{self.revision}#{self.file}"

    @classmethod
    def parse(cls, address: str) -> HubFile:
        """Take ``hf://OWNER/NAME@REVISION#FILE`` apart; ConfigError if it is something else."""
        match = _ADDRESS.fullmatch(address)
        path = PurePosixPath(match["file"]) if match else PurePosixPath("/")
        if match is None or path.is_absolute() or ".." in path.parts:
            raise ConfigError(f"{address!r:.120}: write hf://OWNER/NAME@REVISION#FILE")
        return cls(match["repository"], match["revision"] or "main", match["file"])

    def fetch(self, token: str | None = None) -> Path:
        """Return the file in the hub's cache, downloading it if it is not there yet.

        The hub's own settings hold (``HF_HOME``, ``HF_ENDPOINT``, ``HF_HUB_OFFLINE``, ...), but it
        sends no telemetry.

        Raises
        ------
        MissingPackageError
            If huggingface_hub is not installed.
        DownloadError
            If the file is gated, absent, or cannot be reached.
        """
        # read when the client is imported; without it the client requests more than files
        os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
        os.environ.setdefault("HF_HUB_VERBOSITY", "error")  # errors are printed by the command
        try:
            import huggingface_hub  # noqa: PLC0415 - an extra, and only this source needs it
        except ImportError as error:
            raise MissingPackageError(
                f"hf://{self.repository} needs huggingface_hub:"
                ' pip install "ovdiar[export]", or name a local file'
            ) from error
        try:
            path = huggingface_hub.hf_hub_download(
                self.repository, self.file, revision=self.revision, token=token or None
            )
        except Exception as error:  # the errors of its transport change with its version
            raise self._explain(error) from error
        return Path(path)

    def _explain(self, error: Exception) -> ModelError:
        """Return the error in one line, whatever the client raised."""
        from huggingface_hub import constants  # noqa: PLC0415 - as above

        page = f"{constants.ENDPOINT}/{self.repository}"
        access = "pass --token TOKEN, set HF_TOKEN, or log in with `hf auth login`"
        reasons: dict[str | int, str] = {  # by class, whose module changes with the version
            "HFValidationError": "no name that the hub allows; check the address",
            "GatedRepoError": f"it is gated: accept its conditions at {page}, then {access}",
            "RevisionNotFoundError": f"there is no such revision; see {page}",
            "RepositoryNotFoundError": f"no such repository, or it is private: {access}",
            401: f"the hub does not accept the token (401): {access}",
            403: f"the hub refuses it (403); see {page}, then {access}",
            404: f"there is no such file; see {page}",
        }
        causes = _chain(error)
        statuses = [status for status in map(_status, causes) if status is not None]
        kinds = {*statuses, *(kind.__name__ for cause in causes for kind in type(cause).__mro__)}
        for kind, reason in reasons.items():
            if kind in kinds:
                return DownloadError(f"{self}: {reason}")
        if statuses:
            return DownloadError(f"{self}: the hub replies {statuses[0]}; try again later")
        if any(isinstance(cause, OSError) and cause.errno == errno.ENOSPC for cause in causes):
            return ModelError(f"{self}: no space left in {constants.HF_HUB_CACHE}; make room there")
        return DownloadError(
            f"{self}: not in the hub's cache, and the hub cannot be reached"
            f" ({type(causes[-1]).__name__}); check the network, or name a local file"
        )


def _chain(error: BaseException | None) -> list[BaseException]:
    """Return an error and what caused it, outermost first."""
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


def _status(error: BaseException) -> int | None:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None
