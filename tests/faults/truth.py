"""Consumers in all stores whose every right answer is known beforehand, and the check of an answer against it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from pymongo import MongoClient

from contracts.settings import Settings
from serve.published.person_hash import PersonHash
from serve.published.run_info import RunInfo
from stores.connections import redis_client, sql_engine
from tests import published_runs
from tests.score_samples import make_run, make_scores

CONSUMERS = 60
STRANGERS = ("52998224725", "11144477735")
"""CPFs that nobody here has."""

ADDRESS = {
    "uf": "SP",
    "cidade": "São Paulo",
    "bairro": "Sé",
    "longadouro": "Praça da Sé",
    "numero": "S/N",
    "complemento": None,
}
LONG_AGO = datetime(2020, 1, 1)


@dataclass(frozen=True, slots=True)
class Person:
    """One consumer, and what each endpoint has to answer about them; ``names`` are theirs in the audit."""

    id: str
    cpf: str
    names: frozenset[str]
    client: dict[str, Any]
    score_data: dict[str, Any]
    events: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """A run and its scores by consumer id, as the API has to answer them."""

    info: RunInfo
    scores: dict[str, dict[str, Any]]

    @property
    def computed_at(self) -> str:
        """Return ``calculado_em``, by which an answer tells its run."""
        return self.info.calculado_em.strftime("%Y-%m-%dT%H:%M:%SZ")


def make_persons(hashes: PersonHash) -> list[Person]:
    """Return the consumers; no two have an answer alike."""
    return [_person(n, row, hashes) for n, row in enumerate(make_scores(CONSUMERS).to_pylist())]


def make_known_run(number: int) -> Run:
    """Return run ``number``; every consumer's score and reasons tell it from its neighbours."""
    info = make_run(number)
    rows = make_scores(CONSUMERS, shift=shift_of(number)).to_pylist()
    return Run(info, {row["cliente_id"]: published_runs.score_answer(row, info) for row in rows})


def shift_of(number: int) -> int:
    return number * 13


def fill(settings: Settings, persons: list[Person]) -> None:
    """Write the consumers into Bases A, B and C."""
    _fill_base_a(settings, persons)
    _fill_base_b(settings, persons)
    _fill_base_c(settings, persons)


def publish(settings: Settings, number: int) -> None:
    """Publish run ``number``."""
    published_runs.publish(settings, make_run(number), make_scores(CONSUMERS, shift=shift_of(number)))


def flush(settings: Settings) -> None:
    """Empty Redis."""
    with redis_client(settings.secret("redis_url"), timeout=10) as cache:
        cache.flushall()


def reconcile(settings: Settings) -> None:
    """Make Redis follow PostgreSQL again."""
    with published_runs.publishing(settings) as (_, publisher):
        publisher.reconcile()


def _person(number: int, row: dict[str, Any], hashes: PersonHash) -> Person:
    client_id, cpf = row["cliente_id"], row["cpf"]
    day = f"2025-01-{1 + number % 28:02d}"
    names = frozenset({hashes.subject_by_client(client_id), hashes.subject_by_cpf(cpf)})
    client = {
        "id": client_id,
        "nome": f"Pessoa Número {number}",
        "cpf": cpf,
        "data_nascimento": f"1980-01-{1 + number % 28:02d}",
        "sexo": "F",
        "estado_civil": None,
        "endereco": ADDRESS,
        "dividas": [{"empresa": f"Loja {number}", "valor": 100.5 + number, "vencimento": "2031-05-01"}],
    }
    score_data = {
        "cpf": cpf,
        "data_nascimento": client["data_nascimento"],
        "endereco": ADDRESS,
        "fontes_de_renda": [
            {"tipo": "salario", "descricao": "descrição", "valor": 3000.25 + number, "frequencia": "mensal"}
        ],
        "bens": [{"tipo": "carro", "valor_estimado": 45000.0 + number, "descricao": "um bem"}],
    }
    events = {
        "ultima_consulta": {"empresa": f"Banco {number}", "data_consulta": f"{day}T12:00:00Z", "tipo_empresa": "banco"},
        "movimentacao_financeira": {
            "tipo_movimentacao": "credito",
            "data_movimentacao": f"{day}T13:00:00Z",
            "valor": 10.25 + number,
            "descricao": "salário",
        },
        "ultima_compra": {
            "data_compra": f"{day}T14:00:00Z",
            "valor": 5.75 + number,
            "bandeira_cartao": "visa",
            "produto": f"produto {number}",
            "tipo": "debito",
            "codigo_transacao": f"t{number}",
        },
    }
    return Person(client_id, cpf, names, client, score_data, events)


