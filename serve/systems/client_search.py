"""The listing's query parameters (seed document: page, nome, cpf and so on), checked."""

from __future__ import annotations

from pydantic import BaseModel, Field

from serve.api.body_models import BuscaDeClientes
from serve.api.problem_error import ProblemError
from serve.api.problem_types import BAD_LINK, PAGE_TOO_DEEP
from serve.api.request_fields import CpfText, Day, Integer, NameText, PlainText
from serve.systems.client_filter import ClientFilter
from serve.systems.client_queries import Span
from serve.systems.page_links import DEFAULT_PAGE_SIZE, Cursor

MAX_PAGE_SIZE = 100

DIRECT_ROWS = 10_000
"""Rows down to which a page may be asked for by its number: they are skipped in an index, some 10 ms."""

DIRECT_ROWS_SEARCHED = 500
"""The same where the search has no index in the order of pages: each row that is skipped may cost several read."""


class ClientSearch(BaseModel):
    """Página e filtros da listagem; textos são comparados sem acentos, maiúsculas nem pontuação."""

    page: Integer = Field(
        1,
        ge=1,
        le=DIRECT_ROWS,
        description=f"até a linha {DIRECT_ROWS} da listagem ou de um filtro só; até a {DIRECT_ROWS_SEARCHED} com nome, "
        "estado_civil ou filtros combinados; para ir além, siga next",
    )
    page_size: Integer = Field(DEFAULT_PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    nome: NameText = Field(None, description="começos de palavras do nome, em qualquer ordem", examples=["joao silv"])
    cpf: CpfText | None = Field(None, description="com ou sem pontuação")
    uf: str | None = Field(None, pattern=r"^[A-Za-z]{2}$")
    cidade: PlainText = None
    data_nascimento: Day | None = None
    estado_civil: PlainText = None
    cursor: str | None = Field(None, description="só como veio em next e previous, sem outros filtros", max_length=8192)

    @property
    def conditions(self) -> ClientFilter:
        """Return the filters as Base A is asked."""
        return conditions_of(self)

    def span(self) -> Span:
        """Return the rows of a page that is asked for by its number; a 404 if it lies too deep."""
        deepest = DIRECT_ROWS_SEARCHED if self.conditions.is_searched else DIRECT_ROWS
        if self.page > 1 and self.page * self.page_size > deepest:
            raise ProblemError(
                PAGE_TOO_DEEP, f"page: desta busca só se pede até a linha {deepest}; para ir além, siga next"
            )
        return Span(self.page_size + 1, offset=(self.page - 1) * self.page_size)

    def check_beside(self, cursor: Cursor) -> None:
        """Raise a 400 if anything stands beside the cursor that is not of its link."""
        own = {"cursor": self.cursor, "page": cursor.page, "page_size": cursor.page_size}
        if any(name not in own or getattr(self, name) != own[name] for name in self.model_fields_set):
            raise ProblemError(BAD_LINK, "cursor: só se combina com page e page_size do mesmo endereço")


def conditions_of(asked: ClientSearch | BuscaDeClientes) -> ClientFilter:
    """Return the filters of a search, in a URL or in a body, as Base A is asked."""
    return ClientFilter(
        nome=asked.nome,
        cpf=asked.cpf,
        uf=None if asked.uf is None else asked.uf.upper(),
        cidade=asked.cidade,
        data_nascimento=asked.data_nascimento,
        estado_civil=asked.estado_civil,
    )
