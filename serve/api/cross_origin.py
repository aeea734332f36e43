"""Pages of other origins that may read the API (the Fetch standard's CORS): those that the settings name, and no other.

Two layers: ``Preflights``, within the frame, so that a browser's question is recorded as any request is, and
``CrossOrigin``, outside of it, so that an answer that the frame makes itself, a 413 or a 503, is readable too. Tokens
travel in a header, never in a cookie: credentials are not allowed, and a page without a token reads what anybody may.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.api.deprecations import FIELDS
from serve.api.direct_route import header, send_answer
from serve.api.document_texts import HEADERS

MAX_AGE_SECONDS = 600
"""How long a browser may remember what it was told."""

_VARY = (b"vary", b"Origin")
_READABLE = (b"access-control-expose-headers", ", ".join(sorted({*HEADERS, *FIELDS})).encode())
"""Every header field that the API's document and its policy of deprecation promise: a page may read them all."""
_ALLOWED = [
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, If-None-Match, X-Finalidade"),
    (b"access-control-max-age", str(MAX_AGE_SECONDS).encode()),
]


class Preflights:
    """Answers what browsers ask before a request of another origin: which methods and header fields are allowed."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight of an allowed origin; pass everything else on."""
        if (
            scope["type"] == "http"
            and scope["method"] == "OPTIONS"
            and header(scope, b"access-control-request-method") is not None
            and header(scope, b"origin") in self._origins
        ):
            await send_answer(send, 204, _ALLOWED)
        else:
            await self._app(scope, receive, send)


class CrossOrigin:
    """Lets pages of the allowed origins read the answers to their requests."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; caches are told that the answer depends on who asks."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        origin = header(scope, b"origin")
        fields = [_VARY]
        if origin is not None and origin in self._origins:
            fields += [(b"access-control-allow-origin", origin.encode()), _READABLE]

        async def send_readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *fields]
            await send(message)

        await self._app(scope, receive, send_readable)
