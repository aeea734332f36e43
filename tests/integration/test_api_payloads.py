"""The three documented systems and the score, over HTTP from real stores: fields, order, values, visibility."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa
from bson import Decimal128
from pydantic import SecretStr
from pymongo import MongoClient

from contracts.cpf_number import normalize_cpf
from contracts.settings import Settings
from serve.access.callers import SCOPES
from serve.access.minting import Grant, sign_by_secret
from serve.access.titular import Titular
from serve.api import payload_models
from serve.app import create_app
from serve.published.person_hash import PersonHash
from stores.connections import redis_client, sql_engine
from tests.api_server import caller, running
from tests.faults.truth import same_score
from tests.published_runs import publish, score_answer
from tests.score_samples import make_run, make_scores
from tests.tcp_faults import Refuse, TcpFaults, through

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
SCORES = make_scores(40)
IDS = SCORES["cliente_id"].to_pylist()
CPFS = SCORES["cpf"].to_pylist()
WRONG_CPF = "12345678900"
NAMES = ["José Antônio da Conceição", "MARIA D'ÁVILA 100%", *(f"Pessoa Número {n}" for n in range(2, 40))]
ADDRESS = {
    "uf": "SP",
    "cidade": "São Paulo",
    "bairro": "Sé",
    "longadouro": "Praça da Sé",
    "numero": "S/N",
    "complemento": None,
}


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    settings = make_installation("api")
    fill_base_a(settings)
    fill_base_b(settings)
    fill_base_c(settings)
    publish(settings, make_run(1), SCORES)
    return settings


@pytest.fixture(scope="module")
def url(settings: Settings) -> Iterator[str]:
    with running(create_app(settings, clock=lambda: NOW)) as url:
        yield url


@pytest.fixture(scope="module")
def client(url: str, settings: Settings) -> Iterator[httpx.Client]:
    with caller(url, settings) as client:
        yield client


def fill_base_a(settings: Settings) -> None:
    engine = sql_engine(settings.secret("base_a_admin_url"), timeout=10)
    with engine.begin() as connection:
        for number, (client_id, cpf, name) in enumerate(zip(IDS, CPFS, NAMES, strict=True)):
            connection.execute(
                sa.text(
                    "INSERT INTO cliente (id, cpf, nome, data_nascimento, sexo, estado_civil, uf, cidade, bairro,"
                    " longadouro, numero, complemento, registrado_em, atualizado_em) VALUES (:id, :cpf, :nome, :born,"
                    " 'F', :status, :uf, :cidade, :bairro, :longadouro, :numero, :complemento, :at, :at)"
                ),
                {
                    **ADDRESS,
                    "uf": "SP" if number < 30 else "AC",
                    "id": client_id,
                    "cpf": cpf,
                    "nome": name,
                    "born": date(1980, 1, 1 + number % 28),
                    "status": None if number else "casado",
                    "at": datetime(2020, 1, 1),
                },
            )
        debts = [
            ("d1", "Loja Um", "1234.5", date(2026, 11, 1), None),
            ("d2", "Paga", "10.00", date(2026, 1, 1), datetime(2026, 11, 22, 14, 59)),
            ("d3", "Prescrita", "99.99", date(2021, 11, 21), None),
            ("d4", "No limite", "0.10", date(2021, 11, 22), None),
            ("d5", "A vencer", "7", date(2027, 5, 1), None),
        ]
        for debt_id, company, amount, due, paid in debts:
            connection.execute(
                sa.text(
                    "INSERT INTO divida (id, cliente_id, empresa, valor, vencimento, registrada_em, baixada_em)"
                    " VALUES (:id, :client, :company, :amount, :due, :at, :paid)"
                ),
                {
                    "id": debt_id,
                    "client": IDS[0],
                    "company": company,
                    "amount": amount,
                    "due": due,
                    "at": datetime(2021, 1, 1),
                    "paid": paid,
                },
            )
    engine.dispose()


def fill_base_b(settings: Settings) -> None:
    engine = sql_engine(settings.secret("base_b_admin_url"), timeout=10)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO pessoa (cpf, cliente_id, data_nascimento, uf, cidade, bairro, longadouro, numero,"
                " complemento, atualizado_em) VALUES (:cpf, :id, '1980-01-01', :uf, :cidade, :bairro, :longadouro,"
                " :numero, :complemento, '2020-01-01')"
            ),
            {**ADDRESS, "cpf": CPFS[0], "id": IDS[0]},
        )
        for number, (kind, ended) in enumerate([("salario", None), ("aluguel", datetime(2026, 11, 1))]):
            connection.execute(
                sa.text(
                    "INSERT INTO fonte_de_renda (id, cpf, tipo, descricao, valor, frequencia, registrada_em,"
                    " encerrada_em) VALUES (:id, :cpf, :kind, 'descrição', 3500, 'mensal', '2020-01-01', :ended)"
                ),
                {"id": f"r{number}", "cpf": CPFS[0], "kind": kind, "ended": ended},
            )
            connection.execute(
                sa.text(
                    "INSERT INTO bem (id, cpf, tipo, descricao, valor_estimado, registrado_em, alienado_em)"
                    " VALUES (:id, :cpf, :kind, 'um bem', 45000.9, '2020-01-01', :ended)"
                ),
                {"id": f"b{number}", "cpf": CPFS[0], "kind": "carro" if not number else "moto", "ended": ended},
            )
    engine.dispose()


def fill_base_c(settings: Settings) -> None:
    with MongoClient(settings.secret("base_c_admin_url")) as mongo:
        database = mongo.get_default_database()
        database.consultas.insert_many(
            [
                {
                    "cpf": CPFS[0],
                    "empresa": "Banco",
                    "tipo_empresa": "banco",
                    "data_consulta": datetime(2026, 11, 1, 12),
                },
                {"cpf": CPFS[0], "empresa": "Velho", "tipo_empresa": "banco", "data_consulta": datetime(2025, 1, 1)},
                {"cpf": CPFS[0], "empresa": "Futuro", "tipo_empresa": "banco", "data_consulta": datetime(2027, 1, 1)},
                {"cpf": CPFS[0], "empresa": "Texto", "tipo_empresa": "banco", "data_consulta": "2026-11-20"},
            ]
        )
        database.movimentacoes.insert_one(
            {
                "cpf": CPFS[0],
                "tipo_movimentacao": "credito",
                "data_movimentacao": datetime(2026, 10, 5, 3, 4, 5, 678000),
                "valor": Decimal128("2500.5"),
                "descricao": 12,
                "extra": True,
            }
        )
        database.compras.insert_one(
            {"cpf": CPFS[1], "data_compra": datetime(2026, 1, 2), "valor": 19.9, "tipo": "debito"}
        )


EXPECTED_CLIENT = (
    f'{{"id":"{IDS[0]}","nome":"José Antônio da Conceição","cpf":"{CPFS[0]}","data_nascimento":"1980-01-01","sexo":"F",'
    '"estado_civil":"casado","endereco":{"uf":"SP","cidade":"São Paulo","bairro":"Sé","longadouro":"Praça da Sé",'
    '"numero":"S/N","complemento":null},"dividas":[{"empresa":"No limite","valor":0.10,"vencimento":"2021-11-22"},'
    '{"empresa":"Loja Um","valor":1234.50,"vencimento":"2026-11-01"},'
    '{"empresa":"A vencer","valor":7.00,"vencimento":"2027-05-01"}]}'
)


def test_client_as_documented_with_only_visible_debts(client):
    answer = client.get(f"/clientes/{IDS[0]}")
    assert answer.status_code == 200
    assert answer.text == EXPECTED_CLIENT
    assert client.get("/clientes/nao-existe").status_code == 404


def test_listing_pages_cover_everyone_once(client):
    seen, path = [], "/clientes?page_size=15"
    while path:
        answer = client.get(path)
        page = answer.json()
        payload_models.PaginaDeClientes.model_validate(page)
        assert list(page) == ["count", "next", "previous", "results"]
        assert (page["count"], answer.headers["x-contagem"]) == (40, "exata")
        seen += [item["id"] for item in page["results"]]
        path = page["next"]
    assert seen == sorted(IDS)
    second = client.get("/clientes/?page=2").json()
    assert second["next"] is None
    assert second["previous"].startswith("/clientes/?page=1&cursor=")
    assert client.get("/clientes?page=3").status_code == 404


def test_a_page_as_the_source_document_shows_it(client):
    """Same members, in the same order, of the same kinds; `numero` is text, for not every house has a number."""
    document = json.loads(client.get("/clientes", params={"page_size": 1, "nome": "José Antônio"}).text)
    assert document == {"count": 1, "next": None, "previous": None, "results": [json.loads(EXPECTED_CLIENT)]}
    assert list(document["results"][0]) == list(json.loads(EXPECTED_CLIENT))
    assert client.get("/clientes", params={"cpf": "52998224725"}).json() == {
        "count": 0,
        "next": None,
        "previous": None,
        "results": [],
    }
    first = client.get("/clientes").json()
    assert first["next"].startswith("/clientes/?page=2&cursor=")
    assert {type(item["endereco"]["numero"]) for item in first["results"]} == {str}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"nome": "jose antonio"}, [0]),
        ({"nome": "CONCEIÇÃO", "uf": "sp"}, [0]),
        ({"nome": "100% avila"}, [1]),
        ({"nome": "d'avila"}, [1]),
        ({"nome": "avil D`"}, [1]),
        ({"nome": "%"}, []),
        ({"nome": "antonio conc jos"}, [0]),
        ({"nome": "osé"}, []),
        ({"cpf": CPFS[5]}, [5]),
        ({"cpf": f"{CPFS[5][:3]}.{CPFS[5][3:6]}.{CPFS[5][6:9]}-{CPFS[5][9:]}"}, [5]),
        ({"uf": "AC", "cidade": "sao paulo"}, list(range(30, 40))),
        ({"data_nascimento": "1980-01-28"}, [27]),
        ({"estado_civil": "CASADO"}, [0]),
    ],
)
def test_filters(client, query, found):
    page = client.get("/clientes", params=query).json()
    assert {item["id"] for item in page["results"]} == {IDS[n] for n in found}
    assert page["count"] == len(found)


def test_links_of_a_personal_search_hide_the_person(client):
    first = client.get("/clientes", params={"nome": "Pessoa Número", "page_size": 5}).json()
    assert "Pessoa" not in first["next"]
    assert "nome" not in first["next"]
    second = client.get(first["next"]).json()
    assert second["count"] == first["count"] == 38
    assert {item["id"] for item in second["results"]}.isdisjoint(item["id"] for item in first["results"])
    assert client.get("/clientes?page=2&cursor=inventado").status_code == 400


def test_score_data_as_documented_and_from_cache(client, settings):
    wanted = (
        f'{{"cpf":"{CPFS[0]}","data_nascimento":"1980-01-01","endereco":{json.dumps(ADDRESS, ensure_ascii=False)},'
        '"fontes_de_renda":[{"tipo":"salario","descricao":"descrição","valor":3500.00,"frequencia":"mensal"}],'
        '"bens":[{"tipo":"carro","valor_estimado":45000.90,"descricao":"um bem"}]}'
    )
    compact = re.sub(r'(?<=[:,]) (?=["n])', "", wanted)
    assert client.get(f"/clientes/{IDS[0]}/score-data").text == compact
    assert client.get(f"/clientes/{IDS[0]}/score-data").text == compact
    with redis_client(settings.secret("redis_url"), timeout=5) as cache:
        (key,) = cache.scan_iter(match=b"escore:dados:*")
        assert 0 < cache.ttl(key) <= 60
        assert CPFS[0].encode() not in cache.get(key)
    assert client.get("/clientes/nao-existe/score-data").status_code == 404


def test_every_score_as_documented(client):
    for row in SCORES.to_pylist():
        score = client.get(f"/clientes/{row['cliente_id']}/score").json()
        payload_models.Score.model_validate(score)
        assert list(score) == list(payload_models.Score.model_fields)
        assert same_score(score, score_answer(row, make_run(1)))


def test_score_revalidates_by_entity_tag(client):
    first = client.get(f"/clientes/{IDS[0]}/score")
    assert first.headers["cache-control"].startswith("private")
    again = client.get(f"/clientes/{IDS[0]}/score", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/clientes/nao-existe/score").status_code == 404


def test_scores_of_many_cpfs_in_order(client):
    asked = [CPFS[3], "529.982.247-25", CPFS[9], CPFS[3]]
    results = client.post("/scores/consultar", json={"cpfs": asked}).json()["resultados"]
    payload_models.ResultadosDeConsulta.model_validate({"resultados": results})
    assert [item["encontrado"] for item in results] == [True, False, True, True]
    assert results[1]["resultado"] is None
    for item, number in ((results[0], 3), (results[2], 9), (results[3], 3)):
        assert item["resultado"] == client.get(f"/clientes/{IDS[number]}/score").json()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"cpfs": []}', b'{"cpfs": ["123"]}', b'{"cpfs": [1], "x": 2}', b"\xff"])
def test_malformed_bodies_are_told_without_echo(client, body):
    answer = client.post("/scores/consultar", content=body)
    assert answer.status_code == 422
    assert "123" not in answer.text.replace(answer.json()["instance"], "")
    assert answer.json()["erros"]


def test_a_cpf_whose_check_digits_are_wrong_is_nobodys_and_no_error(client):
    """A register may hold a wrong CPF, so its form alone is checked; the API's document says so."""
    assert "não os dígitos verificadores" in client.get("/openapi.json").json()["info"]["description"]
    assert normalize_cpf(WRONG_CPF) is None
    asked = client.post("/scores/consultar", json={"cpfs": [CPFS[0], WRONG_CPF]}).json()["resultados"]
    assert [one["encontrado"] for one in asked] == [True, False]
    assert client.get("/clientes", params={"cpf": WRONG_CPF}).json()["count"] == 0
    assert client.post("/cadastros/consultar", json={"cpf": WRONG_CPF}).json()["count"] == 0
    events = client.get(f"/clientes/{WRONG_CPF}/consultar")
    assert (events.status_code, set(events.json().values())) == (200, {None})


