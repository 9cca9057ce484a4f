"""Endpoints for those who operate the service: probes and metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from ovdiar.serve.paths import HEALTH, LIVE, METRICS, READY
from ovdiar.serve.schema import Health, Live, Ready
from ovdiar.serve.state import shared_state

METRICS_TYPES = ("text/plain", "application/openmetrics-text")

router, probes = APIRouter(), APIRouter()


@probes.get(LIVE, summary="Check that the service answers", response_description="it does")
async def live() -> Live:
    """Answer, whatever the service is doing; where this fails, restart it."""
    return Live()


@probes.get(
    READY,
    summary="Check that the service takes recordings",
    response_description="it does",
    responses={503: {"model": Ready, "description": "it is starting, or stopping"}},
    response_model=Ready,
)
async def ready(request: Request) -> JSONResponse:
    """Tell whether the networks are compiled, and the service is not stopping."""
    found = Ready(status=shared_state(request).status)
    return JSONResponse(found.model_dump(), 200 if found.status == "ready" else 503)


@probes.get(HEALTH, summary="Show the load", response_description="the service is up")
async def health(request: Request) -> Health:
    """Count what is running, waiting and arriving."""
    shared = shared_state(request)
    return Health(
        running=shared.runs.places.taken,
        waiting=shared.runs.places.waiting,
        uploading=shared.runs.uploads,
        streams=shared.streams,
        max_concurrent=shared.limits.max_concurrent,
        max_queue=shared.limits.max_queue,
    )


@router.get(
    METRICS,
    summary="Show metrics for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "metrics, as text or, where it is accepted, as OpenMetrics",
            "content": {kind: {"schema": {"type": "string"}} for kind in METRICS_TYPES},
        }
    },
)
async def metrics(request: Request) -> Response:
    """Count requests, their durations and audio, and what is running."""
    page, content_type = shared_state(request).metrics.page(request.headers.get("accept", ""))
    return Response(page, headers={"Content-Type": content_type})
