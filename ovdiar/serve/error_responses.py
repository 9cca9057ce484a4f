"""Error responses, all with the body ``{"error": {"message", "type", "code"}}``."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

import anyio
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from ovdiar.errors import (
    AudioError,
    CancelledError,
    MissingPackageError,
    ModelError,
    OutOfMemoryError,
    OvdiarError,
)
from ovdiar.serve.places import QueueFullError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

DRAIN_TIMEOUT_S = 5.0
"""How long the rest of a refused request is read, so that the client can read the response."""


class ErrorDetail(BaseModel):
    """Description of an error."""

    message: str = Field(description="one line: the value, the limit, the next step")
    type: Literal["invalid_request_error", "server_error"] = Field(
        description="whether the client or the server caused it"
    )
    code: str = Field(description="stable identifier of the error")


class ErrorResponse(BaseModel):
    """Body of every response with status 400 or above."""

    error: ErrorDetail


def error_response(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Build an error response.

    Parameters
    ----------
    status
        HTTP status.
    code
        Stable identifier of the error.
    message
        One line: the value, the limit and the next step.
    headers
        Additional HTTP headers.
    """
    kind: Any = "server_error" if status >= 500 else "invalid_request_error"
    line = " ".join(message.split())
    body = ErrorResponse(error=ErrorDetail(message=line, type=kind, code=code))
    return JSONResponse(body.model_dump(), status, headers)


def add_error_handlers(app: FastAPI) -> None:
    """Register handlers for all errors of an application, including the framework's own."""
    app.add_exception_handler(OvdiarError, _on_ovdiar_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)


def refusal_of(error: OvdiarError) -> JSONResponse:
    """Report an error in the audio, the parameters or the server's setup, or a full queue."""
    status, code, headers = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_parameter", None
    if isinstance(error, AudioError):
        status, code = HTTPStatus.BAD_REQUEST, "invalid_audio"
    elif isinstance(error, QueueFullError):
        status, code = HTTPStatus.SERVICE_UNAVAILABLE, "too_many_requests"
        headers = {"Retry-After": str(error.retry_after_s)}
    elif isinstance(error, CancelledError):
        status, code = HTTPStatus.SERVICE_UNAVAILABLE, "stopped"
    elif isinstance(error, OutOfMemoryError):
        status, code = HTTPStatus.SERVICE_UNAVAILABLE, "out_of_memory"
    elif isinstance(error, (ModelError, MissingPackageError)):
        status, code = HTTPStatus.INTERNAL_SERVER_ERROR, "server_setup"
    return error_response(status, code, str(error), headers)


def unexpected_error(identity: str) -> JSONResponse:
    """Report an error that nothing has foreseen; the log has its traceback.

    Parameters
    ----------
    identity
        Id of the request in the log.
    """
    return error_response(
        500, "internal_error", f"unexpected error: the service's log has it at request {identity}"
    )


async def respond_early(response: Response, receive: Receive, send: Send) -> None:
    """Respond before the request is complete, then read the rest of it.

    Some clients send the whole request before they read the response.
    """
    headers = [*response.raw_headers, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(response.body), "more_body": True})
    with anyio.move_on_after(DRAIN_TIMEOUT_S):
        while (message := await receive())["type"] == "http.request" and message.get("more_body"):
            pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a request or the handshake of a WebSocket before the application sees it."""
    if scope["type"] == "websocket":
        await response(scope, receive, send)
    else:
        await respond_early(response, receive, send)


def _on_ovdiar_error(_request: Request, error: Exception) -> JSONResponse:
    """Report an error of ours."""
    return refusal_of(error if isinstance(error, OvdiarError) else OvdiarError(str(error)))


def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    """Report an error that the framework found in the path, method or body."""
    status = getattr(error, "status_code", HTTPStatus.BAD_REQUEST)
    code = HTTPStatus(status).phrase.lower().replace(" ", "_")
    detail = getattr(error, "detail", "") or HTTPStatus(status).phrase
    message = f"{request.method} {request.url.path}: {detail}: see /docs for the available paths"
    return error_response(status, code, message, getattr(error, "headers", None))


def _on_validation_error(_request: Request, error: Exception) -> JSONResponse:
    """Report the first field that is missing or invalid."""
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    first = problems[0] if problems else {"loc": ("body",), "msg": "invalid"}
    field = ".".join(str(part) for part in first["loc"][1:]) or "body"
    code = "missing_parameter" if first.get("type") == "missing" else "invalid_parameter"
    return error_response(422, code, f"{field}: {first['msg']}: see /docs for the fields")
