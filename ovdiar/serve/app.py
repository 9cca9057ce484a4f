"""FastAPI application: endpoints of the service."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, File, Form, Request, UploadFile
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.security import HTTPBearer
from starlette.middleware.cors import CORSMiddleware

from ovdiar.serve import documentation, operation
from ovdiar.serve import stream as streams
from ovdiar.serve.error_responses import ErrorResponse, add_error_handlers, error_response
from ovdiar.serve.event_stream import MEDIA_TYPE, EventStream
from ovdiar.serve.head import HeadMiddleware
from ovdiar.serve.limits import LimitMiddleware, Limits
from ovdiar.serve.origins import OriginMiddleware, Origins
from ovdiar.serve.paths import DIARIZATION, MODELS, OPENAPI
from ovdiar.serve.request_log import ID, RequestMiddleware, measured
from ovdiar.serve.schema import Diarization, Model, ModelList, VerboseDiarization
from ovdiar.serve.service import DiarizationRequest, Service
from ovdiar.serve.state import SharedState, shared_state
from ovdiar.serve.tokens import TokenMiddleware

if TYPE_CHECKING:
    from ovdiar.pipelines.steps import Cancel, FractionHook
    from ovdiar.serve.tokens import Tokens

NOTICES = "X-Ovdiar-Notices"
"""Header of text responses: what JSON has in ``notices``, as a JSON array in ASCII."""

Format = Literal[
    "json", "verbose_json", "rttm", "csv", "srt", "vtt", "textgrid", "elan", "audacity", "stm"
]
EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["queued", "progress", "notices", "result", "error"]},
        "data": {"type": "string"},
    },
    "required": ["event", "data"],
}
"""Schema of a server-sent event."""
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": Diarization | VerboseDiarization,
        "description": "speaker turns, as JSON or as text in another response_format; with stream, "
        "events: queued (Queued), progress (Progress), notices, and result or error, whose data is "
        "the body of the answer without stream",
        "headers": {
            NOTICES: {
                "description": "the notices of a text response, as JSON",
                "schema": {"type": "string"},
            }
        },
        "content": {
            "text/plain": {"schema": {"type": "string"}},
            MEDIA_TYPE: {"schema": EVENT},
        },
    },
    400: {"model": ErrorResponse, "description": "the file cannot be decoded as audio"},
    404: {"model": ErrorResponse, "description": "the model is not available"},
    408: {"model": ErrorResponse, "description": "the upload is too slow"},
    413: {"model": ErrorResponse, "description": "the request is too large"},
    422: {"model": ErrorResponse, "description": "a field is missing or invalid"},
    503: {"model": ErrorResponse, "description": "the queue is full; see Retry-After"},
    504: {"model": ErrorResponse, "description": "the time limit is exceeded"},
}

UNAUTHORIZED: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorResponse, "description": "the bearer token is missing or invalid"}
}
FORBIDDEN: dict[int | str, dict[str, Any]] = {
    403: {"model": ErrorResponse, "description": "a page of another site sends the request"}
}

router = APIRouter()


def make_app(
    service: Service,
    limits: Limits,
    tokens: Tokens | None = None,
    origins: Origins | None = None,
) -> FastAPI:
    """Create the ASGI application; ``app.state.shared`` holds the `SharedState`.

    Parameters
    ----------
    service
        Service to run.
    limits
        Limits of requests and streams.
    tokens
        Tokens of those who may use it. By default, everyone may but pages of other sites.
    origins
        Sites whose pages may. By default, no other.
    """
    app = FastAPI(
        title="ovdiar",
        summary="Speaker diarization, compatible with LocalAI's endpoint.",
        version=version("ovdiar"),
        openapi_url=OPENAPI,
        docs_url=None,
        redoc_url=None,
    )
    app.state.shared = shared = SharedState(service, limits)
    add_error_handlers(app)
    # `TokenMiddleware` refuses; this only documents, since it would read the body first
    scheme = [Depends(HTTPBearer(auto_error=False))] if tokens else []
    refusals = UNAUTHORIZED if tokens else FORBIDDEN
    for secured in (router, operation.router):
        app.include_router(secured, dependencies=scheme, responses=refusals)
    app.include_router(operation.probes, responses=None if tokens else FORBIDDEN)
    app.include_router(documentation.router)
    app.include_router(streams.router)
    app.add_middleware(LimitMiddleware, limits=limits, runs=shared.runs, path=DIARIZATION)
    app.add_middleware(HeadMiddleware)
    if tokens:
        app.add_middleware(TokenMiddleware, tokens=tokens)
    origins = origins or Origins()
    if origins.named:  # outside of tokens, which a browser's question before the request lacks
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(origins.named),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", ID],
            expose_headers=[NOTICES, ID, "Retry-After"],
        )
    if not tokens:
        app.add_middleware(OriginMiddleware, origins=origins)
    app.add_middleware(RequestMiddleware, metrics=shared.metrics)
    return app


@router.post(DIARIZATION, responses=RESPONSES, summary="Diarize a recording")
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
    *,
    stream: Annotated[
        bool, Form(description="send events: the position in the queue, progress, the answer")
    ] = False,
) -> Response:
    """Diarize a recording.

    Other fields of LocalAI's API (language, include_text) are ignored.
    """
    shared = shared_state(request)
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

    def work(cancel: Cancel, progress: FractionHook) -> Response:
        answer = shared.service.diarize(file.file, file.filename, options, cancel, progress)
        measured(request).audio_s = answer.duration_s
        if response_format in ("json", "verbose_json"):
            full = answer.to_schema().model_dump()
            brief = Diarization.model_validate(full).model_dump()
            return JSONResponse(full if response_format == "verbose_json" else brief)
        headers = {NOTICES: answer.notices_line()}
        return PlainTextResponse(answer.to_text(response_format), headers=headers)

    run = partial(shared.runs.run, work, request)
    return EventStream(run, NOTICES) if stream else await run()


@router.get(MODELS, summary="List available models", response_description="available bundles")
async def models(request: Request) -> ModelList:
    """List the available bundle."""
    return ModelList(data=[Model(id=shared_state(request).service.name)])
