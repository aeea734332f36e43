"""Base A's migrations as Oracle would get them: grammar, names, types. Nothing here has run on Oracle."""

import re

import pytest
import sqlglot
from sqlglot import exp

from contracts.table_declaration import Store
from contracts.tables import tables_of
from stores.migrate import migration_sql

OLDEST_NAME_LIMIT = 30
DENIED = re.compile(
    r"\blimit\b|::|\bdistinct\s+on\b|\bon\s+conflict\b|\bilike\b|\bboolean\b|\bserial\b|\btext\b|\bjsonb?\b|"
    r"\bfetch\s+(first|next)\s+\d+\s+rows(?!\s+only)|\breturning\b|\bvarchar\s*\(|\bif\s+not\s+exists\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def statements() -> list[str]:
    script = re.sub(r"^--.*$", "", migration_sql("base_a", "oracle"), flags=re.MULTILINE)
    return [part.strip() for part in re.split(r"^/$", script, flags=re.MULTILINE) if part.strip()]


def test_every_statement_is_oracle_grammar(statements: list[str]) -> None:
    assert len(statements) >= 5
    for statement in statements:
        parsed = sqlglot.parse(statement, read="oracle", error_level=sqlglot.ErrorLevel.RAISE)
        assert len(parsed) == 1
        assert isinstance(parsed[0], exp.Create | exp.Insert | exp.Update), statement
        assert not DENIED.search(statement), statement


@pytest.mark.parametrize("wrong", ["select 1 from t limit 1", "create table t (a boolean)", "select a::int from t"])
def test_the_deny_list_finds_what_the_parser_lets_through(wrong: str) -> None:
    assert DENIED.search(wrong)


def test_names_fit_the_oldest_oracle(statements: list[str]) -> None:
    names = {name for statement in statements for name in re.findall(r"\b[a-z][a-z0-9_]+\b", statement)}
    assert {"pk_cliente", "uq_cliente_cpf", "fk_divida_cliente", "ix_divida_cliente_id"} <= names
    assert max(map(len, names)) <= OLDEST_NAME_LIMIT


def test_every_declared_column_is_made_with_its_nullability(statements: list[str]) -> None:
    for table in tables_of(Store.A):
        ddl = next(s for s in statements if s.startswith(f"CREATE TABLE {table.name} "))
        for column in table.columns:
            line = next(line for line in ddl.splitlines() if line.strip().startswith(f"{column.name} "))
            assert ("NOT NULL" in line) is not column.nullable, line
