"""The declared SQL as a tree: DuckDB's own parser reads each text once, and these few nodes keep what it means.

Operators are calls by their sign (``+``, ``<=``, ``and``, ``is null``, ``in``), so that whoever walks a tree meets five
kinds of node. What stands in no declaration (subqueries, windows, ...) is refused as a ``UsageError``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from contracts.errors import UsageError

_SIGNS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
    "CONJUNCTION_AND": "and",
    "CONJUNCTION_OR": "or",
    "COMPARE_IN": "in",
    "OPERATOR_COALESCE": "coalesce",
    "OPERATOR_IS_NULL": "is null",
    "OPERATOR_NOT": "not",
}
_LITERALS = {"INTEGER": int, "STRING": str, "BOOLEAN": lambda text: text == "true"}
_FOLDS = frozenset({"count", "count_star", "max", "min", "sum"})


@dataclass(frozen=True, slots=True)
class Name:
    """A column, or ``family.measure``."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a text or a truth value."""

    value: bool | int | str


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator over its arguments."""

    function: str
    arguments: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """The value of the first condition that holds, or ``otherwise``; None is SQL's null."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node | None


@dataclass(frozen=True, slots=True)
class Fold:
    """One value out of many rows: those of ``condition`` (None: all); ``count`` of no value counts rows.

    ``zero`` tells that no row at all gives zero, not null.
    """

    function: str
    value: Node | None
    condition: Node | None
    distinct: bool = False
    zero: bool = False


Node = Name | Constant | Call | Case | Fold


def parse(texts: Sequence[str]) -> tuple[Node, ...]:
    """Return the trees of some expressions; UsageError if one is none, or not of the words that declarations use.

    >>> parse(["dias < 90"])
    (Call(function='<', arguments=(Name(name='dias'), Constant(value=90))),)
    """
    with duckdb.connect(":memory:") as connection:
        [(found,)] = connection.execute("SELECT json_serialize_sql(?)", [f"SELECT {', '.join(texts)}"]).fetchall()
    document = json.loads(found)
    if document["error"]:
        raise UsageError(f"not SQL: {document['error_message']}")
    nodes = tuple(_node(expression) for expression in document["statements"][0]["node"]["select_list"])
    assert len(nodes) == len(texts)
    return nodes


def _node(found: Mapping[str, Any]) -> Node:
    match found["class"]:
        case "COLUMN_REF":
            return Name(".".join(found["column_names"]).lower())
        case "CONSTANT" if found["literal"]["kind"] in _LITERALS:
            return Constant(_LITERALS[found["literal"]["kind"]](found["literal"]["text"]))
        case "COMPARISON":
            return Call(_SIGNS[found["type"]], (_node(found["left"]), _node(found["right"])))
        case "CONJUNCTION" | "OPERATOR" if found["type"] in _SIGNS:
            return Call(_SIGNS[found["type"]], tuple(_node(child) for child in found["children"]))
        case "BETWEEN":
            value, lower, upper = (_node(found[part]) for part in ("input", "lower", "upper"))
            return Call("and", (Call(">=", (value, lower)), Call("<=", (value, upper))))
        case "CAST":
            return Call(f"cast as {found['type_expr']['type_name'].lower()}", (_node(found["child"]),))
        case "CASE":
            branches = tuple((_node(c["when_expr"]), _node(c["then_expr"])) for c in found["case_checks"])
            return Case(branches, None if _is_null(found["else_expr"]) else _node(found["else_expr"]))
        case "FUNCTION":
            return _call(found)
    raise UsageError(f"declarations know no {found['type']}")


def _is_null(found: Mapping[str, Any]) -> bool:
    return bool(found["class"] == "CONSTANT" and found["literal"]["kind"] == "NULL_LITERAL")


def _call(found: Mapping[str, Any]) -> Node:
    name, arguments = found["function_name"], tuple(_node(one["expression"]) for one in found["arguments"])
    if name not in _FOLDS:
        return Call(name, arguments)
    value = arguments[0] if arguments else None
    condition = _node(found["filter"]) if found["filter"] else None
    if name == "sum" and condition is None and isinstance(value, Case) and value.otherwise == Constant(0):
        # Summing the few rows that meet the condition is much faster than summing zeros for all others.
        (condition, value), *more = value.branches
        if not more:
            return Fold("sum", value, condition, zero=True)
    return Fold(name.removesuffix("_star"), arguments[0] if arguments else None, condition, distinct=found["distinct"])
