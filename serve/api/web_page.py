"""``/app/``: the page for consumers and analysts, from the files that ``serve/web`` is built into.

Every link of the page is relative, so it works below any prefix that a gateway puts before it. The page holds
nobody's data: it reads the API with the token that its user gives it. Where it was not built, there is no page.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from serve.api.problem_error import ProblemError
from serve.api.problem_types import NO_SUCH_ADDRESS
from serve.api.static_file import ASKED_AGAIN, KEPT, StaticFile, accepts_gzip

FOLDER = Path(__file__).parents[1] / "web" / "static"
INDEX = "index.html"
HASHED = "assets/"
"""Below it every file's name tells its content."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_POLICY = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@cache
def web_files(folder: Path = FOLDER) -> Mapping[str, StaticFile]:
    """Return the built page's files by their paths below its folder; none if it was not built."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in _TYPES)
    names = {path.relative_to(folder).as_posix(): path for path in found}
    return {
        name: StaticFile(path.read_bytes(), _TYPES[path.suffix], KEPT if name.startswith(HASHED) else ASKED_AGAIN)
        for name, path in names.items()
    }


def web_routes() -> list[Route]:
    """Return the page's routes; they read no file before they are first asked."""

    def show_file(request: Request) -> Response:
        name = request.path_params["arquivo"] or INDEX
        file = web_files().get(name)
        if file is None:
            raise ProblemError(
                NO_SUCH_ADDRESS, "a página não foi construída nesta instalação" if name == INDEX else None
            )
        accept_gzip = accepts_gzip(request.headers.get("accept-encoding", ""))
        return file.response(accept_gzip=accept_gzip, headers=_POLICY if name == INDEX else None)

    def lead_to_page(_request: Request) -> Response:
        return RedirectResponse("app/")

    return [
        Route("/", lead_to_page, methods=["GET"], include_in_schema=False),
        Route("/app", lead_to_page, methods=["GET"], include_in_schema=False),
        Route("/app/{arquivo:path}", show_file, methods=["GET"], include_in_schema=False),
    ]
