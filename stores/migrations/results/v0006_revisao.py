"""Results: requests that a published score be reviewed by a person, and what became of each."""

import sqlalchemy as sa
from alembic import op

revision = "r0006"
down_revision = "r0005"


def upgrade() -> None:
    instant = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "revisao",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("cliente_id", sa.String(36), nullable=False),
        sa.Column("execucao_id", sa.Uuid, nullable=False),
        sa.Column("motivo", sa.Text, nullable=False),
        sa.Column("situacao", sa.Text, nullable=False, server_default="aberta"),
        sa.Column("resultado", sa.Text),
        sa.Column("pedida_em", instant, nullable=False, server_default=sa.func.now()),
        sa.Column("concluida_em", instant),
        sa.PrimaryKeyConstraint("id", name="pk_revisao"),
        sa.CheckConstraint("situacao in ('aberta', 'concluida')", name="ck_revisao_situacao"),
        sa.CheckConstraint("resultado in ('mantido', 'corrigido')", name="ck_revisao_resultado"),
        sa.CheckConstraint(
            "(situacao = 'concluida') = (resultado is not null and concluida_em is not null)",
            name="ck_revisao_conclusao",
        ),
    )
    op.create_index("ix_revisao_cliente_pedida", "revisao", ["cliente_id", "pedida_em"])
    is_open = sa.text("situacao = 'aberta'")
    op.create_index("uq_revisao_aberta", "revisao", ["cliente_id"], unique=True, postgresql_where=is_open)


def downgrade() -> None:
    op.drop_table("revisao")
