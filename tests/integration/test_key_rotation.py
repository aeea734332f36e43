"""The key of persons' names is changed in the order that engineers follow, while readers poll every process.

Processes with the old configuration and with the new one answer side by side, as in a rolling restart: every answer is
the truth, from Redis, and what each process leaves (cursors, audit, counts of requests) is understood by the others.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import httpx
import pyarrow as pa
import pytest
import redis
import sqlalchemy as sa
from pydantic import SecretStr
from starlette.exceptions import HTTPException
from typer.testing import CliRunner, Result

from contracts.errors import DataIntegrityError, RunConflictError, SettingsError, StoreUnavailableError, UsageError
from contracts.secret_texts import MIN_SECRET_LENGTH
from contracts.settings import Settings
from flows.cli import app
from flows.rotate_key import key_uses, rotate_key
from serve.access.rate_limit import RateLimiter
from serve.app import create_app
from serve.published.key_layout import POINTER_KEY, client_prefix, info_key
from serve.published.person_hash import PersonHash
from serve.published.stored_scores import read_redis
from serve.publishing import rekeying
from serve.publishing.generations import Filling, Generations
from serve.scores.redis_scores import RedisScores
from serve.sources.redis_pipe import RedisPipe
from stores import run_locks
from stores.connections import redis_client, sql_engine
from tests import published_runs
from tests.api_server import caller, running, token
from tests.faults import truth
from tests.faults.api_process import ApiProcess, environment_of
from tests.faults.load import Asks, Load, Outcome
from tests.published_runs import publishing
from tests.score_samples import make_run, make_scores

OLD, NEW = "o" * 40, "n" * 40
NOON = datetime(2026, 11, 23, 15, tzinfo=UTC)
RATES = {"score": 12.0, "scores": 6.0, "cliente": 2.0, "score-data": 4.0, "eventos": 2.0}
SIDE_BY_SIDE_SECONDS = 0.7
UNHURRIED = {
    "rate_limit_per_second": 100_000.0,
    "rate_limit_burst": 100_000,
    "cache_timeout_seconds": 5.0,
    "api_timeout_seconds": 10.0,
}
"""Limits that a machine at work on something else does not reach."""
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installation(make_installation: Callable[[str], Settings]) -> Settings:
    made = make_installation("rotacao")
    truth.fill(made, truth.make_persons(PersonHash(OLD.encode())))
    return made


def keys(installation: Settings, current: str, *earlier: str, to_come: str | None = None) -> Settings:
    """Return the installation's settings with these keys."""
    given = {name: getattr(installation, name) for name in installation.model_fields_set}
    chosen = {"cache_key": current, "cache_keys_earlier": " ".join(earlier), "cache_key_next": to_come}
    return Settings(_env_file=None, **given | chosen)


@pytest.fixture
def engine(installation: Settings) -> Iterator[sa.Engine]:
    engine = sql_engine(installation.secret("results_admin_url"), timeout=10)
    yield engine
    with engine.begin() as connection:
        for table in connection.scalars(
            sa.text("SELECT tablename FROM pg_tables WHERE tablename ~ '^score_[0-9a-f]{32}$'")
        ).all():
            connection.execute(sa.text(f"DROP TABLE {table}"))
        for table in ("rejeitado", "execucao", "auditoria"):
            connection.execute(sa.text(f"DELETE FROM {table}"))
    engine.dispose()


@pytest.fixture
def cache(installation: Settings) -> Iterator[redis.Redis]:
    with redis_client(installation.secret("redis_url"), timeout=10) as client:
        client.flushdb()
        yield client


def publish(settings: Settings, number: int, *, rows: int = truth.CONSUMERS) -> None:
    published_runs.publish(settings, make_run(number), make_scores(rows, shift=truth.shift_of(number)))


