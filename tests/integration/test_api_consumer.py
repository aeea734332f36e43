"""What the page asks for beside the documented systems: search by body, events by id, scores over runs, reviews."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from contracts.settings import Settings
from flows.reviews import close_request
from serve.access.minting import Grant, sign_by_secret
from serve.access.titular import Titular
from serve.access.tokens import SCOPES
from serve.app import create_app
from serve.published.person_hash import PersonHash
from serve.publishing import erasure
from serve.systems.reviews import _ask
from serve.systems.score_history import MAX_RUNS
from stores.connections import sql_engine
from stores.run_ids import new_run_id
from tests.api_server import caller, running
from tests.faults import truth
from tests.flows.conftest import escore, succeed

RUNS = (1, 2, 3)


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    settings = make_installation("consumidor")
    truth.fill(settings, truth.make_persons(PersonHash(settings.secret("cache_key").encode())))
    for number in RUNS:
        truth.publish(settings, number)
    return settings


@pytest.fixture(scope="module")
def persons(settings: Settings) -> list[truth.Person]:
    return truth.make_persons(PersonHash(settings.secret("cache_key").encode()))


@pytest.fixture(scope="module")
def url(settings: Settings) -> Iterator[str]:
    with running(create_app(settings)) as url:
        yield url


@pytest.fixture(scope="module")
def client(url: str, settings: Settings) -> Iterator[httpx.Client]:
    with caller(url, settings) as client:
        yield client


@pytest.fixture
def results(settings: Settings) -> Iterator[sa.Engine]:
    engine = sql_engine(settings.secret("results_url"), timeout=5)
    yield engine
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM revisao"))
    engine.dispose()


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"nome": "pessoa número 7"},
        {"uf": "sp", "cidade": "sao paulo"},
        {"data_nascimento": "1980-01-03"},
        {"nome": "ninguém assim"},
    ],
)
def test_a_search_by_body_finds_what_the_listing_finds(client, filters):
    by_url, by_body = client.get("/clientes", params=filters), client.post("/cadastros/consultar", json=filters)
    assert by_body.status_code == 200
    assert {**by_body.json(), "next": None} == {**by_url.json(), "next": None}
    assert by_body.headers["x-contagem"] == by_url.headers["x-contagem"]
    assert by_body.headers["cache-control"] == "private, no-store"
    if by_url.json()["next"]:
        following = [client.get(answer.json()["next"]).json()["results"] for answer in (by_url, by_body)]
        assert following[0] == following[1]
        assert following[0]


def test_a_search_by_cpf_takes_points(client, persons):
    cpf = persons[0].cpf
    for text in (cpf, f"{cpf[:3]}.{cpf[3:6]}.{cpf[6:9]}-{cpf[9:]}"):
        assert client.post("/cadastros/consultar", json={"cpf": text}).json()["results"] == [persons[0].client]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"documento": "52998224725"}, "corpo"),
        ({"52998224725": 1}, "corpo"),
        ({"cpf": "52998224725x"}, "cpf"),
        ({"nome": "\x00"}, "nome"),
        ({"uf": "S1"}, "uf"),
        ({"data_nascimento": 0}, "data_nascimento"),
        ({"page_size": 5}, "corpo"),
        ([], "corpo"),
    ],
)
def test_a_search_that_is_wrong_is_refused_without_a_word_of_it(client, body, field):
    answer = client.post("/cadastros/consultar", json=body)
    assert answer.status_code == 422
    assert [error["campo"] for error in answer.json()["erros"]] == [field]
    assert "52998224725" not in answer.text


def test_a_search_takes_nothing_from_the_address(client):
    assert client.post("/cadastros/consultar?cpf=52998224725", json={}).status_code == 400


def test_events_by_id_are_those_by_cpf(client, persons):
    for person in persons[:3]:
        answer = client.get(f"/clientes/{person.id}/eventos")
        assert answer.json() == person.events == client.get(f"/clientes/{person.cpf}/consultar").json()
    assert client.get("/clientes/ninguem/eventos").status_code == 404


def test_the_history_has_every_run_and_ends_with_the_score_in_force(client, persons):
    person = persons[1]
    answer = client.get(f"/clientes/{person.id}/score/historico").json()
    known = {number: truth.make_known_run(number) for number in RUNS}
    told = {item["calculado_em"]: item for item in answer["results"]}
    assert len(told) == len(RUNS)
    for run in known.values():
        wanted, found = run.scores[person.id], told[run.computed_at]
        for name in ("score", "faixa", "status", "modelo", "data_referencia"):
            assert found[name] == wanted[name]
        assert found["probabilidade_inadimplencia"] == pytest.approx(wanted["probabilidade_inadimplencia"], rel=1e-6)
    assert [item["vigente"] for item in answer["results"]] == [True, False, False]
    assert answer["results"][0]["score"] == client.get(f"/clientes/{person.id}/score").json()["score"]
    assert client.get("/clientes/ninguem/score/historico").status_code == 404


def test_nights_whose_scores_are_gone_do_not_push_kept_ones_out_of_the_history(client, persons, settings):
    """The ledger keeps every night for good, and their scores for a month, but for the last of each."""
    path = f"/clientes/{persons[1].id}/score/historico"
    kept = client.get(path).json()
    owner = sql_engine(settings.secret("results_admin_url"), timeout=5)
    with owner.begin() as connection:
        since = connection.scalar(sa.text("SELECT max(data_referencia) FROM execucao"))
        connection.execute(
            sa.text(
                "INSERT INTO execucao SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(),"
                " 'situacao', 'substituida', 'data_referencia', e.data_referencia + n))).*"
                " FROM execucao e, generate_series(1, :nights) n WHERE e.situacao = 'publicada'"
            ),
            {"nights": MAX_RUNS},
        )
    try:
        assert client.get(path).json() == kept
    finally:
        with owner.begin() as connection:
            connection.execute(sa.text("DELETE FROM execucao WHERE data_referencia > :since"), {"since": since})
        owner.dispose()


def test_a_titular_reads_their_own_history_and_events_alone(url, settings, persons):
    own, other = persons[2], persons[3]
    grant = Grant("app", tuple(SCOPES), None, timedelta(minutes=5), Titular(own.id))
    bearer = {"Authorization": f"Bearer {sign_by_secret(settings.secret('jwt_secret'), grant)}"}
    with httpx.Client(base_url=url, headers=bearer) as client:
        for part in ("score/historico", "eventos", "revisoes"):
            assert client.get(f"/clientes/{own.id}/{part}").status_code == 200
            assert client.get(f"/clientes/{other.id}/{part}").status_code == 403
        assert client.post(f"/clientes/{other.id}/revisoes", json={"motivo": "divida_paga"}).status_code == 403
        assert client.post("/cadastros/consultar", json={}).status_code == 403


def test_a_review_is_asked_for_once(client, persons, results):
    path = f"/clientes/{persons[4].id}/revisoes"
    assert client.get(path).json() == {"results": []}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(path, json={"motivo": "divida_paga"}), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.text for answer in answers}) == 1
    review = answers[0].json()
    assert (review["motivo"], review["situacao"], review["resultado"]) == ("divida_paga", "aberta", None)
    assert client.get(path).json() == {"results": [review]}
    with results.begin() as connection:
        run = connection.scalar(sa.text("SELECT id FROM execucao WHERE situacao = 'publicada'"))
        connection.execute(
            sa.text("UPDATE revisao SET situacao = 'concluida', resultado = 'mantido', concluida_em = now()")
        )
    assert review["execucao_id"] == str(run)
    again = client.post(path, json={"motivo": "discordancia"})
    assert again.status_code == 201
    assert [item["situacao"] for item in client.get(path).json()["results"]] == ["aberta", "concluida"]


def test_a_review_is_concluded_by_command_and_seen_at_once(client, settings, persons, results):
    path = f"/clientes/{persons[7].id}/revisoes"
    review = client.post(path, json={"motivo": "divida_desconhecida"}).json()
    listed = json.loads(succeed(escore(settings, "reviews", "list", "--json")).stdout)
    assert [(one["id"], one["cliente_id"], one["motivo"]) for one in listed] == [
        (review["id"], persons[7].id, "divida_desconhecida")
    ]
    close = ("reviews", "close", "--id", review["id"], "--outcome", "corrigido")
    assert "corrigido" in succeed(escore(settings, *close)).stdout
    assert escore(settings, *close).returncode == 2
    [seen] = client.get(path).json()["results"]
    assert (seen["situacao"], seen["resultado"]) == ("concluida", "corrigido")
    assert seen["concluida_em"] >= review["pedida_em"]
    assert json.loads(succeed(escore(settings, "reviews", "list", "--json")).stdout) == []


def test_a_review_that_cannot_be_recorded_is_not_concluded(client, settings, persons, results):
    """No audit, no deed: both are one transaction."""
    path = f"/clientes/{persons[8].id}/revisoes"
    review_id = UUID(client.post(path, json={"motivo": "divida_paga"}).json()["id"])
    with auditoria_out_of_reach(settings), pytest.raises(sa.exc.ProgrammingError):
        close_request(settings, review_id, "mantido")
    [still] = client.get(path).json()["results"]
    assert (still["situacao"], still["resultado"]) == ("aberta", None)
    assert close_request(settings, review_id, "mantido").resultado == "mantido"


@contextmanager
def auditoria_out_of_reach(settings: Settings) -> Iterator[None]:
    owner = sql_engine(settings.secret("results_admin_url"), timeout=5)
    try:
        with owner.begin() as connection:
            connection.execute(sa.text("ALTER TABLE auditoria RENAME TO alhures"))
        yield
    finally:
        with owner.begin() as connection:
            connection.execute(sa.text("ALTER TABLE alhures RENAME TO auditoria"))
        owner.dispose()


def test_a_review_concluded_while_another_is_asked_for_leaves_room_for_it(client, persons, results):
    """The open one keeps the new one out, and is concluded before it is looked for."""
    asked = {"client_id": persons[9].id, "motivo": "divida_paga"}
    client.post(f"/clientes/{persons[9].id}/revisoes", json={"motivo": "discordancia"})

    meanwhile: list[str] = []

    def conclude(_connection, _cursor, statement, *_told):
        if "INSERT INTO revisao" in statement and not meanwhile:
            meanwhile.append(statement)
            with results.begin() as other:
                other.execute(
                    sa.text("UPDATE revisao SET situacao = 'concluida', resultado = 'mantido', concluida_em = now()")
                )

    sa.event.listen(results, "after_cursor_execute", conclude)
    with results.connect() as connection:
        status, review = _ask(connection, {"id": new_run_id(datetime.now(UTC)), **asked})
    assert (status, review and review["motivo"]) == (201, "divida_paga")


@pytest.mark.parametrize("body", [{}, {"motivo": "outro"}, {"motivo": "divida_paga", "texto": "CPF 52998224725"}, None])
def test_a_review_without_a_known_reason_is_refused(client, persons, body):
    answer = client.post(f"/clientes/{persons[5].id}/revisoes", json=body)
    assert answer.status_code == 422
    assert "52998224725" not in answer.text
    assert client.get(f"/clientes/{persons[5].id}/revisoes").json() == {"results": []}


def test_nobody_without_a_score_is_reviewed(client):
    assert client.post("/clientes/ninguem/revisoes", json={"motivo": "divida_paga"}).status_code == 404
    assert client.post("/clientes/a%20b/revisoes", json={"motivo": "divida_paga"}).status_code == 422
    assert client.get("/clientes/ninguem/revisoes").json() == {"results": []}


def test_an_erasure_takes_the_reviews(client, persons, results):
    gone = persons[6]
    client.post(f"/clientes/{gone.id}/revisoes", json={"motivo": "renda_desatualizada"})
    before = erasure.count_person(results, gone.id, [gone.cpf], keys=[gone.id])
    assert erasure.erase_rows(results, gone.id, [gone.cpf], keys=[gone.id]) == {
        "score": len(RUNS),
        "rejeitado": 0,
        "revisao": 1,
    }
    assert before == len(RUNS) + 1
    assert erasure.count_person(results, gone.id, [gone.cpf], keys=[gone.id]) == 0
