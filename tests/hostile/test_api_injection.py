"""Every parameter, header and body of every endpoint given texts that mean something to whoever forgets they are text.

The endpoints are those of docs/reference/openapi.json: a new one is tried without being named here.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import jwt
import pytest
import sqlalchemy as sa

from contracts.settings import Settings
from contracts.table_declaration import Store
from contracts.tables import tables_of
from serve.app import create_app
from stores.connections import mongo_database, redis_client, sql_engine
from tests.api_server import token
from tests.faults.api_process import ApiProcess, environment_of
from tests.hostile.injections import CANARY, MARK, TEXTS, WITH_NUL
from tests.integration.test_api_schemathesis import example_person, fill

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs/reference/openapi.json").read_text())
OPERATIONS = [
    (path, method, operation) for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
]
ALL_TEXTS = (*TEXTS, *WITH_NUL)
SLEEP_SECONDS = 20
"""What the texts would have a store sleep, were they obeyed."""

CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
ALIVE = "/saude/vivo"
"""Asked by whoever waits for the server, too."""

HEADERS = ("User-Agent", "X-Request-ID", "X-Forwarded-For", "Cookie", "Accept", "Content-Type", "traceparent")


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    settings = make_installation("injecoes")
    fill(settings, *example_person(create_app(settings).openapi()))
    plant_canaries(settings)
    return settings


def plant_canaries(settings: Settings) -> None:
    """Put into each store what the texts would drop, empty or copy."""
    for store in ("base_a", "base_b", "results"):
        engine = sql_engine(settings.secret(f"{store}_admin_url"), timeout=10)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"create table {CANARY} (id int)")
            connection.exec_driver_sql(f"insert into {CANARY} values (1)")
        engine.dispose()
    database = mongo_database(settings.secret("base_c_admin_url"), timeout=10)
    database[CANARY].insert_one({"_id": 1})
    database.client.close()
    with redis_client(settings.secret("redis_url"), timeout=10) as cache:
        cache.set(CANARY, 1)


@pytest.fixture(scope="module")
def before(settings) -> dict[str, object]:
    return contents(settings)


@pytest.fixture
def asked() -> list[str]:
    """Hold the path of each request that was sent, where a test tells them."""
    return []


@pytest.fixture
def api(settings, before, asked, tmp_path) -> Iterator[ApiProcess]:
    """A process of its own, whose log is judged and whose stores are looked at when it has ended."""
    api = ApiProcess(tmp_path / "api", environment_of(settings))
    api.start()
    yield api
    api.stop()
    lines = check_log(api.log.read_text())
    if asked:
        told = [line for line in lines if line.get("evento") == "requisicao" and line["rota"] != ALIVE]
        assert len(told) == sum(path != ALIVE for path in asked), "one line a request"
    assert contents(settings) == before
    assert not Path(f"/tmp/{MARK}").exists()


def contents(settings: Settings) -> dict[str, object]:
    """Return how much each store holds, in every table and collection that the API does not write."""
    found: dict[str, object] = {}
    of_results = ("score", "execucao", "rejeitado", "modelo", CANARY)
    stores = {
        "base_a": [*(table.name for table in tables_of(Store.A)), CANARY],
        "base_b": [*(table.name for table in tables_of(Store.B)), CANARY],
        "results": of_results,
    }
    for store, tables in stores.items():
        engine = sql_engine(settings.secret(f"{store}_admin_url"), timeout=10)
        with engine.connect() as connection:
            for table in tables:
                found[f"{store}.{table}"] = connection.scalar(sa.text(f"select count(*) from {table}"))
            found[store] = sorted(sa.inspect(connection).get_table_names())
        engine.dispose()
    database = mongo_database(settings.secret("base_c_admin_url"), timeout=10)
    names = [*(table.name for table in tables_of(Store.C)), CANARY]
    found["base_c"] = {name: database[name].count_documents({}) for name in names}
    database.client.close()
    with redis_client(settings.secret("redis_url"), timeout=10) as cache:
        found["redis"] = cache.get(CANARY)
    return found


def check_log(log: str) -> list[dict[str, Any]]:
    """Return a log's lines: each is one JSON object, nothing in it moves a terminal, and no text is quoted."""
    assert MARK not in log
    assert not CONTROLS.search(log)
    assert "Traceback" not in log
    lines = [json.loads(line) for line in log.removesuffix("\n").split("\n")]
    assert all(isinstance(line, dict) for line in lines)
    return lines


def check_answer(answer: httpx.Response) -> None:
    """Assert an answer or a problem as documented, soon, that quotes nothing of what was sent."""
    assert 200 <= answer.status_code < 500, (answer.request.method, str(answer.request.url), answer.text)
    assert answer.elapsed.total_seconds() < SLEEP_SECONDS
    assert MARK not in answer.text
    assert MARK not in str(answer.headers)
    assert "set-cookie" not in answer.headers
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code


def example_of(parameter: Mapping[str, Any]) -> str:
    if "example" in parameter:
        return str(parameter["example"])
    if "examples" in parameter:
        return str(next(iter(parameter["examples"].values()))["value"])
    return str(parameter["schema"].get("examples", ["1"])[0])


