"""Results: which hashes of an erased person are kept out no longer, because the person was taken in again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "r0005"
down_revision = "r0004"


def upgrade() -> None:
    op.add_column("apagamento", sa.Column("readmitidos", pg.ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.add_column("apagamento", sa.Column("readmitido_em", sa.TIMESTAMP(timezone=True)))


def downgrade() -> None:
    op.drop_column("apagamento", "readmitido_em")
    op.drop_column("apagamento", "readmitidos")
