"""From the journal to PostgreSQL: every record once, whatever stands in the way."""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from contracts.errors import StoreUnavailableError
from contracts.settings import Settings, load_settings
from serve.auditing import shipper as shipping
from serve.auditing.direct import DirectAudit, record_now
from serve.auditing.entry import AuditSink
from serve.auditing.journal import AuditJournal
from serve.auditing.segment import segment_paths
from serve.auditing.segment_reader import DAMAGED_SUFFIX
from serve.auditing.shipper import AuditShipper
from serve.auditing.sidecar import ship_folder
from serve.auditing.sink import KeptJournal, ShippedJournal, make_sink, shipping_store
from serve.sources.sql_store import SqlStore
from stores.connections import sql_engine
from stores.embedded.postgres import PostgresServer
from stores.migrate import migrate
from tests.audit_samples import MOMENT, ROUTE, entry, subject
from tests.flows.conftest import environment_of
from tests.store_processes import StoreProcess
from tests.tcp_faults import Cut, Pass, Refuse, Reset, TcpFaults

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def stores(make_installation) -> Settings:
    return make_installation("remessa")


@pytest.fixture
def settings(stores, tmp_path) -> Settings:
    """The module's stores, an empty journal folder, and an empty audit."""
    run_as_owner(stores, "TRUNCATE auditoria, auditoria_diario")
    return stores.model_copy(update={"audit_dir": tmp_path / "auditoria"})


def run_as_owner(settings: Settings, statement: str) -> None:
    engine = sql_engine(settings.secret("results_admin_url"), timeout=5)
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


def rows(settings: Settings, columns: str = "requisicao_id", table: str = "auditoria") -> list[tuple]:
    engine = sql_engine(settings.secret("results_url"), timeout=5)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(sa.text(f"SELECT {columns} FROM {table} ORDER BY id"))]
    engine.dispose()
    return found


def names(*numbers: int) -> list[tuple[str]]:
    return [(entry(number).requisicao_id,) for number in numbers]


def journal_of(settings: Settings, *numbers: int, segment_bytes: int = 1 << 20) -> AuditJournal:
    """Return a journal that recorded requests of these numbers, and is open still."""
    journal = AuditJournal(settings.audit_root, segment_bytes=segment_bytes)
    journal.open()

    async def record() -> None:
        for number in numbers:
            await journal.record(entry(number))

    asyncio.run(record())
    return journal


def leave_behind(settings: Settings, *numbers: int, segment_bytes: int = 1 << 20) -> None:
    """Record requests as a process that ends without shipping them."""
    asyncio.run(journal_of(settings, *numbers, segment_bytes=segment_bytes).close())


async def is_recorded(sink: KeptJournal, number: int) -> bool:
    try:
        await sink.record(entry(number))
    except StoreUnavailableError:
        return False
    return True


def with_shipper(settings: Settings, work: Callable[[AuditShipper], Awaitable[None]]) -> None:
    async def run() -> None:
        results = shipping_store(settings)
        try:
            await work(AuditShipper(settings.audit_root, results))
        finally:
            await results.close()

    asyncio.run(run())


def test_a_record_arrives_as_it_was_with_the_reads_own_time(settings):
    async def record() -> None:
        journal = AuditJournal(settings.audit_root)
        journal.open()
        await journal.record(entry(1, subjects=3))
        await journal.record(entry(5, titular=True, resultado=404, consulente="a\x00é🙂", finalidade='"q"'))
        await journal.close()

    asyncio.run(record())
    assert ship_folder(settings).records == 2
    columns = "momento, consulente, sujeito, recurso, finalidade, resultado, requisicao_id, titular"
    assert rows(settings, columns) == [
        *((MOMENT, "banco-teste", subject(n), ROUTE, "concessao_de_credito", 200, "r000001", False) for n in (1, 2, 3)),
        (MOMENT, "a\ufffdé🙂", subject(5), ROUTE, '"q"', 404, "r000005", True),
    ]
    [(size, records, damaged)] = rows(settings, "bytes, registros, danificados", "auditoria_diario")
    assert (size > 500, records, damaged) == (True, 2, 0)
    assert segment_paths(settings.audit_root) == []


