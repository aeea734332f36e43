"""Base A: consumers and debts, in a form that Oracle takes too.

No booleans (Oracle before 23ai has none), names of at most 30 characters, TIMESTAMP for instants because
Oracle's DATE has no fractions of a second; DATE, which in Oracle also holds a time, only for calendar days.
"""

import sqlalchemy as sa
from alembic import op

revision = "a0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "cliente",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("cpf", sa.CHAR(11), nullable=False),
        sa.Column("nome", sa.String(200), nullable=False),
        sa.Column("data_nascimento", sa.Date, nullable=False),
        sa.Column("sexo", sa.CHAR(1)),
        sa.Column("estado_civil", sa.String(20)),
        sa.Column("uf", sa.CHAR(2), nullable=False),
        sa.Column("cidade", sa.String(200), nullable=False),
        sa.Column("bairro", sa.String(200), nullable=False),
        sa.Column("longadouro", sa.String(200), nullable=False),
        sa.Column("numero", sa.String(20)),
        sa.Column("complemento", sa.String(200)),
        sa.Column("registrado_em", sa.TIMESTAMP, nullable=False),
        sa.Column("atualizado_em", sa.TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cliente"),
        sa.UniqueConstraint("cpf", name="uq_cliente_cpf"),
    )
    op.create_table(
        "divida",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("cliente_id", sa.String(36), nullable=False),
        sa.Column("empresa", sa.String(200), nullable=False),
        sa.Column("valor", sa.Numeric(14, 2), nullable=False),
        sa.Column("vencimento", sa.Date, nullable=False),
        sa.Column("registrada_em", sa.TIMESTAMP, nullable=False),
        sa.Column("baixada_em", sa.TIMESTAMP),
        sa.PrimaryKeyConstraint("id", name="pk_divida"),
        sa.ForeignKeyConstraint(["cliente_id"], ["cliente.id"], name="fk_divida_cliente"),
    )
    op.create_index("ix_divida_cliente_id", "divida", ["cliente_id"])


def downgrade() -> None:
    op.drop_table("divida")
    op.drop_table("cliente")
