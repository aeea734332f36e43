"""HTTP/1.1 on a connection, bounded: what a caller sends, in size and in time, and how many callers there are.

uvicorn's protocol parses. Added here: limits (``Limits``), and problems for what passes them or is malformed, in
their turn after the answers that are under way; ``AnsweringProtocol`` adds the limits of time and the end.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.server import ServerState

from serve.api.answering import AnsweringProtocol, Reading
from serve.api.head_checks import LARGE_HEAD, LONG_TARGET, MALFORMED, TOO_MANY, VERSIONS, judge_sizes, set_target
from serve.api.problems import Problem


class _RefusedError(Exception):
    """Leaves the parser; the problem is in the protocol."""


class BoundedProtocol(AnsweringProtocol):
    """One connection, from its first byte to its last."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._chunk_bytes = 0
        self._barren_bytes = 0
        self._head_bytes = 0
        self._hosts = 0
        self._problem: Problem | None = None
        self._is_one_too_many = False

    # What the transport calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take up a connection, unless there are far too many."""
        super().connection_made(transport)
        self._since = self.loop.time()
        present = len(self.connections)
        self._is_one_too_many = present > self.limits.connections
        if present > 2 * self.limits.connections:
            transport.abort()

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
        else:
            self._barren_bytes += len(data)
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
            elif self._reading is Reading.BODY and self._barren_bytes > self.limits.head_bytes:
                self._refuse(MALFORMED)

    # What the parser calls

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field; what follows a body (RFC 9110 §6.5.1) is no header and is dropped."""
        if self._reading is not Reading.HEAD:
            return
        name = name.lower()
        if name in _NOTED:
            if name == b"host":
                self._hosts += 1
            elif value.lower() == b"100-continue":
                self.expect_100_continue = True
        self.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        """Take a part of a body; chunks without any, and fields after the last, may only be so long together."""
        self._barren_bytes = 0
        super().on_body(body)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._reading = Reading.HEAD
        self._head_bytes = self._hosts = self._barren_bytes = 0

    def on_headers_complete(self) -> None:
        """Pass a request on to the application, or leave the parser if a limit or the protocol's rules forbid it."""
        parser, scope = self.parser, self.scope
        version = parser.get_http_version()
        bound = self._head_bytes + self._chunk_bytes
        if self._is_one_too_many:
            self._problem = TOO_MANY
        elif version not in VERSIONS or (self._hosts != 1 if version == "1.1" else self._is_chunked()):
            self._problem = MALFORMED
        else:
            self._problem = judge_sizes(self.url, self.headers, self.limits, most_bytes=bound) or set_target(
                scope, self.url, self.root_path
            )
        if self._problem is not None:
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

    def _is_chunked(self) -> bool:
        """Return whether the head says so: before HTTP/1.1 that is faulty framing (RFC 9112 §6.1)."""
        return any(name == b"transfer-encoding" for name, _ in self.headers)

    def _bound_head(self) -> None:
        if len(self.url) > self.limits.url_bytes:
            self._refuse(LONG_TARGET)
        elif self._head_bytes > self.limits.head_bytes or len(self.headers) > self.limits.fields:
            self._refuse(LARGE_HEAD)


_NOTED = frozenset({b"host", b"expect"})
