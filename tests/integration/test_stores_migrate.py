"""Migrations on real servers: they may run again and side by side, and leave each login its least rights."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
import sqlalchemy as sa

from contracts.errors import StoreContractError, UsageError
from contracts.settings import Settings
from stores.check import check_stores
from stores.connections import mongo_database, sql_engine
from stores.migrate import migrate


@pytest.fixture(scope="module")
def settings(make_installation) -> Settings:
    return make_installation("migrado")


RESULTS_STEPS = 7
RUN = UUID("01890000-0000-7000-8000-000000000001")


def test_migrated_stores_equal_their_declaration(settings: Settings) -> None:
    assert [str(problem) for problem in check_stores(settings)] == []


def test_a_second_migration_applies_nothing(settings: Settings) -> None:
    assert migrate(settings) == []


def test_two_migrations_at_once_apply_each_step_once(settings: Settings) -> None:
    _forget_results(settings)
    with ThreadPoolExecutor(2) as pool:
        applied = [future.result() for future in [pool.submit(migrate, settings) for _ in range(2)]]
    assert sorted(map(len, applied)) == [0, RESULTS_STEPS]


def test_the_engine_publishes_with_its_own_login(settings: Settings) -> None:
    engine = sql_engine(settings.secret("results_url"), timeout=5)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "insert into execucao (id, data_referencia, modelo_versao, situacao, iniciada_em) "
                "values (:run, '2025-06-30', 'm', 'publicada', now())"
            ),
            {"run": RUN},
        )
        connection.execute(sa.text(f"create table score_{RUN.hex} partition of score for values in ('{RUN}')"))
        connection.execute(
            sa.text(
                "insert into score values (:run, 'c1', '00000000191', 500, 0.1, 'regular', 'OK', '[]', "
                "'2025-06-30', 'm')"
            ),
            {"run": RUN},
        )
    with engine.connect() as connection:
        assert connection.scalar(sa.text("select count(*) from score_vigente")) == 1
    with engine.begin() as connection:
        connection.execute(sa.text(f"drop table score_{RUN.hex}"))
    engine.dispose()
    owner = sql_engine(settings.secret("results_admin_url"), timeout=5)
    with owner.begin() as connection:
        connection.execute(sa.text("delete from execucao"))
    owner.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "update auditoria set recurso = 'x'",
        "delete from auditoria",
        "truncate auditoria",
        "delete from auditoria_diario",
        "delete from execucao",
        "drop table execucao",
        "create role intruso",
    ],
)
def test_the_engine_cannot_do_what_it_need_not(settings: Settings, statement: str) -> None:
    engine = sql_engine(settings.secret("results_url"), timeout=5)
    with engine.connect() as connection, pytest.raises(sa.exc.ProgrammingError):
        connection.execute(sa.text(statement))
    engine.dispose()


def test_two_published_runs_cannot_stand_side_by_side(settings: Settings) -> None:
    engine = sql_engine(settings.secret("results_url"), timeout=5)
    insert = (
        "insert into execucao (id, data_referencia, modelo_versao, situacao, iniciada_em) "
        "values (gen_random_uuid(), '2025-06-30', 'm', 'publicada', now())"
    )
    with engine.connect() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(sa.text(f"{insert}; {insert}"))
    engine.dispose()


def test_readers_of_a_b_and_c_cannot_write(settings: Settings) -> None:
    for store, table in (("base_a", "divida"), ("base_b", "bem")):
        engine = sql_engine(settings.secret(f"{store}_url"), timeout=5)
        with engine.connect() as connection, pytest.raises(sa.exc.DatabaseError):
            connection.execute(sa.text(f"delete from {table}"))
        engine.dispose()
    database = mongo_database(settings.secret("base_c_url"), timeout=5)
    with database.client, pytest.raises(Exception, match="not authorized"):
        database["compras"].insert_one({"cpf": "1"})


def _forget_results(settings: Settings) -> None:
    engine = sql_engine(settings.secret("results_admin_url"), timeout=5)
    with engine.begin() as connection:
        connection.execute(sa.text("drop view score_vigente"))
        connection.execute(
            sa.text(
                "drop table pedido_apagamento, revisao, apagamento, auditoria_diario, auditoria, rejeitado, score,"
                " execucao, modelo, alembic_version"
            )
        )
    engine.dispose()


def test_one_store_can_be_migrated_alone(installation: Settings) -> None:
    """An owner who keeps Base A read-only, or shows it through views, still migrates the results."""
    url = installation.base_a_admin_url
    without_a = installation.model_copy(update={"base_a_admin_url": None})
    assert url is not None
    assert migrate(without_a, stores=("results",)) == []
    with pytest.raises(UsageError, match="no such store: base_x"):
        migrate(without_a, stores=("results", "base_x"))


def test_a_step_that_cannot_be_applied_is_one_clear_line(installation: Settings) -> None:
    """A view stands where the migration would make a table."""
    engine = sql_engine(installation.secret("base_b_admin_url"), timeout=10)
    with engine.begin() as connection:
        connection.execute(sa.text("drop table alembic_version"))
        connection.execute(sa.text("drop table bem"))
        connection.execute(sa.text("create view bem as select 1 as id"))
    engine.dispose()
    with pytest.raises(StoreContractError, match=r"base_b cannot be migrated: .*exists"):
        migrate(installation, stores=("base_b",))
