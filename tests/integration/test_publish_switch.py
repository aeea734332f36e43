"""Publishing on real PostgreSQL and Redis: whole runs only, repeatable, reversible, repairable."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import date
from uuid import UUID

import pyarrow as pa
import pytest
import redis
import sqlalchemy as sa

from contracts.errors import DataIntegrityError, RunConflictError, StoreUnavailableError
from contracts.extraction import REJECTS_SCHEMA
from contracts.settings import Settings
from serve.published.key_layout import POINTER_KEY, Pointer, client_prefix
from serve.published.person_hash import PersonHash
from serve.published.run_info import RunInfo
from serve.publishing import entry_groups, score_partitions
from serve.publishing.generations import Generations
from serve.publishing.publish import Publisher
from serve.publishing.score_partitions import LOCK_SECONDS, count_rows
from serve.scores.redis_scores import RedisScores
from serve.sources.redis_pipe import RedisPipe
from stores.connections import redis_client, sql_engine
from tests.score_samples import make_run, make_scores, open_run

SECRET = b"s" * 32
SCORE_ROWS = sa.text(
    "SELECT cliente_id, cpf, score, probabilidade, faixa, status, motivos FROM score_vigente ORDER BY cpf"
)


@pytest.fixture(scope="module")
def stores(make_installation: Callable[[str], Settings]) -> Settings:
    return make_installation("publicacao")


@pytest.fixture
def engine(stores: Settings) -> Iterator[sa.Engine]:
    engine = sql_engine(stores.secret("results_url"), timeout=10)
    yield engine
    engine.dispose()
    owner = sql_engine(stores.secret("results_admin_url"), timeout=10)
    with owner.begin() as connection:
        tables = connection.scalars(sa.text("SELECT tablename FROM pg_tables WHERE tablename ~ '^score_[0-9a-f]{32}$'"))
        for table in tables.all():
            connection.execute(sa.text(f"DROP TABLE {table}"))
        connection.execute(sa.text("DELETE FROM execucao"))
    owner.dispose()


@pytest.fixture
def cache(stores: Settings) -> Iterator[redis.Redis]:
    client = redis_client(stores.secret("redis_url"), timeout=10)
    yield client
    client.flushdb()
    client.close()


@pytest.fixture
def publisher(engine: sa.Engine, cache: redis.Redis) -> Publisher:
    return Publisher(engine, cache, cache_key=SECRET)


def publish(
    publisher: Publisher, engine: sa.Engine, number: int, *, as_of: date | None = None, rows: int = 100
) -> UUID:
    run = make_run(number, as_of=as_of) if as_of else make_run(number)
    open_run(engine, run)
    publisher.begin(run, consumers=rows)
    publisher.stage(make_scores(rows, shift=number))
    publisher.switch(run)
    return run.execucao_id


def rows_in_force(engine: sa.Engine) -> list[dict[str, object]]:
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(SCORE_ROWS)]


def expected_rows(scores: pa.Table) -> list[dict[str, object]]:
    return scores.drop_columns(["score_bruto"]).to_pylist()


def test_staged_scores_show_only_after_the_switch(publisher, engine, cache):
    run = make_run(1)
    open_run(engine, run)
    publisher.begin(run, consumers=100)
    publisher.stage(make_scores(60))
    publisher.stage(make_scores(40, first=200_000_000))
    assert rows_in_force(engine) == []
    assert cache.get(POINTER_KEY) is None
    publisher.switch(run)
    published = rows_in_force(engine)
    wanted = expected_rows(make_scores(60)) + expected_rows(make_scores(40, first=200_000_000))
    for row, want in zip(published, wanted, strict=True):
        probability, wanted_probability = row.pop("probabilidade"), want.pop("probabilidade")
        assert row == want
        assert (probability is None) == (wanted_probability is None)
        assert (probability or 0) == pytest.approx(wanted_probability or 0, rel=1e-6)
    assert Pointer.decode(cache.get(POINTER_KEY)) == Pointer(run.execucao_id, None)


def test_no_cpf_or_id_lies_in_redis_in_clear(publisher, engine, cache):
    scores = make_scores(100, first=123_456_700)
    run = make_run(1)
    open_run(engine, run)
    publisher.begin(run, consumers=100)
    publisher.stage(scores)
    publisher.switch(run)
    content = b""
    for key in cache.scan_iter():
        content += key
        kind = cache.type(key)
        if kind == b"hash":
            content += b"".join(field + value for field, value in cache.hgetall(key).items())
        else:
            content += cache.get(key) if kind == b"string" else b"".join(cache.smembers(key))
    assert len(content) > 100 * 50
    for row in scores.to_pylist():
        assert row["cpf"].encode() not in content
        assert row["cpf"][3:9].encode() not in content
        assert UUID(row["cliente_id"]).bytes not in content
        assert row["cliente_id"].encode() not in content


def test_second_run_supersedes_the_first_and_rollback_returns(publisher, engine, cache):
    first, second = publish(publisher, engine, 1), publish(publisher, engine, 2)
    after_second = rows_in_force(engine)
    assert Pointer.decode(cache.get(POINTER_KEY)) == Pointer(second, first)
    assert publisher.rollback() == first
    assert rows_in_force(engine) != after_second
    assert Pointer.decode(cache.get(POINTER_KEY)).current == first
    with pytest.raises(RunConflictError):
        publisher.rollback()
    assert publish(publisher, engine, 3) == UUID(int=3)
    assert publisher.rollback() == first  # never to the run that a rollback took out of force


def test_rollback_restages_a_generation_that_redis_lost(publisher, engine, cache):
    first, second = publish(publisher, engine, 1), publish(publisher, engine, 2)
    generations = Generations(cache, PersonHash(SECRET))
    before = {key: cache.hgetall(key) for key in cache.scan_iter() if cache.type(key) == b"hash"}
    generations.drop(first)
    publisher.rollback()
    kept = {key: cache.hgetall(key) for key in cache.scan_iter() if cache.type(key) == b"hash"}
    assert generations.existing() == {first}
    assert kept
    assert all(before[key] == value for key, value in kept.items())
    assert second not in generations.existing()


def test_a_crash_between_the_two_switches_is_repaired(publisher, engine, cache):
    publish(publisher, engine, 1)
    pointer = cache.get(POINTER_KEY)
    second = publish(publisher, engine, 2)
    cache.set(POINTER_KEY, pointer)
    assert publisher.reconcile() == second
    assert Pointer.decode(cache.get(POINTER_KEY)).current == second
    cache.flushdb()
    assert publisher.reconcile() == second
    assert Generations(cache, PersonHash(SECRET)).count(second) == (100, 100)


def test_no_reader_misses_a_consumer_while_the_generation_in_force_is_filled_anew(
    publisher, engine, cache, stores, monkeypatch
):
    """A bucket gets rows from every batch: one that is half filled must prove to no reader that somebody is unknown."""
    monkeypatch.setattr(entry_groups, "GROUP_ROWS", 100)
    monkeypatch.setattr(score_partitions, "READ_ROWS", 100)
    run_id = publish(publisher, engine, 1, rows=3_000)
    cpfs = make_scores(3_000)["cpf"].to_pylist()[-20:]
    repaired = threading.Event()

    def damage_and_repair() -> None:
        for _ in range(3):
            cache.delete(client_prefix(run_id) + "000000")
            publisher.reconcile()
        repaired.set()

    async def read_on() -> int:
        pipe = RedisPipe(stores.secret("redis_url"), timeout=10)
        scores, answered = RedisScores(pipe, PersonHash(SECRET)), 0
        while not repaired.is_set():
            try:
                assert None not in await scores.by_cpfs(cpfs)
                answered += 1
            except StoreUnavailableError:  # then PostgreSQL is asked
                continue
        await pipe.close()
        return answered

    repairing = threading.Thread(target=damage_and_repair)
    repairing.start()
    try:
        assert asyncio.run(read_on()) > 0
    finally:
        repairing.join()


def test_begin_again_drops_what_an_earlier_attempt_left(publisher, engine, cache):
    run = make_run(1)
    open_run(engine, run)
    rejects = pa.table(
        {"base": ["A"], "tabela": ["cliente"], "chave": ['a"b,c'], "regra": ["duplicado"]}, REJECTS_SCHEMA
    )
    for _attempt in range(2):
        publisher.begin(run, consumers=50)
        publisher.stage(make_scores(50))
        publisher.stage_rejects(rejects)
    publisher.switch(run)
    publisher.switch(run)
    assert len(rows_in_force(engine)) == 50
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT base, tabela, chave, regra FROM rejeitado")).all() == [
            ("A", "cliente", 'a"b,c', "duplicado")
        ]
    with pytest.raises(RunConflictError):
        publisher.begin(run)


def test_a_generation_that_lost_consumers_is_not_published(publisher, engine, cache):
    first = publish(publisher, engine, 1)
    run = make_run(2)
    open_run(engine, run)
    publisher.begin(run, consumers=100)
    publisher.stage(make_scores(100))
    assert cache.delete(client_prefix(run.execucao_id) + "000000") == 1
    with pytest.raises(DataIntegrityError, match="Redis"):
        publisher.switch(run)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT id FROM execucao WHERE situacao = 'publicada'")) == first
    publisher.discard(run.execucao_id)
    with pytest.raises(RunConflictError):
        publisher.discard(first)


def test_retention_keeps_the_last_runs_and_the_last_of_each_month(publisher, engine, cache):
    days = [date(2026, 8, 30), date(2026, 8, 31), date(2026, 9, 29), date(2026, 9, 30), date(2026, 10, 1)]
    runs = [publish(publisher, engine, n, as_of=day, rows=5) for n, day in enumerate(days, 1)]
    assert publisher.retain(2) == (runs[0], runs[2])
    assert publisher.retain(2) == ()
    assert Generations(cache, PersonHash(SECRET)).existing() == {runs[3], runs[4]}


def test_a_reader_polling_through_switches_sees_whole_runs_only(publisher, engine, cache, stores):
    """Every poll of PostgreSQL finds all rows of one run, and the run never goes back."""
    publish(publisher, engine, 1, rows=300)
    own_engine = sql_engine(stores.secret("results_url"), timeout=10)
    seen: list[tuple[int, int]] = []
    stop = threading.Event()

    def poll() -> None:
        with own_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not stop.is_set():
                runs = connection.execute(
                    sa.text("SELECT execucao_id, count(*) FROM score_vigente GROUP BY execucao_id")
                ).all()
                seen.extend([(run.int, count) for run, count in runs] or [(-1, 0)])

    thread = threading.Thread(target=poll)
    thread.start()
    for number in range(2, 7):
        publish(publisher, engine, number, rows=300)
    stop.set()
    thread.join()
    own_engine.dispose()
    assert {count for _, count in seen} == {300}
    assert [run for run, _ in seen] == sorted(run for run, _ in seen)
    assert len({run for run, _ in seen}) > 2


def test_a_switch_waits_for_a_reader_in_the_middle_of_a_transaction(publisher, engine):
    """Two statements of one transaction never find the new run in force without its rows."""
    first = publish(publisher, engine, 1)
    with engine.connect() as reader:
        count = sa.text("SELECT count(*) FROM score_vigente")
        assert reader.scalar(count) == 100
        thread = threading.Thread(target=publish, args=(publisher, engine, 2))
        thread.start()
        thread.join(LOCK_SECONDS + 1.5)
        assert thread.is_alive()
        assert reader.scalar(count) == 100
        assert reader.scalar(sa.text("SELECT id FROM execucao WHERE situacao = 'publicada'")) == first
        reader.rollback()
        thread.join(20)
    assert not thread.is_alive()
    assert {row["cliente_id"] for row in rows_in_force(engine)} == set(make_scores(100)["cliente_id"].to_pylist())
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT id FROM execucao WHERE situacao = 'publicada'")) == UUID(int=2)


def ranges(rows: int, *, each: int = 30) -> Iterator[pa.Table]:
    scores = make_scores(rows)
    for start in range(0, rows, each):
        yield scores.slice(start, each)


def redis_content(cache: redis.Redis) -> dict[bytes, dict[bytes, bytes]]:
    return {key: cache.hgetall(key) for key in cache.scan_iter() if cache.type(key) == b"hash"}


def staged_rows(engine: sa.Engine, run_id: UUID) -> int:
    with engine.connect() as connection:
        return count_rows(connection, run_id)


def test_all_ranges_at_once_publish_what_they_publish_one_by_one(publisher, engine, cache):
    run = make_run(1)
    open_run(engine, run)
    publisher.begin(run, consumers=100)
    for scores in ranges(100):
        publisher.stage(scores)
    one_by_one = redis_content(cache)
    publisher.begin(run, consumers=100)
    publisher.stage_all(ranges(100))
    assert redis_content(cache) == one_by_one
    publisher.switch(run)
    published = rows_in_force(engine)
    assert [row["cpf"] for row in published] == make_scores(100)["cpf"].to_pylist()
    assert [row["motivos"] for row in published] == make_scores(100)["motivos"].to_pylist()


def test_a_range_that_cannot_be_read_leaves_nothing_and_all_may_be_staged_again(publisher, engine, cache):
    run = make_run(1)
    open_run(engine, run)
    publisher.begin(run, consumers=100)

    def broken() -> Iterator[pa.Table]:
        yield from ranges(60)
        raise DataIntegrityError("a file is not what was written")

    with pytest.raises(DataIntegrityError, match="not what was written"):
        publisher.stage_all(broken())
    assert staged_rows(engine, run.execucao_id) == 0
    publisher.stage_all(ranges(100))
    publisher.switch(run)
    assert len(rows_in_force(engine)) == 100


def test_rows_are_not_committed_when_redis_refuses_its_own(publisher, engine, cache):
    run = make_run(1)
    open_run(engine, run)
    publisher.begin(run, consumers=100)
    cache.config_set("maxmemory", "100kb")
    try:
        with pytest.raises(StoreUnavailableError, match="Redis"):
            publisher.stage_all(ranges(100))
        with pytest.raises(StoreUnavailableError, match="Redis"):
            publisher.stage(make_scores(100))
    finally:
        cache.config_set("maxmemory", "0")
    assert staged_rows(engine, run.execucao_id) == 0
    publisher.stage_all(ranges(100))
    publisher.switch(run)
    assert len(rows_in_force(engine)) == 100


END_OTHERS = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
)


def test_postgresql_gone_while_rows_are_sent_may_be_tried_again(publisher, engine, cache):
    run = make_run(1)
    open_run(engine, run)
    publisher.begin(run, consumers=100)

    def cut_off() -> Iterator[pa.Table]:
        yield from ranges(60)
        with engine.connect() as connection:
            connection.execute(END_OTHERS)
        yield from ranges(100)

    with pytest.raises(StoreUnavailableError, match=r"PostgreSQL \(results\): [A-Za-z]+$"):
        publisher.stage_all(cut_off())
    publisher.begin(run, consumers=100)
    publisher.stage_all(ranges(100))
    publisher.switch(run)
    assert len(rows_in_force(engine)) == 100


def test_a_consumer_twice_is_refused_whole(publisher, engine, cache):
    run = make_run(1)
    open_run(engine, run)
    publisher.begin(run, consumers=100)
    with pytest.raises(sa.exc.IntegrityError):
        publisher.stage_all([*ranges(60), make_scores(1)])
    assert staged_rows(engine, run.execucao_id) == 0
    publisher.stage_all(ranges(60))
    publisher.switch(run)
    assert len(rows_in_force(engine)) == 60


def staged(publisher: Publisher, engine: sa.Engine, number: int) -> RunInfo:
    run = make_run(number)
    open_run(engine, run)
    publisher.begin(run, consumers=50)
    publisher.stage_all([make_scores(50, shift=number)])
    return run


def change(engine: sa.Engine, sql: str, run: RunInfo) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text(sql), {"id": run.execucao_id})


def rejects_of(engine: sa.Engine) -> set[UUID]:
    with engine.connect() as connection:
        return set(connection.scalars(sa.text("SELECT DISTINCT execucao_id FROM rejeitado")))


ONE_REJECT = pa.table({"base": ["A"], "tabela": ["divida"], "chave": ["1"], "regra": ["duplicado"]}, REJECTS_SCHEMA)


def test_a_run_that_counted_other_consumers_than_are_staged_is_not_published(publisher, engine, cache):
    """Also when both stores agree: another process may have begun to stage the run anew, and hold nothing yet."""
    run = staged(publisher, engine, 1)
    change(engine, "UPDATE execucao SET pontuados = 40, insuficientes = 11 WHERE id = :id", run)
    with pytest.raises(DataIntegrityError, match="50 rows are staged where 51 were counted"):
        publisher.switch(run)
    change(engine, "UPDATE execucao SET insuficientes = 10 WHERE id = :id", run)
    publisher.switch(run)


def test_a_run_that_was_given_up_is_not_published(publisher, engine, cache):
    run = staged(publisher, engine, 1)
    change(engine, "UPDATE execucao SET situacao = 'falhou' WHERE id = :id", run)
    with pytest.raises(RunConflictError, match="no longer under way"):
        publisher.switch(run)
    assert rows_in_force(engine) == []


def test_a_switch_repeated_after_the_next_one_does_not_bring_the_run_back(publisher, engine, cache):
    """Its answer may have been lost, and the task be tried again when another date's run has been published."""
    first = staged(publisher, engine, 1)
    publisher.switch(first)
    second = publish(publisher, engine, 2)
    publisher.switch(first)
    assert publisher.reconcile() == second
    assert Pointer.decode(cache.get(POINTER_KEY)) == Pointer(second, first.execucao_id)


