"""The gateway of compose and Kubernetes, run: each path reaches its system, and no log tells who was asked for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from deploy.package.bundles import ROOT
from serve.api.static_file import ASKED_AGAIN, KEPT
from serve.api.web_page import _POLICY, FOLDER
from tests.answering import free_port, wait_until_answering

CHECKS = ROOT / ".venv" / "checks" / "bin"
CADDY = shutil.which("caddy", path=f"{CHECKS}{os.pathsep}{os.environ['PATH']}")
CONFIGURATION = ROOT / "deploy" / "gateway" / "Caddyfile"
CPF = "52998224725"
ANSWERED_BY = {"Sistema A": "a", "Sistema B": "b", "Sistema C": "c", "Titular": "b", "Transparência": "b"}
WITHIN = ("/saude/vivo", "/saude/pronto", "/metrics")
DOWN = "c"
"""The system that the tests stop in the end."""


class System(ThreadingHTTPServer):
    """Answers every request with its name and what it was asked."""

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), Echo)
        self.name = name
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Echo(BaseHTTPRequestHandler):
    server: System

    def do_GET(self) -> None:
        body = json.dumps([self.server.name, self.command, self.path, self.headers["Authorization"]]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - so the library calls it

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(scope="module")
def systems() -> Iterator[dict[str, System]]:
    found = {name: System(name) for name in "abc"}
    yield found
    for system in found.values():
        system.shutdown()
        system.server_close()


@pytest.fixture(scope="module")
def gateway(
    systems: dict[str, System], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[httpx.Client, Path]]:
    """Yield a client of the gateway, and the gateway's log."""
    assert CADDY is not None, "run scripts/install-checks"
    folder = tmp_path_factory.mktemp("gateway")
    port = free_port()
    given = {f"SYSTEM_{name.upper()}": f"127.0.0.1:{system.server_port}" for name, system in systems.items()}
    given |= {"GATEWAY_PORT": str(port), "PAGE": str(FOLDER), "HOME": str(folder), "PATH": "/usr/bin:/bin"}
    log = folder / "log"
    with log.open("wb") as lines, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        words = [CADDY, "run", "--adapter", "caddyfile", "--config", str(CONFIGURATION)]
        process = subprocess.Popen(words, env=given, cwd=folder, stdout=lines, stderr=lines)
        try:
            wait_until_answering(client, "/config.json", process, log)
            yield client, log
        finally:
            process.terminate()
            process.wait(20)


def documented() -> list[tuple[str, str, str]]:
    """Return every method and path of the API with the system that answers it."""
    paths = json.loads((ROOT / "docs" / "reference" / "openapi.json").read_text("utf-8"))["paths"]
    return [
        (method.upper(), re.sub(r"{[^}]+}", CPF, path), ANSWERED_BY[described["tags"][0]])
        for path, methods in paths.items()
        for method, described in methods.items()
        if path not in WITHIN
    ]


@pytest.mark.parametrize(("method", "path", "system"), documented())
def test_a_request_reaches_the_system_that_answers_it_whole(gateway, method, path, system):
    client, _ = gateway
    address = f"{path}?fim=x%20y"
    told = client.request(method, address, headers={"Authorization": "Bearer t"}).json()
    assert told == [system, method, address, "Bearer t"]


def test_an_error_s_type_leads_to_a_system_that_explains_it(gateway):
    client, _ = gateway
    assert {client.get(path).json()[0] for path in ("/problemas", "/problemas/token-ausente")} == {"a"}


@pytest.mark.parametrize("path", [*WITHIN, "/openapi.json", "/docs", "/saude/../metrics", "/scores"])
def test_what_is_asked_within_the_network_is_not_reached_from_without(gateway, path):
    client, _ = gateway
    assert client.get(path).status_code == 404


def test_the_page_lies_beside_them_with_its_own_server_s_headers(gateway):
    client, _ = gateway
    page = client.get("/")
    assert {name: page.headers[name] for name in _POLICY} == _POLICY
    assert (page.headers["x-content-type-options"], page.headers["cache-control"]) == ("nosniff", ASKED_AGAIN)
    assert page.text == (FOLDER / "index.html").read_text("utf-8")
    assert client.get("/config.json").json() == {"api": "./"}
    assets = re.findall(r"assets/[\w.-]+", page.text)
    assert assets
    assert {client.get(f"/{asset}").headers["cache-control"] for asset in assets} == {KEPT}


def test_no_log_tells_who_was_asked_for_whatever_happens(gateway, systems):
    client, log = gateway
    systems[DOWN].shutdown()
    systems[DOWN].server_close()
    assert client.get(f"/clientes/{CPF}/consultar").status_code == 502
    assert client.get(f"/clientes/{CPF}").status_code == 200
    text = log.read_text("utf-8")
    assert "serving initial configuration" in text
    assert CPF not in text