class Street:
    """Instances of the API, each under its own load; ``fallbacks`` and ``outcomes`` are of all that ever ran."""

    def __init__(self, folder: Path, *, in_processes: bool) -> None:
        self._folder = folder
        self._in_processes = in_processes
        self._stack = ExitStack()
        self.outcomes: list[Outcome] = []
        self.fallbacks = 0.0

    def open(self, settings: Settings, number: int) -> SimpleNamespace:
        """Start an instance and its load."""
        stack = self._stack.enter_context(ExitStack())
        own = settings.model_copy(update={**UNHURRIED, "var": self._folder / f"api-{number}"})
        url = stack.enter_context(self._process(own) if self._in_processes else running(create_app(own)))
        asks = Asks(truth.make_persons(PersonHash(OLD.encode()))[2:], [truth.make_known_run(1)], seed=number)
        load = stack.enter_context(Load(url, token(settings), asks, RATES))
        return SimpleNamespace(url=url, load=load, stack=stack)

    def close(self, one: SimpleNamespace) -> None:
        """End an instance's load, then the instance."""
        one.load.__exit__()
        metrics = httpx.get(f"{one.url}/metrics").text
        [line] = [line for line in metrics.splitlines() if line.startswith("escore_leituras_sem_redis_total")]
        self.fallbacks += float(line.split()[1])
        self.outcomes += one.load.outcomes
        one.stack.close()

    @contextmanager
    def _process(self, settings: Settings) -> Iterator[str]:
        environment = environment_of(settings)
        for name in ("cache_key_next", "cache_keys_earlier", *UNHURRIED):
            value = getattr(settings, name)
            if value is not None:
                text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
                environment[f"SCORE_{name.upper()}"] = text
        api = ApiProcess(settings.var, environment)
        try:
            api.start()
            yield api.url
            assert api.stop() == 0
        finally:
            api.kill()

    def __enter__(self) -> Street:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()


@pytest.mark.parametrize("in_processes", [False, pytest.param(True, marks=pytest.mark.long)])
def test_keys_are_changed_while_old_and_new_configurations_answer(installation, engine, cache, tmp_path, in_processes):
    alone, prepared = keys(installation, OLD), keys(installation, OLD, to_come=NEW)
    turned, done = keys(installation, NEW, OLD), keys(installation, NEW)
    publish(alone, 1)
    person, other, *_ = truth.make_persons(PersonHash(OLD.encode()))  # whom no load asks for
    with Street(tmp_path, in_processes=in_processes) as street:
        first = street.open(alone, 1)
        second = street.open(prepared, 2)
        time.sleep(SIDE_BY_SIDE_SECONDS)
        with caller(first.url, alone) as client:
            cursor = client.get("/clientes", params={"page_size": 5}).json()["next"]
        street.close(first)
        assert rotate_key(prepared) == (PersonHash(NEW.encode()).key_id, (make_run(1).execucao_id,))
        time.sleep(SIDE_BY_SIDE_SECONDS)
        third = street.open(turned, 3)
        time.sleep(SIDE_BY_SIDE_SECONDS)
        with caller(third.url, turned) as new, caller(second.url, prepared) as old:
            pages = [each.get(cursor).json() for each in (new, old)]
            assert [page["results"] for page in pages] == [pages[0]["results"]] * 2
            assert old.get(pages[0]["next"]).status_code == 200  # sealed by a process with the other current key
            what_is_kept_is_forgotten_everywhere(installation, other, old, new)
            for each in (old, new):
                assert each.get(f"/clientes/{person.id}/score").status_code == 200
        street.close(second)
        still = {use.papel: use for use in key_uses(turned)}
        assert (still["current"].redis, still["earlier"].redis) == (("in force",), ())
        assert still["earlier"].auditoria  # rows of the last six months name persons by it
        with caller(third.url, turned) as client:
            accesses_by_any_key_are_listed(client, engine, turned, person)
        fourth = street.open(done, 4)
        time.sleep(SIDE_BY_SIDE_SECONDS)
        with caller(fourth.url, done) as client:
            refused = client.get(f"/clientes/{person.id}/acessos")
        assert (refused.status_code, refused.headers["retry-after"].isdigit()) == (503, True)
        street.close(third)
        street.close(fourth)
    assert len(street.outcomes) > 100
    assert [(o.kind, o.status, o.fault) for o in street.outcomes if not o.is_served] == []
    assert street.fallbacks <= 2  # a reader between two commands may find a generation gone, and asks PostgreSQL


