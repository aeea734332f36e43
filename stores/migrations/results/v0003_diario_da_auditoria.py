"""Results: whose own read it was, how far each journal segment has come, and the index of a person's accesses."""

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"


def upgrade() -> None:
    op.add_column("auditoria", sa.Column("titular", sa.Boolean, nullable=False, server_default=sa.false()))
    instant = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "auditoria_diario",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("iniciado_em", instant, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("registros", sa.BigInteger, nullable=False),
        sa.Column("danificados", sa.BigInteger, nullable=False),
        sa.Column("atualizado_em", instant, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name="pk_auditoria_diario"),
    )
    op.create_index("ix_auditoria_sujeito_momento_id", "auditoria", ["sujeito", "momento", "id"])
    op.drop_index("ix_auditoria_sujeito_momento", "auditoria")


def downgrade() -> None:
    op.create_index("ix_auditoria_sujeito_momento", "auditoria", ["sujeito", "momento"])
    op.drop_index("ix_auditoria_sujeito_momento_id", "auditoria")
    op.drop_table("auditoria_diario")
    op.drop_column("auditoria", "titular")
