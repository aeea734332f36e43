"""Origins of web pages, as browsers name them (RFC 6454): a scheme, a host and perhaps a port, and nothing else."""

from __future__ import annotations

import re

_ORIGIN = re.compile(
    r"https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[1-9][0-9]{0,4})?"
    r"|http://(?:localhost|127\.0\.0\.1|\[::1\])(?::[1-9][0-9]{0,4})?"
)
_DEFAULT_PORTS = (("https://", ":443"), ("http://", ":80"))


def origins_of(text: str) -> str:
    """Return origins with blanks between them, checked; ValueError, by words that repeat no part of them.

    Only ``https``, but for a page of this machine. A browser sends no default port, so none may be written: it would
    never match. ``*`` is refused: which pages may read the API is somebody's decision, page by page.

    >>> origins_of("https://credito.exemplo.com.br http://localhost:5173")
    'https://credito.exemplo.com.br http://localhost:5173'
    """
    origins = text.split()
    if not origins or not all(_is_origin(origin) for origin in origins):
        raise ValueError(
            "must be origins with blanks between them, as a browser sends them: `https://host`, in lower case, "
            "without path or default port; `http://` for this machine alone"
        )
    return " ".join(dict.fromkeys(origins))


def _is_origin(text: str) -> bool:
    has_default_port = any(text.startswith(scheme) and text.endswith(port) for scheme, port in _DEFAULT_PORTS)
    return _ORIGIN.fullmatch(text) is not None and not has_default_port
