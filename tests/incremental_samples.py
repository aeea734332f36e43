"""Random changes to the three stores, as plain data, and their way into an installation: what histories are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from bson import Decimal128, ObjectId
from hypothesis import strategies as st
from pymongo.database import Database

from contracts.reference_date import cutoff_utc
from contracts.settings import Settings
from contracts.table_declaration import Store
from contracts.tables import TABLES_BY_NAME
from stores.connections import mongo_database, sql_engine
from tests.extract_samples import asset, client, cpf_of, debt, income, person

START = date(2025, 6, 30)
OVERLAP_DAYS = 3
LONG_AGO = timedelta(days=60)
PEOPLE = 9
CPFS = tuple(cpf_of(100_000_007 * n + 13) for n in range(1, PEOPLE))
SPARE_CPFS = ("52998224724", *(cpf_of(100_000_007 * n + 50_000_019) for n in range(1, 4)))
"""CPFs that a consumer may move to; the first is not valid."""

EVENT_TIMES = {"consultas": "data_consulta", "movimentacoes": "data_movimentacao", "compras": "data_compra"}
VALUES: tuple[Any, ...] = (12.5, 7, Decimal128("33.10"), -4.0, "dez", float("nan"))
ODD_CPFS: tuple[Any, ...] = (None, 52998224725, "abc", [CPFS[0]], [1], [CPFS[1], CPFS[5]])


@dataclass(frozen=True)
class Change:
    """One thing that happens to a table: what, to which of its rows (by position), and with which values."""

    kind: str
    table: str
    row: int
    person: int
    hours: int
    choice: int


def changes() -> st.SearchStrategy[Change]:
    """Return the strategy of one change; ``hours`` are counted from the start of the time that may be late."""
    rows = st.sampled_from(["cliente", "divida", "pessoa", "fonte_de_renda", "bem"])
    events = st.sampled_from(list(EVENT_TIMES))
    numbers = {"row": st.integers(0, 40), "person": st.integers(0, PEOPLE - 2), "choice": st.integers(0, 11)}
    hours = st.integers(0, 24 * OVERLAP_DAYS + 30)
    return st.one_of(
        st.builds(Change, st.sampled_from(["insert", "update", "delete"]), rows, hours=hours, **numbers),
        st.builds(Change, st.sampled_from(["insert", "insert", "update", "delete"]), events, hours=hours, **numbers),
        st.builds(Change, st.just("move"), st.just("cliente"), hours=hours, **numbers),
        st.builds(Change, st.just("erase"), st.just("cliente"), hours=hours, **numbers),
        st.builds(Change, st.just("import"), st.sampled_from(["cliente", "pessoa"]), hours=hours, **numbers),
    )


class Town:
    """The few people of an installation's stores: emptied, filled, and changed in ways that a history tells."""

    def __init__(self, settings: Settings) -> None:
        self._engines = {
            Store.A: sql_engine(settings.secret("base_a_admin_url"), timeout=10),
            Store.B: sql_engine(settings.secret("base_b_admin_url"), timeout=10),
        }
        self._events: Database[dict[str, Any]] = mongo_database(settings.secret("base_c_admin_url"), timeout=10)
        self._number = 0

    def reset(self) -> None:
        """Empty the stores and fill them anew: everybody has a bit of everything, from before the first night."""
        self._number = 0
        for store, names in ((Store.A, ("divida", "cliente")), (Store.B, ("bem", "fonte_de_renda", "pessoa"))):
            with self._engines[store].begin() as connection:
                for name in names:
                    connection.execute(sa.text(f"delete from {name}"))
        for name in EVENT_TIMES:
            self._events[name].delete_many({})
        old = cutoff_utc(START) - timedelta(days=90)
        for person_number in range(PEOPLE - 1):
            for name in TABLES_BY_NAME:
                self._insert(name, person_number, old + timedelta(days=7 * person_number), choice=person_number)

    def apply(self, change: Change, last_cutoff: datetime) -> None:
        """Do one change; one that has no row to work on does nothing."""
        when = last_cutoff - timedelta(days=OVERLAP_DAYS) + timedelta(hours=change.hours)
        if change.kind == "insert":
            self._insert(change.table, change.person, when, choice=change.choice)
        elif change.kind == "import":  # a row that comes late with the old times that it had elsewhere
            self._insert(change.table, change.person, when - LONG_AGO, choice=change.choice)
        elif change.table in EVENT_TIMES:
            self._change_event(change, when, last_cutoff)
        else:
            self._change_row(change, max(when, last_cutoff))

    def _insert(self, table: str, person_number: int, when: datetime, *, choice: int) -> None:
        self._number += 1
        key, cpf = f"k{self._number:04d}", CPFS[person_number]
        owner = self._keys("cliente")[person_number % max(len(self._keys("cliente")), 1)] if table == "divida" else ""
        makers: dict[str, Callable[[], dict[str, Any]]] = {
            "cliente": lambda: client(key, cpf, registrado_em=when, atualizado_em=when),
            "divida": lambda: debt(key, owner, registrada_em=when, valor="-1" if choice == 0 else "150.00"),
            "pessoa": lambda: person(self._client_of(cpf) if choice else key, cpf, atualizado_em=when),
            "fonte_de_renda": lambda: income(
                key, cpf, registrada_em=when, frequencia="às vezes" if choice == 1 else "mensal"
            ),
            "bem": lambda: asset(key, cpf, registrado_em=when),
        }
        if table in EVENT_TIMES:
            self._events[table].insert_one(self._event(table, cpf, when, choice))
        elif table != "divida" or owner:
            self._try(table, sa.insert(_columns(table)).values(makers[table]()))

    def consumer(self, row: int) -> str | None:
        """Return the id of a consumer of Base A, by position; None if there is none."""
        keys = self._keys("cliente")
        return keys[row % len(keys)] if keys else None

    def cpfs_of(self, client_id: str) -> frozenset[str]:
        """Return the CPF that Base A gives a consumer."""
        with self._engines[Store.A].connect() as connection:
            found = connection.scalars(sa.text("select cpf from cliente where id = :id"), {"id": client_id})
            return frozenset(found)

    def insert_event(self, table: str, document: dict[str, Any]) -> None:
        """Insert a document of any form."""
        self._events[table].insert_one(document)

    def _event(self, table: str, cpf: Any, when: Any, choice: int) -> dict[str, Any]:
        if choice == 0:
            cpf = ODD_CPFS[self._number % len(ODD_CPFS)]
        if choice == 1:
            when = str(when) if self._number % 2 else None
        document: dict[str, Any] = {"_id": ObjectId(f"{self._number * 7919 % 104729:024x}"), "cpf": cpf}
        document[EVENT_TIMES[table]] = when
        value = VALUES[choice % len(VALUES)]
        own: dict[str, dict[str, Any]] = {
            "consultas": {"empresa": "X", "tipo_empresa": "titular" if choice == 2 else "loja"},
            "movimentacoes": {"tipo_movimentacao": "credito" if choice % 2 else "debito", "valor": value},
            "compras": {"valor": value, "codigo_transacao": None if choice > 8 else str(choice % 3)},
        }
        return document | own[table]

    def _change_event(self, change: Change, when: datetime, last_cutoff: datetime) -> None:
        """Delete an event of any age, or alter one that is young enough to be read again."""
        collection, time = self._events[change.table], EVENT_TIMES[change.table]
        query = {time: {"$gte": last_cutoff - timedelta(days=OVERLAP_DAYS)}} if change.kind == "update" else {}
        found = sorted(collection.find(query), key=lambda document: str(document["_id"]))
        if not found:
            return
        chosen = found[change.row % len(found)]
        collection.delete_one({"_id": chosen["_id"]})
        if change.kind == "update":
            new = self._event(change.table, CPFS[change.person], when, change.choice)
            collection.insert_one(new | {"_id": chosen["_id"]})

    def _change_row(self, change: Change, now: datetime) -> None:
        keys = self._keys(change.table)
        if not keys:
            return
        key = keys[change.row % len(keys)]
        table = _columns(change.table)
        is_chosen = table.c[TABLES_BY_NAME[change.table].key] == key
        if change.kind == "delete":
            if change.table == "cliente":
                debts = _columns("divida")
                self._try("divida", sa.delete(debts).where(debts.c.cliente_id == key))
            self._try(change.table, sa.delete(table).where(is_chosen))
            return
        values = _moved(change, now) if change.kind == "move" else _altered(change, now)
        self._try(change.table, sa.update(table).where(is_chosen).values(values))

    def _keys(self, table: str) -> Sequence[str]:
        name = TABLES_BY_NAME[table].key
        with self._engines[TABLES_BY_NAME[table].store].connect() as connection:
            return connection.execute(sa.text(f"select {name} from {table} order by {name}")).scalars().all()

    def _client_of(self, cpf: str) -> str:
        with self._engines[Store.A].connect() as connection:
            found = connection.scalar(sa.text("select id from cliente where cpf = :cpf"), {"cpf": cpf})
        return str(found or "ninguem")

    def _try(self, table: str, statement: sa.Executable) -> None:
        """Do a change that the store's own constraints allow; another never happens to it."""
        try:
            with self._engines[TABLES_BY_NAME[table].store].begin() as connection:
                connection.execute(statement)
        except sa.exc.IntegrityError:
            return


