"""The API's document as a Postman collection (format 2.1) and an environment: one request an operation, in its folder.

Made from ``openapi.json`` alone, hence the same bytes each time. Whom a request is about, the address and the token are
variables; the token's value is never in a file. Every request carries a test of its status and examples of its
success, so the collection can be run as it is (`Run collection` in Postman, or Newman). Errors are in problems.md.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, TypeAlias

from flows.api_changes import resolve

Json: TypeAlias = dict[str, Any]

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
ADDRESS = "http://127.0.0.1:8080"
_VARIABLES = ("cliente_id", "cpf")
_JSON = "application/json"
_ABOUT = """
Feita de `openapi.json`. Importe também o ambiente `escore.postman_environment.json` e escreva nele:

- `base_url`: o endereço da API;
- `token`: o token, sem a palavra Bearer (numa instalação de desenvolvimento, o que `escore token` imprime);
- `cliente_id` e `cpf`: de quem se pergunta.

Parâmetros opcionais vêm desligados. `X-Finalidade` só é preciso se o token não traz a finalidade.
""".strip()


def collection(document: Json) -> Json:
    """Return the collection of an API's document."""
    names = {parameter: example for parameter, example in _path_examples(document) if parameter in _VARIABLES}
    folders: dict[str, list[Json]] = {tag["name"]: [] for tag in document["tags"]}
    for path, method, operation in _operations(document):
        folders[operation["tags"][0]].append(_item(document, path, method, operation, names))
    told = {tag["name"]: tag["description"] for tag in document["tags"]}
    title = document["info"]["title"]
    return {
        "info": {
            "_postman_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{SCHEMA}#{title}")),
            "name": title,
            "description": f"{_ABOUT}\n\n{document['info']['description']}",
            "version": document["info"]["version"],
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "item": [{"name": tag, "description": told[tag], "item": items} for tag, items in folders.items()],
        "variable": [
            {"key": name, "value": value, "type": "string"} for name, value in {"base_url": ADDRESS, **names}.items()
        ],
    }


def environment(document: Json) -> Json:
    """Return the environment that the collection's variables are written into; the token's place is empty."""
    names = {parameter: example for parameter, example in _path_examples(document) if parameter in _VARIABLES}
    values = {"base_url": ADDRESS, "token": "", **names}
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{SCHEMA}#{document['info']['title']}#ambiente")),
        "name": f"{document['info']['title']}: esta máquina",
        "values": [
            {"key": name, "value": value, "type": "secret" if name == "token" else "default", "enabled": True}
            for name, value in values.items()
        ],
        "_postman_variable_scope": "environment",
    }


def collection_text(document: Json) -> str:
    """Return the collection's file."""
    return json.dumps(collection(document), ensure_ascii=False, indent=1) + "\n"


def environment_text(document: Json) -> str:
    """Return the environment's file."""
    return json.dumps(environment(document), ensure_ascii=False, indent=1) + "\n"


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def _path_examples(document: Json) -> Iterator[tuple[str, str]]:
    for _, _, operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path":
                yield parameter["name"], str(parameter["example"])


def _item(document: Json, path: str, method: str, operation: Json, names: dict[str, str]) -> Json:
    request = _request(path, method, operation, names)
    answers = {int(status): _resolved(document, answer) for status, answer in operation["responses"].items()}
    fine = sorted(status for status in answers if status < HTTPStatus.BAD_REQUEST)
    return {
        "name": operation["summary"],
        "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": _test_lines(fine)}}],
        "request": request,
        "response": [_example(status, answers[status], request) for status in fine],
    }


def _request(path: str, method: str, operation: Json, names: dict[str, str]) -> Json:
    parameters = operation.get("parameters", ())
    headers = [_switched_off(parameter) for parameter in parameters if parameter["in"] == "header"]
    request: Json = {"method": method, "header": headers}
    if body := operation.get("requestBody"):
        content = body["content"][_JSON]
        headers.insert(0, {"key": "Content-Type", "value": _JSON})
        raw = json.dumps(_with_variables(_without_nulls(content["example"]), names), ensure_ascii=False, indent=1)
        request["body"] = {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}
    if not operation.get("security"):
        request["auth"] = {"type": "noauth"}
    query = [_switched_off(parameter) for parameter in parameters if parameter["in"] == "query"]
    return {**request, "url": _url(path, query), "description": operation["description"]}


def _url(path: str, query: list[Json]) -> Json:
    written = path.replace("{", "{{").replace("}", "}}")
    url: Json = {"raw": f"{{{{base_url}}}}{written}", "host": ["{{base_url}}"], "path": written[1:].split("/")}
    return {**url, "query": query} if query else url


def _switched_off(parameter: Json) -> Json:
    """Return an optional parameter with its example, to be switched on by whoever wants it."""
    return {
        "key": parameter["name"],
        "value": str(parameter["example"]),
        "description": parameter["description"],
        "disabled": True,
    }


def _without_nulls(example: Json) -> Json:
    return {name: value for name, value in example.items() if value is not None}


def _with_variables(value: Any, names: dict[str, str]) -> Any:
    """Return a body that speaks of the consumer of the variables where the example speaks of its own."""
    if isinstance(value, dict):
        return {name: _with_variables(part, names) for name, part in value.items()}
    if isinstance(value, list):
        return [_with_variables(part, names) for part in value]
    for name, example in names.items():
        if value in (example, "".join(filter(str.isdigit, example))):
            return f"{{{{{name}}}}}"
    return value


def _test_lines(statuses: list[int]) -> list[str]:
    told = " ou ".join(map(str, statuses))
    return [
        f'pm.test("responde {told}", () => {{',
        f"  pm.expect(pm.response.code).to.be.oneOf({statuses});",
        "});",
    ]


def _example(status: int, answer: Json, request: Json) -> Json:
    """Return one answer of the document, as Postman shows it beside the request."""
    headers = [
        {"key": name, "value": str(header["example"])}
        for name, header in ((name, header) for name, header in answer.get("headers", {}).items())
    ]
    example: Json = {
        "name": f"{status}: {answer['description']}",
        "originalRequest": request,
        "status": HTTPStatus(status).phrase,
        "code": status,
        "header": headers,
    }
    for media_type, media in answer.get("content", {}).items():
        headers.append({"key": "Content-Type", "value": media_type})
        example["_postman_previewlanguage"] = "json" if "json" in media_type else "text"
        if "example" in media:
            example["body"] = json.dumps(media["example"], ensure_ascii=False, indent=1)
    return example


def _resolved(document: Json, item: Json) -> Json:
    """Return an answer with what it refers to in its place: itself, and its header fields."""
    item = resolve(document, item)
    headers = {name: _resolved(document, header) for name, header in item.get("headers", {}).items()}
    return {**item, "headers": headers} if headers else item
