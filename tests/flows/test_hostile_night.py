"""A night over thousands of hostile documents and rows: it is published, adds up, and nobody else's score changes.

Base C is a stand-in that gives out byte for byte what MongoDB would store; PostgreSQL holds the rows themselves.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from bson.raw_bson import DEFAULT_RAW_BSON_OPTIONS

from contracts.rules import RULES, Outcome
from contracts.table_declaration import Store
from contracts.tables import CLIENTE, DIVIDA, PESSOA
from stores.connections import mongo_database, sql_engine
from tests.flows.conftest import AS_OF, escore, roll_back, succeed
from tests.hostile.documents import COLLECTIONS, mixed, one_fault_each
from tests.hostile.injections import MARK
from tests.hostile.judgement import Judge, Judged, read_document
from tests.hostile.rows import RELATIONAL, Rows, Value, given, meaning_of, mixtures, words
from tests.hostile.rows import one_fault_each as one_fault_each_row
from tests.hostile.wire_server import serving

HELD = 5
NUMBERS_FROM = 7_000_000
AnyRows = dict[str, list[dict[str, Value]]]


@dataclass(frozen=True)
class HostileNight:
    """The run, what it printed, the consumers whose records were spoilt, and what should become of every record."""

    run: dict[str, Any]
    printed: str
    spoilt: frozenset[str]
    judged: Mapping[str, Sequence[Judged]]


@pytest.fixture(scope="module")
def hostile_night(night) -> Iterator[HostileNight]:
    held = night.query(
        "select cliente_id, cpf from score where execucao_id = :id and status = 'OK' order by cpf limit 2000",
        id=night.run["execucao_id"],
    )[:: 2000 // HELD // 2][:HELD]
    people = [(client_id, cpf) for client_id, cpf in held]
    nobody = next(row["cpf"] for row in night.truth("defeitos").to_pylist() if row["defeito"] == "orfao")
    rows, numbers = hostile_rows(people), count(NUMBERS_FROM)
    documents = {
        table.name: [
            *one_fault_each(table, [*(cpf for _, cpf in people), nobody], numbers),
            *mixed(table, [*(cpf for _, cpf in people), nobody], numbers, count=150, seed=9),
        ]
        for table in COLLECTIONS
    }
    with planted(night.settings, rows), serving(beside(night.settings, documents)) as url:
        done = succeed(
            escore(
                night.settings,
                *("run", "--as-of", AS_OF.isoformat(), "--fresh", "--json"),
                SCORE_BASE_C_URL=url,
                SCORE_MAX_REJECT_RATE="0.9",
            )
        )
    spoilt = frozenset({client_id for client_id, _ in people} | {str(row["id"].means) for row in rows["cliente"]})
    yield HostileNight(json.loads(done.stdout), done.stdout + done.stderr, spoilt, judged(people, rows, documents))
    roll_back(night.settings)


def hostile_rows(people: Sequence[tuple[str, str]]) -> AnyRows:
    """Return every fault of a row by itself, and mixtures; of debts, those that the foreign key lets in."""
    makers = {table: Rows(people) for table in RELATIONAL}
    for n, maker in enumerate(makers.values()):
        maker.start(NUMBERS_FROM + 100_000 * n)
    made = {t.name: [*one_fault_each_row(t, m), *mixtures(t, m, 30, seed=9)] for t, m in makers.items()}
    debts = [makers[DIVIDA].sound(DIVIDA) | {"cliente_id": one["id"]} for one in made["cliente"]]
    registers = [
        makers[CLIENTE].sound(CLIENTE) | {"id": words(key), "cpf": words(cpf)} for key, cpf in makers[PESSOA].named
    ]
    clients = [*made["cliente"], *registers]
    known = {row["id"].given for row in clients} | {key for key, _ in people}
    own = [row for row in [*made["divida"], *debts] if row["cliente_id"].given in known]
    return {**made, "divida": own, "cliente": clients}


@contextmanager
def planted(settings, rows: AnyRows) -> Iterator[None]:
    """Put rows into Bases A and B for a while."""
    engines = {s: sql_engine(settings.secret(f"base_{s.lower()}_admin_url"), timeout=60) for s in (Store.A, Store.B)}
    targets = {t: sa.table(t.name, *(sa.column(column.name) for column in t.columns)) for t in RELATIONAL}
    try:
        for table in RELATIONAL:
            with engines[table.store].begin() as connection:
                connection.execute(targets[table].insert(), given(rows[table.name]))
        yield
    finally:
        for table in reversed(RELATIONAL):
            keys = [row[table.key].given for row in rows[table.name]]
            with engines[table.store].begin() as connection:
                connection.execute(targets[table].delete().where(targets[table].c[table.key].in_(keys)))
        for engine in engines.values():
            engine.dispose()


def beside(settings, documents: Mapping[str, Sequence[bytes]]) -> dict[str, list[bytes]]:
    """Return what Base C holds, and hostile documents beside it."""
    database = mongo_database(settings.secret("base_c_url"), timeout=120)
    held = {name: database.get_collection(name, DEFAULT_RAW_BSON_OPTIONS).find() for name in documents}
    both = {name: [*(bytes(one.raw) for one in found), *documents[name]] for name, found in held.items()}
    database.client.close()
    return both


def judged(
    people: Sequence[tuple[str, str]], rows: AnyRows, documents: Mapping[str, Sequence[bytes]]
) -> dict[str, list[Judged]]:
    judge = Judge(AS_OF)
    for one in people:
        judge.know_client(*one)
    found = {"cliente": judge.judge_clients(meaning_of(CLIENTE, row) for row in rows["cliente"])}
    for table in RELATIONAL[1:]:
        found[table.name] = judge.judge(table, (meaning_of(table, row) for row in rows[table.name]))
    for table in COLLECTIONS:
        found[table.name] = judge.judge(table, (read_document(table, raw) for raw in documents[table.name]))
    return found


def outcome(one: Judged) -> Outcome | None:
    return None if one.rule is None else RULES[one.rule].outcome


def rejects_of(night, run: Mapping[str, Any]) -> Counter[tuple[str, str, str]]:
    rows = night.query("select tabela, chave, regra from rejeitado where execucao_id = :id", id=run["execucao_id"])
    return Counter(rows)


def counts_of(night, run: Mapping[str, Any]) -> dict[str, Any]:
    [(counts,)] = night.query("select contagens from execucao where id = :id", id=run["execucao_id"])
    return counts


def scores_of(night, run: Mapping[str, Any], spoilt: frozenset[str]) -> dict[str, tuple[Any, ...]]:
    rows = night.query(
        "select cliente_id, cpf, score, probabilidade, faixa, status, motivos::text from score where execucao_id = :id",
        id=run["execucao_id"],
    )
    return {row[0]: row[1:] for row in rows if row[0] not in spoilt}


def test_it_is_published_and_adds_up(night, hostile_night):
    [(state, *clients)] = night.query(
        "select situacao, extraidos, pontuados, insuficientes, rejeitados from execucao where id = :id",
        id=hostile_night.run["execucao_id"],
    )
    assert state == "publicada"
    assert clients[0] == sum(clients[1:])
    before, now = counts_of(night, night.run), counts_of(night, hostile_night.run)
    assert sum(map(len, hostile_night.judged.values())) > 6_000
    for name, found in hostile_night.judged.items():
        counts = now[name]
        assert counts["lidos"] == before[name]["lidos"] + len(found), name
        parts = sum(counts["ignorados"].values()) + sum(counts["rejeitados"].values())
        assert counts["lidos"] == counts["usados"] + parts
        ignored = Counter(one.rule for one in found if outcome(one) is Outcome.IGNORED)
        assert counts["ignorados"] == Counter(before[name]["ignorados"]) + ignored, name


def test_each_bad_record_is_refused_under_the_rule_it_breaks(night, hostile_night):
    expected = Counter(
        (one.table, one.key, one.rule)
        for found in hostile_night.judged.values()
        for one in found
        if outcome(one) is Outcome.REJECTED
    )
    assert sum(expected.values()) > 3_000
    found = rejects_of(night, hostile_night.run) - rejects_of(night, night.run)
    assert found - expected == Counter()
    assert expected - found == Counter()


def test_nobody_elses_score_changed_by_a_bit(night, hostile_night):
    before = scores_of(night, night.run, hostile_night.spoilt)
    assert len(before) > 1_500
    assert scores_of(night, hostile_night.run, hostile_night.spoilt) == before


def test_nothing_of_a_hostile_text_is_printed_or_written(night, hostile_night, embedded):
    assert MARK not in hostile_night.printed
    var = night.settings.var
    files = [
        p
        for p in var.rglob("*")
        if p.is_file() and not {"lake", "verdade", "embutidos"} & set(p.relative_to(var).parts)
    ]
    servers = [p for p in (embedded.var / "embutidos").rglob("*") if p.suffix in {".log", ".db", ".db-wal"}]
    assert any(p.suffix == ".html" for p in files)
    assert any(p.name == "prefect.db" for p in servers)
    for path in (*files, *servers):
        assert MARK.encode() not in path.read_bytes(), path
