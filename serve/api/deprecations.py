"""Operations that are to go: told in the API's document and in the header fields of their answers (RFC 9745, RFC 8594).

docs/reference/versioning.md says when an operation may be deprecated, and for how long it stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEAST_NOTICE = timedelta(days=365)
FIELDS = ("Deprecation", "Sunset", "Link")
"""The header fields that tell of it."""
_LINK = (b"link", b'</docs>; rel="deprecation"; type="text/html"')


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Since when an operation is deprecated, from which day it may be gone, and what takes its place.

    ValueError if the notice is shorter than the policy's twelve months.
    """

    since: date
    until: date
    instead: str

    def __post_init__(self) -> None:
        if self.until - self.since < LEAST_NOTICE:
            raise ValueError(f"an operation stays for at least {LEAST_NOTICE.days} days after it is deprecated")

    def fields(self) -> list[tuple[bytes, bytes]]:
        """Return the header fields.

        >>> Deprecation(date(2027, 1, 1), date(2028, 1, 1), "").fields()[:2]
        [(b'deprecation', b'@1798761600'), (b'sunset', b'Sat, 01 Jan 2028 00:00:00 GMT')]
        """
        since, until = (datetime.combine(day, time(), UTC) for day in (self.since, self.until))
        sunset = format_datetime(until, usegmt=True)
        return [(b"deprecation", b"@%d" % int(since.timestamp())), (b"sunset", sunset.encode()), _LINK]


DEPRECATED: Mapping[str, Deprecation] = {}
"""By ``operationId``; none at present."""


class Deprecations:
    """ASGI middleware that tells of deprecated operations in their answers."""

    def __init__(self, app: ASGIApp, deprecated: Mapping[str, Deprecation]) -> None:
        self._app = app
        self._fields = {name: deprecation.fields() for name, deprecation in deprecated.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start":
                operation = getattr(scope.get("route"), "operation_id", None)
                message["headers"] = [*message.get("headers", ()), *self._fields.get(operation or "", ())]
            await send(message)

        await self._app(scope, receive, send_told)


def tell(document: dict[str, Any], deprecated: Mapping[str, Deprecation]) -> None:
    """Mark the deprecated operations of an OpenAPI document, in place."""
    for methods in document["paths"].values():
        for operation in methods.values():
            if found := deprecated.get(operation["operationId"]):
                operation["deprecated"] = True
                operation["description"] += f"\n\nObsoleta: pode deixar de existir em {found.until}. {found.instead}"
