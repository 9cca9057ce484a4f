"""Paths of the service, each once, and what they have in common."""

from __future__ import annotations

DIARIZATION = "/v1/audio/diarization"
STREAM = "/v1/audio/stream"
MODELS = "/v1/models"
ROOT, DOCS, OPENAPI = "/", "/docs", "/openapi.json"
LIVE, READY, HEALTH = "/livez", "/readyz", "/healthz"
METRICS = "/metrics"

PROBES = frozenset({LIVE, READY, HEALTH})
OPEN = frozenset({ROOT, DOCS, OPENAPI}) | PROBES
"""Need no token: the documentation, and probes, whose programs often cannot send one."""
SCRAPED = PROBES | {METRICS}
"""Asked for again and again by programs, hence logged at DEBUG."""
PATHS = OPEN | SCRAPED | {DIARIZATION, STREAM, MODELS}
"""Told apart by metrics."""
