"""Any value that a column of Bases A and B can hold: judged by the rules, shown by the API, in nobody else's way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from contracts.extraction import CpfRange, Extraction
from contracts.settings import Settings
from contracts.table_declaration import Store
from contracts.tables import CLIENTE, DIVIDA, PESSOA, tables_of
from extract.extraction import extract_range
from extract.sources import Sources
from serve.api.payload_models import Cliente, DadosDeScore, PaginaDeClientes
from serve.app import create_app
from stores.connections import sql_engine
from tests.api_server import caller, running
from tests.extract_samples import AS_OF, asset, change_schema, client, cpf_of, debt, income, insert, person, sources_of
from tests.hostile import rows as hostile
from tests.hostile.agreement import check, lines_of
from tests.hostile.judgement import Judge, Judged
from tests.hostile.rows import RELATIONAL, Rows, Value, meaning_of, words

PEOPLE = [(f"bom-{n}", cpf_of(100_200_300 + n)) for n in range(5)]
CALM = [(f"calmo-{n}", cpf_of(800_200_300 + n)) for n in range(3)]
RANGES = [CpfRange(0, None, cpf_of(400_000_000)), CpfRange(1, cpf_of(400_000_000), None)]


@pytest.fixture(scope="module")
def settings(make_installation) -> Settings:
    settings = make_installation("linhas")
    change_schema(settings, "base_a", "ALTER TABLE divida DROP CONSTRAINT fk_divida_cliente")
    insert(settings, calm())
    return settings


def calm() -> dict[str, list[dict[str, object]]]:
    """Return consumers whom no hostile row names, and what is known of them."""
    people = [*PEOPLE, *CALM]
    return {
        "cliente": [client(*one) for one in people],
        "divida": [debt(f"d-{key}", key) for key, _ in people],
        "pessoa": [person(*one) for one in people],
        "fonte_de_renda": [income(f"f-{key}", cpf) for key, cpf in people],
        "bem": [asset(f"b-{key}", cpf) for key, cpf in people],
    }


def hostile_rows(number: int, *, seed: int) -> dict[str, list[dict[str, Value]]]:
    """Return each fault by itself, and that many mixtures a table, with a debt of each client that is spoilt."""
    makers = {table: Rows(PEOPLE) for table in RELATIONAL}
    for n, maker in enumerate(makers.values()):
        maker.start(100_000 * (n + 1 + 10 * seed))
    made = {
        table.name: [
            *hostile.one_fault_each(table, maker),
            *hostile.mixtures(table, maker, number, seed=seed),
        ]
        for table, maker in makers.items()
    }
    debts = [makers[DIVIDA].sound(DIVIDA) | {"cliente_id": one["id"]} for one in made["cliente"]]
    registers = [
        makers[CLIENTE].sound(CLIENTE) | {"id": words(key), "cpf": words(cpf)} for key, cpf in makers[PESSOA].named
    ]
    return {**made, "divida": [*made["divida"], *debts], "cliente": [*made["cliente"], *registers]}


def judged(rows: Mapping[str, Sequence[Mapping[str, Value]]]) -> dict[str, list[Judged]]:
    judge = Judge(AS_OF)
    for key, cpf in (*PEOPLE, *CALM):
        judge.know_client(key, cpf)
    clients = judge.judge_clients(meaning_of(CLIENTE, row) for row in rows["cliente"])
    others = {table.name: table for table in RELATIONAL if table is not CLIENTE}
    return {"cliente": clients} | {
        name: judge.judge(table, (meaning_of(table, row) for row in rows[name])) for name, table in others.items()
    }


def extracted(sources: Sources) -> list[Extraction]:
    return [extract_range(sources, one, as_of=AS_OF) for one in RANGES]


def plant(settings: Settings, sources: Sources, number: int, *, seed: int) -> dict[str, list[dict[str, Value]]]:
    """Insert hostile rows, and assert what becomes of them and of the calm ones."""
    calm_cpfs = {cpf for _, cpf in CALM}
    undisturbed = lines_of(extracted(sources), RELATIONAL, calm_cpfs)
    rows = hostile_rows(number, seed=seed)
    insert_rows(settings, rows)
    parts = extracted(sources)
    check(parts, judged(rows), calm={name: len(held) for name, held in calm().items()})
    assert lines_of(parts, RELATIONAL, calm_cpfs) == undisturbed
    assert sum(map(len, undisturbed.values())) == len(CALM) * len(RELATIONAL)
    return rows


def test_any_row_is_judged_and_shown(settings, sources):
    rows = plant(settings, sources, 40, seed=1)
    assert sum(map(len, rows.values())) > 2_000
    with running(create_app(settings)) as url, caller(url, settings) as api:
        shown, page = [], "/clientes?page_size=100"
        while page is not None:
            answer = api.get(page)
            assert answer.status_code == 200, answer.text
            PaginaDeClientes.model_validate(answer.json() | {"results": []})
            shown += answer.json()["results"]
            page = answer.json()["next"]
        expected = [row["id"].means for row in rows["cliente"]] + [key for key, _ in (*PEOPLE, *CALM)]
        assert Counter(one["id"] for one in shown) == Counter(expected)
        check_shown(shown, rows["divida"])
        for row in asked_for(rows["pessoa"]):
            answer = api.get(f"/clientes/{quote(row['cliente_id'].given, safe='')}/score-data")
            assert answer.status_code == 200, row
            DadosDeScore.model_validate(answer.json() | {"cpf": PEOPLE[0][1]})


def insert_rows(settings: Settings, rows: Mapping[str, Sequence[Mapping[str, Value]]]) -> None:
    """Insert rows, a table at a time."""
    for store in (Store.A, Store.B):
        engine = sql_engine(settings.secret(f"base_{store.lower()}_admin_url"), timeout=10)
        with engine.begin() as connection:
            for table in tables_of(store):
                target = sa.table(table.name, *(sa.column(column.name) for column in table.columns))
                connection.execute(target.insert(), hostile.given(rows[table.name]))
        engine.dispose()


def asked_for(people: Sequence[Mapping[str, Value]]) -> Iterator[Mapping[str, Value]]:
    """Yield those of odd birth, and some of the others, of the ids that can be asked for."""
    plain = {row["data_nascimento"].given for row in people[:1]}
    for number, row in enumerate(people):
        is_chosen = number % 10 == 0 or row["data_nascimento"].given not in plain
        if is_chosen and re.fullmatch("[!-.0-~]+", str(row["cliente_id"].given)):
            yield row


def check_shown(shown: Sequence[dict[str, Any]], debts: Sequence[Mapping[str, Value]]) -> None:
    """Assert that every consumer is as documented, and that no debt shows which would never be too old to."""
    for one in shown:
        Cliente.model_validate(one | {"cpf": PEOPLE[0][1]})
    due = Counter(debt["vencimento"] for one in shown for debt in one["dividas"])
    assert None not in due
    assert max(due) <= "2200-12-31"
    assert any(row["vencimento"].given == "infinity" for row in debts)


@pytest.mark.long
@pytest.mark.parametrize("number", [4_000])
def test_twenty_thousand_mixtures(make_installation, number):
    settings = make_installation("linhas_muitas")
    change_schema(settings, "base_a", "ALTER TABLE divida DROP CONSTRAINT fk_divida_cliente")
    insert(settings, calm())
    with sources_of(settings) as sources:
        rows = plant(settings, sources, number, seed=2)
    assert sum(map(len, rows.values())) > 20_000


def test_a_text_longer_than_a_block_of_the_reader_is_read(settings, sources):
    """Base B's texts have no length by contract: an installation of its own may hold megabytes in one."""
    change_schema(settings, "base_b", "ALTER TABLE bem ALTER COLUMN tipo TYPE text")
    long = asset("b-longo", PEOPLE[0][1], tipo="x" * 3_000_000)
    insert(settings, {"bem": [long]})
    found = [row for part in extracted(sources) for row in part.tables["bem"].to_pylist() if row["id"] == "b-longo"]
    assert [len(row["tipo"]) for row in found] == [3_000_000]
