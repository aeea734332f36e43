"""Reading a points table's file: bytes that anybody may have written in, a checked ``PointsTable`` out, or an error.

The file is JSON and nothing in it is ever run. Every key is expected and every value's type is checked here;
bounds, order and directions are checked by ``PointsTable``, ``Term`` and ``Axis`` themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeVar

from contracts.errors import DataIntegrityError
from contracts.feature_terms import InputType, RiskDirection
from models.points.scaling import ScoreScale
from models.points.table import FORMAT, MAX_AXES, MAX_BINS, MAX_CELLS, MAX_TERMS, Axis, PointsTable, Term

MAX_FILE_BYTES = 32 * 1024 * 1024
"""A thousand terms of hundreds of bins fit; more is not a points table."""

_TABLE_KEYS = frozenset({"formato", "nome", "horizonte_meses", "escala", "pontos_base", "termos"})
_SCALE_KEYS = frozenset({"pontos_base", "chances_base", "pontos_para_dobrar"})
_TERM_KEYS = frozenset({"codigo", "eixos", "pontos", "texto_aumenta", "texto_reduz"})
_NUMBER_KEYS = frozenset({"variavel", "tipo", "sentido", "limites"})
_CATEGORY_KEYS = frozenset({"variavel", "tipo", "sentido", "grupos"})

_T = TypeVar("_T", int, str)


def parse_points_table(data: bytes) -> PointsTable:
    """Return the points table of a model file; DataIntegrityError says what is wrong with a file that holds none."""
    if len(data) > MAX_FILE_BYTES:
        raise DataIntegrityError(f"points table: {len(data)} bytes, more than {MAX_FILE_BYTES}")
    try:
        body = json.loads(data.decode(), object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DataIntegrityError(f"points table: not a JSON document ({type(error).__name__})") from error
    return points_table_from_json(body)


def points_table_from_json(body: object) -> PointsTable:
    """Return the table that ``PointsTable.to_json`` wrote; DataIntegrityError if it is anything else."""
    fields = _object(body, _TABLE_KEYS, "document")
    if _plain(fields, "formato", int) != FORMAT:
        raise DataIntegrityError(f"points table: format is not {FORMAT}")
    scale = _object(fields["escala"], _SCALE_KEYS, "escala")
    terms = _sequence(fields["termos"], "termos", MAX_TERMS)
    return PointsTable(
        name=_plain(fields, "nome", str),
        horizon_months=_plain(fields, "horizonte_meses", int),
        scale=ScoreScale(
            _plain(scale, "pontos_base", int), _number(scale["chances_base"]), _number(scale["pontos_para_dobrar"])
        ),
        base_points=_plain(fields, "pontos_base", int),
        terms=tuple(_term(item, f"termos[{index}]") for index, item in enumerate(terms)),
    )


def _term(item: object, where: str) -> Term:
    fields = _object(item, _TERM_KEYS, where)
    axes = _sequence(fields["eixos"], f"{where}.eixos", MAX_AXES)
    return Term(
        code=_plain(fields, "codigo", str),
        axes=tuple(_axis(axis, f"{where}.eixos[{index}]") for index, axis in enumerate(axes)),
        points=_items(fields["pontos"], int, f"{where}.pontos"),
        text_raises=_plain(fields, "texto_aumenta", str),
        text_lowers=_plain(fields, "texto_reduz", str),
    )


def _axis(item: object, where: str) -> Axis:
    kind = item.get("tipo") if isinstance(item, Mapping) else None
    is_category = kind == InputType.CATEGORY.value
    fields = _object(item, _CATEGORY_KEYS if is_category else _NUMBER_KEYS, where)
    try:
        input_type, direction = InputType(_plain(fields, "tipo", str)), RiskDirection(_plain(fields, "sentido", str))
    except ValueError as error:
        raise DataIntegrityError(f"points table: {where}: unknown tipo or sentido") from error
    groups = _sequence(fields["grupos"], f"{where}.grupos", MAX_BINS) if is_category else ()
    edges = () if is_category else _sequence(fields["limites"], f"{where}.limites", MAX_BINS)
    return Axis(
        feature=_plain(fields, "variavel", str),
        kind=input_type,
        direction=direction,
        edges=tuple(_number(edge) for edge in edges),
        groups=tuple(_items(group, str, f"{where}.grupos") for group in groups),
    )


def _object(value: object, keys: frozenset[str], where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise DataIntegrityError(f"points table: {where} is not an object")
    missing, unknown = sorted(keys - value.keys()), len(value.keys() - keys)
    if missing or unknown:
        raise DataIntegrityError(f"points table: {where}: missing keys {missing}, {unknown} unknown ones")
    return value


def _sequence(value: object, where: str, limit: int) -> Sequence[object]:
    if not isinstance(value, list) or len(value) > limit:
        raise DataIntegrityError(f"points table: {where} is not a list of at most {limit} items")
    return value


def _items(value: object, kind: type[_T], where: str) -> tuple[_T, ...]:
    listed = _sequence(value, where, MAX_CELLS)
    items = tuple(item for item in listed if type(item) is kind)
    if len(items) != len(listed):
        raise DataIntegrityError(f"points table: {where} holds something that is not of type {kind.__name__}")
    return items


def _plain(fields: Mapping[str, object], key: str, kind: type[_T]) -> _T:
    value = fields[key]
    if type(value) is not kind:
        raise DataIntegrityError(f"points table: {key} is not of type {kind.__name__}")
    return value


def _number(value: object) -> float:
    if type(value) is int and abs(value) <= 2**53:
        return float(value)
    if type(value) is not float:
        raise DataIntegrityError("points table: a number was expected")
    return value


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key is repeated")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
