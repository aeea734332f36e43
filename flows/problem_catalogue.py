"""The reference page of the API's problems, from their declarations; example bodies are made as the API makes them."""

from __future__ import annotations

import json

from serve.api.document_texts import EXAMPLE_ERRORS, HEADERS
from serve.api.problem_error import ProblemType
from serve.api.problem_types import INVALID_FIELDS, PROBLEM_TYPES
from serve.api.problems import Problem, problem_content

_ABOUT = """# Problems

Every error of the API is a Problem Details document (RFC 9457), `application/problem+json`. Decide by `type`: it is the
same text in every installation and does not change within a [major version](versioning.md). Decide by the status where
you do not know the type, for new ones may come. `title` and `detail` are for people; `instance` is the answer's
`X-Request-ID`: quote it to whoever runs the API. Nothing that you sent is ever repeated.

A `type` is an address below the API's own: `http://127.0.0.1:8080/problemas/token-recusado` is a page that says what is
said here, in the same words. Behind a gateway with a prefix, put the prefix before it.

Three answers have no such document: 304, which is no error; what a gateway or a proxy before the API says by itself;
and, rarely, a 500 or 503 without a body, when an answer could not even be begun. Look at
`Content-Type` before you parse.

Repeat by itself only what is marked so. All reads may be repeated, `POST /scores/consultar` and
`.../score-data/invalidar` too: doing them twice is doing them once, though each is on record. [The first score by
API](../tutorials/first-score-by-api.md#8-too-often-or-out-of-order) shows how.
"""
REPEATED = frozenset({"requisicoes-demais", "dependencia-fora", "resposta-atrasada", "chaves-fora", "conexoes-demais"})
"""What a program may repeat by itself, after Retry-After."""


def problems_page() -> str:
    """Return the page, without the line that says it is generated."""
    rows = "\n".join(
        f"| {kind.status} | [`{kind.uri}`](#{kind.name}) | {kind.title} | {'yes' if kind.name in REPEATED else ''} |"
        for kind in PROBLEM_TYPES.values()
    )
    sections = "\n".join(_section(kind) for kind in PROBLEM_TYPES.values())
    return f"{_ABOUT}\n| status | `type` | title | repeat |\n|---|---|---|---|\n{rows}\n\n{sections}"


def _section(kind: ProblemType) -> str:
    errors = EXAMPLE_ERRORS if kind is INVALID_FIELDS else None
    identifier = str(HEADERS["X-Request-ID"]["example"])
    body = json.loads(problem_content(Problem(kind, errors=errors), identifier))
    shown = json.dumps(body, ensure_ascii=False, indent=1)
    headers = f"\n- Headers: {', '.join(f'`{name}`' for name in kind.headers)}" if kind.headers else ""
    return (
        f"## {kind.name}\n\n{kind.status}. {kind.title}.\n\n- When: {kind.when}\n"
        f"- What to do: {kind.action}{headers}\n\n"
        f"```json\n{shown}\n```\n"
    )
