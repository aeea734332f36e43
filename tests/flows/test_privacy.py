"""No CPF, name, address or consumer id of the population is anywhere but in the stores, the lake and the results.

A whole night, searched in everything that it printed, logged, wrote, kept for a while, told Prefect or a collector, or
left in the cache's memory; with the logs at their most verbose, and with a fault in the middle that quotes people.
``tests/personal_data.py`` searches, and is tried on planted persons in tests/unit/test_personal_data.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import redis
import sqlalchemy as sa
from typer.testing import CliRunner

from contracts.errors import EscoreError, UnexpectedError
from contracts.extraction import CpfRange
from contracts.settings import Settings, secret_fields
from extract.extraction import extract_range
from flows.cli import app
from flows.withheld import values_withheld
from stores.connections import sql_engine
from stores.embedded.processes import free_port
from stores.embedded.state import read_state
from tests import extract_samples as rows
from tests.api_server import token
from tests.extract_samples import change_schema, cpf_of, insert, sources_of
from tests.flows.conftest import AS_OF, environment_of, escore, roll_back, succeed
from tests.personal_data import CLIENT_ID, CPF, Leak, Persons, Search, persons_of

READERS = 25
START_SECONDS = 60
VERBOSE = {
    "PREFECT_LOGGING_LEVEL": "DEBUG",
    "PREFECT_LOGGING_ROOT_LEVEL": "DEBUG",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "pymongo,sqlalchemy,great_expectations",
    "PREFECT_LOGGING_LOG_PRINTS": "true",
    "PYTHONWARNINGS": "always",
}
"""As much as can be asked for without a debugger."""


@dataclass(frozen=True)
class Person:
    """One consumer of the night, with a score."""

    client_id: str
    cpf: str
    name: str


@dataclass
class Told:
    """What the API told anybody but the consumers' readers."""

    log: bytes = b""
    metrics: list[bytes] = field(default_factory=list)
    traces: list[bytes] = field(default_factory=list)
    refusals: list[bytes] = field(default_factory=list)
    journal: list[bytes] = field(default_factory=list)


@pytest.fixture(scope="module")
def search(night) -> Search:
    persons = persons_of(night.settings)
    assert min(len(persons.cpfs), len(persons.names), len(persons.addresses), len(persons.client_ids)) > 1_500
    return Search(persons)


@pytest.fixture(scope="module")
def somebody(night) -> list[Person]:
    engine = sql_engine(night.settings.secret("base_a_admin_url"), timeout=10)
    with engine.connect() as connection:
        names = {row[0]: row[1] for row in connection.execute(sa.text("select id, nome from cliente"))}
    engine.dispose()
    known = night.query(f"select cliente_id, cpf from score_vigente where status = 'OK' order by cpf limit {READERS}")
    return [Person(client_id, cpf, names[client_id]) for client_id, cpf in known]


@contextmanager
def quoting_fault(settings: Settings, person: Person) -> Iterator[None]:
    """Let PostgreSQL refuse to publish, in words that quote a person, as a broken constraint's do."""
    make = (
        "create function delata() returns trigger language plpgsql as $$ begin raise exception "
        f"'{person.cpf} {person.name}' using detail = '{person.cpf}', hint = '{person.client_id}'; end $$",
        "create trigger delata before update on execucao for each row when (new.situacao = 'publicada') "
        "execute function delata()",
    )
    change_schema(settings, "results", *make)
    try:
        yield
    finally:
        change_schema(settings, "results", "drop function delata() cascade")


@pytest.fixture(scope="module")
def outputs(night, somebody) -> dict[str, str]:
    """What commands printed: the night's, and a run with all logs open that a fault stops, before it is resumed."""
    run = ("run", "--as-of", AS_OF.isoformat())
    with quoting_fault(night.settings, somebody[0]):
        failed = escore(night.settings, *run, **VERBOSE)
    resumed = succeed(escore(night.settings, *run))
    with quoting_fault(night.settings, somebody[0]):
        refused = escore(night.settings, "rollback")
    roll_back(night.settings)
    assert (failed.returncode, refused.returncode) == (1, 1), failed.stderr + refused.stderr
    assert "text withheld" in failed.stderr
    assert "text withheld" in refused.stderr
    assert failed.stderr.count("DEBUG") > 1_000
    found = {"failed": failed, "resumed": resumed, "refused": refused}
    return night.outputs | {name: one.stdout + one.stderr for name, one in found.items()}


