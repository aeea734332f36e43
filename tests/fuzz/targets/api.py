"""Requests: raw HTTP, targets, queries, headers, bodies, page links, and API Gateway's events, in one process.

The applications are the real ones in front of stores that are written by hand: they know nobody but one consumer.
"""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from functools import cache, partial
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from hypothesis import strategies as st
from mangum import Mangum
from starlette.exceptions import HTTPException

from serve.access.claims import ClaimRules
from serve.access.guard import Guard
from serve.access.minting import AUDIENCE, ISSUER, mint_token
from serve.access.tokens import SCOPES, TokenVerifier
from serve.api import health
from serve.api.clock import system_clock
from serve.api.head_checks import set_target
from serve.api.http_app import assemble
from serve.api.log_lines import RequestLines
from serve.api.metrics import Metrics
from serve.api.request_record import RequestRecord
from serve.api.server import ServerConfig
from serve.auditing.entry import AuditEntry
from serve.auditing.journal_format import encode_entry
from serve.gateway_events import plain_event
from serve.lambda_c import TEXTS
from serve.published.person_hash import PersonHash
from serve.systems import (
    consumer_events,
    reviews,
    score_data_routes,
    score_history,
    system_a,
    system_b,
    system_c,
)
from serve.systems.client_counts import Count
from serve.systems.client_directory import ClientPage
from serve.systems.client_filter import ClientFilter
from serve.systems.client_queries import Position, Span
from serve.systems.page_links import Cursor, PageLinks
from tests.fuzz.target import CPF, NAME, SECRET, Target, check_withheld, sent_text_of
from tests.gateway_events import ROUTE, http_api_event, load_balancer_event, rest_api_event
from tests.token_samples import SECRET as JWT_SECRET

_LINKS = PageLinks(b"s" * 32)
_HASHES = PersonHash(b"k" * 32)
_FOUND = {"id": "c1", "cpf": "11144477735", "nome": "x"}
EXPECTED = frozenset({200, 204, 304, 400, 401, 403, 404, 405, 413, 414, 422, 431, 499, 503})


class _Directory:
    """A directory of one consumer."""

    async def first_page(self, conditions: ClientFilter, span: Span, *, page: int) -> ClientPage | None:
        next_page = Cursor(conditions, Count(2), page + 1, max(span.limit - 1, 1), Position(">", "c1"))
        return ClientPage([_FOUND], Count(2), next_page, None) if page < 5 else None

    async def page(self, cursor: Cursor) -> ClientPage:
        return ClientPage([], cursor.count, None, None)

    async def client(self, client_id: str) -> dict[str, Any] | None:
        return _FOUND if client_id == "c1" else None


class _Scores:
    """Scores of nobody."""

    def ask_client(self, client_id: str) -> list[str]:
        return [client_id]

    def ask_cpfs(self, cpfs: list[str]) -> list[str]:
        assert all(len(cpf) == 11 and cpf.isascii() and cpf.isdigit() for cpf in cpfs)
        return cpfs

    async def answer_client(self, _question: list[str]) -> None:
        return None

    async def answer_cpfs(self, question: list[str]) -> list[None]:
        return [None] * len(question)


class _Data:
    async def read(self, client_id: str) -> bytes | None:
        return b"{}" if client_id == "c1" else None

    async def invalidate(self, _client_id: str) -> None:
        return


class _Events:
    async def read(self, cpf: str) -> dict[str, Any]:
        assert len(cpf) == 11
        assert cpf.isascii()
        assert cpf.isdigit()
        return {"ultima_consulta": None}


class _Results:
    """Results that hold nobody."""

    async def run(self, work: partial[Any]) -> Any:
        return (404, None) if "values" in work.keywords else []


class _Audit:
    """Takes what the journal takes; a person's value or a line break in it is a fault."""

    async def record(self, entry: AuditEntry) -> None:
        encode_entry(entry, 0)
        told = f"{entry.consulente}{entry.finalidade}{entry.recurso}{entry.requisicao_id}"
        assert told.isprintable()
        check_withheld(told + "".join(entry.subjects))


