"""System C as a Lambda function: API Gateway's events answered as the HTTP server answers, invocation by invocation."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from pydantic import SecretStr
from pymongo import MongoClient

from contracts.errors import SettingsError
from contracts.settings import Settings
from serve.app import create_app_c
from serve.lambda_c import LambdaFunction, lambda_settings
from stores.connections import sql_engine
from tests.api_server import PURPOSE, running, token
from tests.gateway_events import ROUTE, Event, MakeEvent, http_api_event, load_balancer_event, rest_api_event
from tests.tcp_faults import Pass, Refuse, Reset, TcpFaults, through

ROOT = Path(__file__).parents[2]
CPF, CPF_WITH_POINTS, STRANGER = "52998224725", "529.982.247-25", "39053344705"
OF_THE_MOMENT = {"x-request-id", "date", "content-length", "connection"}
OVER_TLS = {"strict-transport-security"}


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    settings = make_installation("lambda").model_copy(update={"audit_mode": "direto"})
    with MongoClient[dict[str, Any]](settings.secret("base_c_admin_url")) as mongo:
        mongo.get_default_database().compras.insert_one(
            {"cpf": CPF, "data_compra": datetime(2026, 1, 2), "valor": 19.9, "produto": "café"}
        )
    return settings


@pytest.fixture(scope="module")
def function(settings: Settings) -> Iterator[LambdaFunction]:
    function = LambdaFunction(lambda: create_app_c(settings))
    yield function
    function.close()


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[httpx.Client]:
    with running(create_app_c(settings)) as url, httpx.Client(base_url=url) as client:
        yield client


def bearer(settings: Settings, *scopes: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(settings, *scopes)}"}


EVENTS: dict[str, MakeEvent] = {
    "http api": http_api_event,
    "http api, stage": partial(http_api_event, stage="prod"),
    "http api, route": partial(http_api_event, stage="prod", route="ANY /{proxy+}"),
    "rest api": rest_api_event,
    "rest api, domain": partial(rest_api_event, base="/bureau/v1"),
    "load balancer": load_balancer_event,
}
REQUESTS = {
    "known": ("GET", f"/clientes/{CPF}/consultar", "", {}),
    "with points": ("GET", f"/clientes/{CPF_WITH_POINTS}/consultar", "", {}),
    "encoded": ("GET", f"/clientes/{''.join(f'%{ord(c):02x}' for c in CPF_WITH_POINTS)}/consultar", "", {}),
    "unknown": ("GET", f"/clientes/{STRANGER}/consultar", "", {"X-Finalidade": PURPOSE}),
    "no cpf": ("GET", "/clientes/123/consultar", "", {}),
    "space": ("GET", f"/clientes/{quote(CPF + ' ')}/consultar", "", {}),
    "slash": ("GET", f"/clientes/{CPF}%2Fx/consultar", "", {}),
    "unknown parameter": ("GET", f"/clientes/{CPF}/consultar", "cpf=1&x=%26", {}),
    "repeated parameter": ("GET", f"/clientes/{CPF}/consultar", "a=1&a=2", {}),
    "no token": ("GET", f"/clientes/{CPF}/consultar", "", {"Authorization": "Basic eDp5"}),
    "bad token": ("GET", f"/clientes/{CPF}/consultar", "", {"Authorization": "Bearer a.b.c"}),
    "method": ("DELETE", f"/clientes/{CPF}/consultar", "", {}),
    "nothing there": ("GET", f"/clientes/{CPF}", "", {}),
    "alive": ("GET", "/saude/vivo", "", {}),
    "document": ("GET", "/openapi.json", "", {}),
    "page": ("GET", "/docs", "", {"Accept-Encoding": "gzip"}),
}


def answer_of(result: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Return the status, header fields and body that a gateway makes of the function's result."""
    headers = {name.lower(): value for name, value in (result.get("headers") or {}).items()}
    headers |= {name.lower(): ", ".join(values) for name, values in (result.get("multiValueHeaders") or {}).items()}
    body = result["body"]
    return result["statusCode"], headers, base64.b64decode(body) if result["isBase64Encoded"] else body.encode()


