"""The ledger of runs on PostgreSQL: what may be taken up again, and one process a date."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from contracts.errors import RunConflictError
from contracts.settings import Settings
from stores import ledger, run_locks
from stores.connections import sql_engine
from stores.run_ids import new_run_id

DAY = date(2025, 6, 30)
COUNTS = ledger.ClientCounts(extraidos=10, pontuados=7, insuficientes=2, rejeitados=1)


@pytest.fixture(scope="module")
def settings(make_installation) -> Settings:
    return make_installation("livro")


@pytest.fixture
def engine(settings: Settings) -> Iterator[sa.Engine]:
    engine = sql_engine(settings.secret("results_url"), timeout=5)
    yield engine
    engine.dispose()
    owner = sql_engine(settings.secret("results_admin_url"), timeout=5)
    with owner.begin() as connection:
        connection.execute(sa.text("delete from execucao"))
    owner.dispose()


@pytest.fixture
def run_id(engine: sa.Engine) -> UUID:
    run_id = new_run_id(datetime.now(UTC))
    ledger.open_run(engine, execucao_id=run_id, data_referencia=DAY, modelo_versao="m1")
    return run_id


def test_an_opened_run_is_under_way_and_can_be_taken_up(engine: sa.Engine, run_id: UUID) -> None:
    assert ledger.resumable_run(engine, DAY, "m1") == run_id
    assert ledger.resumable_run(engine, DAY, "m2") is None
    assert ledger.resumable_run(engine, date(2025, 7, 1), "m1") is None
    run = ledger.get_run(engine, run_id)
    assert run is not None
    assert (run.situacao, run.retomavel, run.extraidos, run.terminada_em) == ("em_andamento", True, None, None)


def test_counts_and_digest_are_kept(engine: sa.Engine, run_id: UUID) -> None:
    ledger.record_counts(engine, run_id, COUNTS, contagens={"cliente": {"lidos": 10}}, impressao="abc")
    ledger.record_counts(engine, run_id, COUNTS, contagens={"cliente": {"lidos": 11}})
    (run,) = ledger.list_runs(engine)
    assert (run.extraidos, run.pontuados, run.insuficientes, run.rejeitados) == (10, 7, 2, 1)
    assert (run.contagens, run.impressao) == ({"cliente": {"lidos": 11}}, "abc")


def test_a_resumable_failure_is_taken_up_and_a_final_one_is_not(engine: sa.Engine, run_id: UUID) -> None:
    ledger.fail_run(engine, run_id, motivo="servidor caiu", retomavel=True)
    assert ledger.resumable_run(engine, DAY, "m1") == run_id
    ledger.open_run(engine, execucao_id=run_id, data_referencia=DAY, modelo_versao="m1")
    run = ledger.get_run(engine, run_id)
    assert run is not None
    assert (run.situacao, run.motivo_falha, run.terminada_em) == ("em_andamento", None, None)

    ledger.fail_run(engine, run_id, motivo="expectativa quebrada", retomavel=False)
    assert ledger.resumable_run(engine, DAY, "m1") is None
    with pytest.raises(RunConflictError):
        ledger.open_run(engine, execucao_id=run_id, data_referencia=DAY, modelo_versao="m1")


def test_a_run_is_not_taken_up_for_another_date_or_model(engine: sa.Engine, run_id: UUID) -> None:
    with pytest.raises(RunConflictError):
        ledger.open_run(engine, execucao_id=run_id, data_referencia=DAY, modelo_versao="m2")


def test_what_is_not_under_way_cannot_fail_or_be_counted(engine: sa.Engine, run_id: UUID) -> None:
    ledger.fail_run(engine, run_id, motivo="x", retomavel=True)
    with pytest.raises(RunConflictError):
        ledger.fail_run(engine, run_id, motivo="y", retomavel=True)
    with pytest.raises(RunConflictError):
        ledger.record_counts(engine, run_id, COUNTS, contagens={})
    assert ledger.get_run(engine, new_run_id(datetime.now(UTC))) is None


def test_runs_are_listed_newest_first(engine: sa.Engine, run_id: UUID) -> None:
    second = new_run_id(datetime.now(UTC))
    ledger.open_run(engine, execucao_id=second, data_referencia=DAY, modelo_versao="m1")
    assert [run.id for run in ledger.list_runs(engine)] == [second, run_id]
    assert [run.id for run in ledger.list_runs(engine, limit=1)] == [second]


def test_a_date_is_locked_against_another_process_until_the_block_or_the_process_ends(
    settings: Settings, engine: sa.Engine
) -> None:
    holder = (
        "import sys; from datetime import date; from stores import run_locks\n"
        "from stores.connections import sql_engine\n"
        "with run_locks.reference_date_lock(sql_engine(sys.stdin.readline().strip(), timeout=5), date(2025, 6, 30)):\n"
        "    print('held', flush=True); sys.stdin.readline()\n"
    )
    with subprocess.Popen([sys.executable, "-c", holder], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(settings.secret("results_url") + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "held\n"
        with pytest.raises(RunConflictError), run_locks.reference_date_lock(engine, DAY):
            pass
        with run_locks.reference_date_lock(engine, date(2025, 7, 1)):
            pass
        process.kill()
    _wait_for_lock(engine)
    with run_locks.reference_date_lock(engine, DAY):
        pass


def _wait_for_lock(engine: sa.Engine) -> None:
    """Wait until the server has noticed that the killed process is gone."""
    with engine.connect() as connection:
        held = sa.text("select pg_sleep(0.05), count(*) from pg_locks where locktype = 'advisory' and classid = :c")
        while connection.execute(held, {"c": run_locks.LOCK_CLASS}).one()[1]:
            connection.rollback()


def begin_earlier(engine: sa.Engine, run_id: UUID) -> None:
    earlier = sa.text("update execucao set iniciada_em = now() - interval '25 hours' where id = :id")
    with engine.begin() as connection:
        connection.execute(earlier, {"id": run_id})


def test_a_run_that_was_killed_and_never_gone_on_with_is_given_up(engine: sa.Engine, run_id: UUID) -> None:
    """Unless some process holds the right to run its date: it may be at work since long ago."""
    limit = datetime.now(UTC) - timedelta(hours=24)
    assert ledger.abandon_stale_runs(engine, begun_before=limit, motivo="w") == ()
    begin_earlier(engine, run_id)
    with run_locks.reference_date_lock(engine, DAY):
        assert run_locks.dates_under_way(engine) == {DAY}
        assert ledger.abandon_stale_runs(engine, begun_before=limit, motivo="w") == ()
    assert run_locks.dates_under_way(engine) == frozenset()
    assert ledger.abandon_stale_runs(engine, begun_before=limit, motivo="w") == (run_id,)
    run = ledger.get_run(engine, run_id)
    assert run is not None
    assert (run.situacao, run.retomavel, run.motivo_falha) == ("falhou", False, "w")


def drop_connections_with_locks(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.execute(
            sa.text("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid = :class"),
            {"class": run_locks.LOCK_CLASS},
        )


def test_the_right_to_a_date_that_was_lost_is_taken_again(engine: sa.Engine) -> None:
    with run_locks.reference_date_lock(engine, DAY) as right:
        drop_connections_with_locks(engine)
        right.confirm()
        assert run_locks.dates_under_way(engine) == {DAY}
        right.confirm()


def test_the_right_to_a_date_that_another_has_taken_is_not(engine: sa.Engine) -> None:
    with run_locks.reference_date_lock(engine, DAY) as right:
        drop_connections_with_locks(engine)
        with run_locks.reference_date_lock(engine, DAY):
            for _ in range(2):
                with pytest.raises(RunConflictError, match="another process"):
                    right.confirm()
        right.confirm()
        assert run_locks.dates_under_way(engine) == {DAY}


def test_a_run_waits_for_an_erasure_and_an_erasure_begins_beside_none(engine: sa.Engine) -> None:
    order = []

    def run() -> None:
        with run_locks.reference_date_lock(engine, DAY):
            order.append("run")
            with pytest.raises(RunConflictError), run_locks.erasure_lock(engine):
                pass

    with ThreadPoolExecutor(1) as pool:
        with run_locks.erasure_lock(engine):
            waiting = pool.submit(run)
            time.sleep(run_locks.POLL_SECONDS / 2)
            order.append("erasure")
        waiting.result()
    assert order == ["erasure", "run"]
    with run_locks.erasure_lock(engine), pytest.raises(RunConflictError), run_locks.erasure_lock(engine):
        pass
