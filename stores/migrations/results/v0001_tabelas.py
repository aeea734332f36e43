"""Results: runs, published scores by run, refused records, audit trail and models."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "r0001"
down_revision = None


def upgrade() -> None:
    _create_runs()
    _create_scores()
    _create_rejects_and_audit()


def _create_runs() -> None:
    instant = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "modelo",
        sa.Column("versao", sa.Text, nullable=False),
        sa.Column("nome", sa.Text, nullable=False),
        sa.Column("horizonte_meses", sa.Integer, nullable=False),
        sa.Column("textos", pg.JSONB, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("registrado_em", instant, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("versao", name="pk_modelo"),
    )
    op.create_table(
        "execucao",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("data_referencia", sa.Date, nullable=False),
        sa.Column("modelo_versao", sa.Text, nullable=False),
        sa.Column("situacao", sa.Text, nullable=False),
        sa.Column("extraidos", sa.BigInteger),
        sa.Column("pontuados", sa.BigInteger),
        sa.Column("insuficientes", sa.BigInteger),
        sa.Column("rejeitados", sa.BigInteger),
        sa.Column("contagens", pg.JSONB),
        sa.Column("impressao", sa.Text),
        sa.Column("motivo_falha", sa.Text),
        sa.Column("retomavel", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("iniciada_em", instant, nullable=False),
        sa.Column("terminada_em", instant),
        sa.Column("publicada_em", instant),
        sa.PrimaryKeyConstraint("id", name="pk_execucao"),
        sa.CheckConstraint(
            "situacao in ('em_andamento', 'publicada', 'falhou', 'substituida')", name="ck_execucao_situacao"
        ),
    )
    published = sa.text("situacao = 'publicada'")
    op.create_index("uq_execucao_publicada", "execucao", ["situacao"], unique=True, postgresql_where=published)
    op.create_index("ix_execucao_data_referencia", "execucao", ["data_referencia"])


def _create_scores() -> None:
    op.create_table(
        "score",
        sa.Column("execucao_id", sa.Uuid, nullable=False),
        sa.Column("cliente_id", sa.String(36), nullable=False),
        sa.Column("cpf", sa.CHAR(11), nullable=False),
        sa.Column("score", sa.SmallInteger),
        sa.Column("probabilidade", sa.REAL),
        sa.Column("faixa", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("motivos", pg.JSONB, nullable=False),
        sa.Column("data_referencia", sa.Date, nullable=False),
        sa.Column("modelo_versao", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("execucao_id", "cliente_id", name="pk_score"),
        sa.CheckConstraint("score between 0 and 1000", name="ck_score_escala"),
        postgresql_partition_by="LIST (execucao_id)",
    )
    op.create_index("ix_score_execucao_cpf", "score", ["execucao_id", "cpf"])
    op.execute(
        "create view score_vigente as "
        "select s.* from score s join execucao e on e.id = s.execucao_id where e.situacao = 'publicada'"
    )


def _create_rejects_and_audit() -> None:
    op.create_table(
        "rejeitado",
        sa.Column("execucao_id", sa.Uuid, nullable=False),
        sa.Column("base", sa.CHAR(1), nullable=False),
        sa.Column("tabela", sa.Text, nullable=False),
        sa.Column("chave", sa.Text),
        sa.Column("regra", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["execucao_id"], ["execucao.id"], name="fk_rejeitado_execucao", ondelete="CASCADE"),
    )
    op.create_index("ix_rejeitado_execucao_regra", "rejeitado", ["execucao_id", "regra"])
    op.create_table(
        "auditoria",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("momento", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("consulente", sa.Text, nullable=False),
        sa.Column("sujeito", sa.Text),
        sa.Column("recurso", sa.Text, nullable=False),
        sa.Column("finalidade", sa.Text),
        sa.Column("resultado", sa.Integer, nullable=False),
        sa.Column("requisicao_id", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_auditoria"),
    )
    op.create_index("ix_auditoria_sujeito_momento", "auditoria", ["sujeito", "momento"])
    op.create_index("ix_auditoria_momento", "auditoria", ["momento"])


def downgrade() -> None:
    op.execute("drop view score_vigente")
    for table in ("auditoria", "rejeitado", "score", "execucao", "modelo"):
        op.drop_table(table)
