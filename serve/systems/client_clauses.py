"""A search of consumers as SQL conditions, in the forms that Base A's indexes answer.

Columns are named without their table, so that a condition holds for the table and for a part of it alike. The
folding of letters is written out in the statement: an expression index answers no bound parameter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY

from contracts.letter_folding import fold, folded_sql, folded_words
from serve.systems.client_filter import ClientFilter

Clause = sa.ColumnElement[bool]

STATE, CITY, STATUS = "U", "C", "E"
"""Before what is no word of a name in the GIN index: no folded word begins with a capital letter."""

_NAME, _CITY, _STATUS = (folded_sql(column) for column in ("nome", "cidade", "estado_civil"))
_WORDS = f"string_to_array({_NAME}, ' ')"
NAME_WORDS = f"array_to_tsvector(array_remove({_WORDS}, ''))"
"""A name's words, for PostgreSQL's text search."""

SEARCHED = (
    f"array_to_tsvector(array_remove(array_remove({_WORDS} || "
    f"ARRAY[('{STATE}' || uf), ('{CITY}' || {_CITY}), ('{STATUS}' || {_STATUS})], ''), NULL))"
)
"""What PostgreSQL's GIN index ``ix_cliente_busca`` holds of a consumer."""


@dataclass(frozen=True, slots=True)
class Clauses:
    """A search's conditions. All must hold; the forms say the same.

    ``leading`` is one that has an index of its own that ends in ``id``, ``others`` are the rest, as a row is asked.
    ``searched`` is the whole search as the GIN index answers it, ``likely`` what the planner should be asked about
    instead; ``words`` are the parts of a name's words in it, ``terms`` those of what is compared whole. The last four
    are empty where there is no such index, or the leading condition alone leaves few consumers.
    """

    leading: tuple[Clause, ...]
    others: tuple[Clause, ...]
    searched: tuple[Clause, ...] = ()
    likely: tuple[Clause, ...] = ()
    words: tuple[Clause, ...] = ()
    terms: tuple[Clause, ...] = ()


def clauses_of(conditions: ClientFilter, dialect: str) -> Clauses:
    """Return a search for SQLAlchemy's dialect of that name; the index that leaves the fewest consumers leads."""
    is_postgres = dialect == "postgresql"
    few = list(_few(conditions))
    indexed = [*few, *_indexed(conditions)]
    others = [*indexed[1:], *_status(conditions), *_named(conditions, is_postgres=is_postgres)]
    if not is_postgres or not others or few:
        return Clauses(tuple(indexed[:1]), tuple(others))
    words = [_prefix(word) for word in folded_words(conditions.nome or "")]
    terms = {kind: _quoted(kind + text) for kind, text in _exact_terms(conditions)}
    likely = [term for kind, term in terms.items() if kind != STATE or CITY not in terms]  # a city has its state
    return Clauses(
        tuple(indexed[:1]),
        tuple(others),
        searched=(_matches(SEARCHED, [*terms.values(), *words]),),
        likely=(_matches(SEARCHED, [*likely, *words]),),
        words=tuple(_matches(SEARCHED, [word]) for word in words),
        terms=tuple(_matches(SEARCHED, [term]) for term in terms.values()),
    )


def _few(conditions: ClientFilter) -> Iterator[Clause]:
    """Yield the conditions that leave a handful of consumers, or those of one day in a life."""
    if conditions.cpf is not None:
        yield sa.column("cpf", sa.CHAR(11)) == conditions.cpf
    if conditions.data_nascimento is not None:
        yield sa.column("data_nascimento", sa.Date) == conditions.data_nascimento


def _indexed(conditions: ClientFilter) -> Iterator[Clause]:
    if conditions.cidade is not None:
        yield sa.literal_column(_CITY, sa.String) == _bound("cidade", fold(conditions.cidade))
    if conditions.uf is not None:
        yield sa.column("uf", sa.CHAR(2)) == conditions.uf


def _status(conditions: ClientFilter) -> Iterator[Clause]:
    if conditions.estado_civil is not None:
        yield sa.literal_column(_STATUS, sa.String) == _bound("estado_civil", fold(conditions.estado_civil))


def _named(conditions: ClientFilter, *, is_postgres: bool) -> Iterator[Clause]:
    if conditions.nome is None:
        return
    words = folded_words(conditions.nome)
    if is_postgres:
        yield _matches(NAME_WORDS, map(_prefix, words))
        return
    text: sa.ColumnElement[Any] = sa.literal_column(f"(' ' || {_NAME})", sa.String)
    for word in words:
        yield text.like(_bound("palavra", f"% {_without_wildcards(word)}%"), escape="!")


def _exact_terms(conditions: ClientFilter) -> Iterator[tuple[str, str]]:
    if conditions.uf is not None:
        yield STATE, conditions.uf
    if conditions.cidade is not None:
        yield CITY, fold(conditions.cidade)
    if conditions.estado_civil is not None:
        yield STATUS, fold(conditions.estado_civil)


def _matches(vector: str, terms: Iterable[str]) -> Clause:
    query = sa.cast(sa.literal(" & ".join(terms), sa.Text), TSQUERY)
    return sa.literal_column(vector).op("@@", is_comparison=True)(query)


def _bound(name: str, value: str) -> sa.BindParameter[str]:
    """Return a bound value; named by SQLAlchemy after its expression, it would be longer than Oracle takes."""
    return sa.bindparam(name, value, sa.String, unique=True)


def _quoted(term: str) -> str:
    r"""Return a term of a tsquery, whatever characters it holds.

    >>> print(_quoted(r"a'\b:* & !c"))
    'a''\\b:* & !c'
    """
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"


def _prefix(word: str) -> str:
    return f"{_quoted(word)}:*"


def _without_wildcards(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