def lasting(headers: dict[str, str] | httpx.Headers) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in OF_THE_MOMENT | OVER_TLS}


@pytest.mark.parametrize("request_name", REQUESTS)
@pytest.mark.parametrize("event_name", EVENTS)
def test_every_event_is_answered_as_the_server_answers(function, server, settings, event_name, request_name):
    method, path, query, given = REQUESTS[request_name]
    headers = {**bearer(settings), **given}
    wanted = server.request(method, f"{path}?{query}" if query else path, headers=headers)
    result = function(EVENTS[event_name](method, path, query=query, headers=headers), None)
    status, told, body = answer_of(result)
    assert status == wanted.status_code
    assert {**lasting(told), "content-encoding": "", "vary": ""} == {
        **lasting(wanted.headers),
        "content-encoding": "",
        "vary": "",
    }
    if told["content-type"] == "application/problem+json":
        problem, other = json.loads(body), wanted.json()
        assert problem.pop("instance") == f"urn:uuid:{told['x-request-id']}"
        other.pop("instance")
        assert problem == other
    else:
        assert body == wanted.content
    assert not result["isBase64Encoded"]


@pytest.mark.parametrize("event_name", EVENTS)
def test_a_body_in_base64_is_no_matter(function, settings, event_name):
    event = EVENTS[event_name]("POST", f"/clientes/{CPF}/consultar", headers=bearer(settings), body=b"\xff{}")
    assert function(event, None)["statusCode"] == 405


def test_a_route_of_its_own_and_a_prefix_of_the_domain(function, settings):
    path = f"/clientes/{CPF}/consultar"
    events = [
        rest_api_event("GET", path, headers=bearer(settings), resource=ROUTE),
        rest_api_event("GET", path, headers=bearer(settings), resource=ROUTE, base="/bureau"),
        http_api_event("GET", path, headers=bearer(settings), route=f"GET {ROUTE}", stage="prod"),
    ]
    for event in events:
        assert json.loads(function(event, None)["body"])["ultima_compra"]["produto"] == "café"


def test_header_fields_given_twice_are_no_way_in(function, settings):
    event = rest_api_event("GET", f"/clientes/{CPF}/consultar", headers=bearer(settings))
    event["multiValueHeaders"]["Authorization"] *= 2
    assert function(event, None)["statusCode"] == 401
    event = load_balancer_event("GET", f"/clientes/{CPF}/consultar", headers={})
    event["multiValueHeaders"] = {"authorization": [bearer(settings)["Authorization"]] * 2}
    assert function(event, None)["statusCode"] == 401


def consult(settings: Settings, cpf: str = CPF) -> Event:
    return http_api_event("GET", f"/clientes/{cpf}/consultar", headers=bearer(settings))


def test_clients_are_kept_from_one_invocation_to_the_next_and_across_threads(settings):
    made: list[FastAPI] = []
    with TcpFaults(port_of(settings, "base_c_url")) as proxy:

        def make() -> FastAPI:
            made.append(create_app_c(moved(settings, base_c_url=proxy.port)))
            return made[-1]

        function = LambdaFunction(make)
        found = [function(consult(settings), None)["statusCode"] for _ in range(5)]
        opened = proxy.accepted
        thread = threading.Thread(target=lambda: found.append(function(consult(settings), None)["statusCode"]))
        thread.start()
        thread.join()
        found += [function(consult(settings), None)["statusCode"] for _ in range(5)]
        assert found == [200] * 11
        assert len(made) == 1
        assert proxy.accepted <= opened + 2  # the driver's own look at the server may come between
        function.close()