@pytest.fixture(scope="module")
def told(night, somebody, outputs) -> Told:
    """The API as a process of its own, read by consulentes and by some who ask wrongly."""
    told = Told()
    with collector(told.traces) as endpoint, serving(night.settings, endpoint, told) as url:
        headers = {"Authorization": f"Bearer {token(night.settings)}", "User-Agent": f"banco {somebody[0].cpf}"}
        with httpx.Client(base_url=url, headers=headers, timeout=20) as client:
            for person in somebody:
                read(client, person)
            for person in somebody[:5]:
                told.refusals += ask_wrongly(client, person)
            told.metrics.append(client.get("/metrics").content)
            told.journal += [path.read_bytes() for path in night.settings.audit_root.glob("*.diario")]
    return told


@contextmanager
def collector(bodies: list[bytes]) -> Iterator[str]:
    """An OTLP collector that keeps all it is sent, headers too."""

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(bytes(self.headers) + self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def serving(settings: Settings, endpoint: str, told: Told) -> Iterator[str]:
    """Run ``escore serve``; what it wrote to its streams is kept when it has ended."""
    port, log = free_port(), settings.var / "api.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.cli", "serve", "--port", str(port)],
            cwd=Path(__file__).parents[2],
            env=environment_of(
                settings, SCORE_OTLP_ENDPOINT=endpoint, SCORE_DRAIN_SECONDS="0.1", SCORE_ENV="desenvolvimento"
            ),
            stdout=stream,
            stderr=stream,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while f":{port} " not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_SECONDS) == 0, log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    told.log = log.read_bytes()


def read(client: httpx.Client, person: Person) -> None:
    """Read all that can be read of a person, as it is meant to be read."""
    for path in ("", "/score-data", "/score", "/acessos"):
        assert client.get(f"/clientes/{person.client_id}{path}").status_code == 200, path
    assert client.get(f"/clientes/{person.cpf}/consultar").status_code == 200
    for query in ({"cpf": person.cpf}, {"nome": person.name}):
        answer = client.get("/clientes", params=query)
        assert answer.json()["count"] >= 1
    assert client.post("/scores/consultar", json={"cpfs": [person.cpf]}).json()


def ask_wrongly(client: httpx.Client, person: Person) -> Iterator[bytes]:
    """Yield the Problem Details of requests that hold a person and are refused: header, body, query, path, method."""
    wrong = str((int(person.cpf) + 1) % 10**11).zfill(11)
    stranger = {"Authorization": f"Bearer {person.cpf}.{person.name.encode().hex()}.x"}
    requests = (
        client.build_request("POST", "/scores/consultar", json={"cpfs": person.cpf}),
        client.build_request("POST", "/scores/consultar", json={"cpfs": [int(person.cpf)], person.name: 1}),
        client.build_request("POST", "/scores/consultar", content=f'{{"cpfs": ["{person.cpf}"'),
        client.build_request("GET", "/clientes", params={"page": person.cpf}),
        client.build_request("GET", "/clientes", params={person.cpf: person.name, "uf": person.name}),
        client.build_request("GET", f"/clientes/{person.name}/{person.cpf}"),
        client.build_request("GET", f"/clientes/{wrong}/consultar", params={"cpf": person.cpf}),
        client.build_request("GET", f"/clientes/{person.cpf}/score"),
        client.build_request("DELETE", f"/clientes/{person.client_id}"),
        client.build_request("GET", f"/clientes/{person.client_id}/acessos", params={"antes": person.cpf}),
        client.build_request("GET", f"/clientes/{person.client_id}/score", headers=stranger),
        client.build_request(
            "GET", f"/clientes/{person.client_id}/score", headers={"X-Finalidade": f"\x7f{person.cpf}"}
        ),
    )
    for request in requests:
        answer = client.send(request)
        assert answer.status_code >= 400, request
        yield f"{answer.status_code} {dict(answer.headers)}\n".encode() + answer.content


def clean(leaks: list[Leak]) -> bool:
    assert leaks == []
    return True


def test_the_night_is_searched_for_its_own_people(search, somebody):
    """The search is not empty: each of these would be found in a log."""
    for person in somebody:
        line = f"cliente {person.client_id} {person.cpf[:3]}.{person.cpf[3:6]}.{person.cpf[6:9]}-{person.cpf[9:]}"
        assert {leak.kind for leak in search.in_bytes(line.encode(), "line")} == {CPF, CLIENT_ID}


def test_commands_print_nobody(outputs, search):
    for name, output in outputs.items():
        assert clean(search.in_bytes(output.encode(), name))


@pytest.mark.parametrize(
    "command",
    ["check --json", "models list --json", "models show vigente", "audit status --json", "audit ship --once", "status"],
)
def test_commands_that_only_look_print_nobody(night, told, search, command, monkeypatch):
    for name, value in environment_of(night.settings).items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == 0, done.output
    assert clean(search.in_bytes(done.output.encode(), command))


