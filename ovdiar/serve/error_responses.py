"""Error responses, all with the body ``{"error": {"message", "type", "code"}}``."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from ovdiar.errors import AudioError, CancelledError, MissingPackageError, ModelError, OvdiarError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request


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
    app.add_exception_handler(Exception, _on_unexpected_error)


def _on_ovdiar_error(_request: Request, error: Exception) -> JSONResponse:
    """Report an error in the audio, the parameters or the server's setup."""
    status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_parameter"
    if isinstance(error, AudioError):
        status, code = HTTPStatus.BAD_REQUEST, "invalid_audio"
    elif isinstance(error, CancelledError):
        status, code = HTTPStatus.SERVICE_UNAVAILABLE, "stopped"
    elif isinstance(error, (ModelError, MissingPackageError)):
        status, code = HTTPStatus.INTERNAL_SERVER_ERROR, "server_setup"
    return error_response(status, code, str(error))


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


def _on_unexpected_error(_request: Request, error: Exception) -> JSONResponse:
    """Report an internal error; the server's log has the traceback."""
    message = f"unexpected {type(error).__name__}: see the server's log"
    return error_response(500, "internal_error", message)
