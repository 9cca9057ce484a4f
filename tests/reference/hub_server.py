"""A small server that answers downloads as Hugging Face's hub does, on the loopback address.

Source: what huggingface_hub's ``hf_hub_download`` asks (``/OWNER/NAME/resolve/REVISION/FILE``) and
reads from the answers: ``ETag``, ``X-Repo-Commit``, ``X-Error-Code``.
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COMMIT = "c0ffee" + "0" * 34


@dataclass(frozen=True)
class Refusal:
    """An answer other than a file; a token that the hub ``accepts`` gets the file all the same."""

    status: int
    code: str | None = None
    accepts: str | None = None


@dataclass
class Hub:
    """What the server has and does; it may be changed while it runs.

    ``files`` maps ``OWNER/NAME`` to its files, ``refusals`` to what it answers instead. Of the
    repositories in ``cut`` the connection breaks when a file's contents are due.
    """

    files: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    cut: frozenset[str] = frozenset()
    commits: Mapping[str, str] = field(default_factory=dict)
    """The commit that a repository is at, where it is not `COMMIT`."""

    url: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of each request."""

    def answer(self, method: str, path: str, token: str) -> Answer | None:
        """Return the answer to a request, None where the connection breaks instead."""
        self.requests.append((method, path))
        owner, name, verb, revision, *rest = [*path.strip("/").split("/"), "", "", ""]
        repository, file = f"{owner}/{name}", "/".join(part for part in rest if part)
        refusal = self.refusals.get(repository)
        if refusal is not None and (refusal.accepts is None or token != refusal.accepts):
            return refused(refusal.status, refusal.code)
        if verb != "resolve" or repository not in self.files:
            return refused(404, "RepoNotFound")
        commit = self.commits.get(repository, COMMIT)
        if revision not in {"main", commit}:
            return refused(404, "RevisionNotFound")
        data = self.files[repository].get(file)
        if data is None:
            return refused(404, "EntryNotFound")
        if method == "GET" and repository in self.cut:
            return None
        digest = hashlib.sha256(data).hexdigest()
        return Answer(200, {"ETag": f'"{digest}"', "X-Repo-Commit": commit}, data)


@dataclass(frozen=True)
class Answer:
    """Status, headers but the length, contents."""

    status: int
    headers: Mapping[str, str]
    data: bytes = b""


def refused(status: int, code: str | None) -> Answer:
    """Return an answer without contents."""
    return Answer(status, {} if code is None else {"X-Error-Code": code})


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """Run the server for as long as the block lasts; its address is ``hub.url``."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            answer = hub.answer(self.command, self.path, token)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.data)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(answer.data)

        def do_GET(self) -> None:
            self.do_HEAD()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
