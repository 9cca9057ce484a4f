"""FastAPI application: endpoints of the service."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from importlib.metadata import version
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from ovdiar.serve.error_responses import ErrorResponse, add_error_handlers, error_response
from ovdiar.serve.limits import LimitMiddleware, Limits
from ovdiar.serve.runs import Runs
from ovdiar.serve.schema import Diarization, Health, Model, ModelList, VerboseDiarization
from ovdiar.serve.service import DiarizationRequest, Service
from ovdiar.serve.stream import router as stream_router

PATH = "/v1/audio/diarization"
PAGE = (resources.files("ovdiar.serve") / "assets" / "docs.html").read_text(encoding="utf-8")
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'"
)
"""Content security policy of the documentation page: connections to this service only."""

NOTICES = "X-Ovdiar-Notices"
"""Header of text responses: what JSON has in ``notices``, as a JSON array in ASCII."""

Format = Literal[
    "json", "verbose_json", "rttm", "csv", "srt", "vtt", "textgrid", "elan", "audacity", "stm"
]
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": Diarization | VerboseDiarization,
        "description": "speaker turns, as JSON or as text in another response_format",
        "headers": {
            NOTICES: {
                "description": "the notices of a text response, as JSON",
                "schema": {"type": "string"},
            }
        },
        "content": {"text/plain": {"schema": {"type": "string"}}},
    },
    400: {"model": ErrorResponse, "description": "the file cannot be decoded as audio"},
    404: {"model": ErrorResponse, "description": "the model is not available"},
    408: {"model": ErrorResponse, "description": "the upload is too slow"},
    413: {"model": ErrorResponse, "description": "the request is too large"},
    422: {"model": ErrorResponse, "description": "a field is missing or invalid"},
    503: {"model": ErrorResponse, "description": "too many concurrent requests; try again later"},
    504: {"model": ErrorResponse, "description": "the time limit is exceeded"},
}

router = APIRouter()


@dataclass
class SharedState:
    """Objects shared by all requests; ``streams`` counts the open ones."""

    service: Service
    runs: Runs
    limits: Limits
    streams: int = 0


def make_app(service: Service, limits: Limits) -> FastAPI:
    """Create the ASGI application; ``app.state.shared`` holds the `SharedState`."""
    app = FastAPI(
        title="ovdiar",
        summary="Speaker diarization, compatible with LocalAI's endpoint.",
        version=version("ovdiar"),
        docs_url=None,
        redoc_url=None,
    )
    shared = SharedState(service, Runs(limits.max_concurrent), limits)
    app.state.shared = shared
    add_error_handlers(app)
    app.include_router(router)
    app.include_router(stream_router)
    app.add_middleware(LimitMiddleware, limits=limits, runs=shared.runs, path=PATH)
    return app


@router.post(PATH, responses=RESPONSES, summary="Diarize a recording")
async def diarize(
    request: Request,
    file: Annotated[UploadFile, File(description="audio file: WAV, FLAC, OGG, MP3, ...")],
    model: Annotated[str, Form(description="name from /v1/models (default: the only one)")] = "",
    num_speakers: Annotated[
        int, Form(ge=0, description="exact number of speakers, 0 if unknown")
    ] = 0,
    min_speakers: Annotated[
        int, Form(ge=0, description="minimum number of speakers, 0 if unknown")
    ] = 0,
    max_speakers: Annotated[
        int, Form(ge=0, description="maximum number of speakers, 0 if unknown")
    ] = 0,
    clustering_threshold: Annotated[
        float | None,
        Form(
            ge=0,
            le=2,
            allow_inf_nan=False,
            description="distance threshold of the clustering (default: the bundle's)",
        ),
    ] = None,
    min_duration_on: Annotated[
        float | None, Form(ge=0, allow_inf_nan=False, description="drop shorter turns, in seconds")
    ] = None,
    min_duration_off: Annotated[
        float | None, Form(ge=0, allow_inf_nan=False, description="fill shorter gaps, in seconds")
    ] = None,
    response_format: Annotated[Format, Form(description="format of the response")] = "json",
) -> Response:
    """Diarize a recording.

    Other fields of LocalAI's API (language, include_text) are ignored.
    """
    shared: SharedState = request.app.state.shared
    if model not in ("", shared.service.name):
        served = shared.service.name
        return error_response(
            404, "model_not_found", f"model {model!r} is not available: use {served!r}"
        )
    options = DiarizationRequest(
        num_speakers,
        min_speakers,
        max_speakers,
        clustering_threshold,
        min_duration_on,
        min_duration_off,
    )

    def work(cancel: Any) -> Response:
        answer = shared.service.diarize(file.file, file.filename, options, cancel)
        if response_format in ("json", "verbose_json"):
            full = answer.to_schema().model_dump()
            brief = Diarization.model_validate(full).model_dump()
            return JSONResponse(full if response_format == "verbose_json" else brief)
        headers = {NOTICES: answer.notices_line()}
        return PlainTextResponse(answer.to_text(response_format), headers=headers)

    return await shared.runs.run(work, request)


@router.get("/v1/models", summary="List available models", response_description="available bundles")
async def models(request: Request) -> ModelList:
    """List the available bundle."""
    shared: SharedState = request.app.state.shared
    return ModelList(data=[Model(id=shared.service.name)])


@router.get(
    "/healthz", summary="Check that the service is up", response_description="the service is up"
)
async def health(request: Request) -> Health:
    """Report the number of running requests."""
    shared: SharedState = request.app.state.shared
    return Health(
        running=shared.runs.requests,
        uploading=shared.runs.uploads,
        max_concurrent=shared.limits.max_concurrent,
    )


@router.get("/docs", include_in_schema=False)
async def docs() -> HTMLResponse:
    """Show the API documentation; the page loads nothing from other hosts."""
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})
