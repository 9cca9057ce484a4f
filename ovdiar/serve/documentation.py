"""The page that documents the service, and the way to it."""

from __future__ import annotations

from importlib import resources

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from ovdiar.serve.paths import DOCS, ROOT

PAGE = (resources.files("ovdiar.serve") / "assets" / "docs.html").read_text(encoding="utf-8")
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'"
)
"""Content security policy of the page: connections to this service only."""

router = APIRouter(include_in_schema=False)


@router.get(ROOT)
async def root() -> RedirectResponse:
    """Lead to the page; the address is relative, for proxies that serve it below a path."""
    return RedirectResponse(DOCS.lstrip("/"))


@router.get(DOCS)
async def docs() -> HTMLResponse:
    """Show the API documentation; the page loads nothing from other hosts."""
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})
