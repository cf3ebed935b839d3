"""What the tests of the dashboard share: a real server over a store, and a client that sends what it is told."""

from __future__ import annotations

import http.client
import json
import socket
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from furu.catalog import place as places
from furu_dashboard.app import create_app
from furu_dashboard.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Serve = Callable[..., "Client"]

sys.path.insert(0, str(Path(__file__).parent))


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The content as JSON."""
        return json.loads(self.content)

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode()


@dataclass
class Client:
    """Sends requests exactly as they are spelled: no path is tidied up on the way."""

    port: int
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, *, method: str = "GET", **headers: str) -> Answer:
        """Ask for a path; ``headers`` have underscores for hyphens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=sent)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)

    @contextmanager
    def stream(self, path: str, **headers: str) -> Iterator[Iterator[tuple[str, Any]]]:
        """Follow server-sent events, as pairs of name and data."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        assert response.status == 200, response.read()
        try:
            yield _events(response)
        finally:
            if connection.sock is not None:
                connection.sock.shutdown(socket.SHUT_RDWR)
            connection.close()


def _events(response: http.client.HTTPResponse) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in response:
        text = line.decode().rstrip("\n")
        if text.startswith("event: "):
            name = text.removeprefix("event: ")
        elif text.startswith("data: "):
            yield name, json.loads(text.removeprefix("data: "))


@pytest.fixture
def serve(furu_tmp_root: Path) -> Iterator[Serve]:
    """Give a function that starts a dashboard over the test's store and returns a client of it."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(**options: Any) -> Client:
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        given = {"place": places.of_settings(), "port": port}
        app = create_app(Options(**given | options))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        running.append((server, thread))
        return Client(port)

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def client(serve: Serve) -> Client:
    """Give a client of a dashboard over the test's store."""
    return serve()
