"""HTTP/1.1 on a connection, bounded: what a caller sends, in size and in time, and how many callers there are.

uvicorn's protocol parses and pairs requests with answers. Added here: limits (``Limits``), problems for what is
malformed, in its turn after the answers that are under way, an end of a connection that loses no answer, and no
timer a request: the server looks at every connection ten times a second (``check``).
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Any
from urllib.parse import unquote_to_bytes

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from serve.api.answer_cycle import AnswerCycle
from serve.api.draining import DRAINING, has_input
from serve.api.limits import Limits
from serve.api.problems import OVERDUE, RETRY_AFTER_SECONDS, Problem
from serve.api.request_record import REFUSAL

LINGER_SECONDS = 1.0
"""How long a caller that is cut short has to take its answer before the connection is reset."""
FLUSH_SECONDS = 10.0
LAST_CALL_SECONDS = 1.0
"""How long a connection that has not asked yet has to ask once the process ends."""
OBEY_SECONDS = 0.25
"""How long an application that is told to end may take before it is answered for."""
ANSWER_SECONDS = 60.0
"""From the beginning of an answer to its end, which the caller's reading decides."""

MALFORMED = Problem(400, "a requisição não é HTTP bem formado")
BAD_TARGET = Problem(400, "o endereço não é texto em UTF-8, ou tem caracteres que nenhum endereço tem")
LONG_TARGET = Problem(414, "o endereço é longo demais")
LARGE_HEAD = Problem(431, "o cabeçalho da requisição é grande demais")
SLOW_HEAD = Problem(408, "o cabeçalho da requisição não chegou a tempo")
SLOW_BODY = Problem(408, "o corpo da requisição não chegou a tempo")
TOO_MANY = Problem(503, "há conexões demais; tente de novo", {"Retry-After": str(RETRY_AFTER_SECONDS)})


class Reading(Enum):
    """What of a request is being read."""

    NOTHING = 0
    HEAD = 1
    BODY = 2


