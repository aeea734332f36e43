"""A night on guarded stores: the roles of `deploy/sql` alone, by their own scripts, and TLS with checked certificates.

PostgreSQL and Redis are the system's, since the wheels' speak no TLS; Base C is behind a TLS front. Nothing listens in
clear: what works here works encrypted, with these rights.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from contracts.settings import Settings, load_settings
from extract.extraction import extract_range
from extract.partitions import plan_ranges
from features.build import build_features
from flows.accesses import list_accesses
from flows.erase import erase_client
from flows.readmit import readmit_client
from flows.resources import Results, open_results, open_sources
from models.points.apply import apply_points
from models.points.table import PointsTable
from serve.app import create_app
from serve.published.run_info import RunInfo
from stores import ledger
from stores.cache_rights import CACHE_USERS
from stores.check import check_stores
from stores.connections import sql_engine
from stores.migrate import migrate
from stores.run_ids import new_run_id
from tests.api_server import caller, running
from tests.certificates import Authority
from tests.extract_samples import cpf_of, debt
from tests.law_samples import Rows, consumer, insert_consumers
from tests.model_samples import crossed_table
from tests.private_servers import (
    INSTALL,
    PrivatePostgres,
    private_postgres,
    private_redis,
    system_postgres,
    system_redis,
)
from tests.tls_front import tls_front

SCRIPTS = Path(__file__).parents[2] / "deploy" / "sql"
AS_OF = date(2025, 6, 30)
CONSUMERS = 12


@pytest.fixture(scope="module")
def guarded(
    make_installation: Callable[[str], Settings], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Settings, PrivatePostgres]]:
    programs, redis_program = system_postgres(), system_redis()
    if programs is None or redis_program is None:
        pytest.skip(f"a night by TLS was not tried: no PostgreSQL or Redis of the system's packages; {INSTALL}")
    folder = tmp_path_factory.mktemp("guardada")
    authority = Authority(folder, "nossa")
    with ExitStack() as stack:
        server = stack.enter_context(
            private_postgres(
                programs,
                access="hostssl all all samehost scram-sha-256\n",
                prepare=lambda made: _certified(made, authority),
            )
        )
        urls = _relational(server, folder, f"sslmode=verify-full&sslrootcert={authority.certificate}")
        urls |= stack.enter_context(_cache(redis_program, folder, authority))
        plain = make_installation("guardada")  # for a database of Base C of its own
        for name in ("base_c_url", "base_c_admin_url"):
            parts = urlsplit(plain.secret(name))
            front = tls_front(authority.issue("localhost"), (parts.hostname or "", parts.port or 0))
            port, _versions = stack.enter_context(front)
            login, query = parts.netloc.rpartition("@")[0], f"{parts.query}&directConnection=true&tls=true"
            urls[name] = f"mongodb://{login}@localhost:{port}{parts.path}?{query}&tlsCAFile={authority.certificate}"
        given = {"var": folder / "var", "cache_key": secrets.token_urlsafe(32), "jwt_secret": secrets.token_urlsafe(32)}
        settings = load_settings(given | urls)
        settings.var.mkdir()
        migrate(settings)
        insert_consumers(settings, *map(_consumer, range(CONSUMERS)))
        yield settings, server


def _certified(server: PrivatePostgres, authority: Authority) -> dict[str, str]:
    certificate = authority.issue("localhost")
    owner = server.folder.stat().st_uid
    names = {"ssl_cert_file": certificate.certificate, "ssl_key_file": certificate.key}
    for name, source in names.items():
        copy = server.folder / name
        copy.touch(0o600)
        copy.write_bytes(source.read_bytes())
        shutil.chown(copy, owner, owner)
    return {"ssl": "on"} | {name: str(server.folder / name) for name in names}


def _relational(server: PrivatePostgres, folder: Path, options: str) -> dict[str, str]:
    """Run the scripts, Base B's a second time for Base A's stand-in, and return every role's URL."""
    script = folder / "base_a.sql"
    text = (SCRIPTS / "postgresql_base_b.sql").read_text("utf-8")
    script.write_text(re.sub(r"(base|dono|leitor)_b\b", r"\1_a", text))
    passwords: dict[str, str] = {}
    for path in (script, SCRIPTS / "postgresql_base_b.sql", SCRIPTS / "postgresql_results.sql"):
        found = re.findall(r"create role (\w+) .*:'([a-z]+_senha)'", path.read_text("utf-8"))
        own = {role: secrets.token_urlsafe(12) for role, _ in found}
        server.run_script(path, {variable: own[role] for role, variable in found})
        passwords |= own
    logins = {
        "base_a_url": ("escore_leitor_a", "base_a"),
        "base_a_admin_url": ("escore_dono_a", "base_a"),
        "base_b_url": ("escore_leitor_b", "base_b"),
        "base_b_admin_url": ("escore_dono_b", "base_b"),
        "results_url": ("escore_motor", "score"),
        "results_api_url": ("escore_api", "score"),
        "results_admin_url": ("escore_dono_score", "score"),
    }
    return {
        name: server.url(role, passwords[role], database, options=options) for name, (role, database) in logins.items()
    }


