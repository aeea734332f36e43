"""No caller is broken unawares: what breaks since the last release stands in the API's changelog, word for word."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.api_changes import additions, breaking_changes, operations, resolve

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
Json = dict[str, Any]
SCORE = "GET /clientes/{cliente_id}/score"
BATCH = "POST /scores/consultar"
LIST = "GET /clientes"


def document(name: str) -> Json:
    found: Json = json.loads((REFERENCE / name).read_text("utf-8"))
    return found


def unreleased(kind: str) -> set[str]:
    """Return what the changelog names, in backticks at the beginning of an item, under a heading of what is to come."""
    text = (REFERENCE / "api-changelog.md").read_text("utf-8")
    coming = text.partition("\n## Unreleased\n")[2].partition("\n## ")[0]
    section = f"{coming}\n### ".partition(f"### {kind}\n")[2].partition("\n### ")[0]
    return set(re.findall(r"^- `([A-Z]+ /[^`]+)`", section, re.MULTILINE))


def test_the_changelog_names_every_breaking_change_and_no_other():
    """What fails here is a fault, or belongs into docs/reference/api-changelog.md, with what a caller is to do."""
    assert set(breaking_changes(document("openapi-baseline.json"), document("openapi.json"))) == unreleased("Breaking")


def test_the_changelog_names_every_new_operation():
    assert set(additions(document("openapi-baseline.json"), document("openapi.json"))) == unreleased("Added")


def test_the_baseline_is_the_last_release():
    text = (REFERENCE / "api-changelog.md").read_text("utf-8")
    released = re.findall(r"^## (\d+\.\d+\.\d+), \d{4}-\d{2}-\d{2}$", text, re.MULTILINE)
    assert document("openapi-baseline.json")["info"]["version"] == released[0]


def schema(found: Json, name: str) -> Json:
    part: Json = found["components"]["schemas"][name]
    return part


def parameter(found: Json, operation: str, name: str) -> Json:
    [part] = [item for item in operations(found)[operation]["parameters"] if item["name"] == name]
    assert isinstance(part, dict)
    return part


def answer(found: Json, operation: str, status: str) -> Json:
    return resolve(found, operations(found)[operation]["responses"][status])


BREAKING: dict[str, tuple[Callable[[Json], object], str]] = {
    "an operation goes": (lambda new: new["paths"].pop("/modelo"), "GET /modelo: is gone"),
    "a method goes": (
        lambda new: new["paths"]["/clientes/{cliente_id}/revisoes"].pop("get"),
        "GET /clientes/{cliente_id}/revisoes: is gone",
    ),
    "a path is renamed": (
        lambda new: new["paths"].update({"/score/consultar": new["paths"].pop("/scores/consultar")}),
        f"{BATCH}: is gone",
    ),
    "an operation is called otherwise": (
        lambda new: operations(new)[SCORE].update(operationId="obter_score"),
        f"{SCORE}: operationId is obter_score, was ler_score",
    ),
    "another scope": (
        lambda new: operations(new)[SCORE].update(security=[{"oauth2": ["historico:ler", "score:ler"]}]),
        f"{SCORE}: access: oauth2 score:ler is no longer enough",
    ),
    "a token where none was needed": (
        lambda new: operations(new)["GET /modelo"].update(security=[{"token": []}]),
        "GET /modelo: access: nothing is no longer enough",
    ),
    "a parameter goes": (
        lambda new: operations(new)[LIST]["parameters"].remove(parameter(new, LIST, "cidade")),
        f"{LIST}: query parameter cidade is gone",
    ),
    "a parameter becomes required": (
        lambda new: parameter(new, LIST, "uf").update(required=True),
        f"{LIST}: query parameter uf is required",
    ),
    "a new parameter is required": (
        lambda new: operations(new)[LIST]["parameters"].append(
            {"name": "motivo", "in": "query", "required": True, "schema": {"type": "string"}}
        ),
        f"{LIST}: query parameter motivo is required",
    ),
    "a parameter takes less": (
        lambda new: parameter(new, LIST, "page_size")["schema"].update(maximum=50),
        f"{LIST}: query parameter page_size: maximum 100 where 50 was agreed",
    ),
    "a parameter is of another type": (
        lambda new: parameter(new, LIST, "page_size").update(schema={"type": "string"}),
        f"{LIST}: query parameter page_size: integer where string was agreed",
    ),
    "a body takes fewer": (
        lambda new: schema(new, "ConsultaDeScores")["properties"]["cpfs"].update(maxItems=100),
        f"{BATCH}: body: cpfs: maxItems 1000 where 100 was agreed",
    ),
    "a body's field is renamed": (
        lambda new: schema(new, "PedidoDeRevisao")["properties"].update(
            razao=schema(new, "PedidoDeRevisao")["properties"].pop("motivo")
        ),
        "POST /clientes/{cliente_id}/revisoes: body: motivo is gone",
    ),
    "a body needs one more field": (
        lambda new: schema(new, "ConsultaDeScores").update(required=["cpfs", "produto"]),
        f"{BATCH}: body: produto is required",
    ),
    "a body's list loses a value": (
        lambda new: schema(new, "PedidoDeRevisao")["properties"]["motivo"]["enum"].remove("divida_paga"),
        'POST /clientes/{cliente_id}/revisoes: body: motivo: "divida_paga" is none of the values agreed',
    ),
    "a success status goes": (
        lambda new: operations(new)[SCORE]["responses"].pop("304"),
        f"{SCORE}: answer 304 is gone",
    ),
    "another success status": (
        lambda new: operations(new)[BATCH]["responses"].update({"202": {"description": "depois"}}),
        f"{BATCH}: answer 202 is new",
    ),
    "an answer's field goes": (
        lambda new: schema(new, "Score")["properties"].pop("faixa"),
        f"{SCORE}: answer 200: faixa is gone",
    ),
    "an answer's field may be lacking": (
        lambda new: schema(new, "Score")["required"].remove("valido_ate"),
        f"{SCORE}: answer 200: valido_ate may be lacking",
    ),
    "an answer's field may be null": (
        lambda new: schema(new, "Score")["properties"]["horizonte_meses"].update(
            anyOf=[{"type": "integer"}, {"type": "null"}]
        ),
        f"{SCORE}: answer 200: horizonte_meses: null where integer was agreed",
    ),
    "an answer's field is of another type": (
        lambda new: schema(new, "Motivo")["properties"].update(pontos={"type": "string"}),
        f"{SCORE}: answer 200: motivos[]: pontos: string where integer was agreed",
    ),
    "an answer's scale grows": (
        lambda new: [part.update(maximum=1200) for part in schema(new, "Score")["properties"]["score"]["anyOf"][:1]],
        f"{SCORE}: answer 200: score: maximum 1200 where 1000.0 was agreed",
    ),
    "an answer's list grows": (
        lambda new: schema(new, "Score")["properties"]["status"]["enum"].append("CONGELADO"),
        f'{SCORE}: answer 200: status: "CONGELADO" is none of the values agreed',
    ),
    "an answer's header goes": (
        lambda new: answer(new, SCORE, "200")["headers"].pop("ETag"),
        f"{SCORE}: answer 200: header ETag is gone",
    ),
    "an answer is of another media type": (
        lambda new: answer(new, SCORE, "200").update(content={"application/xml": {}}),
        f"{SCORE}: answer 200: application/json is gone",
    ),
    "a problem type goes": (
        lambda new: answer(new, SCORE, "404")["x-tipos"].remove("/problemas/sem-score"),
        f"{SCORE}: answer 404: problem type /problemas/sem-score is gone",
    ),
}

HARMLESS: dict[str, Callable[[Json], object]] = {
    "nothing": lambda new: None,
    "a new operation": lambda new: new["paths"].update({"/novo": copy.deepcopy(new["paths"]["/modelo"])}),
    "a new optional parameter": lambda new: operations(new)[LIST]["parameters"].append(
        {"name": "bairro", "in": "query", "schema": {"type": "string"}}
    ),
    "a parameter takes more": lambda new: parameter(new, LIST, "page_size")["schema"].update(maximum=500),
    "a parameter loses its limit": lambda new: parameter(new, LIST, "page_size")["schema"].pop("maximum"),
    "a body takes a new field": lambda new: schema(new, "ConsultaDeScores")["properties"].update(
        produto={"type": "string"}
    ),
    "an answer's new field": lambda new: (
        schema(new, "Score")["properties"].update(nota={"type": "string"}),
        schema(new, "Score")["required"].append("nota"),
    ),
    "an answer's scale shrinks": lambda new: [
        part.update(maximum=900) for part in schema(new, "Score")["properties"]["score"]["anyOf"][:1]
    ],
    "a new error status": lambda new: operations(new)[SCORE]["responses"].update({"410": {"description": "ido"}}),
    "a new problem type": lambda new: answer(new, SCORE, "404")["x-tipos"].append("/problemas/novo"),
    "other words": lambda new: operations(new)[SCORE].update(summary="Obter", description="Outro texto."),
    "fewer scopes": lambda new: operations(new)["GET /metrics"].update(security=[]),
    "another example": lambda new: answer(new, SCORE, "200")["content"]["application/json"].update(example={}),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_breaking_change_is_seen(name):
    change, told = BREAKING[name]
    old = document("openapi.json")
    new = copy.deepcopy(old)
    change(new)
    assert told in breaking_changes(old, new)


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_change_is_none(name):
    old = document("openapi.json")
    new = copy.deepcopy(old)
    HARMLESS[name](new)
    assert breaking_changes(old, new) == []


def test_a_new_operation_is_told():
    old = document("openapi.json")
    new = copy.deepcopy(old)
    new["paths"]["/novo"] = copy.deepcopy(new["paths"]["/modelo"])
    assert additions(old, new) == ["GET /novo"]


def test_the_changelog_is_read_by_its_sections(tmp_path, monkeypatch):
    text = (
        "# x\n\n## Unreleased\n\n### Breaking\n\n- `GET /a: is gone`: ask b.\n\n### Added\n\n- `GET /b`\n\n"
        "## 0.1.0, 2026-11-22\n\n### Breaking\n\n- `GET /c: is gone`\n"
    )
    (tmp_path / "api-changelog.md").write_text(text)
    monkeypatch.setattr(f"{__name__}.REFERENCE", tmp_path)
    assert (unreleased("Breaking"), unreleased("Added")) == ({"GET /a: is gone"}, {"GET /b"})
