"""Bearer tokens (RFC 6750): who has none of them is refused, before the body is read."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from ovdiar import texts
from ovdiar.errors import ConfigError
from ovdiar.serve.error_responses import error_response, refuse
from ovdiar.serve.paths import OPEN

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

MIN_LENGTH = 16
"""Characters of a token; 16 random ones of base64 have 96 bits."""
ADVICE = "for example from: openssl rand -hex 32"


class Tokens:
    """Tokens that are accepted. Comparisons take the same time for all that are not.

    Parameters
    ----------
    tokens
        Tokens, of at least `MIN_LENGTH` printable ASCII characters without spaces.

    Raises
    ------
    ConfigError
        If there is no token, or one is too short or has other characters.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        self._digests = [_digest(token) for token in tokens if _check(token)]
        if not self._digests:
            raise ConfigError(f"there is no token: give one on each line, {ADVICE}")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Tokens:
        """Read a file with a token in each line; several let one be replaced by the next.

        Raises
        ------
        ConfigError
            See the class.
        FormatError
            If the file cannot be read.
        """
        lines = (line.strip() for line in texts.split_lines(texts.read(path)))
        try:
            return cls(line for line in lines if line)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None

    def accept(self, token: str) -> bool:
        """Return whether a token is one of these."""
        given = _digest(token)
        return any([hmac.compare_digest(given, each) for each in self._digests])  # noqa: C419 - all


def _check(token: str) -> bool:
    if len(token) < MIN_LENGTH or not all("!" <= each <= "~" for each in token):
        raise ConfigError(
            f"a token has {texts.counted(len(token), 'character')}: give at least {MIN_LENGTH}, "
            f"printable ASCII without spaces, {ADVICE}"
        )
    return True


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


class TokenMiddleware:
    """ASGI middleware that refuses requests and WebSockets without a token, with 401."""

    def __init__(self, app: ASGIApp, tokens: Tokens, open_paths: Collection[str] = OPEN) -> None:
        self._app, self._tokens, self._open = app, tokens, open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        known = scope["type"] in ("http", "websocket") and scope["path"] not in self._open
        refusal = self._refusal(Headers(scope=scope)) if known else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refuse(refusal, scope, receive, send)

    def _refusal(self, headers: Headers) -> Response | None:
        given = headers.getlist("authorization")
        scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() == "bearer" and self._tokens.accept(token.strip()):
            return None
        problem, challenge = "there is no bearer token", "Bearer"
        if given:
            problem, challenge = "the bearer token is not valid", 'Bearer error="invalid_token"'
        return error_response(
            401,
            "unauthorized",
            f'{problem}: send the header "Authorization: Bearer TOKEN" with a token of the '
            "service's --token-file",
            {"WWW-Authenticate": challenge},
        )
