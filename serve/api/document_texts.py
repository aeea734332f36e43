"""What the API's document says in words: of the whole, of its tags, of each operation's success, of each error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serve.api import problem_types as kinds
from serve.api.problem_error import ProblemType

DESCRIPTION = """
Dados e score de crédito de consumidores, em três sistemas sobre três bases.

**Acesso.** Todo dado pessoal pede um token (JWT, OAuth2 client credentials) com o escopo do endereço e uma finalidade,
no token ou em `X-Finalidade`. O token de um titular só lê os dados do próprio titular. Cada leitura fica registrada, e
o titular pode saber quem leu. Os acessos de cada consulente têm limite: além dele, 429 com `Retry-After`.

**Erros** são Problem Details (RFC 9457) e nunca repetem o que foi enviado; `type` diz a espécie do problema, e leva ao
que fazer (`/problemas`); `instance` identifica a requisição, como `X-Request-ID`. Parâmetro desconhecido ou repetido é
erro. Com 429 e 503, `Retry-After` diz quando tentar de novo.

**Formatos.** JSON em UTF-8; valores em reais com duas casas; datas em ISO 8601; instantes em UTC.

**CPF.** Confere-se a forma, onze dígitos com ou sem pontuação, e não os dígitos verificadores: o cadastro pode guardar
um CPF errado. O que não é de ninguém não é erro, é não encontrado: `encontrado` é falso, a lista é vazia, os eventos
são nulos.
""".strip()

TAGS = {
    "Sistema A": "Consumidores, endereços e dívidas em aberto (Base A).",
    "Sistema B": "O score, e a renda e os bens de que ele parte (Base B).",
    "Sistema C": "Os últimos eventos de um CPF (Base C).",
    "Titular": "O que a lei garante ao consumidor sobre seus dados.",
    "Transparência": "O modelo em vigor, aberto a todos.",
    "Operação": "Saúde e medidas do serviço.",
}


@dataclass(frozen=True, slots=True)
class OperationText:
    """An operation's title, what its success holds, and the header fields that tell more than usual with it."""

    summary: str
    success: str
    headers: tuple[str, ...] = ()
    media_type: str = "application/json"
    model: str | None = None
    """Schema of every answer of the operation, where it answers the same body with several statuses."""


OPERATIONS = {
    "listar_clientes": OperationText("Listar consumidores", "Uma página de consumidores", ("X-Contagem",)),
    "buscar_clientes": OperationText(
        "Buscar consumidores sem nome nem CPF na URL", "A primeira página do que se achou", ("X-Contagem",)
    ),
    "ler_cliente": OperationText("Ler um consumidor", "O consumidor"),
    "ler_dados_de_score": OperationText("Ler renda, bens e endereço", "Os dados de que o score parte"),
    "invalidar_dados_de_score": OperationText(
        "Avisar mudança de renda, bens ou endereço", "A próxima leitura busca os dados na Base B"
    ),
    "ler_score": OperationText("Ler o score de um consumidor", "O score na execução em vigor", ("ETag",)),
    "ler_historico": OperationText("Ler os scores de um consumidor ao longo das execuções", "Os scores que se guardam"),
    "pedir_revisao": OperationText("Pedir a revisão de um score", "O pedido; com 200, o que já estava aberto"),
    "listar_revisoes": OperationText("Listar os pedidos de revisão de um consumidor", "Os pedidos"),
    "consultar_scores": OperationText("Ler os scores de até 1.000 CPFs", "Um resultado para cada CPF, na ordem pedida"),
    "consultar_eventos": OperationText("Ler o último evento de cada espécie", "Os eventos; `null` onde não há"),
    "ler_eventos": OperationText(
        "Ler o último evento de cada espécie, sem CPF na URL", "Os eventos; `null` onde não há"
    ),
    "listar_acessos": OperationText("Listar quem leu os dados de um consumidor", "Uma página de acessos"),
    "descrever_modelo": OperationText("Ler a descrição do modelo em vigor", "O modelo"),
    "saude_vivo": OperationText("Saber se o processo atende", "Atende", model="Vida"),
    "saude_pronto": OperationText(
        "Saber que bancos respondem", "Pronto, ou degradado: responde ao que pode", model="Prontidao"
    ),
    "metricas": OperationText("Ler as medidas", "No formato do Prometheus", media_type="text/plain"),
}


