"""The API's document: complete, valid, its examples true to its schemas, and what it says of the real application."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from jsonschema import Draft202012Validator

from contracts.settings import Settings
from flows.api_changes import resolve
from serve.access.callers import SCOPES
from serve.api import body_models, payload_models
from serve.api.document_texts import ERRORS, HEADERS, OPERATIONS
from serve.api.openapi_document import HIDDEN_PARAMETERS
from serve.api.payload_examples import EXAMPLES
from serve.app import create_app, create_app_a, create_app_b, create_app_c
from tests.api_server import running

NOWHERE = "127.0.0.1:9"
SETTINGS = Settings(
    _env_file=None,
    base_a_url=f"postgresql+psycopg2://u@{NOWHERE}/a",
    base_b_url=f"postgresql+psycopg2://u@{NOWHERE}/b",
    base_c_url=f"mongodb://{NOWHERE}/c",
    results_url=f"postgresql+psycopg2://u@{NOWHERE}/r",
    redis_url=f"redis://{NOWHERE}/0",
    cache_key="k" * 40,
    jwt_secret="s" * 40,
)
APPS = [create_app, create_app_a, create_app_b, create_app_c]
Json = dict[str, Any]


@pytest.fixture(scope="module", params=APPS, ids=lambda make: make.__name__)
def document(request: pytest.FixtureRequest) -> Json:
    found: Json = request.param(SETTINGS).openapi()
    return found


def operations(document: Json) -> dict[str, Json]:
    return {item["operationId"]: item for methods in document["paths"].values() for item in methods.values()}


def validator(document: Json, schema: Json) -> Draft202012Validator:
    """Return the validator of a schema inside the document, whose references lead on."""
    return Draft202012Validator(
        {**schema, "components": document["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def media_of(document: Json) -> list[tuple[str, Json]]:
    found = []
    for name, operation in operations(document).items():
        answers = {status: resolve(document, answer) for status, answer in operation["responses"].items()}
        bodies = {"body": operation["requestBody"]} if "requestBody" in operation else {}
        for status, answer in (answers | bodies).items():
            found += [(f"{name} {status} {kind}", media) for kind, media in answer.get("content", {}).items()]
    return found


def test_every_operation_is_described(document):
    known = {tag["name"] for tag in document["tags"]}
    for name, operation in operations(document).items():
        assert name in OPERATIONS
        assert operation["summary"]
        assert len(operation["description"]) > 10, name
        assert set(operation["tags"]) <= known
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (name, parameter)
            assert parameter["example"] is not None, (name, parameter)
            assert "null" not in json.dumps(parameter["schema"])
            assert parameter["name"] not in HIDDEN_PARAMETERS
    assert document["info"]["version"]
    assert all(tag["description"] for tag in document["tags"])
    assert document["servers"] == [{"url": ".", "description": "este servidor"}]


def test_no_text_is_told_of_an_operation_that_is_not_there():
    assert set(operations(create_app(SETTINGS).openapi())) == set(OPERATIONS)


def test_every_answer_has_an_example_that_its_schema_allows(document):
    for name, media in media_of(document):
        if name == "metricas 200 text/plain":
            continue
        assert "example" in media, name
        assert not list(validator(document, media["schema"]).iter_errors(media["example"])), name
    for operation in operations(document).values():
        for parameter in operation.get("parameters", []):
            assert not list(validator(document, parameter["schema"]).iter_errors(parameter["example"]))
    for header in document["components"]["headers"].values():
        assert not list(validator(document, header["schema"]).iter_errors(header["example"]))


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_one_of_its_model(name):
    model = getattr(body_models if hasattr(body_models, name) else payload_models, name)
    model.model_validate_json(json.dumps(EXAMPLES[name]))
    assert list(EXAMPLES[name]) == list(model.model_fields)


def test_every_reference_leads_somewhere_and_every_part_is_used(document):
    text = json.dumps(document)
    used = set(re.findall(r'"\$ref": "#/components/(\w+)/([\w-]+)"', text))
    there = {(kind, name) for kind, parts in document["components"].items() for name in parts}
    assert used <= there
    assert {name for kind, name in there - used if kind == "schemas"} <= {"Vida", "Prontidao"}
    assert "HTTPValidationError" not in text


def test_who_may_ask_is_told_by_scope(document):
    schemes = document["components"].get("securitySchemes", {})
    for name, operation in operations(document).items():
        if "security" not in operation:
            assert name in {"descrever_modelo", "saude_vivo", "saude_pronto", "metricas"}
            assert "401" not in operation["responses"]
            continue
        (scope,) = operation["security"][0]["oauth2"]
        assert scope in schemes["oauth2"]["flows"]["clientCredentials"]["scopes"]
        assert operation["security"][1] == {"token": []}
        assert {"400", "401", "403", "422", "429", "503"} <= set(operation["responses"])
    assert schemes["token"] | {"description": ""} == {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "",
    }
    assert set(schemes["oauth2"]["flows"]["clientCredentials"]["scopes"]) <= set(SCOPES)


def test_answers_tell_their_header_fields(document):
    for name, operation in operations(document).items():
        answers = {status: resolve(document, answer) for status, answer in operation["responses"].items()}
        assert all("X-Request-ID" in answer["headers"] for answer in answers.values()), name
        assert all("Retry-After" in answers[status]["headers"] for status in {"429"} & set(answers))
        if name == "ler_score":
            assert all("ETag" in answers[status]["headers"] for status in ("200", "304"))
        assert {status for status in answers if status >= "400"} <= set(map(str, ERRORS))
    assert set(HEADERS) == set(document["components"]["headers"])


def test_it_is_a_valid_openapi_document(document):
    loaded = schemathesis.openapi.from_dict(document)
    loaded.validate()
    assert loaded.specification.version.startswith("3.1")
    assert len(list(loaded.get_all_operations())) == len(operations(document))


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with running(create_app(SETTINGS)) as url, httpx.Client(base_url=url) as client:
        yield client


def test_the_application_serves_it_to_anybody_without_a_store(client):
    answer = client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == create_app(SETTINGS).openapi()


def test_errors_of_the_application_are_as_the_document_says(client):
    document = client.get("/openapi.json").json()
    problem = validator(document, {"$ref": "#/components/schemas/Problema"})
    wanted = {"saude_vivo": 200, "saude_pronto": 503, "metricas": 200, "descrever_modelo": 503}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            url = path.replace("{cliente_id}", "x").replace("{cpf}", "52998224725")
            answer = client.request(method, url)
            assert answer.status_code == wanted.get(operation["operationId"], 401)
            told = resolve(document, operation["responses"][str(answer.status_code)])
            kind = answer.headers["content-type"].partition(";")[0]
            if kind != "text/plain":
                validator(document, told["content"][kind]["schema"]).validate(answer.json())
            if kind == "application/problem+json":
                problem.validate(answer.json())
                assert set(map(str.lower, told["headers"])) <= set(answer.headers)
