"""The declared SQL as a tree: DuckDB's own parser reads each text once, and these few nodes keep what it means.

Operators are calls by their sign (``+``, ``<=``, ``and``, ``is null``, ``in``), so that whoever walks a tree meets five
kinds of node. What stands in no declaration (subqueries, windows, ...) is refused as a ``UsageError``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
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
_LITERALS: Mapping[str, Callable[[str], bool | int | str]] = {
    "INTEGER": int,
    "STRING": str,
    "BOOLEAN": lambda text: text == "true",
}
_FOLDS = frozenset({"count", "count_star", "max", "min", "sum"})


@dataclass(frozen=True, slots=True)
class Name:
    """A column, or ``family.measure``."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a text or a truth value; ``kind`` is the parser's name of it, which tells false from zero."""

    value: bool | int | str
    kind: str


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
    """Return the trees of some expressions, equal parts of which are one object.

    UsageError if one is no expression, or not of the words that declarations use.

    >>> parse(["dias < 90"])
    (Call(function='<', arguments=(Name(name='dias'), Constant(value=90, kind='INTEGER'))),)
    """
    with duckdb.connect(":memory:") as connection:
        [(found,)] = connection.execute("SELECT json_serialize_sql(?)", [f"SELECT {', '.join(texts)}"]).fetchall()
    document = json.loads(found)
    if document["error"]:
        raise UsageError(f"not SQL: {document['error_message']}")
    reader = _Reader()
    nodes = tuple(reader.read(expression) for expression in document["statements"][0]["node"]["select_list"])
    assert len(nodes) == len(texts)
    return nodes


class _Reader:
    """Turns the parser's document into nodes."""

    def __init__(self) -> None:
        self._read: dict[Node, Node] = {}

    def read(self, found: Mapping[str, Any]) -> Node:
        """Return the node of a part of the document; of equal ones the first."""
        node = self._node(found)
        return self._read.setdefault(node, node)

    def _node(self, found: Mapping[str, Any]) -> Node:
        match found["class"]:
            case "COLUMN_REF":
                return Name(".".join(found["column_names"]).lower())
            case "CONSTANT" if found["literal"]["kind"] in _LITERALS:
                literal = found["literal"]
                return Constant(_LITERALS[literal["kind"]](literal["text"]), literal["kind"])
            case "CASE":
                return self._case(found)
            case "FUNCTION":
                return self._call(found)
        return self._operation(found)

    def _operation(self, found: Mapping[str, Any]) -> Call:
        match found["class"]:
            case "COMPARISON":
                return Call(_SIGNS[found["type"]], self._read_all([found["left"], found["right"]]))
            case "CONJUNCTION" | "OPERATOR" if found["type"] in _SIGNS:
                return Call(_SIGNS[found["type"]], self._read_all(found["children"]))
            case "BETWEEN":
                value, lower, upper = self._read_all([found["input"], found["lower"], found["upper"]])
                return Call("and", (Call(">=", (value, lower)), Call("<=", (value, upper))))
            case "CAST":
                return Call(f"cast as {found['type_expr']['type_name'].lower()}", self._read_all([found["child"]]))
        raise UsageError(f"declarations know no {found['type']}")

    def _read_all(self, found: Sequence[Mapping[str, Any]]) -> tuple[Node, ...]:
        return tuple(self.read(one) for one in found)

    def _case(self, found: Mapping[str, Any]) -> Case:
        branches = tuple((self.read(one["when_expr"]), self.read(one["then_expr"])) for one in found["case_checks"])
        otherwise = found["else_expr"]
        is_null = otherwise["class"] == "CONSTANT" and otherwise["literal"]["kind"] == "NULL_LITERAL"
        return Case(branches, None if is_null else self.read(otherwise))

    def _call(self, found: Mapping[str, Any]) -> Node:
        name, arguments = found["function_name"], self._read_all([one["expression"] for one in found["arguments"]])
        if name not in _FOLDS:
            return Call(name, arguments)
        value = arguments[0] if arguments else None
        condition = self.read(found["filter"]) if found["filter"] else None
        match value:
            case Case(((only, summed),), Constant(0, "INTEGER")) if name == "sum" and condition is None:
                # Summing the few rows that meet a condition is much faster than summing zeros for all others.
                return Fold("sum", summed, only, zero=True)
        return Fold(name.removesuffix("_star"), value, condition, distinct=found["distinct"])