def test_connections_lost_while_the_instance_slept_are_replaced(settings):
    with (
        TcpFaults(port_of(settings, "base_c_url")) as base_c,
        TcpFaults(port_of(settings, "results_url")) as results,
    ):
        function = LambdaFunction(
            lambda: create_app_c(moved(settings, base_c_url=base_c.port, results_url=results.port))
        )
        for _ in range(3):
            assert function(consult(settings), None)["statusCode"] == 200
            for proxy in (base_c, results):
                proxy.apply(Reset())
                proxy.apply(Pass())
        assert function(consult(settings), None)["statusCode"] == 200
        function.close()


@pytest.mark.parametrize("store", ["base_c_url", "results_url"])
def test_a_store_that_is_back_is_found_at_the_next_invocation(settings, store):
    with TcpFaults(port_of(settings, store)) as proxy:
        function = LambdaFunction(lambda: create_app_c(moved(settings, **{store: proxy.port})))
        assert function(consult(settings), None)["statusCode"] == 200
        proxy.apply(Refuse())
        for _ in range(4):
            status, headers, _ = answer_of(function(consult(settings), None))
            assert status == 503
            assert int(headers["retry-after"]) >= 1
        proxy.apply(Pass())
        assert function(consult(settings), None)["statusCode"] == 200
        function.close()


def port_of(settings: Settings, name: str) -> int:
    port = urlsplit(settings.secret(name)).port
    assert port is not None
    return port


def moved(settings: Settings, **ports: int) -> Settings:
    """Return the settings with the named stores behind other ports; short waits."""
    changes: dict[str, Any] = {"api_timeout_seconds": 0.5}
    for name, port in ports.items():
        changes[name] = SecretStr(through(settings.secret(name), port))
    return settings.model_copy(update=changes)


def test_the_audit_is_committed_before_the_answer(function, settings):
    engine = sql_engine(settings.secret("results_url"), timeout=5)
    result = function(consult(settings, STRANGER), None)
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT recurso, resultado FROM auditoria WHERE requisicao_id = :id"),
            {"id": result["headers"]["x-request-id"]},
        ).all()
    engine.dispose()
    assert rows == [("/clientes/{cpf}/consultar", 200)]


PROGRAM = """
import json, logging, sys
logging.basicConfig(level=logging.DEBUG)  # as a function whose log level is set to DEBUG
from serve.lambda_c import handler
for line in sys.stdin:
    print(json.dumps(handler(json.loads(line), None)), flush=True)
"""


def run_handler(events: list[Event], environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "AWS_LAMBDA_RUNTIME_API": "127.0.0.1", **environment},
        input="".join(json.dumps(event) + "\n" for event in events),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_handler_runs_on_its_own_settings_alone(settings, tmp_path):
    names = ("base_c_url", "results_url", "cache_key", "jwt_secret")
    environment = {f"SCORE_{name.upper()}": settings.secret(name) for name in names}
    done = run_handler([consult(settings), consult(settings, STRANGER), consult(settings)], environment, tmp_path)
    assert done.returncode == 0, done.stderr
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert json.loads(first["body"])["ultima_compra"]["valor"] == 19.9
    assert json.loads(second["body"])["ultima_compra"] is None
    assert third["body"] == first["body"]
    assert CPF not in done.stderr
    assert '"rota":"/clientes/{cpf}/consultar"' in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_the_results_the_handler_refuses(settings, tmp_path):
    environment = {f"SCORE_{name.upper()}": settings.secret(name) for name in ("base_c_url", "cache_key", "jwt_secret")}
    done = run_handler([consult(settings)], environment, tmp_path)
    assert done.returncode
    assert "SCORE_RESULTS_URL" in done.stderr


def test_the_audit_is_direct_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("SCORE_AUDIT_MODE", "diario")
    assert lambda_settings().audit_mode == "direto"
    monkeypatch.setenv("SCORE_AUDIT_MODE", "outro")
    assert lambda_settings().audit_mode == "direto"
    monkeypatch.setenv("SCORE_API_TIMEOUT_SECONDS", "x")
    with pytest.raises(SettingsError, match="SCORE_API_TIMEOUT_SECONDS"):
        lambda_settings()
