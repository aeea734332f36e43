"""What requests bring in their bodies, for their checks and the OpenAPI document."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from serve.api.request_fields import CpfText, Day, NameText, PlainText

MotivoDeRevisao: TypeAlias = Literal[
    "divida_paga",
    "divida_desconhecida",
    "renda_desatualizada",
    "bens_desatualizados",
    "eventos_desconhecidos",
    "cadastro_desatualizado",
    "discordancia",
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BuscaDeClientes(_Body):
    """Filtros da listagem, no corpo: nomes e CPFs ficam fora da URL."""

    model_config = ConfigDict(strict=True)

    nome: NameText = Field(None, description="começos de palavras do nome, em qualquer ordem")
    cpf: CpfText | None = Field(None, description="com ou sem pontuação")
    uf: str | None = Field(None, pattern=r"^[A-Za-z]{2}$")
    cidade: PlainText = None
    data_nascimento: Day | None = None
    estado_civil: PlainText = None


class PedidoDeRevisao(_Body):
    """Por que se pede a revisão: um motivo da lista, sem texto livre, que poderia trazer dados de outras pessoas."""

    motivo: MotivoDeRevisao


class ConsultaDeScores(_Body):
    """CPFs cujos scores se pedem, com ou sem pontuação; o que não é de ninguém volta como não encontrado."""

    cpfs: list[CpfText] = Field(min_length=1, max_length=1000)
