"""The tasks on AWS, on a PostgreSQL of this file's own: roles made by an administrator, no superuser; the archive."""

from __future__ import annotations

import csv
import gzip
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import psycopg
import pytest

from contracts.settings import Settings
from deploy.package.bundles import ROOT, RUNTIME
from stores.check import check_stores
from stores.migrate import migrate
from tests.private_servers import PrivatePostgres, private_postgres

ADMINISTRATOR = "escore_admin"
ROLES = ("dono_b", "leitor_b", "dono_score", "motor", "api", "auditor", "prefect")
PASSWORDS = {f"escore_{role}": f"it's-{role}-s" for role in ROLES}
ALTERNATES = ("escore_leitor_b_clone", "escore_motor_clone", "escore_api_clone", "escore_auditor_clone")


@pytest.fixture(scope="module")
def programs() -> Iterator[dict[str, ModuleType]]:
    """Yield the runtime's modules, which find one another by their own folder as in the image."""
    names = ("logins", "sql_scripts", "make_roles", "s3_objects", "archive_audit")
    sys.path.insert(0, str(RUNTIME))
    try:
        loaded = {name: importlib.import_module(name) for name in names}
        loaded["make_roles"].SCRIPTS = ROOT / "deploy" / "sql"
        yield loaded
    finally:
        sys.path.remove(str(RUNTIME))
        for name in names:
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def server() -> Iterator[PrivatePostgres]:
    """Yield a server with an administrator as RDS gives one: roles and databases are its to make, nothing else."""
    with private_postgres(None, access="host all all samehost scram-sha-256\n") as server:
        with server.root() as cursor:
            cursor.execute(f"create role {ADMINISTRATOR} login createrole createdb password 'admin'")
            cursor.execute(f"create role rds_iam; grant rds_iam to {ADMINISTRATOR} with admin option")
        yield server


@pytest.fixture(scope="module")
def made(programs: dict[str, ModuleType], server: PrivatePostgres) -> list[dict[str, dict[str, int]]]:
    """Return what was done by the first turn and by the second."""
    address = {"host": "localhost", "port": server.port, "user": ADMINISTRATOR, "password": "admin"}
    roles = programs["make_roles"]
    return [
        {
            "base_b": dict(roles.make_base_b(roles.PostgresScripts(address), PASSWORDS)),
            "results": dict(roles.make_results(roles.PostgresScripts(address), PASSWORDS)),
        }
        for _ in range(2)
    ]


def url(server: PrivatePostgres, role: str, database: str) -> str:
    return server.url(role, PASSWORDS[role], database)


@pytest.fixture(scope="module")
def settings(made: object, server: PrivatePostgres, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings after the migrations, which the owners make with the logins of the task."""
    given = {
        "base_b_url": url(server, "escore_leitor_b", "base_b"),
        "base_b_admin_url": url(server, "escore_dono_b", "base_b"),
        "results_url": url(server, "escore_motor", "score"),
        "results_api_url": url(server, "escore_api", "score"),
        "results_admin_url": url(server, "escore_dono_score", "score"),
    }
    settings = Settings(_env_file=None, var=tmp_path_factory.mktemp("var"), **given)
    migrate(settings, stores=("base_b", "results"))
    return settings


def test_an_administrator_who_is_no_superuser_makes_every_role_and_a_second_turn_makes_none(made, server):
    first, second = made
    for store in ("base_b", "results"):
        assert first[store]["there already"] == 0
        assert first[store]["left to the parameter group"] == 5
        assert second[store]["there already"] >= 3
    with server.root() as cursor:
        cursor.execute("select rolname from pg_roles where rolname like 'escore%'")
        names = {name for (name,) in cursor.fetchall()}
        cursor.execute("select pg_has_role('escore_analista', 'rds_iam', 'member')")
        assert cursor.fetchone() == (True,)
        cursor.execute(
            "select datname, pg_get_userbyid(datdba) from pg_database where datname in ('base_b', 'score', 'prefect')"
        )
        owners = dict(cursor.fetchall())
    assert names == {*PASSWORDS, *ALTERNATES, ADMINISTRATOR, "escore_analista"}
    assert owners == {"base_b": "escore_dono_b", "score": "escore_dono_score", "prefect": "escore_prefect"}


def test_the_roles_have_the_rights_that_the_engine_looks_for(settings):
    nowhere = {"base_a_url": "sqlite:////nao/existe.db", "base_c_url": "mongodb://127.0.0.1:1/x"}
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    asked = Settings(_env_file=None, **given, **nowhere, redis_url="redis://127.0.0.1:1/0", store_timeout_seconds=2)
    assert not [each for each in check_stores(asked) if each.store in ("base_b", "results")]


def test_the_month_s_audit_is_read_by_the_auditor_and_written_day_by_day(programs, settings, server, tmp_path):
    line = "insert into auditoria (momento, consulente, recurso, resultado) values (%s, %s, 'score', 200)"
    moments = [
        "2026-09-30T23:59:59Z",
        "2026-10-01T00:00:00Z",
        "2026-10-31T23:59:59Z",
        "2026-10-31T20:00:00-03:00",
        "2026-11-01T00:00Z",
    ]
    with psycopg.connect(settings.secret("results_api_url").replace("+psycopg2", "")) as api:
        for number, moment in enumerate(moments):
            api.execute(line, (moment, f"c{number}"))
    put: dict[str, list[dict[str, str]]] = {}

    def keep(key: str, file: Path) -> None:
        with gzip.open(file, "rt") as opened:
            put[key] = list(csv.DictReader(opened))

    auditor = url(server, "escore_auditor", "score").replace("+psycopg2", "")
    with psycopg.connect(auditor, options="-c timezone=America/Sao_Paulo") as connection:
        told = programs["archive_audit"].archive(connection, "2026-10", keep, folder=tmp_path)
    assert len(put) == len(told) == 31
    lines = {key: [each["consulente"] for each in rows] for key, rows in put.items() if rows}
    assert lines == {
        "auditoria/2026-10/2026-10-01.csv.gz": ["c1"],
        "auditoria/2026-10/2026-10-31.csv.gz": ["c3", "c2"],
    }
    assert sum(each["lines"] for each in told) == 3
    assert not list(tmp_path.iterdir())


def test_whoever_refuses_a_statement_is_told_without_its_password(programs, server, made):
    address = {"host": "localhost", "port": server.port, "user": ADMINISTRATOR, "password": "admin"}
    step = programs["sql_scripts"].Step("sql", "create role a login superuser password 'a password'")
    with pytest.raises(SystemExit, match="42501") as refused:
        programs["make_roles"].PostgresScripts(address).run([step])
    assert "a password" not in str(refused.value)
