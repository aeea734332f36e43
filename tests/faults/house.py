"""Every store in a process of its own behind a proxy of its own, and the API before them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from contracts.settings import Settings, load_settings
from serve.published.person_hash import PersonHash
from stores.embedded.mongo import MongoServer
from stores.embedded.postgres import PostgresServer
from stores.embedded.server import EmbeddedServer
from stores.embedded.valkey import ValkeyServer
from stores.migrate import migrate
from tests.faults import truth
from tests.faults.api_process import ApiProcess, environment_of
from tests.faults.truth import Person
from tests.store_processes import StoreProcess, store_processes
from tests.store_queries import query
from tests.tcp_faults import TcpFaults, through

KINDS: dict[str, type[EmbeddedServer]] = {
    "base_a": PostgresServer,
    "base_b": PostgresServer,
    "base_c": MongoServer,
    "results": PostgresServer,
    "redis": ValkeyServer,
}
STORES = tuple(KINDS)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The API's longest waits, as settings; the bound of an answer follows from them."""

    api: float
    cache: float

    @property
    def bound(self) -> float:
        """Return the seconds within which every answer has to come, faults or not."""
        return self.api + self.cache + 0.75


DEFAULT_TIMEOUTS = Timeouts(2.0, 0.25)
SHORT_TIMEOUTS = Timeouts(1.0, 0.25)


class AuditRow(NamedTuple):
    """A row of the audit."""

    id: int
    request_id: str
    subject: str
    result: int


@dataclass(frozen=True, slots=True)
class House:
    """The running whole; ``settings`` lead to the stores themselves, past the proxies."""

    settings: Settings
    stores: Mapping[str, StoreProcess]
    proxies: Mapping[str, TcpFaults]
    api: ApiProcess
    timeouts: Timeouts
    persons: list[Person]
    hashes: PersonHash

    def run_in_force(self) -> int:
        """Return the number of the run that PostgreSQL holds for current."""
        [(found,)] = query(self.settings, "SELECT id FROM execucao WHERE situacao = 'publicada'")
        return int(found.int)

    def audited(self, *, after: int = 0) -> list[AuditRow]:
        """Return what PostgreSQL's audit holds beyond the row ``after``."""
        sql = "SELECT id, requisicao_id, sujeito, resultado FROM auditoria WHERE id > :after ORDER BY id"
        return [AuditRow(*row) for row in query(self.settings, sql, after=after)]


@contextmanager
def open_house(
    folder: Path, timeouts: Timeouts = DEFAULT_TIMEOUTS, *, extra: Mapping[str, str] | None = None
) -> Iterator[House]:
    """Start stores, proxies and API, with one run published; stop and delete everything at the end."""
    with ExitStack() as stack:
        var = folder / f"casa-{secrets.token_hex(3)}"
        stores = stack.enter_context(store_processes(KINDS, var))
        settings = _settings(stores, var)
        migrate(settings)
        hashes = PersonHash(settings.secret("cache_key").encode())
        persons = truth.make_persons(hashes)
        truth.fill(settings, persons)
        truth.publish(settings, 1)
        proxies = {name: stack.enter_context(TcpFaults(store.port)) for name, store in stores.items()}
        api = ApiProcess(var / "api", {**_environment(settings, proxies, timeouts), **(extra or {})})
        stack.callback(api.kill)
        api.start()
        yield House(settings, stores, proxies, api, timeouts, persons, hashes)


def _settings(stores: Mapping[str, StoreProcess], var: Path) -> Settings:
    urls: dict[str, object] = {}
    for name, store in stores.items():
        urls |= {field: url for field, url in store.urls.items() if field.startswith(name)}
    secret = {"cache_key": secrets.token_urlsafe(32), "jwt_secret": secrets.token_urlsafe(32)}
    return load_settings({"var": var / "var", **urls, **secret})


def _environment(settings: Settings, proxies: Mapping[str, TcpFaults], timeouts: Timeouts) -> dict[str, str]:
    urls = {store: through(settings.secret(f"{store}_url"), proxy.port) for store, proxy in proxies.items()}
    return {
        **environment_of(settings, urls),
        "SCORE_API_TIMEOUT_SECONDS": str(timeouts.api),
        "SCORE_CACHE_TIMEOUT_SECONDS": str(timeouts.cache),
    }
