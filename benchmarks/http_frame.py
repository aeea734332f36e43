"""What the HTTP frame adds to a request, in one process and without sockets: microseconds a request, and ratios.

    python -m benchmarks.http_frame [--requests 20000] [--rounds 5]

First the ASGI side alone: an application that sends a ready answer, bare and inside the frame (identifier, header
fields, log line, measures, body limit). Then with the server's protocol before it, on a transport that only counts:
uvicorn's own protocol, and the bounded one. Variants take turns within a round; a figure is the median of the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from serve.api.limits import BODY_BYTES
from serve.api.line_writer import LineWriter
from serve.api.log_lines import RequestLines
from serve.api.metrics import Metrics
from serve.api.protocol import BoundedProtocol
from serve.api.request_record import RequestRecord
from serve.api.tracing import make_tracer

BODY = b'{"score":612,"faixa":"bom"}' * 18
TOKEN = "x" * 600
REQUEST = (
    "GET /clientes/00000000-0000-0000-0000-000000000000/score HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
    f"Accept: */*\r\nAccept-Encoding: gzip\r\nUser-Agent: carga\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
).encode()
ANSWER_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(BODY)).encode()),
    (b"cache-control", b"private, max-age=0"),
    (b"etag", b'"0123456789abcdef"'),
]


class Route:
    path = "/clientes/{cliente_id}/score"


async def bare(scope: Any, _receive: Any, send: Any) -> None:
    scope["route"] = Route
    await send({"type": "http.response.start", "status": 200, "headers": ANSWER_HEADERS})
    await send({"type": "http.response.body", "body": BODY})


def framed(writer: LineWriter, endpoint: str | None = None) -> RequestRecord:
    return RequestRecord(
        bare,
        metrics=Metrics(),
        lines=RequestLines("json", writer),
        tracer=make_tracer(endpoint),
        body_bytes=BODY_BYTES,
        plain_routes={},
    )


class CountingTransport(asyncio.Transport):
    written = 0

    def write(self, _data: bytes) -> None:
        self.written += 1

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        return default

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self) -> None: ...


def asgi_run(app: Any) -> Callable[[int], Awaitable[None]]:
    headers = [tuple(line.encode().split(b": ", 1)) for line in REQUEST.decode().split("\r\n")[1:-2]]

    async def send(_message: Any) -> None:
        return None

    async def run(requests: int) -> None:
        for _ in range(requests):
            await app({"type": "http", "method": "GET", "scheme": "http", "headers": headers, "state": {}}, None, send)

    return run


def protocol_run(kind: type[HttpToolsProtocol], app: Any) -> Callable[[int], Awaitable[None]]:
    async def run(requests: int) -> None:
        config = Config(app, http=kind, ws="none", access_log=False, proxy_headers=False, log_config=None)
        state = ServerState()
        state.default_headers = [(b"date", b"Sun, 22 Nov 2026 19:00:00 GMT")]
        protocol, transport = kind(config, state, {}), CountingTransport()
        protocol.access_log = False
        protocol.connection_made(transport)
        for _ in range(requests):
            protocol.data_received(REQUEST)
            await asyncio.sleep(0)
        assert state.total_requests == requests
        protocol.connection_lost(None)

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    nowhere = LineWriter(os.open(os.devnull, os.O_WRONLY))
    runs = {
        "ASGI: bare": asgi_run(bare),
        "ASGI: framed": asgi_run(framed(nowhere)),
        "uvicorn's protocol: bare": protocol_run(HttpToolsProtocol, bare),
        "uvicorn's protocol: framed": protocol_run(HttpToolsProtocol, framed(nowhere)),
        "bounded protocol: bare": protocol_run(BoundedProtocol, bare),
        "bounded protocol: framed": protocol_run(BoundedProtocol, framed(nowhere)),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    with nowhere.buffered():
        for _ in range(given.rounds):
            for name, run in runs.items():
                started = time.perf_counter()
                uvloop.run(run(given.requests))
                times[name].append((time.perf_counter() - started) / given.requests * 1e6)
    base = statistics.median(times["uvicorn's protocol: bare"])
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(f"{name:<28} {median:7.2f} us a request   {median / base:5.2f} of uvicorn bare")
    frame = statistics.median(times["ASGI: framed"]) - statistics.median(times["ASGI: bare"])
    print(f"the frame adds {frame:.2f} us a request")


if __name__ == "__main__":
    main()