def what_is_kept_is_forgotten_everywhere(
    installation: Settings, extra: truth.Person, old: httpx.Client, new: httpx.Client
) -> None:
    """A change that one process is told of is not hidden by what another, with the other key, keeps."""
    path = f"/clientes/{extra.id}/score-data"
    kept = [each.get(path).json()["bens"][0]["valor_estimado"] for each in (old, new)]
    set_asset(installation, extra.cpf, 1)
    assert new.post(f"{path}/invalidar").status_code == 204
    assert [each.get(path).json()["bens"][0]["valor_estimado"] for each in (old, new)] == [1.0, 1.0]
    set_asset(installation, extra.cpf, kept[0])
    assert old.post(f"{path}/invalidar").status_code == 204
    assert [each.get(path).json()["bens"][0]["valor_estimado"] for each in (old, new)] == kept


def set_asset(installation: Settings, cpf: str, value: float) -> None:
    engine = sql_engine(installation.secret("base_b_admin_url"), timeout=10)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE bem SET valor_estimado = :v WHERE cpf = :cpf"), {"v": value, "cpf": cpf})
    engine.dispose()


def accesses_by_any_key_are_listed(
    client: httpx.Client, engine: sa.Engine, settings: Settings, person: truth.Person
) -> None:
    """The reads that processes with either key have recorded are in the person's list once they are shipped."""
    reads = sa.text("SELECT count(*) FROM auditoria WHERE sujeito = ANY(:names) AND recurso NOT LIKE '%acessos'")
    deadline = time.monotonic() + 20
    counts: list[int] = [0]
    while not all(counts):
        assert time.monotonic() < deadline, "the journals are not shipped"
        time.sleep(0.1)
        with engine.connect() as connection:
            names = [
                [one.subject_by_client(person.id), one.subject_by_cpf(person.cpf)]
                for one in PersonHash.from_settings(settings).known
            ]
            counts = [connection.scalar(reads, {"names": each}) for each in names]
    listed = client.get(f"/clientes/{person.id}/acessos", params={"page_size": 100}).json()["results"]
    assert len([row for row in listed if not row["recurso"].endswith("acessos")]) >= sum(counts)


def test_counts_of_requests_go_on_while_keys_are_changed(installation, cache):
    """One quota, whichever of the known keys is current: it is counted under the oldest."""
    url = installation.secret("redis_url")
    tries = [keys(installation, OLD), keys(installation, OLD, to_come=NEW), keys(installation, NEW, OLD)]

    async def ask_all() -> None:
        for number, settings in enumerate(tries):
            pipe = RedisPipe(url, timeout=5)
            limited = settings.model_copy(update={"daily_quota": 25})
            limiter = RateLimiter.from_settings(limited, pipe, clock=lambda: NOON, on_unlimited=lambda: None)
            refusing = pytest.raises(HTTPException) if number == 2 else nullcontext()
            with refusing:
                await limiter.begin("banco", persons=10).settle()
            await pipe.close()

    asyncio.run(ask_all())


PROGRAM = """
import os, signal, sys
from contracts.settings import load_settings
from serve.published.person_hash import PersonHash
from serve.publishing import score_partitions
from serve.publishing.generations import Generations
from serve.publishing.publish import Publisher
from stores.connections import redis_client, sql_engine

place, score_partitions.READ_ROWS = sys.argv[1], 500

def die(*_any):
    os.kill(os.getpid(), signal.SIGKILL)

class Progress:
    told = 0
    def start(self, step, total=None):
        assert total == 3000
    def advance(self, units=1):
        self.told += units
        if place == "filling" and self.told >= 1000:
            die()

turn = Generations.turn_to
def turn_and_die_later(self, *names):
    turn(self, *names)
    Generations.drop_one = die
if place == "turning":
    Generations.turn_to = die
if place == "dropping":
    Generations.turn_to = turn_and_die_later

settings = load_settings()
engine = sql_engine(settings.secret("results_url"), timeout=10)
cache = redis_client(settings.secret("redis_url"), timeout=10)
Publisher(engine, cache, cache_key=PersonHash.from_settings(settings)).rekey(Progress())
"""
"""What ``escore rotate-key`` does, ended by SIGKILL where it is told to."""


