"""The source document's JSON examples, kept as it writes them, against what the three systems answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from pymongo import MongoClient

from contracts.settings import Settings
from serve.app import create_app
from stores.connections import sql_engine
from tests.api_server import caller, running

SEED = Path(__file__).parents[3] / "shared" / "seed"
NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
CPF = "52998224725"
CLIENTS = {"c1": "39053344705", "c2": CPF, "c3": "11144477735"}

SYSTEM_A = """
{
    "count": 1023,
    "next": "/clientes/?page=2",
    "previous": "/clientes/?page=1",
    "results": [
        {
            "id":"",
            "nome": "",
            "cpf": "",
            "data_nascimento":"",
            "sexo":,
            "estado_civil":"",
            "endereco":{
                "uf": "",
                "cidade":"",
                "bairro":"",
                "longadouro": "",
                "numero": ,
                "complemento":""
            },
            "dividas": [
                {
                    "empresa":"",
                    "valor": 0.0,
                    "vencimento": ""
                },
                {
                    "empresa":"",
                    "valor": 0.0,
                    "vencimento": ""
                }
            ]
        }
    ]
}
"""
SYSTEM_B = """
{
    "cpf": "",
    "data_nascimento":"",
    "endereco":{
        "uf": "",
        "cidade":"",
        "bairro":"",
        "longadouro": "",
        "numero": ,
        "complemento":""
    },
    "fontes_de_renda": [
        {
            "tipo": "",
            "descricao":"",
            "valor": 0.0,
            "frequencia":""
        },
        {
            "descricao":"",
            "tipo": "",
            "valor": 0.0,
            "frequencia":""
        },
    ],
    "bens":[
        {
            "tipo": "",
            "valor_estimado":0.0,
            "descricao":""
        },
        {
            "tipo": "",
            "valor_estimado":0.0,
            "descricao":""
        }
    ]
}
"""
SYSTEM_C = """
{
    "ultima_consulta": {
        "empresa": "",
        "data_consulta": "",
        "tipo_empresa": ""
    },
    "movimentacao_financeira": {
        "tipo_movimentacao":"",
        "data_movimentacao": "",
        "valor":0.0,
        "descricao": ""  
    },
    "ultima_compra": {
        "data_compra": "",
        "valor": 0.0,
        "bandeira_cartao": "",
        "produto": "",
        "tipo": "",
        "codigo_transacao":""
    }
    
}
"""  # noqa: W291, W293 - to the letter
EXAMPLES = (SYSTEM_A, SYSTEM_B, SYSTEM_C)


@pytest.fixture(scope="module")
def client(make_installation: Callable[[str], Settings]) -> Iterator[httpx.Client]:
    settings = make_installation("documento")
    fill_relational(settings)
    fill_documents(settings)
    with running(create_app(settings, clock=lambda: NOW)) as url, caller(url, settings) as client:
        yield client


ADDRESS = "'SP', 'São Paulo', 'Sé', 'Praça da Sé', '1', 'fundos'"


def fill_relational(settings: Settings) -> None:
    clients = [
        f"INSERT INTO cliente VALUES ('{client_id}', '{cpf}', 'Nome', DATE '1980-01-01', 'F', 'solteiro', {ADDRESS},"
        " TIMESTAMP '2020-01-01 00:00:00', TIMESTAMP '2020-01-01 00:00:00')"
        for client_id, cpf in CLIENTS.items()
    ]
    debts = [
        f"INSERT INTO divida VALUES ('d{n}', 'c2', 'Loja', 10.5, DATE '2026-0{n}-01', TIMESTAMP '2026-01-01 00:00:00',"
        " NULL)"
        for n in (1, 2)
    ]
    execute(settings, "base_a_admin_url", clients + debts)
    person = f"INSERT INTO pessoa VALUES ('{CPF}', 'c2', '1980-01-01', {ADDRESS}, '2020-01-01')"
    incomes = [
        f"INSERT INTO fonte_de_renda VALUES ('r{n}', '{CPF}', 'salario', 'CLT', 1.5, 'mensal', '2020-01-01', NULL)"
        for n in (1, 2)
    ]
    assets = [f"INSERT INTO bem VALUES ('b{n}', '{CPF}', 'carro', 'hatch', 2.5, '2020-01-01', NULL)" for n in (1, 2)]
    execute(settings, "base_b_admin_url", [person, *incomes, *assets])


def execute(settings: Settings, url: str, statements: list[str]) -> None:
    engine = sql_engine(settings.secret(url), timeout=10)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def fill_documents(settings: Settings) -> None:
    when = datetime(2026, 1, 1)
    events: dict[str, dict[str, Any]] = {
        "consultas": {"empresa": "Banco", "data_consulta": when, "tipo_empresa": "banco"},
        "movimentacoes": {"tipo_movimentacao": "credito", "data_movimentacao": when, "valor": 1.5, "descricao": "pix"},
        "compras": {
            "data_compra": when,
            "valor": 2.5,
            "bandeira_cartao": "visa",
            "produto": "livro",
            "tipo": "credito",
            "codigo_transacao": "t1",
        },
    }
    with MongoClient[dict[str, Any]](settings.secret("base_c_admin_url")) as mongo:
        for collection, event in events.items():
            mongo.get_default_database()[collection].insert_one({**event, "cpf": CPF})


def parse(example: str) -> Any:
    """Return an example's JSON; the document leaves some values out, and writes a comma too many."""
    return json.loads(re.sub(r",(\s*\])", r"\1", re.sub(r":\s*,", ": null,", example)))


def assert_same_shape(answer: Any, example: Any, place: str = "$") -> None:
    """Check that an answer has the example's members, in its order, and values of its kinds."""
    match example:
        case dict():
            assert list(answer) == list(example), place
            for name, value in example.items():
                assert_same_shape(answer[name], value, f"{place}.{name}")
        case list():
            assert len(answer) == len(example), place
            for item in answer:
                assert_same_shape(item, example[0], f"{place}[]")
        case None:
            assert answer is not None, place
        case int() | float():
            assert isinstance(answer, int | float), place
        case _:
            assert type(answer) is type(example), place


@pytest.mark.parametrize(
    ("path", "example"),
    [
        ("/clientes?page=2&page_size=1", SYSTEM_A),
        ("/clientes/c2/score-data", SYSTEM_B),
        (f"/clientes/{CPF}/consultar", SYSTEM_C),
    ],
)
def test_answers_are_shaped_as_documented(client, path, example):
    answer = client.get(path)
    assert answer.status_code == 200
    assert_same_shape(answer.json(), parse(example))


def test_the_links_lead_to_the_documented_path(client):
    page = client.get("/clientes?page=2&page_size=1").json()
    assert page["next"].startswith("/clientes/?page=3")
    assert page["previous"].startswith("/clientes/?page=1")
    assert client.get(page["next"]).json()["results"] != page["results"]


def test_the_examples_are_the_source_documents_own():
    texts = [path.read_text(encoding="utf-8") for path in SEED.glob("*.txt")]
    for text in texts:
        assert [f"\n{block}" for block in re.findall(r"^```JSON\n(.*?)^```$", text, re.M | re.S)] == list(EXAMPLES)
