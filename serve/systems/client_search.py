"""The listing's query parameters (seed document: page, nome, cpf and so on), checked."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from serve.api.request_fields import CpfText, Day, Integer
from serve.systems.client_queries import ClientFilter
from serve.systems.page_links import DEFAULT_PAGE_SIZE

MAX_PAGE_SIZE = 100
MAX_PAGE = 1_000_000
_Text = Annotated[str | None, Field(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]


class ClientSearch(BaseModel):
    """Página e filtros da listagem; textos são comparados sem acentos nem maiúsculas."""

    page: Integer = Field(1, ge=1, le=MAX_PAGE)
    page_size: Integer = Field(DEFAULT_PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    nome: _Text = Field(None, description="parte do nome")
    cpf: CpfText | None = Field(None, description="com ou sem pontuação")
    uf: str | None = Field(None, pattern=r"^[A-Za-z]{2}$")
    cidade: _Text = None
    data_nascimento: Day | None = None
    estado_civil: _Text = None
    filtro: str | None = Field(None, description="só nos endereços de next e previous")

    @property
    def conditions(self) -> ClientFilter:
        """Return the filters as Base A is asked."""
        return ClientFilter(
            nome=self.nome,
            cpf=self.cpf,
            uf=None if self.uf is None else self.uf.upper(),
            cidade=self.cidade,
            data_nascimento=self.data_nascimento,
            estado_civil=self.estado_civil,
        )
