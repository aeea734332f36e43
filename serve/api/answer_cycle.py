"""How one answer goes over the wire: its head and the first of its body in one write, and each field checked."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from serve.api.problems import RETRY_AFTER_SECONDS

if TYPE_CHECKING:
    from serve.api.answering import AnsweringProtocol

LOGGER = logging.getLogger("escore.http")
_BODYLESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_CLOSE = b"connection: close\r\n"


class AnswerCycle(RequestResponseCycle):
    """One request and its answer, as uvicorn's; it never writes a field that could end early and begin another."""

    protocol: AnsweringProtocol
    has_begun = False
    _head: bytes | None = None

    async def run_asgi(self, app: Any) -> None:
        """Run the application; an answer that it did not give, or not to its end, closes the connection."""
        self.has_begun = True
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:
            self._give_up(HTTPStatus.SERVICE_UNAVAILABLE)
        except Exception as error:
            LOGGER.error("fault", exc_info=error)
        finally:
            self._give_up(HTTPStatus.INTERNAL_SERVER_ERROR)
            self.on_response = _nothing
            self.protocol.on_cycle_end(self)

    async def receive(self) -> Any:
        """Return the body that came since the last call; read on only if more of this very body is to come."""
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.waiting_for_100_continue = False
        if not self.disconnected and not self.response_complete:
            if self.more_body:
                self.flow.resume_reading()
            await self.message_event.wait()
            self.message_event.clear()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: Any) -> None:
        """Take one message of the application's."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected or self.response_complete:
            return
        if message["type"] == "http.response.start":
            self._begin(message["status"], message["headers"])
        else:
            self._continue(message.get("body", b""), more=message.get("more_body", False))

    def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        if self.response_started:
            raise RuntimeError("an answer begins twice")
        block = b"".join([b"%b: %b\r\n" % field for field in headers])
        if block.count(b"\n") != len(headers) or block.count(b"\r") != len(headers) or b"\0" in block:
            raise RuntimeError("a header field holds a line end")
        framing = dict(headers)
        self.response_started = True
        self.waiting_for_100_continue = False
        length = framing.get(b"content-length")
        self.chunked_encoding = length is None and status not in _BODYLESS and self.scope["method"] != "HEAD"
        self.expected_content_length = int(length) if length is not None else 0
        if self.more_body or self.protocol.is_ending():
            self.keep_alive = False
        head = [STATUS_LINE[status], self.protocol.date_line(), block]
        if framing.get(b"connection", b"") == b"close":
            self.keep_alive = False
        elif not self.keep_alive:
            head.append(_CLOSE)
        if self.chunked_encoding:
            head.append(b"transfer-encoding: chunked\r\n")
        self._head = b"".join([*head, b"\r\n"])

    def _continue(self, body: bytes, *, more: bool) -> None:
        if not self.response_started:
            raise RuntimeError("an answer's body comes before its head")
        data, self._head = (self._head or b"") + self._framed(body, more=more), None
        if data:
            self.transport.write(data)
        if more:
            return
        if self.expected_content_length:
            raise RuntimeError("an answer is shorter than its Content-Length")
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.protocol.end_connection(linger=self.more_body)
        self.on_response()

    def _framed(self, body: bytes, *, more: bool) -> bytes:
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
            return b""
        if self.chunked_encoding:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            return chunk if more else chunk + b"0\r\n\r\n"
        self.expected_content_length -= len(body)
        if self.expected_content_length < 0:
            raise RuntimeError("an answer is longer than its Content-Length")
        return body

    def cut(self) -> None:
        """Answer for an application that does not, even when it is told to end; what it still sends is dropped."""
        self._give_up(HTTPStatus.SERVICE_UNAVAILABLE)

    def _give_up(self, status: HTTPStatus) -> None:
        """Close the connection unless the answer is whole; say so first if none of it is out."""
        if self.response_complete or self.disconnected:
            return
        if not self.response_started or self._head is not None:
            retry = b"retry-after: %d\r\n" % RETRY_AFTER_SECONDS if status == HTTPStatus.SERVICE_UNAVAILABLE else b""
            fields = b"content-length: 0\r\ncache-control: no-store\r\n" + retry + _CLOSE
            self.transport.write(STATUS_LINE[status] + self.protocol.date_line() + fields + b"\r\n")
        self.response_complete = True
        self.message_event.set()
        self.protocol.end_connection(linger=False)


def _nothing() -> None:
    pass
