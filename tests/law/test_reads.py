"""Who may read what, and that every read is on record before its answer leaves.

Lei 12.414 art. 4 IV and Decreto 9.936 art. 7 (separate scopes); LGPD art. 37 (records).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from contracts.settings import Settings
from serve.access.minting import Grant, sign_by_secret
from serve.access.titular import Titular
from serve.access.tokens import SCOPES
from serve.api.payload_models import Score
from serve.app import create_app
from serve.auditing.sidecar import ship_folder
from serve.published.person_hash import PersonHash
from stores.connections import sql_engine
from tests.api_server import PURPOSE, caller, running
from tests.law.conftest import Published

NOBODY = "52998224725"


def requests(published: Published) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return every endpoint with personal data: its audited name, and a request of it for consumer 1."""
    cpf = published.cpf(1)
    return {
        "/clientes": ("GET", "/clientes", {"params": {"cpf": cpf}}),
        "/clientes/{cliente_id}": ("GET", "/clientes/c1", {}),
        "/clientes/{cliente_id}/score-data": ("GET", "/clientes/c1/score-data", {}),
        "/clientes/{cliente_id}/score": ("GET", "/clientes/c1/score", {}),
        "/scores/consultar": ("POST", "/scores/consultar", {"json": {"cpfs": [cpf]}}),
        "/clientes/{cpf}/consultar": ("GET", f"/clientes/{cpf}/consultar", {}),
        "/clientes/{cliente_id}/acessos": ("GET", "/clientes/c1/acessos", {}),
        "/cadastros/consultar": ("POST", "/cadastros/consultar", {"json": {"cpf": cpf}}),
        "/clientes/{cliente_id}/score/historico": ("GET", "/clientes/c1/score/historico", {}),
        "/clientes/{cliente_id}/eventos": ("GET", "/clientes/c1/eventos", {}),
        "/clientes/{cliente_id}/revisoes": ("GET", "/clientes/c1/revisoes", {}),
    }


MAY = {
    "clientes:ler": {"/clientes", "/clientes/{cliente_id}", "/cadastros/consultar"},
    "score-data:ler": {"/clientes/{cliente_id}/score-data"},
    "score:ler": {"/clientes/{cliente_id}/score", "/scores/consultar"},
    "historico:ler": {"/clientes/{cliente_id}/score/historico"},
    "eventos:ler": {"/clientes/{cpf}/consultar", "/clientes/{cliente_id}/eventos"},
    "acessos:ler": {"/clientes/{cliente_id}/acessos"},
    "revisoes:pedir": {"/clientes/{cliente_id}/revisoes"},
    "score-data:invalidar": set(),
}


@pytest.fixture(scope="module")
def url(published) -> Iterator[str]:
    with running(create_app(published.settings)) as url:
        yield url


@dataclass(frozen=True)
class Audit:
    """The results, and the settings by which what waits in the journal is shipped there."""

    engine: sa.Engine
    settings: Settings


@pytest.fixture(scope="module")
def results(published) -> Iterator[Audit]:
    engine = sql_engine(published.settings.secret("results_url"), timeout=5)
    yield Audit(engine, published.settings)
    engine.dispose()


@contextmanager
def records(results: Audit, **changes: Any) -> Iterator[list[dict[str, Any]]]:
    """Yield a list that, when the block ends, holds the audit's rows that it caused.

    What was answered is in the journal by then: shipping it, by whomever, takes no wait.
    """
    found: list[dict[str, Any]] = []
    settings = results.settings.model_copy(update=changes)
    ship_folder(settings)
    with results.engine.connect() as connection:
        last = connection.scalar(sa.text("select coalesce(max(id), 0) from auditoria"))
    yield found
    ship_folder(settings)
    with results.engine.connect() as connection:
        rows = connection.execute(sa.text("select * from auditoria where id > :last order by id"), {"last": last})
        found += [dict(row) for row in rows.mappings()]


def test_every_documented_scope_is_tried():
    assert set(MAY) == set(SCOPES)


@pytest.mark.parametrize("scope", MAY)
def test_one_scope_opens_its_own_endpoints_and_no_other(published, url, results, scope):
    """Lei 12.414 art. 4 IV; Decreto 9.936 art. 7: a refused read shows nothing and is no read."""
    with caller(url, published.settings, scope) as client, records(results) as recorded:
        answers = {name: client.request(*how[:2], **how[2]) for name, how in requests(published).items()}
    assert {name for name, answer in answers.items() if answer.status_code == 200} == MAY[scope]
    refused = [answer for name, answer in answers.items() if name not in MAY[scope]]
    assert {answer.status_code for answer in refused} == {403}
    assert not [answer for answer in refused if published.cpf(1) in answer.text or "Fulano" in answer.text]
    assert {row["recurso"] for row in recorded} == MAY[scope]


def test_who_may_read_scores_sees_no_history_behind_them(published, url):
    """Lei 12.414 art. 4 IV: the documented fields alone; not the name, the CPF, a debt, an income or an event."""
    with caller(url, published.settings, "score:ler") as client:
        one = client.get("/clientes/c1/score")
        many = client.post("/scores/consultar", json={"cpfs": [published.cpf(1)]})
    assert list(one.json()) == list(Score.model_fields)
    assert many.json() == {"resultados": [{"encontrado": True, "resultado": one.json()}]}
    for hidden in (published.cpf(1), "Fulano", "Loja", "Empresa", "Santos", "Rua A"):
        assert hidden not in one.text + many.text


