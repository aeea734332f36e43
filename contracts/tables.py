"""The tables and collections of Bases A, B and C: one declaration each.

Arrow schemas, extraction checks, migrations' verification, generated data and the data dictionary derive
from it. Names, types and keys follow the contract; ``read`` says whether the engine extracts the column at
all (it takes only what a feature, a label, a link between stores or a fairness measure needs).
"""

from __future__ import annotations

from contracts.table_declaration import Column, Kind, Nature, Store, Table

MAX_PLAUSIBLE_CENTS = 10**11
"""R$ 1 billion: one debt, asset, income or event above it is a typing error, not a fact (our rule)."""

LONGEST_CLIENT_ID = 36
"""Bytes of a consumer's id in UTF-8: what a published record has room for (our rule; the contract says characters)."""

_ID = Column("id", Kind.TEXT, "identificador", length=36, nature=Nature.NONE)
_CPF = Column("cpf", Kind.TEXT, "CPF, só dígitos", length=11, nature=Nature.IDENTIFIER)

# fmt: off
FEDERATIVE_UNITS = (
    "AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO",
    "MA", "MG", "MS", "MT", "PA", "PB", "PE", "PI", "PR",
    "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO",
)
# fmt: on


def _address(*, read_state: bool) -> tuple[Column, ...]:
    return (
        Column(
            "uf",
            Kind.TEXT,
            "unidade da federação",
            length=2,
            read=read_state,
            domain=FEDERATIVE_UNITS,
            nature=Nature.PROFILE,
        ),
        Column("cidade", Kind.TEXT, "município", length=200, read=False, nature=Nature.CONTACT),
        Column("bairro", Kind.TEXT, "bairro", length=200, read=False, nature=Nature.CONTACT),
        Column(
            "longadouro",
            Kind.TEXT,
            "logradouro (grafia do documento de origem)",
            length=200,
            read=False,
            nature=Nature.CONTACT,
        ),
        Column("numero", Kind.TEXT, "número", length=20, nullable=True, read=False, nature=Nature.CONTACT),
        Column("complemento", Kind.TEXT, "complemento", length=200, nullable=True, read=False, nature=Nature.CONTACT),
    )


