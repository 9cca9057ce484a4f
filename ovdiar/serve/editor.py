"""Report served on this machine, which writes corrections back to the file of the turns."""

from __future__ import annotations

import secrets
import sys
import webbrowser
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse

from ovdiar import formats
from ovdiar.errors import ConfigError, OvdiarError
from ovdiar.formats.json import load_saved
from ovdiar.serve.origins import OriginMiddleware, Origins
from ovdiar.serve.server import ending_quietly

if TYPE_CHECKING:
    from pathlib import Path

    from ovdiar.formats.json import Saved

HOST = "127.0.0.1"
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


class TurnsFile:
    """File of the turns; it is not written if something else has changed it.

    Parameters
    ----------
    path
        File, with a suffix of `ovdiar.formats`; it may not exist yet.
    uri
        Name of the recording.
    """

    def __init__(self, path: Path, uri: str | None) -> None:
        self.path = path
        self._uri = uri
        self._content = self._read()

    def _read(self) -> bytes | None:
        return self.path.read_bytes() if self.path.exists() else None

    def write(self, text: str) -> None:
        """Write turns that are given as JSON.

        Raises
        ------
        ConfigError
            If the file was changed since it was read or last written.
        FormatError
            If the text is not JSON of `ovdiar.serialization`.
        OutputError
            If the file cannot be written.
        """
        saved: Saved = load_saved(text, "corrections")
        if self._read() != self._content:
            raise ConfigError(f"{self.path.name} was changed by another program and is kept")
        turns = replace(saved.annotation, uri=self._uri)
        formats.write(self.path, turns, provenance=saved.provenance)
        self._content = self._read()


def make_editor(page: bytes, turns: TurnsFile, token: str) -> FastAPI:
    """Create the ASGI application: the page at ``/token/``, and its turns, which can be put.

    The token keeps other programs and pages, which do not know it, from reading or writing; pages
    of other sites are refused even with it.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(OriginMiddleware, origins=Origins())

    @app.get(f"/{token}/")
    def show() -> HTMLResponse:
        return HTMLResponse(page, headers=HEADERS)

    @app.put(f"/{token}/turns")
    async def write(request: Request) -> JSONResponse:
        text = (await request.body()).decode("utf-8", "replace")
        try:
            await run_in_threadpool(turns.write, text)
        except OvdiarError as error:
            return JSONResponse({"error": str(error)}, 409)
        return JSONResponse({"file": turns.path.name})

    return app


class EditorServer(uvicorn.Server):
    """Server that prints and opens the address of the page."""

    def __init__(self, app: FastAPI, port: int, token: str, *, browser: bool) -> None:
        super().__init__(uvicorn.Config(app, host=HOST, port=port, log_level="critical"))
        self._token, self._browser = token, browser

    async def startup(self, sockets: Any = None) -> None:
        """Start listening."""
        await super().startup(sockets)
        for server in self.servers:
            port = server.sockets[0].getsockname()[1]
            address = f"http://{HOST}:{port}/{self._token}/"
            sys.stderr.write(f"ovdiar: the report is at {address} (Ctrl-C stops)\n")
            sys.stderr.flush()
            if self._browser:
                webbrowser.open(address)


def edit(page: bytes, turns: TurnsFile, *, port: int = 0, browser: bool = True) -> None:
    """Serve a page until SIGINT or SIGTERM.

    Parameters
    ----------
    page
        Page made with ``served=True``, see `ovdiar.report.page.make_page`.
    turns
        File to which corrections are written.
    port
        Port, on this machine only; 0 takes a free one.
    browser
        Whether to open the page in the user's browser.

    Raises
    ------
    ConfigError
        If the port is not free.
    """
    token = secrets.token_urlsafe(16)
    server = EditorServer(make_editor(page, turns, token), port, token, browser=browser)
    with ending_quietly():
        try:
            server.run()
        except SystemExit:  # raised by uvicorn if it cannot start
            raise ConfigError(f"port {port} is not free: choose another --port, or 0") from None