def test_a_living_process_s_segment_is_shipped_and_left_to_it(settings):
    journal = journal_of(settings, 1, 2)
    assert ship_folder(settings).records == 2
    assert ship_folder(settings).records == 0
    asyncio.run(journal.record(entry(3)))
    assert ship_folder(settings).records == 1
    assert len(segment_paths(settings.audit_root)) == 1
    asyncio.run(journal.close())
    assert ship_folder(settings).segments_removed == 1
    assert rows(settings) == names(1, 2, 3)


def test_a_long_backlog_goes_piece_by_piece(settings):
    """A gigabyte waits after hours without PostgreSQL: it passes through memory in bounded pieces."""
    leave_behind(settings, *range(5000), segment_bytes=600_000)
    assert len(segment_paths(settings.audit_root)) == 2
    assert ship_folder(settings).records == 5000
    assert sorted(rows(settings)) == names(*range(5000))


def test_a_copied_or_renamed_segment_adds_nothing(settings):
    """A backup put back, a file moved about: what counts is the identity in the segment, not the file's name."""
    leave_behind(settings, 1, 2, 3)
    [path] = segment_paths(settings.audit_root)
    shutil.copy(path, path.with_name("copia.diario"))
    backup = settings.audit_root.parent / "guardado"
    shutil.copy(path, backup)
    path.rename(path.with_name("outro.diario"))
    ship_folder(settings)
    shutil.copy(backup, path)
    assert ship_folder(settings).records == 0
    assert rows(settings) == names(1, 2, 3)
    assert segment_paths(settings.audit_root) == []


def test_a_copy_torn_in_a_record_does_not_keep_the_record_from_its_original(settings):
    journal = journal_of(settings, 1, 2, 3)
    [path] = segment_paths(settings.audit_root)
    data = path.read_bytes()
    for size in (len(data) - 1, len(data) - 100, len(data) - 400, 40, 1, 0):
        path.with_name(f"copia{size}.diario").write_bytes(data[:size])
        ship_folder(settings)
    asyncio.run(journal.record(entry(4)))
    assert [path] == segment_paths(settings.audit_root)
    ship_folder(settings)
    assert rows(settings) == names(1, 2, 3, 4)
    asyncio.run(journal.close())


def test_damage_is_told_counted_and_passed_over(settings, caplog):
    leave_behind(settings, *range(20))
    [path] = segment_paths(settings.audit_root)
    data = bytearray(path.read_bytes())
    fifth = data.index(b"r000005")
    data[fifth - 30 : fifth + 10] = bytes(40)
    path.write_bytes(data[:-7])
    ship_folder(settings)
    assert rows(settings) == names(*(number for number in range(19) if number != 5))
    [(damaged,)] = rows(settings, "danificados", "auditoria_diario")
    assert damaged > 200
    assert f"segment {path.name}" in caplog.text
    told = re.findall(r"(\d+) are of no whole record", caplog.text)
    assert sum(map(int, told)) == damaged
    assert subject(5) not in caplog.text


@pytest.mark.parametrize("more", [0, 1, 100], ids=["header alone", "one byte", "most of a record"])
def test_a_process_killed_before_its_first_record_was_whole_leaves_nothing_behind(settings, more):
    leave_behind(settings, 1)
    [path] = segment_paths(settings.audit_root)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"\n") + 1 + more])
    assert ship_folder(settings).records == 0
    assert segment_paths(settings.audit_root) == []
    assert sum(damaged for (damaged,) in rows(settings, "danificados", "auditoria_diario")) == more


def test_what_nobody_can_read_is_kept_and_holds_up_nothing(settings, caplog):
    leave_behind(settings, 1)
    strange = settings.audit_root / "a.diario"
    strange.write_bytes(b"\0" * 5000)
    ship_folder(settings)
    assert rows(settings) == names(1)
    assert strange.with_suffix(DAMAGED_SUFFIX).read_bytes() == b"\0" * 5000
    assert "a.diario cannot be read" in caplog.text


