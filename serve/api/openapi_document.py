"""The API's OpenAPI document: what FastAPI derives from the routes, completed so that it is exact.

Every answer that an operation can give is in it, with an example: its success, and as problems what any operation can
meet, what one that asks for a token can, what one with parameters or a body can, and what its route declares.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, TypeAlias

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serve.access.callers import SCOPES
from serve.api.document_texts import DESCRIPTION, ERRORS, EXAMPLE_ERRORS, HEADERS, OPERATIONS, TAGS, OperationText
from serve.api.payload_examples import EXAMPLES, PARAMETERS
from serve.api.payload_models import ErroDeCampo, Problema, Prontidao, Vida
from serve.api.problem_types import INVALID_FIELDS, types_of
from serve.api.problems import MEDIA_TYPE as PROBLEM_TYPE
from serve.api.problems import Problem, problem_content

Json: TypeAlias = dict[str, Any]

ANYWHERE = (414, 431)
WITH_TOKEN = (400, 401, 403, 429, 503)
WITH_PARAMETERS = (422,)
WITH_BODY = (413, 422)
HIDDEN_PARAMETERS = frozenset({"cursor"})
"""Only for links that the API makes: nobody could write one by its description."""

_JSON = "application/json"
_OURS = (Problema, ErroDeCampo, Prontidao, Vida)
_FASTAPIS = ("HTTPValidationError", "ValidationError")
_NAMES = {name.lower(): name for name in PARAMETERS}
_TO_LISTED = {
    "ler_cliente": {"cliente_id": "$response.body#/results/0/id"},
    "ler_score": {"cliente_id": "$response.body#/results/0/id"},
    "ler_historico": {"cliente_id": "$response.body#/results/0/id"},
    "ler_dados_de_score": {"cliente_id": "$response.body#/results/0/id"},
    "ler_eventos": {"cliente_id": "$response.body#/results/0/id"},
    "consultar_eventos": {"cpf": "$response.body#/results/0/cpf"},
}


def document_route(app: FastAPI) -> Route:
    """Return the route ``/openapi.json``; the document is made when it is first asked for."""
    made: list[bytes] = []

    async def show_document(_request: Request) -> Response:
        if not made:
            made.append(json.dumps(app.openapi(), ensure_ascii=False).encode())
        return Response(made[0], headers={"Cache-Control": "no-cache"}, media_type=_JSON)

    return Route("/openapi.json", show_document, methods=["GET"], include_in_schema=False)


def complete_document(document: Json) -> Json:
    """Complete the document that FastAPI derived, in place, and return it."""
    operations = dict(_operations(document))
    document["info"]["description"] = DESCRIPTION
    document["servers"] = [{"url": ".", "description": "este servidor"}]
    used = {tag for operation in operations.values() for tag in operation["tags"]}
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items() if name in used]
    scopes: set[str] = set()
    for name, operation in operations.items():
        scopes |= _complete_operation(name, operation)
        if name == "listar_clientes":
            operation["responses"]["200"]["links"] = _links(operations)
    document["components"] = _components(document.get("components", {}), scopes)
    return document


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for methods in document["paths"].values():
        for operation in methods.values():
            yield operation["operationId"], operation


def _complete_operation(name: str, operation: Json) -> set[str]:
    """Complete an operation; return the scopes that it asks for."""
    text = OPERATIONS[name]
    scopes = {
        scope for requirement in operation.get("security", ()) for given in requirement.values() for scope in given
    }
    if scopes:
        operation["security"] = [{"oauth2": sorted(scopes)}, {"token": []}]
    operation["summary"] = text.summary
    _complete_parameters(operation)
    declared = operation["responses"]
    errors = {status for status in map(int, declared) if status >= HTTPStatus.BAD_REQUEST}
    errors.update(ANYWHERE, WITH_TOKEN if scopes else ())
    if "parameters" in operation:
        errors.update(WITH_PARAMETERS)
    if body := operation.get("requestBody"):
        errors.update(WITH_BODY)
        _add_example(body["content"][_JSON])
    responses = {status: _success(text, answer) for status, answer in declared.items() if int(status) not in errors}
    for status in sorted(errors):
        responses[str(status)] = {"$ref": f"#/components/responses/{ERRORS[status].name}"}
    if text.model and "503" in declared:
        responses["503"] = _success(text, declared["503"])
    operation["responses"] = responses
    return scopes


def _complete_parameters(operation: Json) -> None:
    kept = [item for item in operation.get("parameters", ()) if item["name"] not in HIDDEN_PARAMETERS]
    for parameter in kept:
        name = parameter["name"] = _NAMES.get(parameter["name"].lower(), parameter["name"])
        description, example = PARAMETERS.get(name, (None, None))
        schema = parameter["schema"] = _without_null(parameter["schema"])
        parameter.setdefault("description", schema.pop("description", description))
        parameter.setdefault("example", example)
    operation.pop("parameters", None)
    if kept:
        operation["parameters"] = kept


def _without_null(schema: Json) -> Json:
    """Return the schema of a parameter that is there: a URL or a header field has no null."""
    said = {name: value for name, value in schema.items() if name not in {"anyOf", "title", "examples"}}
    for alternative in schema.get("anyOf", ()):
        if alternative != {"type": "null"}:
            said |= alternative
    return said


def _success(text: OperationText, answer: Json) -> Json:
    """Return an answer that is no problem, with its header fields and the example of its schema."""
    is_declared = answer["description"] not in {"Successful Response", HTTPStatus.OK.phrase}
    completed: Json = {"description": answer["description"] if is_declared else text.success}
    completed["headers"] = _header_references("X-Request-ID", *text.headers)
    if text.model:
        completed["content"] = {_JSON: {"schema": {"$ref": f"#/components/schemas/{text.model}"}}}
    elif text.media_type != _JSON:
        completed["content"] = {text.media_type: {"schema": {"type": "string"}}}
    elif "content" in answer:
        completed["content"] = {_JSON: answer["content"][_JSON]}
    for media in completed.get("content", {}).values():
        _add_example(media)
    return completed


def _add_example(media: Json) -> None:
    name = media["schema"].get("$ref", "").rpartition("/")[2]
    if name:
        media["example"] = EXAMPLES[name]


def _links(operations: dict[str, Json]) -> Json:
    return {
        name: {"operationId": name, "parameters": parameters}
        for name, parameters in _TO_LISTED.items()
        if name in operations
    }


def _components(components: Json, scopes: set[str]) -> Json:
    schemas = {name: schema for name, schema in components.get("schemas", {}).items() if name not in _FASTAPIS}
    _, ours = models_json_schema(
        [(model, "serialization") for model in _OURS], ref_template="#/components/schemas/{model}"
    )
    completed: Json = {
        "schemas": {**schemas, **ours["$defs"]},
        "responses": {error.name: _problem_response(status) for status, error in ERRORS.items()},
        "headers": HEADERS,
    }
    if scopes:
        completed["securitySchemes"] = _security_schemes(scopes)
    return completed


def _problem_response(status: int) -> Json:
    error = ERRORS[status]
    errors = EXAMPLE_ERRORS if error.example is INVALID_FIELDS else None
    content = problem_content(Problem(error.example, errors=errors), str(HEADERS["X-Request-ID"]["example"]))
    return {
        "description": error.meaning,
        "headers": _header_references("X-Request-ID", *error.headers),
        "content": {
            PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problema"}, "example": json.loads(content)}
        },
        "x-tipos": [kind.uri for kind in types_of(status)],
    }


def _header_references(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _security_schemes(scopes: set[str]) -> Json:
    return {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "Um token que já se tem: cole-o sem a palavra Bearer.",
        },
        "oauth2": {
            "type": "oauth2",
            "description": "Os tokens vêm do emissor da instalação; este endereço é um exemplo.",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": "https://emissor.example/oauth2/token",
                    "scopes": {scope: SCOPES[scope] for scope in sorted(scopes)},
                }
            },
        },
    }
