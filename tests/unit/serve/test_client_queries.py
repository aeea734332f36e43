"""Base A's queries are Oracle's SQL as well as PostgreSQL's (grammar only: nothing here has run on Oracle)."""

from __future__ import annotations

import re
from datetime import date

import pytest
import sqlglot
from sqlalchemy.dialects import oracle

from serve.systems.client_queries import ClientFilter, count_clients, select_client, select_page, select_visible_debts

EVERYTHING = ClientFilter("jo_o%!", "52998224725", "SP", "São Paulo", date(1980, 1, 1), "casado")
QUERIES = {
    "count": count_clients(EVERYTHING),
    "page": select_page(EVERYTHING, offset=40, limit=20),
    "first page": select_page(ClientFilter(), offset=0, limit=20),
    "client": select_client("x"),
    "debts": select_visible_debts(["a", "b"], oldest_due=date(2021, 11, 22)),
}
NOT_ORACLE = (
    r"\bLIMIT\b",
    r"::",
    r"DISTINCT ON",
    r"ON CONFLICT",
    r"\bILIKE\b",
    r"FETCH (FIRST|NEXT) .*ROWS(?! ONLY)",
    r"\b(TRUE|FALSE)\b",
)


@pytest.mark.parametrize("name", QUERIES)
def test_compiles_to_oracle_sql(name):
    text = str(QUERIES[name].compile(dialect=oracle.dialect(), compile_kwargs={"literal_binds": False}))
    plain = re.sub(r"__\[POSTCOMPILE_(\w+)\]", r"(:\1)", text)
    (statement,) = sqlglot.parse(plain, read="oracle")
    assert statement is not None
    for pattern in NOT_ORACLE:
        assert not re.search(pattern, plain, re.IGNORECASE), pattern


def test_values_are_bound_and_wildcards_escaped():
    compiled = count_clients(EVERYTHING).compile(dialect=oracle.dialect())
    assert "52998224725" not in str(compiled)
    assert "%jo!_o!%!!%" in compiled.params.values()
