"""TLS to MongoDB and Oracle: what their drivers check, tried on a TLS server of our own.

MongoDB: before the embedded store, which speaks no TLS itself, so the whole way works. Oracle: the handshake alone,
which comes before anything of Oracle's; never a login on Oracle.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from contracts.errors import SettingsError
from contracts.settings import Settings
from serve.sources.mongo_store import MongoStore
from serve.sources.sql_store import SqlStore
from stores.connections import mongo_database, reaching, sql_engine
from tests.certificates import Authority
from tests.refusals import refusal_of
from tests.tls_front import tls_front

LIMIT = 1.0
PASSWORD = "s3nha-que-nao-se-mostra"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificados"), "nossa")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificados"), "estranha")


@pytest.fixture(scope="module")
def base_c(embedded: Settings) -> str:
    return embedded.secret("base_c_url")


class Front:
    """A TLS front of Base C; ``url`` leads through it."""

    def __init__(self, base_c: str, port: int, versions: list[str]) -> None:
        self._parts = urlsplit(base_c)
        self.port = port
        self.versions = versions

    def url(self, *, host: str = "localhost", tls: str = "true", **options: str) -> str:
        login = self._parts.netloc.rpartition("@")[0]
        query = "&".join(
            [
                self._parts.query,
                "directConnection=true",
                f"tls={tls}",
                *(f"{name}={value}" for name, value in options.items()),
            ]
        )
        return f"mongodb://{login}@{host}:{self.port}{self._parts.path}?{query}"


@pytest.fixture(scope="module")
def front(base_c: str, authority: Authority) -> Iterator[Front]:
    parts = urlsplit(base_c)
    with tls_front(authority.issue("localhost"), (parts.hostname or "", parts.port or 0)) as (port, versions):
        yield Front(base_c, port, versions)


def engine_reads(url: str) -> object:
    database = mongo_database(url, timeout=LIMIT)
    with database.client, reaching(url):
        return database["_migracoes"].find_one()


def api_reads(url: str) -> object:
    async def read() -> object:
        store = MongoStore(url, store="Base C", timeout=LIMIT)
        try:
            return await store.run(lambda database: database["_migracoes"].find_one())
        finally:
            await store.close()

    return asyncio.run(read())


PATHS = pytest.mark.parametrize("read", [engine_reads, api_reads])
refusal = partial(refusal_of, within=LIMIT + 1.5)


@PATHS
def test_mongodb_is_read_through_tls(front, authority, read):
    before = len(front.versions)
    read(front.url(tlsCAFile=str(authority.certificate)))
    assert len(front.versions) > before
    assert set(front.versions) == {"TLSv1.3"}


@PATHS
def test_mongodb_with_an_unknown_authority_is_refused(front, stranger, read):
    assert "certificate verify failed" in refusal(read, front.url(tlsCAFile=str(stranger.certificate)))


@PATHS
def test_mongodb_with_another_hosts_certificate_is_refused(front, authority, read):
    said = refusal(read, front.url(host="127.0.0.1", tlsCAFile=str(authority.certificate)))
    assert "certificate verify failed: it is another host's" in said


@PATHS
def test_mongodb_with_an_expired_certificate_is_refused(base_c, authority, read):
    with tls_front(authority.issue("localhost", is_expired=True)) as (port, versions):
        said = refusal(read, Front(base_c, port, versions).url(tlsCAFile=str(authority.certificate)))
    assert "certificate verify failed: it is out of its dates" in said


@PATHS
@pytest.mark.parametrize("options", [{"tls": "True"}, {"tlsCAfil": "/ca.pem"}, {"tlsCAFile": "/nao/existe.pem"}])
def test_mongodb_with_an_option_that_the_driver_would_drop_is_told(front, read, options):
    with pytest.raises(SettingsError, match=r"an option of the URL|a file of certificates"):
        read(front.url(**options))


def oracle_engine_connects(url: str) -> object:
    engine = sql_engine(url, timeout=LIMIT)
    with engine.connect() as connection:
        return connection


def oracle_api_connects(url: str) -> object:
    async def read() -> object:
        store = SqlStore(url, store="Base A", timeout=LIMIT)
        try:
            return await store.run(lambda connection: connection.scalar(None))  # type: ignore[call-overload]
        finally:
            await store.close()

    return asyncio.run(read())


ORACLE_PATHS = pytest.mark.parametrize("connect", [oracle_engine_connects, oracle_api_connects])


def wallet(folder: Path, authority: Authority) -> Path:
    (folder / "ewallet.pem").write_bytes(authority.certificate.read_bytes())
    return folder


@ORACLE_PATHS
def test_oracle_by_tcps_speaks_tls_and_checks_the_certificate(authority, stranger, tmp_path, connect):
    """A trusted authority's certificate of the right host gets as far as Oracle's own protocol; no other does."""
    folders = {name: tmp_path / name for name in ("nossa", "estranha")}
    for folder, trusted in zip(folders.values(), (authority, stranger), strict=True):
        folder.mkdir()
        wallet(folder, trusted)
    with tls_front(authority.issue("localhost")) as (port, versions):
        base = f"oracle+oracledb://leitor:{PASSWORD}@{{}}:{port}/?service_name=A&protocol=tcps&wallet_location={{}}"
        assert "certificate verify failed" in refusal(connect, base.format("localhost", folders["estranha"]))
        assert not versions
        said = refusal(connect, base.format("127.0.0.1", folders["nossa"]))
        assert "certificate verify failed: it is another host's" in said
        before = len(versions)
        assert "certificate" not in refusal(connect, base.format("localhost", folders["nossa"]))
        assert len(versions) > before
