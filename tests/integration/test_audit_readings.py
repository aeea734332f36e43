"""Who read a person's data in the last six months: over HTTP and by the command line, themselves on record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest
import sqlalchemy as sa

from contracts.settings import Settings
from serve.access.guard import Guard
from serve.access.minting import Grant, sign_by_secret
from serve.access.titular import Titular
from serve.access.tokens import TokenVerifier
from serve.api.clock import system_clock
from serve.api.http_app import assemble
from serve.api.metrics import Metrics
from serve.auditing.accesses import read_cpf
from serve.auditing.direct import DirectAudit, record_now
from serve.auditing.readings import make_router
from serve.published.person_hash import PersonHash
from serve.sources.sql_store import SqlStore
from stores.connections import sql_engine
from tests.api_server import PURPOSE, running, token
from tests.audit_samples import ROUTE, entry
from tests.flows.conftest import escore, succeed

CPF, CLIENT = "52998224725", "7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e"
OTHER_CPF, OTHER = "11144477735", "c-outra"
PATH = f"/clientes/{CLIENT}/acessos"


@pytest.fixture(scope="module")
def settings(make_installation) -> Settings:
    settings = make_installation("acessos")
    insert = sa.text(
        "INSERT INTO pessoa (cpf, cliente_id, data_nascimento, uf, cidade, bairro, longadouro, atualizado_em)"
        " VALUES (:cpf, :id, '1980-01-01', 'SP', 'Santos', 'Centro', 'Rua A', now())"
    )
    engine = sql_engine(settings.secret("base_b_admin_url"), timeout=5)
    with engine.begin() as connection:
        for cpf, client_id in ((CPF, CLIENT), (OTHER_CPF, OTHER)):
            connection.execute(insert, {"cpf": cpf, "id": client_id})
    engine.dispose()
    return settings


@pytest.fixture(scope="module")
def hashes(settings) -> PersonHash:
    return PersonHash(settings.secret("cache_key").encode())


@pytest.fixture(scope="module")
def results(settings) -> Iterator[sa.Engine]:
    engine = sql_engine(settings.secret("results_admin_url"), timeout=5)
    yield engine
    engine.dispose()


@pytest.fixture
def now(results) -> datetime:
    """Empty the audit, and return the present moment."""
    with results.begin() as connection:
        connection.execute(sa.text("TRUNCATE auditoria"))
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def url(settings, hashes) -> Iterator[str]:
    results = SqlStore(settings.secret("results_url"), store="results", timeout=5)
    base_b = SqlStore(settings.secret("base_b_url"), store="base_b", timeout=5)
    guard = Guard(TokenVerifier.from_settings(settings), DirectAudit(results))

    async def cpf_of(client_id: str) -> str | None:
        return await base_b.run(partial(read_cpf, client_id=client_id))

    async def close() -> None:
        await asyncio.gather(results.close(), base_b.close())

    router = make_router(results, guard, cpf_of=cpf_of, hashes=hashes, clock=system_clock)
    with running(assemble("acessos", [router], metrics=Metrics(), close=close)) as url:
        yield url


@pytest.fixture(scope="module")
def client(url, settings) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers=bearer(token(settings, "acessos:ler"))) as client:
        yield client


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def titular_token(settings: Settings, client_id: str) -> str:
    grant = Grant("pessoa", ["acessos:ler"], None, timedelta(minutes=5), titular=Titular(client_id))
    return sign_by_secret(settings.secret("jwt_secret"), grant)


def test_reads_by_id_and_by_cpf_are_listed_together_newest_first(client, results, hashes, now):
    by_id, by_cpf = hashes.subject_by_client(CLIENT), hashes.subject_by_cpf(CPF)
    someone_else = hashes.subject_by_client(OTHER)
    for number, subject in enumerate([by_id, by_cpf, someone_else, by_id, by_cpf]):
        moment = now - timedelta(days=number, microseconds=1)
        record_now(results, entry(number, subjects=[subject], momento=moment, resultado=200 + number))
    record_now(
        results, entry(9, subjects=[by_id], momento=now, titular=True, consulente="titular", finalidade="titular")
    )
    body = client.get(PATH).json()
    assert [item["resultado"] for item in body["results"]] == [200, 200, 201, 203, 204]
    assert body["results"][0] == {
        "quando": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "consulente": "titular",
        "recurso": ROUTE,
        "finalidade": "titular",
        "resultado": 200,
        "titular": True,
    }
    assert body["results"][1]["consulente"] == "banco-teste"
    assert body["next"] is None
    assert list(body) == ["desde", "next", "results"]


def test_what_is_older_than_six_months_is_not_told(client, results, hashes, now):
    """Lei 12.414 art. 6 IV."""
    subject = hashes.subject_by_cpf(CPF)
    for days in (150, 180, 185, 400):
        record_now(results, entry(days, subjects=[subject], momento=now - timedelta(days=days), resultado=days))
    body = client.get(PATH).json()
    assert [item["resultado"] for item in body["results"]] == [150, 180]
    since = datetime.fromisoformat(body["desde"])
    assert timedelta(days=180) <= now - since <= timedelta(days=185)


def test_pages_follow_one_another_whatever_is_read_meanwhile(client, results, hashes, now):
    """Also where many reads have the same moment, as those of one request have."""
    names = hashes.subject_by_client(CLIENT), hashes.subject_by_cpf(CPF)
    for number in range(45):
        record_now(
            results,
            entry(number, subjects=[names[number % 2]], momento=now - timedelta(hours=number // 10), resultado=number),
        )
    seen, path, pages = [], f"{PATH}?page_size=7", 0
    while path is not None:
        body = client.get(path).json()
        seen += [item["resultado"] for item in body["results"] if item["recurso"] == ROUTE]
        assert len(body["results"]) <= 7
        path, pages = body["next"], pages + 1
    assert sorted(seen) == list(range(45))
    assert [number // 10 for number in seen] == sorted(number // 10 for number in range(45))
    assert pages == 7


def test_a_page_costs_the_same_however_often_a_person_was_read(client, results, hashes, now):
    """The plan reads one page of each of the two names from the index, and sorts no more than these."""
    fill = sa.text(
        "INSERT INTO auditoria (momento, consulente, sujeito, recurso, resultado)"
        " SELECT now() - n * INTERVAL '1 minute', 'banco', CASE n % 2 WHEN 0 THEN :first ELSE :second END, 'r', 200"
        " FROM generate_series(1, 20000) AS s (n)"
    )
    values = {"first": hashes.subject_by_client(CLIENT), "second": hashes.subject_by_cpf(CPF)}
    with results.begin() as connection:
        connection.execute(fill, values)
    with results.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE auditoria"))
    before = _index_reads(results)
    body = client.get(PATH, params={"page_size": 100}).json()
    for _ in range(3):
        body = client.get(body["next"]).json()
    assert len(body["results"]) == 100
    assert _index_reads(results) - before < 4 * 4 * 101


def _index_reads(results: sa.Engine) -> int:
    """Return how many rows the audit's listing has read so far, in all."""
    query = sa.text("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'auditoria'")
    with results.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("SELECT pg_stat_force_next_flush()"))
        return int(connection.scalar(query) or 0)


