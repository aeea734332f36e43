"""Results: requests of erasure that wait for their turn, each with the consumer's id under a seal."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "r0007"
down_revision = "r0006"


def upgrade() -> None:
    instant = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "pedido_apagamento",
        sa.Column("id", pg.UUID, nullable=False),
        sa.Column("titular", sa.Text, nullable=False),
        sa.Column("cliente_selado", sa.LargeBinary),
        sa.Column("situacao", sa.Text, nullable=False, server_default="pendente"),
        sa.Column("pedido_em", instant, nullable=False, server_default=sa.func.now()),
        sa.Column("tentativas", sa.Integer, nullable=False, server_default="0"),
        sa.Column("tentado_em", instant),
        sa.Column("motivo", sa.Text),
        sa.Column("concluido_em", instant),
        sa.Column("prova", pg.JSONB),
        sa.PrimaryKeyConstraint("id", name="pk_pedido_apagamento"),
        sa.CheckConstraint(
            "situacao in ('pendente', 'concluido', 'desconhecido')", name="ck_pedido_apagamento_situacao"
        ),
        sa.CheckConstraint(
            "(situacao = 'pendente') = (cliente_selado is not null)", name="ck_pedido_apagamento_selado"
        ),
    )
    waiting = sa.text("situacao = 'pendente'")
    op.create_index(
        "un_pedido_apagamento_pendente", "pedido_apagamento", ["titular"], unique=True, postgresql_where=waiting
    )
    op.create_index("ix_pedido_apagamento_pedido_em", "pedido_apagamento", ["pedido_em"])


def downgrade() -> None:
    op.drop_table("pedido_apagamento")
