"""Every kind of problem that the API answers, declared once: the ``type`` of its Problem Details (RFC 9457), its words.

A ``type`` is the same text in every installation, ``/problemas/NAME``: below the API's own address it leads to a page
that says what is said here (serve/api/problem_pages.py). Callers decide by it, and by the status where they do not know
it; ``detail`` is for people and may change.
"""

from __future__ import annotations

from collections.abc import Mapping

from serve.api.problem_error import ProblemType

INVALID_BODY_DETAIL = "o corpo da requisição é inválido"

_FIX = "Corrija a requisição; repeti-la como está dá o mesmo."
_RETRY = "Espere os segundos de `Retry-After` e repita; a cada nova recusa, espere mais."
_WAIT = ("Retry-After",)
_LIMIT = ("Retry-After", "RateLimit", "RateLimit-Policy")
_CHALLENGE = ("WWW-Authenticate",)

MALFORMED_REQUEST = ProblemType(
    "requisicao-malformada",
    400,
    "Requisição malformada",
    "A requisição não é HTTP bem formado, ou o endereço não é texto em UTF-8.",
    f"{_FIX} Em geral é um endereço montado à mão: codifique-o (percent-encoding) com a biblioteca de HTTP.",
    "a requisição não é HTTP bem formado",
)
UNKNOWN_PARAMETER = ProblemType(
    "parametro-desconhecido",
    400,
    "Parâmetro desconhecido ou repetido",
    "Há na URL um parâmetro que este endereço não tem, ou um duas vezes. Nenhum é ignorado: um filtro com o nome "
    "errado traria todo mundo.",
    f"{_FIX} `detail` diz quais são os conhecidos.",
    "há parâmetro desconhecido; este endereço não aceita nenhum",
)
NO_PURPOSE = ProblemType(
    "finalidade-ausente",
    400,
    "Falta a finalidade da consulta",
    "Nem o token nem `X-Finalidade` diz para que os dados são lidos (LGPD), ou o cabeçalho vem duas vezes, tem "
    "algarismos ou diz `titular`, que só o token de um titular diz.",
    "Mande `X-Finalidade` uma vez, em palavras: `X-Finalidade: concessao de credito`. Ou peça ao emissor que a ponha "
    "no token.",
    "falta a finalidade, no token ou em X-Finalidade, em palavras sem algarismos",
)
BAD_LINK = ProblemType(
    "continuacao-recusada",
    400,
    "Continuação recusada",
    "`cursor` ou `antes` não é o que veio em `next` ou `previous`, ou vem com outros filtros.",
    "Siga `next` e `previous` como vieram, sem montar, cortar nem combinar.",
    "cursor: malformado; só se aceita o que veio em next ou previous",
)
EXPIRED_LINK = ProblemType(
    "continuacao-vencida",
    400,
    "Continuação vencida",
    "O endereço de uma página vale por uma hora, e essa passou.",
    "Refaça a busca desde a primeira página.",
    "cursor: o endereço da página venceu; refaça a busca",
)
NO_TOKEN = ProblemType(
    "token-ausente",
    401,
    "Falta o token",
    "Não há `Authorization: Bearer ...`, ou há mais de um.",
    "Peça um token ao emissor (OAuth 2.0, client credentials) e mande-o em cada requisição, uma vez.",
    "falta o token: Authorization: Bearer ...",
    _CHALLENGE,
)
BAD_TOKEN = ProblemType(
    "token-recusado",
    401,
    "Token inválido ou vencido",
    "A assinatura, o emissor, a audiência, a validade ou uma afirmação do token não vale; qual, não se diz.",
    "Peça um token novo e repita uma vez. Se o novo também é recusado, confira emissor, audiência e relógio com quem "
    "opera a instalação: repetir não adianta.",
    "token inválido ou vencido",
    _CHALLENGE,
)
NO_SCOPE = ProblemType(
    "escopo-insuficiente",
    403,
    "O token não tem o escopo do endereço",
    "O token vale, mas não traz o escopo que `WWW-Authenticate` nomeia.",
    "Peça ao emissor um token com esse escopo, se o consulente o tem; senão, a quem opera a instalação.",
    "o token não tem o escopo score:ler",
    _CHALLENGE,
)
OTHER_PERSON = ProblemType(
    "outro-titular",
    403,
    "O token é de um titular, e o pedido não é sobre ele",
    "O token de um titular só lê os dados do próprio, e nunca lista; a resposta é a mesma, exista ou não a outra "
    "pessoa.",
    "Use o `cliente_id` do próprio titular, ou o token de um consulente.",
    "o token do titular só lê os dados do próprio titular",
)
NO_SUCH_ADDRESS = ProblemType(
    "endereco-desconhecido",
    404,
    "Não há nada neste endereço",
    "O caminho não é o de nenhuma operação. Um id vazio no meio do caminho também dá nisto.",
    f"{_FIX} Confira o caminho em `/openapi.json`.",
    "não há nada neste endereço",
)
NO_SUCH_CONSUMER = ProblemType(
    "consumidor-desconhecido",
    404,
    "Consumidor desconhecido",
    "Não há consumidor com este `cliente_id`. O acesso fica registrado mesmo assim.",
    "Trate como resposta, não como falha: procure a pessoa pelo CPF em `POST /cadastros/consultar`.",
    "consumidor desconhecido",
)
NO_SCORE = ProblemType(
    "sem-score",
    404,
    "Não há score deste consumidor",
    "A execução em vigor não tem este `cliente_id`: ele não existe, entrou depois dela, ou seu registro foi rejeitado. "
    "Quem existe mas de quem pouco se sabe não está aqui: vem com 200 e `status` igual a `DADOS_INSUFICIENTES`.",
    "Trate como resposta: não há score até a próxima execução.",
    "não há score deste consumidor na execução em vigor",
)
NO_SUCH_PAGE = ProblemType(
    "pagina-inexistente",
    404,
    "A página está além da última",
    "`page` passa do que a busca achou.",
    "Pare: não há mais nada. Seguindo `next` até `null` isto não acontece.",
    "a página pedida está além da última",
)
PAGE_TOO_DEEP = ProblemType(
    "pagina-funda-demais",
    404,
    "A página é funda demais para ser pedida por número",
    "Uma página pedida só por `page` conta as linhas desde a primeira, e só até certa altura.",
    "Siga `next` desde uma página mais rasa: cada página custa o mesmo em qualquer altura.",
    "page: desta busca só se pede até a linha 10000; para ir além, siga next",
)
NO_MODEL = ProblemType(
    "sem-modelo",
    404,
    "Nenhuma execução foi publicada ainda",
    "A instalação é nova: não há modelo em vigor.",
    "Espere a primeira execução (`escore run`).",
    "nenhuma execução foi publicada ainda",
)
METHOD_NOT_ALLOWED = ProblemType(
    "metodo-nao-aceito",
    405,
    "O endereço não aceita este método",
    "O caminho existe, mas para outro método, que `Allow` nomeia.",
    _FIX,
    "este endereço não aceita este método",
    ("Allow",),
)
SLOW_REQUEST = ProblemType(
    "requisicao-lenta",
    408,
    "A requisição não chegou a tempo",
    "O cabeçalho ou o corpo não chegou inteiro em 10 segundos. A conexão é encerrada.",
    "Repita numa conexão nova; confira a rede e os intermediários.",
    "o cabeçalho da requisição não chegou a tempo",
)
BODY_TOO_LARGE = ProblemType(
    "corpo-grande-demais",
    413,
    "O corpo é grande demais",
    "O corpo passa de 65.536 bytes.",
    "Divida o pedido: até 1.000 CPFs por `POST /scores/consultar`.",
    "o corpo passa de 65536 bytes",
)
TARGET_TOO_LONG = ProblemType(
    "endereco-longo-demais",
    414,
    "O endereço é longo demais",
    "A URL passa de 8.192 bytes.",
    "Mande os filtros no corpo, em `POST /cadastros/consultar`.",
    "o endereço é longo demais",
)
INVALID_FIELDS = ProblemType(
    "campos-invalidos",
    422,
    "Há campos inválidos",
    "Um parâmetro ou um campo do corpo não é o que `/openapi.json` diz; `erros` diz qual e por quê, nunca o que veio "
    "nele.",
    _FIX,
    "há parâmetros inválidos",
)
TOO_MANY_REQUESTS = ProblemType(
    "requisicoes-demais",
    429,
    "Requisições demais",
    "O consulente passou do limite de requisições por segundo. A recusada não conta.",
    f"{_RETRY} Para muitos scores, use `POST /scores/consultar`: 1.000 pessoas contam como uma requisição.",
    "requisições demais; espere antes da próxima",
    _LIMIT,
)
DAILY_QUOTA = ProblemType(
    "cota-diaria",
    429,
    "A cota diária de pessoas não basta",
    "A requisição passaria da cota de pessoas consultadas no dia (de São Paulo). A recusada não conta.",
    "Não insista: `Retry-After` leva até a meia-noite. Peça menos pessoas, ou cota maior a quem opera a instalação.",
    "a cota diária de pessoas consultadas não basta para esta requisição",
    _LIMIT,
)
HEAD_TOO_LARGE = ProblemType(
    "cabecalho-grande-demais",
    431,
    "O cabeçalho da requisição é grande demais",
    "O cabeçalho passa de 16.384 bytes ou de 64 campos.",
    "Mande menos campos; confira o que os intermediários acrescentam, e o tamanho do token.",
    "o cabeçalho da requisição é grande demais",
)
INTERNAL = ProblemType(
    "erro-interno",
    500,
    "Erro interno",
    "Uma falha do serviço, que fica registrada com o identificador da requisição.",
    "Informe `instance` a quem opera a instalação. Repita no máximo uma vez.",
    "erro interno; informe o identificador desta requisição",
)
UNAVAILABLE = ProblemType(
    "dependencia-fora",
    503,
    "Um banco de dados não respondeu",
    "Um banco de dados de que a resposta depende, ou o registro da auditoria, não respondeu: sem registro nada se "
    "responde.",
    _RETRY,
    "um dos bancos de dados ou o registro da auditoria não respondeu; tente de novo",
    _WAIT,
)
OVERDUE = ProblemType(
    "resposta-atrasada",
    503,
    "A resposta não ficou pronta a tempo",
    "A requisição passou do prazo do serviço.",
    _RETRY,
    "a resposta não ficou pronta a tempo; tente de novo",
    _WAIT,
)
NO_KEYS = ProblemType(
    "chaves-fora",
    503,
    "As chaves que verificam os tokens não estão disponíveis",
    "O processo acaba de começar e ainda não teve do emissor as chaves públicas: não se sabe se o token vale.",
    f"{_RETRY} O token não precisa ser trocado.",
    "as chaves que verificam os tokens não estão disponíveis; tente de novo",
    _WAIT,
)
TOO_MANY_CONNECTIONS = ProblemType(
    "conexoes-demais",
    503,
    "Há conexões demais",
    "O processo está com todas as conexões ocupadas.",
    f"{_RETRY} Reaproveite conexões (keep-alive) em vez de abrir uma por requisição.",
    "há conexões demais; tente de novo",
    _WAIT,
)

PROBLEM_TYPES: Mapping[str, ProblemType] = {
    kind.name: kind for kind in tuple(globals().values()) if isinstance(kind, ProblemType)
}
"""All of them, by name, in the order of their statuses."""


def types_of(status: int) -> list[ProblemType]:
    """Return the kinds of problem with a status."""
    return [kind for kind in PROBLEM_TYPES.values() if kind.status == status]