def request_of(client: httpx.Client, path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Return an operation's request as documented: method, path with its examples, body."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(example_of(parameter), safe=""))
    request: dict[str, Any] = {"method": method.upper(), "url": path, "params": {}, "headers": {}}
    for media in operation.get("requestBody", {}).get("content", {}).values():
        request["json"] = media["example"]
    return request


def spoilt(path: str, method: str, operation: Mapping[str, Any], text: str, client: httpx.Client) -> Iterator[dict]:
    """Yield the operation's request with a text in one parameter after another, and in each place of its body."""
    whole = request_of(client, path, method, operation)
    for parameter in operation.get("parameters", []):
        name, place = parameter["name"], parameter["in"]
        if place == "path":
            url = path.replace(f"{{{name}}}", quote(text, safe=""))
            yield whole | {"url": url}
            yield whole | {"url": path.replace(f"{{{name}}}", quote(text[:36], safe=""))}
        elif place == "query":
            yield whole | {"params": {name: text}}
            yield whole | {"params": {f"{name}[$ne]": text}}
    yield whole | {"params": {text: text}}
    if "json" in whole:
        for body in bodies(whole["json"], text):
            yield whole | {"json": body}
        rest = {name: value for name, value in whole.items() if name != "json"}
        yield rest | {"content": text.encode(), "headers": {"Content-Type": "application/json"}}
        yield rest | {"content": json.dumps(whole["json"]).encode()[:-1] + text.encode()}


def bodies(body: Any, text: str) -> Iterator[Any]:
    """Yield a JSON body with a text, or an operator over it, in the place of each of its parts."""
    yield text
    yield {"$gt": text}
    yield {text: text}
    if isinstance(body, dict):
        yield body | {text: text}
        for name, value in body.items():
            yield from ({**body, name: part} for part in bodies(value, text))
    if isinstance(body, list):
        for at in range(len(body)):
            yield [*body[:at], text, *body[at + 1 :]]
            yield [*body[:at], {"$where": text}, *body[at + 1 :]]


def try_texts(api: ApiProcess, settings: Settings, texts: tuple[str, ...]) -> Iterator[str]:
    """Send every operation with every text in every parameter; yield the path of each."""
    headers = {"Authorization": f"Bearer {token(settings)}"}
    with httpx.Client(base_url=api.url, headers=headers, timeout=60) as client:
        for path, method, operation in OPERATIONS:
            whole = request_of(client, path, method, operation)
            assert client.request(**whole).status_code < 300
            yield path
            for text in texts:
                for request in spoilt(path, method, operation, text, client):
                    answer = client.request(**request)
                    check_answer(answer)
                    yield path


def test_every_parameter_takes_texts_as_texts(api, settings, asked):
    """A third of the texts in each parameter, all of them in some."""
    assert len(OPERATIONS) >= 12
    asked.extend(try_texts(api, settings, ALL_TEXTS[::6]))
    assert len(asked) > 500


@pytest.mark.long
@pytest.mark.parametrize("part", [1, 2, 3, 4, 5])
def test_every_parameter_takes_every_text_as_a_text(api, settings, asked, part):
    asked.extend(try_texts(api, settings, ALL_TEXTS[part::6]))
    assert len(asked) > 500


def exchange(url: str, request: bytes) -> bytes:
    """Send bytes as they are, and return all that comes until the connection ends."""
    parts = urlsplit(url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 80)), timeout=SLEEP_SECONDS) as wire:
        wire.sendall(request)
        wire.shutdown(socket.SHUT_WR)
        found = b""
        while received := wire.recv(65_536):
            found += received
    return found


def test_every_header_takes_texts_as_bytes(api, settings):
    """As no client library would send them: what ends a line in a header begins another, and never a second answer."""
    bearer = f"Bearer {token(settings)}"
    tried = 0
    for number, (path, method, operation) in enumerate(OPERATIONS):
        with httpx.Client() as client:
            whole = request_of(client, path, method, operation)
        body = json.dumps(whole.get("json", "")).encode() if "json" in whole else b""
        own = [one["name"] for one in operation.get("parameters", []) if one["in"] == "header"]
        for at, name in enumerate((*own, *HEADERS, "Authorization", "Host")):
            for text in ALL_TEXTS[(number + at) % 9 :: 9]:
                fields = {"Host": "escore", "Authorization": bearer, "Connection": "close"} | {name: text}
                if body:
                    fields |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
                head = "".join(f"{field}: {value}\r\n" for field, value in fields.items())
                request = f"{method.upper()} {whole['url']} HTTP/1.1\r\n{head}\r\n".encode() + body
                check_bytes(exchange(api.url, request), request)
                tried += 1
    assert tried > 400


def check_bytes(found: bytes, request: bytes) -> None:
    head, _, body = found.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
    assert status, request
    assert 200 <= int(status[1]) < 500, (request, found)
    assert MARK.encode() not in head.replace(b"etag", b"")
    assert MARK.encode() not in body
    assert b"set-cookie" not in head.lower()


def test_who_asks_and_why_are_texts_too(api, settings):
    """A token's claims are signed, and yet no more than texts."""
    secret = settings.secret("jwt_secret")
    person = example_person(DOCUMENT)[0]
    honest = jwt.decode(token(settings), options={"verify_signature": False})
    with httpx.Client(base_url=api.url, timeout=60) as client:
        for text in ALL_TEXTS:
            for name in ("sub", "finalidade", "titular", "titular_cpf", "scope", "jti"):
                bearer = jwt.encode(honest | {name: text}, secret, "HS256")
                answer = client.get(f"/clientes/{person}/score", headers={"Authorization": f"Bearer {bearer}"})
                check_answer(answer)
