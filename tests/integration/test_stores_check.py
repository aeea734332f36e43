"""`check_stores`: everything wrong in every store is reported together, in time, and nothing hangs."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from contracts.settings import Settings, load_settings
from stores.check import check_stores
from stores.connections import mongo_database, sql_engine

LIMIT_SECONDS = 15


@pytest.fixture
def silent_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _changed(settings: Settings, **changes: object) -> Settings:
    values = {name: getattr(settings, name) for name in settings.model_fields_set}
    return load_settings({**values, **changes})


def _run_as_owner(settings: Settings, store: str, *statements: str) -> None:
    engine = sql_engine(settings.secret(f"{store}_admin_url"), timeout=5)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def test_all_that_is_wrong_is_reported_together_and_in_time(installation: Settings, silent_port: int) -> None:
    _run_as_owner(installation, "base_b", "drop table bem", "drop index ix_fonte_de_renda_cpf")
    wrong_login = sa.make_url(installation.secret("results_url")).set(password="errada")
    settings = _changed(
        installation,
        base_a_url=f"oracle+oracledb://leitor:segredo@127.0.0.1:{silent_port}/?service_name=BASEA",
        base_c_url=f"mongodb://leitor:segredo@127.0.0.1:{_closed_port()}/base_c",
        redis_url=f"redis://:segredo@127.0.0.1:{silent_port}/0",
        results_url=wrong_login.render_as_string(hide_password=False),
        lake="/proc/nada",
    )
    began = time.monotonic()
    problems = check_stores(settings)
    assert time.monotonic() - began < LIMIT_SECONDS

    found = {(p.store, p.what): str(p) for p in problems}
    assert "no answer" in found["base_a", "connection"]
    assert "table bem does not exist" in found["base_b", "table"]
    assert "fonte_de_renda has no index that begins with (cpf)" in found["base_b", "index"]
    assert "nothing listens there" in found["base_c", "connection"]
    assert "login refused" in found["results", "connection"]
    assert "no answer" in found["redis", "connection"]
    assert "cannot be written" in found["lake", "rights"]
    assert len(found) == len(problems) == 7
    text = " ".join(found.values())
    assert "segredo" not in text
    assert "errada" not in text


def test_a_silent_peer_in_every_place_does_not_hang(installation: Settings, silent_port: int) -> None:
    peer = f"someone:x@127.0.0.1:{silent_port}"
    settings = _changed(
        installation,
        base_a_url=f"postgresql+psycopg2://{peer}/a",
        base_b_url=f"postgresql+psycopg2://{peer}/b",
        base_c_url=f"mongodb://{peer}/c",
        results_url=f"postgresql+psycopg2://{peer}/score",
        redis_url=f"redis://{peer}/0",
        store_timeout_seconds=2,
    )
    began = time.monotonic()
    problems = check_stores(settings)
    assert time.monotonic() - began < LIMIT_SECONDS
    assert [p.store for p in problems] == ["base_a", "base_b", "base_c", "results", "redis"]
    assert all("no answer" in p.message for p in problems)


def test_more_rights_than_needed_are_warned_of(installation: Settings) -> None:
    owners = {f"{store}_url": installation.secret(f"{store}_admin_url") for store in ("base_a", "base_b", "base_c")}
    problems = check_stores(_changed(installation, **owners))
    assert {p.severity for p in problems} == {"warning"}
    messages = {p.store: p.message for p in problems}
    assert "owns table" in messages["base_a"]
    assert "owns table" in messages["base_b"]
    assert "readWrite" in messages["base_c"] or "insert" in messages["base_c"]


def test_single_writing_rights_and_missing_ones_are_found(installation: Settings) -> None:
    reader = sa.make_url(installation.secret("base_b_url")).username
    engine_role = sa.make_url(installation.secret("results_url")).username
    _run_as_owner(
        installation, "base_b", f'grant insert, delete on bem to "{reader}"', f'revoke select on pessoa from "{reader}"'
    )
    _run_as_owner(
        installation,
        "results",
        f'revoke insert on rejeitado from "{engine_role}"',
        f'grant update on auditoria to "{engine_role}"',
    )
    found = {(p.store, p.severity, p.message) for p in check_stores(installation)}
    assert found == {
        ("base_b", "error", "this login may not read table pessoa"),
        ("base_b", "warning", "the engine needs only to read, but its login may insert, delete in bem"),
        ("results", "error", "no insert right on rejeitado"),
        ("results", "warning", "the audit trail can be altered by the engine's login"),
    }


def test_wrong_types_missing_columns_and_lost_uniqueness_are_found(installation: Settings) -> None:
    _run_as_owner(
        installation,
        "base_b",
        "alter table bem alter valor_estimado type double precision",
        "alter table fonte_de_renda alter registrada_em type timestamptz",
        "alter table fonte_de_renda drop column frequencia",
        "alter table pessoa alter cliente_id drop not null",
        "alter table pessoa drop constraint uq_pessoa_cliente_id",
        "create index ix_pessoa_cliente_id on pessoa (cliente_id, uf)",
    )
    messages = [p.message for p in check_stores(installation)]
    assert any(m.startswith("column bem.valor_estimado is double precision") for m in messages)
    assert any(m.startswith("column fonte_de_renda.registrada_em is timestamp with time zone") for m in messages)
    assert "column fonte_de_renda.frequencia does not exist" in messages
    assert "column pessoa.cliente_id may be null" in messages
    assert "table pessoa: (cliente_id) is not declared unique" in messages
    assert len(messages) == 5


def test_a_view_in_a_tables_place_passes_with_a_warning(installation: Settings) -> None:
    reader = sa.make_url(installation.secret("base_b_url")).username
    _run_as_owner(
        installation,
        "base_b",
        "alter table bem rename to bens_do_cliente",
        "create view bem as select * from bens_do_cliente",
        f'grant select on bem to "{reader}"',
    )
    assert [(p.what, p.severity) for p in check_stores(installation)] == [("index", "warning")]


def test_missing_indexes_of_the_listing_are_warned_of(installation: Settings) -> None:
    _run_as_owner(installation, "base_a", "drop index ix_cliente_busca", "drop index ix_cliente_uf")
    found = [(p.store, p.what, p.severity, p.message) for p in check_stores(installation)]
    assert found == [
        ("base_a", "index", "warning", f"no index {name}: the API's listing will be slow")
        for name in ("ix_cliente_uf", "ix_cliente_busca")
    ]


def test_missing_events_index_and_an_old_results_schema_are_found(installation: Settings) -> None:
    database = mongo_database(installation.secret("base_c_admin_url"), timeout=5)
    with database.client:
        database["compras"].drop_indexes()
        database["consultas"].drop()
    _run_as_owner(installation, "results", "update alembic_version set version_num = 'r0000'")
    found = {(p.store, p.what): p.message for p in check_stores(installation)}
    assert "compras has no index" in found["base_c", "index"]
    assert "collection consultas does not exist" in found["base_c", "table"]
    assert "r0000" in found["results", "version"]


def test_stores_that_are_not_configured_are_all_named(tmp_path) -> None:
    problems = check_stores(load_settings({"var": tmp_path}))
    assert {p.store for p in problems} == {"base_a", "base_b", "base_c", "results", "redis"}
    assert all("is not set" in p.message for p in problems)


def test_checking_leaves_nothing_where_the_lake_will_be(tmp_path: Path) -> None:
    var = tmp_path / "var"
    for settings in (load_settings({"var": var}), load_settings({"var": var, "lake": f"file://{var}/outro"})):
        assert "lake" not in {problem.store for problem in check_stores(settings)}
        assert list(tmp_path.iterdir()) == []
    (var / "lake").mkdir(parents=True)
    check_stores(load_settings({"var": var}))
    assert [path.name for path in var.rglob("*")] == ["lake"]


def test_a_missing_driver_and_a_lake_below_a_file_are_told_without_secrets(tmp_path: Path) -> None:
    given = {"var": tmp_path, "base_a_url": "postgresql+nada://u:segredo@127.0.0.1/d", "lake": "/dev/null/lake"}
    problems = {problem.store: problem.message for problem in check_stores(load_settings(given))}
    assert "no driver for postgresql+nada://" in problems["base_a"]
    assert "/dev/null/lake cannot be written" in problems["lake"]
    assert "segredo" not in str(problems)