def test_a_shipper_goes_on_where_a_dead_one_left_off(settings):
    """Between the commit and the removal of the file there is a moment to die in."""
    leave_behind(settings, 1, 2)
    [path] = segment_paths(settings.audit_root)
    data = path.read_bytes()
    ship_folder(settings)
    path.write_bytes(data)
    assert ship_folder(settings).records == 0
    assert rows(settings) == names(1, 2)


def test_an_audit_restored_from_a_backup_takes_again_what_it_lost(settings):
    journal = journal_of(settings, 1, 2)

    async def ship_restore_and_ship(shipper: AuditShipper) -> None:
        await shipper.ship_all()
        run_as_owner(settings, "TRUNCATE auditoria, auditoria_diario")
        await journal.record(entry(3))
        await shipper.ship_all()

    with_shipper(settings, ship_restore_and_ship)
    assert rows(settings) == names(1, 2, 3)
    asyncio.run(journal.close())


def test_many_shippers_at_once_ship_each_record_once(settings):
    """Two processes of the command line at the same folder, and a shipper inside the process that records."""
    leave_behind(settings, *range(3000), segment_bytes=100_000)

    async def record_and_ship() -> None:
        results = shipping_store(settings)
        journal = AuditJournal(settings.audit_root, segment_bytes=20_000)
        shipper = AuditShipper(settings.audit_root, results, own=lambda: journal.path)
        sink = ShippedJournal(journal, shipper, results)
        await sink.open()
        commands = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "flows.cli", "audit", "ship", "--once"), env=environment_of(settings), cwd=ROOT
            )
            for _ in range(2)
        ]
        waiting = asyncio.gather(*(command.wait() for command in commands))
        number = 3000
        while not waiting.done():
            await sink.record(entry(number))
            number += 1
            await asyncio.sleep(0.002)
        assert await waiting == [0] * 2
        await sink.close()
        assert sorted(rows(settings)) == names(*range(number))

    asyncio.run(record_and_ship())
    assert segment_paths(settings.audit_root) == []


def test_a_process_cares_for_its_own_and_the_dead_and_only_now_and_then_for_the_living(settings, monkeypatch):
    """So that the processes of one API do not all ship everything; what one of them does not ship arrives even so."""
    monkeypatch.setattr(shipping, "PAUSE_SECONDS", 0.01)
    leave_behind(settings, 1)
    another = journal_of(settings, 2)

    async def record() -> None:
        sink = make_sink(settings, None)
        await sink.open()
        await sink.record(entry(3))
        await wait_for_rows(settings, 3)
        await another.record(entry(4))
        await sink.record(entry(5))
        await wait_for_rows(settings, 4)
        await wait_for_no_lag(sink)
        assert sorted(rows(settings)) == names(1, 2, 3, 5)
        monkeypatch.setattr(shipping, "PATROL_SECONDS", 0.0)
        await wait_for_rows(settings, 5)
        await sink.close()

    monkeypatch.setattr(shipping, "PATROL_SECONDS", 2.0)
    asyncio.run(record())
    assert sorted(rows(settings)) == names(1, 2, 3, 4, 5)
    asyncio.run(another.close())


async def wait_for_rows(settings: Settings, number: int) -> None:
    deadline = time.monotonic() + 20
    while len(rows(settings)) < number and time.monotonic() < deadline:
        await asyncio.sleep(0.02)


async def wait_for_no_lag(sink: AuditSink) -> None:
    """Rows are seen in PostgreSQL before whoever shipped them knows that they are."""
    deadline = time.monotonic() + 20
    while sink.lag().bytes_waiting and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    assert sink.lag().bytes_waiting == 0


