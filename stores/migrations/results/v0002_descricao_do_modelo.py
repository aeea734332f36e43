"""Results: the model's public description, in Markdown, beside its reason texts."""

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"


def upgrade() -> None:
    op.add_column("modelo", sa.Column("descricao", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("modelo", "descricao")
