"""The tables of Bases A and B as the API reads them, in SQLAlchemy Core for Oracle and PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa

ADDRESS = ("uf", "cidade", "bairro", "longadouro", "numero", "complemento")

_METADATA = sa.MetaData()

CLIENTE = sa.Table(
    "cliente",
    _METADATA,
    sa.Column("id", sa.String(36)),
    sa.Column("cpf", sa.CHAR(11)),
    sa.Column("nome", sa.String(200)),
    sa.Column("data_nascimento", sa.Date),
    sa.Column("sexo", sa.CHAR(1)),
    sa.Column("estado_civil", sa.String(20)),
    sa.Column("uf", sa.CHAR(2)),
    *(sa.Column(name, sa.String(200)) for name in ADDRESS[1:]),
)
DIVIDA = sa.Table(
    "divida",
    _METADATA,
    sa.Column("id", sa.String(36)),
    sa.Column("cliente_id", sa.String(36)),
    sa.Column("empresa", sa.String(200)),
    sa.Column("valor", sa.Numeric(14, 2)),
    sa.Column("vencimento", sa.Date),
    sa.Column("baixada_em", sa.DateTime),
)
PESSOA = sa.Table(
    "pessoa",
    _METADATA,
    sa.Column("cpf", sa.CHAR(11)),
    sa.Column("cliente_id", sa.String(36)),
    sa.Column("data_nascimento", sa.Date),
    *(sa.Column(name, sa.String(200)) for name in ADDRESS),
)
FONTE_DE_RENDA = sa.Table(
    "fonte_de_renda",
    _METADATA,
    sa.Column("id", sa.String(36)),
    sa.Column("cpf", sa.CHAR(11)),
    sa.Column("tipo", sa.String(50)),
    sa.Column("descricao", sa.String(200)),
    sa.Column("valor", sa.Numeric(14, 2)),
    sa.Column("frequencia", sa.String(30)),
    sa.Column("encerrada_em", sa.DateTime),
)
BEM = sa.Table(
    "bem",
    _METADATA,
    sa.Column("id", sa.String(36)),
    sa.Column("cpf", sa.CHAR(11)),
    sa.Column("tipo", sa.String(50)),
    sa.Column("descricao", sa.String(200)),
    sa.Column("valor_estimado", sa.Numeric(16, 2)),
    sa.Column("alienado_em", sa.DateTime),
)