def test_with_postgresql_out_of_reach_reads_go_on_and_wait(settings):
    """The lag tells how much and how long; what waits arrives once PostgreSQL is back."""
    port = sa.make_url(settings.secret("results_url")).port
    assert port is not None
    with TcpFaults(port) as faults:
        through = settings.model_copy(update={"results_url": _through(settings, faults.port)})

        async def record() -> None:
            sink = make_sink(through, None)
            faults.apply(Refuse())
            await sink.open()
            for number in range(50):
                await sink.record(entry(number, momento=datetime.now(UTC)))
            await asyncio.sleep(1)
            lag = sink.lag()
            assert lag.bytes_waiting > 50 * 150
            assert 1 <= lag.oldest_seconds < 20
            assert rows(settings) == []
            faults.apply(Pass())
            deadline = time.monotonic() + 20
            while sink.lag().bytes_waiting and time.monotonic() < deadline:
                await asyncio.sleep(0.05)
            assert (sink.lag().bytes_waiting, sink.lag().oldest_seconds) == (0, 0.0)
            await sink.close()

        asyncio.run(record())
    assert rows(settings) == names(*range(50))


def test_connections_cut_at_any_moment_neither_lose_nor_repeat(settings, monkeypatch):
    """Also between PostgreSQL's commit and its reply: then only PostgreSQL knows what it has."""
    monkeypatch.setattr(shipping, "LONGEST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(shipping, "PAUSE_SECONDS", 0.01)
    chance = random.Random(os.getpid())
    port = sa.make_url(settings.secret("results_url")).port
    assert port is not None
    with TcpFaults(port) as faults:
        through = settings.model_copy(update={"results_url": _through(settings, faults.port)})

        async def record() -> int:
            sink = make_sink(through, None)
            await sink.open()
            number = 0
            for _ in range(60):
                faults.apply(chance.choice([Pass(), Pass(), Reset(), Cut()]))
                for _ in range(chance.randrange(12)):
                    await sink.record(entry(number))
                    number += 1
                    await asyncio.sleep(chance.uniform(0, 0.004))
            faults.apply(Pass())
            await sink.close()
            return number

        recorded = asyncio.run(record())
    ship_folder(settings)
    assert sorted(rows(settings)) == names(*range(recorded))


def _through(settings: Settings, port: int) -> SecretStr:
    url = sa.make_url(settings.secret("results_url")).set(host="127.0.0.1", port=port)
    return SecretStr(url.render_as_string(hide_password=False))


@pytest.fixture
def own_postgres(tmp_path, tmp_path_factory) -> Iterator[tuple[StoreProcess, Settings]]:
    with StoreProcess(PostgresServer, tmp_path_factory.mktemp("postgres")) as process:
        settings = load_settings({**process.urls, "var": tmp_path, "audit_dir": tmp_path / "auditoria"})
        migrate(settings, stores=("results",))
        yield process, settings


def test_postgresql_killed_in_the_middle_of_shipping_has_every_record_once(own_postgres):
    process, settings = own_postgres
    chance = random.Random(os.getpid())

    async def record() -> int:
        sink = make_sink(settings, None)
        await sink.open()
        number = 0
        for _ in range(2):
            end = time.monotonic() + chance.uniform(0.3, 0.6)
            while time.monotonic() < end:
                await sink.record(entry(number, subjects=20))
                number += 20
                await asyncio.sleep(0.001)
            await asyncio.to_thread(process.kill)
            await sink.record(entry(number, subjects=20))
            number += 20
            await asyncio.to_thread(process.start)
        await sink.close()
        return number

    recorded = asyncio.run(record())
    ship_folder(settings)
    assert sorted(rows(settings, "sujeito")) == [(subject(number),) for number in range(recorded)]


def test_closing_ships_what_is_left_and_removes_the_file(settings):
    async def record() -> None:
        sink = make_sink(settings, None)
        await sink.open()
        await sink.record(entry(1))
        await sink.close()

    asyncio.run(record())
    assert rows(settings) == names(1)
    assert segment_paths(settings.audit_root) == []


def test_closing_without_postgresql_takes_a_few_seconds_and_leaves_it_to_the_next(settings):
    nowhere = settings.model_copy(update={"results_url": SecretStr("postgresql+psycopg2://a:b@127.0.0.1:1/score")})

    async def record() -> None:
        sink = make_sink(nowhere, None)
        await sink.open()
        await sink.record(entry(1))
        await sink.close()

    began = time.monotonic()
    asyncio.run(record())
    assert time.monotonic() - began < 10
    ship_folder(settings)
    assert rows(settings) == names(1)


def test_the_sidecar_ships_until_it_is_told_to_stop(settings):
    journal = journal_of(settings, 1)
    command = [sys.executable, "-m", "flows.cli", "audit", "ship"]
    sidecar = subprocess.Popen(command, env=environment_of(settings), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not rows(settings) and time.monotonic() < deadline:
        time.sleep(0.1)
    asyncio.run(journal.record(entry(2)))
    while len(rows(settings)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    sidecar.terminate()
    told, _ = sidecar.communicate(timeout=20)
    assert sidecar.returncode == 0
    assert "2 records shipped" in told
    asyncio.run(journal.close())


def test_a_journal_that_another_process_ships_is_refilled_once_it_has(settings, monkeypatch):
    """A system without the results' URL: it looks at the folder to see what still waits."""
    monkeypatch.setattr("serve.auditing.sink.LOOK_SECONDS", 0.02)

    async def record_until_refused_and_again() -> int:
        journal = AuditJournal(settings.audit_root, max_bytes=1000, segment_bytes=400)
        sink = KeptJournal(journal, settings.audit_root)
        await sink.open()
        number = 0
        while await is_recorded(sink, number):
            number += 1
        await asyncio.to_thread(ship_folder, settings)
        await asyncio.sleep(0.2)
        await sink.record(entry(number))
        assert 0 < sink.lag().bytes_waiting < 1000
        await sink.close()
        return number + 1

    recorded = asyncio.run(record_until_refused_and_again())
    assert recorded > 3
    ship_folder(settings)
    assert sorted(rows(settings)) == names(*range(recorded))


def test_direct_records_are_committed_when_they_are_taken(settings):
    async def record() -> None:
        results = SqlStore(settings.secret("results_url"), store="results", timeout=2)
        sink = make_sink(settings.model_copy(update={"audit_mode": "direto"}), results)
        assert isinstance(sink, DirectAudit)
        await sink.record(entry(1, subjects=2, titular=True, consulente="a\x00"))
        assert rows(settings, "sujeito, titular, consulente") == [(subject(n), True, "a\ufffd") for n in (1, 2)]
        await sink.record(entry(9, subjects=0))
        assert sink.lag().bytes_waiting == 0
        await results.close()

    asyncio.run(record())
    assert len(rows(settings)) == 2
    assert not settings.audit_root.exists()


def test_direct_records_that_cannot_be_committed_are_refused(settings):
    nowhere = "postgresql+psycopg2://a:b@127.0.0.1:1/score"

    async def record() -> None:
        results = SqlStore(nowhere, store="results", timeout=2)
        with pytest.raises(StoreUnavailableError):
            await DirectAudit(results).record(entry(1))
        await results.close()

    asyncio.run(record())
    engine = sql_engine(nowhere, timeout=2)
    with pytest.raises(StoreUnavailableError):
        record_now(engine, entry(1))


def test_a_shipper_without_its_tables_says_so_and_loses_nothing(settings, caplog):
    """An API that is newer than the results' migrations."""
    journal = journal_of(settings, 1)
    run_as_owner(settings, "ALTER TABLE auditoria_diario RENAME TO outra")

    async def run_a_while(shipper: AuditShipper) -> None:
        task = asyncio.create_task(shipper.run())
        await asyncio.sleep(0.5)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert shipper.lag().oldest_seconds > timedelta(minutes=1).total_seconds()

    try:
        with_shipper(settings, run_a_while)
    finally:
        run_as_owner(settings, "ALTER TABLE outra RENAME TO auditoria_diario")
    assert "cannot be shipped (ProgrammingError)" in caplog.text
    asyncio.run(journal.close())
    ship_folder(settings)
    assert rows(settings) == names(1)
