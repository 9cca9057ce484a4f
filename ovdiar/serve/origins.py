"""Origins of pages (RFC 6454): pages of other sites, open in a user's browser, are refused."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from ovdiar import texts
from ovdiar.errors import ConfigError
from ovdiar.serve.error_responses import error_response, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

ORIGIN = re.compile(r"[a-z][a-z\d+.-]*://[^\s/?#@*]+")
ADVICE = "open the address that it printed, or name the site in --allow-origin of ovdiar serve"
PRIVATE = ("localhost", "local", "internal", "home.arpa")
"""Domains that public name servers do not have (RFC 6761, 6762, 8375; ICANN, 2024)."""


class Origins:
    """Origins whose pages may use a server: its own, and those that are named.

    Browsers state the origin of a page in ``Origin``. A page whose domain was made to lead to the
    server (DNS rebinding) has the server's own origin, but the domain is then in ``Host``, which
    therefore is an address, a name of a private network, or the host of a named origin.

    Parameters
    ----------
    named
        Origins as browsers state them: ``https://app.example.org``.

    Raises
    ------
    ConfigError
        If one is not an origin.
    """

    def __init__(self, named: Iterable[str] = ()) -> None:
        self.named = frozenset(map(_check, named))
        self._hosts = frozenset(map(_host_of, self.named))

    def refusal(self, headers: Headers) -> Response | None:
        """Return the refusal of a request, or None if it may be answered."""
        hosts = [each.lower() for each in headers.getlist("host")]
        for host in hosts:
            if not self._is_known(_host_of(f"//{host}")):
                return error_response(
                    403,
                    "forbidden_host",
                    f"{texts.quoted(host)} is no name of this server: {ADVICE}",
                )
        own = {form for host in hosts for form in _origins_of(host)}
        for origin in headers.getlist("origin"):
            if origin.lower() not in self.named | own:
                return error_response(
                    403,
                    "forbidden_origin",
                    f"a page of {texts.quoted(origin)} may not use this server: {ADVICE}",
                )
        return None

    def _is_known(self, name: str) -> bool:
        if name in self._hosts:
            return True
        try:
            ip_address(name)
        except ValueError:
            return "." not in name or name.endswith(tuple(f".{domain}" for domain in PRIVATE))
        return True


class OriginMiddleware:
    """ASGI middleware that refuses requests and WebSockets of other sites' pages, with 403.

    Programs that are no browsers send no ``Origin`` and are answered.
    """

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self._app, self._origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        known = scope["type"] in ("http", "websocket")
        refusal = self._origins.refusal(Headers(scope=scope)) if known else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refuse(refusal, scope, receive, send)


def _check(origin: str) -> str:
    found = origin.lower().removesuffix("/")
    if not ORIGIN.fullmatch(found) or not _host_of(found):
        raise ConfigError(
            f"--allow-origin is {texts.quoted(origin)}: give scheme, host and port, as in "
            "https://app.example.org"
        )
    return found


def _host_of(address: str) -> str:
    """Return the host's name of a URL, empty if there is none."""
    try:
        return (urlsplit(address).hostname or "").removesuffix(".")
    except ValueError:  # brackets that hold no address
        return ""


def _origins_of(host: str) -> tuple[str, str]:
    """Return the origins of a server's own pages, which leave out the default port."""
    return f"http://{host.removesuffix(':80')}", f"https://{host.removesuffix(':443')}"
