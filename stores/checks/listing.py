"""The indexes of Base A that the API's listing of consumers lives by: without them it reads whole tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from stores.checks.problem import Problem
from stores.checks.schema import MIGRATE

LISTED = "cliente"
INDEXES = {
    "postgresql": ("ix_cliente_uf", "ix_cliente_cidade", "ix_cliente_data_nascimento", "ix_cliente_busca"),
    "oracle": ("ix_cliente_uf", "ix_cliente_cidade", "ix_cliente_data_nascimento", "ix_cliente_estado_civil"),
}
"""By name, for their expressions are written out otherwise by each database."""


def check_listing(connection: sa.Connection) -> list[Problem]:
    """Return a warning for every index of the listing that Base A lacks; of a view nothing can be said."""
    inspector = sa.inspect(connection)
    dialect = connection.dialect.name
    options: dict[str, Any] = {"oracle_resolve_synonyms": True} if dialect == "oracle" else {}
    try:
        found = {index["name"] for index in inspector.get_indexes(LISTED, **options)}
    except sa.exc.NoSuchTableError:
        return []
    if LISTED in inspector.get_view_names():
        return []
    return [
        Problem("base_a", "index", f"no index {name}: the API's listing will be slow", MIGRATE, "warning")
        for name in INDEXES.get(dialect, ())
        if name not in found
    ]