def test_files_outside_the_lake_and_the_truth_hold_nobody(night, outputs, told, search):
    """Reports, pictures, documents of Great Expectations, Prefect's home, caches."""
    var = night.settings.var
    files = [p for p in var.rglob("*") if p.is_file() and not {"lake", "verdade"} & set(p.relative_to(var).parts)]
    assert {".html", ".svg", ".json", ".log"} <= {p.suffix for p in files}
    for path in files:
        assert clean(search.in_file(path))


def test_files_that_were_there_for_a_while_held_nobody(night, search):
    files = list(night.kept_files.iterdir())
    assert len(files) > len(list(night.settings.var.rglob("*.html")))
    for path in files:
        assert clean(search.in_file(path))


def test_models_and_manifests_in_the_lake_hold_nobody(night, search):
    """Only tables, and the plan of a run, may: see docs/reference/lake.md."""
    lake = night.settings.var / "lake"
    files = [p for p in lake.rglob("*") if p.is_file() and (p.name == "manifesto.json" or "models" in p.parts)]
    assert {"scorecard.json", "distribuicao.json", "relatorio.html", "manifesto.json"} <= {p.name for p in files}
    for path in files:
        assert clean(search.in_file(path))


def test_prefect_holds_nobody(embedded, outputs, search):
    """Flow and task runs, parameters, states, logs, artifacts, events, and results if any were kept."""
    home = embedded.var / "embutidos" / "prefect"
    files = [p for p in home.rglob("*") if p.is_file() and not p.name.endswith(("-wal", "-shm"))]
    assert any(p.name == "prefect.db" for p in files)
    for path in files:
        assert clean(search.in_file(path))


def test_logs_of_the_stores_hold_nobody(embedded, outputs, told, search):
    """PostgreSQL's too, which was told to quote a person in an error."""
    servers = embedded.var / "embutidos"
    running = {name: record for name, record in read_state(embedded.var).servers.items() if record.process is not None}
    homes = {Path(record.home) if record.home else servers / name for name, record in running.items()}
    logs = [path for home in homes for path in home.glob("*.log")]
    assert len(logs) == len(running) >= 4
    for path in logs:
        assert clean(search.in_file(path))


def test_what_the_api_tells_others_than_readers_holds_nobody(told, search):
    assert told.log.count(b"requisicao") > READERS
    assert b"escore_requisicoes" in b"".join(told.metrics)
    assert b"http.route" in b"".join(told.traces)
    assert b"".join(told.journal).count(b"\x1e") > READERS
    assert len(told.refusals) == 60
    for what, pieces in {
        "log": [told.log],
        "metrics": told.metrics,
        "traces": told.traces,
        "refusals": told.refusals,
        "journal": told.journal,
    }.items():
        for piece in pieces:
            assert clean(search.in_bytes(piece, what))


def test_cache_holds_nobody_in_clear(night, told, search):
    """Keys, values, what a dump holds, the slow log, the list of clients."""
    with redis.Redis.from_url(night.settings.secret("redis_url")) as client:
        keys = list(client.scan_iter(count=1000))
        assert len(keys) > 50
        for key in keys:
            kind = client.type(key)
            value = list(client.hgetall(key).items()) if kind == b"hash" else [(b"", client.dump(key))]
            assert clean(search.in_bytes(b"\n".join([key, *(part for pair in value for part in pair)]), "a key"))
        about = [client.slowlog_get(128), client.client_list(), client.info("everything")]
    assert clean(search.in_bytes(repr(about).encode(), "slow log and clients"))


def test_files_and_memory_of_the_cache_hold_nobody_in_clear(night, embedded, told, search):
    """The append-only file, a snapshot taken now, and the process's own memory: what a core of it would hold."""
    record = read_state(embedded.var).servers["valkey"]
    if f":{record.port}/" not in night.settings.secret("redis_url"):
        pytest.skip("the cache is a server whose files and memory are not ours to read")
    with redis.Redis.from_url(night.settings.secret("redis_url")) as client:
        client.config_set("rdbcompression", "no")
        client.save()
        folder = embedded.var / "embutidos" / "valkey"
        files = [p for p in folder.rglob("*") if p.is_file()]
        assert {".aof", ".rdb"} <= {p.suffix for p in files}
        for path in files:
            assert clean(search.in_file(path))
        (folder / "dump.rdb").unlink()
        planted = "52998224725"
        client.set("prova", f"cpf {planted}")
        image = memory_of(record.process.pid)
        client.delete("prova")
    assert {leak.kind for leak in Search(Persons({planted})).in_memory(image, "memory")} == {CPF}, "it is the memory"
    assert clean(search.in_memory(image, "memory"))