def test_a_thousand_cpfs_and_no_more(client):
    assert len(client.post("/scores/consultar", json={"cpfs": CPFS * 25}).json()["resultados"]) == 1000
    assert client.post("/scores/consultar", json={"cpfs": CPFS * 26}).status_code == 422
    assert client.post("/scores/consultar", content=b" " * 70_000).status_code == 413


def test_last_events_as_documented(client):
    answer = client.get(f"/clientes/{CPFS[0]}/consultar")
    assert answer.text == (
        '{"ultima_consulta":{"empresa":"Banco","data_consulta":"2026-11-01T12:00:00Z","tipo_empresa":"banco"},'
        '"movimentacao_financeira":{"tipo_movimentacao":"credito","data_movimentacao":"2026-10-05T03:04:05Z",'
        '"valor":2500.50,"descricao":null},"ultima_compra":null}'
    )
    assert client.get(f"/clientes/{CPFS[1]}/consultar").json() == {
        "ultima_consulta": None,
        "movimentacao_financeira": None,
        "ultima_compra": {
            "data_compra": "2026-01-02T00:00:00Z",
            "valor": 19.9,
            "bandeira_cartao": None,
            "produto": None,
            "tipo": "debito",
            "codigo_transacao": None,
        },
    }
    assert client.get("/clientes/52998224725/consultar").json() == dict.fromkeys(
        ["ultima_consulta", "movimentacao_financeira", "ultima_compra"]
    )