def test_every_endpoint_records_who_read_whom_when_and_for_what(published, url, results):
    """LGPD art. 37; the person is named by a keyed hash, the resource without any value of the request."""
    hashes = PersonHash(published.settings.secret("cache_key").encode())
    by_cpf, by_client = hashes.subject_by_cpf(published.cpf(1)), hashes.subject_by_client("c1")
    with caller(url, published.settings) as client:
        for name, (method, path, body) in requests(published).items():
            with records(results) as recorded:
                answer = client.request(method, path, **body)
            [row] = recorded
            assert row.pop("id") > 0
            assert abs(datetime.now(UTC) - row.pop("momento")) < timedelta(minutes=1)
            assert row.pop("sujeito") in (by_cpf, by_client)
            assert row == {
                "consulente": "banco-teste",
                "recurso": name,
                "finalidade": PURPOSE,
                "resultado": 200,
                "requisicao_id": answer.headers["x-request-id"],
                "titular": False,
            }


def test_a_person_s_look_at_their_own_data_is_recorded_as_such(published, url, results):
    """Lei 12.414 art. 5 II and art. 7-A III: told apart from a consulente's, and never named."""
    person = Titular("c1", published.cpf(1))
    grant = Grant("pessoa-1", tuple(SCOPES), None, timedelta(minutes=5), titular=person)
    headers = {"Authorization": f"Bearer {sign_by_secret(published.settings.secret('jwt_secret'), grant)}"}
    with httpx.Client(base_url=url, headers=headers) as client, records(results) as recorded:
        answers = {name: client.request(*how[:2], **how[2]) for name, how in requests(published).items()}
    answered = {name for name, answer in answers.items() if answer.status_code == 200}
    assert answered == set(answers) - {"/clientes", "/cadastros/consultar"}  # which list, and not one person
    assert {row["recurso"] for row in recorded} == answered
    assert {(row["consulente"], row["finalidade"], row["titular"]) for row in recorded} == {
        ("titular", "titular", True)
    }


def test_a_read_of_many_is_a_record_of_each(published, url, results):
    """LGPD art. 37: a page, a batch with the unknown and the repeated, an answer that the caller had, a miss."""
    hashes = PersonHash(published.settings.secret("cache_key").encode())
    asked = [published.cpf(2), NOBODY, published.cpf(3), published.cpf(2)]
    with caller(url, published.settings) as client:
        with records(results) as of_page:
            page = client.get("/clientes", params={"page_size": 7}).json()["results"]
        with records(results) as of_batch:
            client.post("/scores/consultar", json={"cpfs": asked})
        tag = client.get("/clientes/c1/score").headers["etag"]
        with records(results) as of_cache:
            client.get("/clientes/c1/score", headers={"If-None-Match": tag})
        with records(results) as of_misses:
            client.get("/clientes/sumido/score")
            client.get("/clientes/sumido")
            client.get("/clientes", params={"cpf": NOBODY})
    assert [row["sujeito"] for row in of_page] == [hashes.subject_by_cpf(item["cpf"]) for item in page]
    assert len(of_page) == 7
    assert [row["sujeito"] for row in of_batch] == [hashes.subject_by_cpf(cpf) for cpf in dict.fromkeys(asked)]
    assert [row["resultado"] for row in of_cache] == [304]
    assert [(row["sujeito"], row["resultado"]) for row in of_misses] == [
        (hashes.subject_by_client("sumido"), 404),
        (hashes.subject_by_client("sumido"), 404),
        (hashes.subject_by_cpf(NOBODY), 200),
    ]


NOWHERE = SecretStr("postgresql+psycopg2://a:b@127.0.0.1:1/score")


@pytest.mark.parametrize(
    "changes", [{"audit_mode": "direto", "results_url": NOWHERE}, {"audit_max_bytes": 1}], ids=["direto", "diario"]
)
def test_what_cannot_be_recorded_is_not_answered(published, tmp_path, changes):
    """LGPD art. 37: no row that PostgreSQL commits, no room in the journal: nobody's data leave, whatever answers."""
    lame = published.settings.model_copy(update={"audit_dir": tmp_path / "auditoria", **changes})
    with running(create_app(lame)) as url, caller(url, lame) as client:
        for method, path, body in requests(published).values():
            answer = client.request(method, path, **body)
            assert answer.status_code == 503, path
            assert not [one for one in (published.cpf(1), "Fulano", 'score":') if one in answer.text]


def test_what_was_answered_while_postgresql_was_out_is_on_record_once_it_is_back(published, results, tmp_path):
    """LGPD art. 37: the journal on this disk bridges the time."""
    folder = {"audit_dir": tmp_path / "auditoria"}
    lame = published.settings.model_copy(update={"results_url": NOWHERE, **folder})
    with records(results, **folder) as recorded, running(create_app(lame)) as url, caller(url, lame) as client:
        answers = {name: client.request(*how[:2], **how[2]) for name, how in requests(published).items()}
    answered = {name for name, answer in answers.items() if answer.status_code == 200}
    from_there = {f"/clientes/{{cliente_id}}/{name}" for name in ("acessos", "score/historico", "revisoes")}
    assert answered == set(answers) - from_there
    assert {row["recurso"] for row in recorded} == answered


def test_no_purpose_no_read(published, url, results):
    """LGPD art. 6 I: in the token or the header, in words."""
    with caller(url, published.settings, finalidade=None) as client, records(results) as recorded:
        for method, path, body in requests(published).values():
            assert client.request(method, path, **body).status_code == 400
        assert client.get("/clientes/c1/score", headers={"X-Finalidade": "cobranca"}).status_code == 200
    assert [row["finalidade"] for row in recorded] == ["cobranca"]


def test_without_a_token_nobody_is_read(published, url, results):
    with httpx.Client(base_url=url) as client, records(results) as recorded:
        for method, path, body in requests(published).values():
            assert client.request(method, path, **body).status_code == 401
    assert recorded == []
