"""PostgreSQL over TLS, on a real server: the certificate and its host name are checked on every path to it.

Paths: the engine's (psycopg2), its COPY, the API's (psycopg 3). The server is Debian's: the wheel's speaks no TLS.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from functools import partial

import pyarrow as pa
import pytest
import sqlalchemy as sa

from extract.postgres_copy import copy_query
from serve.sources.sql_store import SqlStore
from stores.connections import sql_engine
from tests.certificates import Authority, Certificate
from tests.private_servers import INSTALL, PrivatePostgres, private_postgres, system_postgres
from tests.refusals import refusal_of

PASSWORD = "s3nha-que-nao-se-mostra"
LIMIT = 5.0
ACCESS = """hostssl so_com_certificado leitor samehost scram-sha-256 clientcert=verify-ca
hostssl all leitor samehost scram-sha-256
"""
IS_ENCRYPTED = sa.text("select ssl from pg_stat_ssl where pid = pg_backend_pid()")


class House:
    """The server, the authority that signs its certificates, and the client's URL."""

    def __init__(self, server: PrivatePostgres, authority: Authority) -> None:
        self.server = server
        self.authority = authority
        self.good = authority.issue("localhost")

    def url(self, database: str = "postgres", *, host: str = "localhost", **options: str) -> str:
        given = {"sslmode": "verify-full", "sslrootcert": str(self.authority.certificate)} | options
        texts = "&".join(f"{name}={value}" for name, value in given.items())
        return self.server.url("leitor", PASSWORD, database, host=host, options=texts)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    programs = system_postgres()
    if programs is None:
        pytest.skip(f"TLS to PostgreSQL was not tried: no PostgreSQL of the system's packages; {INSTALL}")
    authority = Authority(tmp_path_factory.mktemp("certificados"), "nossa")

    def prepare(server: PrivatePostgres) -> dict[str, str]:
        certificate = authority.issue("localhost")
        names = {"ssl_cert_file": certificate.certificate, "ssl_key_file": certificate.key}
        files = {"ssl_cert_file": "servidor.pem", "ssl_key_file": "servidor.key", "ssl_ca_file": "autoridade.pem"}
        for setting, path in (names | {"ssl_ca_file": authority.certificate}).items():
            copy = server.folder / files[setting]
            copy.touch(0o600)
            copy.write_bytes(path.read_bytes())
            shutil.chown(copy, *(folder_owner(server),) * 2)
        return {"ssl": "on"} | {setting: str(server.folder / name) for setting, name in files.items()}

    with private_postgres(programs, access=ACCESS, prepare=prepare) as server:
        with server.root() as cursor:
            cursor.execute(f"create role leitor login password '{PASSWORD}'")
            cursor.execute("create database so_com_certificado")
        yield House(server, authority)


def folder_owner(server: PrivatePostgres) -> int:
    return server.folder.stat().st_uid


@pytest.fixture
def good(house: House) -> Iterator[House]:
    """The server with a good certificate, before and after."""
    house.server.present(house.good, ssl="on")
    yield house
    house.server.present(house.good, ssl="on")


def engine_reads(url: str) -> bool:
    engine = sql_engine(url, timeout=LIMIT)
    try:
        with engine.connect() as connection:
            return bool(connection.scalar(IS_ENCRYPTED))
    finally:
        engine.dispose()


def copy_reads(url: str) -> bool:
    engine = sql_engine(url, timeout=LIMIT)
    try:
        with engine.connect() as connection:
            query = sa.select(sa.literal_column("ssl::int").label("ssl")).select_from(sa.text("pg_stat_ssl"))
            found = copy_query(connection, query.where(sa.text("pid = pg_backend_pid()")), {"ssl": pa.int64()})
            return bool(found["ssl"].to_pylist() == [1])
    finally:
        engine.dispose()


def api_reads(url: str) -> bool:
    async def read() -> bool:
        store = SqlStore(url, store="results", timeout=LIMIT)
        try:
            return await store.run(lambda connection: bool(connection.scalar(IS_ENCRYPTED)))
        finally:
            await store.close()

    return asyncio.run(read())


PATHS = pytest.mark.parametrize("read", [engine_reads, copy_reads, api_reads])
refusal = partial(
    refusal_of,
    within=LIMIT + 1,
    begins=("PostgreSQL postgres at", "PostgreSQL so_com_certificado at", "results"),
)


@PATHS
def test_with_the_right_authority_the_server_sees_an_encrypted_connection(good, read):
    assert read(good.url())


@PATHS
def test_an_unknown_authority_is_refused(good, read, tmp_path):
    stranger = Authority(tmp_path, "estranha")
    assert "certificate verify failed" in refusal(read, good.url(sslrootcert=str(stranger.certificate)))


@PATHS
def test_a_certificate_of_another_host_is_refused(good, read):
    said = refusal(read, good.url(host="127.0.0.1"))
    assert "certificate verify failed: it is another host's" in said


@PATHS
def test_an_expired_certificate_is_refused(good, read):
    good.server.present(good.authority.issue("localhost", is_expired=True))
    assert "certificate verify failed" in refusal(read, good.url())


@PATHS
def test_a_server_without_tls_is_refused_where_tls_is_asked_for(good, read):
    good.server.reload(ssl="off")
    assert "the server does not speak TLS" in refusal(read, good.url())


@PATHS
def test_a_connection_in_clear_is_refused_by_the_server(good, read):
    assert "the server asks for TLS" in refusal(read, good.url(sslmode="disable"))


@PATHS
def test_a_file_of_authorities_that_is_not_there_is_told(good, read):
    said = refusal(read, good.url(sslrootcert="/nao/existe.pem"))
    assert "a file of certificates or keys cannot be read" in said


@PATHS
def test_a_client_certificate_comes_from_files_and_is_asked_for(good, read):
    assert "the server asks for a client certificate" in refusal(read, good.url("so_com_certificado"))
    own = good.authority.issue(common_name="leitor")
    files = {"sslcert": str(own.certificate), "sslkey": str(own.key)}
    assert read(good.url("so_com_certificado", **files))


def test_a_renewed_certificate_counts_from_the_next_connection_on(good, tmp_path):
    """Without a restart of anybody: the engine in use meets the new authority's certificate."""
    both = tmp_path / "autoridades.pem"
    new = Authority(tmp_path, "nova")
    both.write_bytes(good.authority.certificate.read_bytes() + new.certificate.read_bytes())
    engine = sql_engine(good.url(sslrootcert=str(both)), timeout=LIMIT)
    with engine.connect() as connection:
        assert connection.scalar(IS_ENCRYPTED)
    old_alone = good.url()
    renewed: Certificate = new.issue("localhost")
    good.server.present(renewed)
    engine.dispose()
    with engine.connect() as connection:
        assert connection.scalar(IS_ENCRYPTED)
    engine.dispose()
    assert "certificate verify failed" in refusal(engine_reads, old_alone)
