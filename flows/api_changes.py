"""Two OpenAPI documents of the API -> what changed between them, and what of it breaks a caller of the older one.

A caller is broken by what it may send no longer, and by what it may be answered that it was not told of. The same
question both ways: does one schema take everything that another allows? Requests ask it of the new document about the
old one, answers of the old about the new. Not breaking, as docs/reference/versioning.md says: new operations, new
optional parameters and fields, new fields in answers, new error statuses and problem types.

``python -m flows.api_changes docs/reference/openapi-baseline.json docs/reference/openapi.json`` prints them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

PROBLEM_TYPES = "x-tipos"
"""Where an error answer of the document lists its problem types."""
_AT_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_AT_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_EQUAL = ("pattern", "format")
_DEEPEST = 20


def breaking_changes(old: Json, new: Json) -> list[str]:
    """Return what breaks a caller of the old document, a line each that begins with the operation's method and path."""
    was, now = operations(old), operations(new)
    found = []
    for name, operation in was.items():
        if name not in now:
            found.append(f"{name}: is gone")
        else:
            found += [f"{name}: {text}" for text in _Comparison(old, new).of_operations(operation, now[name])]
    return found


def additions(old: Json, new: Json) -> list[str]:
    """Return the operations that the old document has not."""
    return [name for name in operations(new) if name not in operations(old)]