@contextmanager
def _cache(program: Path, folder: Path, authority: Authority) -> Iterator[dict[str, str]]:
    passwords = {user: secrets.token_urlsafe(12) for user in CACHE_USERS}
    lines = [line for line in (SCRIPTS / "redis.acl").read_text("utf-8").splitlines() if line.startswith("user ")]
    users = "\n".join(line.replace("troque-esta-senha", passwords[line.split()[1]]) for line in lines)
    (folder / "redis").mkdir()
    good = authority.issue("localhost")
    with private_redis(
        program, folder / "redis", certificate=good, trusted=authority.certificate, users=users
    ) as server:
        options = f"ssl_ca_certs={authority.certificate}"
        named = {"redis_url": "escore_motor", "redis_api_url": "escore_api"}
        yield {name: server.url(user, passwords[user], options=options) for name, user in named.items()}


def _consumer(number: int) -> Rows:
    key, cpf = f"c{number}", cpf_of(500_000_000 + number)
    rows = consumer(key, cpf, known=datetime(2024, 1, 1), events=datetime(2025, 6, 29 - number))
    rows["divida"] += [debt(f"{key}-d{k}", key, valor=f"{10 ** (k + 1)}.00") for k in range(number % 5)]
    return rows


def _night(settings: Settings, results: Results, card: PointsTable) -> RunInfo:
    """Do what the steps of a run do, with the ledger: extract, score, stage, refuse, switch, count, keep."""
    run = RunInfo(
        new_run_id(datetime.now(UTC)), AS_OF, "m1", card.name, 12, card.texts, datetime.now(UTC), card.sha256, "# m\n"
    )
    engine, publisher = results.engine, results.publisher
    ledger.open_run(engine, execucao_id=run.execucao_id, data_referencia=AS_OF, modelo_versao="m1")
    publisher.begin(run, consumers=CONSUMERS)
    with open_sources(settings) as sources:
        for cpf_range in plan_ranges(sources.base_a, range_size=100):
            extraction = extract_range(sources, cpf_range, as_of=AS_OF)
            publisher.stage(apply_points(card, build_features(extraction.tables, AS_OF, threads=1)))
            publisher.stage_rejects(extraction.rejects)
    publisher.switch(run)
    publisher.retain(2)
    return run


def test_a_night_a_day_and_an_erasure_need_no_more_than_their_roles_and_nothing_in_clear(guarded):
    settings, server = guarded
    assert check_stores(settings) == ()
    card = crossed_table()
    with open_results(settings) as results:
        runs = [_night(settings, results, card) for _ in range(3)]
        given_up = replace(runs[0], execucao_id=new_run_id(datetime.now(UTC)))
        ledger.open_run(results.engine, execucao_id=given_up.execucao_id, data_referencia=AS_OF, modelo_versao="m1")
        results.publisher.begin(given_up, consumers=CONSUMERS)
        results.publisher.discard(given_up.execucao_id)
        ledger.fail_run(results.engine, given_up.execucao_id, motivo="teste", retomavel=False)
        assert results.publisher.rollback() == runs[1].execucao_id
    cpf = cpf_of(500_000_001)
    with running(create_app(settings)) as address, caller(address, settings) as client:
        paths = ("/clientes", "/clientes/c1", "/clientes/c1/score-data", "/clientes/c1/score", "/clientes/c1/acessos")
        answers = {path: client.get(path).status_code for path in (*paths, f"/clientes/{cpf}/consultar", "/modelo")}
        assert set(answers.values()) == {200}, answers
        assert client.post("/scores/consultar", json={"cpfs": [cpf]}).status_code == 200
        assert client.post("/clientes/c1/score-data/invalidar").status_code < 300
        assert client.get("/saude/pronto").json()["situacao"] == "pronto"
        with server.root() as cursor:
            cursor.execute(
                "select usename, bool_and(ssl) from pg_stat_activity join pg_stat_ssl using (pid) "
                "where usename like 'escore%' group by usename"
            )
            seen = dict(cursor.fetchall())
    assert seen == dict.fromkeys(("escore_api", "escore_leitor_a", "escore_leitor_b"), True)
    list_accesses(settings, "c1", before=None, limit=10)
    assert _audited(settings) >= len(answers)
    erase_client(settings, "c1")
    with running(create_app(settings)) as address, caller(address, settings) as client:
        assert client.get("/clientes/c1/score").status_code == 404
    readmit_client(settings, "c1")


def _audited(settings: Settings) -> int:
    engine = sql_engine(settings.secret("results_admin_url"), timeout=10)
    with engine.connect() as connection:
        count: int = connection.scalar(sa.text("select count(*) from auditoria")) or 0
    engine.dispose()
    return count
