"""Pages of other origins: those that are named may read every answer, whoever makes it, and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api_server import running
from tests.frame_app import CPF, frame_app

ROOT = Path(__file__).parents[2]
PAGE, OTHER = "https://credito.exemplo.com.br", "http://localhost:5173"
STRANGERS = ("https://exemplo.com.br", f"{PAGE}.outro.br", f"{PAGE}:8443", "null", "*", PAGE.replace("https", "http"))
ASKING = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization,x-finalidade"}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with running(frame_app(origins=(PAGE, OTHER), body_bytes=100)) as url, httpx.Client(base_url=url) as client:
        yield client


def fields_of(answer: httpx.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith("access-control")}


@pytest.mark.parametrize("origin", [PAGE, OTHER])
def test_a_page_that_is_named_may_ask_and_read(client, origin):
    told = client.options(f"/eco/{CPF}", headers={"Origin": origin, **ASKING})
    assert (told.status_code, told.content) == (204, b"")
    assert told.headers["access-control-allow-origin"] == origin
    assert told.headers["access-control-allow-methods"] == "GET, POST"
    allowed = told.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "content-type", "x-finalidade"} <= set(allowed)
    assert "access-control-allow-credentials" not in told.headers
    assert told.headers["x-request-id"]
    answer = client.get(f"/eco/{CPF}", headers={"Origin": origin})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"Deprecation", "Sunset", "Link"} <= set(exposed), "docs/reference/versioning.md promises them"
    assert documented_fields() <= set(exposed)
    assert "Origin" in answer.headers["vary"]


def documented_fields() -> set[str]:
    """Return the header fields of answers that the committed document of the API names, those of no answer left out."""
    document = json.loads((ROOT / "docs" / "reference" / "openapi.json").read_text(encoding="utf-8"))
    found = set(document["components"]["headers"])
    assert {"X-Contagem", "ETag", "WWW-Authenticate", "RateLimit"} <= found
    return found


@pytest.mark.parametrize("origin", STRANGERS)
def test_no_other_page_may(client, origin):
    for answer in (
        client.options("/eco/1", headers={"Origin": origin, **ASKING}),
        client.get("/eco/1", headers={"Origin": origin}),
        client.get("/eco/1", headers=[("Origin", PAGE), ("Origin", origin)]),
    ):
        assert fields_of(answer) == set()
        assert "Origin" in answer.headers["vary"], "a cache may not give a stranger's answer to the page"
    assert client.options("/eco/1", headers={"Origin": origin, **ASKING}).status_code == 405


def test_what_the_frame_answers_itself_is_readable_too(client):
    large = client.post("/corpo", content=b"x" * 200, headers={"Origin": PAGE})
    fault = client.get(f"/falha/{CPF}", headers={"Origin": PAGE})
    missing = client.get("/nada", headers={"Origin": PAGE})
    for answer, status in ((large, 413), (fault, 500), (missing, 404)):
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, PAGE)
        assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_no_preflight_is_answered_as_ever(client):
    assert client.options("/eco/1").status_code == 405
    assert client.options("/eco/1", headers={"Origin": PAGE}).status_code == 405
    answer = client.get("/eco/1")
    assert fields_of(answer) == set()
    assert "Origin" in answer.headers["vary"]


def test_a_preflight_is_recorded_without_its_path(client):
    before = preflights(client)
    client.options(f"/eco/{CPF}", headers={"Origin": PAGE, **ASKING})
    assert preflights(client) == before + 1
    assert CPF not in client.get("/metrics").text


def preflights(client: httpx.Client) -> float:
    counts = [line for line in client.get("/metrics").text.splitlines() if line.startswith("escore_requisicoes_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in counts if '"OPTIONS"' in line and '"204"' in line)


def test_by_default_no_page_elsewhere_may():
    with running(frame_app()) as url:
        assert httpx.options(f"{url}/eco/1", headers={"Origin": PAGE, **ASKING}).status_code == 405
        answer = httpx.get(f"{url}/eco/1", headers={"Origin": PAGE})
        assert fields_of(answer) == set()
        assert "Origin" not in answer.headers.get("vary", "")
