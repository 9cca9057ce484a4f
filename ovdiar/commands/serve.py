"""The command that serves over HTTP: serve."""

from __future__ import annotations

import importlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.commands.options import add_command, add_networks, models_of
from ovdiar.errors import ConfigError, MissingPackageError
from ovdiar.log import LOGGER

if TYPE_CHECKING:
    import argparse

PACKAGES = ("fastapi", "uvicorn", "python_multipart", "websockets", "prometheus_client")
"""The packages of the extra ``serve``."""


def add(commands: Any) -> None:
    """Add this command to a parser."""
    parser = add_command(
        commands,
        "serve",
        _serve,
        "serve diarization over HTTP, with LocalAI's diarization endpoint",
        "ovdiar serve --port 8000 --max-upload-mb 100",
    )
    parser.description = (
        f"{parser.description} Ask it with: curl http://127.0.0.1:8000/v1/audio/diarization "
        "-F file=@meeting.mp3 -F num_speakers=3"
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen on (default: 127.0.0.1, this machine only)",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=8000,
        metavar="N",
        help="port (default: 8000; 0 takes a free one)",
    )
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="a file with a bearer token in each line; requests without one are refused with 401 "
        "(default: everyone is served)",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let pages of this site use the service, as in https://app.example.org; may be "
        "repeated (default: only pages of the service itself)",
    )
    parser.add_argument(
        "--max-upload-mb",
        type=float,
        default=500,
        metavar="MB",
        help="refuse larger requests with 413 (default: 500)",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=600,
        metavar="S",
        help="stop a request after this time with 504, s (default: 600)",
    )
    parser.add_argument(
        "--max-concurrent",
        type=int,
        default=2,
        metavar="N",
        help="requests that run at once; more wait (default: 2)",
    )
    parser.add_argument(
        "--max-queue",
        type=int,
        default=8,
        metavar="N",
        help="requests that wait; refuse more with 503 (default: 8)",
    )
    parser.add_argument(
        "--min-upload-kb-s",
        type=float,
        default=10,
        metavar="KB",
        help="refuse uploads that are slower with 408, kB/s (default: 10)",
    )
    parser.add_argument(
        "--max-streams",
        type=int,
        default=8,
        metavar="N",
        help="refuse more live streams at once (default: 8)",
    )
    parser.add_argument(
        "--max-stream",
        type=float,
        default=6 * 3600,
        metavar="S",
        help="end a live stream after this much audio, s (default: 21600)",
    )
    parser.add_argument(
        "--fast", action="store_true", help="one pass of the embedding over each recording"
    )
    add_networks(parser)


def require_extra() -> None:
    """Check that the packages of the extra ``serve`` are installed.

    Raises
    ------
    MissingPackageError
        If one is not.
    """
    try:
        for package in PACKAGES:
            importlib.import_module(package)
    except ImportError as error:
        raise MissingPackageError(
            f'serve needs {error.name}, which is not installed: pip install "ovdiar[serve]"'
        ) from None


def _serve(options: argparse.Namespace) -> None:
    require_extra()
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
    from ovdiar.pipelines.diarization.speaker_embeddings import shared_embedding
    from ovdiar.serve.limits import Limits
    from ovdiar.serve.origins import Origins
    from ovdiar.serve.request_log import REQUESTS
    from ovdiar.serve.server import serve
    from ovdiar.serve.service import Service
    from ovdiar.serve.tokens import Tokens

    if not 0 <= options.port <= 65535:
        raise ConfigError(f"--port is {options.port}: give a number from 0 to 65535")
    limits = Limits(
        options.max_upload_mb,
        options.timeout,
        options.max_concurrent,
        options.min_upload_kb_s,
        options.max_streams,
        options.max_stream,
        max_queue=options.max_queue,
    )
    tokens = Tokens.load(options.token_file) if options.token_file else None
    origins = Origins(options.allow_origin)
    more = {"batch_size": options.batch_size}
    if options.fast:
        more["embedding_reuse"] = "shared"
    service = Service(models_of(options), more)
    pipeline = SpeakerDiarization(service.models, **more)
    shared_embedding(service.models, pipeline.parameters)  # raises now, not at the first request
    if not options.quiet:
        REQUESTS.setLevel(min(logging.INFO, LOGGER.level))
    serve(service, limits, options.host, options.port, tokens, origins)