def test_every_read_is_audited_by_keyed_hash(client, settings):
    hashes = PersonHash(settings.secret("cache_key").encode())
    paths = [
        f"/clientes/{IDS[7]}/score",
        f"/clientes/{CPFS[7]}/consultar",
        f"/clientes?cpf={CPFS[7]}",
        "/clientes/sumido/score",
    ]
    asked = [client.get(path).headers["x-request-id"] for path in paths]
    subjects = [hashes.subject_by_client(IDS[7]), hashes.subject_by_cpf(CPFS[7]), hashes.subject_by_client("sumido")]
    rows = audit_rows(settings, asked)
    template = "/clientes/{cliente_id}/score"
    assert [rows[identifier] for identifier in asked] == [
        ("banco-teste", subjects[0], template, "concessao_de_credito", 200),
        ("banco-teste", subjects[1], "/clientes/{cpf}/consultar", "concessao_de_credito", 200),
        ("banco-teste", subjects[1], "/clientes", "concessao_de_credito", 200),
        ("banco-teste", subjects[2], template, "concessao_de_credito", 404),
    ]


def audit_rows(settings: Settings, asked: list[str]) -> dict[str, tuple[object, ...]]:
    """Return the audit's rows of these requests, each of one person, once the journal has been shipped."""
    engine = sql_engine(settings.secret("results_url"), timeout=5)
    query = sa.text(
        "SELECT requisicao_id, consulente, sujeito, recurso, finalidade, resultado FROM auditoria"
        " WHERE requisicao_id = ANY(:asked)"
    )
    deadline = time.monotonic() + 20
    while True:
        with engine.connect() as connection:
            found = {row[0]: tuple(row[1:]) for row in connection.execute(query, {"asked": asked})}
        if len(found) == len(asked) or time.monotonic() > deadline:
            engine.dispose()
            return found
        time.sleep(0.1)


