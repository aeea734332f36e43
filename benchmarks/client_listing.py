"""The listing of consumers over loopback, PostgreSQL as Base A: first page, deep pages, every filter, combinations.

    python -m benchmarks.client_listing [--consumers 1000000] [--calls 60] [--keep FOLDER]

Embedded stores in a temporary folder (or kept in FOLDER, and used again if they are full), `escore serve` with token
check, rate limit, audit and request log on, one connection, one request at a time. Each line's searches take turns;
a page in the middle starts at a random place, by a cursor as `next` holds it. Beside them the floor: 20 rows by
primary key on the same driver, without HTTP. Milliseconds.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import sqlalchemy as sa

from benchmarks.client_population import fill_base_a
from benchmarks.peers.server_process import HOST, ServerProcess, machine_line, python_module
from benchmarks.temporary_stores import temporary_stores
from contracts.settings import Settings
from serve.access.tokens import mint_token
from serve.systems.client_counts import COUNTED, Count
from serve.systems.client_filter import ClientFilter
from serve.systems.client_queries import Position
from serve.systems.page_links import Cursor, PageLinks
from stores.connections import sql_engine

Search = dict[str, str]
WARM_UP = 8
UNLIMITED = "1000000000"
SEARCHES: dict[str, Sequence[Search]] = {
    "everybody": [{}],
    "nome, frequent": [{"nome": name} for name in ("maria", "José", "SILVA", "santos", "ana")],
    "nome, one or two letters": [{"nome": name} for name in ("m", "s", "jo", "z")],
    "nome, a thousandth": [{"nome": name} for name in ("zilda", "iracema", "müller", "heitor", "helena")],
    "nome, rare": [{"nome": name} for name in ("yamamoto", "bianchi", "tanaka")],
    "nome, nobody": [{"nome": name} for name in ("xyz", "maria joão", "antonio maria")],
    "nome, two words": [{"nome": name} for name in ("joao silv", "ana souza", "pereira carl", "lim luc")],
    "nome, whole": [
        {"nome": name} for name in ("maria da silva santos", "jose de oliveira", "ana costa pereira", "joao da silva")
    ],
    "cpf": [{"cpf": "{cpf}"}, {"cpf": "00000000000"}],
    "uf, frequent": [{"uf": "SP"}, {"uf": "MG"}],
    "uf, rare": [{"uf": "RR"}, {"uf": "AP"}],
    "cidade, frequent": [{"cidade": "sao paulo"}, {"cidade": "Rio de Janeiro"}],
    "cidade, rare": [{"cidade": "rorainópolis"}, {"cidade": "ji parana"}, {"cidade": "nenhuma"}],
    "data_nascimento": [{"data_nascimento": f"19{year}-05-17"} for year in range(50, 99, 7)],
    "estado_civil": [{"estado_civil": text} for text in ("casado", "VIÚVO", "união estável")],
    "rare name, frequent uf": [{"nome": "yamamoto", "uf": "SP"}, {"nome": "zilda", "uf": "MG"}],
    "frequent name, rare uf": [{"nome": "maria", "uf": "RR"}, {"nome": "silva", "uf": "AC"}],
    "frequent name, frequent uf": [{"nome": "maria", "uf": "SP"}, {"nome": "silva", "uf": "RJ"}],
    "two of middling frequency": [
        {"uf": "SP", "estado_civil": "viuvo"},
        {"cidade": "goiania", "estado_civil": "casado"},
    ],
    "a city in another state": [{"cidade": "sao paulo", "uf": "RJ"}, {"cidade": "salvador", "uf": "SP"}],
    "name and birth date": [{"nome": "maria", "data_nascimento": "1980-05-17"}],
    "five filters": [{"nome": "maria", "uf": "SP", "cidade": "sao paulo", "estado_civil": "casado"}],
}


class Caller:
    """One connection to the server."""

    def __init__(self, port: int, token: str, calls: int) -> None:
        self._connection = HTTPConnection(HOST, port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._calls = calls

    def get(self, path: str) -> tuple[float, Any, str]:
        """Return the milliseconds of a request, its document and how it was counted."""
        started = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        milliseconds = (time.perf_counter() - started) * 1e3
        if answer.status not in (200, 404):
            raise SystemExit(f"{answer.status} {path[:60]}: {body.decode()}")
        return milliseconds, json.loads(body), answer.headers.get("X-Contagem", "")

    def measure(self, path: Callable[[int], str]) -> str:
        """Return median and 95th percentile of requests."""
        times = [self.get(path(number))[0] for number in range(-WARM_UP, self._calls)][WARM_UP:]
        return f"{statistics.median(times):.1f} / {statistics.quantiles(times, n=20)[-1]:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--consumers", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=60, help="requests a cell")
    parser.add_argument("--keep", type=Path, help="folder of stores that stay")
    options = parser.parse_args()
    print(machine_line())
    with ExitStack() as stack:
        settings = stack.enter_context(temporary_stores(keep=options.keep))
        if not _holds_clients(settings):
            fill_base_a(settings, options.consumers)
        log = stack.enter_context(tempfile.TemporaryDirectory(prefix="escore-listing-"))
        environment = {
            "SCORE_VAR": str(settings.var),
            "SCORE_RATE_LIMIT_PER_SECOND": UNLIMITED,
            "SCORE_RATE_LIMIT_BURST": UNLIMITED,
        }
        command = python_module("flows.cli", "serve", "--port", "{port}")
        server = stack.enter_context(ServerProcess("escore", command, environment, log=Path(log) / "log"))
        secret = settings.secret("jwt_secret")
        token = mint_token(
            secret, subject="medida", scopes=["clientes:ler"], finalidade="medida", lifetime=timedelta(hours=8)
        )
        _measure(settings, Caller(server.port, token, options.calls))


def _measure(settings: Settings, caller: Caller) -> None:
    print(f"floor, 20 rows by primary key on psycopg: {_floor(settings)}")
    print(f"floor, an answer without a store (/saude/vivo): {caller.measure(lambda _n: '/saude/vivo')}")
    first = caller.get("/clientes")[1]["results"]
    one = first[7]
    ids = [item["id"] for item in first]
    print(f"by id: {caller.measure(lambda n: f'/clientes/{ids[n % 20]}')}")
    print(f"everybody, page=500: {caller.measure(lambda _n: '/clientes?page=500')}")
    print(f"everybody, 100 a page: {caller.measure(lambda _n: '/clientes?page_size=100')}")
    links = PageLinks(settings.secret("cache_key").encode())
    print("\nmedian / p95; after a count, e: exact (`exata`), ~: expected by the planner (`estimada`)\n")
    print("| search | counts | first page | a page in the middle | the last page |\n|---|---|---:|---:|---:|")
    for name, searches in SEARCHES.items():
        given = [{key: value.format(**one) for key, value in search.items()} for search in searches]
        answers = [caller.get(_path(search)) for search in given]
        counts = [f"{document['count']:,}{'e' if kind == COUNTED else '~'}" for _, document, kind in answers]
        paged = [search for search, (_, document, _) in zip(given, answers, strict=True) if document["next"]]
        middle, last = (
            caller.measure(_at(links, paged, place)) if paged else "one page" for place in (_anywhere, _at_the_end)
        )
        start = caller.measure(lambda n, given=given: _path(given[n % len(given)]))
        print(f"| {name} | {' '.join(counts)} | {start} | {middle} | {last} |", flush=True)


def _anywhere() -> Position:
    return Position(">", f"{random.getrandbits(12):03x}")


def _at_the_end() -> Position:
    return Position("<", "~")


def _path(search: Search) -> str:
    return f"/clientes?{urlencode(search)}"


def _at(links: PageLinks, searches: Sequence[Search], place: Callable[[], Position]) -> Callable[[int], str]:
    """Return what names the page of a search at a place, as a link of the listing does."""
    filters = [ClientFilter.from_given(search) for search in searches]
    return lambda n: links.link(Cursor(filters[n % len(filters)], Count(1000), 25, 20, place()))


def _floor(settings: Settings) -> str:
    url = sa.make_url(settings.secret("base_a_url")).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM cliente ORDER BY id LIMIT 20 OFFSET 5000")]
        times = []
        for _ in range(300):
            started = time.perf_counter()
            connection.execute("SELECT * FROM cliente WHERE id = ANY(%s) ORDER BY id", (ids,)).fetchall()
            times.append((time.perf_counter() - started) * 1e3)
    return f"{statistics.median(times):.2f} / {statistics.quantiles(times, n=20)[-1]:.2f}"


def _holds_clients(settings: Settings) -> bool:
    engine = sql_engine(settings.secret("base_a_url"), timeout=10)
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT 1 FROM cliente LIMIT 1")).first()
    engine.dispose()
    return found is not None


if __name__ == "__main__":
    main()
