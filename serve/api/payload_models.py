"""The answers' shapes for the OpenAPI document, fields in the documented order."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.regime import Regime
from serve.api.body_models import MotivoDeRevisao

Cpf: TypeAlias = Annotated[str, Field(pattern=r"^[0-9]{11}$", description="onze dígitos")]
Amount: TypeAlias = Annotated[float | None, Field(description="em reais, com duas casas; null se não é um valor")]
Birth: TypeAlias = Annotated[date | None, Field(description="null se o que a base guarda não cabe no calendário")]
Instant: TypeAlias = Annotated[datetime, Field(description="instante em UTC")]
Link: TypeAlias = Annotated[str | None, Field(description="endereço da página, relativo a este servidor")]


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
    valor: Amount
    vencimento: date


class Cliente(_Model):
    """Consumidor (Sistema A)."""

    id: str
    nome: str
    cpf: Cpf
    data_nascimento: Birth
    sexo: str | None
    estado_civil: str | None
    endereco: Endereco
    dividas: list[Divida]


class PaginaDeClientes(_Model):
    """Página da listagem de consumidores (Sistema A)."""

    count: int = Field(ge=0, description="consumidores que atendem aos filtros")
    next: Link
    previous: Link
    results: list[Cliente]


class FonteDeRenda(_Model):
    """Fonte de renda em vigor."""

    tipo: str
    descricao: str
    valor: Amount
    frequencia: str = Field(description="de quanto em quanto tempo se recebe o valor, como a Base B o escreve")


class Bem(_Model):
    """Bem que o consumidor ainda tem."""

    tipo: str
    valor_estimado: Amount
    descricao: str


class DadosDeScore(_Model):
    """Dados de que o score parte (Sistema B)."""

    cpf: Cpf
    data_nascimento: Birth
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
    regime: Regime = Field(description="`gestor`: birô de crédito; `interno`: score de um credor")
    base_legal: str
    descricao: str = Field(description="em Markdown")


class Score(_Model):
    """Score de um consumidor na execução em vigor."""

    cliente_id: str
    cpf_mascarado: str
    score: int | None = Field(ge=0, le=1000, description="quanto maior, menor o risco; null sem dados suficientes")
    escala: Escala
    faixa: Literal["baixo", "regular", "bom", "muito_bom"] | None = Field(
        description="0 a 300, 301 a 500, 501 a 700, 701 a 1000"
    )
    status: Literal["OK", "DADOS_INSUFICIENTES"]
    probabilidade_inadimplencia: float | None = Field(ge=0, le=1, description="dentro do horizonte")
    horizonte_meses: int
    motivos: list[Motivo] = Field(max_length=4, description="do que mais pesou ao que menos pesou")
    modelo: Modelo
    data_referencia: date = Field(description="dia até o fim do qual os fatos contam")
    calculado_em: Instant
    valido_ate: date


class ScoreDeExecucao(_Model):
    """O score que uma execução publicou; ``vigente`` diz se é a que está em vigor."""

    execucao_id: UUID
    data_referencia: date
    calculado_em: Instant
    score: int | None = Field(ge=0, le=1000)
    faixa: Literal["baixo", "regular", "bom", "muito_bom"] | None
    status: Literal["OK", "DADOS_INSUFICIENTES"]
    probabilidade_inadimplencia: float | None = Field(ge=0, le=1, description="dentro do horizonte do modelo")
    modelo: Modelo
    vigente: bool


class HistoricoDeScores(_Model):
    """Scores de um consumidor nas execuções que se guardam, da data de referência mais recente à mais antiga."""

    cliente_id: str
    escala: Escala
    results: list[ScoreDeExecucao]


class Revisao(_Model):
    """Um pedido de revisão e o que se fez dele; ``execucao_id`` é a execução cujo score se pediu que fosse revisto."""

    id: UUID
    execucao_id: UUID
    motivo: MotivoDeRevisao
    situacao: Literal["aberta", "concluida"]
    resultado: Literal["mantido", "corrigido"] | None = Field(description="null enquanto está aberta")
    pedida_em: Instant
    concluida_em: Annotated[datetime | None, Field(description="instante em UTC; null enquanto está aberta")]


class RevisoesDoConsumidor(_Model):
    """Pedidos de revisão de um consumidor, do mais recente ao mais antigo."""

    results: list[Revisao]


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
    data_consulta: Instant
    tipo_empresa: str | None


class UltimaMovimentacao(_Model):
    """Última movimentação financeira."""

    tipo_movimentacao: str | None
    data_movimentacao: Instant
    valor: Amount
    descricao: str | None


class UltimaCompra(_Model):
    """Última compra no cartão."""

    data_compra: Instant
    valor: Amount
    bandeira_cartao: str | None
    produto: str | None
    tipo: str | None
    codigo_transacao: str | None


class UltimosEventos(_Model):
    """Último evento de cada espécie (Sistema C)."""

    ultima_consulta: UltimaConsulta | None
    movimentacao_financeira: UltimaMovimentacao | None
    ultima_compra: UltimaCompra | None


class Acesso(_Model):
    """Um acesso aos dados de um consumidor; ``titular`` diz se foi do próprio."""

    quando: datetime
    consulente: str
    recurso: str
    finalidade: str | None
    resultado: int
    titular: bool


class AcessosDoConsumidor(_Model):
    """Quem acessou os dados de um consumidor, do mais recente ao mais antigo, desde há seis meses."""

    desde: datetime
    next: str | None
    results: list[Acesso]


class Vida(_Model):
    """O processo atende."""

    situacao: Literal["vivo"]


class Prontidao(_Model):
    """O que o processo pode responder, e que bancos respondem; nenhum é perguntado por um processo que se encerra."""

    situacao: Literal["pronto", "degradado", "indisponivel", "encerrando"]
    bancos: dict[str, Literal["ok", "fora", "dispensado"]]


class ErroDeCampo(_Model):
    """Um campo recusado: qual e por quê, nunca o que veio nele."""

    campo: str
    mensagem: str


class Problema(_Model):
    """Erro, como Problem Details (RFC 9457)."""

    type: str = Field(
        pattern="^/problemas/[a-z-]+$",
        description="a espécie do problema, igual em toda instalação; sob o endereço da API leva à sua descrição",
    )
    title: str = Field(description="o que é essa espécie, para pessoas")
    status: int
    detail: str
    instance: str = Field(pattern=r"^urn:uuid:[0-9a-f-]{36}$", description="o mesmo que X-Request-ID")
    erros: list[ErroDeCampo] = Field([], description="só em 422")
