"""The answers' shapes for the OpenAPI document, fields in the documented order."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.regime import Regime
from serve.api.request_fields import CpfText


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Endereco(_Model):
    """Endereço; ``longadouro`` é a grafia do documento de origem."""

    uf: str | None
    cidade: str | None
    bairro: str | None
    longadouro: str | None
    numero: str | None
    complemento: str | None


class Divida(_Model):
    """Dívida em aberto, vencida há no máximo 5 anos."""

    empresa: str
    valor: float | None
    vencimento: date


class Cliente(_Model):
    """Consumidor (Sistema A)."""

    id: str
    nome: str
    cpf: str
    data_nascimento: date
    sexo: str | None
    estado_civil: str | None
    endereco: Endereco
    dividas: list[Divida]


class PaginaDeClientes(_Model):
    """Página da listagem de consumidores (Sistema A)."""

    count: int
    next: str | None
    previous: str | None
    results: list[Cliente]


class FonteDeRenda(_Model):
    """Fonte de renda em vigor."""

    tipo: str
    descricao: str
    valor: float | None
    frequencia: str


class Bem(_Model):
    """Bem que o consumidor ainda tem."""

    tipo: str
    valor_estimado: float | None
    descricao: str


class DadosDeScore(_Model):
    """Dados de que o score parte (Sistema B)."""

    cpf: str
    data_nascimento: date
    endereco: Endereco
    fontes_de_renda: list[FonteDeRenda]
    bens: list[Bem]


class Escala(_Model):
    """Limites do score."""

    min: int
    max: int


class Motivo(_Model):
    """Um motivo do score: pontos exatos e a direção em que o moveram."""

    codigo: str
    texto: str
    direcao: Literal["aumenta", "reduz"]
    pontos: int


class Modelo(_Model):
    """Modelo que calculou o score."""

    nome: str
    versao: str


class DescricaoDoModelo(_Model):
    """Modelo em vigor, a lei que o obriga, e sua descrição pública em Markdown, feita do próprio modelo."""

    modelo: Modelo
    horizonte_meses: int
    regime: Regime
    base_legal: str
    descricao: str


class Score(_Model):
    """Score de um consumidor na execução em vigor."""

    cliente_id: str
    cpf_mascarado: str
    score: int | None = Field(ge=0, le=1000)
    escala: Escala
    faixa: Literal["baixo", "regular", "bom", "muito_bom"] | None
    status: Literal["OK", "DADOS_INSUFICIENTES"]
    probabilidade_inadimplencia: float | None
    horizonte_meses: int
    motivos: list[Motivo]
    modelo: Modelo
    data_referencia: date
    calculado_em: datetime
    valido_ate: date


class ConsultaDeScores(_Model):
    """CPFs cujos scores se pedem, com ou sem pontuação."""

    cpfs: list[CpfText] = Field(min_length=1, max_length=1000)


class ResultadoDeConsulta(_Model):
    """Resposta a um CPF, na posição em que foi pedido."""

    encontrado: bool
    resultado: Score | None


class ResultadosDeConsulta(_Model):
    """Respostas na ordem dos CPFs pedidos."""

    resultados: list[ResultadoDeConsulta]


class UltimaConsulta(_Model):
    """Última consulta ao bureau; ``tipo_empresa`` = ``titular`` é do próprio consumidor."""

    empresa: str | None
    data_consulta: datetime
    tipo_empresa: str | None


class UltimaMovimentacao(_Model):
    """Última movimentação financeira."""

    tipo_movimentacao: str | None
    data_movimentacao: datetime
    valor: float | None
    descricao: str | None


class UltimaCompra(_Model):
    """Última compra no cartão."""

    data_compra: datetime
    valor: float | None
    bandeira_cartao: str | None
    produto: str | None
    tipo: str | None
    codigo_transacao: str | None


class UltimosEventos(_Model):
    """Último evento de cada espécie (Sistema C)."""

    ultima_consulta: UltimaConsulta | None
    movimentacao_financeira: UltimaMovimentacao | None
    ultima_compra: UltimaCompra | None
