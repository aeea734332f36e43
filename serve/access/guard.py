"""What stands before every endpoint with personal data: token, scope, person, purpose and rate, in this order.

Refused are, each before any store is asked: 401 without a good token, 403 without the scope, 403 a titular's token
for anybody else, 400 without a purpose, 429 too often or about too many. What was read is recorded before its answer
leaves.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import Scope

from serve.access.callers import Caller, is_purpose
from serve.access.rate_limit import NOTHING_TO_ASK, RateLimiter, Ticket
from serve.access.refusals import forbidden, no_token, not_the_titular, several_tokens
from serve.access.titular import TITULAR
from serve.access.tokens import TokenVerifier
from serve.api.problem_error import ProblemError
from serve.api.problem_types import NO_PURPOSE
from serve.api.request_record import route_template
from serve.auditing.entry import AuditEntry, AuditSink

_BEARER = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="JWT (OAuth2, client credentials), RS256 ou ES256"
)
_PURPOSE_TEXT = "finalidade da consulta (LGPD), se o token não a fixa: palavras sem algarismos"
_PurposeHeader = Annotated[str | None, Header(alias="X-Finalidade", description=_PURPOSE_TEXT)]


class Reader:
    """A caller that may read what it asked for, and the record of what it did read.

    ``begin`` asks the limiter, whose ``Ticket`` is settled before the answer; ``record`` does whatever of this was
    left out, so that nothing is answered uncounted.
    """

    __slots__ = (
        "_audit",
        "_is_checked",
        "_limiter",
        "_meter",
        "_persons",
        "_ticket",
        "consulente",
        "finalidade",
        "recurso",
        "requisicao_id",
        "titular",
    )

    def __init__(self, caller: Caller, finalidade: str, scope: Scope, *, audit: AuditSink, limiter: RateLimiter | None):
        self.consulente = caller.subject
        self.titular = caller.titular
        self.finalidade = finalidade
        self.recurso = route_template(scope)
        self.requisicao_id = str(scope.get("state", {}).get("request_id", ""))
        self._audit = audit
        self._limiter = limiter
        self._is_checked = caller.titular is None
        self._meter = caller.subject if caller.titular is None else f"{TITULAR}\0{caller.titular.cliente_id}"
        self._ticket: Ticket | None = None
        self._persons = 0

    def check_client(self, client_id: str) -> None:
        """Raise the 403 of a titular's token if the consumer of this id is somebody else."""
        self._check(self.titular is None or self.titular.is_client(client_id))

    def check_cpf(self, cpf: str) -> None:
        """Raise the 403 of a titular's token if this CPF, however punctuated, is not known to be the titular's."""
        self._check(self.titular is None or self.titular.is_cpf(cpf))

    def check_path(self, path: Mapping[str, Any]) -> None:
        """Do one or the other by the path's parameters, if they name a person."""
        if "cliente_id" in path:
            self.check_client(path["cliente_id"])
        elif "cpf" in path:
            self.check_cpf(path["cpf"])

    def check_person(self) -> None:
        """Raise the 403 of a titular's token if the request was not found to be about the titular."""
        self._check(self._is_checked)

    def begin(self, *, persons: int = 1) -> Ticket:
        """Send the question whether this request, about so many persons in all, may go on."""
        if self._limiter is None:
            return NOTHING_TO_ASK
        requests = 1 if self._ticket is None else 0
        more, self._persons = max(0, persons - self._persons), max(persons, self._persons)
        ticket = self._limiter.begin(self._meter, persons=more, requests=requests)
        self._ticket = ticket
        return ticket

    async def record(self, subjects: Sequence[str], *, status: int = 200) -> None:
        """Keep on record that the persons' data were read, before the answer with this status leaves."""
        self.check_person()
        if self._ticket is not None:
            await self._ticket.settle()
        if self._ticket is None or len(subjects) > self._persons:
            await self.begin(persons=max(1, len(subjects))).settle()
        entry = AuditEntry(
            self.consulente,
            subjects,
            self.recurso,
            self.finalidade,
            status,
            self.requisicao_id,
            self.titular is not None,
        )
        await self._audit.record(entry)

    def _check(self, is_allowed: bool) -> None:
        if not is_allowed:
            raise not_the_titular()
        self._is_checked = True


class Guard:
    """Lets only callers with a scope and a purpose through, no oftener than they may; without a limiter, as often."""

    def __init__(self, verifier: TokenVerifier, audit: AuditSink, limiter: RateLimiter | None = None) -> None:
        self._verifier = verifier
        self._audit = audit
        self._limiter = limiter

    def reader(self, scope: str) -> Callable[..., Awaitable[Reader]]:
        """Return the dependency of an endpoint that asks for a scope; one person is counted, ``record`` counts others.

        A titular's token passes where the path names the titular, by ``cliente_id`` or ``cpf``, and nowhere else.
        """

        async def admitted(
            request: Request,
            _credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER, scopes=[scope])],
            _purpose: _PurposeHeader = None,
        ) -> Reader:
            reader = await self.admit(request.scope, scope)
            reader.check_person()
            await reader.begin().settle()
            return reader

        return admitted

    async def admit(self, scope: Scope, required: str) -> Reader:
        """Return the reader of an ASGI request, by the same rules, for whom the rate is still to be asked.

        A titular's token is checked against the path's ``cliente_id`` or ``cpf``; what a body names is for the
        caller to check, and without any check ``record`` refuses.
        """
        token, purposes = _read_headers(scope["headers"])
        caller = self._verifier.recall(token) or await self._verifier.verify(token)
        if required not in caller.scopes:
            raise forbidden(required)
        finalidade = caller.finalidade or _read_purpose(purposes)
        reader = Reader(caller, finalidade, scope, audit=self._audit, limiter=self._limiter)
        if caller.titular is not None:
            reader.check_path(scope.get("path_params", {}))
        return reader


def _read_headers(headers: Sequence[tuple[bytes, bytes]]) -> tuple[str, list[bytes]]:
    """Return the one bearer token, and the purposes that are given; a 401 if there is not exactly one token."""
    given, purposes = [], []
    for name, value in headers:
        if name == b"authorization":
            given.append(value)
        elif name == b"x-finalidade":
            purposes.append(value)
    if len(given) > 1:
        raise several_tokens()
    scheme, _, token = given[0].partition(b" ") if given else (b"", b"", b"")
    token = token.strip(b" ")
    if scheme.lower() != b"bearer" or not token:
        raise no_token()
    return token.decode("latin-1"), purposes


def _read_purpose(given: Sequence[bytes]) -> str:
    """Return the purpose of the header, as UTF-8 or Latin-1; a 400 if there is not exactly one, in words."""
    if len(given) != 1:
        raise ProblemError(NO_PURPOSE, "há mais de uma finalidade em X-Finalidade" if given else None)
    try:
        text = given[0].decode("utf-8")
    except UnicodeDecodeError:
        text = given[0].decode("latin-1")
    if not is_purpose(text):
        raise ProblemError(NO_PURPOSE)
    if text.casefold() == TITULAR:
        raise ProblemError(NO_PURPOSE, "a finalidade titular é a de um token do titular")
    return text
