"""Results: persons erased at their request, each by keyed hashes alone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "r0004"
down_revision = "r0003"


def upgrade() -> None:
    instant = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "apagamento",
        sa.Column("titular", sa.Text, nullable=False),
        sa.Column("cpfs", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("cpfs_selados", sa.LargeBinary),
        sa.Column("pedido_em", instant, nullable=False, server_default=sa.func.now()),
        sa.Column("concluido_em", instant),
        sa.Column("contagens", pg.JSONB),
        sa.PrimaryKeyConstraint("titular", name="pk_apagamento"),
    )


def downgrade() -> None:
    op.drop_table("apagamento")