class _RefusedError(Exception):
    """Leaves the parser; the problem is in the protocol."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection; its limits are ``config.limits``, or the usual ones."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.limits: Limits = getattr(config, "limits", None) or _USUAL
        self._reading = Reading.NOTHING
        self._since = 0.0
        self._chunk_bytes = 0
        self._head_bytes = 0
        self._hosts = 0
        self._problem: Problem | None = None
        self._is_deaf = False
        self._is_one_too_many = False
        self._has_answered = False
        self._ends_at: float | None = None
        self._last_call: float | None = None
        self._running: AnswerCycle | None = None
        self._running_since = 0.0
        self._told_at: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._date_of: list[tuple[bytes, bytes]] = []
        self._date = b""

    # What the transport calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take up a connection, unless there are far too many."""
        super().connection_made(transport)
        self._since = self.loop.time()
        present = len(self.connections)
        self._is_one_too_many = present > self.limits.connections
        if present > 2 * self.limits.connections:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the requests under way know that nobody waits for their answers."""
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep the connection for answers to what was asked whole before the caller ended its side."""
        self._is_deaf = True
        waits = self._running is not None and self._reading is Reading.NOTHING and self._ends_at is None
        if waits:
            self.cycle.keep_alive = False
        return waits

    def data_received(self, data: bytes) -> None:
        """Parse what came; answer with a problem what cannot be parsed or passes a limit."""
        if self._is_deaf:
            return
        self._chunk_bytes = len(data)
        if self._reading is Reading.HEAD:
            self._head_bytes += len(data)
        elif self._reading is Reading.NOTHING:
            self._since = self.loop.time()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._is_deaf = True
            self.cycle.keep_alive = False
        except httptools.HttpParserError:
            self._refuse(self._problem or MALFORMED)
        else:
            if self._reading is Reading.HEAD:
                self._bound_head()

    # What the parser calls

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field."""
        name = name.lower()
        if name in _NOTED:
            if name == b"host":
                self._hosts += 1
            elif value.lower() == b"100-continue":
                self.expect_100_continue = True
        self.headers.append((name, value))

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._reading = Reading.HEAD
        self._head_bytes = self._hosts = 0

    def on_headers_complete(self) -> None:
        """Pass a request on to the application, or leave the parser if a limit forbids it."""
        self._problem = self._judge_head() or self._set_target()
        if self._problem is not None:
            raise _RefusedError
        parser, scope = self.parser, self.scope
        version = parser.get_http_version()
        if version not in _VERSIONS or (self._hosts != 1 and version == "1.1"):
            self._problem = MALFORMED
            raise _RefusedError
        scope["method"] = parser.get_method().decode("ascii")
        if version != "1.1":
            scope["http_version"] = version
        self._reading = Reading.BODY
        self._queue(self._make_cycle(keep_alive=version != "1.0" and parser.should_keep_alive()))

    def on_message_complete(self) -> None:
        """End a request's body; the application's time counts from here."""
        self._reading = Reading.NOTHING
        self._since = self.loop.time()
        if self.cycle is self._running:
            self._running_since = self._since
        super().on_message_complete()

    # What the cycles call

    def date_line(self) -> bytes:
        """Return the server's own header fields, made once a second."""
        fields = self.server_state.default_headers
        if fields is not self._date_of:
            self._date_of = fields
            self._date = b"".join([b"%b: %b\r\n" % field for field in fields])
        return self._date

    def is_ending(self) -> bool:
        """Return whether the present answer is to be the connection's last."""
        return DRAINING in self.app_state and not self.pipeline

    def on_response_complete(self) -> None:
        """Go on to the next request, read another, or wait for one."""
        self.server_state.total_requests += 1
        self._has_answered = True
        self._running = self._task = self._told_at = None
        if self._ends_at is not None or self.transport.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._since = self.loop.time()
            self.flow.resume_reading()

    def on_cycle_end(self, cycle: AnswerCycle) -> None:
        """Forget a request whose application has ended."""
        if self._running is cycle:
            self._running = self._task = self._told_at = None

    def end_connection(self, *, linger: bool) -> None:
        """Close once all is written; ``linger``: the caller may still be sending, and must get to read its answer."""
        if self._ends_at is not None:
            return
        self._is_deaf = True
        self.pipeline.clear()
        self._ends_at = self.loop.time() + (LINGER_SECONDS if linger else FLUSH_SECONDS)
        if linger and self.transport.can_write_eof():
            self.flow.resume_reading()
            self.transport.write_eof()
        else:
            self.transport.close()

    # What the server calls

    def check(self, now: float) -> None:
        """End whatever has taken too long by ``now``, an instant of the event loop's clock."""
        if self._ends_at is not None:
            if now > self._ends_at:
                self.transport.abort()
        elif self._running is not None:
            self._check_answer(self._running, now)
        elif self._reading is Reading.HEAD:
            if now - self._since > self.limits.head_seconds or self._is_last_call(now):
                self._refuse(SLOW_HEAD)
        elif now - self._since > self._idle_seconds() or self._is_last_call(now):
            self.end_connection(linger=False)

    def shutdown(self) -> None:
        """End the connection, but not before what was asked on it is answered."""
        is_idle = self._running is None and self._reading is Reading.NOTHING and self._has_answered
        if is_idle and not has_input(self.transport):
            self.end_connection(linger=False)
        else:
            self._last_call = self.loop.time() + LAST_CALL_SECONDS

    def _is_last_call(self, now: float) -> bool:
        return self._last_call is not None and now > self._last_call

    def _idle_seconds(self) -> float:
        return self.limits.idle_seconds if self._has_answered else self.limits.head_seconds

    def _check_answer(self, cycle: AnswerCycle, now: float) -> None:
        taken = now - self._running_since
        if self._told_at is not None:
            if now - self._told_at > OBEY_SECONDS:
                cycle.cut()
        elif cycle.response_started:
            if taken > ANSWER_SECONDS:
                self.transport.abort()
        elif cycle is self.cycle and self._reading is Reading.BODY:
            if taken > self.limits.body_seconds:
                self._end_running(SLOW_BODY)
        elif taken > self.limits.request_seconds:
            self._end_running(OVERDUE)

    def _end_running(self, problem: Problem) -> None:
        assert self._running is not None
        assert self._task is not None
        self._told_at = self.loop.time()
        self._running.scope["state"][REFUSAL] = problem
        if self._running.has_begun:  # a task cancelled before its first step would not even begin
            self._task.cancel()

    # Refusals

    def _judge_head(self) -> Problem | None:
        limits = self.limits
        if self._is_one_too_many:
            return TOO_MANY
        if len(self.url) > limits.url_bytes:
            return LONG_TARGET
        if len(self.headers) > limits.fields:
            return LARGE_HEAD
        if self._head_bytes + self._chunk_bytes <= limits.head_bytes:
            return None
        exact = len(self.url) + sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers)
        return LARGE_HEAD if exact > limits.head_bytes else None

    def _bound_head(self) -> None:
        if len(self.url) > self.limits.url_bytes:
            self._refuse(LONG_TARGET)
        elif self._head_bytes > self.limits.head_bytes or len(self.headers) > self.limits.fields:
            self._refuse(LARGE_HEAD)

    def _set_target(self) -> Problem | None:
        try:
            target = httptools.parse_url(self.url)
            raw = target.path or b"/"
            path = raw.decode("ascii")
            if "%" in path:
                path = unquote_to_bytes(path).decode("utf-8")
        except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
            return BAD_TARGET
        if not path.startswith("/") or "\0" in path:
            return BAD_TARGET
        scope = self.scope
        scope["path"] = self.root_path + path
        scope["raw_path"] = self.root_path.encode() + raw if self.root_path else raw
        scope["query_string"] = target.query or b""
        return None

    def _refuse(self, problem: Problem) -> None:
        """Answer a problem in its turn, and take nothing more from this connection."""
        self._is_deaf = True
        cycle = self.cycle
        if self._reading is not Reading.BODY:
            self._reading = Reading.NOTHING
            self.scope = _no_request(self.scheme or "http", {**self.app_state, REFUSAL: problem})
            self._queue(self._make_cycle(keep_alive=False))
        elif cycle.response_complete:
            self.end_connection(linger=True)
        else:
            cycle.keep_alive = False
            if cycle is not self._running:
                cycle.scope["state"][REFUSAL] = problem
            elif not cycle.response_started:
                self._end_running(problem)

    # Requests and answers

    def _make_cycle(self, *, keep_alive: bool) -> AnswerCycle:
        cycle = AnswerCycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=[],
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )
        cycle.protocol = self
        return cycle

    def _queue(self, cycle: AnswerCycle) -> None:
        previous, self.cycle = self.cycle, cycle
        if previous is None or previous.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        self._running_since = self.loop.time()
        self._task = task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)


_USUAL = Limits()
_NOTED = frozenset({b"host", b"expect"})
_VERSIONS = frozenset({"1.0", "1.1"})


def _no_request(scheme: str, state: dict[str, Any]) -> Any:
    """Return the scope under which a problem is answered where there is no request that could be told."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": scheme,
        "root_path": "",
        "method": "",
        "path": "",
        "raw_path": b"",
        "query_string": b"",
        "headers": [],
        "state": state,
    }