@pytest.mark.parametrize(
    "place",
    [pytest.param("filling", marks=pytest.mark.long), "turning", pytest.param("dropping", marks=pytest.mark.long)],
)
def test_killed_at_any_step_it_leaves_readers_whole_answers_and_may_be_repeated(
    installation, engine, cache, tmp_path, place
):
    prepared = keys(installation, OLD, to_come=NEW)
    publish(keys(installation, OLD), 1, rows=3_000)
    environment = environment_of(prepared) | {"SCORE_CACHE_KEY_NEXT": NEW, "PYTHONPATH": str(ROOT)}
    with reading(prepared, make_scores(3_000)["cpf"].to_pylist()[::7]) as seen:
        done = subprocess.run([sys.executable, "-c", PROGRAM, place], env=environment, cwd=tmp_path, check=False)
        assert done.returncode == -9
        after_the_kill = seen.answered
        while seen.answered < after_the_kill + 5 and seen.error is None:
            time.sleep(0.01)
        rotate_key(prepared)
        assert rotate_key(prepared)[1] == ()
    assert seen.error is None
    hashes = PersonHash.from_settings(prepared)
    generations = Generations(cache, hashes)
    run_id = make_run(1).execucao_id
    assert generations.info(run_id).key_id == hashes.newest.key_id
    assert generations.count(run_id) == (3_000, 3_000)
    assert len(generations.listed()) == 1
    buckets = {key.split(b":")[1] for key in cache.scan_iter("escore:*:[ip]:*")}
    assert len(buckets) == 1


@contextmanager
def reading(settings: Settings, cpfs: list[str]) -> Iterator[SimpleNamespace]:
    """Read these CPFs from Redis alone, over and over, while the block runs; all must be found, always."""
    seen = SimpleNamespace(answered=0, error=None)
    stop = threading.Event()

    async def read_on() -> None:
        pipe = RedisPipe(settings.secret("redis_url"), timeout=10)
        scores = RedisScores(pipe, PersonHash.from_settings(settings))
        while not stop.is_set():
            try:
                found = await scores.by_cpfs(cpfs)
            except StoreUnavailableError:  # dropped between two commands of a reader: PostgreSQL is asked
                continue
            if None in found:
                seen.error = f"{found.count(None)} of {len(cpfs)} not found"
                return
            seen.answered += 1
        await pipe.close()

    thread = threading.Thread(target=lambda: asyncio.run(read_on()))
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()
    assert seen.answered > 5


def test_an_unknown_key_is_no_answer_and_the_log_says_which(installation, engine, cache, caplog):
    """A process that was not told of a key finds nobody under it: it must not take them for unknown."""
    publish(keys(installation, NEW), 1)
    missing = PersonHash(NEW.encode()).key_id

    async def ask() -> None:
        pipe = RedisPipe(installation.secret("redis_url"), timeout=10)
        scores = RedisScores(pipe, PersonHash(OLD.encode()))
        for _ in range(3):
            with pytest.raises(StoreUnavailableError):
                await scores.by_cpfs(make_scores(1)["cpf"].to_pylist())
        await pipe.close()

    asyncio.run(ask())
    assert [missing in record.message for record in caplog.records if "Redis is not read" in record.message] == [True]


def test_a_generation_of_an_earlier_version_is_of_the_oldest_key(installation, engine, cache):
    alone, turned = keys(installation, OLD), keys(installation, NEW, OLD)
    publish(alone, 1)
    run_id = make_run(1).execucao_id
    names = PersonHash.from_settings(turned)
    strip_key_id(cache, run_id)
    assert {use.papel: use.redis for use in key_uses(turned)} == {"current": (), "earlier": ("in force",)}
    row = make_scores(1).to_pylist()[0]
    person = {"client_id": row["cliente_id"], "cpf": row["cpf"]}
    assert None not in read_redis(cache, names, run_id, **person).values()
    assert rotate_key(turned) == (names.key_id, (run_id,))
    assert None not in read_redis(cache, names, run_id, **person).values()
    assert rotate_key(turned)[1] == ()


def strip_key_id(cache: redis.Redis, run_id: UUID) -> None:
    body = json.loads(cache.get(info_key(run_id)))
    del body["chave"]
    cache.set(info_key(run_id), json.dumps(body))


