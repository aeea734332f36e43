"""The Postman collection: made of every operation, without a secret, of the form that Postman reads, and it answers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.settings import Settings
from flows.api_changes import operations
from flows.postman_collection import SCHEMA, collection, collection_text, environment
from flows.reference_pages import api_document
from serve.app import create_app
from serve.published.person_hash import PersonHash
from tests.api_server import running, token
from tests.faults import truth

Json = dict[str, Any]
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PATIENCE = 4
PLACE = re.compile(r"\{\{(\w+)\}\}")
DECLARED = re.compile(r"oneOf\(\[([\d, ]+)\]\)")


def read(name: str) -> Json:
    found: Json = json.loads((REFERENCE / f"escore.postman_{name}.json").read_text("utf-8"))
    return found


def requests() -> Iterator[tuple[str, Json]]:
    for folder in read("collection")["item"]:
        for item in folder["item"]:
            yield item["name"], item


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    settings = make_installation("colecao")
    truth.fill(settings, truth.make_persons(PersonHash(settings.secret("cache_key").encode())))
    truth.publish(settings, 1)
    return settings


def filled(text: str, values: dict[str, str]) -> str:
    """Return a text with each {{variable}} in its place, as Postman fills it."""
    return PLACE.sub(lambda place: values[place[1]], text)


def send(client: httpx.Client, item: Json, values: dict[str, str]) -> httpx.Response:
    """Send a request of the collection as Postman does: what is disabled stays away, the token goes as Bearer."""
    request = item["request"]
    headers = {one["key"]: filled(one["value"], values) for one in request["header"] if not one.get("disabled")}
    if request.get("auth", {}).get("type") != "noauth":
        [bearer] = read("collection")["auth"]["bearer"]
        headers["Authorization"] = f"Bearer {filled(bearer['value'], values)}"
    url = request["url"]
    address = filled("/".join([*url["host"], *url["path"]]), values)
    assert address == filled(url["raw"], values)
    query = {one["key"]: filled(one["value"], values) for one in url.get("query", ()) if not one.get("disabled")}
    body = filled(request["body"]["raw"], values).encode() if "body" in request else None
    for _ in range(PATIENCE):  # a machine under load may be late: the API says so and asks to be asked again
        answer = client.request(request["method"], address, headers=headers, params=query or None, content=body)
        if answer.status_code != 503:
            break
        time.sleep(int(answer.headers.get("Retry-After", 1)))
    return answer


def declared(item: Json) -> set[int]:
    """Return the statuses that the request's own test allows."""
    [test] = [event["script"]["exec"] for event in item["event"] if event["listen"] == "test"]
    [listed] = DECLARED.findall("\n".join(test))
    return {int(status) for status in listed.split(",")}


def test_every_request_is_answered_as_it_declares(settings):
    person = truth.make_persons(PersonHash(settings.secret("cache_key").encode()))[3]
    with running(create_app(settings)) as url, httpx.Client(timeout=20) as client:
        values = {one["key"]: one["value"] for one in read("environment")["values"]}
        values |= {"base_url": url, "token": token(settings), "cliente_id": person.id, "cpf": person.cpf}
        answers = {name: send(client, item, values) for name, item in requests()}
        without = {name: send(client, item, {**values, "token": "x"}).status_code for name, item in requests()}
    wrong = {name: answers[name].text for name, item in requests() if answers[name].status_code not in declared(item)}
    assert not wrong
    open_to_all = {name for name, item in requests() if item["request"].get("auth", {}).get("type") == "noauth"}
    assert {name for name, status in without.items() if status != 401} == open_to_all
    shown = {name: item["response"][0] for name, item in requests()}
    for name, answer in answers.items():
        kind = answer.headers.get("content-type", "").partition(";")[0]
        told = {header["value"] for header in shown[name]["header"] if header["key"] == "Content-Type"}
        assert told == ({kind} if kind else set()), name


def test_every_operation_is_there_once():
    listed = [
        f"{item['request']['method']} /{'/'.join(item['request']['url']['path'])}".replace("{{", "{").replace("}}", "}")
        for _, item in requests()
    ]
    assert sorted(listed) == sorted(operations(api_document()))


def test_the_files_hold_no_secret_and_are_the_same_each_time():
    document = api_document()
    assert collection_text(document) == collection_text(json.loads(json.dumps(document)))
    for text in (json.dumps(read("collection")), json.dumps(read("environment"))):
        assert not re.search(r"eyJ[\w-]{10}", text), "a token"
        assert "secret" not in text.replace('"type": "secret"', "")
    [token_place] = [one for one in read("environment")["values"] if one["key"] == "token"]
    assert (token_place["value"], token_place["type"]) == ("", "secret")


def test_each_variable_has_a_value_or_a_place_for_one():
    used = set(PLACE.findall(json.dumps(read("collection"))))
    assert used == {"base_url", "token", "cliente_id", "cpf"}
    assert {one["key"] for one in read("environment")["values"]} == used
    assert {one["key"] for one in read("collection")["variable"]} == used - {"token"}


def test_it_is_of_the_form_that_postman_reads():
    """The parts of format 2.1 that are used; the official schema is not at hand here, and was not tried."""
    found = read("collection")
    assert found["info"]["schema"] == SCHEMA
    assert set(found) == {"info", "auth", "item", "variable"}
    for folder in found["item"]:
        assert set(folder) == {"name", "description", "item"}
    for _, item in requests():
        assert set(item) == {"name", "event", "request", "response"}
        request = item["request"]
        assert {"method", "header", "url", "description"} <= set(request) <= {*_REQUEST, "auth", "body"}
        assert set(request["url"]) <= {"raw", "host", "path", "query"}
        for example in item["response"]:
            assert isinstance(example["code"], int)
            assert example["originalRequest"] == request
    assert environment({**api_document()})["_postman_variable_scope"] == "environment"


_REQUEST = ("method", "header", "url", "description")


def test_a_new_operation_comes_in_by_itself():
    document = json.loads(json.dumps(api_document()))
    document["paths"]["/novo"] = {"get": {**document["paths"]["/modelo"]["get"], "summary": "Nova"}}
    names = [item["name"] for folder in collection(document)["item"] for item in folder["item"]]
    assert "Nova" in names
