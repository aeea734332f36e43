"""Every problem of the catalogue is provoked on a real server; the type of each leads to a page that explains it."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.fernet import Fernet
from pydantic import ValidationError

from contracts.settings import Settings
from serve.access.minting import Grant, sign_by_secret
from serve.access.titular import Titular
from serve.api.deprecations import Deprecation
from serve.api.limits import BODY_BYTES, Limits
from serve.api.payload_models import Problema
from serve.api.problem_types import PROBLEM_TYPES
from serve.app import create_app
from serve.published.person_hash import PersonHash, derive_key
from serve.systems.page_links import LIFETIME_SECONDS
from tests.api_server import caller, running
from tests.faults import truth
from tests.frame_app import RawAnswer, connection, frame_app
from tests.token_samples import ec_key, sign

NOWHERE = "127.0.0.1:9"
LIMITS = Limits(head_seconds=0.4, request_seconds=0.3, connections=3)
Answer = httpx.Response | RawAnswer


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    return make_installation("problemas")


@pytest.fixture(scope="module")
def answers(settings: Settings) -> dict[str, Answer]:
    """Return one answer of each kind of problem, by the kind that it was meant to be."""
    found: dict[str, Answer] = {}
    with serving(settings) as client:
        found["sem-modelo"] = client.get("/modelo")
        persons = truth.make_persons(PersonHash(settings.secret("cache_key").encode()))
        truth.fill(settings, persons)
        truth.publish(settings, 1)
        found |= provoke_by_requests(client, settings, persons[0])
    found |= provoke_by_settings(settings, persons)
    found |= provoke_on_the_wire()
    return found


@contextmanager
def serving(settings: Settings, **changes: object) -> Iterator[httpx.Client]:
    changed = settings.model_copy(update=changes)
    with running(create_app(changed)) as url, caller(url, settings) as client:
        yield client


def provoke_by_requests(client: httpx.Client, settings: Settings, person: truth.Person) -> dict[str, Answer]:
    """Return what is answered to requests that ask for it."""
    score = f"/clientes/{person.id}/score"
    url = str(client.base_url)
    cursor = parse_qs(urlsplit(client.get("/clientes").json()["next"]).query)["cursor"][0]
    titular = sign_by_secret(
        settings.secret("jwt_secret"),
        Grant("emissor", ["score:ler"], None, timedelta(minutes=5), titular=Titular("outra-pessoa")),
    )
    with (
        caller(url, settings, "clientes:ler") as unscoped,
        caller(url, settings, finalidade=None) as without_purpose,
    ):
        found = {
            "escopo-insuficiente": unscoped.get(score),
            "finalidade-ausente": without_purpose.get(score),
        }
    return found | {
        "parametro-desconhecido": client.get("/clientes", params={"bairro": "centro"}),
        "continuacao-recusada": client.get("/clientes", params={"cursor": "abc"}),
        "continuacao-vencida": client.get("/clientes", params={"page": 2, "cursor": made_stale(cursor, settings)}),
        "token-ausente": httpx.get(url + score),
        "token-recusado": httpx.get(url + score, headers={"Authorization": "Bearer a.b.c"}),
        "outro-titular": httpx.get(url + score, headers={"Authorization": f"Bearer {titular}"}),
        "endereco-desconhecido": client.get("/cliente"),
        "consumidor-desconhecido": client.get("/clientes/ninguem"),
        "sem-score": client.get("/clientes/ninguem/score"),
        "pagina-inexistente": client.get("/clientes", params={"page": 50}),
        "pagina-funda-demais": client.get("/clientes", params={"page": 10_000}),
        "metodo-nao-aceito": client.delete(score),
        "corpo-grande-demais": client.post("/scores/consultar", content=b"x" * (BODY_BYTES + 1)),
        "endereco-longo-demais": client.get("/clientes", params={"nome": "a" * 9_000}),
        "campos-invalidos": client.get("/clientes", params={"page": 0}),
        "cabecalho-grande-demais": client.get(score, headers={"X-A": "a" * 20_000}),
    }


def made_stale(cursor: str, settings: Settings) -> str:
    """Return a cursor as it would be had it been given an hour ago."""
    fernet = Fernet(base64.urlsafe_b64encode(derive_key(settings.secret("cache_key").encode(), "escore-cursor")))
    sealed = fernet.decrypt((cursor + "=" * (-len(cursor) % 4)).encode())
    return fernet.encrypt_at_time(sealed, int(time.time()) - LIFETIME_SECONDS - 5).decode().rstrip("=")


def provoke_by_settings(settings: Settings, persons: list[truth.Person]) -> dict[str, Answer]:
    """Return what is answered by installations that lack something, or allow little."""
    score, cpfs = f"/clientes/{persons[0].id}/score", [person.cpf for person in persons[:2]]
    with ExitStack() as stack:
        out = stack.enter_context(serving(settings, base_c_url=type(settings.base_c_url)(f"mongodb://{NOWHERE}/c")))
        keyless = stack.enter_context(serving(settings, jwks=f"http://{NOWHERE}/jwks"))
        narrow = {"rate_limit_per_second": 0.01, "rate_limit_burst": 1, "daily_quota": 1}
        limited = stack.enter_context(serving(settings, **narrow))
        return {
            "dependencia-fora": out.get(f"/clientes/{cpfs[0]}/consultar"),
            "chaves-fora": keyless.get(score, headers={"Authorization": f"Bearer {sign(ec_key(), kid='chave')}"}),
            "cota-diaria": limited.post("/scores/consultar", json={"cpfs": cpfs}),
            "requisicoes-demais": limited.get(score),
        }


def provoke_on_the_wire() -> dict[str, Answer]:
    """Return what the server answers before or after a route has its say."""
    with running(frame_app(log_format="texto"), limits=LIMITS) as url:
        found: dict[str, Answer] = {
            "erro-interno": httpx.get(f"{url}/falha/1"),
            "resposta-atrasada": httpx.get(f"{url}/espera/5000"),
        }
        with connection(url) as wire:
            wire.send(b"GET /eco/\xff HTTP/1.1\r\nHost: a\r\n\r\n")
            found["requisicao-malformada"] = read(wire.read())
        with connection(url) as wire:
            wire.send(b"GET /eco/1 HT")
            found["requisicao-lenta"] = read(wire.read())
        with ExitStack() as stack:
            wires = [stack.enter_context(connection(url)) for _ in range(LIMITS.connections + 1)]
            wires[-1].send(b"GET /eco/1 HTTP/1.1\r\nHost: a\r\n\r\n")
            found["conexoes-demais"] = read(wires[-1].read())
    return found


def read(answer: RawAnswer | None) -> RawAnswer:
    assert answer is not None
    return answer


def test_every_type_of_the_catalogue_was_provoked(answers):
    assert set(answers) == set(PROBLEM_TYPES)


@pytest.mark.parametrize("name", PROBLEM_TYPES)
def test_a_problem_is_what_the_catalogue_says(answers, name):
    kind, answer = PROBLEM_TYPES[name], answers[name]
    body = answer.json()
    assert (body["type"], body["status"], body["title"]) == (kind.uri, kind.status, kind.title)
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
    assert {header for header in kind.headers if header.lower() in answer.headers} == set(kind.headers)
    Problema.model_validate(body)


def test_the_pages_of_the_types(settings):
    with running(create_app(settings)) as url, httpx.Client(base_url=url) as anybody:
        listed = anybody.get("/problemas")
        for kind in PROBLEM_TYPES.values():
            page = anybody.get(kind.uri)
            assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert kind.title in page.text
            assert f'href="problemas/{kind.name}"' in listed.text
        unknown = anybody.get("/problemas/outro")
        assert (unknown.status_code, unknown.json()["type"]) == (404, "/problemas/endereco-desconhecido")


def test_a_problem_of_another_form_is_not_in_the_document():
    with pytest.raises(ValidationError):
        Problema.model_validate({"type": "about:blank", "title": "x", "status": 1, "detail": "x", "instance": "x"})


def test_a_deprecated_operation_says_so_in_its_answers_and_in_the_document():
    today = datetime.now(UTC).date()
    going = {"saude_vivo": Deprecation(today, today + timedelta(days=400), "Use /saude/pronto.")}
    app = frame_app(log_format="texto", deprecated=going)
    with running(app) as url, httpx.Client(base_url=url) as anybody:
        told, other = anybody.get("/saude/vivo"), anybody.get("/saude/pronto")
    assert told.headers["deprecation"].startswith("@")
    assert told.headers["sunset"].endswith(" GMT")
    assert told.headers["link"] == '</docs>; rel="deprecation"; type="text/html"'
    assert not {"deprecation", "sunset", "link"} & set(other.headers)
    operations = {item["operationId"]: item for methods in app.openapi()["paths"].values() for item in methods.values()}
    assert [name for name, item in operations.items() if item.get("deprecated")] == ["saude_vivo"]
    assert "Use /saude/pronto." in operations["saude_vivo"]["description"]


def test_an_operation_cannot_be_deprecated_at_short_notice():
    today = datetime.now(UTC).date()
    with pytest.raises(ValueError, match="at least 365 days"):
        Deprecation(today, today + timedelta(days=300), "x")