def test_what_failed_runs_staged_goes_rejects_included_and_what_others_stage_stays(publisher, engine, cache):
    failed, under_way = staged(publisher, engine, 1), make_run(3)
    publisher.stage_rejects(ONE_REJECT)
    change(engine, "UPDATE execucao SET situacao = 'falhou' WHERE id = :id", failed)
    publish(Publisher(engine, cache, cache_key=SECRET), engine, 2)
    other = Publisher(engine, cache, cache_key=SECRET)
    open_run(engine, under_way)
    other.begin(under_way, consumers=50)
    other.stage_rejects(ONE_REJECT)
    assert publisher.retain(30) == (failed.execucao_id,)
    assert rejects_of(engine) == {under_way.execucao_id}
    assert Generations(cache, PersonHash(SECRET)).existing() == {UUID(int=2), under_way.execucao_id}


def test_a_run_taken_up_meanwhile_keeps_what_it_has_staged(publisher, engine, cache):
    """Retention finds a failed run's table and generation unneeded; before it drops them, the run is taken up."""
    publish(publisher, engine, 2)
    run = staged(Publisher(engine, cache, cache_key=SECRET), engine, 1)
    publisher._drop_unneeded_scores(run.execucao_id)
    publisher._drop_unneeded_generation(run.execucao_id)
    with engine.connect() as connection:
        assert count_rows(connection, run.execucao_id) == 50
    assert Generations(cache, PersonHash(SECRET)).count(run.execucao_id) == (50, 50)