class _Lines:
    """Holds the request's line against what may be told in one."""

    def write(self, line: str, *, urgent: bool = False) -> None:
        json.loads(line)
        assert line.count("\n") == 1
        assert not urgent, "an answer of 500"
        check_withheld(line)


@cache
def _token() -> str:
    lifetime = timedelta(days=30)
    return mint_token(JWT_SECRET, subject="banco", scopes=tuple(SCOPES), finalidade=None, lifetime=lifetime)


@cache
def app() -> FastAPI:
    """Return the three systems in front of hand-written stores."""
    verifier = TokenVerifier(ClaimRules(ISSUER, AUDIENCE, 10.0), secret=JWT_SECRET.encode())
    guard = Guard(verifier, _Audit())  # type: ignore[arg-type]
    metrics = Metrics()
    stores: Any = (_Directory(), _Scores(), _Data(), _Events(), _Results())
    routers = [
        system_b.make_router(stores[1], guard, hashes=_HASHES, validity_days=7),
        score_data_routes.make_router(stores[2], guard, hashes=_HASHES),
        system_a.make_router(stores[0], guard, hashes=_HASHES, links=_LINKS),
        system_c.make_router(stores[3], guard, hashes=_HASHES),
        consumer_events.make_router(stores[3], guard, cpf_of=_cpf_of, hashes=_HASHES),
        score_history.make_router(stores[4], guard, hashes=_HASHES),
        reviews.make_router(stores[4], guard, hashes=_HASHES, clock=system_clock),
        health.make_router({}, metrics),
    ]
    made = assemble("ensaio", routers, metrics=metrics, close=_nothing)

    def frame(inner: Any, plain_routes: dict[Any, str]) -> RequestRecord:
        lines = RequestLines("json", _Lines())  # type: ignore[arg-type]
        return RequestRecord(inner, metrics=metrics, lines=lines, body_bytes=64 * 1024, plain_routes=plain_routes)

    made.frame = frame  # type: ignore[attr-defined]
    return made


async def _nothing() -> None:
    return None


async def _cpf_of(client_id: str) -> str | None:
    return CPF if client_id == "c1" else None


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()


_HEADERS: tuple[tuple[bytes, bytes], ...] = ((b"host", b"h"), (b"x-finalidade", b"concessao_de_credito"))


def ask(
    method: str,
    target: bytes,
    *,
    headers: tuple[tuple[bytes, bytes], ...] | None = None,
    body: bytes = b"",
    chunk: int = 1 << 20,
) -> int:
    """Ask the application, and return the answer's status; AssertionError if the answer is not as promised."""
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("h", 80), "state": {},
    }  # fmt: skip
    given = _HEADERS if headers is None else headers
    scope["headers"] = [(b"authorization", b"Bearer " + _token().encode()), *given] if headers is None else list(given)
    if set_target(scope, target, "") is not None:
        return 400
    parts = [body[at : at + chunk] for at in range(0, len(body), chunk)] or [b""]
    messages = [
        {"type": "http.request", "body": part, "more_body": at + 1 < len(parts)} for at, part in enumerate(parts)
    ]
    return _runner().run(_answer(scope, messages))


