"""A points table as one SELECT: the same scores, probabilities, bands and reasons, computed inside a database.

``source`` is a table or view with ``cpf``, ``cliente_id``, ``sem_dados`` and the features, numbers as numbers and
categories as texts. The query gives ``cliente_id``, ``cpf``, ``score``, ``score_bruto``, ``probabilidade`` (a
float32), ``faixa``, ``status`` and ``motivos`` (a JSON array of codigo and pontos), equal to ``apply_points`` to the
last published digit: all sums and comparisons of reasons are of integers, edges are exact float64 literals, and the
probability of each raw score is looked up, not computed.

Every reason is one integer, as its absolute points, then its code's place, then its sign: the greatest four, one
after another, are the strongest four.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from contracts.errors import UsageError
from contracts.feature_terms import InputType
from contracts.score_scale import BAND_UPPER_SCORES, MAX_REASONS, SCORE_MAX, SCORE_MIN, Status
from models.points.sql_dialect import SqlDialect, dialect_of
from models.points.table import MAX_TERMS, Axis, PointsTable, Term

DEFAULT_SOURCE = "variaveis"

LISTED_VALUES = 1_000
"""Values of one IN list: Oracle takes no more."""

_PLACES = 1 << (MAX_TERMS - 1).bit_length()
_POINT_UNIT = 2 * _PLACES


def points_query(points: PointsTable, dialect: str, source: str = DEFAULT_SOURCE) -> str:
    """Return the SELECT that scores ``source`` in ``postgresql`` or ``oracle``; UsageError if it cannot be written.

    ``source`` may be qualified (``esquema.tabela``). An empty text is a category in PostgreSQL and null, hence
    missing, in Oracle. The text is to be sent as it is: it holds colons and percent signs that are no parameters.
    """
    sql = dialect_of(dialect)
    columns = len(points.features) + 2 * len(points.terms) + 2 * MAX_REASONS
    if columns > sql.max_columns:
        raise UsageError(f"{len(points.terms)} terms are more than one {dialect} query can hold")
    ids = f"{sql.name('cliente_id')} AS cliente_id, {sql.name('cpf')} AS cpf"
    tables = ".".join(sql.name(part) for part in source.split("."))
    features = [f"{_column(points, name, sql)} AS x{i}" for i, name in enumerate(points.features)]
    flag = f"CASE WHEN {sql.is_true(sql.name('sem_dados'))} THEN 0 ELSE 1 END AS pontua"
    query = _select([ids, flag, *features], f"FROM {tables}", sql)
    query = _add_points(points, query, sql)
    query = _add_reasons(len(points.terms), query, sql)
    first, probabilities = points.scale.probabilities_within(*points.raw_score_range)
    place = f"LEAST(GREATEST(score_bruto, {first}), {first + len(probabilities) - 1}) AS lugar"
    reasons = ", ".join(f"r{place}" for place in range(1, MAX_REASONS + 1))
    query = _select(["cliente_id, cpf, pontua, score_bruto", reasons, place], _from(query), sql)
    return _result(points, sql.real_at("lugar", first, probabilities), query, sql=sql)


def _add_points(points: PointsTable, query: str, sql: SqlDialect) -> str:
    """Add ``p0``, ``p1``... (each term's points) and ``score_bruto``, ``k0``, ``k1``... (its reason as a number)."""
    crossed = list(dict.fromkeys(axis for term in points.terms if term.is_pair for axis in term.axes))
    values = {name: f"x{i}" for i, name in enumerate(points.features)}
    cells = {axis: f"c{i}" for i, axis in enumerate(crossed)}
    kept = ["cliente_id, cpf, pontua"]
    alone = [(i, term) for i, term in enumerate(points.terms) if not term.is_pair]
    coded = [f"{_by_cell(axis, range(axis.cells), values, sql)} AS {name}" for axis, name in cells.items()]
    single = [f"{_by_cell(term.axes[0], term.points, values, sql)} AS p{i}" for i, term in alone]
    query = _select([*kept, *coded, *single], _from(query), sql)
    pairs = [f"{_by_two_cells(term, cells)} AS p{i}" for i, term in enumerate(points.terms) if term.is_pair]
    query = _select([*kept, *(f"p{i}" for i, _ in alone), *pairs], _from(query), sql)
    total = " + ".join([str(points.base_points), *(f"p{i}" for i in range(len(points.terms)))])
    codes = sorted((term.code for term in points.terms), reverse=True)
    keys = [f"{_key(f'p{i}', codes.index(term.code))} AS k{i}" for i, term in enumerate(points.terms)]
    return _select([*kept, f"{total} AS score_bruto", *keys], _from(query), sql)


def _add_reasons(terms: int, query: str, sql: SqlDialect) -> str:
    """Add ``r1`` to ``r4``: the greatest reason, and then each greatest one below the last."""
    kept, below = ["cliente_id, cpf, pontua, score_bruto"], ""
    for place in range(1, MAX_REASONS + 1):
        keys = [f"CASE WHEN k{i} < {below} THEN k{i} ELSE 0 END" if below else f"k{i}" for i in range(terms)]
        greatest = f"GREATEST({', '.join(keys)})" if keys else "0"
        passed_on = [f"k{i}" for i in range(terms)] if place < MAX_REASONS else []
        query = _select([*kept, f"{greatest} AS r{place}", *passed_on], _from(query), sql)
        kept, below = [*kept, f"r{place}"], f"r{place}"
    return query


def _result(points: PointsTable, probability: str, query: str, *, sql: SqlDialect) -> str:
    clipped = f"LEAST(GREATEST(score_bruto, {SCORE_MIN}), {SCORE_MAX})"
    bands = " ".join(f"WHEN score_bruto <= {upper} THEN '{band}'" for band, upper in BAND_UPPER_SCORES[:-1])
    columns = {
        "score": clipped,
        "score_bruto": "score_bruto",
        "probabilidade": probability,
        "faixa": f"CASE {bands} ELSE '{BAND_UPPER_SCORES[-1][0]}' END",
    }
    listed = [f"CASE WHEN pontua = 1 THEN {text} END AS {name}" for name, text in columns.items()]
    status = f"CASE WHEN pontua = 1 THEN '{Status.OK}' ELSE '{Status.INSUFFICIENT_DATA}' END AS status"
    reasons = sql.json_text(f"CASE WHEN pontua = 1 THEN {_reasons_json(points, sql)} ELSE '[]' END")
    body = ",\n  ".join(["cliente_id", "cpf", *listed, status, f"{reasons} AS motivos"])
    return f"SELECT\n  {body}\n{_from(query)}"


def _select(columns: Sequence[str], rest: str, sql: SqlDialect) -> str:
    return f"SELECT{sql.hint}\n  " + ",\n  ".join(columns) + f"\n{rest}{sql.fence}"


def _from(query: str) -> str:
    return f"FROM (\n{query}\n) v"


def _column(points: PointsTable, feature: str, sql: SqlDialect) -> str:
    kind = next(axis.kind for term in points.terms for axis in term.axes if axis.feature == feature)
    name = sql.name(feature)
    return sql.text_column(name) if kind is InputType.CATEGORY else sql.number_column(name)


def _by_cell(axis: Axis, results: Sequence[int], values: dict[str, str], sql: SqlDialect) -> str:
    """Return the CASE that gives each value of an axis the result of its cell."""
    value, known = values[axis.feature], results[: axis.bins]
    branches = [f"WHEN {value} IS NULL THEN {results[axis.missing_cell]}"]
    if axis.kind is InputType.CATEGORY:
        for group, result in zip(axis.groups, known, strict=True):
            held = [sql.text(one) for one in group if sql.can_hold(one)]
            branches += [f"WHEN {_is_listed(value, held)} THEN {result}"] if held else []
        last = results[axis.other_cell]
    else:
        steps = zip(axis.edges, known[:-1], known[1:], strict=True)
        branches += [f"WHEN {value} <= {sql.number(edge)} THEN {low}" for edge, low, high in steps if low != high]
        last = known[-1]
    return f"CASE {' '.join(branches)} ELSE {last} END"


def _is_listed(value: str, texts: Sequence[str]) -> str:
    lists = (texts[start : start + LISTED_VALUES] for start in range(0, len(texts), LISTED_VALUES))
    return " OR ".join(f"{value} IN ({', '.join(part)})" for part in lists)


def _by_two_cells(term: Term, cells: dict[Axis, str]) -> str:
    first, second = (cells[axis] for axis in term.axes)
    rows = [_by_place(second, row) for row in term.grid().tolist()]
    return _by_place(first, rows)


def _by_place(place: str, results: Sequence[object]) -> str:
    """Return the CASE over places 0, 1..., the commonest result as what is left."""
    common = max(results, key=results.count)
    branches = " ".join(f"WHEN {i} THEN {result}" for i, result in enumerate(results) if result != common)
    return f"CASE {place} {branches} ELSE {common} END" if branches else str(common)


def _key(points: str, place: int) -> str:
    raised = f"{points} * {_POINT_UNIT} + {2 * place + 1}"
    lowered = f"-{points} * {_POINT_UNIT} + {2 * place}"
    return f"CASE WHEN {points} > 0 THEN {raised} WHEN {points} < 0 THEN {lowered} ELSE 0 END"


def _reasons_json(points: PointsTable, sql: SqlDialect) -> str:
    codes = sorted((term.code for term in points.terms), reverse=True)
    text = "''"
    for place in range(min(MAX_REASONS, len(codes)), 0, -1):
        comma = "', ' || " if place > 1 else ""
        text = f"CASE WHEN r{place} > 0 THEN {comma}{_reason_json(f'r{place}', codes, sql)} || {text} ELSE '' END"
    return f"'[' || {text} || ']'"


def _reason_json(key: str, codes: Iterable[str], sql: SqlDialect) -> str:
    starts = (sql.text(f'{{"codigo": {json.dumps(code, ensure_ascii=False)}, "pontos": ') for code in codes)
    branches = " ".join(f"WHEN {2 * place} THEN {start}" for place, start in enumerate(starts))
    named = f"CASE MOD({key}, {_POINT_UNIT}) - MOD({key}, 2) {branches} END"
    signed = f"CAST(TRUNC({key} / {_POINT_UNIT}) * (2 * MOD({key}, 2) - 1) AS INTEGER)"
    return f"{named} || {signed} || '}}'"
