"""A store that fails says so as the engine's own error, with an address and nothing personal."""

import logging
import socket

import pytest
import sqlalchemy as sa

from contracts.errors import StoreContractError, StoreUnavailableError
from contracts.extraction import CpfRange
from extract import base_a, base_b, base_c
from extract.extraction import extract_range
from extract.partitions import plan_ranges
from extract.sources import Sources
from stores.connections import mongo_database, sql_engine
from tests.extract_samples import AS_OF, change_schema, client, cpf_of, insert, sources_of

LOWER, UPPER = cpf_of(111222333), cpf_of(444555666)
BOUNDED = CpfRange(4, LOWER, UPPER)


@pytest.fixture(scope="module")
def settings(make_installation):
    return make_installation("extract_erros")


@pytest.fixture
def sources(settings):
    with sources_of(settings) as opened:
        yield opened


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_closed_port_is_a_store_that_may_be_tried_again(sources):
    port = free_port()
    engine = sql_engine(f"postgresql+psycopg2://maria:segredo@127.0.0.1:{port}/base_a", timeout=2)
    mongo = mongo_database(f"mongodb://maria:segredo@127.0.0.1:{port}/base_c", timeout=0.5)
    broken = (
        lambda: extract_range(Sources(engine, sources.base_b, sources.base_c), BOUNDED, as_of=AS_OF),
        lambda: extract_range(Sources(sources.base_a, engine, sources.base_c), BOUNDED, as_of=AS_OF),
        lambda: extract_range(Sources(sources.base_a, sources.base_b, mongo), BOUNDED, as_of=AS_OF),
        lambda: plan_ranges(engine, range_size=10),
    )
    for attempt in broken:
        with pytest.raises(StoreUnavailableError) as caught:
            attempt()
        assert f"127.0.0.1:{port}" in str(caught.value)
        assert "segredo" not in str(caught.value)
        assert "maria" not in str(caught.value)
    mongo.client.close()


def test_a_missing_table_breaks_the_contract_and_the_error_quotes_no_statement(settings, sources, caplog):
    change_schema(settings, "base_b", "ALTER TABLE bem RENAME TO bem_fora")
    try:
        with caplog.at_level(logging.DEBUG), pytest.raises(StoreContractError) as caught:
            base_b.read_range(sources.base_b, BOUNDED)
    finally:
        change_schema(settings, "base_b", "ALTER TABLE bem_fora RENAME TO bem")
    shown = f"{caught.value} {caught.value.__cause__} {caplog.text}"
    assert "PostgreSQL" in shown
    assert caught.value.__suppress_context__
    assert LOWER not in shown
    assert UPPER not in shown


def test_a_connection_cut_by_the_server_may_be_tried_again(settings):
    engine = sql_engine(settings.secret("base_b_url"), timeout=5, statement_timeout=0.2)
    slow = {next(iter(base_b.range_queries(BOUNDED))): sa.select(sa.func.pg_sleep(5).label("cpf"))}
    with pytest.raises(StoreUnavailableError):
        base_a.read_queries(engine, slow)
    engine.dispose()


def test_extraction_logs_no_cpf(settings, sources, caplog):
    insert(settings, {"cliente": [client("c1", LOWER)], "consultas": [{"cpf": LOWER, "empresa": 7}]})
    with caplog.at_level(logging.DEBUG):
        plan_ranges(sources.base_a, range_size=1)
        extraction = extract_range(sources, BOUNDED, as_of=AS_OF)
    assert extraction.counts["consultas"].rejected == {"tipo_errado": 1}
    spoken = [record.getMessage() for record in caplog.records if not record.name.startswith("pymongo")]
    assert not [text for text in spoken if LOWER in text or UPPER in text]


def test_reading_needs_only_the_right_to_read(sources):
    assert set(base_a.read_range(sources.base_a, BOUNDED)) == {"cliente", "divida"}
    assert set(base_c.read_strays(sources.base_c)) == {"consultas", "movimentacoes", "compras"}
    with sources.base_a.connect() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.execute(sa.text("DELETE FROM cliente"))
