"""The snippets of "The first score by API", run as they stand on the page, in each language, against a real server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from contracts.settings import Settings
from serve.access.minting import Grant, sign_by_secret
from serve.access.tokens import SCOPES
from serve.app import create_app
from serve.published.person_hash import PersonHash
from tests.api_server import running, token
from tests.faults import truth
from tests.page_snippets import Snippet, agree, shape, snippets

PAGE = Path(__file__).parents[2] / "docs" / "tutorials" / "first-score-by-api.md"
SANDBOX, TOKENS, RETRIES = "1. Start the sandbox", "2. Get a token", "8. Too often, or out of order"
MARK = "@@@@@"
PRINT = {"sh": f"printf '\\n{MARK}\\n'\n", "python": f'print("\\n{MARK}")\n', "js": f'console.log("\\n{MARK}");\n'}
LEAST_NODE = 20
HOUR = timedelta(hours=1)


def program(language: str) -> tuple[list[str], str]:
    """Return the command that runs a file of a language, and the file's name; without Node its test is left out."""
    if language == "sh":
        return ["bash", "-eu", "-o", "pipefail"], "passos.sh"
    if language == "python":
        return [sys.executable], "passos.py"
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node on this machine: the page's JavaScript was NOT run (Debian: apt-get install nodejs)")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").partition(".")[0]) < LEAST_NODE:
        pytest.skip(f"Node {version.strip()} is older than {LEAST_NODE}: the page's JavaScript was NOT run")
    return [node], "passos.mjs"


def of_language(language: str) -> list[Snippet]:
    """Return the snippets of a language that go on from one another; what starts servers or asks an issuer is apart."""
    found = [snippet for snippet in snippets(PAGE) if snippet.language == language]
    return [part for part in found if part.section != SANDBOX and "$ISSUER" not in part.text]


def run(language: str, parts: list[Snippet], folder: Path, environment: dict[str, str]) -> list[str]:
    """Run snippets as one program; return what each printed."""
    command, name = program(language)
    text = "".join(part.text + PRINT[language] for part in parts)
    (folder / name).write_text(text, "utf-8")
    done = subprocess.run(
        [*command, name],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    printed = done.stdout.split(f"\n{MARK}\n")
    assert done.returncode == 0, f"after {len(printed) - 1} of {len(parts)} snippets:\n{done.stdout}\n{done.stderr}"
    assert printed.pop() == ""
    return printed


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    settings = make_installation("passos")
    truth.fill(settings, truth.make_persons(PersonHash(settings.secret("cache_key").encode())))
    truth.publish(settings, 1)
    return settings


@pytest.fixture(scope="module")
def url(settings: Settings) -> Iterator[str]:
    with running(create_app(settings)) as url:
        yield url


@pytest.fixture(scope="module")
def client_id(settings: Settings) -> str:
    """A consumer with a score and three reasons."""
    return truth.make_persons(PersonHash(settings.secret("cache_key").encode()))[3].id


@pytest.mark.parametrize("language", PRINT)
def test_each_snippet_prints_what_the_page_shows(language, url, settings, client_id, tmp_path):
    parts = of_language(language)
    subject = sign_by_secret(settings.secret("jwt_secret"), Grant(f"loja-{language}", sorted(SCOPES), "ensaio", HOUR))
    printed = run(language, parts, tmp_path, {"API": url, "TOKEN": subject, "CLIENT": client_id})
    for part, said in zip(parts, printed, strict=True):
        if part.shown is None:
            assert said.strip() == "", (part.section, said)
        else:
            assert agree(shape(part.shown), shape(said)), (part.section, shape(part.shown), shape(said))


@pytest.mark.parametrize("language", PRINT)
def test_a_429_and_a_503_are_waited_for_as_long_as_they_say(language, tmp_path):
    parts = of_language(language)
    needed = [part for part in parts if part.section in {TOKENS, RETRIES}]
    with refusing(429, 503) as (address, asked):
        *_, printed = run(language, needed, tmp_path, {"API": address, "TOKEN": "t", "CLIENT": "c"})
    assert printed.strip() == "300"
    assert len(asked) == 302
    assert [later - earlier >= 1 for earlier, later in pairwise(asked[:3])] == [True, True]


@contextmanager
def refusing(*statuses: int) -> Iterator[tuple[str, list[float]]]:
    """Answer with these statuses, then 200; yield the address and the instants of the requests."""
    asked: list[float] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 4096  # head and body in one piece: in two, each answer waits 40 ms for the first's receipt

        def do_GET(self) -> None:
            asked.append(time.monotonic())
            self.send_response(statuses[len(asked) - 1] if len(asked) <= len(statuses) else 200)
            self.send_header("Retry-After", "1")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_token_is_asked_for_as_an_issuer_expects_it(settings, tmp_path):
    """Against a stand-in that answers as RFC 6749 section 4.4 says; no issuer of anybody's was at hand."""
    [part] = [part for part in snippets(PAGE) if "$ISSUER" in part.text]
    told: list[tuple[str | None, dict[str, list[str]]]] = []

    class Issuer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            told.append((self.headers["Authorization"], parse_qs(body)))
            answer = json.dumps({"access_token": token(settings), "token_type": "Bearer", "expires_in": 3600}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return None

    with ThreadingHTTPServer(("127.0.0.1", 0), Issuer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        issuer = {"ISSUER": f"http://127.0.0.1:{server.server_port}", "CLIENT_ID": "loja", "CLIENT_SECRET": "x"}
        [printed] = run("sh", [part], tmp_path, issuer)
        server.shutdown()
    assert told == [("Basic bG9qYTp4", {"grant_type": ["client_credentials"], "scope": ["score:ler"]})]
    assert json.loads(printed)["token_type"] == "Bearer"


def test_every_step_is_shown_in_each_language():
    steps = {language: {part.section for part in of_language(language)} for language in PRINT}
    assert steps["python"] == steps["js"] == steps["sh"]
    assert len(steps["sh"]) == 8


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ('{"score": 1}', '{"pontos": 1}'),
        ('{"score": 1}', '{"score": "1"}'),
        ("304", "200"),
        ("512 bom OK\n-3 D01 Texto", "512 bom OK"),
        ("Both\nunknown", "unknown"),
    ],
)
def test_another_shape_is_seen(shown, printed):
    assert not agree(shape(shown), shape(printed))
