"""Serve until a signal says otherwise."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from typing import TYPE_CHECKING, Any

import uvicorn

from ovdiar.errors import ConfigError
from ovdiar.serve.app import make_app

if TYPE_CHECKING:
    from fastapi import FastAPI

    from ovdiar.serve.limits import Limits
    from ovdiar.serve.service import Service

GRACE_S = 2
"""How long requests may take to end once a signal came; they are cancelled at once."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):
    """Cancels all runs as soon as it is told to end."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_level="warning",
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._runs = app.state.tools.runs
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: Any = None) -> None:
        """Listen, and say where."""
        self._loop = asyncio.get_running_loop()
        log = logging.getLogger("uvicorn.error")
        log.disabled = True  # that the address is taken is said once, by `serve`
        try:
            await super().startup(sockets)
        finally:
            log.disabled = False
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                shown = f"[{host}]" if ":" in host else host
                sys.stderr.write(f"ovdiar: serving on http://{shown}:{port} (docs: /docs)\n")
        sys.stderr.flush()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """End, and cancel what runs."""
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._runs.stop)


def serve(service: Service, limits: Limits, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM; then cancel what runs, answer, and return.

    Raises
    ------
    ConfigError
        The address cannot be listened on.
    """
    server = Server(make_app(service, limits), host, port)
    before = {number: signal.signal(number, _ignore) for number in SIGNALS}
    try:
        server.run()
    except SystemExit:  # uvicorn's way
        raise ConfigError(
            f"{host}:{port} cannot be listened on: choose a free --port, and a --host of this "
            "machine"
        ) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    sys.stderr.write("ovdiar: stopped\n")


def _ignore(*_: object) -> None:
    """Take the signal that uvicorn raises again when it has ended."""
