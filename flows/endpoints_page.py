"""The reference page of the endpoints, from the API's own document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flows.markdown_tables import markdown_table

_METHODS = ("get", "post", "put", "patch", "delete")


def endpoints_page(document: Mapping[str, Any]) -> str:
    """Return the page, without its first line; ``document`` is the API's OpenAPI."""
    operations = list(_operations(document))
    tags = list(dict.fromkeys(tag for _, _, tag, _ in operations))
    sections = "\n\n".join(f"## {tag}\n\n{_section(tag, operations)}" for tag in tags)
    return (
        "# Endpoints\n\n*For whoever calls the API.* Every path, the scope that its token needs, and what it is "
        "for, in the "
        "words of the [OpenAPI document](openapi.json), which has all fields and examples. `/docs` of a running "
        "API shows "
        "and tries it. How to get a token: [let a consulente in](../how-to/let-a-consulente-in.md). Every read of a "
        "person's data is recorded before its answer leaves. Errors are RFC 9457 problems.\n\n"
        f"{sections}\n"
    )


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                operation = methods[method]
                yield method.upper(), path, operation.get("tags", ["Instalação"])[0], operation


def _section(tag: str, operations: list[tuple[str, str, str, Mapping[str, Any]]]) -> str:
    rows = [
        (f"`{method} {path}`", _scope(operation), operation["summary"], _answers(operation))
        for method, path, of, operation in operations
        if of == tag
    ]
    return markdown_table(("endpoint", "scope", "what", "answers"), rows)


def _scope(operation: Mapping[str, Any]) -> str:
    scopes = [scope for needed in operation.get("security", []) for scope in needed.get("oauth2", [])]
    return ", ".join(f"`{scope}`" for scope in scopes) or "none"


def _answers(operation: Mapping[str, Any]) -> str:
    return ", ".join(operation["responses"])
