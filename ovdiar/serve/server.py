"""Run the HTTP server until a signal stops it."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import uvicorn

from ovdiar.errors import ConfigError
from ovdiar.serve.app import make_app
from ovdiar.serve.stream import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from ovdiar.serve.limits import Limits
    from ovdiar.serve.origins import Origins
    from ovdiar.serve.service import Service
    from ovdiar.serve.state import SharedState
    from ovdiar.serve.tokens import Tokens

GRACE_S = 2
"""How long requests may take to end after a signal, which cancels their runs."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):
    """Server that cancels all runs when it receives a signal.

    It listens before the networks are compiled, and is ready once they are. If they cannot be
    compiled, it exits with ``failure``.
    """

    def __init__(self, app: FastAPI, host: str, port: int, *, secured: bool) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_level="warning",
                timeout_graceful_shutdown=GRACE_S,
                ws_max_size=MOST_BYTES,
                server_header=False,
            )
        )
        self._secured = secured
        self._shared: SharedState = app.state.shared
        self._loop: asyncio.AbstractEventLoop | None = None
        self._compiling: asyncio.Task[None] | None = None
        self.failure: Exception | None = None

    async def startup(self, sockets: Any = None) -> None:
        """Start listening, and print the address."""
        self._loop = asyncio.get_running_loop()
        log = logging.getLogger("uvicorn.error")
        log.disabled = True  # `serve` reports an unavailable address
        try:
            await super().startup(sockets)
        finally:
            log.disabled = False
        for server in self.servers:
            for listener in server.sockets:
                host, port = listener.getsockname()[:2]
                shown = f"[{host}]" if ":" in host else host
                sys.stderr.write(f"ovdiar: serving on http://{shown}:{port} (docs: /docs)\n")
                if not self._secured and not ip_address(host).is_loopback:
                    sys.stderr.write(
                        "ovdiar: it serves everyone who reaches it: see --token-file\n"
                    )
        sys.stderr.flush()
        self._compiling = self._loop.create_task(self._compile())

    async def _compile(self) -> None:
        try:
            await asyncio.to_thread(self._shared.service.models.compile)
        except Exception as error:  # noqa: BLE001 - raised by `serve`
            self.failure, self.should_exit = error, True
        else:
            self._shared.compiled = True

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Exit, and cancel all runs."""
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._shared.runs.stop)


def serve(
    service: Service,
    limits: Limits,
    host: str,
    port: int,
    tokens: Tokens | None = None,
    origins: Origins | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then cancel all runs, send their responses and return.

    Parameters
    ----------
    service
        Service to run.
    limits
        Upload size, time, and concurrent requests.
    host, port
        Address to listen on.
    tokens
        Tokens of those who may use it. By default, everyone may but pages of other sites.
    origins
        Sites whose pages may. By default, no other.

    Raises
    ------
    ConfigError
        If the address is not available.
    OvdiarError
        If the networks cannot be compiled.
    """
    app = make_app(service, limits, tokens, origins)
    server = Server(app, host, port, secured=tokens is not None)
    with ending_quietly():
        try:
            server.run()
        except SystemExit:  # raised by uvicorn if it cannot start
            raise ConfigError(
                f"cannot listen on {host}:{port}: choose a free --port, and a --host of this "
                "machine"
            ) from None
    if server.failure is not None:
        raise server.failure
    sys.stderr.write("ovdiar: stopped\n")


@contextmanager
def ending_quietly() -> Iterator[None]:
    """Ignore the signal that uvicorn handles, and raises again after its shutdown."""
    before = {number: signal.signal(number, _ignore_signal) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signal(*_: object) -> None:
    """Ignore the signal that uvicorn raises again after its shutdown."""
