"""Objects that all requests share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ovdiar.serve.metrics import Metrics
from ovdiar.serve.runs import Runs

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from ovdiar.serve.limits import Limits
    from ovdiar.serve.service import Service


class SharedState:
    """Objects shared by all requests; ``streams`` counts the open ones.

    ``compiled`` says whether the networks are; until then the service is not ready.
    """

    def __init__(self, service: Service, limits: Limits) -> None:
        self.service, self.limits, self.runs = service, limits, Runs(limits)
        self.streams = 0
        self.compiled = False
        self.metrics = Metrics(
            service.name,
            {
                "ready": ("whether the service takes recordings", lambda: self.status == "ready"),
                "running": ("requests that run", lambda: self.runs.places.taken),
                "waiting": ("requests in the queue", lambda: self.runs.places.waiting),
                "uploading": ("requests that are arriving", lambda: self.runs.uploads),
                "streams": ("open WebSockets", lambda: self.streams),
            },
        )

    @property
    def status(self) -> Literal["ready", "starting", "stopping"]:
        """Whether the service takes recordings."""
        if self.runs.stopping:
            return "stopping"
        return "ready" if self.compiled else "starting"


def shared_state(connection: HTTPConnection) -> SharedState:
    """Return what a request shares with the others."""
    found: SharedState = connection.app.state.shared
    return found