def memory_of(pid: int) -> bytes:
    """Return a process's writable memory."""
    pieces = []
    with Path(f"/proc/{pid}/maps").open() as maps, os.fdopen(os.open(f"/proc/{pid}/mem", os.O_RDONLY), "rb", 0) as mem:
        for line in maps:
            span, rights = line.split()[:2]
            begin, end = (int(part, 16) for part in span.split("-"))
            if rights.startswith("rw"):
                mem.seek(begin)
                pieces.append(mem.read(end - begin) or b"")
    return b"".join(pieces)


def test_the_audit_and_rejected_records_name_nobody(night, told, search):
    for query in (
        "select base, tabela, chave, regra from rejeitado where base <> 'A' and tabela <> 'pessoa'",
        "select * from auditoria",
    ):
        found = night.query(query)
        assert found
        assert clean(search.in_bytes(repr(found).encode(), query))
    keys = night.query("select chave from rejeitado")
    assert {leak.kind for leak in search.in_bytes(repr(keys).encode(), "rejeitado")} <= {CLIENT_ID}


def test_what_a_store_says_of_a_row_is_not_passed_on(night, somebody, search):
    """A broken key: PostgreSQL's words quote it, ours do not, nor do those of whatever caused them."""
    engine = sql_engine(night.settings.secret("base_a_admin_url"), timeout=10)
    twice = sa.text("insert into cliente select * from cliente where cpf = :cpf")
    with pytest.raises(sa.exc.IntegrityError) as caught, engine.begin() as connection:
        connection.execute(twice, {"cpf": somebody[0].cpf})
    assert {leak.kind for leak in search.in_bytes(str(caught.value).encode(), "raw")} == {CLIENT_ID}, "no parameters"

    @values_withheld
    def insert_twice() -> None:
        with engine.begin() as connection:
            connection.execute(twice, {"cpf": somebody[0].cpf})

    with pytest.raises(UnexpectedError) as withheld:
        insert_twice()
    engine.dispose()
    assert "IntegrityError" in str(withheld.value)
    assert clean(search.in_bytes("".join(traceback.format_exception(withheld.value)).encode(), "withheld"))


def test_a_value_that_cannot_be_read_is_not_told(installation):
    """Base B is a view there that casts what somebody wrote: PostgreSQL's error quotes it."""
    cpf, name = cpf_of(1), "José Antônio Gonçalves"
    insert(installation, {"cliente": [rows.client("c1", cpf)], "pessoa": [rows.person("c1", cpf)]})
    insert(installation, {"fonte_de_renda": [rows.income("r1", cpf, descricao=f"{name} {cpf}")]})
    change_schema(
        installation,
        "base_b",
        "alter table fonte_de_renda rename to renda",
        "create view fonte_de_renda as select id, cpf, tipo, descricao, descricao::numeric as valor, frequencia, "
        "registrada_em, encerrada_em from renda",
        "grant select on fonte_de_renda to public",
    )
    with sources_of(installation) as sources, pytest.raises(EscoreError) as caught:
        values_withheld(extract_range)(sources, CpfRange(0, None, None), as_of=AS_OF)
    told = "".join(traceback.format_exception(caught.value)).encode()
    assert b"22P02" in told, "the cast failed"
    assert clean(Search(Persons({cpf}, {name})).in_bytes(told, "told"))


@pytest.mark.parametrize("store", ["SCORE_BASE_B_URL", "SCORE_RESULTS_URL"])
def test_a_store_that_is_down_is_one_clear_line_without_secrets(night, search, store):
    change = {store: "postgresql+psycopg2://nobody:hunter2hunter2@127.0.0.1:1/none"}
    done = escore(night.settings, "run", "--as-of", "2025-12-31", **change, SCORE_IO_RETRIES="0")
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "hunter2" not in done.stderr + done.stdout
    assert "127.0.0.1" in done.stderr.splitlines()[-1]
    assert clean(search.in_bytes((done.stderr + done.stdout).encode(), "output"))


def test_no_secret_is_in_what_the_night_left_behind(night, embedded):
    """What it printed, its files and reports, Prefect's database of runs, parameters, logs and artifacts."""
    texts = [night.settings.secret(name) for name in secret_fields() if getattr(night.settings, name) is not None]
    secrets = {urlsplit(text).password if "://" in text else text for text in texts}
    prefect = [path for path in (embedded.var / "embutidos" / "prefect").rglob("*") if path.is_file()]
    assert any(path.name == "prefect.db" for path in prefect)
    contents = {str(path): path.read_bytes() for path in (*prefect, *night.settings.var.rglob("*")) if path.is_file()}
    contents |= {name: text.encode() for name, text in night.outputs.items()}
    for name, content in contents.items():
        assert not [secret for secret in secrets if secret and secret.encode() in content], name