def operations(document: Json) -> dict[str, Json]:
    """Return a document's operations by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


class _Comparison:
    """Compares one operation of two documents; references lead into their own."""

    def __init__(self, old: Json, new: Json) -> None:
        self._old = old
        self._new = new

    def of_operations(self, old: Json, new: Json) -> Iterator[str]:
        if old.get("operationId") != new.get("operationId"):
            yield f"operationId is {new.get('operationId')}, was {old.get('operationId')}"
        yield from self._security(old, new)
        yield from self._parameters(old, new)
        yield from self._body(old.get("requestBody"), new.get("requestBody"))
        for status, answer in old["responses"].items():
            if status in new["responses"]:
                was, now = resolve(self._old, answer), resolve(self._new, new["responses"][status])
                yield from self._answer(f"answer {status}", was, now)
            elif int(status) < HTTPStatus.BAD_REQUEST:
                yield f"answer {status} is gone"
        for status in new["responses"]:
            if int(status) < HTTPStatus.BAD_REQUEST and status not in old["responses"]:
                yield f"answer {status} is new"

    def _security(self, old: Json, new: Json) -> Iterator[str]:
        """Tell what the new operation asks for that no alternative of the old one asked for."""
        was, now = _alternatives(self._old, old), _alternatives(self._new, new)
        for asked in was:
            if not any(set(given) <= set(asked) and all(given[s] <= asked[s] for s in given) for given in now):
                yield f"access: {_told(asked)} is no longer enough"

    def _parameters(self, old: Json, new: Json) -> Iterator[str]:
        was, now = _by_place(old), _by_place(new)
        for (place, name), parameter in was.items():
            if (place, name) not in now:
                yield f"{place} parameter {name} is gone"
                continue
            narrowed = self._misfits(parameter["schema"], now[place, name]["schema"], f"{place} parameter {name}")
            yield from narrowed
        for (place, name), parameter in now.items():
            if parameter.get("required") and not was.get((place, name), {}).get("required"):
                yield f"{place} parameter {name} is required"

    def _body(self, old: Json | None, new: Json | None) -> Iterator[str]:
        if new is None or old is None:
            if new is not None and new.get("required"):
                yield "a body is required"
            if old is not None:
                yield "the body is gone"
            return
        if new.get("required") and not old.get("required"):
            yield "a body is required"
        for kind, media in old["content"].items():
            if kind not in new["content"]:
                yield f"body {kind} is gone"
            else:
                yield from self._misfits(media["schema"], new["content"][kind]["schema"], "body")

    def _answer(self, place: str, old: Json, new: Json) -> Iterator[str]:
        for name in old.get("headers", {}):
            if name not in new.get("headers", {}):
                yield f"{place}: header {name} is gone"
        for tipo in old.get(PROBLEM_TYPES, ()):
            if tipo not in new.get(PROBLEM_TYPES, ()):
                yield f"{place}: problem type {tipo} is gone"
        for kind, media in old.get("content", {}).items():
            if kind not in new.get("content", {}):
                yield f"{place}: {kind} is gone"
            elif "schema" in media:
                now = new["content"][kind].get("schema", {})
                yield from _Comparison(self._new, self._old)._misfits(now, media["schema"], place, takes_more=True)

    def _misfits(self, given: Json, wanted: Json, place: str, *, takes_more: bool = False, depth: int = 0) -> list[str]:
        """Return why something that ``given``, of the old document, allows may not be taken by ``wanted``, of the new.

        ``takes_more``: a field that ``wanted`` does not know is no misfit, for readers pass over it.
        """
        if depth > _DEEPEST:
            return []
        found: list[str] = []
        offered = list(_options(self._new, wanted))
        for option in _options(self._old, given):
            judged = [self._misfits_one(option, one, place, takes_more=takes_more, depth=depth) for one in offered]
            if offered and all(judged):
                found += sorted(judged, key=len)[0]
        return found

    def _misfits_one(self, given: Json, wanted: Json, place: str, *, takes_more: bool, depth: int) -> list[str]:
        kind, asked = given.get("type"), wanted.get("type")
        if asked is not None and kind != asked and not (kind == "integer" and asked == "number"):
            return [f"{place}: {kind or 'anything'} where {asked} was agreed"]
        found = [f"{place}: {text}" for text in _limits_passed(given, wanted)]
        if "items" in wanted:
            inner = given.get("items", {})
            found += self._misfits(inner, wanted["items"], f"{place}[]", takes_more=takes_more, depth=depth + 1)
        found += [
            f"{place}: {name} may be lacking" if takes_more else f"{place}: {name} is required"
            for name in wanted.get("required", ())
            if name not in given.get("required", ()) and (name in given.get("properties", {}) or not takes_more)
        ]
        known, there = wanted.get("properties", {}), given.get("properties", {})
        found += [f"{place}: {name} is gone" for name in known if takes_more and name not in there]
        for name, schema in there.items():
            if name in known:
                inner_place = f"{place}: {name}"
                found += self._misfits(schema, known[name], inner_place, takes_more=takes_more, depth=depth + 1)
            elif not takes_more:
                found.append(f"{place}: {name} is gone")
        return found


def resolve(document: Json, item: Json) -> Json:
    """Return what a reference leads to; the item itself if it is none."""
    while "$ref" in item:
        place = document
        for part in item["$ref"].removeprefix("#/").split("/"):
            place = place[part]
        item = place
    return item


def _options(document: Json, schema: Json) -> Iterator[Json]:
    """Yield the alternatives of a schema, each of one type."""
    schema = resolve(document, schema)
    parts = schema.get("anyOf") or schema.get("oneOf")
    if parts:
        for part in parts:
            yield from _options(document, part)
    elif isinstance(schema.get("type"), list):
        for kind in schema["type"]:
            yield {**schema, "type": kind}
    elif "const" in schema:
        yield {**schema, "enum": [schema["const"]]}
    elif "allOf" in schema:
        merged = {name: value for name, value in schema.items() if name != "allOf"}
        for part in schema["allOf"]:
            merged |= resolve(document, part)
        yield merged
    else:
        yield schema


def _limits_passed(given: Json, wanted: Json) -> Iterator[str]:
    if "enum" in wanted and "enum" not in given:
        yield "any value where a list was agreed"
    given_values: list[Any] = given.get("enum", [])
    for value in given_values:
        if value not in wanted.get("enum", given_values):
            yield f"{json.dumps(value, ensure_ascii=False)} is none of the values agreed"
    for name in _EQUAL:
        if name in wanted and given.get(name) != wanted[name]:
            yield f"{name} is another"
    for name in (*_AT_LEAST, *_AT_MOST):
        if name in wanted and not _keeps(name, given.get(name), wanted[name]):
            yield f"{name} {given.get(name, 'none')} where {wanted[name]} was agreed"


def _keeps(name: str, given: Any, wanted: Any) -> bool:
    """Return whether a limit is no wider than the one that was agreed."""
    if given is None:
        return False
    return bool(given >= wanted if name in _AT_LEAST else given <= wanted)


def _alternatives(document: Json, operation: Json) -> list[dict[str, frozenset[str]]]:
    """Return what an operation asks for, each a way in: scopes by kind of scheme, for a scheme's name is not sent."""
    asked = operation.get("security") or [{}]
    schemes = document.get("components", {}).get("securitySchemes", {})
    return [{_kind(schemes.get(name, {}), name): frozenset(scopes) for name, scopes in one.items()} for one in asked]


def _kind(scheme: Json, name: str) -> str:
    return " ".join(filter(None, (scheme.get("type"), scheme.get("scheme")))) or name


def _told(asked: dict[str, frozenset[str]]) -> str:
    return " and ".join(f"{scheme} {' '.join(sorted(scopes))}".strip() for scheme, scopes in asked.items()) or "nothing"


def _by_place(operation: Json) -> dict[tuple[str, str], Json]:
    """Return an operation's parameters; names of header fields in small letters, and none of them null."""
    return {
        (item["in"], item["name"].lower() if item["in"] == "header" else item["name"]): {
            **item,
            "schema": _without_null(item["schema"]),
        }
        for item in operation.get("parameters", ())
    }


def _without_null(schema: Json) -> Json:
    kept = [part for part in schema.get("anyOf", ()) if part != {"type": "null"}]
    return {**schema, "anyOf": kept} if kept else schema


def main() -> None:
    """Print what breaks, then what is new, between the two documents named on the command line."""
    old, new = (json.loads(Path(name).read_text("utf-8")) for name in sys.argv[1:3])
    for text in breaking_changes(old, new):
        sys.stdout.write(f"breaking: {text}\n")
    for text in additions(old, new):
        sys.stdout.write(f"new: {text}\n")


if __name__ == "__main__":
    main()
