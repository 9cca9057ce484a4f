"""The one shape of all that goes wrong: ``{"error": {"message", "type", "code"}}``."""

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


class Problem(BaseModel):
    """What is wrong, for people and for programs."""

    message: str = Field(description="one line: the value, the limit, the next step")
    type: Literal["invalid_request_error", "server_error"] = Field(description="whose fault it is")
    code: str = Field(description="the same for the same problem")


class Refusal(BaseModel):
    """The body of every answer of 400 and above."""

    error: Problem


def refusal(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Make an answer that says what is wrong."""
    fault: Any = "server_error" if status >= 500 else "invalid_request_error"
    line = " ".join(message.split())
    body = Refusal(error=Problem(message=line, type=fault, code=code))
    return JSONResponse(body.model_dump(), status, headers)


def refuse_everything_alike(app: FastAPI) -> None:
    """Give every error of an application that shape, the framework's own included."""
    app.add_exception_handler(OvdiarError, _refuse_ours)
    app.add_exception_handler(HTTPException, _refuse_request)
    app.add_exception_handler(RequestValidationError, _refuse_parameters)
    app.add_exception_handler(Exception, _refuse_unforeseen)


def _refuse_ours(_request: Request, error: Exception) -> JSONResponse:
    """Tell a client about its audio and parameters, and what the server lacks."""
    status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_parameter"
    if isinstance(error, AudioError):
        status, code = HTTPStatus.BAD_REQUEST, "invalid_audio"
    elif isinstance(error, CancelledError):
        status, code = HTTPStatus.SERVICE_UNAVAILABLE, "stopped"
    elif isinstance(error, (ModelError, MissingPackageError)):
        status, code = HTTPStatus.INTERNAL_SERVER_ERROR, "server_setup"
    return refusal(status, code, str(error))


def _refuse_request(request: Request, error: Exception) -> JSONResponse:
    """Say what the framework says of a path, a method or a body."""
    status = getattr(error, "status_code", HTTPStatus.BAD_REQUEST)
    code = HTTPStatus(status).phrase.lower().replace(" ", "_")
    said = getattr(error, "detail", "") or HTTPStatus(status).phrase
    message = f"{request.method} {request.url.path}: {said}: see /docs for what there is"
    return refusal(status, code, message, getattr(error, "headers", None))


def _refuse_parameters(_request: Request, error: Exception) -> JSONResponse:
    """Name the first field that is missing or wrong."""
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    first = problems[0] if problems else {"loc": ("body",), "msg": "not understood"}
    field = ".".join(str(part) for part in first["loc"][1:]) or "body"
    code = "missing_parameter" if first.get("type") == "missing" else "invalid_parameter"
    return refusal(422, code, f"{field}: {first['msg']}: see /docs for the fields")


def _refuse_unforeseen(_request: Request, error: Exception) -> JSONResponse:
    """Admit a mistake of ours; the server's log has the rest."""
    message = f"an unforeseen {type(error).__name__}: look into the server's log"
    return refusal(500, "internal_error", message)
