"""Base A's queries are Oracle's SQL as well as PostgreSQL's (grammar only: nothing here has run on Oracle)."""

from __future__ import annotations

import re
from datetime import date

import pytest
import sqlglot
from sqlalchemy.dialects import oracle, postgresql

from serve.systems.client_clauses import clauses_of
from serve.systems.client_filter import ClientFilter
from serve.systems.client_queries import (
    Position,
    Span,
    count_matches,
    count_sampled,
    select_beyond,
    select_client,
    select_clients,
    select_gathered,
    select_in_order,
    select_visible_debts,
    select_within,
)

EVERYTHING = ClientFilter("jo/o%! d'Ávila", "52998224725", "SP", "São Paulo", date(1980, 1, 1), "casado")
NOBODY_IN_PARTICULAR = ClientFilter()
PAGE = Span(21, Position(">", "c-40"))
DIRECT = Span(21, offset=40)
BACK = Span(21, Position("<", "c-40"))


def of_oracle(conditions):
    return clauses_of(conditions, "oracle")


QUERIES = {
    "count": count_matches(of_oracle(EVERYTHING), limit=10_001),
    "sampled count": count_sampled(of_oracle(EVERYTHING), percent=1),
    "sampled count of everybody": count_sampled(of_oracle(NOBODY_IN_PARTICULAR), percent=1),
    "page": select_clients(select_in_order(of_oracle(EVERYTHING), PAGE)),
    "page before": select_clients(select_in_order(of_oracle(EVERYTHING), BACK)),
    "direct page": select_clients(select_in_order(of_oracle(EVERYTHING), DIRECT)),
    "first page": select_clients(select_in_order(of_oracle(NOBODY_IN_PARTICULAR), Span(21))),
    "client": select_client("x"),
    "debts": select_visible_debts(["a", "b"], oldest_due=date(2021, 11, 22)),
}
OLDEST_NAME_LIMIT = 30
NOT_ORACLE = (
    r"\bLIMIT\b",
    r"::",
    r"DISTINCT ON",
    r"ON CONFLICT",
    r"\bILIKE\b",
    r"FETCH (FIRST|NEXT) .*ROWS(?! ONLY)",
    r"\b(TRUE|FALSE)\b",
    r"MATERIALIZED",
    r"@@",
    r"\bARRAY\b",
    r"FROM .*\) AS ",
)


def compiled_for_oracle(query):
    return query.compile(dialect=oracle.dialect(), compile_kwargs={"literal_binds": False})


@pytest.mark.parametrize("name", QUERIES)
def test_compiles_to_oracle_sql(name):
    plain = re.sub(r"__\[POSTCOMPILE_(\w+)\]", r"(:\1)", str(compiled_for_oracle(QUERIES[name])))
    (statement,) = sqlglot.parse(plain, read="oracle")
    assert statement is not None
    for pattern in NOT_ORACLE:
        assert not re.search(pattern, plain, re.IGNORECASE), pattern


def test_values_are_bound_and_wildcards_escaped():
    compiled = compiled_for_oracle(count_matches(of_oracle(EVERYTHING)))
    for value in ("52998224725", "c-40", "jo/o", "sao paulo", "casado"):
        assert value not in str(compiled)
    assert max(map(len, compiled.params)) <= OLDEST_NAME_LIMIT
    assert {"% jo/o!%!!%", "% d%", "% avila%", "sao paulo", "casado"} <= set(compiled.params.values())


@pytest.mark.parametrize(
    ("conditions", "leading"),
    [
        (EVERYTHING, "cpf ="),
        (ClientFilter(nome="a", uf="SP", data_nascimento=date(1980, 1, 1)), "data_nascimento ="),
        (ClientFilter(uf="SP", cidade="x", estado_civil="y"), "cidade"),
        (ClientFilter(uf="SP", nome="x"), "uf ="),
        (ClientFilter(nome="x", estado_civil="y"), None),
    ],
)
@pytest.mark.parametrize("dialect", ["postgresql", "oracle"])
def test_the_index_that_leaves_the_fewest_leads(conditions, leading, dialect):
    clauses = clauses_of(conditions, dialect)
    assert len(clauses.leading) == (leading is not None)
    if leading:
        assert leading in str(clauses.leading[0])


def test_gathering_asks_the_gin_index_for_the_whole_search_in_one_bound_text():
    search = ClientFilter(nome=r"o'x a\b:*&", uf="SP", cidade="D'Oeste", estado_civil="União Estável")
    clauses = clauses_of(search, "postgresql")
    queries = (select_gathered(clauses, PAGE), select_within(clauses, PAGE, window=50))
    gathered, within = (query.compile(dialect=postgresql.dialect()) for query in queries)
    words = r"'o':* & 'x':* & 'a\\b:*&':*"
    assert f"'USP' & 'Cd oeste' & 'Euniao estavel' & {words}" in gathered.params.values()
    assert words in within.params.values()
    assert "MATERIALIZED" in str(gathered)
    assert str(select_beyond(clauses, PAGE, window=50)).count("cidade")


def test_other_databases_are_asked_for_names_without_text_search():
    text = str(select_in_order(clauses_of(ClientFilter(nome="joao silv", uf="SP"), "sqlite"), PAGE))
    assert text.count("LIKE") == 2
    assert "tsvector" not in text