def test_the_run_before_is_written_anew_too_and_a_rollback_finds_it(installation, engine, cache):
    alone, prepared, done = keys(installation, OLD), keys(installation, OLD, to_come=NEW), keys(installation, NEW)
    publish(alone, 1)
    publish(alone, 2)
    assert len(rotate_key(prepared)[1]) == 2
    written = {key: cache.hgetall(key) for key in cache.scan_iter("escore:*:[ip]:*")}
    with publishing(done) as (_, publisher):
        publisher.rollback()
        assert publisher.reconcile() == make_run(1).execucao_id
    assert all(written[key] == cache.hgetall(key) for key in cache.scan_iter("escore:*:[ip]:*"))
    publish(done, 3)
    assert {use.redis for use in key_uses(done)} == {("in force", "before")}
    assert Generations(cache, PersonHash.from_settings(done)).existing() == {
        make_run(number).execucao_id for number in (1, 3)
    }


def test_it_is_refused_while_a_run_is_under_way_and_a_run_waits_for_it(installation, engine, cache, monkeypatch):
    prepared = keys(installation, OLD, to_come=NEW)
    publish(keys(installation, OLD), 1)
    with run_locks.reference_date_lock(engine, make_run(1).data_referencia), pytest.raises(RunConflictError):
        rotate_key(prepared)
    monkeypatch.setattr(run_locks, "ERASURE_SECONDS", 0.0)
    with (
        run_locks.erasure_lock(engine),
        pytest.raises(RunConflictError, match="a change of keys"),
        run_locks.reference_date_lock(engine, make_run(1).data_referencia),
    ):
        pass
    assert len(rotate_key(prepared)[1]) == 1


def test_a_generation_that_lost_consumers_is_not_pointed_to(installation, engine, cache, monkeypatch):
    prepared = keys(installation, OLD, to_come=NEW)
    publish(keys(installation, OLD), 1)
    pointer = cache.get(POINTER_KEY)
    fill = rekeying.Generations.filling

    def fill_and_lose(self: Generations, run_id: UUID, mark: str | None = None) -> Filling:
        filling = fill(self, run_id, mark)
        write = filling.write_tables

        def write_and_lose(tables: Iterable[pa.Table]) -> None:
            write(tables)
            assert cache.delete(client_prefix(run_id, mark) + "000000") == 1

        filling.write_tables = write_and_lose
        return filling

    with monkeypatch.context() as faulty:
        faulty.setattr(rekeying.Generations, "filling", fill_and_lose)
        with pytest.raises(DataIntegrityError, match="Redis"):
            rotate_key(prepared)
    assert cache.get(POINTER_KEY) == pointer
    assert len(rotate_key(prepared)[1]) == 1


def test_the_command_rotates_and_shows_what_needs_which_key(installation, engine, cache, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    publish(keys(installation, OLD), 1)
    prepared = environment_of(keys(installation, OLD)) | {"SCORE_CACHE_KEY_NEXT": NEW}
    done = prepared | {"SCORE_CACHE_KEY": NEW}
    missing = {name: value for name, value in done.items() if name != "SCORE_CACHE_KEY_NEXT"} | {"SCORE_CACHE_KEY": OLD}

    def call(environment: dict[str, str], *options: str) -> Result:
        return CliRunner().invoke(app, ["rotate-key", *options], env=environment)

    new, old = (PersonHash(key.encode()).key_id for key in (NEW, OLD))
    assert json.loads(call(prepared, "--status", "--json").stdout) == [
        {"chave": new, "papel": "next", "redis": [], "auditoria": False, "apagamento": 0, "necessaria": False},
        {
            "chave": old,
            "papel": "current",
            "redis": ["in force"],
            "auditoria": False,
            "apagamento": 0,
            "necessaria": True,
        },
    ]
    rotated = json.loads(call(prepared, "--json").stdout)
    assert rotated == {"chave": new, "execucoes": [str(make_run(1).execucao_id)]}
    assert "nothing to do" in call(done).stdout
    refused = call(missing, "--status")
    assert isinstance(refused.exception, SettingsError)
    assert refused.exception.problems[0].startswith(f"SCORE_CACHE_KEYS_EARLIER: persons are named under {new}")
    assert isinstance(call(prepared, "--status", "--generate").exception, UsageError)
    fresh = {call({}, "--generate").stdout.strip() for _ in range(3)}
    assert len(fresh) == 3
    assert all(len(key) >= MIN_SECRET_LENGTH for key in fresh)
    assert not any(text in call(prepared, "--status").output for text in (OLD, NEW))
