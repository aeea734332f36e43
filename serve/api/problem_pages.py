"""``/problemas``: what each ``type`` of a Problem Details leads to, a plain page made from its declaration."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from serve.api.problem_error import PREFIX, ProblemError, ProblemType
from serve.api.problem_types import NO_SUCH_ADDRESS, PROBLEM_TYPES

_HEADERS = {
    "Cache-Control": "public, max-age=3600",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
_FRAME = (
    '<!doctype html>\n<html lang="pt-BR">\n<head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title></head>\n'
    "<body>\n<main>\n<h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n"
)


def problem_routes() -> list[Route]:
    """Return the routes of the list and of each type's page; links are relative, as on every page of ours."""

    def show_list(_request: Request) -> Response:
        items = "".join(
            f'<li>{kind.status} <a href="problemas/{kind.name}">{escape(kind.title)}</a></li>\n'
            for kind in PROBLEM_TYPES.values()
        )
        return HTMLResponse(_FRAME.format(title="Problemas da API", body=f"<ul>\n{items}</ul>\n"), headers=_HEADERS)

    def show_type(request: Request) -> Response:
        kind = PROBLEM_TYPES.get(request.path_params["tipo"])
        if kind is None:
            raise ProblemError(NO_SUCH_ADDRESS)
        return HTMLResponse(_FRAME.format(title=escape(kind.title), body=_body(kind)), headers=_HEADERS)

    return [
        Route(PREFIX.rstrip("/"), show_list, methods=["GET"], include_in_schema=False),
        Route(f"{PREFIX}{{tipo}}", show_type, methods=["GET"], include_in_schema=False),
    ]


def _body(kind: ProblemType) -> str:
    told = {
        "type": f"<code>{kind.uri}</code>",
        "status": str(kind.status),
        "Quando": _text(kind.when),
        "O que fazer": _text(kind.action),
    }
    if kind.headers:
        told["Cabeçalhos"] = ", ".join(f"<code>{name}</code>" for name in kind.headers)
    rows = "".join(f"<dt>{name}</dt><dd>{text}</dd>\n" for name, text in told.items())
    return f'<dl>\n{rows}</dl>\n<p><a href="../problemas">Todos os problemas</a></p>\n'


def _text(text: str) -> str:
    """Return a text in HTML, what stands between backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