def test_a_change_that_is_told_is_seen_at_the_next_reading(settings, url):
    path = f"/clientes/{IDS[0]}/score-data"
    change = sa.text("UPDATE bem SET valor_estimado = :amount WHERE id = 'b0'")
    engine = sql_engine(settings.secret("base_b_admin_url"), timeout=10)
    with (
        caller(url, settings, "score-data:ler") as reader,
        caller(url, settings, "score-data:invalidar") as owner,
    ):
        for amount in (1000, 2000, 45000.9):
            reader.get(path)
            with engine.begin() as connection:
                connection.execute(change, {"amount": amount})
            answer = owner.post(f"{path}/invalidar")
            assert (answer.status_code, answer.content) == (204, b"")
            assert reader.get(path).json()["bens"][0]["valor_estimado"] == amount
        assert owner.post("/clientes/nao-existe/score-data/invalidar").status_code == 204
        assert owner.post(f"{path}/invalidar?x=1").status_code == 400
        assert owner.post(f"/clientes/{'x' * 37}/score-data/invalidar").status_code == 422
        assert reader.post(f"{path}/invalidar").status_code == 403
        assert owner.get(path).status_code == 403
        assert owner.get(f"{path}/invalidar").status_code == 405
        assert httpx.post(f"{url}{path}/invalidar").status_code == 401
    engine.dispose()


