"""``/docs``: Swagger UI over the API's document, from files of the installation; nothing comes from any other host.

The page's files are named by their content, so a browser keeps them for a year; they are compressed once. Every
link is relative: the page works below any prefix that a gateway puts before it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib import resources

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from serve.api.problem_error import ProblemError
from serve.api.problem_types import NO_SUCH_ADDRESS
from serve.api.static_file import StaticFile, accepts_gzip

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FILES = {
    "swagger-ui-bundle.js": ("fastapi_swagger.resources", "text/javascript; charset=utf-8"),
    "swagger-ui.css": ("fastapi_swagger.resources", "text/css; charset=utf-8"),
    "favicon-32x32.png": ("fastapi_swagger.resources", "image/png"),
    "iniciar.js": ("serve.api.page", "text/javascript; charset=utf-8"),
}
_PLACE = re.compile(r"\{([a-z0-9.-]+)\}")
_DIGEST_BYTES = 8


@cache
def page_files() -> Mapping[str, StaticFile]:
    """Return the page's files by the names that they are served under: the content's hash before the suffix."""
    files = {}
    for name, (package, media_type) in _FILES.items():
        content = resources.files(package).joinpath(name).read_bytes()
        stem, _, suffix = name.rpartition(".")
        digest = hashlib.blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()
        files[f"{stem}.{digest}.{suffix}"] = StaticFile(content, media_type)
    return files


def page_routes(title: str) -> list[Route]:
    """Return the routes of the page and of its files; they read no file before they are first asked."""

    def show_page(_request: Request) -> Response:
        headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-cache"}
        return HTMLResponse(render_page(title), headers=headers)

    def show_file(request: Request) -> Response:
        file = page_files().get(request.path_params["arquivo"])
        if file is None:
            raise ProblemError(NO_SUCH_ADDRESS)
        return file.response(accept_gzip=accepts_gzip(request.headers.get("accept-encoding", "")))

    return [
        Route("/docs", show_page, methods=["GET"], include_in_schema=False),
        Route("/docs/{arquivo}", show_file, methods=["GET"], include_in_schema=False),
    ]


def render_page(title: str) -> str:
    """Return the page's HTML, its files named as they are served."""
    served = dict(zip(_FILES, page_files(), strict=True))
    values = {"title": escape(title)} | {name: f"docs/{file}" for name, file in served.items()}
    text = resources.files("serve.api.page").joinpath("pagina.html").read_text("utf-8")
    return _PLACE.sub(lambda place: values[place[1]], text)