async def _answer(scope: dict[str, Any], messages: list[dict[str, Any]]) -> int:
    sent: list[dict[str, Any]] = []
    waiting = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(waiting, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    await app()(scope, receive, send)
    status: int = sent[0]["status"]
    content = b"".join(message.get("body", b"") for message in sent[1:])
    _check_answer(status, sent[0]["headers"], content, is_head=scope["method"] == "HEAD")
    return status


def _check_answer(status: int, headers: list[tuple[bytes, bytes]], content: bytes, *, is_head: bool) -> None:
    assert status in EXPECTED, status
    for name, value in headers:
        assert not set(name + value) & set(b"\r\n\0")
    kinds = [] if is_head else [value for name, value in headers if name == b"content-type"]
    if kinds and b"json" in kinds[0]:
        json.loads(content)
    if status >= 400:
        check_withheld(content.decode())
        check_withheld(repr(headers))


def _query(data: bytes) -> None:
    """Ask for the list with any query: its bytes as they are, and as an address must write them."""
    ask("GET", b"/clientes?" + data)
    ask("GET", b"/clientes/?" + quote(data, safe="=&%+").encode())


def _path(data: bytes) -> None:
    ask("GET", data)
    ask("GET", quote(data, safe="/?=&%").encode())


def _headers(data: bytes) -> None:
    """Ask for a score with any headers: one a line, name and value parted by a colon."""
    pairs = (line.partition(b":") for line in data.split(b"\n"))
    headers = tuple((name.strip().lower(), value.strip()) for name, separator, value in pairs if separator)
    ask("GET", b"/clientes/c1/score", headers=headers)
    token = (b"authorization", b"Bearer " + _token().encode())
    ask("GET", b"/clientes/c1", headers=(token, *(pair for pair in headers if pair[0] != b"authorization")))


def _body(data: bytes) -> None:
    """Give any body to each endpoint that takes one."""
    for path in (b"/scores/consultar", b"/cadastros/consultar", b"/clientes/c1/revisoes"):
        status = ask("POST", path, body=data, chunk=max(1, len(data) // 3))
        assert status in (200, 404, 413, 422)


def _method(data: bytes) -> None:
    """Ask by any method for any target."""
    method, _, target = data.partition(b" ")
    ask(sent_text_of(method) or "GET", target or b"/", body=b"{}")


def _link(data: bytes) -> None:
    """Open any text as a page's link; a link of ours opens, and nothing else does."""
    text = sent_text_of(data)
    refused = None
    try:
        assert _LINKS.open(text).page_size == 20
    except HTTPException as error:
        refused = error
    if refused is not None:
        assert refused.status_code == 400
        check_withheld(refused.detail)


def _links() -> list[bytes]:
    cursors = (
        Cursor(ClientFilter(nome=NAME, uf="SP"), Count(7), 2, 20, Position(">", "c1")),
        Cursor(ClientFilter(), Count(7, is_exact=False), 3, 20, Position("<", "")),
    )
    return [_LINKS.link(cursor).partition("cursor=")[2].encode() for cursor in cursors]


class _Socket(asyncio.Transport):
    """A connection's other end, which keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 80)})
        self.written = b""
        self._is_closed = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def writelines(self, parts: Any) -> None:
        for part in parts:
            self.write(part)

    def close(self) -> None:
        self._is_closed = True

    def abort(self) -> None:
        self._is_closed = True

    def is_closing(self) -> bool:
        return self._is_closed

    def can_write_eof(self) -> bool:
        return False

    def pause_reading(self) -> None:
        return

    def resume_reading(self) -> None:
        return

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        return


@cache
def _server_config() -> Any:
    from serve.api.limits import Limits  # noqa: PLC0415

    config = ServerConfig(app(), limits=Limits(), log_format="json", lines_in_blocks=False)
    config.load()
    return config


def _http(data: bytes) -> None:
    """Feed any bytes to a connection, in two pieces: what comes back is HTTP, and of a status that is expected."""
    from uvicorn.server import ServerState  # noqa: PLC0415

    async def talk() -> bytes:
        protocol = _server_config().http_protocol_class(
            config=_server_config(), server_state=ServerState(), app_state={}, _loop=asyncio.get_running_loop()
        )
        socket = _Socket()
        protocol.connection_made(socket)
        half = data[0] if data else 0
        for part in (data[1 : 1 + half], data[1 + half :]):
            if part and not socket.is_closing():
                protocol.data_received(part)
            await asyncio.sleep(0)
        for _ in range(12):
            await asyncio.sleep(0)
        protocol.connection_lost(None)
        for _ in range(4):
            await asyncio.sleep(0)
        return socket.written

    written = _runner().run(talk())
    assert not written or written.startswith(b"HTTP/1.1 "), written[:40]
    if written:
        assert int(written[9:12]) in EXPECTED | {100, 408}, written[:40]


def _event(data: bytes) -> None:
    """Answer the events in which a gateway sends on what a caller sent: method, path, query, headers and body."""
    method, path, query, header, body = ([*sent_text_of(data).split("\n"), "", "", "", "", ""])[:5]
    headers = {"Authorization": f"Bearer {_token()}", "X-Finalidade": header or "concessao_de_credito"}
    path = "/" + path.lstrip("/")
    given: dict[str, Any] = {"query": query, "headers": headers, "body": body.encode("utf-8", "replace") or None}
    for event in (
        http_api_event(method, quote(path), **given),
        http_api_event(method, path, stage="prod", **given),
        rest_api_event(method, path, **given),
        load_balancer_event(method, path, **given),
    ):
        _runner().get_loop()
        asyncio.set_event_loop(_runner().get_loop())
        answer = Mangum(app(), lifespan="off", text_mime_types=TEXTS)(plain_event(event), None)  # type: ignore[arg-type]
        assert answer["statusCode"] in EXPECTED
        if answer["statusCode"] >= 400:
            check_withheld(str(answer["body"]))


_texts = st.sampled_from(
    ["1", "0", "-1", "1e3", "٣", CPF, "529.982.247-25", NAME, SECRET, "SP", "1980-01-31", "\0", "é", ""]
)
_names = st.sampled_from(
    ["page", "page_size", "nome", "cpf", "uf", "cidade", "data_nascimento", "cursor", "x", "estado_civil"]
)
_cpf_texts = st.sampled_from([CPF, "529.982.247-25", "1", "", "٣" * 11, "0" * 11, NAME])


def _queries() -> st.SearchStrategy[bytes]:
    pairs = st.lists(st.tuples(_names, _texts | st.text(max_size=6)), max_size=4)
    return pairs.map(lambda given: "&".join(f"{name}={quote(text)}" for name, text in given).encode("utf-8", "replace"))


def _bodies() -> st.SearchStrategy[bytes]:
    items = st.lists(_cpf_texts | st.none() | st.integers() | st.text(max_size=4), max_size=4)
    filters = st.dictionaries(_names | st.just("motivo"), _texts | st.none() | st.integers(), max_size=4)
    shape = st.fixed_dictionaries({"cpfs": items}) | filters | st.dictionaries(st.text(max_size=4), items) | items
    return shape.map(lambda body: json.dumps(body).encode())


def _requests() -> list[bytes]:
    head = f"Host: h\r\nAuthorization: Bearer {_token()}\r\nX-Finalidade: concessao_de_credito\r\n"
    body = json.dumps({"cpfs": [CPF]})
    post = f"POST /scores/consultar HTTP/1.1\r\n{head}"
    return [
        b"\x10" + f"GET /clientes/c1 HTTP/1.1\r\n{head}\r\n".encode(),
        b"\x60" + f"{post}Content-Length: {len(body)}\r\n\r\n{body}".encode(),
        b"\xff" + f"{post}Transfer-Encoding: chunked\r\n\r\n5\r\n{body[:5]}\r\n0\r\n\r\n".encode(),
        b"\x05" + f"GET /clientes/{CPF}/consultar HTTP/1.0\r\n{head}\r\nGET / HTTP/1.1\r\n\r\n".encode(),
    ]


_QUERY = (
    "page=2&page_size=5&nome=joao%20silva&cpf=529.982.247-25&uf=sp&cidade=S%C3%A3o+Lu%C3%ADs&data_nascimento=1980-01-31"
)
_PATHS = (
    b"/clientes/c1", b"/clientes/c1/score", b"/clientes/c1/score-data", f"/clientes/{CPF}/consultar".encode(),
    b"/saude/vivo", b"/clientes/%00/score", b"/clientes/..%2f..%2fetc/score", b"http://h/clientes/c1?x=1", b"/docs",
)  # fmt: skip
_AS_SENT = (
    b"X-Finalidade: concess\xc3\xa3o de cr\xc3\xa9dito\nIf-None-Match: \"x\", W/*\nAccept: */*",
    b"Authorization: Bearer eyJ.eyJ.x\nX-Finalidade: a\nX-Finalidade: b\ntraceparent: 00-" + b"1" * 32 + b"-x",
    b"Content-Length: 99999999999999999999\nTransfer-Encoding: chunked\nHost: \xff",
)  # fmt: skip
_EVENTS = (
    f"GET\n/clientes/{CPF}/consultar\n\nconcessao", "GET\n/clientes/c1\nx=1&x=2\n",
    "POST\n/scores/consultar\n\nx\n{\"cpfs\":[]}",
    "GET\n/clientes//%2e%2e\npage=%ff\né", f"GET\n{ROUTE}\n{SECRET}=1",
)  # fmt: skip

TARGETS = (
    Target(
        "api/query",
        "the listing's query",
        ("serve.api.request_fields:_day", "serve.api.request_fields:cpf_digits", "serve.api.head_checks:set_target"),
        lambda: [_QUERY.encode(), b"cursor=" + _links()[0], b"page=1&page=2", b"nome=%00&uf=x", b""],
        _query,
        tokens=(b"&", b"=", b"%", b"+", b"%ff", b"%00", b"cursor=", b";", b"[]", b"#"),
        grammar=_queries,
    ),
    Target(
        "api/path",
        "targets of requests",
        ("serve.api.head_checks:set_target",),
        lambda: list(_PATHS),
        _path,
        tokens=(b"/", b"//", b"%2f", b"%", b"..", b"?", b"#", b";", b"\\", b"%c0%af", b"/score"),
    ),
    Target(
        "api/headers",
        "header fields, the purpose among them",
        ("serve.access.guard:_read_headers", "serve.access.guard:_read_purpose"),
        lambda: list(_AS_SENT),
        _headers,
        tokens=(b"\nX-Finalidade: ", b"\nAuthorization: Bearer ", b":", b",", b"W/", b"\xff", b"\x85"),
    ),
    Target(
        "api/body",
        "the bodies that ask for scores by CPF, for consumers by name, and for a review",
        ("serve.api.request_body:parse_body",),
        lambda: [
            json.dumps({"cpfs": [CPF, "529.982.247-25"]}).encode(),
            b'{"cpfs": []}',
            b'{"cpfs": ["' + b"1" * 11 + b'"], "x": 1}',
            json.dumps({"nome": "ana maria", "cpf": CPF, "uf": "sp", "data_nascimento": "1980-01-31"}).encode(),
            b'{"motivo": "divida_paga"}',
        ],
        _body,
        tokens=(b'"cpfs"', b"[", b"]", b",", b"\\u0000", b"\\ud800", b'"cpfs":[],"cpfs":', CPF.encode()),
        grammar=_bodies,
    ),
    Target(
        "api/method",
        "methods, with any target",
        ("serve.api.head_checks:set_target",),
        lambda: [
            b"GET /clientes",
            b"POST /clientes/c1/score-data/invalidar",
            b"PROPFIND /",
            b"HEAD /saude/vivo",
            b"OPTIONS *",
        ],
        _method,
    ),
    Target(
        "api/http",
        "the bytes of a connection",
        ("serve.api.head_checks:set_target", "serve.api.protocol:BoundedProtocol.on_headers_complete"),
        _requests,
        _http,
        tokens=(
            b"\r\n",
            b"\r\n\r\n",
            b": ",
            b"Content-Length: ",
            b"Transfer-Encoding: chunked",
            b"Expect: 100-continue",
            b"0\r\n\r\n",
        ),
    ),
    Target(
        "api/cursor",
        "the cursor of a page's link",
        ("serve.systems.page_links:PageLinks.open", "serve.systems.page_links:_is_of"),
        _links,
        _link,
        tokens=(b"=", b"gAAAA", b"-", b"_", b"."),
    ),
    Target(
        "api/events",
        "events of API Gateway and of a load balancer",
        ("serve.gateway_events:plain_event", "serve.gateway_events:_without_prefix"),
        lambda: [text.encode() for text in _EVENTS],
        _event,
        tokens=(b"\n", b"%", b"{", b"}", b"{cpf}", b"//", b"/prod", b"+"),
        seconds=5.0,
    ),
)
