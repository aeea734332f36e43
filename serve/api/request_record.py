"""The frame around every request: its identifier, its header fields, its record, and an answer whatever happens.

One ASGI layer does it all, for each layer costs every request: it names the request, completes the answer's header
fields, bounds the body, answers HEAD as GET without its body, turns what an application raises into a problem, and
leaves one log line, one count, one latency and, if traces are sent, one span. It tells methods, route templates,
statuses and times; never a path, a query, a header of the caller's, or a caller.
"""

from __future__ import annotations

import logging
import time
from asyncio import CancelledError
from collections.abc import Awaitable, Mapping, MutableMapping
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.errors import EscoreError
from serve.api.direct_route import header
from serve.api.log_lines import RequestLines
from serve.api.metrics import Metrics, RouteMeasures
from serve.api.problem_error import ProblemError
from serve.api.problem_types import BODY_TOO_LARGE
from serve.api.problems import FAULT, OVERDUE, problem_of, send_problem
from serve.api.request_id import RequestIds
from serve.api.security_headers import completed
from serve.api.tracing import Answered, Tracer

LOGGER = logging.getLogger("escore.api")
LEFT_STATUS = 499
"""Recorded for a caller that left before its request was whole; nobody is answered."""
UNMATCHED = "(nenhuma)"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_MOST_DIGITS = 18
_UNANSWERED_STATUS = 499
"""The caller went before there was an answer; as other servers record it."""

REFUSAL = "refusal"
"""Key of a request's state under which a server leaves the problem for which it ends the request."""


def route_template(scope: MutableMapping[str, Any]) -> str:
    """Return the template of the route that matched, such as ``/clientes/{cliente_id}/score``."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else UNMATCHED


class RequestRecord:
    """The frame, as ASGI middleware; it stands outside of all others."""

    def __init__(  # noqa: PLR0913 - what a frame is made of, each by its name
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        lines: RequestLines,
        tracer: Tracer | None = None,
        body_bytes: int,
        plain_routes: Mapping[Any, str],
    ) -> None:
        """``plain_routes`` gives the paths of routes that do not put themselves into the scope, by their endpoint."""
        self._app = app
        self._metrics = metrics
        self._lines = lines
        self._tracer = tracer
        self._body_bytes = body_bytes
        self._plain_routes = plain_routes
        self._make_id = RequestIds().make
        self._known: dict[tuple[str, str, int], tuple[RouteMeasures, str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: C901, PLR0912 - calls would cost
        """Answer one request; whatever the application does, whole and recorded."""
        if scope["type"] != "http":
            await self._pass_on(scope, receive, send)
            return
        started = time.perf_counter()
        state = scope.setdefault("state", {})
        identifier = state["request_id"] = self._make_id()
        method, scheme = scope["method"], scope.get("scheme", "http")
        status = 0
        is_complete = False

        def send_framed(message: Message) -> Awaitable[None]:
            nonlocal status, is_complete
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = completed(message.get("headers", ()), request_id=identifier, scheme=scheme)
            else:
                is_complete = not message.get("more_body", False)
                if method == "HEAD":
                    message["body"] = b""
            return send(message)

        self._metrics.in_flight += 1
        try:
            if REFUSAL in state:
                await send_problem(send_framed, state[REFUSAL], identifier)
            else:
                if method == "HEAD":
                    scope = {**scope, "method": "GET"}
                elif method in _WITH_BODY:
                    receive = _limited(receive, scope, self._body_bytes)
                await self._app(scope, receive, send_framed)
        except CancelledError:
            if not status:
                await send_problem(send_framed, state.get(REFUSAL, OVERDUE), identifier)
            raise
        except ClientDisconnect:
            status = LEFT_STATUS
        except Exception as error:
            problem = problem_of(error)
            if problem is FAULT:
                LOGGER.error("fault", exc_info=error, extra={"requisicao_id": identifier})
            if not status:
                await send_problem(send_framed, problem, identifier)
            elif not is_complete:
                raise
        finally:
            self._metrics.in_flight -= 1
            if REFUSAL in state:  # the server has answered so, whatever the application did afterwards
                status = state[REFUSAL].status
            self._record(scope, method, status or _UNANSWERED_STATUS, identifier, time.perf_counter() - started)

    def _record(self, scope: Scope, method: str, status: int, identifier: str, seconds: float) -> None:
        route = scope.get("route")
        path = self._plain_routes.get(scope.get("endpoint"), UNMATCHED) if route is None else route.path
        known = self._known.get((method, path, status))
        if known is None:
            known = self._learn(method, path, status)
        measures, prepared = known
        measures.add(seconds)
        self._lines.write(prepared, identifier, seconds, urgent=status == FAULT.status)
        if self._tracer is not None:
            told = method if method in _METHODS else "_OTHER"
            answered = Answered(told, path, status, identifier, seconds)
            self._tracer.record(answered, header(scope, b"traceparent"))

    def _learn(self, method: str, path: str, status: int) -> tuple[RouteMeasures, str]:
        told = method if method in _METHODS else "OUTRO"
        known = self._metrics.route(told, path, status), self._lines.prepare(told, path, status)
        if told == method:
            self._known[method, path, status] = known
        return known

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the application's beginning and end; what fails is logged without its text."""

        async def send_silent(message: Message) -> None:
            if "message" in message:
                message["message"] = ""
            await send(message)

        try:
            await self._app(scope, receive, send_silent)
        except EscoreError as error:
            LOGGER.error("%s", error)
            raise
        except Exception as error:
            LOGGER.error("fault", exc_info=error)
            raise


def _limited(receive: Receive, scope: Scope, most: int) -> Receive:
    """Return ``receive`` for a body of so many bytes at most; a 413, at once if a larger one is announced."""
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if announced.isdigit() and (len(announced) > _MOST_DIGITS or int(announced) > most):
        raise _too_large(most)
    taken = 0

    async def receive_some() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise _too_large(most)
        return message

    return receive_some


def _too_large(most: int) -> ProblemError:
    return ProblemError(BODY_TOO_LARGE, f"o corpo passa de {most} bytes")
