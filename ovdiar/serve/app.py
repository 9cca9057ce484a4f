"""The application: what is asked over HTTP, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from importlib.metadata import version
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from ovdiar.serve.limits import Gate, Limits
from ovdiar.serve.refusals import Refusal, refusal, refuse_everything_alike
from ovdiar.serve.runs import Runs
from ovdiar.serve.schema import Diarization, Health, Model, ModelList, VerboseDiarization
from ovdiar.serve.service import Service, Wish

PATH = "/v1/audio/diarization"
PAGE = (resources.files("ovdiar.serve") / "assets" / "docs.html").read_text(encoding="utf-8")
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'"
)
"""What the page may do: ask this service, and nobody else."""

Format = Literal[
    "json", "verbose_json", "rttm", "csv", "srt", "vtt", "textgrid", "elan", "audacity", "stm"
]
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": Diarization | VerboseDiarization,
        "description": "who spoke when: JSON, or text in another response_format",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    },
    400: {"model": Refusal, "description": "the file is no recording that can be decoded"},
    404: {"model": Refusal, "description": "the model is not served"},
    413: {"model": Refusal, "description": "the request is too large"},
    422: {"model": Refusal, "description": "a field is missing or out of its range"},
    503: {"model": Refusal, "description": "too many requests are in progress; try again"},
    504: {"model": Refusal, "description": "the time limit is up"},
}

router = APIRouter()


@dataclass(frozen=True)
class Tools:
    """What requests share."""

    service: Service
    runs: Runs
    limits: Limits


def make_app(service: Service, limits: Limits) -> FastAPI:
    """Make the ASGI application; ``app.state.tools`` holds what its requests share."""
    app = FastAPI(
        title="ovdiar",
        summary="Who spoke when, in the shape of LocalAI's diarization endpoint.",
        version=version("ovdiar"),
        docs_url=None,
        redoc_url=None,
    )
    tools = Tools(service, Runs(limits.max_concurrent), limits)
    app.state.tools = tools
    refuse_everything_alike(app)
    app.include_router(router)
    app.add_middleware(Gate, limits=limits, runs=tools.runs, path=PATH)
    return app


@router.post(PATH, responses=ANSWERS, summary="Tell who spoke when")
async def diarize(
    request: Request,
    file: Annotated[UploadFile, File(description="a recording: WAV, FLAC, OGG, MP3, ...")],
    model: Annotated[str, Form(description="as in /v1/models; by default the only one")] = "",
    num_speakers: Annotated[int, Form(ge=0, description="exactly so many; 0: unknown")] = 0,
    min_speakers: Annotated[int, Form(ge=0, description="at least so many; 0: unknown")] = 0,
    max_speakers: Annotated[int, Form(ge=0, description="at most so many; 0: unknown")] = 0,
    clustering_threshold: Annotated[
        float | None,
        Form(
            ge=0,
            le=2,
            allow_inf_nan=False,
            description="where clustering stops; by default the bundle's",
        ),
    ] = None,
    min_duration_on: Annotated[
        float | None, Form(ge=0, allow_inf_nan=False, description="drop shorter turns, s")
    ] = None,
    min_duration_off: Annotated[
        float | None, Form(ge=0, allow_inf_nan=False, description="fill shorter gaps, s")
    ] = None,
    response_format: Annotated[Format, Form(description="of the answer")] = "json",
) -> Response:
    """Diarize a recording.

    Other fields that LocalAI knows (language, include_text) are passed over.
    """
    tools: Tools = request.app.state.tools
    if model not in ("", tools.service.name):
        served = tools.service.name
        return refusal(404, "model_not_found", f"model {model!r} is not served: use {served!r}")
    wish = Wish(
        num_speakers,
        min_speakers,
        max_speakers,
        clustering_threshold,
        min_duration_on,
        min_duration_off,
    )

    def work(cancel: Any) -> Response:
        answer = tools.service.diarize(file.file, file.filename, wish, cancel)
        if response_format in ("json", "verbose_json"):
            full = answer.to_schema().model_dump()
            brief = Diarization.model_validate(full).model_dump()
            return JSONResponse(full if response_format == "verbose_json" else brief)
        return PlainTextResponse(answer.to_text(response_format))

    return await tools.runs.run(work, request)


@router.get(
    "/v1/models", summary="List what is served", response_description="the bundle that is served"
)
async def models(request: Request) -> ModelList:
    """Name the bundle."""
    tools: Tools = request.app.state.tools
    return ModelList(data=[Model(id=tools.service.name)])


@router.get("/healthz", summary="Tell that the service is up", response_description="it is up")
async def health(request: Request) -> Health:
    """Tell how busy it is, whatever runs."""
    tools: Tools = request.app.state.tools
    return Health(running=tools.runs.requests, max_concurrent=tools.limits.max_concurrent)


@router.get("/docs", include_in_schema=False)
async def docs() -> HTMLResponse:
    """Show what can be asked, without any file from elsewhere."""
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})