def same_score(found: Any, wanted: dict[str, Any]) -> bool:
    """Return whether a score is the wanted one to the last digit; a probability is a float32."""
    if not isinstance(found, dict):
        return False
    return {**found, "probabilidade_inadimplencia": _float32(found.get("probabilidade_inadimplencia"))} == {
        **wanted,
        "probabilidade_inadimplencia": _float32(wanted["probabilidade_inadimplencia"]),
    }


def _float32(value: float | None) -> bytes | None:
    return None if value is None else struct.pack("<f", value)


def _fill_base_a(settings: Settings, persons: list[Person]) -> None:
    engine = sql_engine(settings.secret("base_a_admin_url"), timeout=10)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO cliente (id, cpf, nome, data_nascimento, sexo, estado_civil, uf, cidade, bairro,"
                " longadouro, numero, complemento, registrado_em, atualizado_em) VALUES (:id, :cpf, :nome, :born,"
                " 'F', NULL, :uf, :cidade, :bairro, :longadouro, :numero, :complemento, :at, :at)"
            ),
            [
                {
                    **ADDRESS,
                    "id": person.id,
                    "cpf": person.cpf,
                    "nome": person.client["nome"],
                    "born": date.fromisoformat(person.client["data_nascimento"]),
                    "at": LONG_AGO,
                }
                for person in persons
            ],
        )
        connection.execute(
            sa.text(
                "INSERT INTO divida (id, cliente_id, empresa, valor, vencimento, registrada_em)"
                " VALUES (:id, :client, :empresa, :valor, :vencimento, :at)"
            ),
            [
                {**person.client["dividas"][0], "id": f"d{number}", "client": person.id, "at": LONG_AGO}
                for number, person in enumerate(persons)
            ],
        )
    engine.dispose()


def _fill_base_b(settings: Settings, persons: list[Person]) -> None:
    engine = sql_engine(settings.secret("base_b_admin_url"), timeout=10)
    rows = [
        {
            **ADDRESS,
            **person.score_data["fontes_de_renda"][0],
            "id": person.id,
            "cpf": person.cpf,
            "born": date.fromisoformat(person.score_data["data_nascimento"]),
            "estimado": person.score_data["bens"][0]["valor_estimado"],
            "at": LONG_AGO,
        }
        for person in persons
    ]
    with engine.begin() as connection:
        for query in (
            "INSERT INTO pessoa (cpf, cliente_id, data_nascimento, uf, cidade, bairro, longadouro, numero,"
            " complemento, atualizado_em) VALUES (:cpf, :id, :born, :uf, :cidade, :bairro, :longadouro,"
            " :numero, :complemento, :at)",
            "INSERT INTO fonte_de_renda (id, cpf, tipo, descricao, valor, frequencia, registrada_em)"
            " VALUES (:id, :cpf, :tipo, :descricao, :valor, :frequencia, :at)",
            "INSERT INTO bem (id, cpf, tipo, descricao, valor_estimado, registrado_em)"
            " VALUES (:id, :cpf, 'carro', 'um bem', :estimado, :at)",
        ):
            connection.execute(sa.text(query), rows)
    engine.dispose()


def _fill_base_c(settings: Settings, persons: list[Person]) -> None:
    kinds = {
        "consultas": ("ultima_consulta", "data_consulta"),
        "movimentacoes": ("movimentacao_financeira", "data_movimentacao"),
        "compras": ("ultima_compra", "data_compra"),
    }
    with MongoClient(settings.secret("base_c_admin_url")) as mongo:
        database = mongo.get_default_database()
        for collection, (field, instant) in kinds.items():
            database[collection].insert_many(
                {**person.events[field], "cpf": person.cpf, instant: _naive(person.events[field][instant])}
                for person in persons
            )


def _naive(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("Z"))