def test_a_titular_reads_what_is_their_own(settings, url):
    titular = Titular(cliente_id=IDS[0], cpf=CPFS[0])
    grant = Grant("app-do-titular", tuple(SCOPES), None, timedelta(minutes=5), titular)
    headers = {"Authorization": f"Bearer {sign_by_secret(settings.secret('jwt_secret'), grant)}"}
    with httpx.Client(base_url=url, headers=headers) as client:
        for path in (f"/clientes/{IDS[0]}/score-data", f"/clientes/{IDS[0]}/score", f"/clientes/{CPFS[0]}/consultar"):
            assert client.get(path).status_code == 200
        for person in (IDS[1], "nao-existe"):
            assert client.get(f"/clientes/{person}/score-data").status_code == 403
            assert client.post(f"/clientes/{person}/score-data/invalidar").status_code == 403
        assert client.get(f"/clientes/{CPFS[1]}/consultar").status_code == 403


def test_the_model_is_public_and_kept_while_postgresql_is_out(settings):
    with TcpFaults(urlsplit(settings.secret("results_url")).port) as proxy:
        moved = through(settings.secret("results_url"), proxy.port)
        lame = settings.model_copy(update={"results_url": SecretStr(moved), "api_timeout_seconds": 0.5})
        with running(create_app(lame)) as url:
            found = httpx.get(f"{url}/modelo")
            assert found.status_code == 200
            payload_models.DescricaoDoModelo.model_validate_json(found.content)
            assert found.headers["cache-control"] == "public, max-age=300"
            proxy.apply(Refuse())
            assert httpx.get(f"{url}/modelo").content == found.content
        with running(create_app(lame)) as url:
            assert httpx.get(f"{url}/modelo").status_code == 503
