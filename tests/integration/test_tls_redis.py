"""Redis over TLS, on a real server: certificate and host name are checked by the engine's client and by the API's.

The server is Debian's: the wheel's speaks no TLS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

import pytest
import redis

from contracts.errors import SettingsError
from serve.sources.redis_pipe import RedisPipe
from stores.connections import reaching, redis_client
from tests.certificates import Authority
from tests.private_servers import INSTALL, PrivateRedis, free_port, private_redis, system_redis
from tests.refusals import refusal_of

PASSWORD = "s3nha-que-nao-se-mostra"
LIMIT = 2.0


class House:
    """The server, the authority that signs its certificates, and the client's URL."""

    def __init__(self, server: PrivateRedis, authority: Authority) -> None:
        self.server = server
        self.authority = authority
        self.good = authority.issue("localhost")

    def url(self, *, host: str = "localhost", **options: str) -> str:
        given = {"ssl_ca_certs": str(self.authority.certificate)} | options
        texts = "&".join(f"{name}={value}" for name, value in given.items())
        return self.server.url("leitor", PASSWORD, host=host, options=texts)

    def ask_for_certificates(self, *, is_asked: bool) -> None:
        with self.server.root() as client:
            client.config_set("tls-auth-clients", "yes" if is_asked else "no")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    program = system_redis()
    if program is None:
        pytest.skip(f"TLS to Redis was not tried: no Redis of the system's packages; {INSTALL}")
    authority = Authority(tmp_path_factory.mktemp("certificados"), "nossa")
    users = f"user leitor on >{PASSWORD} ~* +@connection +get +config|set"
    folder = tmp_path_factory.mktemp("redis")
    with private_redis(
        program, folder, certificate=authority.issue("localhost"), trusted=authority.certificate, users=users
    ) as server:
        yield House(server, authority)


@pytest.fixture
def good(house: House) -> Iterator[House]:
    """The server with a good certificate, before and after."""
    house.server.present(house.good)
    yield house
    house.server.present(house.good)


def engine_reads(url: str) -> bool:
    with redis_client(url, timeout=LIMIT) as client, reaching(url):
        return bool(client.ping())


def api_reads(url: str) -> bool:
    async def read() -> bool:
        pipe = RedisPipe(url, timeout=LIMIT)
        try:
            return (await pipe.send(("PING",)))[0] in (b"PONG", "PONG")
        finally:
            await pipe.close()

    return asyncio.run(read())


PATHS = pytest.mark.parametrize("read", [engine_reads, api_reads])
refusal = partial(refusal_of, within=LIMIT + 1, begins=("Redis 0 at", "Redis is out"))


@PATHS
def test_with_the_right_authority_redis_answers(good, read):
    assert read(good.url())


@PATHS
def test_in_clear_there_is_nothing(good, read):
    """The server has no port in clear: what answered above was TLS."""
    with good.server.root() as client:
        assert client.config_get("port") == {b"port": b"0"} or client.config_get("port") == {"port": "0"}
    refusal(read, good.url().replace("rediss://", "redis://").partition("?")[0])


@PATHS
def test_an_unknown_authority_is_refused(good, read, tmp_path):
    stranger = Authority(tmp_path, "estranha")
    assert "certificate verify failed" in refusal(read, good.url(ssl_ca_certs=str(stranger.certificate)))


@PATHS
def test_a_certificate_of_another_host_is_refused(good, read):
    assert "certificate verify failed: it is another host's" in refusal(read, good.url(host="127.0.0.1"))


@PATHS
def test_an_expired_certificate_is_refused(good, read):
    good.server.present(good.authority.issue("localhost", is_expired=True))
    assert "certificate verify failed: it is out of its dates" in refusal(read, good.url())


@PATHS
def test_a_server_without_tls_is_refused_where_tls_is_asked_for(good, read):
    with good.server.root() as client:
        port = free_port()
        client.config_set("port", port)
        try:
            said = refusal(read, good.url().replace(f":{good.server.port}/", f":{port}/"))
        finally:
            client.config_set("port", 0)
    assert "no answer within the time limit" in said  # Redis waits for the end of a line that never comes


@PATHS
def test_a_file_of_authorities_that_is_not_there_is_told(good, read):
    assert "a file of certificates or keys cannot be read" in refusal(read, good.url(ssl_ca_certs="/nao/existe.pem"))


@PATHS
def test_a_client_certificate_comes_from_files_and_is_asked_for(good, read):
    """In TLS 1.3 the server says why after the handshake; of a client that is writing then, some see a reset alone."""
    own = good.authority.issue(common_name="leitor")
    files = {"ssl_certfile": str(own.certificate), "ssl_keyfile": str(own.key)}
    good.ask_for_certificates(is_asked=True)
    try:
        refused = [refusal(read, good.url()) for _ in range(10)]
        assert read(good.url(**files))
    finally:
        with redis.Redis.from_url(good.url(**files)) as client:
            client.config_set("tls-auth-clients", "no")
    assert any("client certificate" in said for said in refused)


@PATHS
def test_an_option_that_nobody_knows_is_no_silent_default(good, read):
    """A typing error in an option of TLS must not leave the rest of the URL to speak for itself."""
    with pytest.raises(SettingsError, match="an option of the URL"):
        read(good.url(ssl_ca_cert="/ca.pem"))


def test_a_renewed_certificate_counts_from_the_next_connection_on(good, tmp_path):
    both = tmp_path / "autoridades.pem"
    new = Authority(tmp_path, "nova")
    both.write_bytes(good.authority.certificate.read_bytes() + new.certificate.read_bytes())
    with redis_client(good.url(ssl_ca_certs=str(both)), timeout=LIMIT) as client:
        assert client.ping()
        good.server.present(new.issue("localhost"))
        client.connection_pool.disconnect()
        assert client.ping()
    assert "certificate verify failed" in refusal(engine_reads, good.url())
    assert "certificate verify failed" in refusal(api_reads, good.url())
