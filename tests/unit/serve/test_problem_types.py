"""Every problem that the code can answer is one of the declared types, and each is told of on a page of its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException

from flows.problem_catalogue import REPEATED, problems_page
from serve.api import problem_types
from serve.api.document_texts import ERRORS
from serve.api.problem_error import ProblemType
from serve.api.problem_types import PROBLEM_TYPES, types_of
from serve.api.problems import problem_of

SERVE = Path(problem_types.__file__).parents[1]
DECLARED = {name: kind for name, kind in vars(problem_types).items() if isinstance(kind, ProblemType)}
NOT_IN_THE_DOCUMENT = {405, 408, 500}
"""A wrong method, half a request and a fault of ours belong to no operation."""


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SERVE.rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def called(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call):
        return None
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", None)


def test_no_error_is_raised_that_has_no_type():
    """A plain HTTPException would be answered under a type that says nothing of it."""
    plain = [
        f"{path.relative_to(SERVE)}:{getattr(node, 'lineno', 0)}"
        for path, tree in sources()
        for node in ast.walk(tree)
        if called(node) == "HTTPException"
    ]
    assert plain == []


def test_every_type_is_answered_somewhere_and_every_answer_names_one():
    used = {
        name.id if isinstance(name, ast.Name) else name.attr
        for path, tree in sources()
        if path.name != "problem_types.py"
        for name in ast.walk(tree)
        if isinstance(name, ast.Name | ast.Attribute)
    }
    assert set(DECLARED) <= used
    assert list(PROBLEM_TYPES.values()) == list(DECLARED.values())


@pytest.mark.parametrize("kind", PROBLEM_TYPES.values(), ids=lambda kind: kind.name)
def test_a_type_says_when_it_comes_and_what_to_do(kind):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.name)
    assert kind.uri == f"/problemas/{kind.name}"
    for text in (kind.title, kind.when, kind.action, kind.detail):
        assert text
        assert text == text.strip()
        assert text.count("`") % 2 == 0
    assert [kind.when[-1], kind.action[-1]] == [".", "."]
    assert ("Retry-After" in kind.headers) == (kind.status in {429, 503})
    assert ("WWW-Authenticate" in kind.headers) == (kind.status == 401 or kind.name == "escopo-insuficiente")


def test_types_stand_in_the_order_of_their_statuses():
    statuses = [kind.status for kind in PROBLEM_TYPES.values()]
    assert statuses == sorted(statuses)


def test_the_document_tells_of_every_status_that_an_operation_can_answer():
    assert {kind.status for kind in PROBLEM_TYPES.values()} - NOT_IN_THE_DOCUMENT == set(ERRORS)
    for status, error in ERRORS.items():
        assert error.example in types_of(status)
        assert set(error.headers) == {name for kind in types_of(status) for name in kind.headers}


def test_only_what_may_go_better_later_is_repeated():
    assert {name for name in REPEATED if PROBLEM_TYPES[name].status in {429, 503}} == REPEATED
    assert "cota-diaria" not in REPEATED


def test_the_catalogue_has_a_section_and_an_example_for_each():
    page = problems_page()
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == list(PROBLEM_TYPES)
    assert re.findall(r'^ "type": "(.+)",$', page, re.MULTILINE) == [kind.uri for kind in PROBLEM_TYPES.values()]


def test_what_the_framework_refuses_has_a_type_too():
    assert [problem_of(HTTPException(status)).kind.name for status in (404, 405, 400)] == [
        "endereco-desconhecido",
        "metodo-nao-aceito",
        "requisicao-malformada",
    ]
