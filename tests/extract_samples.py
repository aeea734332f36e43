"""Hand-made records of the three stores, one row an idea, and their way into an installation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa

from contracts.cpf import check_digits
from contracts.settings import Settings
from contracts.table_declaration import Store
from contracts.tables import TABLES_BY_NAME
from extract.sources import Sources
from stores.connections import mongo_database, sql_engine

AS_OF = date(2025, 6, 30)
CUTOFF = datetime(2025, 7, 1, 3)
"""The first instant after AS_OF in São Paulo, in UTC."""

EARLIER = datetime(2025, 1, 10, 12)
Rows = Mapping[str, Iterable[Mapping[str, Any]]]


@dataclass(frozen=True)
class Case:
    """One record, the table it goes to, its key as rejects show it, and the rule it should meet."""

    table: str
    row: Mapping[str, Any]
    rule: str | None = None

    @property
    def key(self) -> str:
        return str(self.row[TABLES_BY_NAME[self.table].key])


def cpf_of(number: int) -> str:
    """Return the valid CPF whose first nine digits are ``number``."""
    nine = [int(digit) for digit in f"{number:09d}"]
    return "".join(map(str, nine)) + "".join(map(str, check_digits(np.array([nine]))[0]))


ADDRESS = {
    "uf": "SP",
    "cidade": "Santos",
    "bairro": "Centro",
    "longadouro": "Rua A",
    "numero": "1",
    "complemento": None,
}


def bson_array(documents: Iterable[bytes]) -> bytes:
    """Return encoded documents as the BSON array in which a reply holds them."""
    elements = b"".join(b"\x03%d\0%b" % (number, raw) for number, raw in enumerate(documents))
    return (len(elements) + 5).to_bytes(4, "little") + elements + b"\0"


def client(key: str, cpf: str, **other: Any) -> dict[str, Any]:
    row = {"id": key, "cpf": cpf, "nome": "Fulano de Tal", "data_nascimento": date(1980, 5, 4), "sexo": "F"}
    row |= {"estado_civil": None, **ADDRESS, "registrado_em": EARLIER, "atualizado_em": EARLIER}
    return row | other


def debt(key: str, client_id: str, **other: Any) -> dict[str, Any]:
    row = {"id": key, "cliente_id": client_id, "empresa": f"Loja {key}", "valor": "150.00"}
    row |= {"vencimento": date(2025, 2, 1), "registrada_em": EARLIER, "baixada_em": None}
    return row | other


def person(client_id: str, cpf: str, **other: Any) -> dict[str, Any]:
    row = {
        "cpf": cpf,
        "cliente_id": client_id,
        "data_nascimento": date(1980, 5, 4),
        **ADDRESS,
        "atualizado_em": EARLIER,
    }
    return row | other


def income(key: str, cpf: str | None, **other: Any) -> dict[str, Any]:
    row = {"id": key, "cpf": cpf, "tipo": "salario", "descricao": key, "valor": "3000.00", "frequencia": "mensal"}
    row |= {"registrada_em": EARLIER, "encerrada_em": None, "tipo": key}
    return row | other


def asset(key: str, cpf: str | None, **other: Any) -> dict[str, Any]:
    row = {"id": key, "cpf": cpf, "tipo": key, "descricao": "bem", "valor_estimado": "90000.00"}
    row |= {"registrado_em": EARLIER, "alienado_em": None}
    return row | other


@contextmanager
def sources_of(settings: Settings) -> Iterator[Sources]:
    """Open the stores as the engine sees them, with its own rights."""
    base_a, base_b = (sql_engine(settings.secret(f"{base}_url"), timeout=10) for base in ("base_a", "base_b"))
    base_c = mongo_database(settings.secret("base_c_url"), timeout=10)
    try:
        yield Sources(base_a, base_b, base_c)
    finally:
        base_a.dispose()
        base_b.dispose()
        base_c.client.close()


def change_schema(settings: Settings, store: str, *statements: str) -> None:
    """Run statements as the owner of Base A or B, to let in what a constraint keeps out."""
    engine = sql_engine(settings.secret(f"{store}_admin_url"), timeout=10)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def insert(settings: Settings, rows: Rows) -> None:
    """Insert rows and documents, by table name, as the stores' owners."""
    engines = {
        Store.A: sql_engine(settings.secret("base_a_admin_url"), timeout=10),
        Store.B: sql_engine(settings.secret("base_b_admin_url"), timeout=10),
    }
    database = mongo_database(settings.secret("base_c_admin_url"), timeout=10)
    for name, table_rows in rows.items():
        store = TABLES_BY_NAME[name].store
        listed = [dict(row) for row in table_rows]
        if store is Store.C:
            database[name].insert_many(listed)
            continue
        target = sa.table(name, *(sa.column(column.name) for column in TABLES_BY_NAME[name].columns))
        with engines[store].begin() as connection:
            for row in listed:
                connection.execute(target.insert().values(row))
    for engine in engines.values():
        engine.dispose()
    database.client.close()
