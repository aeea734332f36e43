"""Reading a scorecard's file: bytes that anybody may have written in, a checked ``Scorecard`` out, or an error.

The file is JSON and nothing in it is ever run. Every key is expected and every value's type is checked here;
bounds, order and directions are checked by ``Scorecard`` and ``Term`` themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeVar

from contracts.errors import DataIntegrityError
from models.inputs import InputType, RiskDirection
from models.scaling import ScoreScale
from models.scorecard import FORMAT, MAX_BINS, MAX_TERMS, Scorecard, Term

MAX_FILE_BYTES = 32 * 1024 * 1024
"""A thousand terms of hundreds of bins fit; more is not a scorecard."""

_TERM_KEYS = frozenset(
    {"variavel", "codigo", "tipo", "sentido", "pontos", "pontos_ausente", "texto_aumenta", "texto_reduz"}
)
_NUMBER_KEYS = _TERM_KEYS | {"limites"}
_CATEGORY_KEYS = _TERM_KEYS | {"grupos", "pontos_outros"}
_SCORECARD_KEYS = frozenset({"formato", "nome", "horizonte_meses", "escala", "pontos_base", "termos"})
_SCALE_KEYS = frozenset({"pontos_base", "chances_base", "pontos_para_dobrar"})

_T = TypeVar("_T", int, str)


def parse_scorecard(data: bytes) -> Scorecard:
    """Return the scorecard of a model file; DataIntegrityError says what is wrong with a file that holds none."""
    if len(data) > MAX_FILE_BYTES:
        raise DataIntegrityError(f"scorecard: {len(data)} bytes, more than {MAX_FILE_BYTES}")
    try:
        body = json.loads(data.decode(), object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DataIntegrityError(f"scorecard: not a JSON document ({type(error).__name__})") from error
    return scorecard_from_json(body)


def scorecard_from_json(body: object) -> Scorecard:
    """Return the scorecard that ``Scorecard.to_json`` wrote; DataIntegrityError if it is anything else."""
    fields = _object(body, _SCORECARD_KEYS, "scorecard")
    if _plain(fields, "formato", int) != FORMAT:
        raise DataIntegrityError(f"scorecard: format is not {FORMAT}")
    scale = _object(fields["escala"], _SCALE_KEYS, "escala")
    terms = _sequence(fields["termos"], "termos", MAX_TERMS)
    return Scorecard(
        name=_plain(fields, "nome", str),
        horizon_months=_plain(fields, "horizonte_meses", int),
        scale=ScoreScale(
            _plain(scale, "pontos_base", int), _number(scale["chances_base"]), _number(scale["pontos_para_dobrar"])
        ),
        base_points=_plain(fields, "pontos_base", int),
        terms=tuple(_term(item, f"termos[{index}]") for index, item in enumerate(terms)),
    )


def _term(item: object, where: str) -> Term:
    kind = item.get("tipo") if isinstance(item, Mapping) else None
    is_category = kind == InputType.CATEGORY.value
    fields = _object(item, _CATEGORY_KEYS if is_category else _NUMBER_KEYS, where)
    groups = _sequence(fields["grupos"], f"{where}.grupos", MAX_BINS) if is_category else ()
    edges = () if is_category else _sequence(fields["limites"], f"{where}.limites", MAX_BINS)
    try:
        input_type, direction = InputType(_plain(fields, "tipo", str)), RiskDirection(_plain(fields, "sentido", str))
    except ValueError as error:
        raise DataIntegrityError(f"scorecard: {where}: unknown tipo or sentido") from error
    return Term(
        feature=_plain(fields, "variavel", str),
        code=_plain(fields, "codigo", str),
        kind=input_type,
        direction=direction,
        points=_items(fields["pontos"], int, f"{where}.pontos"),
        missing_points=_plain(fields, "pontos_ausente", int),
        other_points=_plain(fields, "pontos_outros", int) if is_category else 0,
        edges=tuple(_number(edge) for edge in edges),
        groups=tuple(_items(group, str, f"{where}.grupos") for group in groups),
        text_raises=_plain(fields, "texto_aumenta", str),
        text_lowers=_plain(fields, "texto_reduz", str),
    )


def _object(value: object, keys: frozenset[str], where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise DataIntegrityError(f"scorecard: {where} is not an object")
    missing, unknown = sorted(keys - value.keys()), len(value.keys() - keys)
    if missing or unknown:
        raise DataIntegrityError(f"scorecard: {where}: missing keys {missing}, {unknown} unknown ones")
    return value


def _sequence(value: object, where: str, limit: int) -> Sequence[object]:
    if not isinstance(value, list) or len(value) > limit:
        raise DataIntegrityError(f"scorecard: {where} is not a list of at most {limit} items")
    return value


def _items(value: object, kind: type[_T], where: str) -> tuple[_T, ...]:
    items = tuple(item for item in _sequence(value, where, MAX_BINS) if type(item) is kind)
    if not isinstance(value, list) or len(items) != len(value):
        raise DataIntegrityError(f"scorecard: {where} holds something that is not of type {kind.__name__}")
    return items


def _plain(fields: Mapping[str, object], key: str, kind: type[_T]) -> _T:
    value = fields[key]
    if type(value) is not kind:
        raise DataIntegrityError(f"scorecard: {key} is not of type {kind.__name__}")
    return value


def _number(value: object) -> float:
    if type(value) is int and abs(value) <= 2**53:
        return float(value)
    if type(value) is not float:
        raise DataIntegrityError("scorecard: a number was expected")
    return value


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key is repeated")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
