"""A connection's answers: in the order that was asked, bounded in time, and whole before the connection ends.

Requests enter by ``_queue``; the server calls ``check`` ten times a second on every connection, so that no request
needs a timer, and ``shutdown`` once the process takes no more connections.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from serve.api.answer_cycle import AnswerCycle
from serve.api.draining import DRAINING, has_input
from serve.api.head_checks import SLOW_BODY, SLOW_HEAD, no_request
from serve.api.limits import Limits
from serve.api.problems import OVERDUE, Problem
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


class Reading(Enum):
    """What of a request is being read."""

    NOTHING = 0
    HEAD = 1
    BODY = 2


class AnsweringProtocol(HttpToolsProtocol):
    """The answering side of one connection; its limits are ``config.limits``, or the usual ones."""

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
        self._is_deaf = False
        self._has_answered = False
        self._ends_at: float | None = None
        self._last_call: float | None = None
        self._running: AnswerCycle | None = None
        self._running_since = 0.0
        self._told_at: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._date_of: list[tuple[bytes, bytes]] = []
        self._date = b""

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the requests under way know that nobody waits for their answers."""
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

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

    # Requests and answers

    def _refuse(self, problem: Problem) -> None:
        """Answer a problem in its turn, and take nothing more from this connection."""
        self._is_deaf = True
        cycle = self.cycle
        if self._reading is not Reading.BODY:
            self._reading = Reading.NOTHING
            self.scope = no_request(self.scheme or "http", {**self.app_state, REFUSAL: problem})
            self._queue(self._make_cycle(keep_alive=False))
        elif cycle.response_complete:
            self.end_connection(linger=True)
        else:
            cycle.keep_alive = False
            if cycle is not self._running:
                cycle.scope["state"][REFUSAL] = problem
            elif not cycle.response_started:
                self._end_running(problem)

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
