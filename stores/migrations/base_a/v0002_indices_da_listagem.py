"""Base A: indexes of the listing of consumers.

Those that end in ``id`` give a page of one state, city or birth date in its order without sorting. PostgreSQL's GIN
index answers names by the beginnings of their words, and any filters together: it holds a name's words and, behind a
capital letter each, state, city and marital status. It is kept up at each insert, for a pending list would be read
through by every search. Oracle has none such without Oracle Text. Other databases get what are plain columns.

The statements block writes while they build. An owner who cannot have that builds the indexes beforehand, under
these names: PostgreSQL then leaves them be.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from contracts.letter_folding import folded_sql

revision = "a0002"
down_revision = "a0001"

PLAIN = {"ix_cliente_uf": "uf", "ix_cliente_data_nascimento": "data_nascimento"}
FOLDED = {
    "postgresql": {"ix_cliente_cidade": "cidade"},
    "oracle": {"ix_cliente_cidade": "cidade", "ix_cliente_estado_civil": "estado_civil"},
}
SEARCH = "ix_cliente_busca"
SEARCHED = (
    f"array_to_tsvector(array_remove(array_remove(string_to_array({folded_sql('nome')}, ' ') || "
    f"ARRAY[('U' || uf), ('C' || {folded_sql('cidade')}), ('E' || {folded_sql('estado_civil')})], ''), NULL))"
)


def upgrade() -> None:
    dialect = op.get_context().dialect.name
    options: dict[str, Any] = {"if_not_exists": True} if dialect == "postgresql" else {}
    for name, column in PLAIN.items():
        op.create_index(name, "cliente", [column, "id"], **options)
    for name, column in FOLDED.get(dialect, {}).items():
        op.create_index(name, "cliente", [sa.text(folded_sql(column)), "id"], **options)
    if dialect == "postgresql":
        settings: dict[str, Any] = {"postgresql_using": "gin", "postgresql_with": {"fastupdate": "off"}}
        op.create_index(SEARCH, "cliente", [sa.text(SEARCHED)], **settings, **options)
        op.execute("ANALYZE cliente")  # the planner knows nothing of an expression before


def downgrade() -> None:
    dialect = op.get_context().dialect.name
    names = [*PLAIN, *FOLDED.get(dialect, ()), *((SEARCH,) if dialect == "postgresql" else ())]
    for name in names:
        op.drop_index(name, "cliente")
