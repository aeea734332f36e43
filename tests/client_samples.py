"""Consumers of Base A by the thousand, and what a search must find of them, said plainly in Python."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from contracts.letter_folding import fold, folded_words
from contracts.settings import Settings
from contracts.tables import CLIENTE
from population.relational_load import insert_records
from serve.systems.client_filter import ClientFilter
from stores.connections import sql_engine

GIVEN = ("João", "Maria", "José", "Ana", "Antônio", "Conceição", "Zuleide", "D'Ávila", "Ana-Júlia")
SURNAMES = ("da Silva", "Silva", "dos Santos", "Souza", "Sousa", "Müller", "Weiß", "Strauss", "Araújo", "Ñandutí")
PLACES = (("SP", "São Paulo"), ("SP", "Santos"), ("RJ", "Rio de Janeiro"), ("RO", "Ji-Paraná"), ("BA", "Santos"))
STATUSES = ("solteiro", "Casado", "uniao_estavel", "viúvo", None)
SIGNS = "aàbã' \\&|!:*%_-.(<>)ßæ\"$山é"


def make_client(number: int, *, client_id: str | None = None, name: str | None = None) -> dict[str, Any]:
    """Return a consumer by number: always the same one."""
    chance = random.Random(number)
    uf, city = chance.choice(PLACES)
    given = " ".join(chance.choices(GIVEN, k=chance.choice((1, 1, 2))))
    return {
        "id": client_id or f"{chance.getrandbits(64):016x}",
        "cpf": f"{number:011d}",
        "nome": name or f"{given} {chance.choice(SURNAMES)} {chance.choice(SURNAMES)}",
        "data_nascimento": date(1980, 1, 1) + timedelta(days=chance.randrange(200)),
        "sexo": chance.choice(("F", "M", None)),
        "estado_civil": chance.choice(STATUSES),
        "uf": uf,
        "cidade": city,
        "bairro": "Centro",
        "longadouro": "Rua Um",
        "numero": chance.choice(("12", "S/N", None)),
        "complemento": None,
        "registrado_em": datetime(2020, 1, 1),
        "atualizado_em": datetime(2020, 1, 1),
    }


def odd_name(chance: random.Random) -> str:
    """Return a name of signs that mean something to a text search, a pattern or a quotation."""
    return "".join(chance.choices(SIGNS, k=chance.randrange(1, 12)))


def insert_clients(settings: Settings, clients: Sequence[dict[str, Any]], *, analyze: bool = True) -> None:
    """Write consumers into Base A, and have its planner look at them."""
    run_as_owner(settings, lambda connection: insert_records(connection, CLIENTE, clients))
    if analyze:
        run_as_owner(settings, lambda connection: connection.execute(sa.text("ANALYZE cliente")))


def delete_clients(settings: Settings, ids: Iterable[str]) -> None:
    """Delete consumers from Base A."""
    query = sa.text("DELETE FROM cliente WHERE id = ANY(:ids)")
    run_as_owner(settings, lambda connection: connection.execute(query, {"ids": list(ids)}))


def run_as_owner(settings: Settings, work: Any) -> None:
    """Do a piece of work with the owner's rights, and commit it."""
    engine = sql_engine(settings.secret("base_a_admin_url"), timeout=10)
    with engine.begin() as connection:
        work(connection)
    engine.dispose()


def find(clients: Iterable[dict[str, Any]], conditions: ClientFilter) -> list[str]:
    """Return the ids of the consumers that meet the conditions, in order."""
    return sorted(client["id"] for client in clients if _meets(client, conditions))


def _meets(client: dict[str, Any], conditions: ClientFilter) -> bool:
    for column in ("cpf", "uf", "data_nascimento"):
        wanted = getattr(conditions, column)
        if wanted is not None and client[column] != wanted:
            return False
    for column in ("cidade", "estado_civil"):
        wanted = getattr(conditions, column)
        if wanted is not None and (client[column] is None or fold(client[column]) != fold(wanted)):
            return False
    words = fold(client["nome"]).split(" ")
    return all(any(word.startswith(start) for word in words) for start in folded_words(conditions.nome or ""))
