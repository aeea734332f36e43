"""One file of a page, as it is answered: kept by browsers as long as its name lasts, and compressed once."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cached_property

from starlette.responses import Response

_VARY = {"Vary": "Accept-Encoding"}
KEPT = "public, max-age=31536000, immutable"
"""For a file whose name tells its content."""
ASKED_AGAIN = "no-cache"
"""For a file whose content may change under the same name."""


@dataclass(frozen=True)
class StaticFile:
    """A file's content and type; compressed when first asked for so."""

    content: bytes
    media_type: str
    cache_control: str = KEPT

    @cached_property
    def compressed(self) -> bytes:
        """Return the content in gzip."""
        return gzip.compress(self.content, mtime=0)

    def response(self, *, accept_gzip: bool, headers: dict[str, str] | None = None) -> Response:
        """Return the answer."""
        fields = {"Cache-Control": self.cache_control, **_VARY, **(headers or {})}
        if accept_gzip and not self.media_type.startswith("image/"):
            fields["Content-Encoding"] = "gzip"
            return Response(self.compressed, headers=fields, media_type=self.media_type)
        return Response(self.content, headers=fields, media_type=self.media_type)


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether an Accept-Encoding header lets gzip through (RFC 9110 §12.5.3).

    >>> [accepts_gzip(text) for text in ("gzip, br", "GZIP;q=0.5", "*", "gzip;q=0", "br", "")]
    [True, True, True, False, False, False]
    """
    weights = {}
    for item in accept_encoding.lower().split(","):
        coding, _, parameter = item.partition(";")
        weights[coding.strip()] = parameter.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return weights.get("gzip", weights.get("*", False))
