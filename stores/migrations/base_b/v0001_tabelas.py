"""Base B: persons, sources of income and assets."""

import sqlalchemy as sa
from alembic import op

revision = "b0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "pessoa",
        sa.Column("cpf", sa.CHAR(11), nullable=False),
        sa.Column("cliente_id", sa.String(36), nullable=False),
        sa.Column("data_nascimento", sa.Date, nullable=False),
        sa.Column("uf", sa.CHAR(2), nullable=False),
        sa.Column("cidade", sa.String(200), nullable=False),
        sa.Column("bairro", sa.String(200), nullable=False),
        sa.Column("longadouro", sa.String(200), nullable=False),
        sa.Column("numero", sa.String(20)),
        sa.Column("complemento", sa.String(200)),
        sa.Column("atualizado_em", sa.TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("cpf", name="pk_pessoa"),
        sa.UniqueConstraint("cliente_id", name="uq_pessoa_cliente_id"),
    )
    op.create_table(
        "fonte_de_renda",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("cpf", sa.CHAR(11), nullable=False),
        sa.Column("tipo", sa.String(50), nullable=False),
        sa.Column("descricao", sa.String(200), nullable=False),
        sa.Column("valor", sa.Numeric(14, 2), nullable=False),
        sa.Column("frequencia", sa.String(30), nullable=False),
        sa.Column("registrada_em", sa.TIMESTAMP, nullable=False),
        sa.Column("encerrada_em", sa.TIMESTAMP),
        sa.PrimaryKeyConstraint("id", name="pk_fonte_de_renda"),
    )
    op.create_index("ix_fonte_de_renda_cpf", "fonte_de_renda", ["cpf"])
    op.create_table(
        "bem",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("cpf", sa.CHAR(11), nullable=False),
        sa.Column("tipo", sa.String(50), nullable=False),
        sa.Column("descricao", sa.String(200), nullable=False),
        sa.Column("valor_estimado", sa.Numeric(16, 2), nullable=False),
        sa.Column("registrado_em", sa.TIMESTAMP, nullable=False),
        sa.Column("alienado_em", sa.TIMESTAMP),
        sa.PrimaryKeyConstraint("id", name="pk_bem"),
    )
    op.create_index("ix_bem_cpf", "bem", ["cpf"])


def downgrade() -> None:
    op.drop_table("bem")
    op.drop_table("fonte_de_renda")
    op.drop_table("pessoa")