def test_the_list_is_itself_a_read_and_is_listed(client, now):
    assert client.get(PATH).json()["results"] == []
    [own] = client.get(PATH).json()["results"]
    assert (own["consulente"], own["recurso"], own["finalidade"], own["titular"]) == (
        "banco-teste",
        "/clientes/{cliente_id}/acessos",
        PURPOSE,
        False,
    )


def test_a_person_sees_their_own_list_and_nobody_else_s(url, settings, now):
    with httpx.Client(base_url=url, headers=bearer(titular_token(settings, CLIENT))) as person:
        assert person.get(PATH).status_code == 200
        assert person.get(f"/clientes/{OTHER}/acessos").status_code == 403
        assert person.get("/clientes/ninguem/acessos").status_code == 403
        [own] = person.get(PATH).json()["results"]
    assert (own["consulente"], own["finalidade"], own["titular"]) == ("titular", "titular", True)


def test_nobody_gets_in_without_the_scope(url, settings):
    with httpx.Client(base_url=url) as client:
        assert client.get(PATH).status_code == 401
        assert client.get(PATH, headers=bearer(token(settings, "score:ler"))).status_code == 403


def test_an_unknown_consumer_is_a_404_and_on_record(client, results, hashes, now):
    assert client.get("/clientes/ninguem/acessos").status_code == 404
    with results.connect() as connection:
        [row] = connection.execute(sa.text("SELECT sujeito, resultado FROM auditoria"))
    assert tuple(row) == (hashes.subject_by_client("ninguem"), 404)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("page_size=0", 422),
        ("page_size=101", 422),
        ("page_size=x", 422),
        ("antes=1", 422),
        ("antes=1-x", 422),
        ("antes=٣-1", 422),
        ("antes=99999999999999999-1", 200),
        ("antes=0-0", 200),
        ("pagina=1", 400),
        ("antes=1-1&antes=2-2", 400),
    ],
)
def test_parameters_that_are_none(client, query, status):
    assert client.get(f"{PATH}?{query}").status_code == status


def test_the_command_lists_them_too_and_says_who_looked(settings, results, hashes, now):
    for number, subject in enumerate((hashes.subject_by_client(CLIENT), hashes.subject_by_cpf(CPF))):
        record_now(results, entry(number, subjects=[subject], momento=now - timedelta(days=number)))
    listed = json.loads(
        succeed(escore(settings, "audit", "list", "--cliente", CLIENT, "--limit", "2", "--json")).stdout
    )
    assert [item["recurso"] for item in listed["acessos"]] == ["audit list", ROUTE]
    rest = escore(settings, "audit", "list", "--cliente", CLIENT, "--before", listed["antes"])
    assert succeed(rest).stdout.count("banco-teste") == 1
    missing = escore(settings, "audit", "list", "--cliente", "ninguem")
    assert (missing.returncode, "knows no consumer" in missing.stderr) == (10, True)
    wrong = escore(settings, "audit", "list", "--cliente", CLIENT, "--before", "ontem")
    assert wrong.returncode == 2