def _columns(table: str) -> sa.TableClause:
    return sa.table(table, *(sa.column(column.name) for column in TABLES_BY_NAME[table].columns))


def _moved(change: Change, now: datetime) -> dict[str, Any]:
    return {"cpf": (*SPARE_CPFS, *CPFS)[change.choice % (len(SPARE_CPFS) + len(CPFS))], "atualizado_em": now}


def _altered(change: Change, now: datetime) -> dict[str, Any]:
    """Return a correction: with a time of update where the table has one, without a trace where it has none."""
    odd = change.choice % 3 == 0
    births = (date(2026, 1, 1), date(2025, 7, 2), date(1970, 1, 1))
    choices: dict[str, dict[str, Any]] = {
        "cliente": {"data_nascimento": births[change.choice % 3], "uf": "XX" if odd else "RJ", "atualizado_em": now},
        "divida": {
            "valor": "-5" if odd else f"{100 + change.choice}.00",
            "baixada_em": now if change.choice % 2 else None,
        },
        "pessoa": {"cliente_id": f"outro{change.row}" if odd else f"k{change.row:04d}", "atualizado_em": now},
        "fonte_de_renda": {"frequencia": "nunca" if odd else "semanal", "valor": f"{1000 + change.choice}.00"},
        "bem": {"valor_estimado": "0" if odd else f"{5000 + change.choice}.00"},
    }
    return choices[change.table]