@dataclass(frozen=True, slots=True)
class ErrorText:
    """A status's name in the document, what it means, the problem that is its example, and its header fields."""

    name: str
    meaning: str
    example: ProblemType
    headers: tuple[str, ...] = ()


ERRORS = {
    400: ErrorText(
        "RequisicaoRecusada",
        "Há parâmetro desconhecido ou repetido, ou falta a finalidade",
        kinds.UNKNOWN_PARAMETER,
    ),
    401: ErrorText("NaoIdentificado", "Falta o token, ou ele não vale", kinds.BAD_TOKEN, ("WWW-Authenticate",)),
    403: ErrorText(
        "NaoAutorizado",
        "O token não tem o escopo do endereço, ou é de um titular e o pedido, de outra pessoa",
        kinds.NO_SCOPE,
        ("WWW-Authenticate",),
    ),
    404: ErrorText("NaoEncontrado", "Não há o que se pediu", kinds.NO_SCORE),
    413: ErrorText("CorpoGrandeDemais", "O corpo é grande demais", kinds.BODY_TOO_LARGE),
    414: ErrorText("EnderecoLongoDemais", "O endereço é longo demais", kinds.TARGET_TOO_LONG),
    422: ErrorText("CamposInvalidos", "Há campos ou parâmetros inválidos", kinds.INVALID_FIELDS),
    429: ErrorText(
        "AcessosDemais",
        "O consulente passou do limite de acessos ou da cota do dia",
        kinds.TOO_MANY_REQUESTS,
        ("Retry-After", "RateLimit", "RateLimit-Policy"),
    ),
    431: ErrorText("CabecalhoGrandeDemais", "O cabeçalho é grande demais", kinds.HEAD_TOO_LARGE),
    503: ErrorText(
        "Indisponivel",
        "Um banco não respondeu a tempo, ou o serviço está cheio",
        kinds.UNAVAILABLE,
        ("Retry-After",),
    ),
}

EXAMPLE_ERRORS = [{"campo": "query.page", "mensagem": "o menor valor aceito é 1"}]

HEADERS: dict[str, dict[str, Any]] = {
    "X-Contagem": {
        "description": "se `count` foi contado ou é a estimativa do banco de dados: é exato até 10.000 consumidores, "
        "a menos que contá-los custe caro (nomes de várias palavras muito comuns)",
        "schema": {"type": "string", "enum": ["exata", "estimada"]},
        "example": "exata",
    },
    "X-Request-ID": {
        "description": "identificador da requisição, nos registros e na auditoria",
        "schema": {"type": "string", "format": "uuid"},
        "example": "019ab2f4-6c1d-7a53-9e2b-5f0c6d7e8f90",
    },
    "ETag": {
        "description": "muda quando a resposta muda; para If-None-Match",
        "schema": {"type": "string"},
        "example": '"0f343b0931126a20f133d67c"',
    },
    "Retry-After": {
        "description": "segundos até que valha a pena tentar de novo",
        "schema": {"type": "integer", "minimum": 1},
        "example": 5,
    },
    "WWW-Authenticate": {
        "description": "o que falta ao token (RFC 6750)",
        "schema": {"type": "string"},
        "example": 'Bearer realm="escore", error="invalid_token"',
    },
    "RateLimit": {
        "description": "o que resta, e em quantos segundos volta (draft-ietf-httpapi-ratelimit-headers)",
        "schema": {"type": "string"},
        "example": '"requisicoes";r=0;t=1',
    },
    "RateLimit-Policy": {
        "description": "o limite (draft-ietf-httpapi-ratelimit-headers)",
        "schema": {"type": "string"},
        "example": '"requisicoes";q=200;w=2',
    },
}
