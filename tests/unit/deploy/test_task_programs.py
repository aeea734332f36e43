"""The programs of the tasks on AWS: scripts without the stores' shells, keys of Dask, objects of a locked bucket."""

from __future__ import annotations

import http.client
import http.server
import importlib.util
import json
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import oracledb
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from deploy.package.bundles import ROOT, RUNTIME

SCRIPTS = ROOT / "deploy" / "sql"
PASSWORDS = {f"escore_{name}": f"{name} of the test" for name in ("dono_a", "leitor_a", "dono_c", "leitor_c")}
NOW = datetime(2026, 11, 2, 6, 0, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def programs() -> Iterator[dict[str, ModuleType]]:
    """Yield the runtime's modules, which find one another by their own folder as in the image."""
    names = ("logins", "sql_scripts", "make_roles", "s3_objects", "archive_audit", "dask_keys")
    sys.path.insert(0, str(RUNTIME))
    try:
        yield {name: importlib.import_module(name) for name in names}
    finally:
        sys.path.remove(str(RUNTIME))
        for name in names:
            sys.modules.pop(name, None)


class Cursor:
    """Takes Oracle's statements; the ones in ``refused`` fail with that number."""

    def __init__(self, refused: dict[str, int]) -> None:
        self.told: list[str] = []
        self._refused = refused

    def execute(self, statement: str) -> None:
        self.told.append(statement)
        for beginning, number in self._refused.items():
            if statement.startswith(beginning):
                raise oracledb.DatabaseError(type("E", (), {"code": number, "full_code": f"ORA-{number:05}"})())


def test_oracle_s_users_are_made_each_with_its_password_and_rights_on_tables_are_left_to_the_migrations(programs):
    cursor = Cursor({})
    programs["make_roles"].SCRIPTS = SCRIPTS
    assert programs["make_roles"].make_oracle(cursor, PASSWORDS) == {"made": 6, "there already": 0}
    assert cursor.told[0].startswith('CREATE USER escore_dono_a IDENTIFIED BY "dono_a of the test" QUOTA')
    assert not [each for each in cursor.told if "troque" in each or "READ ON" in each or ";" in each or "--" in each]


def test_an_oracle_that_has_them_is_left_alone_and_one_that_refuses_is_told_without_the_statement(programs):
    make_oracle = programs["make_roles"].make_oracle
    programs["make_roles"].SCRIPTS = SCRIPTS
    there = Cursor({"CREATE USER": 1920, "CREATE SYNONYM": 955})
    assert make_oracle(there, PASSWORDS) == {"made": 2, "there already": 4}
    with pytest.raises(SystemExit, match="ORA-01031") as refused:
        make_oracle(Cursor({"CREATE USER": 1031}), PASSWORDS)
    assert "of the test" not in str(refused.value)


def test_mongo_s_users_are_those_of_the_script(programs):
    class Database:
        def __init__(self, there: set[str]) -> None:
            self.there, self.made = there, {}

        def command(self, name: str, user: str, **given: Any) -> dict[str, Any]:
            if name == "usersInfo":
                return {"users": [user] if user in self.there else []}
            self.made[user] = given
            return {}

    programs["make_roles"].SCRIPTS = SCRIPTS
    database = Database({"escore_dono_c"})
    assert programs["make_roles"].make_mongo(database, PASSWORDS) == {"made": 1, "there already": 1}
    read = [{"role": "read", "db": "base_c"}]
    assert database.made == {"escore_leitor_c": {"pwd": "leitor_c of the test", "roles": read}}
    users = programs["sql_scripts"].mongo_users((SCRIPTS / "mongodb_base_c.js").read_text())
    assert {role["role"] for role in users["escore_dono_c"]} == {"readWrite", "dbAdmin"}


def test_a_psql_script_is_taken_apart_as_psql_does(programs):
    Step = programs["sql_scripts"].Step  # noqa: N806 - a class of the module
    script = "-- said\ncreate role x password :'a';\nselect 'b' || \n :'a' \\gexec\n\\connect other\nselect 1;\n"
    assert list(programs["sql_scripts"].psql_steps(script, {"a": "it's"})) == [
        Step("sql", "create role x password 'it''s'"),
        Step("gexec", "select 'b' || \n 'it''s'"),
        Step("connect", "other"),
        Step("sql", "select 1"),
    ]
    with pytest.raises(KeyError):
        list(programs["sql_scripts"].psql_steps("select :'missing';", {}))


def test_a_month_is_archived_day_by_day(programs):
    days = list(programs["archive_audit"].days_of("2028-02"))
    assert (days[0], days[-1], len(days)) == (date(2028, 2, 1), date(2028, 2, 29), 29)
    assert programs["archive_audit"].month_before(date(2026, 3, 31)) == "2026-02"


def test_an_object_is_signed_as_aws_s_own_library_does(programs, tmp_path):
    objects = programs["s3_objects"]
    place, file = objects.Place("archive", "sa-east-1"), tmp_path / "day.csv.gz"
    file.write_bytes(b"id,momento\n")
    keys = objects.Credentials("AKEY", "a secret", "a token")
    key = "auditoria/2026-10/2026-10-31.csv.gz"
    headers = objects.signed_headers(place, key, credentials=keys, content=file, now=NOW)
    signed = {name: value for name, value in headers.items() if name not in ("authorization", "host")}
    request = AWSRequest("PUT", f"https://{place.host}/{key}", headers=signed, data=file.read_bytes())
    request.context["timestamp"] = headers["x-amz-date"]
    judge = S3SigV4Auth(Credentials(keys.key_id, keys.secret, keys.token), "s3", place.region)
    text = judge.string_to_sign(request, judge.canonical_request(request))
    assert headers["authorization"].endswith(f"Signature={judge.signature(text, request)}")
    assert judge.scope(request) in headers["authorization"]
    assert headers["content-md5"] == "iy151nO83IR8zWw2WwBdsA=="


@contextmanager
def server(status: int, got: list[Any]) -> Iterator[http.client.HTTPConnection]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((self.path, self.headers["content-md5"], body))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    listening = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield http.client.HTTPConnection("127.0.0.1", listening.server_port, timeout=5)
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def test_an_object_that_is_refused_ends_the_task(programs, tmp_path):
    file, got = tmp_path / "day.csv.gz", []
    file.write_bytes(b"lines")
    with server(200, got) as connection:
        programs["s3_objects"].put_file(connection, "auditoria/x y", file, {"content-md5": "digest"})
    assert got == [("/auditoria/x%20y", "digest", b"lines")]
    with server(403, []) as connection, pytest.raises(SystemExit, match="403"):
        programs["s3_objects"].put_file(connection, "auditoria/x", file, {"content-md5": "digest"})


def handshake(server_side: ssl.SSLContext, client_side: ssl.SSLContext) -> None:
    """Let two ends greet each other without a network; SSLError if one refuses the other."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        server_side.wrap_bio(to_server, to_client, server_side=True),
        client_side.wrap_bio(to_client, to_server, server_side=False),
    ]
    done = set[int]()
    for _ in range(10):
        for number, end in enumerate(ends):
            try:
                end.do_handshake()
                done.add(number)
            except ssl.SSLWantReadError:
                continue
    ends[1].write(b"x")
    assert ends[0].read(1) == b"x"
    assert done == {0, 1}


def contexts(environment: dict[str, str]) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the scheduler's and a worker's, as Dask makes them of its variables."""
    from dask import config  # noqa: PLC0415 - half a second that the other tests do not need
    from distributed.security import Security  # noqa: PLC0415

    with config.set(config.merge(config.config, config.collect_env(environment))):
        security = Security()
        assert security.require_encryption
        return (
            security.get_listen_args("scheduler")["ssl_context"],
            security.get_connection_args("worker")["ssl_context"],
        )


def test_dask_s_ends_know_one_another_by_one_secret_and_nobody_else(programs, tmp_path):
    ours: dict[str, str] = {"DASK_SEED": "s" * 64, "SCORE_VAR": str(tmp_path / "a")}
    theirs: dict[str, str] = {"DASK_SEED": "t" * 64, "SCORE_VAR": str(tmp_path / "b")}
    again: dict[str, str] = {"DASK_SEED": "s" * 64, "SCORE_VAR": str(tmp_path / "c")}
    for environment in (ours, theirs, again):
        programs["dask_keys"].lay_keys(environment)
        assert "DASK_SEED" not in environment
    files = sorted((tmp_path / "a" / "dask-keys").iterdir())
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
    assert [(tmp_path / "c" / "dask-keys" / file.name).read_bytes() for file in files] == [
        file.read_bytes() for file in files
    ]
    scheduler, _ = contexts(ours)
    _, worker = contexts(again)
    handshake(scheduler, worker)
    _, stranger = contexts(theirs)
    with pytest.raises(ssl.SSLError):
        handshake(scheduler, stranger)


def test_without_a_secret_there_is_no_dask(programs, tmp_path):
    environment = {"SCORE_VAR": str(tmp_path)}
    programs["dask_keys"].lay_keys(environment)
    assert environment == {"SCORE_VAR": str(tmp_path)}
    assert not list(tmp_path.iterdir())


def test_a_secret_s_login_is_read_by_its_name(programs):
    given = {"ROLE_ESCORE_API": json.dumps({"username": "escore_api_clone", "password": "p"}), "OTHER": "x"}
    assert programs["make_roles"]._logins(given, "ROLE_")["escore_api"]["password"] == "p"
    assert Path(programs["make_roles"].__file__).parent == RUNTIME