CLIENTE = Table(
    "cliente",
    Store.A,
    "consumidor e seu endereço",
    (
        Column("id", Kind.TEXT, "identificador", length=36, nature=Nature.PSEUDONYM),
        _CPF,
        Column("nome", Kind.TEXT, "nome completo", length=200, read=False, nature=Nature.NAME),
        Column("data_nascimento", Kind.DATE, "data de nascimento", nature=Nature.PROFILE),
        Column("sexo", Kind.TEXT, "sexo; lido só para medir equidade", length=1, nullable=True, nature=Nature.PROFILE),
        Column(
            "estado_civil",
            Kind.TEXT,
            "estado civil; lido só para medir equidade",
            length=20,
            nullable=True,
            nature=Nature.PROFILE,
        ),
        *_address(read_state=True),
        Column("registrado_em", Kind.INSTANT, "quando o bureau soube do consumidor", nature=Nature.NONE),
        Column("atualizado_em", Kind.INSTANT, "última alteração do cadastro", nature=Nature.NONE),
    ),
    key="id",
    joins_by="cpf",
    primary_key="id",
    known_at="registrado_em",
    unique=(("cpf",),),
)
DIVIDA = Table(
    "divida",
    Store.A,
    "dívidas do consumidor",
    (
        _ID,
        Column("cliente_id", Kind.TEXT, "consumidor", length=36, nature=Nature.PSEUDONYM),
        Column("empresa", Kind.TEXT, "credor", length=200, nature=Nature.FINANCIAL),
        Column("valor", Kind.MONEY, "valor devido", precision=14, nature=Nature.FINANCIAL),
        Column("vencimento", Kind.DATE, "vencimento", nature=Nature.FINANCIAL),
        Column("registrada_em", Kind.INSTANT, "quando o bureau soube da dívida", nature=Nature.NONE),
        Column("baixada_em", Kind.INSTANT, "quando foi paga ou baixada", nullable=True, nature=Nature.FINANCIAL),
    ),
    key="id",
    joins_by="cliente_id",
    primary_key="id",
    known_at="registrada_em",
    ended_at="baixada_em",
    foreign_keys=(("cliente_id", "cliente", "id"),),
    indexes=(("cliente_id",),),
)
PESSOA = Table(
    "pessoa",
    Store.B,
    "pessoa, ligada ao cliente da Base A",
    (
        _CPF,
        Column("cliente_id", Kind.TEXT, "id do mesmo consumidor na Base A", length=36, nature=Nature.PSEUDONYM),
        Column("data_nascimento", Kind.DATE, "data de nascimento", read=False, nature=Nature.PROFILE),
        *_address(read_state=False),
        Column("atualizado_em", Kind.INSTANT, "última alteração", nature=Nature.NONE),
    ),
    key="cliente_id",
    joins_by="cpf",
    primary_key="cpf",
    unique=(("cliente_id",),),
)
FONTE_DE_RENDA = Table(
    "fonte_de_renda",
    Store.B,
    "fontes de renda",
    (
        _ID,
        _CPF,
        Column("tipo", Kind.TEXT, "tipo da fonte", length=50, nature=Nature.FINANCIAL),
        Column("descricao", Kind.TEXT, "descrição", length=200, read=False, nature=Nature.FREE_TEXT),
        Column("valor", Kind.MONEY, "valor por período", precision=14, nature=Nature.FINANCIAL),
        Column("frequencia", Kind.TEXT, "frequência do recebimento", length=30, nature=Nature.FINANCIAL),
        Column("registrada_em", Kind.INSTANT, "quando o bureau soube da fonte", nature=Nature.NONE),
        Column("encerrada_em", Kind.INSTANT, "quando a fonte acabou", nullable=True, nature=Nature.FINANCIAL),
    ),
    key="id",
    joins_by="cpf",
    primary_key="id",
    known_at="registrada_em",
    ended_at="encerrada_em",
    indexes=(("cpf",),),
)
BEM = Table(
    "bem",
    Store.B,
    "bens",
    (
        _ID,
        _CPF,
        Column("tipo", Kind.TEXT, "tipo do bem", length=50, nature=Nature.FINANCIAL),
        Column("descricao", Kind.TEXT, "descrição", length=200, read=False, nature=Nature.FREE_TEXT),
        Column("valor_estimado", Kind.MONEY, "valor estimado", precision=16, nature=Nature.FINANCIAL),
        Column("registrado_em", Kind.INSTANT, "quando o bureau soube do bem", nature=Nature.NONE),
        Column("alienado_em", Kind.INSTANT, "quando o bem foi vendido", nullable=True, nature=Nature.FINANCIAL),
    ),
    key="id",
    joins_by="cpf",
    primary_key="id",
    known_at="registrado_em",
    ended_at="alienado_em",
    indexes=(("cpf",),),
)
CONSULTAS = Table(
    "consultas",
    Store.C,
    "consultas ao bureau",
    (
        _CPF,
        Column("empresa", Kind.TEXT, "quem consultou", nature=Nature.EVENT),
        Column(
            "tipo_empresa", Kind.TEXT, "ramo de quem consultou; `titular` é o próprio consumidor", nature=Nature.EVENT
        ),
        Column("data_consulta", Kind.INSTANT, "quando", nature=Nature.EVENT),
    ),
    key="_id",
    joins_by="cpf",
    known_at="data_consulta",
    indexes=(("cpf", "data_consulta"),),
)
MOVIMENTACOES = Table(
    "movimentacoes",
    Store.C,
    "movimentações financeiras",
    (
        _CPF,
        Column("tipo_movimentacao", Kind.TEXT, "credito ou debito", domain=("credito", "debito"), nature=Nature.EVENT),
        Column("data_movimentacao", Kind.INSTANT, "quando", nature=Nature.EVENT),
        Column("valor", Kind.MONEY, "valor, maior que zero", nature=Nature.EVENT),
        Column("descricao", Kind.TEXT, "descrição", nullable=True, read=False, nature=Nature.FREE_TEXT),
    ),
    key="_id",
    joins_by="cpf",
    known_at="data_movimentacao",
    indexes=(("cpf", "data_movimentacao"),),
)
COMPRAS = Table(
    "compras",
    Store.C,
    "compras no cartão",
    (
        _CPF,
        Column("data_compra", Kind.INSTANT, "quando", nature=Nature.EVENT),
        Column("valor", Kind.MONEY, "valor, maior que zero", nature=Nature.EVENT),
        Column("bandeira_cartao", Kind.TEXT, "bandeira", nullable=True, nature=Nature.EVENT),
        Column(
            "produto",
            Kind.TEXT,
            "o que foi comprado; pode revelar saúde ou convicção: não é lido",
            nullable=True,
            read=False,
            nature=Nature.FREE_TEXT,
        ),
        Column("tipo", Kind.TEXT, "credito, debito ou parcelado", nullable=True, nature=Nature.EVENT),
        Column(
            "codigo_transacao", Kind.TEXT, "código único da transação", nullable=True, read=True, nature=Nature.EVENT
        ),
    ),
    key="_id",
    joins_by="cpf",
    known_at="data_compra",
    indexes=(("cpf", "data_compra"),),
)

TABLES: tuple[Table, ...] = (CLIENTE, DIVIDA, PESSOA, FONTE_DE_RENDA, BEM, CONSULTAS, MOVIMENTACOES, COMPRAS)
TABLES_BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}

FORBIDDEN_INPUTS = (
    "sexo",
    "estado_civil",
    "nome",
    "cidade",
    "bairro",
    "longadouro",
    "numero",
    "complemento",
    "produto",
    "descricao",
)
"""Columns that no feature may read (Lei 12.414 art. 3 §3 and art. 7-A I; finer address and marital status are ours).

What was bought, and the free text of a movement, an income or an asset, may tell of health or conviction.
"""

MEASURED_ATTRIBUTES = tuple(column.name for column in CLIENTE.read_columns if column.name in FORBIDDEN_INPUTS)
"""Forbidden inputs that are read all the same: to measure fairness, and to find encoded copies of them."""

OWN_CONSULTATION = "titular"
"""``consultas.tipo_empresa`` of a consumer's look at their own record (Lei 12.414 art. 7-A III)."""


def tables_of(store: Store) -> tuple[Table, ...]:
    """Return the tables of one store, in declaration order."""
    return tuple(table for table in TABLES if table.store is store)
